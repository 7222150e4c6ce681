use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::governance::{Change, Workload};
use policy::Bundle;
use proof::json::{Value, object};

use super::bundle::{test, warnings};
use crate::cli::Init;
use crate::exit::{Exit, Failure};
use crate::limits::SOCKET_PATH_BYTES_MAX;
use crate::output::Output;
use crate::unfinished::{self, Unfinished};
use crate::{config, folder, starter, user};

/// The workload that is registered first where none is named.
const FIRST_WORKLOAD: &str = "agent";

/// Makes a domain.
pub(super) fn run(arguments: &Init, output: &mut Output) -> Result<Exit, Failure> {
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
    let decider = (&*bundle, arguments.semantics);
    check_new(&arguments.domain)?;
    // A signal waits until it is whole; where it fails, nothing of it is left.
    let options = unfinished::uninterrupted(|| {
        let (made, ()) = Unfinished::make(|| {
            let made = made_in(&arguments.domain);
            let made = made.map_err(|why| Failure::io("the domain's folder cannot be made", &why));
            Ok(((), made?))
        })?;
        let options = create(&arguments.domain, &text, decider, workloads)?;
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
    warnings::tell(&found, output)?;
    tell(arguments, &name, (&bundle, &servers), output)
}

/// Says what was made, and what to do next.
fn tell(
    arguments: &Init,
    name: &str,
    (bundle, servers): (&Bundle, &[NewServer]),
    output: &mut Output,
) -> Result<Exit, Failure> {
    let shown = arguments.domain.display();
    output.line(format!("domain `{name}` made in {shown}, with the bundle `{}`", bundle.name()))?;
    if arguments.workload.is_empty() {
        output.line(format!("next: interlock register {shown} {FIRST_WORKLOAD} --user USER"))?;
    }
    for server in servers {
        output.line(server.users_line())?;
    }
    if arguments.server.is_empty() {
        output.line(format!("next: name an MCP server in {shown}/interlock.toml"))?;
    }
    output.line(format!("then: interlock serve {shown}"))?;
    Ok(Exit::Ok)
}

/// The workloads of the starter's office: those that are named, else the one that is registered next.
fn office(arguments: &Init) -> Vec<&str> {
    let named: Vec<&str> = arguments.workload.iter().map(|(name, _)| name.as_str()).collect();
    if named.is_empty() { vec![FIRST_WORKLOAD] } else { named }
}

/// Makes the folder, its configuration and its logs.
pub(crate) fn create(
    domain: &Path,
    configuration: &str,
    (bundle, semantics): (&Bundle, u64),
    workloads: Vec<Change>,
) -> Result<node::Options, Failure> {
    let shown = domain.display();
    check_new(domain)?;
    std::fs::create_dir_all(domain)
        .map_err(|why| Failure::io(format!("the folder `{shown}` cannot be made"), &why))?;
    std::fs::write(domain.join(config::FILE), configuration)
        .map_err(|why| Failure::io(format!("`{shown}/interlock.toml` cannot be written"), &why))?;
    let options = config::load(domain)?;
    node::domain::init_under(&options, bundle, workloads, semantics)
        .map_err(|why| Failure::node(&why))?;
    Ok(options)
}

fn check_new(domain: &Path) -> Result<(), Failure> {
    if !domain.join(config::FILE).exists() {
        return Ok(());
    }
    let what = format!("`{}` holds a domain already", domain.display());
    Err(Failure::new(Exit::Config, what)
        .help("choose another folder, or remove it if you mean to lose its keys and logs"))
}

/// What a new domain makes in this folder: the folder itself, or what is not there yet.
fn made_in(domain: &Path) -> io::Result<Vec<PathBuf>> {
    if !domain.exists() {
        std::fs::create_dir_all(domain)?;
        return Ok(vec![domain.to_owned()]);
    }
    let names = [config::FILE, "governance", "keys", "lineage", "marks"];
    let paths = names.into_iter().map(|name| domain.join(name));
    Ok(paths.filter(|path| std::fs::symlink_metadata(path).is_err()).collect())
}

/// The text of a new `interlock.toml`.
pub(crate) fn configuration(domain: &str, node: &str, servers: &[NewServer]) -> String {
    let mut text = format!(
        "# An Interlock domain. Unknown keys are errors; `docs/configuration.md` lists all that there are.\n\n\
         [domain]\nname = {}\n\n[node]\nname = {}\n",
        quoted(domain),
        quoted(node)
    );
    for NewServer { name, command, user } in servers {
        let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
        let user = match user {
            Some(user) => format!("user = {}\n", quoted(user)),
            None => SAME_USER_LINES.to_owned(),
        };
        // Writing to a string does not fail.
        let (name, words) = (quoted(name), words.join(", "));
        let _ = write!(text, "\n[servers.{name}]\ncommand = [{words}]\n{user}{PATH_LINE}");
    }
    if servers.is_empty() {
        text.push_str(
            "\n# An upstream MCP server, started by the node for each session:\n\
             # [servers.files]\n\
             # command = [\"mcp-server-filesystem\", \"/srv/files\"]\n\
             # user = \"files\"             # another OS user than the node's and the agent's\n# ",
        );
        text.push_str(PATH_LINE);
    }
    text
}

/// A server for a new `interlock.toml`.
pub(crate) struct NewServer {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    /// The OS user that it runs as. Without one it is the node's own, which is said with the switch for it.
    pub(crate) user: Option<String>,
}

impl NewServer {
    /// What to know of the user that was chosen.
    fn users_line(&self) -> String {
        let name = &self.name;
        match &self.user {
            Some(user) => format!(
                "the server `{name}` runs as the OS user {user}: let that user read what it serves"
            ),
            None => format!(
                "the server `{name}` runs as the node's own OS user: it could read the node's keys (`cooperative`)"
            ),
        }
    }
}

/// Says whom each server runs as: whom the command line names, else the node's own user where it can be no other or
/// is wanted, else a user that nobody else is.
fn with_users(
    arguments: &Init,
    servers: Vec<(String, Vec<String>)>,
) -> Result<Vec<NewServer>, Failure> {
    if let Some(user) = &arguments.server_user {
        user::resolve(user)?;
    }
    let is_root = rustix::process::geteuid().is_root();
    let mut free = user::free();
    let with_user = |(name, command)| {
        let user = match &arguments.server_user {
            Some(user) => Some(user.clone()),
            None if arguments.danger_same_user || !is_root => None,
            None => Some(free.next().ok_or_else(no_user_is_free)?.to_string()),
        };
        Ok(NewServer { name, command, user })
    };
    servers.into_iter().map(with_user).collect()
}

fn no_user_is_free() -> Failure {
    Failure::new(Exit::Config, "no OS user is free for the server")
        .help("make one, and give it with --server-user")
}

/// A server that the node can't start as another user says what that means.
const SAME_USER_LINES: &str = "\
# It runs as the node's own OS user: it could read the node's keys and act in its place, and the assurance of its
# sessions is `cooperative`. To set it apart, run the node as root and put `user = \"NAME\"` here instead.
danger_same_user = true
";

/// A server inherits nothing of the node's environment: it needs a `PATH` to find other programs.
const PATH_LINE: &str = "env = { PATH = \"/usr/local/bin:/usr/bin:/bin\" }\n";

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn workload((name, user): &(String, String)) -> Result<Change, Failure> {
    let (os_user, _) = user::resolve(user)?;
    let zone = "default".to_owned();
    Ok(Change::WorkloadRegistered(Workload { name: name.clone(), os_user, zone }))
}

fn server((name, command): &(String, String)) -> Result<(String, Vec<String>), Failure> {
    let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("the server `{name}` has no command")));
    }
    Ok((name.clone(), words))
}

/// The domain's name: the one that is given, else the folder's.
fn domain_name(arguments: &Init) -> Result<String, Failure> {
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

/// That the new domain's sockets have paths as short as sockets' must be.
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
