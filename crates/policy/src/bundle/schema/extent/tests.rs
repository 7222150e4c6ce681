use super::*;
use crate::limits::{NAMED_TYPE_DEPTH_MAX, SCHEMA_EXPANDED_MAX};

fn extent(schema: &str) -> (usize, usize) {
    let extent = Extent::of(schema);
    (extent.brackets, extent.depth)
}

#[test]
fn brackets_in_comments_and_annotations_do_not_count() {
    let text = format!("// {0}\n@doc(\"{0}\")\nentity B = {{ a: Set<Long> }};", "{<[".repeat(30));
    assert_eq!(extent(&text), (2, 2));
    let hidden = format!("entity B = {}Long;", "Set< // >\n".repeat(40));
    assert_eq!(extent(&hidden).0, 40);
}

#[test]
fn a_name_counts_as_what_it_names() {
    let text = "namespace N { type C = Set<A>; type A = { x: B, A: Long }; type B = { y?: Set<Long> }; entity E = { c: N::C }; }";
    // C is a set of A, which holds B, which is two deep; the entity is one deep inside of its
    // namespace.
    assert_eq!(extent(text), (2, 2 + 1 + 1 + 1 + 1 + 1 + 2));
}

#[test]
fn types_that_name_themselves_end() {
    for text in ["type A = A;", "type A = Set<B>; type B = Set<A>;", "type A = { a: A, b: A };"] {
        assert!(Extent::of(text).depth < 8, "{text}");
    }
}

#[test]
fn sizes_multiply_as_the_types_do() {
    let doubling = |n: usize| {
        let types: String =
            (1..n).map(|n| format!("type T{n} = {{ a: T{0}, b: T{0} }};", n - 1)).collect();
        Extent::of(&format!("type T0 = Long;{types}")).size
    };
    assert!(doubling(12) > 3 * doubling(10));
    assert_eq!(doubling(200), usize::MAX);
}

#[test]
fn nothing_makes_measuring_fail() {
    for text in ["", "type", "type A", "type A =", "type A = {", "}}}}", "type type = type;", ";;;"]
    {
        Extent::of(text);
    }
}

fn loads(schema: String) -> bool {
    let files = [
        ("bundle.toml", "name = \"n\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", &schema),
    ];
    crate::Bundle::load(&files.map(|(path, text)| (path.to_owned(), text.into())).into()).is_ok()
}

#[test]
fn types_at_the_limits_load_and_beyond_them_do_not() {
    let chain = |n: usize| -> String {
        let types = (1..n).map(|n| format!("type T{n} = T{};", n - 1));
        types.fold("type T0 = Long;".to_owned(), |all, one| all + one.as_str())
    };
    assert_eq!(Extent::of(&chain(NAMED_TYPE_DEPTH_MAX + 1)).depth, NAMED_TYPE_DEPTH_MAX);
    assert!(loads(chain(NAMED_TYPE_DEPTH_MAX + 1)));
    assert!(!loads(chain(NAMED_TYPE_DEPTH_MAX + 2)));
    // Each type is twice as large as the one before it.
    let doubling = |n: usize| -> String {
        let types = (1..n).map(|n| format!("type T{n} = {{ a: T{0}, b: T{0} }};", n - 1));
        types.fold("type T0 = Long;".to_owned(), |all, one| all + one.as_str())
    };
    let beyond = (1..64).find(|n| Extent::of(&doubling(*n)).size > SCHEMA_EXPANDED_MAX).unwrap();
    assert!(!loads(doubling(beyond)));
    assert!(loads(doubling(beyond / 2)));
}
