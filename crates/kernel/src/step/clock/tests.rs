use record::lineage::{Body, LineageRecord};

use crate::fixture::{Domain, TestNode};
use crate::limits::CLOCK_STEP_MS;
use crate::replay::ReplayOutcome;
use crate::step::Input;

/// The steps on record.
fn steps(node: &TestNode) -> Vec<i64> {
    let bodies = node.log.iter().map(|(record, _)| LineageRecord::parse(record).unwrap().body);
    let step = |body| match body {
        Body::ClockStepped { by_ms } => Some(by_ms),
        _ => None,
    };
    bodies.filter_map(step).collect()
}

/// So many milliseconds pass, and the wall clock is that much off besides.
fn pass(node: &mut TestNode, ms: u64, off_ms: i64) {
    node.now.monotonic_ns += ms * 1_000_000;
    node.now.wall_ms += i64::try_from(ms).unwrap() + off_ms;
    node.step(Input::Tick);
}

#[test]
fn a_step_of_the_clock_is_on_record_once() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    pass(&mut node, 60_000, 0);
    pass(&mut node, 1_000, CLOCK_STEP_MS - 1);
    assert_eq!(steps(&node), [0_i64; 0], "time that passes, or is adjusted, is no step");
    pass(&mut node, 1_000, 86_400_000);
    pass(&mut node, 1_000, 0);
    pass(&mut node, 1_000, -86_400_000);
    assert_eq!(steps(&node), [86_400_000, -86_400_000]);
    let outcome = node.replay(&domain).unwrap();
    assert!(outcome.iter().all(|outcome| *outcome == ReplayOutcome::Followed), "{outcome:?}");
}

#[test]
fn a_start_with_a_log_ahead_of_the_clock_says_so() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    pass(&mut node, 1_000, 7_200_000);
    let node = TestNode::restart(&domain, node.log);
    assert_eq!(steps(&node), [7_200_000, -7_201_000]);
}
