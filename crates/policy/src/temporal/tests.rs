//! Random conditions over random traces: the monitors, the local engine and Dogwood's interpreter
//! say the same.

use super::*;
use dogwood_language::{
    InMemoryTemporalEngine, LoweredPolicySet, PolicySchema, ServiceSchema, UNPINNED_EVENT_SCHEMA,
    Value,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

const SCHEMA: &str = "entity U = { level: Long }; entity R; \
    action a, b appliesTo { principal: U, resource: R, context: { \
    input: { x: Long, y: String, d: __cedar::decimal, o?: Long }, output?: { z: Long } } };";

fn lowered(conditions: &[String]) -> Result<LoweredPolicySet, Error> {
    let policies: String = conditions
        .iter()
        .map(|condition| {
            format!(
                "permit (principal, action in [Action::\"a\", Action::\"b\"], resource) \
                 when temporal {{ {condition} }};\n"
            )
        })
        .collect();
    let service = ServiceSchema::builder().event_schema_str(UNPINNED_EVENT_SCHEMA).build()?;
    LoweredPolicySet::from_str(&policies, &service, &PolicySchema::from_cedarschema_str(SCHEMA)?)
}

fn words(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

fn window() -> impl Strategy<Value = String> {
    words(&["0s", "1s", "3s", "10s", "1h"])
}

/// What an event has to look like, with more in its braces.
fn pattern(more: &'static str) -> impl Strategy<Value = String> {
    let fields = words(&[
        "",
        "",
        "input.x: context.input.x",
        "input.x: 1",
        "input.y: context.input.y",
        "input.y: \"p\"",
        "input.d: context.input.d",
        "input.d: decimal(\"1.5\")",
        "input.o: context.input.o",
        "input.o: *",
        "callerPrincipal: principal",
        "callerResource: resource",
        "input.x: principal.level",
        "input.y: context.input.y, input.x: context.input.x",
        "callerPrincipal: principal, input.o: context.input.x",
    ]);
    (words(&["a", "b"]), words(&["request", "request", "response", "error"]), fields).prop_map(
        move |(action, kind, fields)| {
            let comma = if more.is_empty() || fields.is_empty() { "" } else { ", " };
            format!("Action::\"{action}\"::{kind}{{ {fields}{comma}{more} }}")
        },
    )
}

/// What holds at one event.
fn body() -> impl Strategy<Value = String> {
    (pattern(""), pattern(""), window(), 0..8_u8).prop_map(
        |(one, other, within, shape)| match shape {
            0 => format!("({one} && context.input.x > 1)"),
            1 => format!("({one} && !{other})"),
            2 => format!("({one} && formerly within {within} {other})"),
            3 => format!("({one} && !(formerly within {within} {other}))"),
            _ => one,
        },
    )
}

fn comparison() -> impl Strategy<Value = String> {
    (words(&["<", "<=", "==", "!=", ">", ">="]), words(&["0", "1", "2", "5", "context.input.x"]))
        .prop_map(|(op, other)| format!("{op} {other}"))
}

/// A count or sum.
fn aggregate() -> impl Strategy<Value = String> {
    let value = (pattern("input.x: v"), pattern("input.y: k"), window(), body(), 0..9_u8);
    value.prop_map(|(x, y, within, body, shape)| match shape {
        0..=2 => format!("count_within({within}, {body})"),
        3 => format!("sum_within(v, {within}, {x})"),
        4 => format!("sum_within(v, {within}, ({x} && v > 1))"),
        5 => format!("count_distinct_within(k, {within}, {y})"),
        6 => format!("(sum v for (v: Long). where (formerly within {within} {x}))"),
        7 => format!("(count for (t: Timepoint). where ({body} && tp(t)))"),
        _ => format!(
            "(count for (t: Timepoint). where ((formerly within {within} {body}) && tp(t)))"
        ),
    })
}

fn condition() -> impl Strategy<Value = String> {
    let past =
        (body(), pattern(""), window(), 0..9_u8).prop_map(
            |(body, other, within, shape)| match shape {
                0..=2 => format!("formerly within {within} {body}"),
                3 => format!("previous within {within} {body}"),
                4 | 5 => format!("!{other} since within {within} {body}"),
                6 | 7 => format!("{other} since within {within} {body}"),
                _ => format!("(!{other} && context.input.x < 2) since within {within} {body}"),
            },
        );
    let counted = (aggregate(), comparison(), 0..4_u8).prop_map(|(sum, than, shape)| match shape {
        0 => format!("bind(n, {sum}, n {than})"),
        _ => format!("{sum} {than}"),
    });
    let found =
        (pattern("input.x: v"), window(), comparison()).prop_map(|(found, within, than)| {
            format!("exists (v: Long). (formerly within {within} {found} && v {than})")
        });
    let leaf = prop_oneof![4 => past, 4 => counted, 1 => found, 1 => body()];
    leaf.prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), inner, 0..3_u8).prop_map(|(one, other, shape)| match shape {
            0 => format!("!({one})"),
            1 => format!("({one}) && ({other})"),
            _ => format!("({one}) && !({other})"),
        })
    })
}

/// What an event is made of.
type Step = (i64, (usize, usize), (usize, usize), (usize, Option<i64>), i64);

fn step() -> impl Strategy<Value = Step> {
    let kinds = (0..2_usize, 0..4_usize);
    (0..3_i64, kinds, (0..5_usize, 0..3_usize), (0..4_usize, prop::option::of(0..2_i64)), 0..3_i64)
}

fn event(time: i64, (_, (action, kind), (x, y), (d, o), who): &Step) -> Event {
    let x = Value::Int([0, 1, 2, i64::MAX, i64::MIN][*x]);
    let y = Value::String(["p", "q", ""][*y].to_owned());
    let d = Value::Decimal(["1.5", "1.50", "2.0", "-0.0"][*d].to_owned());
    let who_id = format!("u{who}");
    let mut event = Event::builder_for(
        &["Action"],
        ["a", "b"][*action],
        ["request", "request", "response", "error"][*kind],
    )
    .timestamp(time)
    .principal_for("U", &who_id)
    .resource_for("R", ["r", "s"][*action])
    .entity_for("U", &who_id, vec![("level", Value::Int(*who))]);
    let fields = [("x", Some(x)), ("y", Some(y)), ("d", Some(d)), ("o", o.map(Value::Int))];
    for (name, value) in fields {
        if let Some(value) = value {
            event = event.field("input", name, value.clone()).request_context("input", name, value);
        }
    }
    event.build()
}

#[test]
fn monitors_local_engine_and_interpreter_agree() {
    let mut runner = TestRunner::new(Config {
        cases: 80,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let conditions = prop::collection::vec(condition(), 12);
    let traces = prop::collection::vec(prop::collection::vec(step(), 1..40), 6);
    let counts = std::cell::Cell::new([0_usize; 5]);
    runner
        .run(&(conditions, traces), |(conditions, traces)| {
            let set =
                lowered(&conditions).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let leaves: Vec<TemporalField> = set.temporal_fields().cloned().collect();
            let events: Vec<EventSignature> = set.event_signatures().collect();
            for trace in &traces {
                let mut ours = MonitorEngine::default();
                let mut local = LocalTemporalEngine::new();
                let mut reference = InMemoryTemporalEngine::new();
                ours.prepare(&leaves, set.cedar_schema(), &events).unwrap();
                local.prepare(&leaves, set.cedar_schema(), &events).unwrap();
                reference.prepare(&leaves, set.cedar_schema(), &events).unwrap();
                let mut time = 100;
                for step in trace {
                    time += step.0;
                    let event = event(time, step);
                    // What was kept of the monitors is what they are.
                    let kept = ours.state.encode();
                    ours.state = MonitorState::decode(&ours.plan, &kept).unwrap();
                    prop_assert_eq!(ours.state.encode(), kept);
                    ours.observe(&event);
                    local.observe(&event);
                    reference.observe(&event);
                    let found = ours.evaluate().unwrap();
                    let (local, reference) =
                        (local.evaluate().unwrap(), reference.evaluate().unwrap());
                    for (leaf, condition) in leaves.iter().zip(&conditions) {
                        let [ours, local, reference] =
                            [&found, &local, &reference].map(|all| all[&leaf.id]);
                        prop_assert_eq!(
                            ours,
                            reference,
                            "interpreter: {} at {:?}",
                            condition,
                            event
                        );
                        prop_assert_eq!(ours, local, "local engine: {} at {:?}", condition, event);
                        let [all, held, rest @ ..] = counts.get();
                        let [traces, served, asked] = rest;
                        counts.set([all + 1, held + usize::from(ours), traces, served, asked]);
                    }
                }
                let [all, held, traces, served, asked] = counts.get();
                counts.set([
                    all,
                    held,
                    traces + 1,
                    served + ours.served(),
                    asked + ours.conditions(),
                ]);
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let [all, held, traces, served, conditions] = counts.get();
    println!(
        "{all} verdicts, {held} of them true, over {traces} traces; {served} of {conditions} by monitors"
    );
    assert!(all >= 100_000 && held * 10 >= all && held * 10 <= all * 9);
    assert!(served * 10 >= conditions * 7);
}

#[test]
fn a_condition_beyond_the_last_stream_goes_to_the_local_engine() {
    use crate::limits::MONITOR_STREAMS_MAX;
    use dogwood_language::temporal_ast::{ConditionKind, Term};

    let set = lowered(&["formerly within 1h Action::\"a\"::request{ input.x: 1 }".to_owned()]);
    let set = set.unwrap();
    let field = set.temporal_fields().next().unwrap();
    let fields: Vec<TemporalField> = (0..=MONITOR_STREAMS_MAX)
        .map(|n| {
            let mut field = field.clone();
            field.id = format!("leaf-{n}");
            let ConditionKind::Formerly { body, .. } = &mut field.condition.condition.kind else {
                panic!("not formerly")
            };
            let ConditionKind::Predicate(predicate) = &mut body.kind else { panic!("no event") };
            predicate.args[0].value = Term::Integer(i64::try_from(n).unwrap());
            field
        })
        .collect();
    let plan = Plan::new(fields.iter(), 1);
    assert_eq!((plan.served(), plan.rest.len()), (MONITOR_STREAMS_MAX, 1));
    assert_eq!(plan.streams.len(), MONITOR_STREAMS_MAX);
    // Conditions that look at the same events share a stream, whatever their windows.
    let same = [field.clone(), field.clone()];
    assert_eq!(Plan::new(same.iter(), 1).streams.len(), 1);
}
