use super::*;
use crate::limits::{DECIDE_STACK_BYTES, stack_needed};

const SCHEMA: &str = "entity W; entity F; action read appliesTo { principal: W, resource: F, context: { input: { n: Long, ok: Bool } } };";

/// Expressions of every kind that nests, by their depth.
fn shapes(depth: usize) -> Vec<(&'static str, String)> {
    let around = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let chain = |part: &str, sign: &str| vec![part; depth + 1].join(sign);
    let when = |expression: String| format!("when {{ {expression} }}");
    let temporal = |condition: String| format!("when temporal {{ {condition} }}");
    let event = "Action::\"read\"::response{}";
    vec![
        ("or", when(chain("context.input.ok", " || "))),
        ("and", when(chain("context.input.ok", " && "))),
        ("plus", when(format!("{} > 0", chain("context.input.n", " + ")))),
        ("brackets", when(around("(", "context.input.ok", ")"))),
        ("not", when(around("!(", "context.input.ok", ")"))),
        ("if", when(around("if context.input.ok then false else (", "true", ")"))),
        ("sets", when(format!("{} == {}", around("[", "1", "]"), around("[", "1", "]")))),
        ("records", when(format!("{} == {}", around("{a: ", "1", "}"), around("{a: ", "1", "}")))),
        ("members", when(format!("{}{} == 1", around("{a: ", "1", "}"), ".a".repeat(depth)))),
        ("calls", when(around("[true].contains(", "context.input.ok", ")"))),
        ("when", vec!["when { context.input.ok }"; depth].join(" ")),
        ("formerly", temporal(around("formerly within 1h (", event, ")"))),
        ("conjunction", temporal(format!("formerly within 1h ({})", chain(event, " && ")))),
        ("temporal brackets", temporal(format!("formerly within 1h {}", around("(", event, ")")))),
    ]
}

/// Parses, lowers and validates one policy, without any bound of ours.
fn load_unbounded(condition: &str) -> LoweredPolicySet {
    let scope = "@id(\"a\") permit (principal, action == Action::\"read\", resource)";
    let service = ServiceSchema::builder()
        .event_schema_str(dogwood_language::UNPINNED_EVENT_SCHEMA)
        .build()
        .unwrap();
    let schema = PolicySchema::from_cedarschema_str(SCHEMA).unwrap();
    let source = format!("{scope} {condition};");
    let lowered = LoweredPolicySet::from_str(&source, &service, &schema).unwrap();
    let result = Validator::new().validate(&lowered);
    assert!(result.validation_passed(), "{:?}", result.validation_errors().next());
    lowered
}

/// Evaluates it, temporal conditions first; gives the number of evaluation errors.
fn evaluate(lowered: &LoweredPolicySet) -> usize {
    use cedar_policy::{Authorizer, Context, Entities, Request, RestrictedExpression};
    use dogwood_language::{Event, TemporalEngine};
    let mut engine = dogwood_local_engine::LocalTemporalEngine::new();
    let leaves: Vec<_> = lowered.temporal_fields().cloned().collect();
    engine.prepare(&leaves, lowered.cedar_schema(), &[]).unwrap();
    let event =
        Event::builder("Action::read", "request").principal("W::\"w\"").resource("F::\"f\"");
    engine.observe(&event.build());
    let input = serde_json::json!({ "input": { "n": 1, "ok": false } });
    let mut context = Context::from_json_value(input, None).unwrap();
    for (name, holds) in engine.evaluate().unwrap() {
        let leaf = [(name, RestrictedExpression::new_bool(holds))];
        context = context.merge(Context::from_pairs(leaf).unwrap()).unwrap();
    }
    let [who, what, on] =
        ["W::\"w\"", "Action::\"read\"", "F::\"f\""].map(|uid| uid.parse().unwrap());
    let request = Request::new(who, what, on, context, None).unwrap();
    let response =
        Authorizer::new().is_authorized(&request, lowered.as_cedar(), &Entities::empty());
    response.diagnostics().errors().count()
}

/// Runs on a thread with that stack; a stack overflow ends the whole test process.
fn on_stack<T: Send>(bytes: usize, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes);
        thread.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

#[test]
fn expression_depth_is_a_quarter_of_what_breaks() {
    let depth = 4 * EXPRESSION_DEPTH_MAX;
    for (nth, (name, condition)) in shapes(depth).into_iter().enumerate() {
        // Some kinds count more than one level for each repetition: as many of them as count
        // `depth`.
        let repetitions = (depth * depth).div_ceil(stated(&condition));
        let (_, condition) = shapes(repetitions).swap_remove(nth);
        assert!(stated(&condition).abs_diff(depth) <= 8, "{name} counts as {}", stated(&condition));
        let errors = on_stack(DECIDE_STACK_BYTES, || evaluate(&load_unbounded(&condition)));
        assert_eq!(errors, 0, "{name}");
    }
}

fn stated(condition: &str) -> usize {
    deepest(&scan(&format!("permit (principal, action, resource) {condition};")))
}

#[test]
fn the_stack_that_is_asked_for_is_enough() {
    for depth in [4, 16, 56] {
        for (name, condition) in shapes(depth) {
            let stack = stack_needed(stated(&condition));
            let lowered = on_stack(stack, || load_unbounded(&condition));
            assert_eq!(on_stack(stack, || evaluate(&lowered)), 0, "{name} at {depth}");
        }
    }
}

#[test]
fn standard_macros_are_no_deeper_than_stated() {
    let found = statements(dogwood_language::DEFAULT_MACROS, &BTreeSet::new());
    let names: BTreeSet<_> = found.iter().filter_map(|def| def.macro_name.as_deref()).collect();
    assert_eq!(names, STANDARD_MACROS.into());
    assert_eq!(found.iter().map(|def| def.depth).max(), Some(STANDARD_MACRO_DEPTH));
    assert!(found.iter().all(|def| def.parameter_uses <= MACRO_PARAMETER_USES_MAX));
}
