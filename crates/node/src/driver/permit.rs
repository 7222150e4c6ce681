use std::sync::Arc;

use kernel::step::Ticket;
use record::lineage::Completion;
use tokio::sync::oneshot;

use super::{Command, KernelHandle};

/// A permit that was handed out. Its holder reports how the transition ended, and discharges it. If
/// it is dropped before, by a session that panicked or was aborted, the transition ends as unknown.
pub(crate) struct HeldPermit {
    kernel: Option<KernelHandle>,
    workload: Arc<str>,
    ticket: Ticket,
}

impl HeldPermit {
    pub(super) fn new(kernel: &KernelHandle, workload: Arc<str>, ticket: Ticket) -> Self {
        Self { kernel: Some(kernel.clone()), workload, ticket }
    }

    /// The workload in whose turn its end comes.
    pub(crate) fn workload(&self) -> Arc<str> {
        Arc::clone(&self.workload)
    }

    /// Its holder says how the transition ended.
    pub(crate) fn discharge(mut self) {
        self.kernel = None;
    }
}

impl Drop for HeldPermit {
    fn drop(&mut self) {
        if let Some(kernel) = self.kernel.take() {
            let (reply, _nobody) = oneshot::channel();
            let end = (Completion::UNKNOWN, Vec::new(), None);
            let (workload, ticket) = (self.workload(), self.ticket);
            kernel.tell(Command::Outcome { workload, ticket, end, reply });
        }
    }
}
