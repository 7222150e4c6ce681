//! The tests that a bundle carries: `tests/requests.jsonl`, one AuthZEN body a line, and beside it
//! `tests/expected.jsonl`, one `{"code","decision","policies"}` a line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::bundle::{Bundle, EXPECTED, REQUESTS};
use crate::decision::{Decision, PERMITTED};
use crate::error::{Warning, WarningCode};
use crate::evaluation::{Evaluation, evaluate};
use crate::json::InputValue;
use crate::limits::{CASES_MAX, MISFITS_MAX};
use crate::request::Entity;
use crate::typed::quoted;

/// How a bundle's tests came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Cases that came out as expected.
    pub passed: usize,
    /// Those that did not.
    pub failed: Vec<CaseFailure>,
    /// Policies that determined no decision, by id.
    pub policies_unreached: Vec<String>,
    /// How many policies there are.
    pub policies: usize,
    /// How often each code came out.
    pub codes: BTreeMap<String, usize>,
    /// Codes of this semantics version that never came out.
    pub codes_unreached: Vec<String>,
}

/// A case that did not come out as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFailure {
    /// The line in both files, from 1.
    pub line: usize,
    /// The expected outcome: decision, code and policies, or the fault of the line.
    pub expected: String,
    /// What came out.
    pub found: String,
}

/// Runs the tests of a bundle.
#[must_use]
pub fn run(bundle: &Arc<Bundle>) -> CaseReport {
    let (requests, expected) = (lines(bundle, REQUESTS), lines(bundle, EXPECTED));
    let mut report = CaseReport { policies: bundle.policies().count(), ..CaseReport::default() };
    let mut reached: BTreeSet<String> = BTreeSet::new();
    if requests.len() != expected.len() || requests.len() > CASES_MAX {
        report.failed.push(CaseFailure {
            line: requests.len().min(expected.len()).saturating_add(1),
            expected: format!("at most {CASES_MAX} lines in each file, as many in both"),
            found: format!("{} requests, {} expectations", requests.len(), expected.len()),
        });
        return report;
    }
    for (index, (request, expected)) in requests.iter().zip(&expected).enumerate() {
        let line = index.saturating_add(1);
        let outcome = match read(request) {
            Err(why) => Err((format!("an AuthZEN body: it {why}"), "no decision".to_owned())),
            Ok(evaluation) => {
                let decision = evaluate(bundle, &evaluation);
                reached.extend(decision.policy_ids().map(str::to_owned));
                *report.codes.entry(decision.code().to_owned()).or_insert(0) += 1;
                let found = outcome(&decision);
                if found == *expected { Ok(()) } else { Err(((*expected).to_owned(), found)) }
            }
        };
        match outcome {
            Ok(()) => report.passed = report.passed.saturating_add(1),
            Err((expected, found)) => report.failed.push(CaseFailure { line, expected, found }),
        }
    }
    let ids = bundle.policies().map(|info| info.id.as_str());
    report.policies_unreached =
        ids.filter(|id| !reached.contains(*id)).map(str::to_owned).collect();
    let codes = bundle.semantics().checks().iter().map(|id| id.as_str()).chain([PERMITTED]);
    report.codes_unreached =
        codes.filter(|code| !report.codes.contains_key(*code)).map(str::to_owned).collect();
    report
}

/// The requests of a bundle's tests, line by line.
#[must_use]
pub fn requests(bundle: &Bundle) -> Vec<&str> {
    lines(bundle, REQUESTS)
}

/// Where the two files do not fit each other, and each line in them that is none of a case.
#[must_use]
pub fn misfits(bundle: &Bundle) -> Vec<Warning> {
    let (requests, expected) = (lines(bundle, REQUESTS), lines(bundle, EXPECTED));
    let unfit = |file: &str, index: usize, message: String| Warning {
        line: Some(index.saturating_add(1)),
        ..Warning::new(WarningCode::CaseUnfit, message).in_file(file)
    };
    let mut found = Vec::new();
    let (asked, told) = (requests.len(), expected.len());
    if asked != told {
        let file = if asked > told { REQUESTS } else { EXPECTED };
        let message = format!(
            "this line has none beside it: {asked} lines of `{REQUESTS}` and {told} of `{EXPECTED}`, one case a line in both"
        );
        found.push(unfit(file, asked.min(told), message));
    }
    for (index, line) in requests.iter().enumerate() {
        if let Err(why) = read(line) {
            found.push(unfit(REQUESTS, index, format!("this is no AuthZEN body: it {why}")));
        }
    }
    for (index, _) in expected.iter().enumerate().filter(|(_, line)| !is_outcome(line)) {
        let message = "this is no outcome: write `{\"code\":\"..\",\"decision\":\"permit, deny or pending\",\"policies\":[\"..\"]}`, in that order and without spaces";
        found.push(unfit(EXPECTED, index, message.to_owned()));
    }
    found.truncate(MISFITS_MAX);
    found
}

/// Whether a line is the outcome of some decision, written as [`outcome`] writes it.
fn is_outcome(line: &str) -> bool {
    use serde_json::Value;
    let Ok(value) = serde_json::from_str::<Value>(line) else { return false };
    let is_verdict = |word: &str| ["permit", "deny", "pending"].contains(&word);
    let policies = value.get("policies").and_then(Value::as_array);
    value.as_object().is_some_and(|members| members.len() == 3)
        && value.get("code").is_some_and(Value::is_string)
        && value.get("decision").and_then(Value::as_str).is_some_and(is_verdict)
        && policies.is_some_and(|all| all.iter().all(Value::is_string))
        && serde_json::to_string(&value).is_ok_and(|written| written == line)
}

/// What a case expects of a decision, as its line in `tests/expected.jsonl`.
#[must_use]
pub fn outcome(decision: &Decision) -> String {
    let policies: Vec<&str> = decision.policy_ids().collect();
    serde_json::json!({
        "code": decision.code(),
        "decision": decision.verdict().as_str(),
        "policies": policies,
    })
    .to_string()
}

/// Why a line is not an evaluation. The text follows "it".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// It is no JSON object.
    #[error("{0}")]
    InputValue(String),
    /// Its action has no name, or has properties.
    #[error("has no `action.name`, or `action.properties`")]
    Action,
    /// A member that must be a string.
    #[error("has no string `{name}`")]
    NoText {
        /// The member.
        name: String,
    },
    /// A member that must be an object.
    #[error("has no object `{name}`")]
    NoObject {
        /// The member.
        name: String,
    },
    /// A member that means nothing.
    #[error("has `{name}` in {whose}, which means nothing")]
    UnknownMember {
        /// The member.
        name: String,
        /// The object that it is in.
        whose: String,
    },
}

/// Reads one AuthZEN evaluation body: exactly `subject`, `action`, `resource` and, if need be,
/// `context`.
///
/// # Errors
/// [`CaseError`] when it is not one.
pub fn read(line: &str) -> Result<Evaluation, CaseError> {
    let body =
        InputValue::parse_object(line).map_err(|why| CaseError::InputValue(why.to_string()))?;
    only(&body, "the body", &["action", "context", "resource", "subject"])?;
    let action = object(&body, "action")?;
    only(action, "`action`", &["name", "properties"])?;
    let empty = InputValue::Object(BTreeMap::new());
    let nothing = action.get("properties").unwrap_or(&empty) == &empty;
    let name = action.get("name").and_then(InputValue::as_str).filter(|_| nothing);
    Ok(Evaluation {
        subject: entity(&body, "subject")?,
        action: name.ok_or(CaseError::Action)?.to_owned(),
        resource: entity(&body, "resource")?,
        context: body.get("context").unwrap_or(&empty).to_text(),
    })
}

fn entity(body: &BTreeMap<String, InputValue>, name: &str) -> Result<Entity, CaseError> {
    let members = object(body, name)?;
    only(members, &format!("`{name}`"), &["id", "properties", "type"])?;
    let text = |member: &str| {
        let text = members.get(member).and_then(InputValue::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| CaseError::NoText { name: format!("{name}.{member}") })
    };
    let properties = members.get("properties").map_or_else(|| "{}".to_owned(), InputValue::to_text);
    Ok(Entity { kind: text("type")?, id: text("id")?, properties })
}

fn object<'a>(
    body: &'a BTreeMap<String, InputValue>,
    name: &str,
) -> Result<&'a BTreeMap<String, InputValue>, CaseError> {
    body.get(name)
        .and_then(InputValue::as_object)
        .ok_or_else(|| CaseError::NoObject { name: name.to_owned() })
}

fn only(
    members: &BTreeMap<String, InputValue>,
    whose: &str,
    known: &[&str],
) -> Result<(), CaseError> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let (name, whose) = (quoted(name), whose.to_owned());
            Err(CaseError::UnknownMember { name, whose })
        }
        None => Ok(()),
    }
}

fn lines<'a>(bundle: &'a Bundle, path: &str) -> Vec<&'a str> {
    let bytes = bundle.files().get(path).map(Vec::as_slice).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default().lines().collect()
}

#[cfg(test)]
mod tests;
