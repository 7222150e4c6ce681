//! The starter bundle: it loads without a warning, its own tests pass, and they reach every policy and every code.
mod support;

use std::sync::Arc;

use interlock_policy::{Bundle, cases, limits};

#[test]
fn the_starter_loads_without_a_warning() {
    let bundle = Bundle::load(&support::starter()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(bundle.warnings(), []);
    // It loads and decides on a thread of two MiB, as tests and small tools have.
    assert!(limits::stack_needed(bundle.depth()) <= 1536 * 1024, "depth {}", bundle.depth());
}

#[test]
fn the_starters_tests_pass_and_reach_everything() {
    let bundle =
        Arc::new(Bundle::load(&support::starter()).unwrap_or_else(|errors| panic!("{errors}")));
    let report = cases::run(&bundle);
    println!("{} cases, {} policies, codes {:?}", report.passed, report.policies, report.codes);
    for failure in &report.failed {
        println!("line {}: expected {}, found {}", failure.line, failure.expected, failure.found);
    }
    assert!(report.failed.is_empty());
    assert!(report.passed >= 200);
    assert_eq!(report.policies_unreached, Vec::<String>::new());
    assert_eq!(report.codes_unreached, Vec::<String>::new());
}
