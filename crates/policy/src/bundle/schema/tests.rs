use super::*;

fn shapes(schema: &str) -> Shapes {
    Shapes::read(&cedar_policy::schema_str_to_json_with_resolved_types(schema).unwrap().0).unwrap()
}

#[test]
fn every_type_is_read() {
    let shapes = shapes(
        "entity G; entity E in [G] enum [\"a\"]; type R = { e: E, s: Set<Set<Long>> };
         action a appliesTo { principal: E, resource: G, context: { input: { r?: R, d: decimal, t: datetime, u: duration, i: ipaddr, b: Bool } } };"
            .replace("E in [G] enum", "E enum")
            .as_str(),
    );
    let input = shapes.action("a").unwrap().input().unwrap();
    let name = |member: &str| input.members[member].ty.name();
    assert_eq!(name("d"), "a decimal with at most four places");
    assert_eq!(
        [name("t"), name("u"), name("i"), name("b")],
        ["a datetime", "a duration", "an IP address", "a boolean"]
    );
    let Type::Record(record) = &input.members["r"].ty else { panic!("not a record") };
    assert!(!input.members["r"].required);
    assert_eq!(record.members["e"].ty, Type::Entity(EntityKind::parse("E").unwrap()));
    assert_eq!(record.members["s"].ty, Type::Set(Box::new(Type::Set(Box::new(Type::Long)))));
    assert_eq!(shapes.entity("E").unwrap().1.ids, Some(BTreeSet::from(["a".to_owned()])));
}

#[test]
fn names_are_short_where_only_one_bears_them() {
    let shapes = shapes(
        "namespace A { entity X; entity Y; action go, stop appliesTo { principal: X, resource: Y }; action all; }
         namespace B { entity X; action go appliesTo { principal: X, resource: X }; }",
    );
    assert_eq!(shapes.action("stop").unwrap().uid.to_string(), "A::Action::\"stop\"");
    assert_eq!(shapes.action("B::Action::\"go\"").unwrap().path, ["B", "Action"]);
    assert!(shapes.action("go").is_none(), "two actions bear it");
    assert!(shapes.action("all").is_none(), "a group can't be asked for");
    assert_eq!(shapes.entity("Y").unwrap().0, "A::Y");
    assert!(shapes.entity("X").is_none());
}
