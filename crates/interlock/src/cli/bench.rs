use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Measure this machine: decisions, commits, verification, replay, start
///
/// Each figure stands beside the limit that was measured in the same run on the same machine: the
/// raw sync of the disk, the raw group commit of the same bytes, the same path over a disk that
/// writes nothing. Times are in microseconds. What counts is the ratio: times depend on the machine
/// and on what else it does.
///
/// Everything is made in a temporary folder, which is removed at the end. It must lie on the disk
/// whose syncs are to be measured.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock bench
  interlock bench commit --folder /var/lib --json | jq '.rows[] | {name, p50_us, ratio_to_limit}'
  interlock bench start --records 1000000")]
pub(crate) struct BenchArgs {
    /// What to measure; everything where nothing is named
    #[arg(value_name = "WHAT")]
    pub(crate) what: Option<Measurement>,

    /// The folder below which the temporary one is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Records in the log for `verify`, `replay` and `start`
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    pub(crate) records: u32,

    /// A domain of `start`'s in which this process decides until it is killed
    #[arg(long, value_name = "DOMAIN", hide = true)]
    pub(crate) killed_in: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measurement {
    /// Decisions in memory
    Decide,
    /// Durable decisions, by how many callers ask at the same time
    Commit,
    /// Re-reading a whole log
    Verify,
    /// Deriving every decision again
    Replay,
    /// Opening a node on its log
    Start,
}
