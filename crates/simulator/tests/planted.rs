//! Each planted bug is found within a bounded number of steps, and named by the law that it breaks.

use interlock_simulator::{Bug, Law, Ran, run};

/// Seeds with which each bug is looked for, one after the other, and steps within which one of them must find it: a bug that
/// needs rare things to come together is not in every run.
const SEEDS: std::ops::RangeInclusive<u64> = 7..=12;
const WITHIN: u64 = 6_000;

/// Runs where there is the stack that deciding needs.
#[cfg(test)]
fn ran(seed: u64, steps: u64, bug: Option<Bug>) -> Ran {
    let thread = std::thread::Builder::new().stack_size(policy::limits::DECIDE_STACK_BYTES);
    thread.spawn(move || run(seed, steps, bug)).unwrap().join().unwrap()
}

#[cfg(test)]
fn is_found(bug: Bug, law: Law) {
    let found = SEEDS.into_iter().find_map(|seed| ran(seed, WITHIN, Some(bug)).broken);
    let (seed, step, broken) = found.unwrap_or_else(|| panic!("{bug:?} was not found"));
    eprintln!("{bug:?}: seed {seed}, step {step}: law {:?}: {}", broken.law, broken.what);
    assert_eq!(broken.law, law, "{}", broken.what);
}

#[test]
fn a_release_before_the_sync_is_found() {
    is_found(Bug::ReleaseBeforeSync, Law::Durable);
}

#[test]
fn a_skipped_prev_is_found() {
    is_found(Bug::SkippedPrev, Law::Bytes);
}

#[test]
fn a_permit_that_is_used_twice_is_found() {
    is_found(Bug::ReusedPermit, Law::Permit);
}

#[test]
fn a_decision_at_a_stale_version_is_found() {
    is_found(Bug::StaleVersion, Law::Closed);
}

#[test]
fn other_arguments_than_were_approved_are_found() {
    is_found(Bug::OtherArguments, Law::Closed);
}

#[test]
fn a_label_that_is_added_late_is_found() {
    is_found(Bug::LateLabel, Law::Closed);
}

#[test]
fn a_result_that_counts_too_late_is_found() {
    is_found(Bug::LateResult, Law::Closed);
}

#[test]
fn a_snapshot_that_is_listed_before_its_record_is_durable_is_found() {
    is_found(Bug::EarlyList, Law::Durable);
}

#[test]
fn a_labelled_result_that_goes_on_too_early_is_found() {
    is_found(Bug::EarlyResult, Law::Durable);
}

#[test]
fn the_same_seed_is_the_same_run_and_breaks_no_law() {
    let [first, second] = [(); 2].map(|()| ran(11, 600, None));
    assert_eq!(first.broken, None);
    let figures =
        |ran: &Ran| (ran.steps, ran.worlds, ran.crashes, ran.resumed, ran.decisions, ran.records);
    assert_eq!(figures(&first), figures(&second));
    assert!(first.crashes > 0 && first.resumed > 0 && first.decisions > 100, "{first:?}");
}
