use std::fmt::Write as _;
use std::path::Path;

use kernel::governance::{Change, Workload};
use policy::Bundle;
use proof::json::{Value, object};

use crate::cli::Init;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{config, folder, starter, user};

/// Makes a domain.
pub(super) fn run(arguments: &Init, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = match &arguments.bundle {
        Some(path) => folder::load_bundle(path)?,
        None => starter::bundle()?,
    };
    let workloads = arguments.workload.iter().map(workload).collect::<Result<Vec<_>, _>>()?;
    let servers = arguments.server.iter().map(server).collect::<Result<Vec<_>, _>>()?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => folder_name(&arguments.domain)?,
    };
    let text = configuration(&name, &arguments.node, &servers);
    let decider = (&bundle, arguments.semantics);
    let options = create(&arguments.domain, &text, decider, workloads)?;
    if output.is_json() {
        output.json(&object([
            ("bundle", Value::from(bundle.digest().to_string())),
            ("domain", Value::from(options.domain.as_str())),
            ("folder", Value::from(arguments.domain.display().to_string())),
        ]))?;
        return Ok(Exit::Ok);
    }
    let shown = arguments.domain.display();
    output.line(format!("domain `{name}` made in {shown}, with the bundle `{}`", bundle.name()))?;
    if arguments.workload.is_empty() {
        output.line(format!("next: interlock register {shown} agent --user USER"))?;
    }
    if arguments.server.is_empty() {
        output.line(format!("next: name an MCP server in {shown}/interlock.toml"))?;
    }
    output.line(format!("then: interlock serve {shown}"))?;
    Ok(Exit::Ok)
}

/// Makes the folder, its configuration and its logs.
pub(crate) fn create(
    domain: &Path,
    configuration: &str,
    (bundle, semantics): (&Bundle, u64),
    workloads: Vec<Change>,
) -> Result<node::Options, Failure> {
    let shown = domain.display();
    if domain.join(config::FILE).exists() {
        return Err(Failure::new(Exit::Config, format!("`{shown}` holds a domain already"))
            .help("choose another folder, or remove it if you mean to lose its keys and logs"));
    }
    std::fs::create_dir_all(domain)
        .map_err(|why| Failure::io(format!("the folder `{shown}` cannot be made"), &why))?;
    std::fs::write(domain.join(config::FILE), configuration)
        .map_err(|why| Failure::io(format!("`{shown}/interlock.toml` cannot be written"), &why))?;
    let options = config::load(domain)?;
    node::domain::init_under(&options, bundle, workloads, semantics)
        .map_err(|why| Failure::node(&why))?;
    Ok(options)
}

/// The text of a new `interlock.toml`.
pub(crate) fn configuration(domain: &str, node: &str, servers: &[(String, Vec<String>)]) -> String {
    let mut text = format!(
        "# An Interlock domain. Unknown keys are errors; `docs/configuration.md` lists all that there are.\n\n\
         [domain]\nname = {}\n\n[node]\nname = {}\n",
        quoted(domain),
        quoted(node)
    );
    for (name, command) in servers {
        let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
        // Writing to a string does not fail.
        let (name, words) = (quoted(name), words.join(", "));
        let _ = write!(text, "\n[servers.{name}]\ncommand = [{words}]\n{PATH_LINE}");
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

fn folder_name(domain: &Path) -> Result<String, Failure> {
    let name = domain.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| {
        Failure::new(Exit::Usage, "the folder's name is no name for a domain")
            .help("give --name NAME")
    })
}
