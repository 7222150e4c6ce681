use std::sync::Arc;

use policy::{Bundle, DecisionState, History, Passing, Verdict, decide, resolve};
use record::{Facts, Labels};

use crate::scoped::{PER_TEAM, decide_100, decide_10000, decide_10000_unscoped_500, sample};
use crate::{detecting, temporal};

#[test]
fn the_samples_are_the_same_each_time_and_hold_what_they_say() {
    for (made, policies) in [(decide_100(), 100), (sample(233, 23), 233)] {
        let bundle =
            Arc::new(Bundle::load(&made.files).unwrap_or_else(|errors| panic!("{errors}")));
        assert_eq!(bundle.policies().count(), policies);
        let mut permits = 0;
        for request in made.requests.iter().step_by(10) {
            let mut history = History::new(&bundle).unwrap();
            let decision = decide(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, request);
            assert!(matches!(decision.code(), "permitted" | "policy.denied"), "{decision:?}");
            permits += usize::from(decision.verdict() == Verdict::Permit);
        }
        assert!((35..65).contains(&permits), "{permits} of 100");
    }
    assert_eq!(decide_10000(), decide_10000());
    assert_eq!(decide_10000_unscoped_500().files.len(), 3 + 20);
}

#[test]
fn only_policies_whose_scopes_match_are_asked() {
    // The unscoped ones, and at most those of the request's team: whatever else there is costs
    // nothing.
    for (policies, unscoped) in [(100, 2), (600, 20), (600, 60)] {
        let made = sample(policies, unscoped);
        let bundle = Arc::new(Bundle::load(&made.files).unwrap());
        for request in made.requests.iter().step_by(10) {
            let asked = resolve(&bundle, request).candidates();
            assert!((unscoped..=unscoped + PER_TEAM).contains(&asked), "{asked} of {policies}");
        }
    }
}

#[test]
fn the_temporal_sample_is_evaluated_by_monitors() {
    let made = temporal::temporal(50);
    let bundle = Arc::new(Bundle::load(&made.files).unwrap_or_else(|errors| panic!("{errors}")));
    let mut history = made.history(&bundle).unwrap();
    assert_eq!(history.events(), 50);
    let facts = Facts { at: temporal::START_MS + 1_000, ..Facts::DEFAULT };
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &facts, &made.request).code(),
        "permitted"
    );
    // There is no state of monitors where a condition has none.
    assert!(history.monitors().is_some());
}

#[test]
fn one_detector_matches_the_end_of_the_message() {
    let sample = detecting::decide_detectors();
    assert_eq!(sample.message.len(), detecting::MESSAGE_BYTES);
    let bundle = Bundle::load(&sample.files).unwrap_or_else(|errors| panic!("{errors}"));
    let found = bundle.detected(Passing::Results, sample.message.as_bytes());
    assert_eq!(found.iter().collect::<Vec<_>>(), ["confidential"]);
    let cut = sample.message.replace("STRICTLY", "strictly");
    assert_eq!(bundle.detected(Passing::Results, cut.as_bytes()), Labels::NONE);
    assert_eq!(sample.scan(), 1);
}
