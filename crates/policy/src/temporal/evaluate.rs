//! Checks, at an event that is the newest or would be.

use std::borrow::Cow;

use dogwood_language::temporal_ast::CmpOp;
use dogwood_language::{Event, Value};

use super::check::{
    EventPattern, FieldTest, MonitorCheck, Operand, PastEvents, Path, SinceBody, StreamId,
};
use super::key;
use super::series::{Latest, SeriesEntry};
use super::state::MonitorState;

/// The newest event, beside what is known of earlier ones.
pub(super) struct NewestEvent<'a> {
    pub(super) event: &'a Event,
    pub(super) index: usize,
    pub(super) state: &'a MonitorState,
    /// The streams that the newest event belongs to, in order, with its key in each. Where a
    /// stream's own checks are evaluated, those before it.
    pub(super) joins: &'a [StreamMatch],
}

/// The newest event as a stream sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamMatch {
    pub(super) stream: StreamId,
    pub(super) key: Box<[u8]>,
    pub(super) entry: SeriesEntry,
}

impl<'a> NewestEvent<'a> {
    pub(super) fn all(&self, checks: &[MonitorCheck]) -> bool {
        checks.iter().all(|check| self.holds(check))
    }

    pub(super) fn holds(&self, check: &MonitorCheck) -> bool {
        match check {
            MonitorCheck::All(checks) => self.all(checks),
            MonitorCheck::Any(checks) => checks.iter().any(|check| self.holds(check)),
            MonitorCheck::Not(check) => !self.holds(check),
            MonitorCheck::Here(pattern) => self.matches(pattern),
            MonitorCheck::Known(operand) => self.value(operand).is_some(),
            MonitorCheck::Compare(op, left, right) => self.compare(*op, left, right),
            MonitorCheck::Formerly { past, window } => {
                self.latest(past).is_some_and(|latest| latest.time >= self.floor(*window))
            }
            MonitorCheck::Previous { past, window } => self.before(past).is_some_and(|latest| {
                latest.index.checked_add(1) == Some(self.index)
                    && latest.time >= self.floor(*window)
            }),
            MonitorCheck::Since { left, past, window } => self.latest(past).is_some_and(|anchor| {
                anchor.time >= self.floor(*window)
                    && self.broken(left).is_none_or(|broken| anchor.index >= broken)
            }),
        }
    }

    /// Whether the newest event has this form.
    pub(super) fn matches(&self, pattern: &EventPattern) -> bool {
        let event = self.event;
        event.action() == pattern.action
            && event.kind() == pattern.kind
            && event.namespace() == pattern.namespace
            && pattern.tests.iter().all(|test| self.passes(test))
    }

    fn passes(&self, test: &FieldTest) -> bool {
        let Some(found) = self.event.field_path(&test.field) else { return false };
        match &test.is {
            None => true,
            Some(operand) => self.value(operand).is_some_and(|value| value.dom_eq(found)),
        }
    }

    /// The earliest time in a window that ends now.
    fn floor(&self, window: i64) -> i64 {
        self.event.timestamp().saturating_sub(window)
    }

    /// The key of a past, unless a guard fails or a value is missing: then nothing belongs to it.
    fn key(&self, past: &PastEvents) -> Option<Vec<u8>> {
        if !self.all(&past.guards) {
            return None;
        }
        let mut bytes = Vec::new();
        for operand in &past.key {
            key::append(&mut bytes, self.value(operand)?.as_ref());
        }
        Some(bytes)
    }

    /// The newest event, if it belongs to the stream under this key.
    fn join(&self, stream: StreamId, key: &[u8]) -> Option<&SeriesEntry> {
        let at = self.joins.binary_search_by_key(&stream, |join| join.stream).ok()?;
        self.joins.get(at).filter(|join| *join.key == *key).map(|join| &join.entry)
    }

    /// The last event of a past, the newest included.
    fn latest(&self, past: &PastEvents) -> Option<Latest> {
        let key = self.key(past)?;
        let next = self.join(past.stream, &key);
        match self.state.series(past.stream, &key) {
            Some(series) => series.latest(next),
            None => next.map(|e| Latest { index: e.index, time: e.time, run: e.index }),
        }
    }

    /// The last event of a past, the newest excluded.
    fn before(&self, past: &PastEvents) -> Option<Latest> {
        let key = self.key(past)?;
        self.state.series(past.stream, &key)?.latest(None)
    }

    /// The last event at which it did not hold.
    fn broken(&self, left: &SinceBody) -> Option<usize> {
        match left {
            SinceBody::If(check) => (!self.holds(check)).then_some(self.index),
            SinceBody::Unless(past) => self.latest(past).map(|latest| latest.index),
            SinceBody::While(past) => match self.latest(past) {
                Some(latest) if latest.index == self.index => latest.run.checked_sub(1),
                _ => Some(self.index),
            },
            SinceBody::All(all) => all.iter().filter_map(|left| self.broken(left)).max(),
        }
    }

    fn total(&self, past: &PastEvents, window: i64) -> i64 {
        let Some(key) = self.key(past) else { return 0 };
        let next = self.join(past.stream, &key);
        let total = match self.state.series(past.stream, &key) {
            Some(series) => series.total(self.floor(window), next),
            None => next.map_or(0, |next| i128::from(next.weight)),
        };
        // Summed up exactly, and brought into the range of an integer once, as Dogwood does.
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }

    pub(super) fn value(&self, operand: &'a Operand) -> Option<Cow<'a, Value>> {
        match operand {
            Operand::Literal(value) => Some(Cow::Borrowed(value)),
            Operand::Field(path) => self.event.field_path(path).map(Cow::Borrowed),
            Operand::Context(path) => self.event.request_context_path(path).map(Cow::Borrowed),
            Operand::Scope(root, path) => self.event.scope_attr(root, path).map(Cow::Owned),
            Operand::Total { past, window } => {
                Some(Cow::Owned(Value::Int(self.total(past, *window))))
            }
            Operand::Once { checks, value } => {
                Some(Cow::Owned(Value::Int(self.once(checks, value))))
            }
        }
    }

    fn once(&self, checks: &'a [MonitorCheck], value: &'a Option<Box<Operand>>) -> i64 {
        if !self.all(checks) {
            return 0;
        }
        match value {
            None => 1,
            Some(operand) => self.value(operand).and_then(|value| value.as_int()).unwrap_or(0),
        }
    }

    fn compare(&self, op: CmpOp, left: &Operand, right: &Operand) -> bool {
        let (Some(left), Some(right)) = (self.value(left), self.value(right)) else { return false };
        let ordered = |holds: fn(&i64, &i64) -> bool| match (left.as_int(), right.as_int()) {
            (Some(left), Some(right)) => holds(&left, &right),
            _ => false,
        };
        match op {
            CmpOp::Eq => left.dom_eq(&right),
            CmpOp::NotEq => !left.dom_eq(&right),
            CmpOp::Lt => ordered(i64::lt),
            CmpOp::Le => ordered(i64::le),
            CmpOp::Gt => ordered(i64::gt),
            CmpOp::Ge => ordered(i64::ge),
        }
    }

    /// The values of these fields, as one key.
    pub(super) fn fields(&self, paths: &[Path]) -> Option<Box<[u8]>> {
        let mut bytes = Vec::new();
        for path in paths {
            key::append(&mut bytes, self.event.field_path(path)?);
        }
        Some(bytes.into_boxed_slice())
    }
}
