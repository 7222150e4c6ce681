//! `interlock.toml`: read and validated as a whole before anything starts.
//!
//! ```toml
//! [domain]
//! name = "acme.example"            # first part of the logs' origins
//!
//! [node]
//! name = "node-1"
//! socket = "node.sock"             # in the domain's folder unless absolute
//! officer_socket = "officer.sock"  # the same, for what officers order
//! officers_group = "officers"      # an OS group that may open it; else the node's own user alone
//! publish_interval_ms = 250        # 100 to 1,000
//! snapshot_records = 10_000        # 100 to 1,000,000
//!
//! [servers.files]                  # an upstream MCP server, started for each session
//! command = ["mcp-server-filesystem", "/srv/files"]
//! user = "files"                   # an OS user of its own: name or uid; or `danger_same_user`
//! directory = "/srv"               # its working directory
//! deadline_ms = 600_000            # for an answer: 100 to 86,400,000
//! env = { PATH = "/usr/bin:/bin" } # its whole environment, with the secrets
//! secrets = "files.secrets"        # a file of KEY=VALUE lines, readable by you alone
//! ```
//!
//! This file decides which programs the node starts and as which users: only the node's owner may
//! be able to write it.

mod document;
pub(crate) mod named;
mod own_logs;
pub(crate) mod permissions;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use node::{Options, Server, plain};

use crate::exit::{Exit, Failure};
use crate::limits::{
    CONFIG_BYTES_MAX, ConfigBounds, PUBLISH_INTERVAL_MS, SERVER_DEADLINE_MS, SNAPSHOT_RECORDS,
    SOCKET_PATH_BYTES_MAX,
};
use crate::user;
use document::{ConfigProblem, ConfigTable};
pub(crate) use document::{NAME_RULE, is_name};

/// The configuration's name in a domain's folder.
pub(crate) const FILE: &str = "interlock.toml";

/// Reads the configuration of the domain in this folder.
pub(crate) fn load(domain: &Path) -> Result<Options, Failure> {
    let path = domain.join(FILE);
    let found = std::fs::metadata(&path).map_err(|why| {
        Failure::io(format!("`{}` cannot be read", path.display()), &why)
            .help("make a domain with `interlock init DIR`, or name its folder")
    })?;
    if found.len() > CONFIG_BYTES_MAX {
        return Err(refused(&path, &format!("it is longer than {CONFIG_BYTES_MAX} bytes")));
    }
    permissions::check_written_by_owner(&path)?;
    permissions::check_private_folders(domain)?;
    let text = text(&path)?;
    let root = document::parse(&text).map_err(|why| why.into_failure(&path, &text))?;
    let options = options(domain, root).map_err(|why| why.into_failure(&path, &text))?;
    own_logs::check(&options)?;
    Ok(options)
}

/// The text of a configuration. Anything but a plain file is refused without waiting for it.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    plain::read_text(path, usize::try_from(CONFIG_BYTES_MAX).unwrap_or(usize::MAX))
        .map_err(|why| Failure::io(format!("`{}` cannot be read", path.display()), &why))
}

/// Options of a domain with nothing known but the sockets.
pub(crate) fn sockets_alone(folder: &Path) -> Options {
    Options {
        folder: folder.to_owned(),
        domain: String::new(),
        node: String::new(),
        socket: folder.join("node.sock"),
        officer_socket: folder.join("officer.sock"),
        officers_group: None,
        servers: BTreeMap::new(),
        publish_interval_ms: PUBLISH_INTERVAL_MS.default,
        snapshot_records: SNAPSHOT_RECORDS.default,
    }
}

/// The folder that must have the same owner as the node, by which a client recognises it: the
/// domain's, or the named socket's where there is no domain.
pub(crate) fn owned_folder<'a>(domain: &'a Path, socket: Option<&'a Path>) -> &'a Path {
    let is_domain = [FILE, "lineage"].iter().any(|name| domain.join(name).exists());
    match socket.and_then(Path::parent) {
        Some(parent) if !is_domain && parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) if !is_domain => parent,
        _ => domain,
    }
}

fn options(folder: &Path, mut root: ConfigTable<'_>) -> Result<Options, ConfigProblem> {
    let mut domain = root.table("domain")?;
    let name = domain.name("name")?;
    domain.nothing_else(&["name"])?;

    let mut node = root.table("node")?;
    let node_name = node.name("name")?;
    let socket = socket_path(folder, &mut node, "socket", "node.sock")?;
    let officer_socket = socket_path(folder, &mut node, "officer_socket", "officer.sock")?;
    let officers_group = officers_group(&mut node)?;
    let publish_interval_ms = count(&mut node, "publish_interval_ms", PUBLISH_INTERVAL_MS)?;
    let snapshot_records = count(&mut node, "snapshot_records", SNAPSHOT_RECORDS)?;
    node.nothing_else(&[
        "name",
        "officer_socket",
        "officers_group",
        "publish_interval_ms",
        "snapshot_records",
        "socket",
    ])?;

    let mut servers = BTreeMap::new();
    for (name, table) in root.tables("servers")? {
        servers.insert(name, server(folder, table)?);
    }
    root.nothing_else(&["domain", "node", "servers"])?;
    Ok(Options {
        folder: folder.to_owned(),
        domain: name,
        node: node_name,
        socket,
        officer_socket,
        officers_group,
        servers,
        publish_interval_ms,
        snapshot_records,
    })
}

/// A socket's path, in the domain's folder unless it is absolute.
fn socket_path(
    folder: &Path,
    node: &mut ConfigTable<'_>,
    key: &'static str,
    otherwise: &str,
) -> Result<PathBuf, ConfigProblem> {
    let path = folder.join(node.text(key)?.unwrap_or_else(|| otherwise.to_owned()));
    if path.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
        let what = format!("the socket's path is longer than {SOCKET_PATH_BYTES_MAX} bytes");
        return Err(node.problem(key, what));
    }
    Ok(path)
}

/// The group whose members are officers of this machine.
fn officers_group(node: &mut ConfigTable<'_>) -> Result<Option<u32>, ConfigProblem> {
    let Some(name) = node.text("officers_group")? else { return Ok(None) };
    user::group(&name).map(Some).map_err(|why| node.failed("officers_group", why))
}

/// A number within its bounds, or its default where the table has none.
fn count(
    table: &mut ConfigTable<'_>,
    key: &'static str,
    bounds: ConfigBounds,
) -> Result<u64, ConfigProblem> {
    let ConfigBounds { min, max, default } = bounds;
    let Some(found) = table.integer(key)? else { return Ok(default) };
    let nearest = u64::try_from(found).unwrap_or(0).clamp(min, max);
    if i64::try_from(nearest) == Ok(found) {
        return Ok(nearest);
    }
    let what = format!("it is {found}, and must be from {min} to {max}: {nearest} is nearest");
    Err(table.problem(key, what))
}

fn server(folder: &Path, mut table: ConfigTable<'_>) -> Result<Server, ConfigProblem> {
    let command = table.texts("command")?.ok_or_else(|| table.missing("command"))?;
    if command.first().is_none_or(String::is_empty) {
        return Err(table.problem("command", "it names no program"));
    }
    let user = match table.text("user")? {
        Some(name) => Some(user::resolve(&name).map_err(|why| table.failed("user", why))?),
        None => None,
    };
    let directory = table.text("directory")?.map(|directory| folder.join(directory));
    let mut environment = table.text_members("env")?;
    if let Some(file) = table.text("secrets")? {
        let secrets =
            secrets::read(&folder.join(file)).map_err(|why| table.failed("secrets", why))?;
        for (name, secret) in secrets {
            if environment.insert(name.clone(), secret).is_some() {
                return Err(table.problem("secrets", format!("`{name}` stands in `env` too")));
            }
        }
    }
    let danger_same_user = table.flag("danger_same_user")?.unwrap_or(false);
    let deadline_ms = count(&mut table, "deadline_ms", SERVER_DEADLINE_MS)?;
    table.nothing_else(&[
        "command",
        "danger_same_user",
        "deadline_ms",
        "directory",
        "env",
        "secrets",
        "user",
    ])?;
    Ok(Server { command, user, danger_same_user, environment, directory, deadline_ms })
}

fn refused(path: &Path, why: &dyn Display) -> Failure {
    Failure::new(Exit::Config, format!("`{}` cannot be used", path.display())).why(why)
}
