//! The events of one execution, as they came.

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::digest::Digest;

use super::kept;
use crate::bundle::Bundle;

use crate::limits::{
    AT_MS_MAX, HISTORY_EVENT_BYTES, HISTORY_EVENTS_MAX, INPUT_BYTES_MAX, NAME_BYTES_MAX,
    PROPERTIES_BYTES_MAX, SERVER_EVENTS_MAX,
};
use crate::request::{Entity, Request};
use crate::semantics::Semantics;

/// Events in order. One takes 64 bytes, its arguments and its result as text, and what it shares with others of the
/// same principal, action and resource.
#[derive(Default)]
pub(super) struct Events {
    pub(super) all: Vec<Recorded>,
    /// By their digests: comparing texts with those of many costs more than hashing them.
    frames: BTreeMap<Digest, Arc<Frame>>,
    /// The frame of the last event: what ends is often what was asked just before.
    last: Option<(Digest, Arc<Frame>)>,
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
    pub(super) frame: Arc<Frame>,
    pub(super) input: Box<str>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response(Option<Box<str>>),
    Error,
    /// A response or an error: nobody knows.
    Unknown,
}

impl Kind {
    /// The event's kinds, as conditions name them.
    pub(super) fn names(&self) -> &'static [&'static str] {
        match self {
            Kind::Request => &["request"],
            Kind::Response(_) => &["response"],
            Kind::Error => &["error"],
            Kind::Unknown => &["response", "error"],
        }
    }

    /// The bytes of its own text.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Kind::Response(Some(output)) => output.len(),
            Kind::Request | Kind::Response(None) | Kind::Error | Kind::Unknown => 0,
        }
    }
}

/// What many events of an execution have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// The time of an event that comes at `at` milliseconds: the clock's, or just after the last event where the clock
    /// stood still or stepped back.
    pub(super) fn time_of_next(&self, at: i64) -> i64 {
        let clock = sound(at).saturating_mul(TICKS_PER_MS);
        self.all.last().map_or(clock, |last| clock.max(last.time.saturating_add(1)))
    }

    /// Keeps an event and gives it its time. What no bundle could take for a request is no event.
    pub(super) fn record(
        &mut self,
        at: i64,
        (request, frame): (&Request, Digest),
        (kind, bundle): (Kind, &Bundle),
    ) -> Option<i64> {
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
        let frame = self.interned(frame, || Frame {
            action: action.clone(),
            principal: principal.clone(),
            resource: resource.clone(),
        });
        let input = kept::text(bundle, input);
        Some(self.keep(at, frame, input, kind))
    }

    /// No events yet; whether more came than a history holds is as it was.
    pub(super) fn restoring(full: bool) -> Events {
        Events { full, ..Events::default() }
    }

    /// Keeps an event that fits, and gives it its time.
    pub(super) fn keep(&mut self, at: i64, frame: Arc<Frame>, input: Box<str>, kind: Kind) -> i64 {
        let time = self.time_of_next(at);
        let texts = input.len().saturating_add(kind.bytes());
        self.bytes = self.bytes.saturating_add(texts).saturating_add(HISTORY_EVENT_BYTES);
        self.of_servers = self.of_servers.saturating_add(usize::from(is_of_servers(&frame.action)));
        self.all.push(Recorded { at: sound(at), time, frame, input, kind });
        time
    }

    /// Keeps the events of others after its own. What does not fit is as if it had come: no more does.
    pub(super) fn absorb(&mut self, others: Events, share: impl Fn(&str) -> Share) {
        self.full |= others.full;
        for Recorded { at, frame, input, kind, .. } in others.all {
            let share = share(&frame.action);
            if !self.has_room(share) {
                self.full |= share != Share::OfServers;
                continue;
            }
            let frame = self.interned(frame.digest(), || Frame::clone(&frame));
            self.keep(at, frame, input, kind);
        }
    }

    /// The one copy of what many events have in common.
    pub(super) fn interned(&mut self, digest: Digest, made: impl FnOnce() -> Frame) -> Arc<Frame> {
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

impl Frame {
    pub(super) fn texts(&self) -> [&str; 7] {
        texts(&self.action, &self.principal, &self.resource)
    }

    pub(super) fn digest(&self) -> Digest {
        digest(self.texts())
    }
}

/// Tells what the events of a request have in common with others.
pub(crate) fn frame_digest(request: &Request) -> Digest {
    digest(texts(&request.action, &request.principal, &request.resource))
}

fn texts<'a>(action: &'a str, principal: &'a Entity, resource: &'a Entity) -> [&'a str; 7] {
    let [a, b, c] = [&principal.kind, &principal.id, &principal.properties];
    let [d, e, f] = [&resource.kind, &resource.id, &resource.properties];
    [action, a, b, c, d, e, f]
}

/// Of these texts and of where each ends, so that no others have it.
fn digest(texts: [&str; 7]) -> Digest {
    let lengths = texts.map(|text| (text.len() as u64).to_le_bytes());
    let [a, b, c, d, e, f, g] = texts.map(str::as_bytes);
    Digest::of_parts(&[lengths.as_flattened(), a, b, c, d, e, f, g])
}

/// The time, or one before all times where it is beyond what any record can say.
fn sound(at: i64) -> i64 {
    if at > AT_MS_MAX { -1 } else { at.max(-AT_MS_MAX) }
}
