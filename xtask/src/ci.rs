//! Everything that CI runs, in the order in which a mistake is found soonest.

use crate::extent::Extent;
use crate::report::Report;
use crate::root::Root;
use crate::{cargo, docs, fuzz, instructions, peers, simulator, test, tidy, vectors};

/// Runs every step; none hides another.
pub(crate) fn run(root: &Root, report: &mut Report) {
    report.step("formatting", || cargo::format(root));
    report.step("tidy", || tidy::run(root));
    report.step("clippy", || cargo::clippy(root));
    report.step("bans, licences, sources", || cargo::deny(root));
    report.step("advisories", || cargo::advisories(root));
    report.step("peers", || peers::run(root));
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
