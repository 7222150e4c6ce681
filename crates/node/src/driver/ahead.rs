//! What whoever brings requests does ahead of the thread that decides.

use std::sync::{Arc, PoisonError, RwLock};

use kernel::Prepared;
use kernel::lineage::Transition;
use ledger::Disk;
use policy::Bundle;
use tokio::sync::oneshot;

use super::{Driver, Kernel};
use crate::clock;
use crate::limits::SEALED_AHEAD_BYTES_MIN;

/// The bundle that decides, or decided until just now: for reading requests ahead.
#[derive(Clone)]
pub(super) struct Shown(Arc<RwLock<Arc<Bundle>>>);

impl Shown {
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

impl Kernel {
    /// Reads a small transition ahead on this thread.
    pub(crate) fn prepare(&self, transition: Transition, workload: &str) -> Prepared {
        self.readers.note_small(workload);
        self.shown.prepare(transition, workload)
    }

    /// Reads a large transition ahead on a thread for such. What comes is none where it waited too long.
    pub(crate) fn prepare_large(
        &self,
        transition: Transition,
        workload: Arc<str>,
    ) -> oneshot::Receiver<Option<Prepared>> {
        self.readers.prepare(self.shown.clone(), workload, transition)
    }
}

impl<D: Disk> Driver<D> {
    /// Shows the bundle that decides from here on to whoever reads requests ahead.
    pub(super) fn show_bundle(&self) {
        let mut shown = self.mailbox.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::clone(self.kernel.state().bundle());
    }
}
