//! The simulator at length: whole nodes on a virtual clock and disk, optimised.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run};

/// Steps that CI takes, and the seed that it begins with.
const CI_RUN: [&str; 4] = ["--steps", "1000000", "--seed", "2026"];

/// Takes the steps; fails at the first broken law, with the line that reproduces it.
pub(crate) fn run_at_length(root: &Root) -> anyhow::Result<Outcome> {
    // Together with the program, so that what both depend on is built once.
    let build = [
        "build",
        "--release",
        "--locked",
        "--quiet",
        "-p",
        "interlock",
        "-p",
        "interlock-simulator",
    ];
    run(command(root.path(), "cargo", &build))?;
    let binary = crate::docs::target_folder(root)?.join("release/interlock-simulator");
    run(command(root.path(), binary.as_os_str(), &CI_RUN))?;
    Ok(Outcome::Passed)
}
