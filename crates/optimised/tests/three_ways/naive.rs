//! A second evaluator of everything, written from the words of the documents and not from the code:
//! scopes and conditions over plain data, the checks around them, the code, and the bytes of the
//! decision.

use std::collections::BTreeSet;

use policy::DecisionState;
use record::Trust;

use super::labels::{self, Labels};
use super::model::{ACTIONS, ActionScope, Ask, Condition, Data, Entities, Odd, Policy, Scope, Uid};
use super::second::{self, Asks, Meters};

/// What the policies come to, by ids; or why they could not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Malformed(String),
    UnknownAction,
    Asked { permits: Vec<String>, forbids: Vec<String>, errors: Vec<(usize, &'static str)> },
}

const UNFIT: &str = "principal and resource do not fit the schema's entities";

pub(crate) fn answer(
    (policies, semantics): (&[Policy], u64),
    entities: &Entities,
    ask: &Ask,
) -> Answer {
    if ask.odd == Odd::NotJson {
        let bytes = ask.input().len();
        return Answer::Malformed(match semantics {
            4.. => format!(
                "`input` can't be read: the text ends before its value does at byte {bytes}"
            ),
            _ => format!("`input` is not JSON, at line 1 column {bytes}"),
        });
    }
    if ask.odd == Odd::UnknownAction {
        return Answer::UnknownAction;
    }
    let world = match world(entities, ask) {
        Ok(world) => world,
        Err(why) => return Answer::Malformed(why),
    };
    let (mut permits, mut forbids, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (n, policy) in policies.iter().enumerate() {
        match world.satisfies(policy) {
            Ok(true) if policy.permits => permits.push(policy.id.clone()),
            Ok(true) => forbids.push(policy.id.clone()),
            Ok(false) => {}
            Err(why) => errors.push((n, why)),
        }
    }
    permits.sort();
    forbids.sort();
    Answer::Asked { permits, forbids, errors }
}

/// Everything that a policy can look at.
struct World<'a> {
    entities: Entities,
    ask: &'a Ask,
    groups: &'static [&'static str],
    /// The ancestors of principal and resource.
    above: [(Uid, BTreeSet<Uid>); 2],
}

fn ancestors(entities: &Entities, uid: Uid) -> BTreeSet<Uid> {
    let mut found = BTreeSet::new();
    let mut next = vec![uid];
    while let Some(uid) = next.pop() {
        for parent in entities.get(&uid).into_iter().flat_map(|data| &data.parents) {
            if found.insert(*parent) {
                next.push(*parent);
            }
        }
    }
    found
}

fn world<'a>(entities: &Entities, ask: &'a Ask) -> Result<World<'a>, String> {
    if ask.odd == Odd::UnknownType {
        return Err("`principal`: the type `Zzzzzzzzzz` is not in the schema".to_owned());
    }
    let principal = together(entities, &ask.principal).map_err(|n| disagree("`principal`: ", n))?;
    let resource = together(entities, &ask.resource).map_err(|n| disagree("`resource`: ", n))?;
    let ((principal_kind, _), (resource_kind, _)) = (ask.principal.0, ask.resource.0);
    if ask.action == "ping" && principal_kind != "User" {
        return Err(format!("the action does not apply to principals of type `{principal_kind}`"));
    }
    let applies = match ask.action {
        "write" => resource_kind != "User",
        "ping" => resource_kind != "Folder",
        _ => true,
    };
    if !applies {
        return Err(format!("the action does not apply to resources of type `{resource_kind}`"));
    }
    match ask.odd {
        Odd::Undeclared => return Err("`input.zzz` is not in the schema".to_owned()),
        Odd::NoNumber => return Err("`input.n` is missing".to_owned()),
        Odd::NumberAsText => {
            return Err("`input.n` is a string, the schema says an integer".to_owned());
        }
        _ => {}
    }
    for (name, (kind, _), data) in
        [("principal", ask.principal.0, &principal), ("resource", ask.resource.0, &resource)]
    {
        if matches!(kind, "User" | "Bot") && data.level.is_none() {
            return Err(format!("`{name}.level` is missing"));
        }
        if kind == "File" && data.owner.is_none() {
            return Err(format!("`{name}.owner` is missing"));
        }
    }
    let mut entities = entities.clone();
    if ask.principal.0 == ask.resource.0 {
        let both = merged(&principal, &resource).map_err(|name| disagree("", name))?;
        entities.insert(ask.principal.0, both);
    } else {
        entities.insert(ask.principal.0, principal);
        entities.insert(ask.resource.0, resource);
    }
    let groups = ACTIONS.iter().find(|(name, _)| *name == ask.action).unwrap().1;
    let above = [ask.principal.0, ask.resource.0].map(|uid| (uid, ancestors(&entities, uid)));
    // The bundle's entities have no circles, so a new one goes through one of the request's.
    if above.iter().any(|(uid, above)| above.contains(uid)) {
        return Err(UNFIT.to_owned());
    }
    Ok(World { entities, ask, groups, above })
}

fn disagree(whose: &str, name: &str) -> String {
    format!("{whose}the request and the bundle disagree on `{name}`")
}

/// What the bundle and the request say of an entity.
fn together(entities: &Entities, (uid, said): &(Uid, Data)) -> Result<Data, &'static str> {
    merged(&entities.get(uid).cloned().unwrap_or_default(), said)
}

fn merged(stated: &Data, said: &Data) -> Result<Data, &'static str> {
    fn one<T: Clone + PartialEq>(
        name: &'static str,
        a: &Option<T>,
        b: &Option<T>,
    ) -> Result<Option<T>, &'static str> {
        match (a, b) {
            (Some(a), Some(b)) if a != b => Err(name),
            (Some(value), _) | (None, Some(value)) => Ok(Some(value.clone())),
            (None, None) => Ok(None),
        }
    }
    Ok(Data {
        lead: one("lead", &stated.lead, &said.lead)?,
        level: one("level", &stated.level, &said.level)?,
        owner: one("owner", &stated.owner, &said.owner)?,
        tags: one("tags", &stated.tags, &said.tags)?,
        parents: stated.parents.union(&said.parents).copied().collect(),
    })
}

const UNKNOWN: &str = "it reads an entity that is not known";

impl World<'_> {
    fn is_in(&self, uid: Uid, group: Uid) -> bool {
        let known = self.above.iter().find(|(known, _)| *known == uid);
        uid == group
            || known.map_or_else(
                || ancestors(&self.entities, uid).contains(&group),
                |(_, above)| above.contains(&group),
            )
    }

    fn satisfies(&self, policy: &Policy) -> Result<bool, &'static str> {
        let ask = self.ask;
        let action = match &policy.action {
            ActionScope::Any => true,
            ActionScope::Equal(name) => *name == ask.action,
            ActionScope::In(names) => {
                names.iter().any(|name| *name == ask.action || self.groups.contains(name))
            }
        };
        let sides = [(&policy.principal, ask.principal.0), (&policy.resource, ask.resource.0)];
        let matches = sides.into_iter().all(|(scope, uid)| match scope {
            Scope::Any => true,
            Scope::Equal(of) => uid == *of,
            Scope::In(of) => self.is_in(uid, *of),
            Scope::Is(kind) => uid.0 == *kind,
            Scope::IsIn(kind, of) => uid.0 == *kind && self.is_in(uid, *of),
        });
        if !action || !matches {
            return Ok(false);
        }
        for when in &policy.when {
            if !self.holds(when)? {
                return Ok(false);
            }
        }
        for unless in &policy.unless {
            if self.holds(unless)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn user(&self, id: usize) -> Option<&Data> {
        self.entities.get(&("User", id))
    }

    fn is_above(&self, id: Option<usize>, level: i64) -> Result<bool, &'static str> {
        let Some(id) = id else { return Ok(false) };
        Ok(self.user(id).ok_or(UNKNOWN)?.level.unwrap() > level)
    }

    fn holds(&self, condition: &Condition) -> Result<bool, &'static str> {
        let ask = self.ask;
        let (who, what) = (ask.principal.0, ask.resource.0);
        let principal = &self.entities[&who];
        let owner = self.entities[&what].owner;
        Ok(match condition {
            Condition::Less(n) => ask.n < *n,
            Condition::Like(c) => ask.s.contains(*c),
            Condition::Level(n) => principal.level.unwrap() > *n,
            Condition::Trusted => ask.trust == Trust::Trusted,
            Condition::Labelled { label, of_resource } => {
                let carried = if *of_resource { &ask.resource_labels } else { &ask.labels };
                carried.contains(label)
            }
            Condition::Overflows => ask.n.checked_mul(1 << 62).ok_or("an integer overflows")? > 0,
            Condition::Tagged(tag) => {
                principal.tags.as_ref().is_some_and(|tags| tags.contains(tag))
            }
            Condition::PrincipalIn(of) => self.is_in(who, *of),
            Condition::ResourceIn(of) => self.is_in(what, *of),
            Condition::ActionIn(name) => *name == ask.action || self.groups.contains(name),
            Condition::Same => who == what,
            Condition::OwnerLevel(n) => self.is_above(owner, *n)?,
            Condition::OwnersLeadLevel(n) => {
                let lead = owner.and_then(|owner| self.user(owner)?.lead);
                self.is_above(lead, *n)?
            }
            Condition::LeadLevel(n) => self.is_above(principal.lead, *n)?,
            Condition::WhoIn(of) => ask.who.is_some_and(|id| self.is_in(("User", id), *of)),
            Condition::WhoLevel(n) => self.is_above(ask.who, *n)?,
            Condition::Named(id, n) => self.is_above(Some(*id), *n)?,
            Condition::Not(inner) => !self.holds(inner)?,
            Condition::And(a, b) => self.holds(a)? && self.holds(b)?,
            Condition::Or(a, b) => self.holds(a)? || self.holds(b)?,
        })
    }
}

/// Where a bundle's decisions come from.
pub(crate) struct Source<'a> {
    pub(crate) policies: &'a [Policy],
    /// The file, and the line on which each policy begins.
    pub(crate) file: &'a str,
    pub(crate) lines: &'a [usize],
    /// The digest in JSON.
    pub(crate) digest: &'a str,
    pub(crate) semantics: u64,
    pub(crate) meters: &'a Meters,
    pub(crate) labels: &'a Labels,
}

/// Errors that a decision lists.
const LISTED: usize = 16;

/// The bytes of the decision: JSON with its members sorted.
pub(crate) fn bytes(
    source: &Source<'_>,
    state: &DecisionState,
    (ask, answer): (&Ask, &Answer),
) -> String {
    let errors = listed(source, answer);
    let asked = if source.semantics > 1 { second::asked(source.policies, answer) } else { vec![] };
    let checks = checks(source, state, (ask, answer, &asked), &errors);
    let failed = checks.iter().find(|(_, outcome, _)| *outcome == "fail");
    let permitted = checks.iter().all(|(_, outcome, _)| *outcome == "pass");
    let code = if permitted { "permitted" } else { failed.unwrap().0 };
    let all = checks.clone();
    let checks = checks.iter().map(|(name, outcome, why)| {
        let why = why.as_ref().map(|why| format!(",\"why\":\"{why}\"")).unwrap_or_default();
        format!("{{\"check\":\"{name}\",\"outcome\":\"{outcome}\"{why}}}")
    });
    let checks = checks.collect::<Vec<_>>().join(",");
    let policies = determining(answer).iter().map(|id| {
        let at = source.policies.iter().position(|policy| policy.id == *id).unwrap();
        let effect = if source.policies[at].permits { "permit" } else { "forbid" };
        let (file, line) = (source.file, source.lines[at]);
        format!("{{\"effect\":\"{effect}\",\"file\":\"{file}\",\"id\":\"{id}\",\"line\":{line}}}")
    });
    let policies = policies.collect::<Vec<_>>().join(",");
    let others = checks_but_the_last(&all);
    let waits = !asked.is_empty() && state.retry.is_none() && others && !permitted;
    let decision = match (permitted, waits) {
        (true, _) => "permit",
        (false, true) => "pending",
        (false, false) => "deny",
    };
    let each = asked.iter().map(|(count, role, seconds)| {
        format!("{{\"count\":{count},\"role\":\"{role}\",\"within_ms\":{}}}", seconds * 1_000)
    });
    let awaits = each.collect::<Vec<_>>().join(",");
    let awaits = if waits { format!("\"awaits\":[{awaits}],") } else { String::new() };
    let mut more = String::new();
    if !errors.is_empty() {
        let each =
            errors.iter().map(|(id, why)| format!("{{\"policy\":\"{id}\",\"why\":\"{why}\"}}"));
        more = format!(",\"errors\":[{}]", each.collect::<Vec<_>>().join(","));
    }
    if permitted {
        more += &source.labels.change(state, ask);
    }
    let digest = source.digest;
    format!(
        "{{{awaits}\"bundle\":{digest},\"checks\":[{checks}],\"code\":\"{code}\",\"decision\":\"{decision}\"{more},\"policies\":[{policies}],\"v\":1}}"
    )
}

fn checks_but_the_last(checks: &[Check]) -> bool {
    checks[..checks.len() - 1].iter().all(|(_, outcome, _)| *outcome == "pass")
}

/// The errors that are listed, by id: the first sixteen by the names that Cedar knows the policies
/// by.
fn listed(source: &Source<'_>, answer: &Answer) -> Vec<(String, &'static str)> {
    let Answer::Asked { errors, .. } = answer else { return Vec::new() };
    let mut errors: Vec<(String, usize, &str)> =
        errors.iter().map(|(n, why)| (format!("f0_{n}"), *n, *why)).collect();
    errors.sort();
    let mut errors: Vec<(String, &str)> = errors
        .into_iter()
        .take(LISTED)
        .map(|(_, n, why)| (source.policies[n].id.clone(), why))
        .collect();
    errors.sort();
    errors
}

fn determining(answer: &Answer) -> &[String] {
    match answer {
        Answer::Asked { permits, forbids, errors } if errors.is_empty() => {
            if forbids.is_empty() {
                permits
            } else {
                forbids
            }
        }
        _ => &[],
    }
}

pub(crate) type Check = (&'static str, &'static str, Option<String>);

fn checks(
    source: &Source<'_>,
    state: &DecisionState,
    (ask, answer, asked): (&Ask, &Answer, &[Asks]),
    errors: &[(String, &'static str)],
) -> Vec<Check> {
    let flag = |name, holds: bool, why: &str| -> Check {
        if holds { (name, "pass", None) } else { (name, "fail", Some(why.to_owned())) }
    };
    let untyped = "the action is not in the schema, so its arguments have no types".to_owned();
    let (malformed, unknown): (Check, Check) = match answer {
        Answer::Malformed(why) => (
            ("request.malformed", "fail", Some(why.clone())),
            ("tool.unknown", "not_evaluated", Some("the request is malformed".to_owned())),
        ),
        Answer::UnknownAction => (
            ("request.malformed", "not_evaluated", Some(untyped)),
            ("tool.unknown", "fail", Some("the bundle knows no such tool or action".to_owned())),
        ),
        Answer::Asked { .. } => {
            (("request.malformed", "pass", None), ("tool.unknown", "pass", None))
        }
    };
    let trust =
        format!("trust is `{}`, the bundle asks for `degraded` or better", state.trust.as_str());
    let mut checks = vec![
        malformed,
        flag(
            "governance.unverified",
            state.governance_verified,
            "the governance log did not verify",
        ),
        flag("identity.unregistered", state.registered, "the workload is not registered"),
        flag("trust.insufficient", state.trust <= Trust::Degraded, &trust),
        flag("execution.halted", !state.halted, "an officer ordered a halt"),
        flag("lineage.broken", state.lineage_intact, "the execution's records have a gap"),
    ];
    let later = |name| (source.semantics > 1).then_some((name, "pass", None));
    checks.extend(later("grant.exceeded"));
    checks.push(unknown);
    checks.extend((source.semantics > 1).then(|| labels::check(state, ask)));
    checks.extend(of_policies(answer, errors));
    if source.semantics > 1 {
        checks.push(source.meters.check(state, ask, answer));
        checks.push(second::check(asked, state, answer));
    }
    checks
}

fn of_policies(answer: &Answer, errors: &[(String, &'static str)]) -> [Check; 2] {
    let quoted = |ids: &mut dyn Iterator<Item = &String>| {
        let mut ids: Vec<String> = ids.map(|id| format!("`{id}`")).collect();
        ids.sort();
        ids.join(", ")
    };
    let Answer::Asked { permits, forbids, .. } = answer else {
        let why = Some("the request could not be put to the policies".to_owned());
        return [
            ("policy.error", "not_evaluated", why.clone()),
            ("policy.denied", "not_evaluated", why),
        ];
    };
    if !errors.is_empty() {
        let ids = quoted(&mut errors.iter().map(|(id, _)| id));
        let unknown = "an evaluation failed, so what the policies say is not known";
        return [
            ("policy.error", "fail", Some(format!("evaluation failed of {ids}"))),
            ("policy.denied", "not_evaluated", Some(unknown.to_owned())),
        ];
    }
    let denied: Check = if !forbids.is_empty() {
        ("policy.denied", "fail", Some(format!("forbidden by {}", quoted(&mut forbids.iter()))))
    } else if permits.is_empty() {
        ("policy.denied", "fail", Some("no policy permits it".to_owned()))
    } else {
        ("policy.denied", "pass", None)
    };
    [("policy.error", "pass", None), denied]
}
