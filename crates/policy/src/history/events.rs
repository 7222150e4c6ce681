//! The events of one execution, as they came.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::limits::{
    AT_MS_MAX, HISTORY_EVENTS_MAX, INPUT_BYTES_MAX, NAME_BYTES_MAX, PROPERTIES_BYTES_MAX,
};
use crate::request::{Entity, Request};

/// Events in order. One takes 64 bytes, its arguments and its result as text, and what it shares with others of the
/// same principal, action and resource.
#[derive(Default)]
pub(super) struct Events {
    pub(super) all: Vec<Recorded>,
    frames: BTreeSet<Arc<Frame>>,
    /// One more event came than a history holds.
    full: bool,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The clock's time, in milliseconds since the epoch; negative where it was none.
    pub(super) at: i64,
    /// The event's own time, in microseconds.
    pub(super) time: i64,
    pub(super) frame: Arc<Frame>,
    pub(super) input: Box<str>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response(Option<Box<str>>),
    Error,
}

impl Kind {
    /// The event's kind, as conditions name it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Kind::Request => "request",
            Kind::Response(_) => "response",
            Kind::Error => "error",
        }
    }
}

/// What many events of an execution have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    pub(super) action: String,
    pub(super) principal: Entity,
    pub(super) resource: Entity,
}

/// Ticks of the temporal conditions in one millisecond: microseconds, so that a thousand events fit into one
/// millisecond before the clock is pushed ahead.
const TICKS_PER_MS: i64 = 1_000;

impl Recorded {
    pub(super) fn request(&self) -> Request {
        Request {
            principal: self.frame.principal.clone(),
            action: self.frame.action.clone(),
            resource: self.frame.resource.clone(),
            input: self.input.to_string(),
        }
    }
}

impl Events {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn would_be_full(&self) -> bool {
        self.full || self.all.len() >= HISTORY_EVENTS_MAX
    }

    /// The time of an event that comes at `at` milliseconds: the clock's, or just after the last event where the clock
    /// stood still or stepped back.
    pub(super) fn time_of_next(&self, at: i64) -> i64 {
        let clock = sound(at).saturating_mul(TICKS_PER_MS);
        self.all.last().map_or(clock, |last| clock.max(last.time.saturating_add(1)))
    }

    /// Keeps an event and gives it its time. What no bundle could take for a request is no event.
    pub(super) fn record(&mut self, at: i64, request: &Request, kind: Kind) -> Option<i64> {
        let Request { principal, action, resource, input } = request;
        let properties = principal.properties.len().max(resource.properties.len());
        let names = [&principal.kind, &principal.id, action, &resource.kind, &resource.id];
        if input.len() > INPUT_BYTES_MAX
            || properties > PROPERTIES_BYTES_MAX
            || names.iter().any(|name| name.len() > NAME_BYTES_MAX)
        {
            return None;
        }
        if self.would_be_full() {
            self.full = true;
            return None;
        }
        let frame = self.interned(Frame {
            action: request.action.clone(),
            principal: request.principal.clone(),
            resource: request.resource.clone(),
        });
        Some(self.keep(at, frame, input.as_str().into(), kind))
    }

    /// No events yet; whether more came than a history holds is as it was.
    pub(super) fn restoring(full: bool) -> Events {
        Events { full, ..Events::default() }
    }

    /// Keeps an event that fits, and gives it its time.
    pub(super) fn keep(&mut self, at: i64, frame: Arc<Frame>, input: Box<str>, kind: Kind) -> i64 {
        let time = self.time_of_next(at);
        self.all.push(Recorded { at: sound(at), time, frame, input, kind });
        time
    }

    /// The one copy of what many events have in common.
    pub(super) fn interned(&mut self, frame: Frame) -> Arc<Frame> {
        if let Some(known) = self.frames.get(&frame) {
            return Arc::clone(known);
        }
        let frame = Arc::new(frame);
        self.frames.insert(Arc::clone(&frame));
        frame
    }
}

/// The time, or one before all times where it is beyond what any record can say.
fn sound(at: i64) -> i64 {
    if at > AT_MS_MAX { -1 } else { at.max(-AT_MS_MAX) }
}
