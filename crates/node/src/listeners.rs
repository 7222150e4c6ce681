//! The node's sockets: bound at start, and bound anew where somebody removes them while the node
//! serves. Without them no order gets in, and the log's lock keeps every order out of the log too.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::driver::halt;
use crate::limits::SOCKETS_MS;
use crate::notes::Notes;
use crate::shared::Way;
use crate::{Error, client};

/// What a socket listens with: from the start, and once it is bound anew.
pub(crate) struct Listeners {
    pub(crate) first: UnixListener,
    pub(crate) anew: UnboundedReceiver<UnixListener>,
}

/// [`Listeners`] of the runtime that accepts from them.
pub(crate) struct RuntimeListeners {
    pub(crate) current: tokio::net::UnixListener,
    pub(crate) anew: UnboundedReceiver<UnixListener>,
}

impl Listeners {
    /// Registers them with the runtime that this is called on.
    pub(crate) fn register(self) -> io::Result<RuntimeListeners> {
        let Self { first, anew } = self;
        Ok(RuntimeListeners { current: tokio::net::UnixListener::from_std(first)?, anew })
    }
}

/// A socket of the node that is bound.
pub(crate) struct BoundSocket {
    path: PathBuf,
    way: Way,
    /// Whose members may open the officers' socket.
    group: Option<u32>,
    file: FileId,
    anew: UnboundedSender<UnixListener>,
    is_trouble_told: bool,
}

/// As many may wait to be accepted as the system allows.
const LONGEST_QUEUE: i32 = -1;

/// Device and inode.
type FileId = (u64, u64);

/// Binds a socket. Any OS user may connect to that of the agents; who it is, the kernel of the
/// machine says. That of the officers is for the node's own user, root, and the members of this
/// group.
pub(crate) fn bind(
    path: &Path,
    way: Way,
    group: Option<u32>,
) -> Result<(BoundSocket, Listeners), Error> {
    let (first, file) = listen(path, way, group)?;
    let (sender, anew) = unbounded_channel();
    let path = path.to_owned();
    let bound = BoundSocket { path, way, group, file, anew: sender, is_trouble_told: false };
    Ok((bound, Listeners { first, anew }))
}

/// The domain's folder that the node was started from.
pub(crate) struct OwnFolder {
    path: PathBuf,
    id: FileId,
}

impl OwnFolder {
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let id = folder_id(path).map_err(|why| Error::folder(path, &why))?;
        Ok(Self { path: path.to_owned(), id })
    }

    /// Whether the folder at the path is still the node's own. An error says that nobody can tell
    /// now.
    fn is_there(&self) -> io::Result<bool> {
        match folder_id(&self.path) {
            Ok(id) => Ok(id == self.id),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(false),
            Err(why) => Err(why),
        }
    }
}

/// Starts the thread that binds anew what is gone. It ends once what this returns is dropped. Where
/// another folder is put in the place of the node's own, the process ends: orders that go to that
/// folder are none of the node's, and it does not answer for it.
pub(crate) fn watch(
    own: OwnFolder,
    mut sockets: Vec<BoundSocket>,
    log: Notes,
) -> Result<Sender<()>, Error> {
    let (serving, ends): (_, Receiver<()>) = channel();
    let wait = Duration::from_millis(SOCKETS_MS);
    let thread = std::thread::Builder::new().name("sockets".to_owned());
    let started = thread.spawn(move || {
        while ends.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            match own.is_there() {
                Ok(true) => sockets.iter_mut().for_each(|socket| socket.check(&log)),
                Ok(false) => halt(&format!(
                    "`{}` is not the folder any more that the node was started from",
                    own.path.display()
                )),
                // Nor can a socket be bound there.
                Err(_) => {}
            }
        }
    });
    started.map_err(|why| Error::replay(&why))?;
    Ok(serving)
}

impl BoundSocket {
    /// Binds it anew if it is gone.
    fn check(&mut self, log: &Notes) {
        if file_id(&self.path).is_ok_and(|file| file == self.file) {
            return;
        }
        match listen(&self.path, self.way, self.group) {
            Ok((listener, file)) => {
                self.file = file;
                self.is_trouble_told = false;
                // The task that serves it may have ended: the node stops.
                let _stops = self.anew.send(listener);
                log.say(format_args!(
                    "the socket `{}` was gone, and is bound anew: something removes what is the node's",
                    self.path.display()
                ));
            }
            Err(why) if !self.is_trouble_told => {
                self.is_trouble_told = true;
                log.say(format_args!(
                    "{why}; nobody reaches the node there until it can be bound anew"
                ));
            }
            Err(_) => {}
        }
    }
}

/// Makes a socket that nobody can connect to before its owner and mode are what they should be.
fn listen(path: &Path, way: Way, group: Option<u32>) -> Result<(UnixListener, FileId), Error> {
    let failed = |why: std::io::Error| Error::socket(path, &why);
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(Error::socket(path, &"something else than a socket is there"));
        }
        Ok(_) if client::is_running(path) => {
            return Err(Error::socket(path, &"another node serves it"));
        }
        Ok(_) => std::fs::remove_file(path).map_err(failed)?,
        Err(_) => {}
    }
    bound(path, way, group).map_err(failed)
}

fn bound(path: &Path, way: Way, group: Option<u32>) -> std::io::Result<(UnixListener, FileId)> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, kind, flags, None)?;
    // The file begins with the socket's own mode.
    rustix::fs::fchmod(&socket, rustix::fs::Mode::from_raw_mode(0o600))?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
    let mode = match (way, group) {
        (Way::Agents, _) => 0o666,
        (Way::Officers, None) => 0o600,
        (Way::Officers, Some(group)) => {
            chown(path, None, Some(group))?;
            0o660
        }
    };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    let file = file_id(path)?;
    rustix::net::listen(&socket, LONGEST_QUEUE)?;
    Ok((UnixListener::from(socket), file))
}

fn folder_id(path: &Path) -> io::Result<FileId> {
    std::fs::metadata(path).map(|folder| (folder.dev(), folder.ino()))
}

fn file_id(path: &Path) -> std::io::Result<FileId> {
    std::fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}
