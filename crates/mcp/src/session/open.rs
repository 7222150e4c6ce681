use std::collections::{BTreeMap, VecDeque};

use wire::jsonrpc::Id;

use super::{SessionEffect, Written};
use crate::limits::{CANCELLED_MAX, GIVEN_UP_MAX};

/// The permitted requests of one side that are not yet answered, by id.
///
/// A cancelled request stays: its response may be on its way, and its outcome belongs on record.
/// But a response may never come, so only the latest [`CANCELLED_MAX`] stay, and not longer than
/// other requests.
#[derive(Debug, Default)]
pub(super) struct OpenRequests {
    requests: BTreeMap<Id, OpenRequest>,
    /// Ids of `requests`, each once, oldest cancellation first.
    cancelled: VecDeque<Id>,
    /// Ids of given-up requests whose responses may still come; oldest first.
    given_up: VecDeque<Id>,
    /// No request is overdue before this time.
    earliest_ms: Option<u64>,
}

/// A permitted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenRequest {
    pub(super) ticket: u64,
    pub(super) kind: RequestKind,
    pub(super) method: String,
    /// How much of its line the server's pipe accepted.
    pub(super) written: Written,
    /// The token under which its progress is reported.
    pub(super) progress: Option<Id>,
    /// When it is given up.
    pub(super) due_ms: u64,
    /// When it is given up at the latest, whatever postpones it.
    pub(super) latest_ms: u64,
}

/// A request that is no longer awaited.
pub(super) struct GivenUpRequest {
    pub(super) id: Id,
    pub(super) request: OpenRequest,
    /// The sender has cancelled it.
    pub(super) is_cancelled: bool,
}

impl OpenRequest {
    /// Completes it as unknown.
    pub(super) fn completed_as_unknown(&self) -> SessionEffect {
        SessionEffect::CompleteUnknown { ticket: self.ticket, written: self.written }
    }
}

/// The kind of a request, as far as its response must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestKind {
    Initialize,
    ListTools,
    Other,
}

impl OpenRequests {
    pub(super) fn has(&self, id: &Id) -> bool {
        self.requests.contains_key(id)
    }

    pub(super) fn get(&self, id: &Id) -> Option<&OpenRequest> {
        self.requests.get(id)
    }

    /// The id of an open request that was not cancelled before, spelled as in the request.
    pub(super) fn cancellable(&self, id: &Id) -> Option<&Id> {
        let (id, _) = self.requests.get_key_value(id)?;
        (!self.is_cancelled(id)).then_some(id)
    }

    pub(super) fn is_cancelled(&self, id: &Id) -> bool {
        self.cancelled.contains(id)
    }

    /// Records how much of the request's line the pipe accepted.
    pub(super) fn set_written(&mut self, id: &Id, written: Written) {
        if let Some(request) = self.requests.get_mut(id) {
            request.written = written;
        }
    }

    /// How many requests wait for a response that must come: all but the cancelled ones.
    pub(super) fn waiting_count(&self) -> usize {
        self.requests.len().saturating_sub(self.cancelled.len())
    }

    /// The id of the only request that waits for a response that must come. None if there are more.
    pub(super) fn only_waiting(&self) -> Option<&Id> {
        let mut waiting = self.requests.keys().filter(|id| !self.cancelled.contains(id));
        waiting.next().filter(|_| self.waiting_count() == 1)
    }

    pub(super) fn insert(&mut self, id: Id, request: OpenRequest) {
        let due_ms = request.due_ms;
        self.earliest_ms = Some(self.earliest_ms.map_or(due_ms, |earliest| earliest.min(due_ms)));
        self.requests.insert(id, request);
    }

    /// Marks a request as cancelled. Returns the oldest cancelled one if there is one too many: it
    /// is no longer awaited.
    pub(super) fn cancel(&mut self, id: &Id) -> Option<OpenRequest> {
        self.cancellable(id)?;
        self.cancelled.push_back(id.clone());
        if self.cancelled.len() <= CANCELLED_MAX {
            return None;
        }
        let oldest = self.cancelled.pop_front()?;
        self.requests.remove(&oldest)
    }

    /// Removes a request and returns its ticket.
    pub(super) fn remove(&mut self, id: &Id) -> Option<u64> {
        self.cancelled.retain(|cancelled| cancelled != id);
        self.requests.remove(id).map(|request| request.ticket)
    }

    /// No request is overdue before this time. It may be earlier than necessary.
    pub(super) fn earliest_ms(&self) -> Option<u64> {
        self.earliest_ms
    }

    /// Postpones the deadlines of matching requests to this time, but none beyond its latest.
    pub(super) fn postpone(&mut self, until_ms: u64, matches: impl Fn(&OpenRequest) -> bool) {
        for request in self.requests.values_mut().filter(|request| matches(request)) {
            request.due_ms = request.due_ms.max(until_ms.min(request.latest_ms));
        }
    }

    /// Gives up overdue requests, in order of ids.
    pub(super) fn give_up(&mut self, now_ms: u64) -> Vec<GivenUpRequest> {
        if self.earliest_ms.is_none_or(|earliest| earliest > now_ms) {
            return Vec::new();
        }
        let overdue = self.requests.extract_if(.., |_, request| request.due_ms <= now_ms);
        let overdue: Vec<(Id, OpenRequest)> = overdue.collect();
        self.earliest_ms = self.requests.values().map(|request| request.due_ms).min();
        overdue.into_iter().map(|(id, request)| self.given_up(id, request)).collect()
    }

    fn given_up(&mut self, id: Id, request: OpenRequest) -> GivenUpRequest {
        let is_cancelled = self.is_cancelled(&id);
        self.cancelled.retain(|cancelled| *cancelled != id);
        if self.given_up.len() == GIVEN_UP_MAX {
            self.given_up.pop_front();
        }
        self.given_up.push_back(id.clone());
        GivenUpRequest { id, request, is_cancelled }
    }

    /// Whether the request was given up and its response may still come.
    pub(super) fn was_given_up(&self, id: &Id) -> bool {
        self.given_up.contains(id)
    }

    /// Removes the id of a given-up request, whose response has come. False if there is no such
    /// request.
    pub(super) fn take_late(&mut self, id: &Id) -> bool {
        let place = self.given_up.iter().position(|given_up| given_up == id);
        place.and_then(|place| self.given_up.remove(place)).is_some()
    }

    /// Removes all requests.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Id, OpenRequest)> + use<> {
        self.cancelled.clear();
        self.earliest_ms = None;
        std::mem::take(&mut self.requests).into_iter()
    }
}
