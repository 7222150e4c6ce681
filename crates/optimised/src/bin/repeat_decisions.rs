//! The second half of a decision, over and over: `cargo xtask instructions` has callgrind count
//! what it takes, as the difference between two numbers of rounds.
//! `cargo run --release -p interlock-optimised --bin repeat_decisions WHAT ROUNDS`
#![expect(clippy::unwrap_used, clippy::panic, reason = "a measurement that can't go on stops")]
use std::hint::black_box;
use std::sync::Arc;

use policy::{Bundle, DecisionState, History, ResolvedRequest, decide_resolved, resolve};
use record::Facts;
use testkit::scoped::decide_100;
use testkit::temporal::{START_MS, STEP_MS, decide_temporal_10000};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, rounds] = arguments.as_slice() else { panic!("WHAT ROUNDS") };
    let (what, rounds): (String, usize) = (what.clone(), rounds.parse().unwrap());
    let stack = policy::limits::DECIDE_STACK_BYTES;
    let work = move || match what.as_str() {
        "decide_100" => without_history(rounds),
        "decide_temporal_10000" => looking_back(rounds),
        other => panic!("`{other}` is not measured here"),
    };
    std::thread::Builder::new().stack_size(stack).spawn(work).unwrap().join().unwrap();
}

/// Each round has a thousand decisions.
fn without_history(rounds: usize) {
    let sample = decide_100();
    let bundle = Arc::new(Bundle::load(&sample.files).unwrap());
    let resolved: Vec<ResolvedRequest> =
        sample.requests.iter().map(|request| resolve(&bundle, request)).collect();
    assert_eq!(resolved.len(), 1_000);
    for _ in 0..rounds {
        let mut history = History::new(&bundle).unwrap();
        for resolved in &resolved {
            black_box(decide_resolved(
                &mut history,
                &DecisionState::DEFAULT,
                &Facts::DEFAULT,
                resolved,
            ));
        }
    }
}

/// Each round has one decision.
fn looking_back(rounds: usize) {
    let sample = decide_temporal_10000();
    let bundle = Arc::new(Bundle::load(&sample.files).unwrap());
    let mut history = sample.history(&bundle).unwrap();
    let events = i64::try_from(sample.done.len()).unwrap();
    let facts = Facts { at: START_MS + events * STEP_MS, ..Facts::DEFAULT };
    let resolved = resolve(&bundle, &sample.request);
    for _ in 0..rounds {
        let decision = decide_resolved(&mut history, &DecisionState::DEFAULT, &facts, &resolved);
        assert_eq!(decision.code(), "permitted");
    }
}
