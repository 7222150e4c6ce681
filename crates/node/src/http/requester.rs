use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::approval::{Question, SignedQuestion};
use api::problem::{Code, Problem};
use proof::note::VerifierKey;
use tokio::sync::SemaphorePermit;

use super::refusal::Refusal;
use super::writer::ReplyState;
use crate::clock::wall_ms;
use crate::driver::KernelHandle;
use crate::limits::{CONNECTION_MS_MAX, HEAD_BYTES_MAX, HELD_REQUESTS, STRANGER_BYTES_MAX};
use crate::places::Place;
use crate::session::Upgrade;
use crate::shared::{Shared, Way};

/// Who asks, over which socket, and what it holds of the node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Requester {
    pub(super) shared: Arc<Shared>,
    /// The way to the kernel that belongs to the socket.
    pub(super) kernel: KernelHandle,
    pub(super) user: u32,
    way: Way,
    connection: Arc<Connection>,
}

/// What lasts as long as the connection.
struct Connection {
    place: Mutex<Option<Place>>,
    reply: Arc<ReplyState>,
    is_session: AtomicBool,
    /// Who takes the connection over once it is upgraded.
    upgrade: Mutex<Option<Upgrade>>,
}

impl Requester {
    pub(crate) fn new(shared: Arc<Shared>, user: u32, way: Way, place: Place) -> Self {
        let kernel = match way {
            Way::Agents => shared.kernel.clone(),
            Way::Officers => shared.kernel.for_officers(),
        };
        let place = Mutex::new(Some(place));
        let connection = Connection {
            place,
            reply: Arc::default(),
            is_session: AtomicBool::new(false),
            upgrade: Mutex::default(),
        };
        let connection = Arc::new(connection);
        Self { shared, kernel, user, way, connection }
    }

    /// Whether the node's own OS user, root or one of its officers asks.
    pub(super) fn is_trusted(&self) -> bool {
        self.way.is_trusted(self.user)
    }

    /// The OS user whose executions this requester may see; none where it may see all.
    pub(super) fn only_of(&self) -> Option<u32> {
        (!self.is_trusted()).then_some(self.user)
    }

    /// A refusal, counted.
    pub(super) fn refuse(&self, code: Code, detail: impl Into<String>) -> Refusal {
        if code.as_str().starts_with("refused.") {
            self.kernel.refused(code.as_str());
        }
        Problem::new(code, detail).into()
    }

    /// The key that signed a question over this path about this, where it is good for this node
    /// and now. Where root listens for the node, who asks names root.
    pub(super) fn signer(
        &self,
        signed: &SignedQuestion,
        path: &str,
        about: &str,
    ) -> Result<VerifierKey, Refusal> {
        let origin = &self.shared.options.governance_origin();
        let now_ms = wall_ms();
        let node_users = [rustix::process::geteuid().as_raw(), 0];
        let mut signers = node_users.into_iter().filter_map(|node_user| {
            signed.signer(&Question { origin, node_user, path, about }, now_ms)
        });
        signers.next().ok_or_else(|| {
            let why = "the question is not signed for this node, this path and what it asks, or \
                       too old";
            self.refuse(Code::Peer, why)
        })
    }

    pub(super) fn stopping(&self) -> Refusal {
        self.refuse(Code::Stopping, "the node is stopping")
    }

    /// How long a body may be that this requester sends.
    pub(super) fn body_bytes_max(&self) -> usize {
        let most = self.shared.request_bytes_max(self.way, self.user);
        // A stranger's head counts too: it holds no more in all.
        let head = if self.is_known() { 0 } else { HEAD_BYTES_MAX };
        most.saturating_sub(head)
    }

    /// How many bytes of requests its OS user may have the node hold at a time.
    fn held_bytes_max(&self) -> usize {
        // A stranger holds one such request in all connections together.
        match self.is_known() {
            true => self.body_bytes_max().saturating_mul(HELD_REQUESTS),
            false => STRANGER_BYTES_MAX,
        }
    }

    /// Whether the node trusts it, or its OS user has a workload here.
    fn is_known(&self) -> bool {
        self.is_trusted() || self.shared.kernel.switch.is_registered(self.user)
    }

    /// Takes room for so many bytes more. False where its OS user holds as much as one may.
    pub(crate) fn hold(&self, bytes: usize) -> bool {
        self.place().as_mut().is_none_or(|place| place.hold(bytes, self.held_bytes_max()))
    }

    /// Gives the place up: a stream has a place of its own, and no end.
    pub(super) fn becomes_stream(&self) {
        self.connection.reply.becomes_stream();
        drop(self.place().take());
    }

    /// Gives the place up: a session has a place of its own, and no end.
    pub(super) fn becomes_session(&self) {
        self.connection.is_session.store(true, Ordering::Relaxed);
        drop(self.place().take());
    }

    /// The connection goes there, once the reply that upgrades it is written.
    pub(super) fn upgrades_to(&self, upgrade: Upgrade) {
        *self.upgrade_slot() = Some(upgrade);
    }

    /// Where the connection goes, if it was upgraded.
    pub(super) fn upgrade(&self) -> Option<Upgrade> {
        self.upgrade_slot().take()
    }

    fn upgrade_slot(&self) -> MutexGuard<'_, Option<Upgrade>> {
        self.connection.upgrade.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the connection is.
    pub(super) fn reply_state(&self) -> Arc<ReplyState> {
        Arc::clone(&self.connection.reply)
    }

    fn place(&self) -> MutexGuard<'_, Option<Place>> {
        self.connection.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the connection must end; never for a stream or a session.
    pub(super) async fn out_of_time(&self) {
        tokio::time::sleep(Duration::from_millis(CONNECTION_MS_MAX)).await;
        let is_session = self.connection.is_session.load(Ordering::Relaxed);
        if self.connection.reply.is_stream() || is_session {
            std::future::pending::<()>().await;
        }
    }

    /// The right to read a log now, or the refusal.
    pub(super) fn may_read(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let permit = self.shared.reads.of(self.way).try_acquire();
        permit.map_err(|_| self.refuse(Code::Overload, "as many requests as may read the logs"))
    }

    /// Does something that reads a log, aside from the threads that serve sockets. As many may do
    /// so as the requester's way has room for.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, (Code, String)> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _permit = self.may_read()?;
        self.read_at_once(read).await
    }

    /// As [`Requester::read`], whoever else reads: for the few records that a person with a role
    /// asks about, which no agent's reads may hold up.
    pub(super) async fn read_at_once<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, (Code, String)> + Send + 'static,
    ) -> Result<T, Refusal> {
        let done = tokio::task::spawn_blocking(read).await;
        let done = done.map_err(|_| self.refuse(Code::Ledger, "the log could not be read"))?;
        done.map_err(|(code, why)| self.refuse(code, why))
    }
}
