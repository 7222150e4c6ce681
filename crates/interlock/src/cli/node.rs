use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use record::governance::Subject;

use super::OfficerArgs;
use super::error::ArgumentError;
use super::officer::subject;

/// Make a domain: its folder, keys, both logs, and the bundle that decides
///
/// A domain is an authority of its own. The folder then holds `interlock.toml`, `keys/` (readable
/// by you alone), `governance/` (what governs, signed by the officer) and `lineage/` (what
/// happened). Nothing is overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock init office --workload agent=alice
  interlock init office --name office.example --bundle my-bundle --server 'files=mcp-server-filesystem /srv/files'
  interlock init office --server 'files=mcp-server-filesystem /srv/files' --server-user files")]
pub(crate) struct InitArgs {
    /// The folder to make
    pub(crate) domain: PathBuf,

    /// The domain's name: the first part of its logs' origins (by default the folder's name)
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The node's name
    #[arg(long, value_name = "NAME", default_value = "node-1")]
    pub(crate) node: String,

    /// The bundle to publish (by default the starter bundle that comes with this program)
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: Option<PathBuf>,

    /// Publish the bundle although its own tests fail
    #[arg(long, requires = "bundle")]
    pub(crate) untested: bool,

    /// The newest version of the decider that bundles may name (by default the newest of this
    /// program)
    #[arg(long, value_name = "N", default_value_t = kernel::governance::SEMANTICS, hide_default_value = true)]
    pub(crate) semantics: u64,

    /// Register a workload: its name, and the OS user (name or uid) whose processes speak for it
    #[arg(long, value_name = "NAME=USER", value_parser = NameValue::parse)]
    pub(crate) workload: Vec<NameValue>,

    /// An upstream MCP server for `interlock.toml`: its name, and its command
    #[arg(long, value_name = "NAME=COMMAND", value_parser = NameValue::parse)]
    pub(crate) server: Vec<NameValue>,

    /// The OS user (name or uid) that these servers run as (by default, for root, a free uid for
    /// each)
    #[arg(long, value_name = "USER")]
    pub(crate) server_user: Option<String>,

    /// Let these servers run as the node's own OS user: each can then do all that the node can
    #[arg(long, conflicts_with = "server_user")]
    pub(crate) danger_same_user: bool,
}

/// Run the node of a domain until it is told to stop (SIGINT or SIGTERM)
///
/// It serves the domain's Unix socket: who connects is known by OS user, and joins the execution of
/// a registered workload. For each session it starts the upstream server, decides every message,
/// and forwards a permitted one once its record is on stable storage.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The domain's folder
    #[arg(default_value = ".")]
    pub(crate) domain: PathBuf,

    /// Also serve the published logs over HTTP, read only (C2SP tlog-tiles): /governance/... and
    /// /lineage/...
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
}

/// Show how the running node stands
///
/// Whether it could verify what governs, what it has on record, and which reductions it acts on
/// that the governance log does not have: it brings those again by itself, but for those of which
/// it is said why they can't get there any more.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The domain's folder
    #[arg(default_value = ".")]
    pub(crate) domain: PathBuf,
}

/// Speak MCP on standard input and output, through the node
///
/// This is what an agent's MCP client starts in the place of the server. It has no keys and reads
/// no configuration: it carries bytes between the client and the node's socket.
#[derive(Debug, Args)]
#[command(after_help = "In the configuration of an MCP client:
  { \"mcpServers\": { \"files\": { \"command\": \"interlock\", \"args\": [\"mcp\", \"office\", \"--server\", \"files\"] } } }")]
pub(crate) struct McpArgs {
    /// The domain's folder: its `node.sock` is used
    #[arg(default_value = ".")]
    pub(crate) domain: PathBuf,

    /// The upstream server's name in `interlock.toml`
    #[arg(long, value_name = "NAME")]
    pub(crate) server: String,

    /// The workload to speak for; it must be registered for your OS user
    #[arg(long, value_name = "NAME", default_value = "agent")]
    pub(crate) workload: String,

    /// A delegated execution of that workload, by its id or its beginning (see `interlock
    /// delegate`)
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) execution: Option<String>,

    /// The node's socket, where it is elsewhere
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Register a workload: its processes, known by OS user, may then ask
///
/// A name that is registered for another OS user or zone moves: what was, and how many executions
/// go on, is shown first, and asked on a terminal; without one it needs --yes. Where nothing
/// changes, nothing goes on record.
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The workload's name
    pub(crate) workload: String,

    /// The OS user (name or uid) whose processes speak for it
    #[arg(long, value_name = "USER")]
    pub(crate) user: String,

    /// The zone it lives in
    #[arg(long, value_name = "ZONE", default_value = "default")]
    pub(crate) zone: String,

    /// Move a registered workload without asking: you have read what that changes
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) officer: OfficerArgs,
}

/// Show the trust states and halts of a domain, or set one
///
/// A running node acts on it before this command returns; where none runs, the next start does.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock trust office
  interlock trust office workload:agent suspended")]
pub(crate) struct TrustArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// Whose: domain, zone:NAME, node:NAME, workload:NAME or execution:ID
    #[arg(requires = "state", value_parser = subject)]
    pub(crate) subject: Option<Subject>,

    /// The state: trusted, degraded, suspended or revoked
    #[arg(value_parser = trust)]
    pub(crate) state: Option<record::Trust>,

    #[command(flatten)]
    pub(crate) officer: OfficerArgs,
}

/// Stop: permit nothing more to a subject, from now on
///
/// A running node acts on it at once: sessions of whom it covers are cut, their servers ended. The
/// answer says what was stopped. A halt of a name that nothing here has acts all the same, and ends
/// with 2. Any OS user with an officer's key may order it, over the node's socket.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock halt office                      # everything
  interlock halt office workload:agent
  interlock halt office execution:FXR1F3tC --key ann.skey
  interlock halt office workload:agent --lift")]
pub(crate) struct HaltArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// Whom: domain, zone:NAME, node:NAME, workload:NAME or execution:ID (4 characters of its
    /// beginning are enough); by default everything
    #[arg(value_parser = subject)]
    pub(crate) subject: Option<Subject>,

    /// End an earlier halt of the same subject
    #[arg(long)]
    pub(crate) lift: bool,

    /// Halt everything without asking, on a terminal too
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) officer: OfficerArgs,
}

/// See Interlock at work: a real agent, a real MCP server, and the log that proves what happened
///
/// Makes a domain, starts a node, a sample office server and a scripted agent; then verifies the
/// log, replays every decision, and shows that a flipped byte is caught. Nothing outside its folder
/// is touched.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where to make the domain (by default a new temporary folder)
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Where the node serves its logs over HTTP while the demo stays (by default a free port of
    /// this machine)
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", hide_default_value = true)]
    pub(crate) listen: SocketAddr,

    /// End when the story is told, rather than stay and serve the logs
    #[arg(long)]
    pub(crate) exit: bool,
}

/// An argument of the form `NAME=VALUE`.
#[derive(Debug, Clone)]
pub(crate) struct NameValue {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl NameValue {
    fn parse(text: &str) -> Result<Self, ArgumentError> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err(ArgumentError::NameValue),
        }
    }
}

/// Reads a trust state.
pub(super) fn trust(text: &str) -> Result<record::Trust, ArgumentError> {
    record::Trust::parse(text).ok_or(ArgumentError::TrustState)
}
