//! The events of one execution, as they came.

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::digest::Digest;

use crate::bundle::Bundle;
use crate::kept;

use crate::limits::{
    AT_MS_MAX, HISTORY_EVENT_BYTES, HISTORY_EVENTS_MAX, INPUT_BYTES_MAX, NAME_BYTES_MAX,
    PROPERTIES_BYTES_MAX, SERVER_EVENTS_MAX,
};
use crate::request::Request;
use crate::resolve::frame::EventFrame;
use crate::semantics::Semantics;

/// Events in order. One takes 64 bytes, its arguments and its result as text, and what it shares
/// with others of the same principal, action and resource.
#[derive(Default)]
pub(super) struct Events {
    pub(super) all: Vec<Recorded>,
    /// By their digests: comparing texts with those of many costs more than hashing them.
    frames: BTreeMap<Digest, Arc<EventFrame>>,
    /// The frame of the last event: what ends is often what was asked just before.
    last: Option<(Digest, Arc<EventFrame>)>,
    /// About how much memory they take.
    bytes: usize,
    /// One more event came than a history holds.
    full: bool,
    /// How many of them servers brought about.
    of_servers: usize,
}

/// Whose share of a history an event takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// There is one for all, as before the fourth version of the decider.
    Whole,
    /// The agent's own.
    OfAgent,
    /// What servers bring about: what they send, and the answers to it.
    OfServers,
}

impl Share {
    /// That of an event of this action under this bundle.
    pub(super) fn in_force(bundle: &Bundle, action: &str) -> Self {
        match (bundle.semantics() >= Semantics::V4, is_of_servers(action)) {
            (false, _) => Self::Whole,
            (true, false) => Self::OfAgent,
            (true, true) => Self::OfServers,
        }
    }
}

/// Whether a server brings about that an action is asked for.
fn is_of_servers(action: &str) -> bool {
    action.starts_with("server/") || action.starts_with("answer/")
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The clock's time, in milliseconds since the epoch; negative where it was none.
    pub(super) at: i64,
    /// The event's own time, in microseconds.
    pub(super) time: i64,
    pub(super) frame: Arc<EventFrame>,
    pub(super) input: Box<str>,
    pub(super) kind: EventKind,
}

/// An event that comes, with the digest of what it has in common with others.
pub(super) struct NewEvent<'a> {
    /// The clock's time, in milliseconds since the epoch.
    pub(super) at: i64,
    pub(super) request: &'a Request,
    /// The request as it is kept under the bundle that the event comes under, where it is known.
    pub(super) kept: Option<&'a Request>,
    pub(super) frame: Digest,
    pub(super) kind: EventKind,
}

/// What kind of event it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventKind {
    Request,
    Response(Option<Box<str>>),
    Error,
    /// A response or an error: nobody knows.
    Unknown,
}

impl EventKind {
    /// The event's kinds, as conditions name them.
    pub(super) fn names(&self) -> &'static [&'static str] {
        match self {
            EventKind::Request => &["request"],
            EventKind::Response(_) => &["response"],
            EventKind::Error => &["error"],
            EventKind::Unknown => &["response", "error"],
        }
    }

    /// The bytes of its own text.
    pub(super) fn bytes(&self) -> usize {
        match self {
            EventKind::Response(Some(output)) => output.len(),
            EventKind::Request
            | EventKind::Response(None)
            | EventKind::Error
            | EventKind::Unknown => 0,
        }
    }
}

/// Ticks of the temporal conditions in one millisecond: microseconds, so that a thousand events fit
/// into one millisecond before the clock is pushed ahead.
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

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn would_be_full(&self, share: Share) -> bool {
        self.full || !self.has_room(share)
    }

    fn has_room(&self, share: Share) -> bool {
        match share {
            Share::Whole => self.all.len() < HISTORY_EVENTS_MAX,
            Share::OfAgent => self.all.len().saturating_sub(self.of_servers) < HISTORY_EVENTS_MAX,
            Share::OfServers => self.of_servers < SERVER_EVENTS_MAX,
        }
    }

    /// The time of an event that comes at `at` milliseconds: the clock's, or just after the last
    /// event where the clock stood still or stepped back.
    pub(super) fn time_of_next(&self, at: i64) -> i64 {
        let clock = clamped(at).saturating_mul(TICKS_PER_MS);
        self.all.last().map_or(clock, |last| clock.max(last.time.saturating_add(1)))
    }

    /// Adds an event and gives it its time. What no bundle could take for a request is no event.
    pub(super) fn record(&mut self, bundle: &Bundle, event: NewEvent<'_>) -> Option<i64> {
        let NewEvent { at, request, kept, frame, kind } = event;
        let Request { principal, action, resource, input } = request;
        let properties = principal.properties.len().max(resource.properties.len());
        let names = [&principal.kind, &principal.id, action, &resource.kind, &resource.id];
        if input.len() > INPUT_BYTES_MAX
            || properties > PROPERTIES_BYTES_MAX
            || names.iter().any(|name| name.len() > NAME_BYTES_MAX)
        {
            return None;
        }
        let share = Share::in_force(bundle, action);
        if self.would_be_full(share) {
            // What servers bring about fills up their own share only.
            self.full |= share != Share::OfServers;
            return None;
        }
        let frame = self.interned(frame, || EventFrame {
            action: action.clone(),
            principal: principal.clone(),
            resource: resource.clone(),
        });
        let input =
            kept.map_or_else(|| kept::text(bundle, input), |kept| kept.input.as_str().into());
        Some(self.push(at, frame, input, kind))
    }

    /// No events yet; whether more came than a history holds is as it was.
    pub(super) fn restoring(full: bool) -> Events {
        Events { full, ..Events::default() }
    }

    /// Adds an event that fits, and gives it its time.
    pub(super) fn push(
        &mut self,
        at: i64,
        frame: Arc<EventFrame>,
        input: Box<str>,
        kind: EventKind,
    ) -> i64 {
        let time = self.time_of_next(at);
        let texts = input.len().saturating_add(kind.bytes());
        self.bytes = self.bytes.saturating_add(texts).saturating_add(HISTORY_EVENT_BYTES);
        self.of_servers = self.of_servers.saturating_add(usize::from(is_of_servers(&frame.action)));
        self.all.push(Recorded { at: clamped(at), time, frame, input, kind });
        time
    }

    /// Adds the events of others after its own. One that does not fit makes the history full.
    pub(super) fn absorb(&mut self, others: Events, share: impl Fn(&str) -> Share) {
        self.full |= others.full;
        for Recorded { at, frame, input, kind, .. } in others.all {
            let share = share(&frame.action);
            if !self.has_room(share) {
                self.full |= share != Share::OfServers;
                continue;
            }
            let frame = self.interned(frame.digest(), || EventFrame::clone(&frame));
            self.push(at, frame, input, kind);
        }
    }

    /// The one copy of what many events have in common.
    pub(super) fn interned(
        &mut self,
        digest: Digest,
        made: impl FnOnce() -> EventFrame,
    ) -> Arc<EventFrame> {
        if let Some((_, last)) = self.last.as_ref().filter(|(known, _)| *known == digest) {
            return Arc::clone(last);
        }
        let bytes = &mut self.bytes;
        let frame = self.frames.entry(digest).or_insert_with(|| {
            let frame = made();
            *bytes = bytes.saturating_add(frame.bytes()).saturating_add(HISTORY_EVENT_BYTES);
            Arc::new(frame)
        });
        self.last = Some((digest, Arc::clone(frame)));
        Arc::clone(frame)
    }
}

/// The time, or -1 for one that is beyond what a record can hold.
fn clamped(at: i64) -> i64 {
    if at > AT_MS_MAX { -1 } else { at.max(-AT_MS_MAX) }
}
