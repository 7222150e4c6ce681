//! The simulator at length: whole nodes on a virtual clock and disk, optimised.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run};

/// What CI runs, side by side, each half from a seed of its own.
const CI_RUNS: [[&str; 4]; 2] =
    [["--steps", "500000", "--seed", "2026"], ["--steps", "500000", "--seed", "2027"]];

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
    std::thread::scope(|scope| {
        let runs = CI_RUNS.map(|words| {
            let half = command(root.path(), binary.as_os_str(), &words);
            scope.spawn(move || run(half))
        });
        runs.into_iter().try_for_each(|half| {
            half.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a run ended unexpectedly")))
        })
    })?;
    Ok(Outcome::Passed)
}
