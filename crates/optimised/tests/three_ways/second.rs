//! What the second version of the decider looks at besides: meters and approvals, as plain data,
//! judged by plain code.

use std::collections::{BTreeMap, BTreeSet};

use policy::{DecisionState, OfficerVote, RetryEvidence};

use super::model::{ACTIONS, Ask, Policy};
use super::naive::{Answer, Check};
use super::random::Random;

/// The time of every decision.
pub(crate) const NOW: i64 = 1_000;
const ROLES: [&str; 2] = ["board", "finance"];

/// The meters of a set with their limits, and what is charged to them.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    limits: BTreeMap<&'static str, u64>,
    charges: Vec<Charge>,
}

#[derive(Debug)]
struct Charge {
    meter: &'static str,
    /// An action or a group of them.
    of: &'static str,
    /// So many units, or that many times the argument `n`.
    amount: Result<u64, u32>,
}

/// What a policy asks for: officers, role, seconds.
pub(crate) type Asks = (u64, &'static str, i64);

/// Meters for some sets, and approvals that some of the policies of some sets ask for.
pub(crate) fn generate(policies: &mut [Policy], random: &mut Random) -> Meters {
    if random.chance(15) {
        for policy in policies.iter_mut().filter(|policy| policy.permits) {
            let asks =
                (1 + unsigned(random.below(2)), random.pick(&ROLES), 1 + signed(random.below(2)));
            policy.approval = random.chance(8).then_some(asks);
        }
    }
    let mut meters = Meters::default();
    if random.chance(30) {
        let names = ["calls", "cents", "zeal"];
        for name in names.into_iter().take(1 + random.below(3)) {
            meters.limits.insert(name, unsigned(random.below(300)));
        }
        for _ in 0..1 + random.below(4) {
            let meter = random.pick(&meters.limits.keys().copied().collect::<Vec<_>>());
            let of = random.pick(&["read", "list", "write", "move", "ping", "Reads", "All"]);
            let amount = if random.chance(50) {
                Ok(unsigned(random.below(90)))
            } else {
                Err(random.pick(&[0, 1, 2]))
            };
            meters.charges.push(Charge { meter, of, amount });
        }
    }
    meters
}

impl Meters {
    /// The file; none where there is nothing in it.
    pub(crate) fn text(&self) -> Option<String> {
        let mut text = String::new();
        for (name, limit) in &self.limits {
            text +=
                &format!("[meters.{name}]\nunit = \"units\"\nlimit = {limit}\nper = \"node\"\n");
        }
        for Charge { meter, of, amount } in &self.charges {
            let amount = match amount {
                Ok(fixed) => format!("{fixed}"),
                Err(decimals) => format!("\"input.n\"\ndecimals = {decimals}"),
            };
            text += &format!(
                "[[charges]]\nmeter = \"{meter}\"\naction = \"{of}\"\namount = {amount}\n"
            );
        }
        (!text.is_empty()).then_some(text)
    }

    /// What is used already, and what a retry stands on.
    pub(crate) fn state(&self, random: &mut Random, state: DecisionState) -> DecisionState {
        let mut spent = BTreeMap::new();
        for (name, limit) in &self.limits {
            // An account is missing now and then.
            if !random.chance(3) {
                spent.insert(
                    (*name).to_owned(),
                    unsigned(random.below(usize::try_from(*limit).unwrap() + 30)),
                );
            }
        }
        let retry = random.chance(40).then(|| retry(random));
        DecisionState { spent, retry, ..state }
    }

    pub(crate) fn check(&self, state: &DecisionState, ask: &Ask, answer: &Answer) -> Check {
        let name = "meter.exhausted";
        if !matches!(answer, Answer::Asked { .. }) {
            let why = "the request is malformed, or its action unknown".to_owned();
            return (name, "not_evaluated", Some(why));
        }
        let groups = ACTIONS.iter().find(|(action, _)| *action == ask.action).unwrap().1;
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for charge in &self.charges {
            if charge.of == ask.action || groups.contains(&charge.of) {
                let n = u64::try_from(ask.n).unwrap();
                let amount = charge.amount.unwrap_or_else(|decimals| n * 10_u64.pow(decimals));
                *sums.entry(charge.meter).or_default() += amount;
            }
        }
        for (meter, sum) in sums {
            let why = match state.spent.get(meter) {
                None => format!("no account of `{meter}` is kept"),
                Some(used) if used + sum > self.limits[meter] => {
                    format!("`{meter}` would go over its limit")
                }
                Some(_) => continue,
            };
            return (name, "fail", Some(why));
        }
        (name, "pass", None)
    }
}

fn signed(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

fn unsigned(n: usize) -> u64 {
    u64::try_from(n).unwrap()
}

fn retry(random: &mut Random) -> RetryEvidence {
    let pending_at = NOW - signed(random.below(2_400));
    let votes = (0..random.below(5)).map(|_| {
        let roles: BTreeSet<String> =
            ROLES.into_iter().filter(|_| random.chance(60)).map(str::to_owned).collect();
        let at = pending_at + signed(random.below(2_400));
        let expires_ms = NOW + 300 - signed(random.below(400));
        OfficerVote { roles, at, expires_ms, approves: !random.chance(4) }
    });
    let votes = votes.collect();
    let objection = random.chance(10).then_some("it stands on nothing");
    RetryEvidence { pending_at, objection, votes }
}

/// What the satisfied permits ask for, each once, by role, number and time; nothing where they do
/// not permit.
pub(crate) fn asked(policies: &[Policy], answer: &Answer) -> Vec<Asks> {
    let Answer::Asked { permits, forbids, errors } = answer else { return Vec::new() };
    if !forbids.is_empty() || !errors.is_empty() {
        return Vec::new();
    }
    let of = |id: &String| policies.iter().find(|policy| policy.id == *id).unwrap().approval;
    let mut asked: Vec<Asks> = permits.iter().filter_map(of).collect();
    asked.sort_by_key(|(count, role, seconds)| (*role, *count, *seconds));
    asked.dedup();
    asked
}

pub(crate) fn check(asked: &[Asks], state: &DecisionState, answer: &Answer) -> Check {
    let name = "approval.required";
    match answer {
        Answer::Asked { errors, .. } if errors.is_empty() => {}
        _ => {
            let why = "what the policies ask for is not known".to_owned();
            return (name, "not_evaluated", Some(why));
        }
    }
    if asked.is_empty() {
        return (name, "pass", None);
    }
    let Some(retry) = &state.retry else {
        let each: Vec<String> =
            asked.iter().map(|(count, role, _)| format!("{count} of `{role}`")).collect();
        return (name, "fail", Some(format!("waits for {}", each.join(", "))));
    };
    if let Some(why) = retry.objection {
        return (name, "fail", Some(why.to_owned()));
    }
    for (count, role, seconds) in asked {
        let last = retry.pending_at + seconds * 1_000;
        if last < NOW {
            let why = format!("the time in which `{role}` could approve has passed");
            return (name, "fail", Some(why));
        }
        let of_role: Vec<&OfficerVote> =
            retry.votes.iter().filter(|given| given.roles.contains(*role)).collect();
        if of_role.iter().any(|given| !given.approves) {
            return (name, "fail", Some(format!("an officer of `{role}` refused it")));
        }
        let in_time = |given: &&&OfficerVote| !(given.at > last || given.expires_ms < NOW);
        let have = of_role.iter().filter(in_time).count();
        if unsigned(have) < *count {
            return (name, "fail", Some(format!("{have} of {count} of `{role}` have approved")));
        }
    }
    (name, "pass", None)
}
