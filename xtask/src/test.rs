//! The tests, by cargo-nextest where it is installed, else by cargo itself.

use crate::build;
use crate::extent::Extent;
use crate::report::Outcome;
use crate::root::Root;
use crate::run::{self, command, has_cargo_tool};

/// Unit and integration tests of the whole workspace; `arguments` go to the runner.
pub(crate) fn run(root: &Root, arguments: &[String]) -> anyhow::Result<Outcome> {
    let mut words = runner(root);
    words.push("--no-fail-fast");
    words.extend(arguments.iter().map(String::as_str));
    run::run(command(root.path(), "cargo", &words))?;
    Ok(Outcome::Passed)
}

/// Builds what [`run`] runs.
pub(crate) fn build_all(root: &Root) -> anyhow::Result<Outcome> {
    let words = [runner(root), vec!["--no-run"]].concat();
    run::run(command(root.path(), "cargo", &words))?;
    Ok(Outcome::Passed)
}

fn runner(root: &Root) -> Vec<&'static str> {
    if has_cargo_tool(root.path(), "nextest") {
        return vec!["nextest", "run", "--workspace", "--locked"];
    }
    println!("  cargo-nextest is not installed: `cargo test` runs the tests instead");
    vec!["test", "--workspace", "--all-targets", "--locked"]
}

/// What an unoptimised build has no time for: the decider against Cedar's scan and a second evaluator, a hundred thousand
/// times or, in a deep run, a million times; a hundred thousand decisions derived again, before and after a tenth of them
/// is erased. The unoptimised build measures the stack that a decision needs.
pub(crate) fn at_length(root: &Root, extent: Extent) -> anyhow::Result<Outcome> {
    let build = [&["test", "--release", "--locked", "--quiet"], &build::SHIPPED[..]].concat();
    let tests = ["--test", "three_ways", "--test", "replayed", "--", "--nocapture"];
    let mut run = command(root.path(), "cargo", &[&build[..], &tests].concat());
    if extent == Extent::Deep {
        run.env("INTERLOCK_DEEP", "1");
    }
    run::run(run)?;
    Ok(Outcome::Passed)
}

/// A loaded node that is killed two hundred times: the results that agents had are on record.
pub(crate) fn kills(root: &Root) -> anyhow::Result<Outcome> {
    deep_nodes(root, &[], &["results::"])
}

/// What a push does from one seed, from another: a node that is killed at random, and logs that are edited at random.
pub(crate) fn other_seed(root: &Root) -> anyhow::Result<Outcome> {
    deep_nodes(root, &[], &["killed::", "replay_edited::"])
}

/// A thousand halts in one optimised build, beside hostile agents and strangers, with what each needs used up, slow or full. It
/// prints how long each took to the last byte.
pub(crate) fn stops(root: &Root) -> anyhow::Result<Outcome> {
    deep_nodes(root, &["--release"], &["--test-threads", "1", "stops::halts"])
}

/// Fifty backups and fifty copies of a busy node in one optimised build: each verifies, replays and starts.
pub(crate) fn backups(root: &Root) -> anyhow::Result<Outcome> {
    deep_nodes(root, &["--release"], &["--test-threads", "1", "backup::"])
}

/// An hour of sessions of every kind at one node in an optimised build. It prints every minute what the node takes.
pub(crate) fn soak(root: &Root) -> anyhow::Result<Outcome> {
    deep_nodes(root, &["--release"], &["soak::"])
}

/// Tests of whole nodes at length.
fn deep_nodes(root: &Root, build: &[&str], tests: &[&str]) -> anyhow::Result<Outcome> {
    let nodes = ["--locked", "--quiet", "--package", "interlock", "--test", "nodes"];
    let words = [&["test"], build, &nodes, &["--", "--nocapture"], tests].concat();
    let mut run = command(root.path(), "cargo", &words);
    run.env("INTERLOCK_DEEP", "1");
    run::run(run)?;
    Ok(Outcome::Passed)
}

/// The examples in the documentation comments.
pub(crate) fn documentation(root: &Root) -> anyhow::Result<Outcome> {
    run::run(command(
        root.path(),
        "cargo",
        &["test", "--workspace", "--doc", "--locked", "--quiet"],
    ))?;
    Ok(Outcome::Passed)
}
