//! What every connection needs, whichever way it comes.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proof::digest::Digest;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;

use crate::authority::GovernanceBlobs;
use crate::driver::KernelHandle;
use crate::limits::{
    ORDER_BYTES_MAX, READS_MAX, REGISTERED_BYTES_MAX, REPLY_MS_MAX, STRANGER_BYTES_MAX,
    STREAMS_MAX, STREAMS_PER_USER_MAX,
};
use crate::notes::Notes;
use crate::places::{NoPlace, Place, PlaceBounds, Places, is_own};
use crate::session_threads::SessionThreads;
use crate::{Authority, Options};

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) kernel: KernelHandle,
    pub(crate) authority: Mutex<Authority>,
    pub(crate) blobs: Arc<GovernanceBlobs>,
    /// Told whenever something may be to be brought to the authority again.
    pub(crate) owing: tokio::sync::Notify,
    /// Digests of the changes that officers' commands bring just now.
    pub(crate) under_way: Mutex<Vec<Digest>>,
    pub(crate) sessions: Arc<Places>,
    pub(crate) session_threads: SessionThreads,
    /// The officers' thread, on which orders are carried out whichever way they come.
    pub(crate) officers: tokio::runtime::Handle,
    pub(crate) reads: Reads,
    pub(crate) streams: Streams,
    pub(crate) last_probe: LastProbe,
    pub(crate) log: Notes,
}

/// Which way a connection comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `node.sock`: agents, and who may not open the other.
    Agents,
    /// `officer.sock`: who may open it is an officer of this machine.
    Officers,
}

impl Way {
    /// Whether the node's own OS user, root or one of its officers asks.
    pub(crate) fn is_trusted(self, user: u32) -> bool {
        self == Way::Officers || is_own(user)
    }
}

impl Shared {
    /// How long a request of an OS user may be.
    pub(crate) fn request_bytes_max(&self, way: Way, user: u32) -> usize {
        match () {
            () if way.is_trusted(user) => ORDER_BYTES_MAX,
            () if self.kernel.switch.is_registered(user) => REGISTERED_BYTES_MAX,
            () => STRANGER_BYTES_MAX,
        }
    }
}

/// How many requests read a log at a time, apart for each socket.
pub(crate) struct Reads {
    agents: Semaphore,
    officers: Semaphore,
}

impl Default for Reads {
    fn default() -> Self {
        Self { agents: Semaphore::new(READS_MAX), officers: Semaphore::new(READS_MAX) }
    }
}

impl Reads {
    pub(crate) fn of(&self, way: Way) -> &Semaphore {
        match way {
            Way::Agents => &self.agents,
            Way::Officers => &self.officers,
        }
    }
}

/// Places of streams, apart from those of connections that ask and end.
pub(crate) struct Streams(Arc<Places>);

impl Default for Streams {
    fn default() -> Self {
        let (all, per_user) = (STREAMS_MAX, STREAMS_PER_USER_MAX);
        Self(Places::new(PlaceBounds { all, per_user, reserved: 0, assured: 0, newcomers: 0 }))
    }
}

impl Streams {
    pub(crate) fn take(&self, user: u32) -> Result<Place, NoPlace> {
        self.0.take(user, &BTreeSet::new())
    }
}

/// When a probe record was on stable storage last. Held while one is on its way, so that many who
/// ask at once write one.
pub(crate) type LastProbe = tokio::sync::Mutex<Option<Instant>>;

/// Writes a whole reply, within a time: whoever does not read it keeps no place for longer.
pub(crate) async fn write_reply(
    stream: &mut (impl AsyncWrite + Unpin),
    reply: &[u8],
) -> io::Result<()> {
    let wait = Duration::from_millis(REPLY_MS_MAX);
    let written = tokio::time::timeout(wait, stream.write_all(reply)).await;
    written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests;
