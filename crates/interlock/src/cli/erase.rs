use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::family::duration_ms;

/// Make what ended executions sealed unreadable, for good
///
/// Arguments, results and reasons of an execution are encrypted under its own key. This puts the
/// erasure on record, then destroys the key. No proof breaks: the public part of every record,
/// receipts and the replay of all other executions stay whole. An execution that goes on is not
/// erased: an officer ends it first (`interlock end`).
///
/// A running node does it through its socket; where none runs, it is done in the folder. Copies and
/// backups of keys, and what a flash disk keeps of overwritten blocks, are not reached: see
/// docs/book/how-to/erase.md. Ends with 2 where an execution was not erased.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["execution", "ended_before"]))]
#[command(after_help = "Examples:
  interlock erase office 4ec1abR0dQeTz9bZQ1c2Aw
  interlock erase office --ended-before 30d --dry-run
  interlock erase office --ended-before 30d --json")]
pub(crate) struct EraseArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The execution, by its id or 4 or more characters of its beginning
    #[arg(value_name = "EXECUTION", allow_hyphen_values = true)]
    pub(crate) execution: Option<String>,

    /// All executions that ended longer ago than this: 90s, 10m, 2h, 30d
    #[arg(long, value_name = "AGE", value_parser = duration_ms)]
    pub(crate) ended_before: Option<i64>,

    /// Only say what would be erased
    #[arg(long)]
    pub(crate) dry_run: bool,
}
