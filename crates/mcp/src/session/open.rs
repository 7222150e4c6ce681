use std::collections::{BTreeMap, VecDeque};

use wire::jsonrpc::Id;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) ticket: u64,
    pub(super) asked: Asked,
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

    pub(super) fn get(&self, id: &Id) -> Option<Asked> {
        self.requests.get(id).map(|opened| opened.asked)
    }

    /// How many wait for a response that must come.
    pub(super) fn waiting(&self) -> usize {
        self.requests.len().saturating_sub(self.cancelled.len())
    }

    pub(super) fn insert(&mut self, id: Id, opened: Opened) {
        self.requests.insert(id, opened);
    }

    /// Marks a request as cancelled; gives the ticket of the one that is no longer awaited, if one is too many.
    pub(super) fn cancel(&mut self, id: &Id) -> Option<u64> {
        if !self.has(id) || self.cancelled.contains(id) {
            return None;
        }
        self.cancelled.push_back(id.clone());
        if self.cancelled.len() <= CANCELLED_MAX {
            return None;
        }
        let oldest = self.cancelled.pop_front()?;
        self.requests.remove(&oldest).map(|opened| opened.ticket)
    }

    /// Takes a request out; gives its ticket.
    pub(super) fn remove(&mut self, id: &Id) -> Option<u64> {
        self.cancelled.retain(|cancelled| cancelled != id);
        self.requests.remove(id).map(|opened| opened.ticket)
    }

    /// Takes all out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Id, u64)> {
        self.cancelled.clear();
        std::mem::take(&mut self.requests).into_iter().map(|(id, opened)| (id, opened.ticket))
    }
}
