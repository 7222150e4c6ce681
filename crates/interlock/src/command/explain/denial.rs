//! The causes of a denial: the labels that caused it, with the records that brought them, or the
//! permits that the request came close to.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::{Bundle, Entity, NearMiss, Request};
use proof::json::{Object, Value, number};
use record::lineage::Decided;

use super::labels::CarriedLabels;
use crate::domain::Log;
use crate::exit::Failure;

/// A recorded decision, with the bundle that made it and the private parts that can be read.
pub(super) struct RecordedDecision<'a> {
    pub(super) index: u64,
    pub(super) execution: Option<&'a str>,
    pub(super) bundle: &'a Arc<Bundle>,
    pub(super) decided: &'a Decided,
    pub(super) decision: &'a Value,
    pub(super) request: Option<&'a Value>,
    pub(super) message: Option<&'a [u8]>,
}

/// The causes of a denial by policy; empty for any other decision.
#[derive(Debug, Default)]
pub(super) struct Denial {
    /// The labels that the policies which denied look for, and the records that brought them.
    carried: Option<(CarriedLabels, BTreeSet<String>)>,
    /// The permits for the action; `None` where the denial has another cause than the lack of a
    /// permit.
    near: Option<Vec<NearMiss>>,
}

impl Denial {
    pub(super) fn of(log: &Log, recorded: &RecordedDecision<'_>) -> Result<Self, Failure> {
        let RecordedDecision { index, execution, bundle, decided, decision, message, .. } =
            *recorded;
        let by_this = decision.get("bundle").and_then(Value::as_str)
            == Some(bundle.digest().to_string().as_str());
        let (true, Some(execution)) = (by_this && is_denied(decision), execution) else {
            return Ok(Self::default());
        };
        let passing = kernel::lineage::passing(decided.direction);
        let found = message.map(|message| bundle.detected(passing, message)).unwrap_or_default();
        let unseen = message.and_then(|message| bundle.unseen(passing, message));
        let carried = CarriedLabels::before(log, execution, index, bundle.semantics())?;
        let carried = carried.with(&found, unseen);
        if !policy::is_forbidden(decision) {
            let (facts, labels) = (&decided.facts, carried.labels());
            let near = recorded
                .request
                .and_then(request)
                .map(|request| policy::near_misses(bundle, &request, facts, &labels));
            return Ok(Self { carried: None, near });
        }
        let policies = decision.get("policies").and_then(Value::as_array).unwrap_or_default();
        let ids = policies.iter().filter_map(|policy| policy.get("id")?.as_str());
        let looked_for: BTreeSet<String> =
            ids.flat_map(|id| policy::labels_looked_for(bundle, id)).collect();
        Ok(Self { carried: Some((carried, looked_for)), near: None })
    }

    /// The causes as lines of text.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((carried, looked_for)) = &self.carried {
            lines.extend(carried.lines(looked_for.iter()));
        }
        match self.near.as_deref() {
            None => {}
            Some([]) => lines.push("no permit is about this action".to_owned()),
            Some(near) => lines.extend(near.iter().flat_map(NearMiss::lines)),
        }
        lines
    }

    /// The causes as members of the JSON output.
    pub(super) fn members(&self) -> Object {
        let mut members = Object::new();
        if let Some((carried, looked_for)) = &self.carried {
            members.insert("labels", carried.to_value(looked_for));
        }
        if let Some(near) = &self.near {
            members.insert("near_misses", near.iter().map(near_miss).collect::<Vec<_>>().into());
        }
        members
    }
}

/// Whether the policies denied it.
fn is_denied(decision: &Value) -> bool {
    let checks = decision.get("checks").and_then(Value::as_array).unwrap_or_default();
    checks.iter().any(|check| {
        let word = |name: &str| check.get(name).and_then(Value::as_str);
        word("check") == Some("policy.denied") && word("outcome") == Some("fail")
    })
}

fn near_miss(miss: &NearMiss) -> Value {
    let texts = |texts: &[String]| -> Value {
        texts.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>().into()
    };
    // A file has fewer lines than 2^53.
    let line = number(u64::try_from(miss.line).unwrap_or_default());
    Value::Object(Object::from([
        ("failed", texts(&miss.failed)),
        ("file", Value::from(miss.file.as_str())),
        ("line", line),
        ("not_looked_at", texts(&miss.open)),
        ("policy", Value::from(miss.policy.as_str())),
    ]))
}

/// The request that a private part holds.
fn request(value: &Value) -> Option<Request> {
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let entity = |name: &str| {
        let entity = value.get(name)?;
        let (kind, id) = (text(entity, "type")?, text(entity, "id")?);
        Some(Entity { kind, id, properties: text(entity, "properties")? })
    };
    Some(Request {
        principal: entity("principal")?,
        action: text(value, "action")?,
        resource: entity("resource")?,
        input: text(value, "input")?,
    })
}
