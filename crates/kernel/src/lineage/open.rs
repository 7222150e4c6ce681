use policy::{Decision, LabelChange};
use proof::json::{Object, Span, Value};

use crate::members::{Malformed, wrong};

/// The public part of a decision, as it stands in its record: without `errors` and without the `why` of its checks.
// INVARIANT: the canonical text of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDecision(String);

impl OpenDecision {
    pub(crate) fn of(decision: &Decision) -> Self {
        Self(decision.to_open_text())
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, Malformed> {
        let object = value.as_object().ok_or_else(|| wrong("decision", "an object"))?;
        Ok(Self::from(object.clone()))
    }

    pub(super) fn at(span: Span<'_>) -> Option<Self> {
        span.members().map(|_| Self(span.text().to_owned()))
    }

    /// Its canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The object, built.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::parse(self.0.as_bytes()).unwrap_or(Value::Object(Object::new()))
    }

    /// `permit`, `deny` or `pending`.
    #[must_use]
    pub fn verdict(&self) -> Option<&str> {
        self.word("decision")
    }

    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.word("code")
    }

    /// A string as it stands in the text: none of those that are asked for has an escape.
    fn word(&self, member: &str) -> Option<&str> {
        self.span(member)?.text().strip_prefix('"')?.strip_suffix('"')
    }

    /// What a permit does to labels; none where that can't be read.
    pub(crate) fn labels(&self) -> Option<LabelChange> {
        match self.span("labels") {
            None => Some(LabelChange::default()),
            Some(labels) => LabelChange::from_value(&labels.to_value()?),
        }
    }

    /// What a pending decision waits for; nothing where that can't be read.
    #[must_use]
    pub fn awaits(&self) -> Vec<policy::Approval> {
        let awaits = self.span("awaits").and_then(Span::to_value);
        let awaits = awaits.as_ref().and_then(Value::as_array).unwrap_or_default();
        awaits.iter().filter_map(policy::Approval::from_value).collect()
    }

    fn span(&self, member: &str) -> Option<Span<'_>> {
        Span::known(&self.0).members()?.find(member)
    }
}

impl From<Object> for OpenDecision {
    fn from(object: Object) -> Self {
        let mut text = String::new();
        Value::Object(object).write(&mut text);
        Self(text)
    }
}
