//! Why no policy permits a request: the permits that come close to it, and what of them does not
//! hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use record::{Facts, Labels};

use crate::bundle::Bundle;
use crate::engine::PolicyPart;
use crate::facts::DecisionState;
use crate::limits::{NEAR_MISSES_MAX, SHOWN_CONDITION_CHARS_MAX};
use crate::request::Request;
use crate::resolve::bound::{ContextFacts, Validity};
use crate::resolve::resolve;

/// A permit whose action is the request's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// Its `@id`.
    pub policy: String,
    /// The file, relative to the bundle.
    pub file: String,
    /// The line on which it begins.
    pub line: usize,
    /// Its parts that do not hold: each says which part it is, and its text.
    pub failed: Vec<String>,
    /// Its conditions that look at what is not known any more: earlier events, or the trust state
    /// of that moment.
    pub open: Vec<String>,
}

impl NearMiss {
    /// Its description, line by line; all but the first are indented.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines =
            vec![format!("near miss: permit `{}` at {}:{}", self.policy, self.file, self.line)];
        lines.extend(self.failed.iter().map(|part| format!("  does not hold: {part}")));
        lines.extend(self.open.iter().map(|part| format!("  not looked at again: {part}")));
        lines
    }
}

/// The permits whose action is the request's, the nearest first, at most [`NEAR_MISSES_MAX`] of
/// them; none where the request does not fit the schema. `labels` are those that the execution
/// carried.
#[must_use]
pub fn near_misses(
    bundle: &Arc<Bundle>,
    request: &Request,
    facts: &Facts,
    labels: &Labels,
) -> Vec<NearMiss> {
    let resolved = resolve(bundle, request);
    let context_facts = ContextFacts {
        facts: *facts,
        trust: DecisionState::DEFAULT.trust,
        labels: labels.clone(),
        resource_labels: bundle.labels.stated(&bundle.shapes, request),
        detected: Labels::NONE,
    };
    let Validity::Ready(bound) = resolved.at(Some(&context_facts)) else { return Vec::new() };
    let found = bound.near(bundle).into_iter();
    let mut near: Vec<NearMiss> =
        found.filter_map(|(number, parts)| near_miss(bundle, number, parts)).collect();
    near.sort_by_key(|miss| (miss.failed.len(), miss.open.len()));
    near.truncate(NEAR_MISSES_MAX);
    near
}

fn near_miss(bundle: &Bundle, number: usize, parts: Vec<PolicyPart>) -> Option<NearMiss> {
    let info = bundle.numbered(number)?;
    let (mut failed, mut open) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            PolicyPart::Principal(text) => failed.push(format!("who asks: {}", shown(&text))),
            PolicyPart::Resource(text) => failed.push(format!("on what: {}", shown(&text))),
            PolicyPart::Condition(text) => failed.push(format!("the condition {}", shown(&text))),
            PolicyPart::Open(text) => open.push(format!("the condition {}", shown(&text))),
        }
    }
    let (policy, file, line) = (info.id.clone(), info.file.clone(), info.line);
    Some(NearMiss { policy, file, line, failed, open })
}

fn shown(text: &str) -> String {
    if text.contains(TEMPORAL) {
        return "on earlier events (`temporal`)".to_owned();
    }
    let text = without_brackets(&without_brackets(text));
    let mut shown: String = text.chars().take(SHOWN_CONDITION_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// In the names of the members of a context that stand for temporal conditions.
const TEMPORAL: &str = "__temporal_";

/// The text without brackets around what is no more than a path, as in `(context.input).path`.
fn without_brackets(text: &str) -> String {
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut parts = text.split('(');
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let path = part.split_once(')').filter(|(path, _)| path.chars().all(is_path));
        match path.filter(|_| !found.ends_with(is_path)) {
            Some((path, rest)) => found.extend([path, rest]),
            None => found.extend(["(", part]),
        }
    }
    found
}

/// The labels of an execution that a policy looks for, by its `@id`.
#[must_use]
pub fn labels_looked_for(bundle: &Bundle, policy: &str) -> BTreeSet<String> {
    let number = bundle.policies().position(|info| info.id == policy);
    number.map(|number| bundle.index.looks_for(number, "labels")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
