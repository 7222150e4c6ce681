use super::*;
use proptest::prelude::*;
use record::Facts;

use crate::bundle::Files;
use crate::decide::decide;
use crate::facts::DecisionState;
use crate::limits::{HISTORY_EVENTS_MAX, INPUT_BYTES_MAX};
use crate::request::Entity;

const SCHEMA: &str = "entity W; entity T; action act appliesTo { principal: W, resource: T, context: { input: { n?: Long }, output?: { size: Long, kind?: String } } }; action ask appliesTo { principal: W, resource: T, context: { input: { n?: Long } } };";

fn bundle(policies: &str) -> Arc<Bundle> {
    bundle_under(1, policies)
}

fn bundle_under(semantics: u64, policies: &str) -> Arc<Bundle> {
    let manifest = format!("name = \"h\"\nversion = \"1\"\nsemantics = {semantics}");
    let files =
        [("bundle.toml", &*manifest), ("schema.cedarschema", SCHEMA), ("policies/p.dw", policies)];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn request(action: &str, input: &str) -> Request {
    Request {
        principal: Entity::new("W", "w"),
        action: action.into(),
        resource: Entity::new("T", "t"),
        input: input.into(),
    }
}

fn code(history: &mut History, at: i64, request: &Request) -> &'static str {
    decide(history, &DecisionState::DEFAULT, &Facts { at, ..Facts::DEFAULT }, request).code()
}

fn when(condition: &str) -> Arc<Bundle> {
    when_under(1, condition)
}

fn when_under(semantics: u64, condition: &str) -> Arc<Bundle> {
    let policies = format!(
        "@id(\"p\") permit (principal, action == Action::\"act\", resource);\n\
         @id(\"t\") permit (principal, action == Action::\"ask\", resource) when temporal {{ {condition} }};"
    );
    bundle_under(semantics, &policies)
}

#[test]
fn requests_count_from_their_decision_on_whatever_it_was() {
    let bundle = bundle(
        "@id(\"t\") permit (principal, action, resource) when temporal { 2 < count_within(1h, Action::\"act\"::request{}) };",
    );
    let mut history = History::new(&bundle).unwrap();
    let act = request("act", "{}");
    // All at one instant of the clock: they are still three.
    assert_eq!(code(&mut history, 5, &act), "policy.denied");
    assert_eq!(code(&mut history, 5, &act), "policy.denied");
    assert_eq!(code(&mut history, 5, &act), "permitted");
}

#[test]
fn a_clock_that_steps_back_is_held() {
    let bundle = when("formerly within 1s Action::\"act\"::response{}");
    let mut history = History::new(&bundle).unwrap();
    let (act, ask) = (request("act", "{}"), request("ask", "{}"));
    history.complete(10_000, &act, &TransitionOutcome::Result(None));
    // Nine seconds before it happened, by the clock; at once after it, by the record.
    assert_eq!(code(&mut history, 1_000, &ask), "permitted");
    assert_eq!(code(&mut history, 11_500, &ask), "policy.denied");
    assert_eq!(history.events(), 3);
}

#[test]
fn results_can_be_looked_back_at_and_misfits_are_left_out() {
    let bundle = when("formerly within 1h Action::\"act\"::response{ output.size: 7 }");
    let act = request("act", "{}");
    let seen = |outcome: TransitionOutcome| {
        let mut history = History::new(&bundle).unwrap();
        history.complete(1, &act, &outcome);
        code(&mut history, 2, &request("ask", "{}"))
    };
    let result = |text: &str| TransitionOutcome::Result(Some(text.to_owned()));
    assert_eq!(seen(result(r#"{"size":7}"#)), "permitted");
    assert_eq!(seen(result(r#"{"size":7,"kind":3,"more":[1]}"#)), "permitted");
    for text in [r#"{"size":8}"#, r#"{"size":"7"}"#, "7", "not json", r#"{"size":7,"size":7}"#] {
        assert_eq!(seen(result(text)), "policy.denied", "{text}");
    }
    assert_eq!(seen(TransitionOutcome::Result(None)), "policy.denied");
    assert_eq!(seen(TransitionOutcome::Error), "policy.denied");
}

#[test]
fn an_unknown_outcome_is_neither_response_nor_error() {
    for kind in ["response", "error"] {
        let bundle = when(&format!("formerly within 1h Action::\"act\"::{kind}{{}}"));
        let mut history = History::new(&bundle).unwrap();
        history.complete(1, &request("act", "{}"), &TransitionOutcome::Unknown);
        assert_eq!(code(&mut history, 2, &request("ask", "{}")), "policy.denied");
        assert_eq!(history.events(), 1);
    }
}

#[test]
fn a_new_bundle_sees_the_whole_history() {
    let (first, second) = (
        when("formerly within 1h Action::\"ask\"::error{}"),
        when("formerly within 1h Action::\"act\"::request{ input.n: 4 }"),
    );
    let mut history = History::new(&first).unwrap();
    assert_eq!(code(&mut history, 1, &request("act", r#"{"n":4}"#)), "permitted");
    // Malformed under both, unknown under both: decided, recorded, and events of neither.
    assert_eq!(code(&mut history, 2, &request("act", r#"{"n":"4"}"#)), "request.malformed");
    assert_eq!(code(&mut history, 3, &request("fly", "{}")), "tool.unknown");
    assert_eq!(code(&mut history, 4, &request("ask", "{}")), "policy.denied");
    history.rebase(&second);
    assert_eq!(history.events(), 4);
    assert_eq!(code(&mut history, 5, &request("ask", "{}")), "permitted");

    // Whoever started under the second bundle comes to the same end.
    let mut other = History::new(&second).unwrap();
    let asked = [("act", r#"{"n":4}"#), ("act", r#"{"n":"4"}"#), ("fly", "{}"), ("ask", "{}")];
    for (at, (action, input)) in (1..).zip(asked) {
        code(&mut other, at, &request(action, input));
    }
    assert_eq!(code(&mut other, 5, &request("ask", "{}")), "permitted");
}

#[test]
fn oversized_events_are_not_recorded() {
    let bundle = when("formerly within 1h Action::\"act\"::request{}");
    let mut history = History::new(&bundle).unwrap();
    let large = request("act", &format!("{{\"n\":{}}}", " ".repeat(INPUT_BYTES_MAX)));
    assert_eq!(code(&mut history, 1, &large), "request.malformed");
    assert_eq!(history.events(), 0);
}

#[test]
fn a_full_history_denies() {
    let bundle = when("formerly within 1h Action::\"act\"::request{}");
    let mut history = History::new(&bundle).unwrap();
    let unknown = Arc::new(request("x", "{}"));
    for _ in 0..HISTORY_EVENTS_MAX {
        history.complete(0, &unknown, &TransitionOutcome::Error);
    }
    assert_eq!(code(&mut history, 1, &request("act", "{}")), "policy.error");
    assert_eq!(history.events(), HISTORY_EVENTS_MAX);
}

#[test]
fn a_malformed_request_never_becomes_an_event() {
    let bundle = when("formerly within 1h Action::\"act\"::request{}");
    let mut history = History::new(&bundle).unwrap();
    assert_eq!(code(&mut history, -1, &request("act", "{}")), "request.malformed");
    assert_eq!(code(&mut history, 1, &request("ask", "{}")), "policy.denied");
    history.rebase(&bundle);
    assert_eq!(history.events(), 2);
    assert_eq!(code(&mut history, 2, &request("ask", "{}")), "policy.denied");
}

/// Conditions of all shapes, every one over the same few fields.
fn watching() -> Arc<Bundle> {
    when(
        "(formerly within 2s Action::\"act\"::response{ input.n: context.input.n }) && \
         count_within(5s, Action::\"ask\"::request{ input.n: context.input.n }) < 4 && \
         sum_within(s, 4s, Action::\"act\"::response{ output.size: s }) < 10 && \
         !(previous within 1s Action::\"act\"::error{}) && \
         (!Action::\"act\"::error{} since within 9s Action::\"act\"::request{})",
    )
}

/// What an execution asks for and what comes of it: time that passes, and which of the events.
fn lived() -> impl Strategy<Value = Vec<(i64, u8, i64)>> {
    prop::collection::vec((0_i64..1_500, 0_u8..5, 0_i64..3), 1..50)
}

/// Lives through it, and gives the codes of the decisions.
fn live_through(history: &mut History, steps: &[(i64, u8, i64)]) -> Vec<&'static str> {
    let mut at = 1_000;
    let mut codes = Vec::new();
    for (step, kind, n) in steps {
        at += step;
        let (act, ask) = (format!(r#"{{"n":{n}}}"#), format!(r#"{{"n":{n}}}"#));
        let (act, ask) = (request("act", &act), request("ask", &ask));
        match kind {
            0 => history.complete(at, &act, &TransitionOutcome::Error),
            1 => history.complete(
                at,
                &act,
                &TransitionOutcome::Result(Some(format!("{{\"size\":{n}}}"))),
            ),
            2 => codes.push(code(history, at, &act)),
            _ => {
                let facts = Facts { at, ..Facts::DEFAULT };
                let resolved = crate::resolve(history.bundle(), &ask);
                let before = history.version();
                let seen =
                    crate::decide_dry_run(history, &DecisionState::DEFAULT, &facts, &resolved)
                        .unwrap();
                assert_eq!(history.version(), before);
                let decided = decide(history, &DecisionState::DEFAULT, &facts, &ask);
                assert_eq!(seen, decided);
                assert_ne!(history.version(), before);
                codes.push(decided.code());
            }
        }
    }
    codes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_dry_run_agrees_with_the_decision_under_every_bundle(
        steps in lived(), more in lived()
    ) {
        let (bundle, other) = (watching(), when("formerly within 1s Action::\"act\"::error{}"));
        prop_assert!(bundle.temporal.rest.is_empty());
        let mut history = History::new(&bundle).unwrap();
        let mut late = History::new(&other).unwrap();
        live_through(&mut history, &steps);
        live_through(&mut late, &steps);
        late.rebase(&bundle);
        prop_assert_eq!(live_through(&mut history, &more), live_through(&mut late, &more));
    }
}

#[test]
fn conditions_without_a_monitor_can_only_be_asked_by_recording() {
    let bundle = when(
        "exists (n: Long). (formerly within 1h Action::\"act\"::request{ input.n: n } && \
         formerly within 1h Action::\"act\"::error{ input.n: n })",
    );
    let mut history = History::new(&bundle).unwrap();
    let (act, ask) = (request("act", r#"{"n":4}"#), request("ask", "{}"));
    assert_eq!(code(&mut history, 1, &act), "permitted");
    assert_eq!(code(&mut history, 2, &ask), "policy.denied");
    history.complete(3, &act, &TransitionOutcome::Error);
    let resolved = crate::resolve(&bundle, &ask);
    let facts = Facts { at: 4, ..Facts::DEFAULT };
    assert_eq!(crate::decide_dry_run(&history, &DecisionState::DEFAULT, &facts, &resolved), None);
    assert_eq!(code(&mut history, 4, &ask), "permitted");
}

/// Whether a condition holds after an end that nobody knows.
fn holds_after_unknown(semantics: u64, condition: &str) -> bool {
    let bundle = when_under(semantics, condition);
    let mut history = History::new(&bundle).unwrap();
    history.complete(1_000, &request("act", r#"{"n":4}"#), &TransitionOutcome::Unknown);
    code(&mut history, 2_000, &request("ask", "{}")) == "permitted"
}

#[test]
fn an_unknown_end_counts_as_a_response_and_as_an_error() {
    for condition in [
        "formerly within 1h Action::\"act\"::response{}",
        "formerly within 1h Action::\"act\"::error{}",
        "formerly within 1h Action::\"act\"::error{ input.n: 4 }",
        "previous within 1h Action::\"act\"::response{}",
        "previous within 1h Action::\"act\"::error{}",
        "count_within(1h, Action::\"act\"::response{}) == 1",
        "exists (n: Long). (formerly within 1h Action::\"act\"::response{ input.n: n } && \
         formerly within 1h Action::\"act\"::error{ input.n: n })",
    ] {
        assert!(holds_after_unknown(4, condition), "{condition}");
        assert!(!holds_after_unknown(1, condition), "{condition}, before");
    }
}

/// Whether a condition holds after a result with this structured output.
fn holds_after(semantics: u64, output: &str, condition: &str) -> bool {
    let bundle = when_under(semantics, condition);
    let mut history = History::new(&bundle).unwrap();
    let outcome = TransitionOutcome::Result(Some(output.to_owned()));
    history.complete(1_000, &request("act", "{}"), &outcome);
    code(&mut history, 2_000, &request("ask", "{}")) == "permitted"
}

#[test]
fn an_ambiguous_result_counts_as_unknown() {
    let error = "formerly within 1h Action::\"act\"::error{}";
    let response = "formerly within 1h Action::\"act\"::response{}";
    for output in [
        r#"{"size":9007199254740993}"#,
        r#"{"size":1e400}"#,
        r#"{"size":7,"Size":8}"#,
        r#"{"size":7,"size":8}"#,
        r#"{"size":7,"kind":"\u0000of another string"}"#,
    ] {
        assert!(holds_after(4, output, error), "{output}");
        assert!(holds_after(4, output, response), "{output}");
    }
    // What is not declared is nothing that policy reads.
    for output in [
        r#"{"size":7,"id":9007199254740993}"#,
        r#"{"size":7.0,"big":1e400,"a":{"k":1,"K":2}}"#,
        r#"{"kind":"\u2028","x":"\ud800"}"#,
    ] {
        assert!(!holds_after(4, output, error), "{output}");
        assert!(holds_after(4, output, response), "{output}");
    }
}

#[test]
fn a_whole_number_of_a_result_is_a_long_however_it_is_written() {
    let compared = "formerly within 1h Action::\"act\"::response{ output.size: 7 }";
    for output in [r#"{"size":7}"#, r#"{"size":7.0}"#, r#"{"size":70e-1,"id":1e400}"#] {
        assert!(holds_after(4, output, compared), "{output}");
    }
    assert!(!holds_after(2, r#"{"size":7.0}"#, compared), "it was not before");
}

#[test]
fn an_unknown_end_has_no_output_to_compare() {
    let compared = "formerly within 1h Action::\"act\"::response{ output.size: 7 }";
    assert!(!holds_after_unknown(4, compared));
}

#[test]
fn a_one_way_message_has_no_end_event() {
    let bundle = when_under(4, "formerly within 1h Action::\"act\"::response{}");
    let mut history = History::new(&bundle).unwrap();
    history.complete(1, &request("act", "{}"), &TransitionOutcome::Sent);
    assert_eq!(history.events(), 0);
}

#[test]
fn a_history_that_takes_over_another_sees_its_events() {
    let bundle = when_under(4, "formerly within 1h Action::\"act\"::response{}");
    let [mut one, mut other] = [(); 2].map(|()| History::new(&bundle).unwrap());
    let (act, ask) = (request("act", "{}"), request("ask", "{}"));
    assert_eq!(code(&mut one, 9_000, &ask), "policy.denied");
    other.complete(1_000, &act, &TransitionOutcome::Result(None));
    one.absorb(other);
    // A denied request is an event and its error.
    assert_eq!(one.events(), 3);
    assert_eq!(code(&mut one, 10_000, &ask), "permitted");
}

#[test]
fn a_full_history_stays_full_in_another() {
    let bundle = when_under(4, "formerly within 1h Action::\"act\"::request{}");
    let [mut one, mut full] = [(); 2].map(|()| History::new(&bundle).unwrap());
    let act = request("act", "{}");
    code(&mut one, 1, &act);
    (0..HISTORY_EVENTS_MAX).for_each(|_| full.complete(0, &act, &TransitionOutcome::Error));
    one.absorb(full);
    assert!(one.is_full());
    assert_eq!(code(&mut one, 2, &act), "policy.error");
}
mod servers;
