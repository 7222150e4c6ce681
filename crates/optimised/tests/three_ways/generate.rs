//! Random sets of policies, entities and requests.

use std::collections::BTreeSet;

use record::Trust;

use super::model::{ACTIONS, ActionScope, Ask, Condition, Data, Entities, Odd, Policy, Scope, Uid};
use super::random::Random;

const TAGS: [&str; 3] = ["red", "green", "blue"];
const LETTERS: [char; 5] = ['a', 'b', 'c', 'd', 'e'];
/// Ids of each type; those from [`STATED`] on are never stated.
const IDS: usize = 5;
const STATED: usize = 4;

/// What a set tends to.
struct Temper {
    forbids: usize,
    errors: usize,
    unscoped: usize,
}

/// A set of 0 to 200 policies.
pub(crate) fn policies(random: &mut Random) -> Vec<Policy> {
    let most = random.pick(&[0, 3, 10, 40, 100, 200, 200, 200]);
    let count = random.below(most + 1);
    let temper = Temper {
        forbids: random.pick(&[0, 0, 1, 3, 20]),
        errors: random.pick(&[1, 10, 40, 60, 80]),
        unscoped: random.pick(&[0, 2, 10, 50]),
    };
    let possible = |n: usize| loop {
        let policy = policy(n, &temper, random);
        if is_possible(&policy) {
            return policy;
        }
    };
    let mut policies: Vec<Policy> = (0..count).map(possible).collect();
    // The order of ids is not the order of the text.
    for n in (1..policies.len()).rev() {
        policies.swap(n, random.below(n + 1));
    }
    policies
}

fn policy(n: usize, temper: &Temper, random: &mut Random) -> Policy {
    let permits = !random.chance(temper.forbids);
    let unscoped = random.chance(temper.unscoped);
    let conditions = |most: usize, random: &mut Random| -> Vec<Condition> {
        (0..random.below(most + 1)).map(|_| condition(2, temper, random)).collect()
    };
    let mut when = conditions(2, random);
    // A forbid that is not narrow denies everything.
    if !permits && !random.chance(10) {
        when.push(Condition::Less(random.below(40).try_into().unwrap()));
        when.push(Condition::Like(random.pick(&LETTERS)));
    }
    Policy {
        id: format!("{}{n}", random.pick(&["p", "q-", "q", "r/"])),
        permits,
        principal: if unscoped { Scope::Any } else { scope(PRINCIPALS, random) },
        action: if unscoped { ActionScope::Any } else { action_scope(random) },
        resource: if unscoped { Scope::Any } else { scope(RESOURCES, random) },
        when,
        unless: conditions(1, random),
        approval: None,
    }
}

/// Whether there is an action to whose types the scope can apply: one that can't is refused at
/// load.
fn is_possible(policy: &Policy) -> bool {
    let above = |kind: &str| -> &[&str] {
        match kind {
            "User" => &["Team", "Org", "User"],
            "Bot" => &["Team", "Org"],
            _ => &["Folder"],
        }
    };
    let fits = |scope: &Scope, kind: &str| match scope {
        Scope::Any => true,
        Scope::Equal((of, _)) => *of == kind,
        Scope::In((of, _)) => *of == kind || above(kind).contains(of),
        Scope::Is(is) => *is == kind,
        Scope::IsIn(is, (of, _)) => *is == kind && (*of == kind || above(kind).contains(of)),
    };
    let asked = |name: &str, groups: &[&str]| match &policy.action {
        ActionScope::Any => true,
        ActionScope::Equal(of) => *of == name,
        ActionScope::In(of) => of.iter().any(|of| *of == name || groups.contains(of)),
    };
    ACTIONS.iter().any(|(name, groups)| {
        let (who, what): (&[&str], &[&str]) = match *name {
            "write" => (&["User", "Bot"], &["File", "Folder"]),
            "ping" => (&["User"], &["User", "File"]),
            _ => (&["User", "Bot"], &["File", "Folder", "User"]),
        };
        asked(name, groups)
            && who.iter().any(|kind| fits(&policy.principal, kind))
            && what.iter().any(|kind| fits(&policy.resource, kind))
    })
}

const PRINCIPALS: (&[&str], &[&str]) = (&["User", "Bot"], &["Team", "Org", "User"]);
const RESOURCES: (&[&str], &[&str]) = (&["File", "Folder", "User"], &["Folder", "User", "Team"]);

fn scope((kinds, groups): (&[&'static str], &[&'static str]), random: &mut Random) -> Scope {
    let kind = random.pick(kinds);
    let group = (random.pick(groups), random.below(IDS));
    match random.below(6) {
        0 => Scope::Any,
        1 => Scope::Equal((kind, random.below(IDS))),
        2 | 3 => Scope::In(group),
        4 => Scope::Is(kind),
        _ => Scope::IsIn(kind, group),
    }
}

fn action_scope(random: &mut Random) -> ActionScope {
    let any = |random: &mut Random| {
        random.pick(&["read", "list", "write", "move", "ping", "Reads", "Writes", "All"])
    };
    match random.below(4) {
        0 => ActionScope::Any,
        1 => ActionScope::Equal(random.pick(&ACTIONS).0),
        _ => ActionScope::In((0..=random.below(3)).map(|_| any(random)).collect()),
    }
}

fn condition(depth: usize, temper: &Temper, random: &mut Random) -> Condition {
    let level = i64::try_from(random.below(10)).unwrap();
    if random.chance(temper.errors) {
        return match random.below(6) {
            0 => Condition::Overflows,
            1 => Condition::OwnerLevel(level),
            2 => Condition::OwnersLeadLevel(level),
            3 => Condition::LeadLevel(level),
            4 => Condition::WhoLevel(level),
            _ => Condition::Named(random.below(IDS), level),
        };
    }
    let inner = |random: &mut Random| Box::new(condition(depth - 1, temper, random));
    match random.below(if depth > 0 { 14 } else { 10 }) {
        0 => Condition::Less(level * 10),
        1 => Condition::Like(random.pick(&LETTERS)),
        2 => Condition::Level(level),
        3 => Condition::Trusted,
        4 => Condition::Tagged(random.pick(&TAGS)),
        5 => Condition::PrincipalIn((random.pick(&["Team", "Org", "User"]), random.below(IDS))),
        6 => Condition::ResourceIn((random.pick(&["Folder", "User"]), random.below(IDS))),
        7 => Condition::ActionIn(random.pick(&["Reads", "Writes", "All", "ping"])),
        8 => Condition::Same,
        9 => Condition::WhoIn((random.pick(&["Team", "User"]), random.below(IDS))),
        10 => Condition::Not(inner(random)),
        11 => Condition::And(inner(random), inner(random)),
        _ => Condition::Or(inner(random), inner(random)),
    }
}

/// Entities without circles: each has parents of a lower number, or of a type above.
pub(crate) fn entities(random: &mut Random) -> Entities {
    let mut entities = Entities::new();
    for kind in ["Org", "Team", "User", "Bot", "Folder", "File"] {
        for id in 0..STATED {
            if random.chance(75) {
                let mut data = attributes(kind, random);
                data.parents = parents((kind, id), id, random);
                entities.insert((kind, id), data);
            }
        }
    }
    entities
}

fn attributes(kind: &str, random: &mut Random) -> Data {
    let mut data = Data::default();
    if matches!(kind, "User" | "Bot") {
        data.level = Some(random.below(10).try_into().unwrap());
    }
    if kind == "User" {
        data.lead = random.chance(50).then(|| random.below(IDS));
        data.tags = random.chance(50).then(|| tags(random));
    }
    if kind == "File" {
        data.owner = Some(random.below(IDS));
    }
    data
}

fn tags(random: &mut Random) -> BTreeSet<&'static str> {
    (0..random.below(3)).map(|_| random.pick(&TAGS)).collect()
}

/// Parents of an entity: of its own type only with ids below `below`.
fn parents((kind, _): Uid, below: usize, random: &mut Random) -> BTreeSet<Uid> {
    let kinds: &[&'static str] = match kind {
        "Team" => &["Org", "Team"],
        "User" => &["Team", "User"],
        "Bot" => &["Team", "Org"],
        "Folder" | "File" => &["Folder"],
        _ => return BTreeSet::new(),
    };
    let mut parents = BTreeSet::new();
    for _ in 0..random.below(3) {
        let parent = random.pick(kinds);
        let most = if parent == kind { below } else { IDS };
        if most > 0 {
            parents.insert((parent, random.below(most)));
        }
    }
    parents
}

/// A request; some are malformed.
pub(crate) fn ask(entities: &Entities, random: &mut Random) -> Ask {
    let principal = random.pick(&["User", "User", "Bot"]);
    let resource = random.pick(&["File", "File", "Folder", "User"]);
    let action = match random.pick(&ACTIONS).0 {
        // Few that do not apply.
        "ping" if principal == "Bot" || resource == "Folder" => {
            random.pick(&["read", "list", "ping"])
        }
        "write" if resource == "User" => random.pick(&["read", "move", "write"]),
        action => action,
    };
    let odd = match random.below(400) {
        0 => Odd::NoNumber,
        1 => Odd::NumberAsText,
        2 => Odd::Undeclared,
        3 => Odd::NotJson,
        4 => Odd::UnknownAction,
        5 => Odd::UnknownType,
        _ => Odd::Nothing,
    };
    let trust = match random.below(50) {
        0 if random.chance(30) => Trust::Suspended,
        1 => Trust::Degraded,
        _ => Trust::Trusted,
    };
    // Multiples of ten, and now and then so much that it overflows.
    let n = if random.chance(30) { 50 } else { random.below(3) };
    Ask {
        principal: described((principal, random.below(IDS)), entities, random),
        action,
        resource: described((resource, random.below(IDS)), entities, random),
        n: i64::try_from(n).unwrap(),
        s: (0..random.below(4)).map(|_| random.pick(&LETTERS)).collect(),
        who: random.chance(40).then(|| random.below(IDS)),
        trust,
        labels: BTreeSet::new(),
        resource_labels: BTreeSet::new(),
        found: BTreeSet::new(),
        definition: random.pick(&[None, Some(0), Some(1), Some(1), Some(1)]),
        odd,
    }
}

/// What a request says of an entity: mostly nothing of one that is stated, and enough of one that
/// is not.
fn described(uid: Uid, entities: &Entities, random: &mut Random) -> (Uid, Data) {
    let mut data = Data::default();
    let stated = entities.get(&uid);
    if stated.is_none() && !random.chance(2) {
        data = attributes(uid.0, random);
    } else if random.chance(20) {
        let fresh = attributes(uid.0, random);
        let agreeing = stated.cloned().unwrap_or_default();
        data = if random.chance(4) { fresh } else { agreeing };
    }
    if random.chance(20) {
        // Any id: this is where circles come from.
        data.parents.extend(parents(uid, IDS, random));
    }
    (uid, data)
}
