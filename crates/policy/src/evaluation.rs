//! One evaluation that brings everything with it: an AuthZEN body, read into texts by the caller.
//!
//! The `context` of the body may have the members `input` (the arguments), `approved` (the officers' roles), `facts`,
//! `grant`, `history`, `labels` (of who asks), `meters` (what is used), `resource_labels` and `tool` (`SERVER/TOOL`, as in
//! `bundle.toml`); any other is malformed.
//! What it does not say is [`DEFAULTS`]: constants, never the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::json::Value;

use crate::approval::{Given, Retry};
use crate::bundle::Bundle;
use crate::decide::{decide, malformed, remember};
use crate::decision::Decision;
use crate::detectors::Passing;
use crate::facts::{Assurance, Facts, Standing, Trust};
use crate::grant::{Grant, Held};
use crate::history::{History, Outcome};
use crate::json::Json;
use crate::labels::Labels;
use crate::meters::Spent;
use crate::nearest::nearest;
use crate::request::{Entity, Request};
use crate::typed::{entity_reference, quoted};

/// The facts of an evaluation that states none: 1 January 2026, a separated and trusted workload, all in order.
pub const DEFAULTS: (Facts, Standing) = (
    Facts { at: 1_767_225_600_000, assurance: Assurance::Separated, definition: None },
    Standing {
        governance_verified: true,
        registered: true,
        trust: Trust::Trusted,
        halted: false,
        lineage_intact: true,
        grants: Vec::new(),
        hands_on: None,
        tool: None,
        labels: Labels::NONE,
        detected: Labels::NONE,
        resource_labels: Labels::NONE,
        spent: Spent::new(),
        retry: None,
    },
);

/// The members of an evaluation's context.
const CONTEXT: [&str; 9] = [
    "approved",
    "facts",
    "grant",
    "history",
    "input",
    "labels",
    "meters",
    "resource_labels",
    "tool",
];

/// The parts of one AuthZEN evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// `subject`: type, id and properties.
    pub subject: Entity,
    /// `action.name`.
    pub action: String,
    /// `resource`: type, id and properties.
    pub resource: Entity,
    /// `context`: a JSON object in text; `{}` where the body has none.
    pub context: String,
}

/// What an evaluation comes to: everything that [`decide`] takes.
#[derive(Debug)]
pub struct Prepared {
    /// The standing of who asks.
    pub standing: Standing,
    /// The facts.
    pub facts: Facts,
    /// The request.
    pub request: Request,
    /// What happened before.
    pub history: History,
}

/// Decides one evaluation. Every evaluation gets a decision: one whose context is wrong is `request.malformed`.
#[must_use]
pub fn evaluate(bundle: &Arc<Bundle>, evaluation: &Evaluation) -> Decision {
    match prepare(bundle, evaluation) {
        Ok(mut ready) => decide(&mut ready.history, &ready.standing, &ready.facts, &ready.request),
        Err(why) => malformed(bundle, &DEFAULTS.1, why),
    }
}

/// Reads an evaluation into what [`decide`] takes. The error says what of the context is wrong.
///
/// # Errors
/// When the context has members that mean nothing here, or of the wrong type.
pub fn prepare(bundle: &Arc<Bundle>, evaluation: &Evaluation) -> Result<Prepared, String> {
    let mut context = Members::of(
        "context",
        &Json::parse_context(&evaluation.context).map_err(|why| format!("`context` {why}"))?,
    )?;
    let input = context.take("input");
    let facts = context.take("facts");
    let earlier = context.take("history");
    let grant = context.take("grant");
    let labels = read_labels(bundle, context.take("labels"))?;
    let resource_labels = read_labels(bundle, context.take("resource_labels"))?;
    let spent = context.take("meters");
    let approved = context.take("approved");
    let tool = context.text("tool")?;
    context.nothing_else(&CONTEXT)?;

    let (facts, mut standing) = match facts {
        Some(facts) => read_facts(&facts)?,
        None => DEFAULTS,
    };
    (standing.labels, standing.resource_labels) = (labels, resource_labels);
    if let Some(grant) = grant {
        standing.grants.push(Held { grant: read_grant(&grant)?, calls: 0 });
    }
    standing.tool = tool.map(|name| read_tool(bundle, &name, &evaluation.action)).transpose()?;
    standing.spent = read_spent(bundle, spent.as_ref())?;
    standing.retry = approved.map(|roles| read_approved(&roles, facts.at)).transpose()?;
    let request = Request {
        principal: evaluation.subject.clone(),
        action: evaluation.action.clone(),
        resource: bundle.spelt(evaluation.resource.clone()),
        input: input.map_or_else(|| "{}".to_owned(), |input| input.to_text()),
    };
    let message = format!("{{\"params\":{}}}", request.input);
    standing.detected = bundle.detected(Passing::Arguments, message.as_bytes());
    let mut history = History::new(bundle).map_err(|error| error.to_string())?;
    match earlier {
        None => {}
        Some(Json::Array(events)) => {
            for event in &events {
                relive(&mut history, event, &request, &standing, &facts)?;
            }
        }
        Some(other) => return Err(format!("`context.history` is {}, not an array", other.kind())),
    }
    Ok(Prepared { standing, facts, request, history })
}

/// Labels that the bundle declares.
fn read_labels(bundle: &Bundle, json: Option<Json>) -> Result<Labels, String> {
    let Some(json) = json else { return Ok(Labels::NONE) };
    let Json::Array(items) = &json else {
        return Err(format!("labels are {}, not an array", json.kind()));
    };
    let declared = |item: &Json| {
        item.as_str().filter(|label| bundle.labels.names().contains(label)).map(str::to_owned)
    };
    let labels: Option<Labels> = items.iter().map(declared).collect();
    labels.ok_or_else(|| "a label is not one that the bundle declares".to_owned())
}

/// A tool that the bundle says stands for the action.
fn read_tool(bundle: &Bundle, name: &str, action: &str) -> Result<(String, String), String> {
    let known = bundle.tools().find(|tool| {
        name.split_once('/') == Some((tool.server, tool.tool)) && tool.action == action
    });
    let known = known.map(|tool| (tool.server.to_owned(), tool.tool.to_owned()));
    known.ok_or_else(|| "`context.tool` is no `SERVER/TOOL` that stands for the action".to_owned())
}

/// A retry of what was asked at the same time, approved by one officer of each role that is named: one for each time.
fn read_approved(json: &Json, at: i64) -> Result<Retry, String> {
    let Json::Array(items) = json else {
        return Err(format!("`context.approved` is {}, not an array of roles", json.kind()));
    };
    let officer = |item: &Json| {
        let roles = [item.as_str()?.to_owned()].into();
        Some(Given { roles, at, expires_ms: at, approves: true })
    };
    let given: Option<Vec<Given>> = items.iter().map(officer).collect();
    let given = given.ok_or("`context.approved` names roles, one for each officer")?;
    Ok(Retry { asked_at: at, objection: None, given })
}

/// What is used of each meter: nothing where the context does not say.
fn read_spent(bundle: &Bundle, json: Option<&Json>) -> Result<Spent, String> {
    let mut spent: Spent = bundle.meters().map(|meter| (meter.name.clone(), 0)).collect();
    let Some(json) = json else { return Ok(spent) };
    let mut members = Members::of("context.meters", json)?;
    for (name, used) in &mut spent {
        if let Some(stated) = members.integer(name)? {
            *used = u64::try_from(stated)
                .map_err(|_| format!("`context.meters.{name}` is negative"))?;
        }
    }
    let known: Vec<&str> = spent.keys().map(String::as_str).collect();
    members.nothing_else(&known)?;
    Ok(spent)
}

/// What the execution may do at most: a grant of which nothing is spent.
fn read_grant(json: &Json) -> Result<Grant, String> {
    let value = Value::parse(json.to_text().as_bytes()).ok();
    value.as_ref().and_then(Grant::from_value).ok_or_else(|| {
        "`context.grant` has `actions` (sorted), `calls_max`, `depth_max`, `until_ms`, or none of them".to_owned()
    })
}

fn read_facts(json: &Json) -> Result<(Facts, Standing), String> {
    let known = [
        "assurance",
        "at_ms",
        "definition",
        "governance_verified",
        "halted",
        "lineage_intact",
        "registered",
        "trust",
    ];
    let (mut facts, mut standing) = DEFAULTS;
    let mut members = Members::of("context.facts", json)?;
    if let Some(at) = members.integer("at_ms")? {
        facts.at = at;
    }
    if let Some(word) = members.text("assurance")? {
        facts.assurance =
            Assurance::parse(&word).ok_or("`context.facts.assurance` is not an assurance")?;
    }
    if let Some(digest) = members.text("definition")? {
        let digest = digest.parse().map_err(|_| "`context.facts.definition` is not a digest")?;
        facts.definition = Some(digest);
    }
    if let Some(word) = members.text("trust")? {
        standing.trust = Trust::parse(&word).ok_or("`context.facts.trust` is not a trust state")?;
    }
    for (name, field) in [
        ("governance_verified", &mut standing.governance_verified),
        ("halted", &mut standing.halted),
        ("lineage_intact", &mut standing.lineage_intact),
        ("registered", &mut standing.registered),
    ] {
        if let Some(yes) = members.boolean(name)? {
            *field = yes;
        }
    }
    members.nothing_else(&known)?;
    Ok((facts, standing))
}

/// Lets an earlier event happen: `{"event", "at_ms", "action", "resource", "input", "output"}`, by the same subject.
fn relive(
    history: &mut History,
    event: &Json,
    asked: &Request,
    standing: &Standing,
    facts: &Facts,
) -> Result<(), String> {
    let mut members = Members::of("context.history[]", event)?;
    let kind = members.text("event")?.ok_or("`context.history[].event` is missing")?;
    let at = members.integer("at_ms")?.ok_or("`context.history[].at_ms` is missing")?;
    let action = members.text("action")?.ok_or("`context.history[].action` is missing")?;
    let resource = members.take("resource");
    let input = members.take("input");
    let output = members.take("output");
    members.nothing_else(&["action", "at_ms", "event", "input", "output", "resource"])?;
    let resource = match &resource {
        None => asked.resource.clone(),
        Some(json) => {
            let (kind, id) =
                entity_reference(json).ok_or("`context.history[].resource` is not {type, id}")?;
            Entity::new(kind, id)
        }
    };
    let request = Request {
        principal: asked.principal.clone(),
        action,
        resource: history.bundle().spelt(resource),
        input: input.map_or_else(|| "{}".to_owned(), |input| input.to_text()),
    };
    if output.is_some() && kind != "response" {
        return Err("`context.history[].output` belongs to a response".to_owned());
    }
    match kind.as_str() {
        "request" => remember(history, standing, &Facts { at, ..*facts }, &request),
        "response" => {
            history.complete(at, &request, &Outcome::Result(output.map(|output| output.to_text())))
        }
        "error" => history.complete(at, &request, &Outcome::Error),
        _ => {
            return Err(
                "`context.history[].event` is one of `request`, `response`, `error`".to_owned()
            );
        }
    }
    Ok(())
}

/// The members of an object, taken one by one.
struct Members {
    whose: &'static str,
    left: BTreeMap<String, Json>,
}

impl Members {
    fn of(whose: &'static str, json: &Json) -> Result<Members, String> {
        match json {
            Json::Object(members) => Ok(Members { whose, left: members.clone() }),
            other => Err(format!("`{whose}` is {}, not an object", other.kind())),
        }
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        self.left.remove(name)
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => {
                Err(format!("`{}.{name}` is {}, not a string", self.whose, other.kind()))
            }
        }
    }

    fn integer(&mut self, name: &str) -> Result<Option<i64>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Integer(n)) => Ok(Some(n)),
            Some(other) => {
                Err(format!("`{}.{name}` is {}, not an integer", self.whose, other.kind()))
            }
        }
    }

    fn boolean(&mut self, name: &str) -> Result<Option<bool>, String> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::Bool(yes)) => Ok(Some(yes)),
            Some(other) => {
                Err(format!("`{}.{name}` is {}, not a boolean", self.whose, other.kind()))
            }
        }
    }

    fn nothing_else(&self, known: &[&str]) -> Result<(), String> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        let meant = nearest(name, known.iter().copied());
        let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        Err(format!("`{}.{}` means nothing here{meant}", self.whose, quoted(name)))
    }
}

#[cfg(test)]
mod tests;
