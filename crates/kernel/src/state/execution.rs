mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Bundle, HeldGrant, History, HistoryScope, Request, ResolvedRequest};
use proof::digest::Digest;
use record::lineage::{Delegation, DelegationRequest, Link, MessageDirection};
use record::{Grant, Labels};

use super::approvals::WaitingRequests;
use super::labels::ExecutionLabels;
use super::line::Sharing;
use crate::limits::{OPEN_TRANSITIONS_MAX, RESOLVED_REQUESTS_MAX};
use crate::state::Unreadable;

/// One job or conversation of one workload instance: its chain of records and its history.
/// `api` mirrors its public part for clients under the same name.
pub struct Execution {
    workload: String,
    os_user: u32,
    seq: u64,
    prev: Option<Digest>,
    history: Option<History>,
    /// Digest of its first sealed part, which holds fresh randomness.
    secret: Option<Digest>,
    /// Why the history is not known, and by the events of which execution.
    lost: Option<(Unreadable, String)>,
    open: BTreeMap<u64, OpenTransition>,
    delegation: Option<Delegation>,
    calls: u64,
    pub(super) touched: ExecutionLabels,
    pub(super) waiting: WaitingRequests,
    pub(super) sharing: Sharing,
}

/// Bytes of an open transition besides the text of its request.
const OPEN_BYTES: usize = 512;

/// The request of an open transition.
pub(crate) enum RetainedRequest {
    /// As it was read for its decision.
    Formed(ResolvedRequest),
    /// Only as it was put: to be read again when it ends.
    Put(Arc<Request>),
}

impl RetainedRequest {
    pub(crate) fn request(&self) -> &Arc<Request> {
        match self {
            Self::Formed(resolved) => resolved.request(),
            Self::Put(request) => request,
        }
    }
}

/// A permitted transition that has not completed.
pub(crate) struct OpenTransition {
    /// None where it could not be read: the history is lost then.
    pub(crate) asked: Option<RetainedRequest>,
    pub(crate) delegates: Option<DelegationRequest>,
    /// Which way its message went.
    pub(crate) direction: MessageDirection,
}

impl Execution {
    pub(super) fn new(
        workload: &str,
        os_user: u32,
        delegation: Option<Delegation>,
        bundle: &Arc<Bundle>,
    ) -> Self {
        let is_kept_above = delegation.is_some() && bundle.history_of() == HistoryScope::Line;
        Self {
            workload: workload.to_owned(),
            os_user,
            seq: 0,
            prev: None,
            history: History::new(bundle).ok().filter(|_| !is_kept_above),
            secret: None,
            lost: None,
            open: BTreeMap::new(),
            delegation,
            calls: 0,
            touched: ExecutionLabels::default(),
            waiting: WaitingRequests::default(),
            sharing: Sharing { is_kept_above, ..Sharing::default() },
        }
    }

    /// The registered workload it is a job of.
    #[must_use]
    pub fn workload(&self) -> &str {
        &self.workload
    }

    /// The OS user (uid) that speaks for it.
    #[must_use]
    pub fn os_user(&self) -> u32 {
        self.os_user
    }

    /// The execution that delegated to it, if one did.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        self.delegation.as_ref().map(|delegation| delegation.parent.as_str())
    }

    /// Its grant, and the part of it that it and its descendants have used.
    #[must_use]
    pub fn held(&self) -> HeldGrant {
        let grant = self.delegation.as_ref().map(|delegation| delegation.grant.clone());
        HeldGrant { grant: grant.unwrap_or_else(Grant::unlimited), calls: self.calls }
    }

    /// The labels of what it has touched.
    #[must_use]
    pub fn labels(&self) -> Labels {
        self.touched.labels()
    }

    /// How many records it has.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// `seq` of the permitted transitions that have not completed.
    pub fn open(&self) -> impl Iterator<Item = u64> {
        self.open.keys().copied()
    }

    /// Whether it has a history that could be followed without a gap.
    pub(super) fn has_history(&self) -> bool {
        self.history.is_some()
    }

    pub(super) fn history_mut(&mut self) -> Option<&mut History> {
        self.history.as_mut()
    }

    /// From here on the history is unknown, because of events of this execution: nothing more can
    /// be decided or replayed.
    pub(crate) fn lose_history(&mut self, why: Unreadable, of: &str) {
        self.history = None;
        self.lost.get_or_insert_with(|| (why, of.to_owned()));
    }

    /// Whether its history was lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Why its history is not known, and by the events of which execution.
    pub(super) fn lost_with(&self) -> Option<&(Unreadable, String)> {
        self.lost.as_ref()
    }

    /// Hands its history over, or why there is none.
    pub(super) fn take_history(&mut self) -> (Option<History>, Option<(Unreadable, String)>) {
        (self.history.take(), self.lost.take())
    }

    /// Takes over the events of another.
    pub(super) fn absorb(&mut self, other: History) {
        if let Some(history) = &mut self.history {
            history.absorb(other);
        }
    }

    pub(super) fn rebase(&mut self, bundle: &Arc<Bundle>) {
        if let Some(history) = &mut self.history {
            history.rebase(bundle);
        }
    }

    /// Has the monitors of its history take every event, where they have not.
    pub fn build_monitors(&self) {
        self.history.iter().for_each(History::build_monitors);
    }

    /// The digest of its last record.
    pub(crate) fn head(&self) -> Option<Digest> {
        self.prev
    }

    pub(super) fn next_link(&self, id: &str) -> Link {
        Link { execution: id.to_owned(), seq: self.seq, prev: self.prev, parents: Vec::new() }
    }

    pub(super) fn is_continued_by(&self, link: &Link) -> bool {
        link.seq == self.seq && link.prev == self.prev
    }

    pub(super) fn extend_chain(&mut self, record: Digest) {
        self.seq = self.seq.saturating_add(1);
        self.prev = Some(record);
    }

    /// Notes what its first sealed part was.
    pub(super) fn set_secret(&mut self, sealed: impl FnOnce() -> Vec<u8>) {
        if self.secret.is_none() {
            let sealed = sealed();
            let context = b"interlock.snapshot.v1\n".as_slice();
            self.secret = (!sealed.is_empty()).then(|| Digest::of_parts(&[context, &sealed]));
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < OPEN_TRANSITIONS_MAX
    }

    /// A permit is on record: the transition is open until it completes or is withheld.
    pub(crate) fn open_transition(&mut self, seq: u64, opened: OpenTransition) {
        let keeps_resolved = self.open.len() < RESOLVED_REQUESTS_MAX;
        let asked = opened.asked.map(|asked| match asked {
            RetainedRequest::Formed(resolved) => {
                let kept = Arc::clone(resolved.kept());
                let is_whole = Arc::ptr_eq(&kept, resolved.request());
                if keeps_resolved && is_whole {
                    RetainedRequest::Formed(resolved)
                } else {
                    RetainedRequest::Put(kept)
                }
            }
            put @ RetainedRequest::Put(_) => put,
        });
        self.open.insert(seq, OpenTransition { asked, ..opened });
    }

    /// About how many bytes of memory it holds: its history, and the requests of its open
    /// transitions.
    pub(crate) fn bytes(&self) -> usize {
        let asked = self.open.values().filter_map(|open| open.asked.as_ref());
        let open = asked.map(|asked| asked.request().input.len().saturating_add(OPEN_BYTES));
        let history = self.history.as_ref().map_or(0, History::bytes);
        open.fold(history, usize::saturating_add)
    }

    /// Which way the answer to an open transition goes.
    pub(super) fn answered(&self, seq: u64) -> Option<MessageDirection> {
        Some(self.open.get(&seq)?.direction.back())
    }

    /// The request of an open transition.
    pub(super) fn asked(&self, seq: u64) -> Option<&Request> {
        Some(self.open.get(&seq)?.asked.as_ref()?.request())
    }

    /// The delegation that an open transition requests, if it is one.
    pub(crate) fn delegates(&self, seq: u64) -> Option<&DelegationRequest> {
        self.open.get(&seq)?.delegates.as_ref()
    }

    /// One more permit for it, or for one who descends from it.
    pub(super) fn count_call(&mut self) {
        self.calls = self.calls.saturating_add(1);
    }

    /// The permit was not released.
    pub(super) fn withhold(&mut self, seq: u64) -> Option<OpenTransition> {
        self.touched.withhold(seq);
        self.open.remove(&seq)
    }

    /// The transition is open no more.
    pub(super) fn close(&mut self, seq: u64) -> Option<OpenTransition> {
        self.open.remove(&seq)
    }
}

#[cfg(test)]
mod tests;
