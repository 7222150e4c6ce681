//! Whether the servers of a node can be started, and as whom: found out before anything is served.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use record::Assurance;

use crate::{Error, Options, Server};

/// Where a program is looked for without a `PATH`, as the C library has it.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Refuses servers that can't be started, or that may not be as it is said. Tells of all of them.
///
/// # Errors
/// `server`.
pub(crate) fn check(options: &Options) -> Result<(), Error> {
    let own = rustix::process::geteuid().as_raw();
    let problems: Vec<String> = options
        .servers
        .iter()
        .filter_map(|(name, server)| {
            problem(server, own).err().map(|why| format!("the server `{name}`: {why}"))
        })
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::server(&problems.join("; "))),
    }
}

/// Whether a server runs as the node's own OS user or as root, and so can do what the node can.
pub(crate) fn is_the_nodes_equal(server: &Server, own: u32) -> bool {
    server.user.is_none_or(|(user, _)| user == own || user == 0)
}

/// How a session with this server binds a client of this OS user: `separated` only where node,
/// server and client are three different users, and neither the server's nor the client's is the
/// superuser, who can be any of them.
pub(crate) fn assurance(server: &Server, client: u32) -> Assurance {
    let node = rustix::process::geteuid().as_raw();
    assurance_of(node, server.user.map_or(node, |(user, _)| user), client)
}

fn assurance_of(node: u32, server: u32, client: u32) -> Assurance {
    let all_apart = node != server && server != client && client != node;
    match all_apart && server != 0 && client != 0 {
        true => Assurance::Separated,
        false => Assurance::Cooperative,
    }
}

/// Why a server can't be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum ServerProblem {
    /// It would have the node's own rights, and the switch for that is not set.
    #[error(
        "it would run as {who}, and could read the node's keys and act in its place; give it a `user` of its own in \
         `interlock.toml`, or say `danger_same_user = true` there"
    )]
    SameUser { who: &'static str },
    /// The node may not become that OS user.
    #[error("only a node that runs as root can start it as another OS user (uid {user})")]
    OtherUser { user: u32 },
    /// Its folder is missing.
    #[error("the folder `{}` is not there, or is no folder", .directory.display())]
    Folder { directory: PathBuf },
    /// Its program is missing.
    #[error(
        "the program `{program}`: it was not found; give its full path, or set `PATH` in the server's environment"
    )]
    NotFound { program: String },
    /// Its program is there and can't be executed.
    #[error("the program `{program}`: it is no file that can be executed")]
    NotExecutable { program: String },
}

fn problem(server: &Server, own: u32) -> Result<(), ServerProblem> {
    if is_the_nodes_equal(server, own) && !server.danger_same_user {
        let who = if own == 0 { "root" } else { "the node's own OS user" };
        return Err(ServerProblem::SameUser { who });
    }
    if let Some((user, _)) = server.user.filter(|(user, _)| *user != own && own != 0) {
        return Err(ServerProblem::OtherUser { user });
    }
    if let Some(directory) = &server.directory
        && !directory.is_dir()
    {
        return Err(ServerProblem::Folder { directory: directory.clone() });
    }
    find_program(server)
}

fn find_program(server: &Server) -> Result<(), ServerProblem> {
    let program = server.command.first().map(String::as_str).unwrap_or_default();
    let there: Vec<PathBuf> = match program.contains('/') {
        true => vec![server.directory.as_deref().unwrap_or(Path::new("")).join(program)],
        false => {
            let path = server.environment.get("PATH").map_or(DEFAULT_PATH, String::as_str);
            path.split(':').map(|folder| Path::new(folder).join(program)).collect()
        }
    };
    let mut is_there = false;
    for file in there {
        match file.metadata() {
            Ok(found) if found.is_file() && found.mode() & 0o111 != 0 => return Ok(()),
            Ok(_) => is_there = true,
            Err(_) => {}
        }
    }
    let program = program.to_owned();
    match is_there {
        true => Err(ServerProblem::NotExecutable { program }),
        false => Err(ServerProblem::NotFound { program }),
    }
}

#[cfg(test)]
mod tests;
