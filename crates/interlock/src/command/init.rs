use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use policy::Bundle;
use proof::json::{Value, object};
use record::governance::{Change, Workload};

use super::bundle::{test, warnings};
use crate::cli::{InitArgs, NameValue};
use crate::exit::{Exit, Failure};
use crate::limits::SOCKET_PATH_BYTES_MAX;
use crate::new_domain::{NewServer, check_new, configuration, create};
use crate::output::Output;
use crate::unfinished::{self, Unfinished};
use crate::{config, folder, starter, user};

/// The first workload to register where none is named.
const FIRST_WORKLOAD: &str = "agent";

/// Makes a domain.
pub(super) fn run(arguments: &InitArgs, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = Arc::new(match &arguments.bundle {
        Some(path) => folder::load_bundle(path)?,
        None => starter::bundle(&office(arguments))?,
    });
    test::check(&bundle, arguments.untested || arguments.bundle.is_none(), output)?;
    let workloads = arguments.workload.iter().map(workload).collect::<Result<Vec<_>, _>>()?;
    let servers = arguments.server.iter().map(server).collect::<Result<Vec<_>, _>>()?;
    let servers = with_users(arguments, servers)?;
    let name = domain_name(arguments)?;
    check_sockets(&arguments.domain)?;
    let text = configuration(&name, &arguments.node, &servers);
    check_new(&arguments.domain)?;
    // A signal waits until the domain is complete; where a step fails, nothing of it is left.
    let options = unfinished::uninterrupted(|| {
        let (made, ()) = Unfinished::make(|| {
            let made = made_in(&arguments.domain);
            let made = made.map_err(|why| Failure::io("the domain's folder cannot be made", &why));
            Ok(((), made?))
        })?;
        let options = create(&arguments.domain, &text, &bundle, arguments.semantics, workloads)?;
        made.finish(|| Ok(options))
    })?;
    let found = match &arguments.bundle {
        Some(_) => warnings::of(&bundle, Some(&arguments.domain))?,
        None => Vec::new(),
    };
    if output.is_json() {
        output.json(&object([
            ("bundle", Value::from(bundle.digest().to_string())),
            ("domain", Value::from(options.domain.as_str())),
            ("folder", Value::from(arguments.domain.display().to_string())),
            ("warnings", warnings::values(&found)),
        ]))?;
        return Ok(Exit::Ok);
    }
    warnings::print(&found, output)?;
    print_made(arguments, &name, &bundle, &servers, output)
}

/// Prints what was made, and what to do next.
fn print_made(
    arguments: &InitArgs,
    name: &str,
    bundle: &Bundle,
    servers: &[NewServer],
    output: &mut Output,
) -> Result<Exit, Failure> {
    let shown = arguments.domain.display();
    output.line(format!("domain `{name}` made in {shown}, with the bundle `{}`", bundle.name()))?;
    if arguments.workload.is_empty() {
        output.line(format!("next: interlock register {shown} {FIRST_WORKLOAD} --user USER"))?;
    }
    for server in servers {
        output.line(users_line(server))?;
    }
    if arguments.server.is_empty() {
        output.line(format!("next: name an MCP server in {shown}/interlock.toml"))?;
    }
    output.line(format!("then: interlock serve {shown}"))?;
    Ok(Exit::Ok)
}

/// The workloads of the starter's office: the named ones, else the first one to register.
fn office(arguments: &InitArgs) -> Vec<&str> {
    let named: Vec<&str> = arguments.workload.iter().map(|pair| pair.name.as_str()).collect();
    if named.is_empty() { vec![FIRST_WORKLOAD] } else { named }
}

/// The paths that a new domain makes: its folder, or those in the folder that do not exist yet.
fn made_in(domain: &Path) -> io::Result<Vec<PathBuf>> {
    if !domain.exists() {
        std::fs::create_dir_all(domain)?;
        return Ok(vec![domain.to_owned()]);
    }
    let names = [config::FILE, "governance", "keys", "lineage", "marks"];
    let paths = names.into_iter().map(|name| domain.join(name));
    Ok(paths.filter(|path| std::fs::symlink_metadata(path).is_err()).collect())
}

/// One line about the OS user of a server.
fn users_line(NewServer { name, user, .. }: &NewServer) -> String {
    match user {
        Some(user) => format!(
            "the server `{name}` runs as the OS user {user}: let that user read what it serves"
        ),
        None => format!(
            "the server `{name}` runs as the node's own OS user: it could read the node's keys (`cooperative`)"
        ),
    }
}

/// Chooses the OS user of each server: the one that the command line names; else the node's own
/// user, where no other is possible or that one is wanted; else an unused user.
fn with_users(arguments: &InitArgs, servers: Vec<NewServer>) -> Result<Vec<NewServer>, Failure> {
    if let Some(user) = &arguments.server_user {
        user::resolve(user)?;
    }
    let is_root = rustix::process::geteuid().is_root();
    let mut free = user::free();
    let with_user = |server: NewServer| {
        let user = match &arguments.server_user {
            Some(user) => Some(user.clone()),
            None if arguments.danger_same_user || !is_root => None,
            None => Some(free.next().ok_or_else(no_user_is_free)?.to_string()),
        };
        Ok(NewServer { user, ..server })
    };
    servers.into_iter().map(with_user).collect()
}

fn no_user_is_free() -> Failure {
    Failure::new(Exit::Config, "no OS user is free for the server")
        .help("make one, and give it with --server-user")
}

fn workload(NameValue { name, value: user }: &NameValue) -> Result<Change, Failure> {
    let (os_user, _) = user::resolve(user)?;
    let zone = "default".to_owned();
    Ok(Change::WorkloadRegistered(Workload { name: name.clone(), os_user, zone }))
}

/// A server without a user.
fn server(NameValue { name, value: command }: &NameValue) -> Result<NewServer, Failure> {
    let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if command.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("the server `{name}` has no command")));
    }
    Ok(NewServer { name: name.clone(), command, user: None })
}

/// The domain's name: from the command line, else the folder's name.
fn domain_name(arguments: &InitArgs) -> Result<String, Failure> {
    if !config::is_name(&arguments.node) {
        let what = format!("`{}` is no name for a node: {}", arguments.node, config::NAME_RULE);
        return Err(Failure::new(Exit::Usage, what).help("give another --node NAME"));
    }
    if let Some(name) = arguments.name.as_ref().filter(|name| !config::is_name(name)) {
        let what = format!("`{name}` is no name for a domain: {}", config::NAME_RULE);
        return Err(Failure::new(Exit::Usage, what).help("give another --name NAME"));
    }
    let of_folder = || arguments.domain.file_name().and_then(|name| name.to_str());
    let name = arguments.name.as_deref().or_else(of_folder).filter(|name| config::is_name(name));
    name.map(str::to_owned).ok_or_else(|| {
        Failure::new(Exit::Usage, "the folder's name is no name for a domain")
            .why(config::NAME_RULE)
            .help("give --name NAME")
    })
}

/// Refuses a folder whose sockets would have too long paths.
fn check_sockets(domain: &Path) -> Result<(), Failure> {
    if domain.join("officer.sock").as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return Ok(());
    }
    let what = format!(
        "`{}` is too long a path: those of its sockets would have more than {SOCKET_PATH_BYTES_MAX} bytes",
        domain.display()
    );
    Err(Failure::new(Exit::Usage, what).help("choose a folder with a shorter path"))
}
