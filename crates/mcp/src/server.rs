use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// How to start the real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// The program: a path, or a name that is looked for in the `PATH` of [`ServerCommand::environment`].
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment; nothing is inherited, neither `PATH` nor `HOME`.
    pub environment: BTreeMap<String, String>,
    /// Its working folder; without one, the node's.
    pub directory: Option<PathBuf>,
    /// Its user and group id; without one, the node's. It then has no supplementary groups.
    pub user: Option<(u32, u32)>,
}

/// Why there was no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The server's working folder is none.
    #[error("the server's folder `{0}` is not there, or is no folder")]
    Directory(String),
    /// The server's program is not there.
    #[error(
        "the server's program `{0}` was not found; give its full path, or set `PATH` in the server's environment"
    )]
    NotFound(String),
    /// The server could not be started.
    #[error("the server's program `{program}` could not be started: {why}")]
    Start {
        /// The program.
        program: String,
        /// What the operating system said.
        why: io::Error,
    },
}

impl ServerCommand {
    /// Starts the process, in a process group of its own: a signal from the node's terminal is not for it. It
    /// is killed when the child is dropped.
    pub(crate) fn start(&self) -> Result<Child, SessionError> {
        if let Some(directory) = &self.directory
            && !directory.is_dir()
        {
            return Err(SessionError::Directory(directory.display().to_string()));
        }
        self.command().spawn().map_err(|why| match why.kind() {
            io::ErrorKind::NotFound => SessionError::NotFound(self.program.clone()),
            _ => SessionError::Start { program: self.program.clone(), why },
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}
