use std::str::FromStr;

use super::*;

fn read(schema: &str) -> (Shapes, ValidatorSchema) {
    let resolved = cedar_policy::schema_str_to_json_with_resolved_types(schema).unwrap().0;
    let ours = Shapes::read(&resolved).unwrap();
    let theirs = cedar_policy::Schema::from_str(schema).unwrap();
    let theirs: &ValidatorSchema = theirs.as_ref();
    (ours, theirs.clone())
}

fn is_alike_in(ours: &str, theirs: &str) -> bool {
    let (shapes, _) = read(ours);
    let (_, schema) = read(theirs);
    super::is_alike(shapes.action("a").unwrap(), &shapes, &schema)
}

const PLAIN: &str = "entity P; entity E enum [\"x\", \"y\"]; type R = { s: Set<Set<Long>>, t?: String };
    action a appliesTo { principal: [P, E], resource: E, context: {
        input: { r?: R, d: decimal, t: datetime, u: duration, i: ipaddr, b: Bool }, isOutput: Bool } };";

#[test]
fn every_type_without_entities_is_alike() {
    assert!(is_alike_in(PLAIN, PLAIN));
    assert!(is_alike_in(
        "namespace N::M { entity P; action a appliesTo { principal: P, resource: P }; }",
        "namespace N::M { entity P; action a appliesTo { principal: P, resource: P }; }",
    ));
}

#[test]
fn whatever_differs_is_not_alike() {
    for (from, to) in [
        ("principal: [P, E]", "principal: P"),
        ("resource: E", "resource: [P, E]"),
        ("enum [\"x\", \"y\"]", "enum [\"x\"]"),
        ("enum [\"x\", \"y\"]", ""),
        ("entity P;", "entity P enum [\"x\"];"),
        ("action a", "action b"),
        ("Set<Set<Long>>", "Set<Long>"),
        ("Set<Set<Long>>", "Set<Set<String>>"),
        ("t?: String", "t: String"),
        ("t?: String", "t?: String, v?: Bool"),
        ("t?: String", "u?: String"),
        ("r?: R", "r: R"),
        ("d: decimal", "d: duration"),
        ("i: ipaddr", "i: String"),
        ("b: Bool }", "b: Long }"),
        (", isOutput: Bool", ""),
    ] {
        let other = PLAIN.replacen(from, to, 1);
        assert_ne!(other, PLAIN, "{from}");
        assert!(!is_alike_in(PLAIN, &other), "{from} and {to}");
        if other.contains("action a") {
            assert!(!is_alike_in(&other, PLAIN), "{to} and {from}");
        }
    }
}

#[test]
fn a_context_that_names_entities_is_left_to_cedar() {
    for ty in ["E", "Set<E>", "{ e?: E }", "Set<{ e: Set<E> }>"] {
        let schema = format!(
            "entity E enum [\"x\"]; action a appliesTo {{ principal: E, resource: E, context: {{ input: {{ e: {ty} }} }} }};"
        );
        assert!(!is_alike_in(&schema, &schema), "{ty}");
    }
}
