use super::*;

fn scan(text: &str) -> Vec<Statement> {
    statements(text, &BTreeSet::from(["twice".to_owned()]))
}

fn depth(expression: &str) -> usize {
    scan(&format!("permit(principal, action, resource) when {{ {expression} }};"))[0].depth
}

#[test]
fn statements_are_found_with_their_annotations() {
    let text = "// permit(;\n@id(\"a;b\")\n@reason(\"x\")\npermit(principal, action, resource);\n\
                def cedar twice(?x) { ?x && ?x };\nforbid(principal, action, resource) when { twice(true) };";
    let found = scan(text);
    assert_eq!(found.len(), 3);
    let names: Vec<_> = found[0].annotations.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["id", "reason"]);
    let first = text.get(found[0].span.clone()).unwrap();
    assert!(first.starts_with("@id(\"a;b\")"));
    assert!(first.ends_with("resource);"));
    assert_eq!(found[1].macro_name.as_deref(), Some("twice"));
    assert_eq!(found[1].parameter_uses, 3);
    assert!(found[2].annotations.is_empty());
}

#[test]
fn depth_counts_operators_and_brackets() {
    let flat = depth("true");
    assert_eq!(depth("a || b || c"), flat + 2);
    assert_eq!(depth("((true))"), flat + 2);
    assert_eq!(depth("!!true"), flat + 2);
    assert_eq!(depth("[1, 2, 3, 4, 5].contains(x)"), depth("[1].contains(x)"));
    // Operands side by side do not add up.
    assert_eq!(depth("a.b.c || d.e.f || g.h.i"), flat + 4);
    assert_eq!(depth("\"((((\" == \"||||\""), flat + 1);
    assert!(depth("if a then b else if c then d else e") >= flat + 2);
}

#[test]
fn nested_macro_calls_are_counted() {
    let nesting = |text: &str| scan(text)[0].macro_nesting;
    assert_eq!(nesting("permit(principal, action, resource) when { twice(true) };"), 1);
    assert_eq!(
        nesting("permit(principal, action, resource) when { twice(twice(twice(true))) };"),
        3
    );
}

#[test]
fn nothing_makes_the_scan_fail() {
    for text in ["", ";", ")))", "((((", "\"open", "@", "@@id(", "def", "é}{", "permit(", "// only"]
    {
        let _ = scan(text);
    }
}
