//! Entities, policies and requests as plain data, and how they are written for Interlock and for
//! Cedar.

use std::collections::{BTreeMap, BTreeSet};

use record::Trust;

use super::second::Asks;

/// Type and id.
pub(crate) type Uid = (&'static str, usize);

const SCHEMA: &str = r#"
entity Org;
entity Team in [Org, Team];
entity User in [Team, User] = { level: Long, lead?: User, tags?: Set<String> };
entity Bot in [Team, Org] = { level: Long };
entity Folder in [Folder];
entity File in [Folder] = { owner: User };
action All;
action Reads in [All];
action Writes in [All];
action read, list in [Reads] appliesTo { principal: [User, Bot], resource: [File, Folder, User],
  context: { input: { n: Long, s: String, who?: User }, facts: { trust: String, at_ms: Long } } };
action write in [Writes] appliesTo { principal: [User, Bot], resource: [File, Folder],
  context: { input: { n: Long, s: String, who?: User }, facts: { trust: String, at_ms: Long } } };
action move in [Reads, Writes] appliesTo { principal: [User, Bot], resource: [File, Folder, User],
  context: { input: { n: Long, s: String, who?: User }, facts: { trust: String, at_ms: Long } } };
action ping appliesTo { principal: [User], resource: [User, File],
  context: { input: { n: Long, s: String, who?: User }, facts: { trust: String, at_ms: Long } } };
"#;

/// The schema; the second version of the decider supplies labels too.
pub(crate) fn schema(semantics: u64) -> String {
    let labels = "labels: Set<String>, resource_labels: Set<String>, facts:";
    if semantics > 1 { SCHEMA.replace("facts:", labels) } else { SCHEMA.to_owned() }
}

/// The actions that can be asked for, and all groups that each is in.
pub(crate) const ACTIONS: [(&str, &[&str]); 5] = [
    ("read", &["Reads", "All"]),
    ("list", &["Reads", "All"]),
    ("write", &["Writes", "All"]),
    ("move", &["Reads", "Writes", "All"]),
    ("ping", &[]),
];

/// What is known of an entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) level: Option<i64>,
    pub(crate) lead: Option<usize>,
    pub(crate) tags: Option<BTreeSet<&'static str>>,
    pub(crate) owner: Option<usize>,
    pub(crate) parents: BTreeSet<Uid>,
}

pub(crate) type Entities = BTreeMap<Uid, Data>;

#[derive(Debug, Clone)]
pub(crate) enum Scope {
    Any,
    Equal(Uid),
    In(Uid),
    Is(&'static str),
    IsIn(&'static str, Uid),
}

#[derive(Debug, Clone)]
pub(crate) enum ActionScope {
    Any,
    Equal(&'static str),
    In(Vec<&'static str>),
}

#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Less(i64),
    Like(char),
    Level(i64),
    Trusted,
    /// Who asks carries it, or the resource.
    Labelled {
        label: &'static str,
        of_resource: bool,
    },
    Overflows,
    Tagged(&'static str),
    PrincipalIn(Uid),
    ResourceIn(Uid),
    ActionIn(&'static str),
    Same,
    OwnerLevel(i64),
    OwnersLeadLevel(i64),
    LeadLevel(i64),
    WhoIn(Uid),
    WhoLevel(i64),
    Named(usize, i64),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) permits: bool,
    pub(crate) principal: Scope,
    pub(crate) action: ActionScope,
    pub(crate) resource: Scope,
    pub(crate) when: Vec<Condition>,
    pub(crate) unless: Vec<Condition>,
    /// What it asks officers for.
    pub(crate) approval: Option<Asks>,
}

/// A request: names, what it says of principal and resource, and arguments.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) principal: (Uid, Data),
    pub(crate) action: &'static str,
    pub(crate) resource: (Uid, Data),
    pub(crate) n: i64,
    pub(crate) s: String,
    pub(crate) who: Option<usize>,
    /// How far who asks is trusted.
    pub(crate) trust: Trust,
    /// What who asks carries, and what the resource does.
    pub(crate) labels: BTreeSet<&'static str>,
    pub(crate) resource_labels: BTreeSet<&'static str>,
    /// What detectors find in the arguments; it is among the labels too.
    pub(crate) found: BTreeSet<&'static str>,
    /// The definition that was listed of the tool.
    pub(crate) definition: Option<u8>,
    pub(crate) odd: Odd,
}

/// What is wrong with the form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Odd {
    Nothing,
    NoNumber,
    NumberAsText,
    Undeclared,
    NotJson,
    UnknownAction,
    UnknownType,
}

pub(crate) fn uid((kind, id): Uid) -> String {
    format!("{kind}::\"{id}\"")
}

impl Data {
    /// The attributes as JSON members, entities by Cedar's escape.
    fn attributes(&self) -> Vec<String> {
        let user = |id: usize| format!(r#"{{"__entity":{{"type":"User","id":"{id}"}}}}"#);
        let mut members = Vec::new();
        members.extend(self.level.map(|level| format!("\"level\":{level}")));
        members.extend(self.lead.map(|lead| format!("\"lead\":{}", user(lead))));
        members.extend(self.owner.map(|owner| format!("\"owner\":{}", user(owner))));
        if let Some(tags) = &self.tags {
            let tags: Vec<String> = tags.iter().map(|tag| format!("\"{tag}\"")).collect();
            members.push(format!("\"tags\":[{}]", tags.join(",")));
        }
        members
    }

    fn parents(&self) -> String {
        let parents = self.parents.iter();
        let parents: Vec<String> =
            parents.map(|(kind, id)| format!(r#"{{"type":"{kind}","id":"{id}"}}"#)).collect();
        format!("[{}]", parents.join(","))
    }

    /// As the properties of an entity of a request.
    pub(crate) fn properties(&self) -> String {
        let mut members = self.attributes();
        if !self.parents.is_empty() {
            members.push(format!("\"parents\":{}", self.parents()));
        }
        format!("{{{}}}", members.join(","))
    }
}

/// As `entities.json`.
pub(crate) fn entities_json(entities: &Entities) -> String {
    let items = entities.iter().map(|(uid, data)| entity_json(*uid, data));
    format!("[{}]", items.collect::<Vec<_>>().join(",\n"))
}

/// As one item of it.
pub(crate) fn entity_json((kind, id): Uid, data: &Data) -> String {
    format!(
        r#"{{"uid":{{"type":"{kind}","id":"{id}"}},"attrs":{{{}}},"parents":{}}}"#,
        data.attributes().join(","),
        data.parents()
    )
}

impl Policy {
    pub(crate) fn text(&self) -> String {
        let side = |name: &str, scope: &Scope| match scope {
            Scope::Any => name.to_owned(),
            Scope::Equal(of) => format!("{name} == {}", uid(*of)),
            Scope::In(of) => format!("{name} in {}", uid(*of)),
            Scope::Is(kind) => format!("{name} is {kind}"),
            Scope::IsIn(kind, of) => format!("{name} is {kind} in {}", uid(*of)),
        };
        let action = match &self.action {
            ActionScope::Any => "action".to_owned(),
            ActionScope::Equal(name) => format!("action == Action::\"{name}\""),
            ActionScope::In(names) => {
                let names: Vec<String> =
                    names.iter().map(|name| format!("Action::\"{name}\"")).collect();
                format!("action in [{}]", names.join(", "))
            }
        };
        let approval = self.approval.map(|(count, role, seconds)| {
            format!(" @approval(\"{count} of {role} within {seconds}s\")")
        });
        let mut text = format!(
            "@id(\"{}\"){}\n{} ({}, {action}, {})",
            self.id,
            approval.unwrap_or_default(),
            if self.permits { "permit" } else { "forbid" },
            side("principal", &self.principal),
            side("resource", &self.resource)
        );
        for when in &self.when {
            text.push_str(&format!("\nwhen {{ {} }}", when.text()));
        }
        for unless in &self.unless {
            text.push_str(&format!("\nunless {{ {} }}", unless.text()));
        }
        text + ";\n"
    }
}

impl Condition {
    fn text(&self) -> String {
        match self {
            Condition::Less(n) => format!("context.input.n < {n}"),
            Condition::Like(c) => format!("context.input.s like \"*{c}*\""),
            Condition::Level(n) => format!("principal.level > {n}"),
            Condition::Trusted => "context.facts.trust == \"trusted\"".to_owned(),
            Condition::Labelled { label, of_resource } => {
                let whose = if *of_resource { "resource_labels" } else { "labels" };
                format!("context.{whose}.contains(\"{label}\")")
            }
            Condition::Overflows => "context.input.n * 4611686018427387904 > 0".to_owned(),
            Condition::Tagged(tag) => format!(
                "principal is User && principal has tags && principal.tags.contains(\"{tag}\")"
            ),
            Condition::PrincipalIn(of) => format!("principal in {}", uid(*of)),
            Condition::ResourceIn(of) => format!("resource in {}", uid(*of)),
            Condition::ActionIn(name) => format!("action in Action::\"{name}\""),
            Condition::Same => {
                "principal is User && resource is User && principal == resource".to_owned()
            }
            Condition::OwnerLevel(n) => {
                format!("resource is File && resource.owner.level > {n}")
            }
            Condition::OwnersLeadLevel(n) => format!(
                "resource is File && resource.owner has lead && resource.owner.lead.level > {n}"
            ),
            Condition::LeadLevel(n) => {
                format!("principal is User && principal has lead && principal.lead.level > {n}")
            }
            Condition::WhoIn(of) => {
                format!("context.input has who && context.input.who in {}", uid(*of))
            }
            Condition::WhoLevel(n) => {
                format!("context.input has who && context.input.who.level > {n}")
            }
            Condition::Named(id, n) => format!("User::\"{id}\".level > {n}"),
            Condition::Not(inner) => format!("!({})", inner.text()),
            Condition::And(a, b) => format!("({}) && ({})", a.text(), b.text()),
            Condition::Or(a, b) => format!("({}) || ({})", a.text(), b.text()),
        }
    }
}

impl Ask {
    /// The arguments in JSON.
    pub(crate) fn input(&self) -> String {
        let who = self.who.map(|id| format!(r#","who":{{"type":"User","id":"{id}"}}"#));
        let who = who.unwrap_or_default();
        let (n, s) = (self.n, &self.s);
        match self.odd {
            Odd::NoNumber => format!(r#"{{"s":"{s}"{who}}}"#),
            Odd::NumberAsText => format!(r#"{{"n":"{n}","s":"{s}"{who}}}"#),
            Odd::Undeclared => format!(r#"{{"n":{n},"s":"{s}","zzz":1{who}}}"#),
            Odd::NotJson => format!(r#"{{"n":{n},"s":"{s}"{who}"#),
            Odd::Nothing | Odd::UnknownAction | Odd::UnknownType => {
                format!(r#"{{"n":{n},"s":"{s}"{who}}}"#)
            }
        }
    }
}
