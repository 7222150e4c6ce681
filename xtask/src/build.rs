//! The two builds that the steps share: each step that built its own selection of crates would build them anew, because cargo
//! gives what is selected together the same features.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run};

/// What ships, and what looks at it in an optimised build. No part of it has dependencies for tests that bring other
/// features, so that all of it is built once, as `cargo build --release` builds the program.
pub(crate) const SHIPPED: [&str; 6] =
    ["-p", "interlock", "-p", "interlock-simulator", "-p", "interlock-optimised"];

/// Builds [`SHIPPED`], optimised. `target/release` has the programs.
pub(crate) fn optimised(root: &Root) -> anyhow::Result<Outcome> {
    let build = ["build", "--release", "--locked", "--quiet", "--bins"];
    let tests = ["--test", "three_ways", "--test", "replayed"];
    run(command(root.path(), "cargo", &[&build[..], &SHIPPED, &tests].concat()))?;
    Ok(Outcome::Passed)
}

/// The programs and the examples as the tests have them. `target/debug` has them.
pub(crate) fn programs(root: &Root) -> anyhow::Result<()> {
    let words = ["build", "--workspace", "--bins", "--examples", "--locked", "--quiet"];
    run(command(root.path(), "cargo", &words))
}

/// Where cargo builds.
pub(crate) fn target_folder(root: &Root) -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root.path())
        .no_deps()
        .exec()
        .context("`cargo metadata` failed")?;
    Ok(metadata.target_directory.into_std_path_buf())
}
