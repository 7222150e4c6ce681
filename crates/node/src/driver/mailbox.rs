//! The way to the kernel: what it is asked, and the answers.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use api::execution::{EndedExecution, Execution};
use api::meter::MeterAccount;
use api::node::Status;
use kernel::Prepared;
use kernel::state::BlobSource;
use kernel::step::{Answer, Ticket};
use proof::digest::Digest;
use record::governance::SignedProposal;
use record::lineage::{Completion, ErasedFor, SignedApproval};
use tokio::sync::{oneshot, watch};

use super::ahead::ShownBundle;
use super::inbox::{Commands, Inbox};
use super::joins::Joining;
use super::permit::HeldPermit;
use super::readers::LargeReaders;
use crate::RefusalCode;
use crate::limits::TICK_MS;
use crate::pending::{FilteredRequests, RequestFilter};
use crate::stop::StopSwitch;
use crate::waiting_notes;

/// A tool as a server lists it.
pub(crate) struct ToolListing {
    pub(crate) server: String,
    pub(crate) tool: String,
    pub(crate) definition: Digest,
}

/// The way to the kernel. Cheap to clone.
#[derive(Clone)]
pub(crate) struct KernelHandle {
    pub(super) inbox: Arc<Inbox>,
    /// What is asked through this goes before what agents ask.
    is_officers: bool,
    pub(super) shown: ShownBundle,
    pub(super) readers: Arc<LargeReaders>,
    /// What stops sessions without waiting for the kernel.
    pub(crate) switch: Arc<StopSwitch>,
    /// How many records are on stable storage.
    pub(super) durable: Arc<watch::Sender<u64>>,
}

/// What becomes of the message that ended a transition: it goes on, or the code of what stopped its
/// execution.
pub(crate) type Settled = Result<(), &'static str>;

/// Where that is awaited.
pub(crate) type SettledReply = oneshot::Sender<Settled>;

/// What the kernel is asked. Each caller waits for its answer, so there are at most a few for
/// each connection.
pub(crate) enum Command {
    Join(Joining),
    Request {
        workload: Arc<str>,
        execution: String,
        transition: Box<Prepared>,
        reply: oneshot::Sender<Answered>,
    },
    End {
        workload: Arc<str>,
        execution: String,
        child: String,
        reply: oneshot::Sender<Result<(), &'static str>>,
    },
    Outcome {
        workload: Arc<str>,
        ticket: Ticket,
        end: End,
        reply: SettledReply,
    },
    IsListed {
        workload: Arc<str>,
        tool: ToolListing,
        reply: oneshot::Sender<bool>,
    },
    Reduce {
        proposal: Box<SignedProposal>,
        reply: oneshot::Sender<Result<bool, String>>,
    },
    Reductions {
        reply: oneshot::Sender<Vec<SignedProposal>>,
    },
    Kept {
        reply: oneshot::Sender<()>,
    },
    Govern {
        records: Vec<Vec<u8>>,
        blobs: Arc<dyn BlobSource + Send + Sync>,
        reply: oneshot::Sender<()>,
    },
    Erase {
        execution: String,
        by: (u32, ErasedFor),
        reply: oneshot::Sender<Result<u64, &'static str>>,
    },
    Approve {
        approval: Box<SignedApproval>,
        reply: oneshot::Sender<Result<u64, &'static str>>,
    },
    Waiting {
        sought: RequestFilter,
        reply: oneshot::Sender<FilteredRequests>,
    },
    Meters {
        reply: oneshot::Sender<Vec<MeterAccount>>,
    },
    /// Those of these executions that go on.
    Executions {
        ids: Vec<String>,
        reply: oneshot::Sender<Vec<Execution>>,
    },
    /// A probe record is written; the answer comes once it is durable.
    Probe {
        reply: oneshot::Sender<()>,
    },
    EndedExecutions {
        reply: oneshot::Sender<Vec<EndedExecution>>,
    },
    Status {
        is_local: bool,
        reply: oneshot::Sender<Status>,
    },
    Durable {
        size: u64,
    },
    /// Nothing is asked; what is due is done, as after every command.
    KeepUp,
    Tick,
}

impl Command {
    /// Whether it carries out what officers signed, which was verified before. Orders go before
    /// what agents ask, and among themselves in the order in which they came.
    fn is_order(&self) -> bool {
        matches!(
            self,
            Self::Reduce { .. } | Self::Reductions { .. } | Self::Kept { .. } | Self::Govern { .. }
        )
    }

    /// The workload whose turn it takes. Questions that no workload asks take turns of their own.
    pub(super) fn of(&self) -> &Arc<str> {
        static NOBODY: LazyLock<Arc<str>> = LazyLock::new(|| "".into());
        match self {
            Self::Request { workload, .. }
            | Self::Outcome { workload, .. }
            | Self::End { workload, .. }
            | Self::IsListed { workload, .. } => workload,
            _ => &NOBODY,
        }
    }

    /// Bytes of the message that it brings.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Request { transition, .. } => transition.transition().message.len(),
            Self::Outcome { end: (_, message, _), .. } => message.len(),
            _ => 0,
        }
    }
}

/// A request's answer.
pub(crate) struct Answered {
    pub(crate) ticket: Ticket,
    pub(crate) answer: Answer,
    /// The execution that a permitted delegation began.
    pub(crate) child: Option<String>,
    /// Of a permit whose transition is open.
    pub(crate) held: Option<HeldPermit>,
}

impl Answered {
    /// To what did not come to the kernel, and has no ticket.
    pub(crate) fn refused(answer: Answer) -> Self {
        Self { ticket: 0, answer, child: None, held: None }
    }
}

/// How a transition ended: outcome, message, structured result.
pub(crate) type End = (Completion, Vec<u8>, Option<String>);

impl KernelHandle {
    /// The way to the kernel of the node of this name, and where its thread takes what comes.
    pub(crate) fn new(node: &str) -> (Self, Commands) {
        let (inbox, commands) = Inbox::new();
        let (shown, readers) = (ShownBundle::empty(), Arc::new(LargeReaders::start()));
        let switch = StopSwitch::new(node);
        let durable = Arc::default();
        (Self { inbox, is_officers: false, shown, readers, switch, durable }, commands)
    }

    /// The officers' way to the same kernel.
    pub(crate) fn for_officers(&self) -> Self {
        Self { is_officers: true, ..self.clone() }
    }

    /// Tells the kernel's thread something. A kernel that has ended hears nothing, and nobody
    /// waits.
    pub(crate) fn tell(&self, command: Command) {
        if self.is_officers || command.is_order() {
            self.inbox.push_order(command);
        } else {
            self.inbox.push(command);
        }
    }

    /// As [`KernelHandle::ask`]; steps the kernel on this thread if nobody else does and nothing
    /// waits.
    fn ask_here<T: Send, C: FnOnce(oneshot::Sender<T>) -> Command>(
        &self,
        command: C,
    ) -> impl Future<Output = Option<T>> + Send + use<T, C> {
        let (reply, answer) = oneshot::channel();
        if let Some(command) = self.inbox.obey_here(command(reply)) {
            self.tell(command);
        }
        async move { answer.await.ok() }
    }

    /// Asks, and waits for the answer. None when the kernel has stopped.
    pub(super) fn ask<T: Send, C: FnOnce(oneshot::Sender<T>) -> Command>(
        &self,
        command: C,
    ) -> impl Future<Output = Option<T>> + Send + use<T, C> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply));
        async move { answer.await.ok() }
    }

    pub(crate) async fn join(
        &self,
        workload: Arc<str>,
        os_user: u32,
        execution: Option<String>,
    ) -> Option<Result<String, RefusalCode>> {
        let join = |reply| Command::Join(Joining { workload, os_user, execution, reply });
        self.ask(join).await.map(|joined| joined.map_err(RefusalCode))
    }

    /// Has an execution end one that descends from it.
    pub(crate) async fn end(
        &self,
        workload: Arc<str>,
        execution: String,
        child: String,
    ) -> Option<Result<(), RefusalCode>> {
        let ended = self.ask(move |reply| Command::End { workload, execution, child, reply });
        ended.await.map(|ended| ended.map_err(RefusalCode))
    }

    pub(crate) fn request(
        &self,
        workload: Arc<str>,
        execution: String,
        transition: Prepared,
    ) -> impl Future<Output = Option<Answered>> + Send + use<> {
        self.ask(request(workload, execution, transition))
    }

    /// As [`KernelHandle::request`], on this thread where it can be: for a caller that holds the
    /// kernel itself.
    pub(crate) fn request_here(
        &self,
        workload: Arc<str>,
        execution: String,
        transition: Prepared,
    ) -> impl Future<Output = Option<Answered>> + Send + use<> {
        self.ask_here(request(workload, execution, transition))
    }

    pub(crate) fn outcome(
        &self,
        workload: Arc<str>,
        ticket: Ticket,
        end: End,
    ) -> impl Future<Output = Option<Settled>> + Send + use<> {
        self.ask(move |reply| Command::Outcome { workload, ticket, end, reply })
    }

    /// As [`KernelHandle::outcome`], on this thread where it can be: for a caller that holds the
    /// kernel itself.
    pub(crate) fn outcome_here(
        &self,
        workload: Arc<str>,
        ticket: Ticket,
        end: End,
    ) -> impl Future<Output = Option<Settled>> + Send + use<> {
        self.ask_here(move |reply| Command::Outcome { workload, ticket, end, reply })
    }

    pub(crate) fn is_listed(
        &self,
        workload: Arc<str>,
        tool: ToolListing,
    ) -> impl Future<Output = bool> + Send + use<> {
        let listed = self.ask(move |reply| Command::IsListed { workload, tool, reply });
        async move { listed.await.unwrap_or(false) }
    }

    /// Hands over newly accepted governance records at once, so that they arrive in the order of
    /// the calls; resolves when the kernel has adopted them.
    pub(crate) fn govern(
        &self,
        records: Vec<Vec<u8>>,
        blobs: Arc<dyn BlobSource + Send + Sync>,
    ) -> impl Future<Output = Option<()>> + Send + use<> {
        self.ask(move |reply| Command::Govern { records, blobs, reply })
    }

    /// Erases an execution; asks at once, and resolves when its key is destroyed.
    pub(crate) fn erase(
        &self,
        execution: String,
        os_user: u32,
        reason: ErasedFor,
    ) -> impl Future<Output = Option<Result<u64, RefusalCode>>> + Send + use<> {
        let erased =
            self.ask(move |reply| Command::Erase { execution, by: (os_user, reason), reply });
        async move { erased.await.map(|erased| erased.map_err(RefusalCode)) }
    }

    /// Executions that ended and were not erased, by their ids.
    pub(crate) async fn ended_executions(&self) -> Option<Vec<EndedExecution>> {
        self.ask(move |reply| Command::EndedExecutions { reply }).await
    }

    pub(crate) async fn status(&self, is_local: bool) -> Option<Status> {
        self.ask(move |reply| Command::Status { is_local, reply }).await
    }

    /// Those of these executions that go on, in the order of their ids.
    pub(crate) async fn executions(&self, ids: Vec<String>) -> Option<Vec<Execution>> {
        self.ask(move |reply| Command::Executions { ids, reply }).await
    }

    /// Resolves once a probe record is on stable storage. None where there is no room for one.
    pub(crate) async fn probe(&self) -> Option<()> {
        self.ask(|reply| Command::Probe { reply }).await
    }

    /// How many records of the lineage log are on stable storage.
    pub(crate) fn durable_size(&self) -> u64 {
        *self.durable.borrow()
    }

    /// The same, as it grows.
    pub(crate) fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    /// How often something was refused since the node started, by code.
    pub(crate) fn refusals_since_start(&self) -> BTreeMap<&'static str, u64> {
        self.inbox.refusals_since_start()
    }

    /// Has the kernel obey what waits, and end.
    pub(crate) fn stop(&self) {
        self.inbox.close();
    }

    /// Whether the kernel has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.inbox.has_ended()
    }

    /// Resolves when the kernel has ended.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.inbox.ended()
    }

    /// Counts a refusal. Counting needs no room in the inbox, so that a flood of bad input costs
    /// none.
    pub(crate) fn refused(&self, code: &'static str) {
        self.inbox.refused(code);
    }

    /// Whether a request of so many bytes would wait for its workload's turn. Else it is refused at
    /// once, and reading it is of no use.
    pub(crate) fn takes(&self, workload: &Arc<str>, bytes: usize) -> bool {
        self.inbox.takes(workload, bytes)
    }

    /// Ticks, and refuses what waited too long, until the kernel is stopped. On a thread of its
    /// own: the kernel's may wait for the disk, and so may that of a caller who steps it.
    pub(crate) fn keep_time(&self) {
        let interval = Duration::from_millis(TICK_MS);
        let mut tick_at = Instant::now();
        loop {
            let late_at = self.inbox.refuse_late();
            self.readers.refuse_late();
            let now = Instant::now();
            if tick_at <= now {
                self.tell(Command::Tick);
                waiting_notes::say_unsaid();
                tick_at = now.checked_add(interval).unwrap_or(now);
            }
            // What comes from here on is late after the next tick at the earliest.
            if !self.inbox.wait_until(late_at.map_or(tick_at, |late_at| late_at.min(tick_at))) {
                return;
            }
        }
    }
}

/// Asks for a transition.
fn request(
    workload: Arc<str>,
    execution: String,
    transition: Prepared,
) -> impl FnOnce(oneshot::Sender<Answered>) -> Command {
    let transition = Box::new(transition);
    move |reply| Command::Request { workload, execution, transition, reply }
}
