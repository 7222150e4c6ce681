use std::collections::{BTreeMap, VecDeque};

use wire::jsonrpc::Id;

use super::{Effect, Written};
use crate::limits::CANCELLED_MAX;

/// The requests of one side that were permitted and not yet answered, by id.
///
/// A cancelled request stays: its response may have been on its way, and what comes of it belongs on record. But
/// none need ever come, so only the latest [`CANCELLED_MAX`] are kept.
#[derive(Debug, Default)]
pub(super) struct Open {
    requests: BTreeMap<Id, Opened>,
    /// Ids of `requests`, each once, oldest cancellation first.
    cancelled: VecDeque<Id>,
}

/// A permitted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) ticket: u64,
    pub(super) asked: Asked,
    pub(super) method: String,
    /// How much of its line the server's pipe took.
    pub(super) written: Written,
}

impl Opened {
    /// It ends, and nobody knows how.
    pub(super) fn lost(&self) -> Effect {
        Effect::Lost { ticket: self.ticket, written: self.written }
    }
}

/// What was asked, as far as the response is read for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Initialize,
    ListTools,
    Other,
}

impl Open {
    pub(super) fn has(&self, id: &Id) -> bool {
        self.requests.contains_key(id)
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Opened> {
        self.requests.get(id)
    }

    /// The id, as the request has it, of one that is open and was not cancelled before.
    pub(super) fn cancellable(&self, id: &Id) -> Option<&Id> {
        let (id, _) = self.requests.get_key_value(id)?;
        (!self.cancelled.contains(id)).then_some(id)
    }

    /// The pipe took so much of the request's line.
    pub(super) fn wrote(&mut self, id: &Id, written: Written) {
        if let Some(opened) = self.requests.get_mut(id) {
            opened.written = written;
        }
    }

    /// How many wait for a response that must come.
    pub(super) fn waiting(&self) -> usize {
        self.requests.len().saturating_sub(self.cancelled.len())
    }

    /// The id of the only one that waits for a response that must come.
    pub(super) fn only(&self) -> Option<&Id> {
        let mut waiting = self.requests.keys().filter(|id| !self.cancelled.contains(id));
        waiting.next().filter(|_| self.waiting() == 1)
    }

    pub(super) fn insert(&mut self, id: Id, opened: Opened) {
        self.requests.insert(id, opened);
    }

    /// Marks a request as cancelled; gives the one that is no longer awaited, if one is too many.
    pub(super) fn cancel(&mut self, id: &Id) -> Option<Opened> {
        self.cancellable(id)?;
        self.cancelled.push_back(id.clone());
        if self.cancelled.len() <= CANCELLED_MAX {
            return None;
        }
        let oldest = self.cancelled.pop_front()?;
        self.requests.remove(&oldest)
    }

    /// Takes a request out; gives its ticket.
    pub(super) fn remove(&mut self, id: &Id) -> Option<u64> {
        self.cancelled.retain(|cancelled| cancelled != id);
        self.requests.remove(id).map(|opened| opened.ticket)
    }

    /// Takes all out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Id, Opened)> + use<> {
        self.cancelled.clear();
        std::mem::take(&mut self.requests).into_iter()
    }
}
