//! A node without its socket: the thread that decides, asked from within the process. For programs
//! that hold the kernel themselves, and for measuring.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::lineage::Transition;
use kernel::step::{Answer, Ticket};
use ledger::Disk;
use record::lineage::Completion;

use crate::authority::GovernanceBlobs;
use crate::driver::{Driver, HeldPermit, KernelHandle};
use crate::start::{self, start_driver};
use crate::{Error, Options, RefusalCode};

/// The deciding thread of a domain's node. Cheap to clone; the thread runs until [`Direct::stop`].
#[derive(Clone)]
pub struct Direct {
    kernel: KernelHandle,
    /// The workloads of the executions that joined.
    workloads: Arc<Mutex<BTreeMap<String, Arc<str>>>>,
    /// The workloads of open transitions.
    open: Arc<Mutex<BTreeMap<Ticket, Arc<str>>>>,
}

impl Direct {
    /// Opens a domain's logs and folds them, as [`crate::start`] does.
    ///
    /// # Errors
    /// `keys`, `ledger`, `governance` or `replay`: nothing has been decided then.
    pub async fn open(options: &Options) -> Result<(Self, DirectThread), Error> {
        let blobs = GovernanceBlobs::open(&options.governance_folder())?;
        let options = options.clone();
        Self::start(&options.node.clone(), move |mailbox| start::open(&options, mailbox, blobs))
            .await
    }

    /// A node of the domain whose lineage log is new, and lies on this disk instead of in the
    /// domain's folder.
    ///
    /// # Errors
    /// As [`Direct::open`].
    pub async fn over<D: Disk>(options: &Options, disk: D) -> Result<(Self, DirectThread), Error> {
        let blobs = GovernanceBlobs::open(&options.governance_folder())?;
        let options = options.clone();
        let node = options.node.clone();
        Self::start(&node, move |mailbox| start::begin(&options, disk, mailbox, blobs)).await
    }

    async fn start<D: Disk>(
        node: &str,
        open: impl FnOnce(KernelHandle) -> Result<Driver<D>, Error> + Send + 'static,
    ) -> Result<(Self, DirectThread), Error> {
        let (kernel, commands) = KernelHandle::new(node);
        let mailbox = kernel.clone();
        let thread = start_driver(move || open(mailbox), commands).await?;
        let node = Self { kernel, workloads: Arc::default(), open: Arc::default() };
        Ok((node, DirectThread(thread)))
    }

    /// The execution that an OS user's instances of a workload share, or why it is refused.
    /// `None` once the thread has stopped.
    pub async fn join(&self, workload: &str, os_user: u32) -> Option<Result<String, RefusalCode>> {
        let workload: Arc<str> = workload.into();
        let joined = self.kernel.join(Arc::clone(&workload), os_user, None).await?;
        if let Ok(execution) = &joined {
            let mut workloads = self.workloads.lock().unwrap_or_else(PoisonError::into_inner);
            workloads.insert(execution.clone(), workload);
        }
        Some(joined)
    }

    /// Asks for one transition; resolves once the decision is durable. `None` once the thread has
    /// stopped.
    pub async fn request(
        &self,
        execution: &str,
        transition: Transition,
    ) -> Option<(Ticket, Answer)> {
        let workload = {
            let workloads = self.workloads.lock().unwrap_or_else(PoisonError::into_inner);
            workloads.get(execution).cloned()
        };
        let prepared = match &workload {
            Some(workload) => self.kernel.prepare_here(transition, workload),
            None => transition.into(),
        };
        let of = workload.unwrap_or_default();
        let answered = self.kernel.request_here(of, execution.to_owned(), prepared).await?;
        if let Some(held) = &answered.held {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.insert(answered.ticket, held.workload());
        }
        // The caller says by the ticket how it ended.
        answered.held.into_iter().for_each(HeldPermit::discharge);
        Some((answered.ticket, answered.answer))
    }

    /// Ends a permitted transition with this message and JSON text of a structured result. False
    /// where it was not open, its end could not be kept, or the execution may not go on.
    pub async fn complete(
        &self,
        ticket: Ticket,
        outcome: Completion,
        message: Vec<u8>,
        output: Option<String>,
    ) -> bool {
        let of = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&ticket);
        let end = (outcome, message, output);
        let settled = self.kernel.outcome_here(of.unwrap_or_default(), ticket, end).await;
        settled.is_some_and(|end| end.is_ok())
    }

    pub(crate) fn kernel(&self) -> &KernelHandle {
        &self.kernel
    }

    /// Writes and publishes what was sequenced, and ends the thread.
    pub async fn stop(self, thread: DirectThread) {
        self.kernel.stop();
        let _joined = tokio::task::spawn_blocking(move || thread.0.join()).await;
    }
}

/// The thread behind a [`Direct`].
#[derive(Debug)]
pub struct DirectThread(std::thread::JoinHandle<()>);
