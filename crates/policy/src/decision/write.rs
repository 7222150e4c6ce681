//! The canonical object of a decision. Its text is written at once: it is most of what a decision
//! on record costs.

use std::fmt::Write as _;

use proof::json::{Object, Value, write_string};
use record::ApprovalRule;

use super::{Check, Decision, DeterminingPolicy, EvaluationError};

/// The part that a decision's text leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redaction {
    /// Nothing is left out.
    None,
    /// The reasons in words are left out: they can quote arguments and names.
    Reasons,
}

impl Decision {
    /// The canonical object: `bundle`, `checks`, `code`, `decision`, `awaits`, `errors` and
    /// `labels` (only where there are any), `policies`, `v`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let checks = self.checks.iter().map(Check::to_value).collect();
        let policies = self.policies.iter().map(DeterminingPolicy::to_value).collect();
        let mut members = Object::new();
        if !self.awaits().is_empty() {
            let awaits = self.awaits().iter().map(ApprovalRule::to_value).collect();
            members.insert("awaits", Value::Array(awaits));
        }
        members.insert("bundle", self.bundle.to_value());
        members.insert("checks", Value::Array(checks));
        members.insert("code", Value::from(self.code()));
        members.insert("decision", Value::from(self.verdict().as_str()));
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(EvaluationError::to_value).collect();
            members.insert("errors", Value::Array(errors));
        }
        if !self.labels.is_empty() {
            members.insert("labels", self.labels.to_value());
        }
        members.insert("policies", Value::Array(policies));
        members.insert("v", Value::Integer(1));
        Value::Object(members)
    }

    /// The canonical bytes of [`Decision::to_value`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.text(Redaction::None).into_bytes()
    }

    /// The part of that text that can be public: without `errors`, and without the `why` of its
    /// checks.
    #[must_use]
    pub fn to_public_text(&self) -> String {
        self.text(Redaction::Reasons)
    }

    fn text(&self, redaction: Redaction) -> String {
        let mut text = String::with_capacity(2_048);
        text.push('{');
        if !self.awaits().is_empty() {
            list("\"awaits\":[", self.awaits(), &mut text, |one, text| one.to_value().write(text));
            text.push_str("],");
        }
        text.push_str("\"bundle\":\"");
        text.push_str(&self.bundle.to_text());
        list("\",\"checks\":[", &self.checks, &mut text, |check, text| {
            check.write(redaction, text)
        });
        text.push_str("],\"code\":");
        write_string(self.code(), &mut text);
        text.push_str(",\"decision\":");
        write_string(self.verdict().as_str(), &mut text);
        if !self.errors.is_empty() && redaction == Redaction::None {
            list(",\"errors\":[", &self.errors, &mut text, |one, text| one.to_value().write(text));
            text.push(']');
        }
        if !self.labels.is_empty() {
            text.push_str(",\"labels\":");
            self.labels.to_value().write(&mut text);
        }
        list(",\"policies\":[", &self.policies, &mut text, DeterminingPolicy::write);
        text.push_str("],\"v\":1}");
        text
    }
}

/// Adds what begins a list, and its elements with commas between them.
fn list<T>(begin: &str, all: &[T], text: &mut String, write: impl Fn(&T, &mut String)) {
    text.push_str(begin);
    for (number, one) in all.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        write(one, text);
    }
}

impl Check {
    fn to_value(&self) -> Value {
        let mut members = Object::from([
            ("check", Value::from(self.id.as_str())),
            ("outcome", Value::from(self.outcome.as_str())),
        ]);
        if let Some(why) = &self.why {
            members.insert("why", Value::from(why.as_str()));
        }
        Value::Object(members)
    }

    fn write(&self, redaction: Redaction, text: &mut String) {
        text.push_str("{\"check\":");
        write_string(self.id.as_str(), text);
        text.push_str(",\"outcome\":");
        write_string(self.outcome.as_str(), text);
        if let (Some(why), Redaction::None) = (&self.why, redaction) {
            text.push_str(",\"why\":");
            write_string(why, text);
        }
        text.push('}');
    }
}

impl DeterminingPolicy {
    fn to_value(&self) -> Value {
        let line = i64::try_from(self.line).unwrap_or(i64::MAX);
        Value::Object(Object::from([
            ("effect", Value::from(self.effect)),
            ("file", Value::from(self.file.as_str())),
            ("id", Value::from(self.id.as_str())),
            ("line", Value::Integer(line)),
        ]))
    }

    fn write(&self, text: &mut String) {
        text.push_str("{\"effect\":");
        write_string(self.effect, text);
        text.push_str(",\"file\":");
        write_string(&self.file, text);
        text.push_str(",\"id\":");
        write_string(&self.id, text);
        // Writing to a `String` cannot fail.
        let _written = write!(text, ",\"line\":{}}}", self.line);
    }
}

impl EvaluationError {
    fn to_value(&self) -> Value {
        let mut members = Object::from([("why", Value::from(self.why.as_str()))]);
        if !self.policy.is_empty() {
            members.insert("policy", Value::from(self.policy.as_str()));
        }
        Value::Object(members)
    }
}
