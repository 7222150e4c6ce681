use std::sync::Arc;

use proptest::prelude::*;
use record::Facts;

use super::*;
use crate::bundle::{Bundle, Files};
use crate::decide::decide;
use crate::facts::DecisionState;
use crate::history::TransitionOutcome;
use crate::request::{Entity, Request};

const SCHEMA: &str = "entity W; entity T; action act appliesTo { principal: W, resource: T, context: { input: { n?: Long, k?: String }, output?: { size: Long } } };";

/// Conditions whose monitors keep the latest, counts, sums and different values.
const POLICIES: &str = "@id(\"p\") permit (principal, action, resource) when temporal { \
    count_within(3s, Action::\"act\"::request{ input.n: context.input.n }) < 4 && \
    sum_within(s, 4s, Action::\"act\"::response{ output.size: s }) < 10 && \
    count_distinct_within(k, 5s, Action::\"act\"::request{ input.k: k }) < 3 && \
    !(formerly within 2s Action::\"act\"::error{}) };";

fn bundle(policies: &str) -> Arc<Bundle> {
    let manifest = "name = \"h\"\nversion = \"1\"\nsemantics = 1";
    let files =
        [("bundle.toml", manifest), ("schema.cedarschema", SCHEMA), ("policies/p.dw", policies)];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn request(n: i64) -> Request {
    Request {
        principal: Entity::new("W", "w"),
        action: "act".into(),
        resource: Entity::new("T", "t"),
        // Some are malformed, and no events to any monitor.
        input: if n < 0 {
            "{\"n\":\"x\"}".to_owned()
        } else {
            format!("{{\"k\":\"{n}\",\"n\":{n}}}")
        },
    }
}

fn live(history: &mut History, steps: &[(i64, u8, i64)]) -> Vec<Vec<u8>> {
    let mut decisions = Vec::new();
    for (at, what, n) in steps {
        let asked = request(*n);
        match what {
            0 => history.complete(*at, &asked, &TransitionOutcome::Error),
            1 => {
                let text = format!("{{\"size\":{n}}}");
                history.complete(*at, &asked, &TransitionOutcome::Result(Some(text)));
            }
            _ => {
                let facts = Facts { at: *at, ..Facts::DEFAULT };
                decisions.push(
                    decide(history, &DecisionState::DEFAULT, &facts, &asked).to_value().to_bytes(),
                );
            }
        }
    }
    decisions
}

fn steps(most: usize) -> impl Strategy<Value = Vec<(i64, u8, i64)>> {
    prop::collection::vec((0_i64..20_000, 0_u8..5, -1_i64..4), 1..most)
}

/// Steps of every kind.
fn sixty() -> Vec<(i64, u8, i64)> {
    let kinds = [0, 1, 2, 3, 4].into_iter().cycle();
    (0..60).zip(kinds).map(|(n, kind)| (n * 100, kind, n % 4)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn resumed_monitors_decide_as_rebuilt_ones(
        (before, between, after) in (steps(60), steps(60), steps(30)),
    ) {
        let bundle = bundle(POLICIES);
        let mut history = History::new(&bundle).unwrap();
        live(&mut history, &before);
        let (events, kept) = (history.events(), history.monitors().unwrap());
        prop_assert_eq!(history.monitors_of_first(events), Some(kept.clone()));
        live(&mut history, &between);
        let whole = history.monitors().unwrap();
        prop_assert_eq!(history.monitors_of_first(events), Some(kept.clone()));

        // Forgotten, and gone on from: as if every event had been taken.
        history.rebase(&bundle);
        prop_assert_eq!(history.monitors(), None);
        prop_assert!(history.resume_monitors(events, &kept));
        prop_assert_eq!(history.monitors().unwrap(), whole);
        let mut anew = History::new(&bundle).unwrap();
        live(&mut anew, &before);
        live(&mut anew, &between);
        prop_assert_eq!(live(&mut history, &after), live(&mut anew, &after));
        prop_assert_eq!(history.monitors(), anew.monitors());
    }
}

#[test]
fn bytes_that_are_no_state_change_nothing() {
    let bundle = bundle(POLICIES);
    let mut history = History::new(&bundle).unwrap();
    live(&mut history, &sixty());
    let kept = history.monitors().unwrap();
    for end in 0..kept.len() {
        assert!(!history.resume_monitors(60, &kept[..end]), "cut after {end} bytes");
    }
    assert!(!history.resume_monitors(60, &[kept.clone(), vec![0]].concat()));
    assert!(!history.resume_monitors(history.events() + 1, &kept), "more events than there are");
    assert_eq!(history.monitors().unwrap(), kept);
}

#[test]
fn every_change_of_a_byte_is_read_or_refused() {
    let bundle = bundle(POLICIES);
    let mut history = History::new(&bundle).unwrap();
    live(&mut history, &sixty());
    let kept = history.monitors().unwrap();
    for place in 0..kept.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut other = kept.clone();
            other[place] = byte;
            let _read = history.resume_monitors(60, &other);
        }
    }
}

#[test]
fn monitors_are_told_apart_by_what_judges() {
    let one = bundle(POLICIES);
    let other = bundle(&POLICIES.replace("3s", "4s"));
    let digest = |bundle: &Arc<Bundle>| History::new(bundle).unwrap().monitors_digest();
    assert_eq!(digest(&one), digest(&bundle(POLICIES)));
    assert_ne!(digest(&one), digest(&other));
}

#[test]
fn events_that_no_condition_reads_are_not_kept() {
    let bundle = bundle("@id(\"p\") permit (principal, action, resource);");
    let mut history = History::new(&bundle).unwrap();
    live(&mut history, &[(1, 2, 1), (2, 1, 1)]);
    assert_eq!((history.events(), history.monitors()), (2, None));
}
