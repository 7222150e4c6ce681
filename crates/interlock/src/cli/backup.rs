use std::path::PathBuf;

use clap::Args;

/// Copy a domain into one file, while its node runs or not
///
/// The file is a tar archive of the domain as it is at one moment: both logs with their sealed
/// parts and write-ahead files, what remembers their newest heads, bundles, keys and
/// `interlock.toml`; its last member says the heads of both logs and a digest of all before it.
/// Nothing of the node's is locked or waited for. `interlock restore FILE DOMAIN` verifies it and
/// makes a domain's folder of it.
///
/// The file holds the domain's keys, and so everything: whoever reads it can sign as its officer
/// and open what is sealed and not erased. Keep it as you keep the keys, or leave them out with
/// --without-keys and keep them elsewhere.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock backup office office-2026-11-30.tar
  interlock backup office --without-keys - | age -r RECIPIENT > office.tar.age")]
pub(crate) struct BackupArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The file to make (`-`: standard output); nothing is overwritten
    pub(crate) file: PathBuf,

    /// Leave out `keys/` and the keys of executions: logs and receipts verify without, no node
    /// starts
    #[arg(long)]
    pub(crate) without_keys: bool,

    /// Copy snapshots of the state too: the first start from the backup need not read the whole log
    #[arg(long)]
    pub(crate) with_snapshots: bool,
}
