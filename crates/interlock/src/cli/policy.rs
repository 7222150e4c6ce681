use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OfficerArgs;

/// Check, test, compare or publish a bundle of policies
#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: BundleCommand,
}

/// The commands about a bundle's folder.
#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Load a bundle strictly and show every problem with its place
    ///
    /// Reads the manifest, schema, policies, entities and tests as `bundle publish` would. Shows
    /// all problems at once, each with file, line and column, and what may have been meant. Ends
    /// with 65 when the bundle is not sound.
    ///
    /// Warns of what no request can ever reach: a `forbid` that never applies, a tool that nobody
    /// may call, a group that nobody is in, a label that nothing adds. With --domain also of
    /// workloads that are not registered, roles that nobody holds, and servers that
    /// `interlock.toml` does not have. Says which lines of the bundle's tests are none of a case.
    #[command(after_help = "Examples:
  interlock bundle check bundles/starter
  interlock bundle check bundles/starter --domain office
  interlock bundle check . --json | jq '.errors[] | \"\\(.file):\\(.line)\"'")]
    Check {
        /// The folder that holds `bundle.toml`
        #[arg(value_name = "DIR")]
        folder: PathBuf,

        /// The folder of the domain that it is for
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<PathBuf>,
    },

    /// Run the tests that a bundle carries
    ///
    /// Decides each line of `tests/requests.jsonl` and compares code, decision and policies with
    /// the line of `tests/expected.jsonl`. Says which policies and codes no test reached. Ends with
    /// 2 when a test fails.
    #[command(after_help = "Example:
  interlock bundle test bundles/starter")]
    Test {
        /// The folder that holds `bundle.toml`
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },

    /// Print the digests of a server's tool definitions, to pin them
    ///
    /// Reads what an MCP server wrote to its standard output, one message a line, and prints for
    /// each tool of its `tools/list` results the digest that `pinned` in `bundle.toml` takes; of a
    /// tool that is listed twice, the last. Other messages are passed over. A pinned tool is called
    /// with that very definition only, else it is denied `tool.changed`. The digest is SHA-256 over
    /// the whole definition in the form of RFC 8785.
    ///
    /// Look at what you pin: a definition tells the agent what to do.
    #[command(after_help = "Example:
  printf '%s\\n' \\
    '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"pin\",\"version\":\"1\"}}}' \\
    '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}' \\
    '{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}' > asked
  # A server may end when its input does: it stays open for the answers.
  (cat asked; sleep 5) | my-server | interlock bundle definitions")]
    Definitions {
        /// The file of messages; `-` is standard input
        #[arg(value_name = "FILE", default_value = "-")]
        messages: PathBuf,
    },

    Diff(DiffArgs),

    Publish(PublishArgs),
}

/// Show what a new bundle allows and denies that the old one did not
///
/// Compares policies, tools and files by name, then asks both bundles the requests of both their
/// tests, and those of --requests, and shows every answer that turned: newly allowed, newly denied,
/// waiting for officers, or the same for another reason. What nobody asks is not compared: for what
/// a domain has lived through, see `interlock replay DOMAIN --bundle NEW`.
///
/// Ends with 0, or with 2 where --exit-code is given and an answer turned.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock bundle diff bundles/starter my-bundle
  interlock bundle diff old new --requests requests.jsonl --json | jq .allowed")]
pub(crate) struct DiffArgs {
    /// The folder of the bundle that decides today
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The folder of the bundle that is to decide
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// More requests to ask: a file of AuthZEN evaluation bodies, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) requests: Option<PathBuf>,

    /// Answers of each kind that are shown in text
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) show: usize,

    /// End with 2 where an answer turned
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Publish a bundle: it decides from here on
///
/// It shows what changes, and asks on a terminal. The officer's key signs it. A running node adopts
/// it before this command returns; running executions keep their history, which the new conditions
/// see whole. The bundle's own tests run first: where one fails, it is shown as `interlock bundle
/// test` shows it, and nothing is published. What of it nothing in the domain can reach is told, as
/// `interlock bundle check --domain` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  interlock bundle publish my-bundle office")]
pub(crate) struct PublishArgs {
    /// The folder that holds `bundle.toml`
    #[arg(value_name = "DIR")]
    pub(crate) bundle: PathBuf,

    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// Publish without asking, on a terminal too
    #[arg(long)]
    pub(crate) yes: bool,

    /// Publish although the bundle's own tests fail
    #[arg(long)]
    pub(crate) untested: bool,

    #[command(flatten)]
    pub(crate) officer: OfficerArgs,
}

/// Decide requests without a server
///
/// One OpenID AuthZEN evaluation body a line comes in, one line of canonical JSON goes out, in the
/// same order: the decision with every check and the policies that determined it. Nothing else is
/// read: no clock, no disk but the bundle, no environment. Entities come from the bundle, facts
/// from `context.facts`, the tool's arguments from `context.input`, earlier events from
/// `context.history`. Without facts: 1 January 2026, a trusted, registered, separated workload.
///
/// A line that cannot be read is answered {"code":"refused.input","line":N,"v":1,"why":"..."}: no
/// decision was made, nothing is permitted. Members that AuthZEN does not name are listed in
/// `ignored`. Ends with 0 when each line was decided, whatever the decisions, and with 65 when one
/// could not be read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock decide --bundle bundles/starter --requests requests.jsonl
  interlock decide --bundle bundles/starter <<'END' | jq .code
  {\"subject\":{\"type\":\"Workload\",\"id\":\"assistant\"},\"action\":{\"name\":\"ping\"},\"resource\":{\"type\":\"Server\",\"id\":\"office\"}}
  END")]
pub(crate) struct DecideArgs {
    /// The folder of the bundle that decides
    #[arg(long, value_name = "DIR")]
    pub(crate) bundle: PathBuf,

    /// The file of requests; `-` is standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) requests: PathBuf,
}
