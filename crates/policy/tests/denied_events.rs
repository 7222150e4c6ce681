//! What event a denied request is: from the fourth version of the decider on an `error`, at once,
//! beside the `request` that it is in any version. Three ways count it alike: the monitors as they
//! go, the monitors over the whole history again, and a plain count.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on stops")]
use std::sync::Arc;

use interlock_policy::{
    Bundle, DecisionState, Entity, Files, History, Request, TransitionOutcome, Verdict, decide,
};
use proptest::prelude::*;
use record::Facts;

const SCHEMA: &str = "entity W; entity R; action go, look appliesTo { principal: W, resource: R, \
    context: { input: { n: Long } } };";
/// `go` with an even number is permitted; `look` once three calls of `go` with this number went
/// wrong within a minute.
const POLICIES: &str = "@id(\"even\") permit (principal, action == Action::\"go\", resource) \
    when { context.input.n == 0 || context.input.n == 2 };\n\
    @id(\"after\") permit (principal, action == Action::\"look\", resource) when temporal { \
    2 < count_within(1m, Action::\"go\"::error{ input.n: context.input.n }) };\n\
    @id(\"asks\") @approval(\"1 of finance within 1m\") permit (principal, action == Action::\"go\", resource) \
    when { context.input.n == 4 };\n";
const START: i64 = 1_767_225_600_000;
const MINUTE: i64 = 60_000;

fn bundle(semantics: u8) -> Arc<Bundle> {
    let manifest = format!("name = \"n\"\nversion = \"1\"\nsemantics = {semantics}\n");
    let files: Files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", SCHEMA),
        ("policies/p.dw", POLICIES),
    ]
    .map(|(path, text)| (path.to_owned(), text.into()))
    .into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn request(action: &str, n: i64) -> Request {
    Request {
        principal: Entity::new("W", "w"),
        action: action.to_owned(),
        resource: Entity::new("R", "r"),
        input: format!("{{\"n\":{n}}}"),
    }
}

fn ask(history: &mut History, at: i64, request: &Request) -> Verdict {
    decide(history, &DecisionState::DEFAULT, &Facts { at, ..Facts::DEFAULT }, request).verdict()
}

/// How often `look` is permitted after these calls of `go` went as they did.
fn looks(semantics: u8, calls: impl Fn(&mut History)) -> Verdict {
    let mut history = History::new(&bundle(semantics)).unwrap();
    calls(&mut history);
    ask(&mut history, START + 10, &request("look", 1))
}

#[test]
fn a_denied_request_is_an_error_from_the_fourth_version_on() {
    let denied = |history: &mut History| {
        for n in 0..3 {
            assert_eq!(ask(history, START + n, &request("go", 1)), Verdict::Deny);
        }
    };
    assert_eq!(looks(4, denied), Verdict::Permit);
    assert_eq!(looks(2, denied), Verdict::Deny);
}

#[test]
fn a_pending_request_is_no_error() {
    let mut history = History::new(&bundle(4)).unwrap();
    for n in 0..5 {
        assert_eq!(ask(&mut history, START + n, &request("go", 4)), Verdict::Pending);
    }
    assert_eq!(ask(&mut history, START + 10, &request("look", 4)), Verdict::Deny);
    assert_eq!(history.events(), 5 + 2);
}

#[test]
fn a_withheld_permit_is_an_error_from_the_fourth_version_on() {
    let withheld = |history: &mut History| {
        (0..3).for_each(|n| history.withhold(START + n, &request("go", 1)));
    };
    assert_eq!(looks(4, withheld), Verdict::Permit);
    assert_eq!(looks(2, withheld), Verdict::Deny);
}

#[test]
fn a_request_that_is_denied_whoever_asks_is_an_error_too() {
    let halted = DecisionState { halted: true, ..DecisionState::DEFAULT };
    let mut history = History::new(&bundle(4)).unwrap();
    for n in 0..3 {
        let facts = Facts { at: START + n, ..Facts::DEFAULT };
        assert_eq!(
            decide(&mut history, &halted, &facts, &request("go", 2)).code(),
            "execution.halted"
        );
    }
    assert_eq!(ask(&mut history, START + 10, &request("look", 2)), Verdict::Permit);
}

/// One step: `go` or `look` with a number, how it ends if it is permitted, and the time until the
/// next.
fn step() -> impl Strategy<Value = (bool, i64, u8, i64)> {
    (prop::bool::weighted(0.7), 0..4_i64, 0..4_u8, 0..MINUTE / 2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn monitors_a_second_reading_and_a_plain_count_agree(steps in prop::collection::vec(step(), 1..24)) {
        let bundle = bundle(4);
        let mut history = History::new(&bundle).unwrap();
        let (mut at, mut errors) = (START, Vec::new());
        for (goes, n, end, wait) in steps {
            let asked = request(if goes { "go" } else { "look" }, n);
            let since = errors.iter().filter(|(then, with)| *with == n && at - then <= MINUTE);
            let expected = if goes { n % 2 == 0 } else { since.count() > 2 };
            let verdict = ask(&mut history, at, &asked);
            prop_assert_eq!(verdict == Verdict::Permit, expected, "{:?} at {}", &asked, at);
            let outcome = match end {
                _ if !expected => None,
                0 => Some(TransitionOutcome::Error),
                1 => Some(TransitionOutcome::Unknown),
                _ => Some(TransitionOutcome::Result(None)),
            };
            // What nobody knows counts as an error too.
            let is_error = matches!(outcome, Some(TransitionOutcome::Error | TransitionOutcome::Unknown));
            if goes && (!expected || is_error) {
                errors.push((at, n));
            }
            if expected && end == 3 {
                history.withhold(at, &asked);
                errors.extend(goes.then_some((at, n)));
            } else if let Some(outcome) = outcome {
                history.complete(at, &asked, &outcome);
            }
            // Another bundle, and this one again: everything is read anew.
            history.rebase(&bundle);
            at += wait + 1;
        }
    }
}
