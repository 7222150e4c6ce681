//! Whether the servers that an order stopped are gone.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Order;
use crate::limits::SERVERS_END_MS_MAX;

/// The process that guards a server. It ends once all that the server started is gone.
#[derive(Debug, Clone)]
pub(super) enum ServerGuard {
    /// By a descriptor that can be read from once it has ended.
    Runs(Arc<OwnedFd>),
    Gone,
    /// The server is being started, unless that fails. It is gone once its session is over.
    Begins(watch::Receiver<()>),
    /// The machine gave no descriptor for it.
    Unknown,
}

impl ServerGuard {
    pub(super) fn of(pid: Option<u32>) -> Self {
        let pid = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let Some(pid) = pid else { return Self::Unknown };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => Self::Runs(Arc::new(process)),
            Err(Errno::SRCH) => Self::Gone,
            Err(_) => Self::Unknown,
        }
    }

    /// Whether it ends by then.
    async fn ends(&self, by: Instant) -> bool {
        match self {
            Self::Gone => true,
            Self::Unknown => false,
            Self::Begins(over) => {
                let mut over = over.clone();
                // Nothing is ever sent: the end is that the sender is dropped.
                timeout_at(by, over.changed()).await.is_ok()
            }
            Self::Runs(process) => match readable(process) {
                Ok(process) => {
                    timeout_at(by, process.readable()).await.is_ok_and(|end| end.is_ok())
                }
                Err(_) => false,
            },
        }
    }
}

#[expect(
    deprecated,
    reason = "sound for a descriptor that is owned; what replaces it would be unsafe code here"
)]
fn readable(process: &OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // A descriptor of its own: another order may wait for the same process.
    AsyncFd::with_interest(process.try_clone()?, Interest::READABLE)
}

impl Order {
    /// Waits until all servers that it stopped are gone, for at most [`SERVERS_END_MS_MAX`]. How
    /// many are not.
    pub(crate) async fn still_ending(&self) -> u64 {
        let by = Instant::now() + Duration::from_millis(SERVERS_END_MS_MAX);
        let mut ending: u64 = 0;
        for guard in &self.guards {
            ending = ending.saturating_add(u64::from(!guard.ends(by).await));
        }
        ending
    }
}
