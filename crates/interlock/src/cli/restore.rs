use std::path::PathBuf;

use clap::Args;

/// Make a domain's folder of a backup, or go on from an older copy of one
///
/// With a file that `interlock backup` made, all of it is verified before anything is put in place:
/// every member's digest, every hash and signature of both logs. Where the folder is there already,
/// this shows what was seen in it that the backup lacks (halts, trust states, registrations), asks,
/// and puts the old folder aside as `DOMAIN.before-restore`. Nothing is overwritten.
///
/// With a folder alone, it is taken for an older copy. A node does not start from a log that is
/// older than what was seen of it. Put the newest copy back if there is one. Where there is none,
/// this shows what the older copy lacks (halts, trust states, registrations) and asks; then the
/// next start goes on from it. What was seen beyond it is kept beside, as NAME.undone.
///
/// With --new-lineage, a lineage log that is lost, or that rests on governance records which are
/// lost, is put aside as `lineage.NODE`, and a new one begins under a new node's name, which
/// governance registers. Executions begin anew there: labels, histories, approvals and meters of
/// the old log do not come along.
#[derive(Debug, Args)]
#[command(override_usage = "interlock restore [OPTIONS] <FILE> <DOMAIN>
       interlock restore [OPTIONS] [DOMAIN]")]
#[command(after_help = "Examples:
  interlock restore office-2026-11-30.tar office
  interlock restore office
  interlock restore office --new-lineage node-2")]
pub(crate) struct RestoreArgs {
    /// A backup (`-`: standard input) and the domain's folder to make of it; or the folder of an
    /// older copy
    #[arg(value_name = "PATH", num_args = 0..=2, default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Begin a new lineage log under this new name of the node
    #[arg(long, value_name = "NODE")]
    pub(crate) new_lineage: Option<String>,

    /// Go on without asking: you have read what is lost
    #[arg(long)]
    pub(crate) yes: bool,
}
