use proof::json::{Object, Span, Text, Value};

use crate::members::{MalformedRecord, wrong};
use crate::{ApprovalRule, LabelChange};

/// The public part of a decision, as it stands in its record: without `errors` and without the
/// `why` of its checks.
// INVARIANT: the canonical text of an object, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDecision {
    text: String,
    verdict: Option<Text>,
    has_labels: bool,
}

impl OpenDecision {
    /// Of the canonical text of a decision's public part, with what it says: the verdict, and
    /// whether it changes labels.
    #[must_use]
    pub fn new(text: String, verdict: &str, has_labels: bool) -> Self {
        Self { text, verdict: Some(verdict.into()), has_labels }
    }

    pub(super) fn read(span: Span<'_>) -> Result<Self, MalformedRecord> {
        let (mut verdict, mut has_labels) = (None, false);
        for (key, value) in span.members().ok_or_else(|| wrong("decision", "an object"))? {
            match key {
                "decision" => verdict = value.short(),
                "labels" => has_labels = true,
                _ => {}
            }
        }
        Ok(Self { text: span.text().to_owned(), verdict, has_labels })
    }

    /// Its canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The object, built.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::parse(self.text.as_bytes()).unwrap_or(Value::Object(Object::new()))
    }

    /// `permit`, `deny` or `pending`.
    #[must_use]
    pub fn verdict(&self) -> Option<&str> {
        self.verdict.as_deref()
    }

    /// The reason code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        // No code has an escape: what stands between its quotes is the string itself.
        self.span("code")?.text().strip_prefix('"')?.strip_suffix('"')
    }

    /// The changes that a permit makes to labels; none where that can't be read.
    #[must_use]
    pub fn labels(&self) -> Option<LabelChange> {
        if !self.has_labels {
            return Some(LabelChange::default());
        }
        LabelChange::from_value(&self.span("labels")?.to_value()?)
    }

    /// The approvals that a pending decision waits for; empty where that can't be read.
    #[must_use]
    pub fn awaits(&self) -> Vec<ApprovalRule> {
        let awaits = self.span("awaits").and_then(Span::to_value);
        let awaits = awaits.as_ref().and_then(Value::as_array).unwrap_or_default();
        awaits.iter().filter_map(ApprovalRule::from_value).collect()
    }

    fn span(&self, member: &str) -> Option<Span<'_>> {
        Span::known(&self.text).members()?.find(member)
    }
}
