//! One evaluation that brings everything with it: an AuthZEN body, read into texts by the caller.
//!
//! The `context` of the body may have the members `input` (the arguments), `approved` (the
//! officers' roles), `facts`, `grant`, `history`, `labels` (of who asks), `meters` (what is used),
//! `resource_labels` and `tool` (`SERVER/TOOL`, as in `bundle.toml`); any other is malformed.
//! Members that are left out have the values of [`Facts::DEFAULT`] and [`DecisionState::DEFAULT`]:
//! constants, never the clock.

mod error;

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::json::Value;
use record::{Assurance, Facts, Grant, Labels, Trust};

use crate::approval::{OfficerVote, RetryEvidence};
use crate::bundle::Bundle;
use crate::decide::{decide, deny_malformed, record_only};
use crate::decision::Decision;
use crate::detectors::Passing;
use crate::facts::DecisionState;
use crate::grant::HeldGrant;
use crate::history::{History, TransitionOutcome};
use crate::json::InputValue;
use crate::meters::Spent;
use crate::nearest::nearest;
use crate::request::{Entity, Request, ToolName};
use crate::resolve::Malformed;
use crate::typed::{entity_reference, quoted};
pub use error::ContextError;

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
pub struct EvaluationInputs {
    /// The standing of who asks.
    pub state: DecisionState,
    /// The facts.
    pub facts: Facts,
    /// The request.
    pub request: Request,
    /// What happened before.
    pub history: History,
}

/// Decides one evaluation. Every evaluation gets a decision: one whose context is wrong is
/// `request.malformed`.
#[must_use]
pub fn evaluate(bundle: &Arc<Bundle>, evaluation: &Evaluation) -> Decision {
    match prepare(bundle, evaluation) {
        Ok(mut ready) => decide(&mut ready.history, &ready.state, &ready.facts, &ready.request),
        Err(why) => {
            let why = Malformed::Evaluation(why.to_string());
            deny_malformed(bundle, &DecisionState::DEFAULT, why)
        }
    }
}

/// Reads an evaluation into what [`decide`] takes. The error says what of the context is wrong.
///
/// # Errors
/// When the context has members that mean nothing here, or of the wrong type.
pub fn prepare(
    bundle: &Arc<Bundle>,
    evaluation: &Evaluation,
) -> Result<EvaluationInputs, ContextError> {
    let mut context = ContextMembers::of(
        "context",
        &InputValue::parse_context(&evaluation.context)
            .map_err(|why| ContextError::InputValue(why.to_string()))?,
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

    let (facts, mut state) = match facts {
        Some(facts) => read_facts(&facts)?,
        None => (Facts::DEFAULT, DecisionState::DEFAULT),
    };
    (state.labels, state.resource_labels) = (labels, resource_labels);
    if let Some(grant) = grant {
        state.grants.push(HeldGrant { grant: read_grant(&grant)?, calls: 0 });
    }
    state.tool = tool.map(|name| read_tool(bundle, &name, &evaluation.action)).transpose()?;
    state.spent = read_spent(bundle, spent.as_ref())?;
    state.retry = approved.map(|roles| read_approved(&roles, facts.at)).transpose()?;
    let request = Request {
        principal: evaluation.subject.clone(),
        action: evaluation.action.clone(),
        resource: bundle.spelt(evaluation.resource.clone()),
        input: input.map_or_else(|| "{}".to_owned(), |input| input.to_text()),
    };
    let message = format!("{{\"params\":{}}}", request.input);
    state.detected = bundle.detected(Passing::Arguments, message.as_bytes());
    let mut history = History::new(bundle)?;
    match earlier {
        None => {}
        Some(InputValue::Array(events)) => {
            for event in &events {
                record_event(&mut history, event, &request, &state, &facts)?;
            }
        }
        Some(other) => return Err(ContextError::HistoryNoArray { found: other.kind() }),
    }
    Ok(EvaluationInputs { state, facts, request, history })
}

/// Labels that the bundle declares.
fn read_labels(bundle: &Bundle, json: Option<InputValue>) -> Result<Labels, ContextError> {
    let Some(json) = json else { return Ok(Labels::NONE) };
    let InputValue::Array(items) = &json else {
        return Err(ContextError::LabelsNoArray { found: json.kind() });
    };
    let declared = |item: &InputValue| {
        item.as_str().filter(|label| bundle.labels.names().contains(label)).map(str::to_owned)
    };
    let labels: Option<Labels> = items.iter().map(declared).collect();
    labels.ok_or(ContextError::UnknownLabel)
}

/// A tool that the bundle says stands for the action.
fn read_tool(bundle: &Bundle, name: &str, action: &str) -> Result<ToolName, ContextError> {
    let known = bundle.tools().find(|tool| {
        name.split_once('/') == Some((tool.server, tool.tool)) && tool.action == action
    });
    let known = known.map(|tool| ToolName::new(tool.server, tool.tool));
    known.ok_or(ContextError::Tool)
}

/// A retry of what was asked at the same time, approved by one officer of each role that is named:
/// one for each time.
fn read_approved(json: &InputValue, at: i64) -> Result<RetryEvidence, ContextError> {
    let InputValue::Array(items) = json else {
        return Err(ContextError::ApprovedNoArray { found: json.kind() });
    };
    let officer = |item: &InputValue| {
        let roles = [item.as_str()?.to_owned()].into();
        Some(OfficerVote { roles, at, expires_ms: at, approves: true })
    };
    let votes: Option<Vec<OfficerVote>> = items.iter().map(officer).collect();
    let votes = votes.ok_or(ContextError::Approved)?;
    Ok(RetryEvidence { pending_at: at, objection: None, votes })
}

/// The use of each meter: 0 where the context does not state it.
fn read_spent(bundle: &Bundle, json: Option<&InputValue>) -> Result<Spent, ContextError> {
    let mut spent: Spent = bundle.meters().map(|meter| (meter.name.clone(), 0)).collect();
    let Some(json) = json else { return Ok(spent) };
    let mut members = ContextMembers::of("context.meters", json)?;
    for (name, used) in &mut spent {
        if let Some(stated) = members.integer(name)? {
            *used = u64::try_from(stated)
                .map_err(|_| ContextError::Negative { meter: name.clone() })?;
        }
    }
    let known: Vec<&str> = spent.keys().map(String::as_str).collect();
    members.nothing_else(&known)?;
    Ok(spent)
}

/// What the execution may do at most: a grant of which nothing is spent.
fn read_grant(json: &InputValue) -> Result<Grant, ContextError> {
    let value = Value::parse(json.to_text().as_bytes()).ok();
    value.as_ref().and_then(Grant::from_value).ok_or(ContextError::Grant)
}

fn read_facts(json: &InputValue) -> Result<(Facts, DecisionState), ContextError> {
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
    let (mut facts, mut state) = (Facts::DEFAULT, DecisionState::DEFAULT);
    let mut members = ContextMembers::of("context.facts", json)?;
    if let Some(at) = members.integer("at_ms")? {
        facts.at = at;
    }
    if let Some(word) = members.text("assurance")? {
        facts.assurance = Assurance::parse(&word).ok_or(ContextError::Assurance)?;
    }
    if let Some(digest) = members.text("definition")? {
        let digest = digest.parse().map_err(|_| ContextError::Definition)?;
        facts.definition = Some(digest);
    }
    if let Some(word) = members.text("trust")? {
        state.trust = Trust::parse(&word).ok_or(ContextError::Trust)?;
    }
    for (name, field) in [
        ("governance_verified", &mut state.governance_verified),
        ("halted", &mut state.halted),
        ("lineage_intact", &mut state.lineage_intact),
        ("registered", &mut state.registered),
    ] {
        if let Some(yes) = members.boolean(name)? {
            *field = yes;
        }
    }
    members.nothing_else(&known)?;
    Ok((facts, state))
}

/// Records an earlier event: `{"event", "at_ms", "action", "resource", "input", "output"}`, by the
/// same subject.
fn record_event(
    history: &mut History,
    event: &InputValue,
    asked: &Request,
    state: &DecisionState,
    facts: &Facts,
) -> Result<(), ContextError> {
    let mut members = ContextMembers::of("context.history[]", event)?;
    let kind = members.text("event")?.ok_or(ContextError::EventMember { name: "event" })?;
    let at = members.integer("at_ms")?.ok_or(ContextError::EventMember { name: "at_ms" })?;
    let action = members.text("action")?.ok_or(ContextError::EventMember { name: "action" })?;
    let resource = members.take("resource");
    let input = members.take("input");
    let output = members.take("output");
    members.nothing_else(&["action", "at_ms", "event", "input", "output", "resource"])?;
    let resource = match &resource {
        None => asked.resource.clone(),
        Some(json) => {
            let (kind, id) = entity_reference(json).ok_or(ContextError::EventResource)?;
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
        return Err(ContextError::EventOutput);
    }
    match kind.as_str() {
        "request" => record_only(history, state, &Facts { at, ..*facts }, &request),
        "response" => history.complete(
            at,
            &request,
            &TransitionOutcome::Result(output.map(|output| output.to_text())),
        ),
        "error" => history.complete(at, &request, &TransitionOutcome::Error),
        _ => {
            return Err(ContextError::EventKind);
        }
    }
    Ok(())
}

/// The members of an object, taken one by one.
struct ContextMembers {
    whose: &'static str,
    left: BTreeMap<String, InputValue>,
}

impl ContextMembers {
    fn of(whose: &'static str, json: &InputValue) -> Result<ContextMembers, ContextError> {
        match json {
            InputValue::Object(members) => Ok(ContextMembers { whose, left: members.clone() }),
            other => Err(ContextError::NoObject { whose, found: other.kind() }),
        }
    }

    fn take(&mut self, name: &str) -> Option<InputValue> {
        self.left.remove(name)
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, ContextError> {
        match self.take(name) {
            None => Ok(None),
            Some(InputValue::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, &other, "a string")),
        }
    }

    fn integer(&mut self, name: &str) -> Result<Option<i64>, ContextError> {
        match self.take(name) {
            None => Ok(None),
            Some(InputValue::Integer(n)) => Ok(Some(n)),
            Some(other) => Err(self.wrong(name, &other, "an integer")),
        }
    }

    fn boolean(&mut self, name: &str) -> Result<Option<bool>, ContextError> {
        match self.take(name) {
            None => Ok(None),
            Some(InputValue::Bool(yes)) => Ok(Some(yes)),
            Some(other) => Err(self.wrong(name, &other, "a boolean")),
        }
    }

    fn wrong(&self, name: &str, found: &InputValue, wanted: &'static str) -> ContextError {
        let name = name.to_owned();
        ContextError::Member { whose: self.whose, name, found: found.kind(), wanted }
    }

    /// Refuses what is left.
    fn nothing_else(&self, known: &[&str]) -> Result<(), ContextError> {
        let Some(name) = self.left.keys().next() else { return Ok(()) };
        let nearest = nearest(name, known.iter().copied());
        Err(ContextError::UnknownMember { whose: self.whose, name: quoted(name), nearest })
    }
}

#[cfg(test)]
mod tests;
