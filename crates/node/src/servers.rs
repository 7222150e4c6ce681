//! Whether the servers of a node can be started, and as whom: found out before anything is served.

use std::fmt::Display;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use policy::Assurance;

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

fn problem(server: &Server, own: u32) -> Result<(), String> {
    if is_the_nodes_equal(server, own) && !server.danger_same_user {
        return Err(format!(
            "it would run as {}, and could read the node's keys and act in its place; give it a `user` of its own in \
             `interlock.toml`, or say `danger_same_user = true` there",
            if own == 0 { "root" } else { "the node's own OS user" }
        ));
    }
    if let Some((user, _)) = server.user.filter(|(user, _)| *user != own && own != 0) {
        return Err(format!(
            "only a node that runs as root can start it as another OS user (uid {user})"
        ));
    }
    if let Some(directory) = &server.directory
        && !directory.is_dir()
    {
        return Err(format!("the folder `{}` is not there, or is no folder", directory.display()));
    }
    find_program(server)
}

fn find_program(server: &Server) -> Result<(), String> {
    let program = server.command.first().map(String::as_str).unwrap_or_default();
    let there: Vec<PathBuf> = match program.contains('/') {
        true => vec![server.directory.as_deref().unwrap_or(Path::new("")).join(program)],
        false => {
            let path = server.environment.get("PATH").map_or(DEFAULT_PATH, String::as_str);
            path.split(':').map(|folder| Path::new(folder).join(program)).collect()
        }
    };
    let mut why: &dyn Display =
        &"it was not found; give its full path, or set `PATH` in the server's environment";
    for file in there {
        match file.metadata() {
            Ok(found) if found.is_file() && found.mode() & 0o111 != 0 => return Ok(()),
            Ok(_) => why = &"it is no file that can be executed",
            Err(_) => {}
        }
    }
    Err(format!("the program `{program}`: {why}"))
}

#[cfg(test)]
mod tests;
