//! Runs each fuzz target for a few seconds: enough to see that it builds, starts and meets no crash at once.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{self, command, has_cargo_tool, output};

/// Seconds for each target in CI.
pub(crate) const SMOKE_SECONDS: u32 = 5;
/// Seconds for each target in a deep run.
pub(crate) const DEEP_SECONDS: u32 = 300;

/// Runs every target of `fuzz/` for `seconds`.
pub(crate) fn run(root: &Root, seconds: u32) -> anyhow::Result<Outcome> {
    if !root.join("fuzz/Cargo.toml").is_file() {
        anyhow::bail!("`fuzz/Cargo.toml` is not there");
    }
    // A lock file that is behind the workspace would be written anew, and a clone would not stay clean.
    let manifest =
        ["metadata", "--locked", "--format-version=1", "--manifest-path=fuzz/Cargo.toml"];
    output(command(root.path(), "cargo", &manifest))?;
    if !has_cargo_tool(root.path(), "fuzz") {
        let why = "cargo-fuzz is not installed (`cargo install --locked cargo-fuzz`)";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let targets = output(command(root.path(), "cargo", &["fuzz", "list"]))?;
    let limit = format!("-max_total_time={seconds}");
    let mut count = 0_u32;
    for target in targets.split_whitespace() {
        // The sanitizer's flags are unstable; the pinned toolchain is used all the same, so that what is fuzzed
        // is compiled by the compiler that ships.
        let mut fuzz = command(
            root.path(),
            "cargo",
            &[
                "fuzz",
                "run",
                "--target-dir",
                "target/fuzz",
                target,
                "--",
                &limit,
                "-verbosity=0",
                "-timeout=10",
            ],
        );
        fuzz.env("RUSTC_BOOTSTRAP", "1");
        run::run(fuzz)?;
        count += 1;
    }
    anyhow::ensure!(count > 0, "`fuzz/` has no targets");
    println!("  {count} targets, {seconds} s each");
    Ok(Outcome::Passed)
}
