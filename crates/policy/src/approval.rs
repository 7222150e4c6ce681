//! Approvals: what the satisfied permit policies ask people for, and whether they gave it.
//!
//! A request that nobody approved yet is *pending*: all checks but this one passed. The retry that names the pending
//! record is decided again in full, with what was given since as part of the standing ([`Retry`]).

use std::collections::BTreeSet;

use proof::json::{Value, object};

use crate::bundle::Bundle;
use crate::decision::{Check, Decision, Verdict};
use crate::engine::Answer;

/// The name of the check.
pub(crate) const CHECK: &str = "approval.required";

/// What one `@approval` asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approval {
    /// The governance role whose officers approve.
    pub role: String,
    /// How many different ones of them.
    pub count: u64,
    /// Within how many milliseconds of the pending record: the approvals, and the retry too.
    pub within_ms: i64,
}

impl Approval {
    /// The canonical object: `count`, `role`, `within_ms`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        object([
            ("count", Value::Integer(i64::try_from(self.count).unwrap_or(i64::MAX))),
            ("role", Value::from(self.role.as_str())),
            ("within_ms", Value::Integer(self.within_ms)),
        ])
    }

    /// Reads what [`Approval::to_value`] wrote; none where it is anything else.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Approval> {
        let members = value.as_object().filter(|members| members.len() == 3)?;
        Some(Approval {
            role: members.get("role")?.as_str()?.to_owned(),
            count: members.get("count")?.as_i64()?.try_into().ok()?,
            within_ms: members.get("within_ms")?.as_i64()?,
        })
    }
}

/// What a retry stands on: the pending record that it names, and what became of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// The time of the pending record.
    pub asked_at: i64,
    /// Why the record does not stand for this request: there is no such one of the execution, it was used, or it asked
    /// for something else.
    pub objection: Option<&'static str>,
    /// What was given, one for each officer.
    pub given: Vec<Given>,
}

impl Retry {
    /// Whether all of this was given by now.
    #[must_use]
    pub fn satisfies(&self, asked: &[Approval], now: i64) -> bool {
        self.objection.is_none() && asked.iter().all(|one| lacking(one, self, now).is_none())
    }
}

/// What one officer said about a pending record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The roles that the officer's key has now.
    pub roles: BTreeSet<String>,
    /// When it was put on record.
    pub at: i64,
    /// Until when it may be used.
    pub expires_ms: i64,
    /// Whether it approves; else it refuses.
    pub approves: bool,
}

/// What the policies that permit ask for, each once, sorted. Nothing where they do not permit.
pub(crate) fn asked(bundle: &Bundle, answer: Option<&Answer>) -> Vec<Approval> {
    let permits = answer.filter(|answer| answer.allow && answer.errors.is_empty());
    let reasons = permits.map(|answer| answer.reasons.as_slice()).unwrap_or_default();
    let policies = reasons.iter().filter_map(|number| bundle.numbered(*number));
    let asked: BTreeSet<&Approval> = policies.filter_map(|info| info.approval.as_ref()).collect();
    asked.into_iter().cloned().collect()
}

/// Whether everything that is asked for was given.
pub(crate) fn check(
    name: &'static str,
    asked: &[Approval],
    (retry, now): (Option<&Retry>, i64),
) -> Check {
    if asked.is_empty() {
        return Check::pass(name);
    }
    let Some(retry) = retry else {
        let each = asked.iter().map(|one| format!("{} of `{}`", one.count, one.role));
        return Check::fail(name, format!("waits for {}", each.collect::<Vec<_>>().join(", ")));
    };
    if let Some(why) = retry.objection {
        return Check::fail(name, why);
    }
    let lacks = asked.iter().find_map(|one| lacking(one, retry, now));
    lacks.map_or_else(|| Check::pass(name), |why| Check::fail(name, why))
}

/// What is missing of one approval that is asked for.
fn lacking(asked: &Approval, retry: &Retry, now: i64) -> Option<String> {
    let role = &asked.role;
    let until = retry.asked_at.saturating_add(asked.within_ms);
    if now > until {
        return Some(format!("the time in which `{role}` could approve has passed"));
    }
    let of_role = || retry.given.iter().filter(|given| given.roles.contains(role));
    if of_role().any(|given| !given.approves) {
        return Some(format!("an officer of `{role}` refused it"));
    }
    let counts = |given: &&Given| given.at <= until && now <= given.expires_ms;
    let have = u64::try_from(of_role().filter(counts).count()).unwrap_or(u64::MAX);
    let is_enough = have >= asked.count;
    (!is_enough).then(|| format!("{have} of {} of `{role}` have approved", asked.count))
}

impl Bundle {
    /// What the policies that determined a decision tell the agent by `@advice`, where it was not permitted for what
    /// they say.
    #[must_use]
    pub fn advice(&self, decision: &Decision) -> Vec<String> {
        let is_theirs = ["policy.denied", CHECK].contains(&decision.code());
        if decision.verdict() == Verdict::Permit || !is_theirs {
            return Vec::new();
        }
        let policies = decision.policy_ids().filter_map(|id| self.policy(id));
        policies.filter_map(|info| info.annotations.get("advice").cloned()).collect()
    }
}

#[cfg(test)]
mod tests;
