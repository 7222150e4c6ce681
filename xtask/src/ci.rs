//! Everything that CI runs, in the order in which a mistake is found soonest.

use crate::extent::Extent;
use crate::report::{Outcome, Report};
use crate::root::Root;
use crate::{book, build, cargo, docs, fuzz, instructions, peers, simulator, test, tidy, vectors};

/// Runs every step; none hides another.
pub(crate) fn run(root: &Root, report: &mut Report) {
    report.step("formatting", || cargo::format(root));
    report.step("tidy", || tidy::run(root));
    report.step("book", || book::build(root));
    // Installing waits for the network, and both builds end with crates that wait for each other: side by side they leave no
    // processor idle. The tests begin when all of it is done, since some of them measure time.
    std::thread::scope(|scope| {
        let peers = scope.spawn(|| peers::run(root));
        let optimised = scope.spawn(|| build::optimised(root));
        report.step("bans, licences, sources", || cargo::deny(root));
        report.step("advisories", || cargo::advisories(root));
        report.step("clippy", || cargo::clippy(root));
        report.step("build of the tests", || test::build_all(root));
        report.step("optimised build", || joined(optimised));
        report.step("peers", || joined(peers));
    });
    report.step("tests", || test::run(root, &[]));
    report.step("decisions, optimised", || test::at_length(root, Extent::Push));
    report.step("documentation tests", || test::documentation(root));
    report.step("simulator, at length", || simulator::run_at_length(root, Extent::Push));
    report.step("instructions", || instructions::run_all(root));
    report.step("proof for wasm32", || cargo::wasm(root));
    report.step("vectors", || vectors::check(root));
    report.step("vectors, read by Python", || vectors::python(root));
    report.step("fuzz smoke", || fuzz::run(root, fuzz::SMOKE_SECONDS));
    report.step("documents' commands", || docs::run(root));
}

/// What the thread of a step came to.
fn joined(
    step: std::thread::ScopedJoinHandle<'_, anyhow::Result<Outcome>>,
) -> anyhow::Result<Outcome> {
    step.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the step ended unexpectedly")))
}
