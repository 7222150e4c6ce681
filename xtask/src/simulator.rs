//! The simulator at length: whole nodes on a virtual clock and disk, optimised.

use crate::build;
use crate::extent::Extent;
use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, run};

/// The seeds of the two halves, which run side by side.
const SEEDS: [&str; 2] = ["2026", "2027"];

/// Steps of one half.
fn steps(extent: Extent) -> &'static str {
    match extent {
        Extent::Push => "250000",
        Extent::Deep => "5000000",
    }
}

/// Takes the steps; fails at the first broken law, with the line that reproduces it.
pub(crate) fn run_at_length(root: &Root, extent: Extent) -> anyhow::Result<Outcome> {
    build::optimised(root)?;
    let binary = build::target_folder(root)?.join("release/interlock-simulator");
    std::thread::scope(|scope| {
        let runs = SEEDS.map(|seed| {
            let words = ["--steps", steps(extent), "--seed", seed];
            let half = command(root.path(), binary.as_os_str(), &words);
            scope.spawn(move || run(half))
        });
        runs.into_iter().try_for_each(|half| {
            half.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a run ended unexpectedly")))
        })
    })?;
    Ok(Outcome::Passed)
}
