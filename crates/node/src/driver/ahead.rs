//! The work that a session does for its requests before the thread that decides gets them.

use std::sync::{Arc, PoisonError, RwLock};

use kernel::Prepared;
use kernel::lineage::Transition;
use ledger::Disk;
use policy::Bundle;

use super::{Driver, KernelHandle};
use crate::clock;
use crate::limits::{LARGE_BYTES_MIN, SEALED_AHEAD_BYTES_MIN};

/// The bundle that decides, or decided until just now: for reading requests ahead.
#[derive(Clone)]
pub(super) struct ShownBundle(Arc<RwLock<Arc<Bundle>>>);

impl ShownBundle {
    /// Nothing has been decided yet.
    pub(super) fn empty() -> Self {
        Self(Arc::new(RwLock::new(Arc::new(Bundle::empty()))))
    }

    /// Reads a transition ahead on this thread, so that the kernel's has less to do.
    pub(super) fn prepare(&self, transition: Transition, workload: &str) -> Prepared {
        if !policy::can_read_here() {
            return Prepared::from(transition);
        }
        let bundle = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let is_large = transition.message.len() >= SEALED_AHEAD_BYTES_MIN;
        let prepared = Prepared::ahead(transition, workload, &bundle);
        match is_large.then(clock::entropy) {
            Some(Ok(entropy)) => prepared.sealed(entropy),
            _ => prepared,
        }
    }
}

/// Why a transition is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It can't be served in time.
    Overload,
    /// The thread that read it did not come to an end.
    Failed,
}

impl KernelHandle {
    /// Reads a transition ahead: a small one on this thread, a large one on a thread for such. What
    /// the kernel would not take is not read, for that is most of the work.
    pub(crate) async fn prepare(
        &self,
        transition: Transition,
        workload: &Arc<str>,
    ) -> Result<Prepared, NotRead> {
        let bytes = transition.message.len();
        if !self.takes(workload, bytes) {
            return Err(NotRead::Overload);
        }
        if bytes < LARGE_BYTES_MIN {
            self.readers.note_small(workload);
            return Ok(self.prepare_here(transition, workload));
        }
        let read = self.readers.prepare(self.shown.clone(), Arc::clone(workload), transition);
        read.await.map_err(|_| NotRead::Failed)?.ok_or(NotRead::Overload)
    }

    /// Reads a transition ahead on this thread, however large it is.
    pub(crate) fn prepare_here(&self, transition: Transition, workload: &str) -> Prepared {
        self.shown.prepare(transition, workload)
    }
}

impl<D: Disk> Driver<D> {
    /// Shows the bundle that decides from here on to the threads that read requests ahead.
    pub(super) fn show_bundle(&self) {
        let mut shown = self.mailbox.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::clone(self.kernel.state().bundle());
    }
}
