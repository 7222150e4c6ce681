use std::path::PathBuf;

use clap::Args;

/// Go on from an older copy of a domain, after showing what that undoes
///
/// A node does not start from a log that is older than what was seen of it. Put the newest copy back if there is one. Where
/// there is none, this shows what the older copy lacks (halts, trust states, registrations) and asks; then the next start
/// goes on from it. What was seen beyond it is kept beside, as NAME.undone.
///
/// With --new-lineage, a lineage log that is lost, or that rests on governance records which are lost, is put aside as
/// `lineage.NODE`, and a new one begins under a new node's name, which governance registers. Executions begin anew there:
/// labels, histories, approvals and meters of the old log do not come along.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock restore office
  interlock restore office --new-lineage node-2")]
pub(crate) struct Restore {
    /// The domain's folder
    #[arg(default_value = ".")]
    pub(crate) domain: PathBuf,

    /// Begin a new lineage log under this new name of the node
    #[arg(long, value_name = "NODE")]
    pub(crate) new_lineage: Option<String>,

    /// Go on without asking: you have read what is lost
    #[arg(long)]
    pub(crate) yes: bool,
}
