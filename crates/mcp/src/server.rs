use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as Control;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::guard::{self, GuardOrder, GuardReport};
use crate::limits::GUARD_REPORT_MS_MAX;

/// How to start the real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// The guard's program: it must call [`guard::run`] when its argument is [`guard::ARGUMENT`].
    /// [`guard::SELF`] is the running program.
    pub guard: PathBuf,
    /// The program: a path, or a name that is searched for in the `PATH` of
    /// [`ServerCommand::environment`].
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its complete environment. Nothing is inherited, neither `PATH` nor `HOME`.
    pub environment: BTreeMap<String, String>,
    /// Its working folder. Without one, it has the node's.
    pub directory: Option<PathBuf>,
    /// Its user and group id; it then has no supplementary groups. Without them, it has the node's.
    pub user: Option<(u32, u32)>,
}

/// The reason why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The server's working folder is not a folder.
    #[error("the server's folder `{0}` is not there, or is no folder")]
    Directory(String),
    /// The server's program does not exist.
    #[error(
        "the server's program `{0}` was not found; give its full path, or set `PATH` in the server's environment"
    )]
    NotFound(String),
    /// The server could not be started.
    #[error("the server's program `{program}` could not be started: {why}")]
    Start {
        /// The program.
        program: String,
        /// The operating system's error.
        why: io::Error,
    },
    /// The process that guards the server could not be started.
    #[error("the process that guards the server could not be started: {0}")]
    Guard(io::Error),
}

impl SessionError {
    /// Whether the machine has no descriptor, process or memory left for it: later it may.
    #[must_use]
    pub fn is_for_want_of_means(&self) -> bool {
        use rustix::io::Errno;
        let (Self::Guard(why) | Self::Start { why, .. }) = self else { return false };
        let short = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];
        short.iter().any(|one| why.raw_os_error() == Some(one.raw_os_error()))
    }
}

impl ServerCommand {
    /// Starts the server under a guard of its own, in a session without a terminal. The server and
    /// every process that it started are killed when the handle is dropped, and when this process
    /// ends in any way.
    ///
    /// # Errors
    /// The folder or program does not exist, or the operating system refused to start it.
    pub async fn start(&self) -> Result<ServerProcess, SessionError> {
        if let Some(directory) = &self.directory
            && !directory.is_dir()
        {
            return Err(SessionError::Directory(directory.display().to_string()));
        }
        let mut process = self.start_guard().await?;
        match process.report().await {
            Some(GuardReport::Started(pid)) => {
                process.pid = pid;
                Ok(process)
            }
            Some(GuardReport::Failed(code)) => Err(self.failed(io::Error::from_raw_os_error(code))),
            Some(GuardReport::Exited(_)) | None => {
                Err(SessionError::Guard(io::Error::other("it ended at once")))
            }
        }
    }

    async fn start_guard(&self) -> Result<ServerProcess, SessionError> {
        let failed = SessionError::Guard;
        let (near, far) = Control::pair().map_err(failed)?;
        let (for_stdin, stdin) = io::pipe().map_err(failed)?;
        let (stdout, for_stdout) = io::pipe().map_err(failed)?;
        let (stderr, for_stderr) = io::pipe().map_err(failed)?;
        let mut command = Command::new(&self.guard);
        command.arg(guard::ARGUMENT).env_clear();
        command.stdin(OwnedFd::from(far)).stdout(Stdio::null()).stderr(Stdio::null());
        let guard = guard::start_guard(&mut command).map_err(failed)?;
        // The command holds the guard's end of the socket.
        drop(command);
        let pipes = [for_stdin.as_fd(), for_stdout.as_fd(), for_stderr.as_fd()];
        let rest = guard::send(&near, self, pipes).map_err(|why| self.failed(why))?;
        near.set_nonblocking(true).map_err(failed)?;
        let mut control = UnixStream::from_std(near).map_err(failed)?;
        control.write_all(&rest).await.map_err(failed)?;
        Ok(ServerProcess {
            stdin: Some(Sender::from_owned_fd(stdin.into()).map_err(failed)?),
            stdout: Some(Receiver::from_owned_fd(stdout.into()).map_err(failed)?),
            stderr: Some(Receiver::from_owned_fd(stderr.into()).map_err(failed)?),
            pid: 0,
            control,
            read: Vec::with_capacity(GuardReport::BYTES),
            guard,
            exit: None,
        })
    }

    fn failed(&self, why: io::Error) -> SessionError {
        match why.kind() {
            io::ErrorKind::NotFound => SessionError::NotFound(self.program.clone()),
            _ => SessionError::Start { program: self.program.clone(), why },
        }
    }
}

/// A running server, with every process that it starts. Dropping this kills all of them.
#[derive(Debug)]
pub struct ServerProcess {
    /// Closing it asks the server to end.
    pub(crate) stdin: Option<Sender>,
    pub(crate) stdout: Option<Receiver>,
    pub(crate) stderr: Option<Receiver>,
    pid: u32,
    /// When it ends, the guard kills.
    control: UnixStream,
    /// The bytes of a report that has arrived in part.
    read: Vec<u8>,
    guard: Child,
    exit: Option<Option<ExitStatus>>,
}

impl ServerProcess {
    /// The server's own process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// The guard's process id. None once it has ended.
    #[must_use]
    pub fn guard_id(&self) -> Option<u32> {
        self.guard.id()
    }

    /// Kills the server and every process that it started, at once.
    pub(crate) fn kill_now(&mut self) {
        self.order(GuardOrder::Kill);
    }

    /// Sends SIGTERM to the server's process group. Processes left after
    /// [`crate::limits::TERMINATE_MS_MAX`] are killed.
    pub(crate) fn terminate(&mut self) {
        self.order(GuardOrder::Terminate);
    }

    /// MCP's shutdown sequence, after the server's stdin is closed: waits for the server to end by
    /// itself, then terminates it, then kills it.
    pub(crate) async fn end(
        &mut self,
        by_itself: Duration,
        terminated: Duration,
    ) -> Option<ExitStatus> {
        if let Ok(exit) = timeout(by_itself, self.wait()).await {
            return exit;
        }
        self.terminate();
        if let Ok(exit) = timeout(terminated, self.wait()).await {
            return exit;
        }
        self.kill_now();
        self.wait().await
    }

    /// Waits until the server and every process that it started have ended. May be dropped and
    /// called again. `None` if something else killed the guard: the server's exit status is unknown
    /// then.
    pub(crate) async fn wait(&mut self) -> Option<ExitStatus> {
        if let Some(exit) = self.exit {
            return exit;
        }
        let exit = match self.report().await {
            Some(GuardReport::Exited(status)) => Some(ExitStatus::from_raw(status)),
            _ => None,
        };
        self.exit = Some(exit);
        // The guard ends now, unless the operating system can't end a process below it.
        let _late = timeout(Duration::from_millis(GUARD_REPORT_MS_MAX), self.guard.wait()).await;
        exit
    }

    /// The socket always has space for a few bytes, and a guard that has ended has killed already.
    fn order(&self, order: GuardOrder) {
        let _gone = self.control.try_write(&[order.byte()]);
    }

    async fn report(&mut self) -> Option<GuardReport> {
        loop {
            if let Ok(report) = <[u8; GuardReport::BYTES]>::try_from(self.read.as_slice()) {
                self.read.clear();
                return GuardReport::parse(report);
            }
            let mut byte = [0];
            match self.control.read(&mut byte).await {
                Ok(1..) => self.read.extend_from_slice(&byte),
                Ok(0) | Err(_) => return None,
            }
        }
    }
}
