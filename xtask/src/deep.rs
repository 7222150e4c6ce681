//! The long runs, which a push does not wait for. Their last results stand in `docs/internals/measurements.md`.

use crate::extent::Extent;
use crate::report::Report;
use crate::root::Root;
use crate::{fuzz, simulator, test};

/// Runs each at its full length; none hides another.
pub(crate) fn run(root: &Root, report: &mut Report) {
    report.step("decisions, a million and more", || test::at_length(root, Extent::Deep));
    report.step("two hundred kills", || test::kills(root));
    report.step("kills and edits from another seed", || test::other_seed(root));
    report.step("a thousand halts", || test::stops(root));
    report.step("fifty backups", || test::backups(root));
    report.step("an hour's soak", || test::soak(root));
    report.step("simulator, ten million steps", || simulator::run_at_length(root, Extent::Deep));
    report.step("fuzz", || fuzz::run(root, fuzz::DEEP_SECONDS));
}
