//! What whoever brings requests does ahead of the thread that decides.

use std::sync::{Arc, PoisonError};

use kernel::Prepared;
use kernel::lineage::Transition;
use ledger::Disk;

use super::{Driver, Kernel};
use crate::clock;
use crate::limits::SEALED_AHEAD_BYTES_MIN;

impl Kernel {
    /// Reads a transition ahead on this thread, so that the kernel's has less to do.
    pub(crate) fn prepare(&self, transition: Transition, workload: &str) -> Prepared {
        if !policy::can_read_here() {
            return Prepared::from(transition);
        }
        let bundle = Arc::clone(&self.bundle.read().unwrap_or_else(PoisonError::into_inner));
        let is_large = transition.message.len() >= SEALED_AHEAD_BYTES_MIN;
        let prepared = Prepared::ahead(transition, workload, &bundle);
        match is_large.then(clock::entropy) {
            Some(Ok(entropy)) => prepared.sealed(entropy),
            _ => prepared,
        }
    }
}

impl<D: Disk> Driver<D> {
    /// Shows the bundle that decides from here on to whoever reads requests ahead.
    pub(super) fn show_bundle(&self) {
        let mut shown = self.mailbox.bundle.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::clone(self.kernel.state().bundle());
    }
}
