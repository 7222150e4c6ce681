//! Makes a domain's folder: its configuration, keys and logs.

use std::fmt::Write as _;
use std::path::Path;

use policy::Bundle;
use record::governance::Change;

use crate::config;
use crate::exit::{Exit, Failure};

/// A server for a new `interlock.toml`.
pub(crate) struct NewServer {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    /// The OS user that it runs as. Without one it runs as the node's own user, and the
    /// configuration gets `danger_same_user`.
    pub(crate) user: Option<String>,
}

/// Makes the folder, its configuration and its logs.
pub(crate) fn create(
    domain: &Path,
    configuration: &str,
    bundle: &Bundle,
    semantics: u64,
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

/// Refuses a folder that holds a domain already.
pub(crate) fn check_new(domain: &Path) -> Result<(), Failure> {
    if !domain.join(config::FILE).exists() {
        return Ok(());
    }
    let what = format!("`{}` holds a domain already", domain.display());
    Err(Failure::new(Exit::Config, what)
        .help("choose another folder, or remove it if you mean to lose its keys and logs"))
}

/// The text of a new `interlock.toml`.
pub(crate) fn configuration(domain: &str, node: &str, servers: &[NewServer]) -> String {
    let mut text = format!(
        "# An Interlock domain. Unknown keys are errors. All keys: `docs/book/reference/configuration.md`.\n\n\
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

/// The lines for a server that the node can't start as another user.
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
