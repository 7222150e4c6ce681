use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::limits::{ANSWER_MS_MAX, WRITTEN_AT_ONCE_BYTES};

/// A node's socket, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSocket<'a> {
    /// Where the socket lies.
    pub path: &'a Path,
    /// The domain's folder. Who knows the socket alone takes the folder in which the socket lies.
    pub folder: &'a Path,
}

/// Why there is no connection to a node.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The system does not connect, or does not say who listens.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Somebody else than the node listens.
    #[error(transparent)]
    Foreign(#[from] ForeignListener),
}

/// A process that listens at a node's socket, and that runs as another OS user than the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing was sent, and nothing was done: the OS user {user} listens there, and the node runs \
     as the OS user {owner}; end what listens there, and put the socket into a folder where nobody \
     else can put one (the domain's own, say); if that process is the node, `chown` the domain to \
     the OS user {user}; if you named the socket alone, its folder must belong to the node's OS user"
)]
pub struct ForeignListener {
    /// The OS user of the process that listens.
    pub user: u32,
    /// The OS user that the node runs as.
    pub owner: u32,
}

impl NodeSocket<'_> {
    /// Connects, within a time: a connect waits where more wait than the node accepts. Who
    /// listens must be the OS user that the node runs as, or root: nothing is sent before that is
    /// known.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(&self) -> Result<UnixStream, ConnectError> {
        let stream = connect(self.path)?;
        self.check_listener(&stream)?;
        Ok(stream)
    }

    /// The system keeps the credentials of the process that called `listen`, whoever accepts later.
    fn check_listener(&self, stream: &UnixStream) -> Result<(), ConnectError> {
        let user = listener(stream)?;
        let owner = self.owner()?;
        let is_owner = user == owner && is_told_apart(user)?;
        match is_owner || user == 0 {
            true => Ok(()),
            false => Err(ForeignListener { user, owner }.into()),
        }
    }

    /// The OS user that the node runs as. A node opens no log of another OS user, so that is the
    /// log's owner. Where no log is to be seen, it is the owner of the folder.
    fn owner(&self) -> io::Result<u32> {
        let log = std::fs::metadata(self.folder.join("lineage"));
        let found = log.or_else(|_| std::fs::metadata(self.folder));
        // Of another kind than "nobody listens": somebody does.
        let unknown = |why| format!("whose folder `{}` is: {why}", self.folder.display());
        found.map(|found| found.uid()).map_err(|why| io::Error::other(unknown(why)))
    }
}

/// The OS user of the process that listens at the other end.
pub(crate) fn listener(stream: &UnixStream) -> io::Result<u32> {
    Ok(socket_peercred(stream)?.uid.as_raw())
}

/// Whether no two OS users have this number here. In a user namespace all that it does not map have
/// one: whose a socket is cannot be told by that.
fn is_told_apart(user: u32) -> io::Result<bool> {
    let unmapped = std::fs::read_to_string("/proc/sys/kernel/overflowuid")?;
    if unmapped.trim().parse() != Ok(user) {
        return Ok(true);
    }
    Ok(maps_all(&std::fs::read_to_string("/proc/self/uid_map")?))
}

/// Whether a namespace with this `uid_map` has all OS users.
fn maps_all(uid_map: &str) -> bool {
    let mut lines = uid_map.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.next().is_some_and(|line| line == ["0", "0", "4294967295"])
}

/// Whether something listens on the socket, whoever it is. Nothing is sent.
#[must_use]
pub fn is_listened_to(socket: &Path) -> bool {
    connect(socket).is_ok()
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    let (family, kind, flags) = (AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC);
    let descriptor = rustix::net::socket_with(family, kind, flags, None)?;
    let wait = Some(Duration::from_millis(ANSWER_MS_MAX));
    set_socket_timeout(&descriptor, Timeout::Send, wait)?;
    rustix::net::connect(&descriptor, &SocketAddrUnix::new(socket)?)?;
    Ok(UnixStream::from(descriptor))
}

/// A stream that is read and written until one time, however little the other end takes or sends
/// at a time.
#[derive(Debug)]
pub struct TimedStream<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl<'a> TimedStream<'a> {
    /// The stream, for so long from now on.
    #[must_use]
    pub fn new(stream: &'a UnixStream, wait: Duration) -> Self {
        Self { stream, until: Instant::now() + wait }
    }

    /// Gives it another time, which begins now.
    pub(crate) fn restart(&mut self, wait: Duration) {
        self.until = Instant::now() + wait;
    }

    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for TimedStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer)
    }
}

impl Write for TimedStream<'_> {
    /// Writes so little at once that the system waits once at most: it waits anew for each piece
    /// of a longer write.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        let some = bytes.get(..WRITTEN_AT_ONCE_BYTES).unwrap_or(bytes);
        self.stream.write(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests;
