use super::super::Source;
use super::check;

fn found(one: &str, two: &str) -> Vec<String> {
    let source = |path, text| Source { package: "a", path, text };
    let sources = [source("crates/a/src/one.rs", one), source("crates/b/src/two.rs", two)];
    check(&sources).into_iter().map(|problem| problem.to_string()).collect()
}

#[test]
fn a_name_in_two_crates_is_found() {
    let expected =
        "crates/b/src/two.rs:2: `Name` is the name of a type in crates/a/src/one.rs already";
    assert_eq!(found("pub struct Name;", "\nenum Name {}"), [expected]);
    assert_eq!(found("trait Name {}", "\ntype Name = u8;"), [expected]);
}

#[test]
fn a_type_of_a_trait_and_a_comment_are_no_names() {
    let one = "struct Name; impl Iterator for A { type Item = u8; }";
    assert_eq!(found(one, "// struct Name\nimpl Iterator for B { type Item = u8; }").len(), 0);
}
