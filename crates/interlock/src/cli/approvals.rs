use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OfficerArgs;
use super::family::duration_ms;

/// Show what waits for approval, and who has said what
///
/// A policy that permits may ask for officers' approval; the request then waits, and its record's
/// digest is the id by which officers approve it and the agent asks again. Needs the running node.
/// Any OS user with an officer's key (--key, or INTERLOCK_KEY) sees what waits for that key's
/// roles; without one, the node's own OS user sees everything.
#[derive(Debug, Args)]
pub(crate) struct ApprovalsArgs {
    /// What to show.
    #[command(subcommand)]
    pub(crate) command: ApprovalsCommand,
}

/// What can be shown of approvals.
#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// List the requests that wait, and those that did and are remembered
    #[command(after_help = "Examples:
  interlock approvals list office
  interlock approvals list office --watch --key ~/keys/ann.skey
  interlock approvals list office --json | jq -r 'select(.state == \"waits\") | .pending'")]
    List {
        /// The domain's folder
        domain: PathBuf,

        /// Go on, and show what is new or has changed, until interrupted
        #[arg(short, long)]
        watch: bool,

        #[command(flatten)]
        officer: OfficerArgs,
    },
    /// Show one of them with its arguments, and why it waits
    #[command(after_help = "Example:
  interlock approvals show office 9fQ2c8")]
    Show {
        /// The domain's folder
        domain: PathBuf,
        /// The pending id, or its beginning
        #[arg(allow_hyphen_values = true)]
        pending: String,

        #[command(flatten)]
        officer: OfficerArgs,
    },
}

/// Approve a pending request with an officer's key, or refuse it
///
/// Shows the request with the arguments as the server would get them, and asks on a terminal;
/// without one an approval needs --yes. The key signs the digest of exactly that record, for this
/// node's log, and goes nowhere. The approval is used once, and only until it expires and the
/// policy's own time has passed. One refusal by an officer who is asked refuses for good.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock approve office 9fQ2c8 --key ~/keys/ann.skey
  interlock approve office 9fQ2c8 --key ~/keys/ann.skey --refuse
  interlock approve office 9fQ2c8 --key ~/keys/ann.skey --yes   # in a script")]
pub(crate) struct ApproveArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The pending id, or its beginning
    #[arg(value_name = "PENDING", allow_hyphen_values = true)]
    pub(crate) pending: String,

    #[command(flatten)]
    pub(crate) officer: OfficerArgs,

    /// Refuse it instead
    #[arg(long)]
    pub(crate) refuse: bool,

    /// Approve without asking: you have read what is approved
    #[arg(long)]
    pub(crate) yes: bool,

    /// For how long the approval may be used
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = duration_ms)]
    pub(crate) for_ms: i64,
}

/// Show what is used of each meter, and its limit
///
/// `reserved` is what permits that have not ended have set aside; it counts as used. Needs the
/// running node.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock meters office
  interlock meters office --json | jq 'select(.used + .reserved > .limit * 0.8)'")]
pub(crate) struct MetersArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,
}
