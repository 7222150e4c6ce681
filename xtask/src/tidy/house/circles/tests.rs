use super::super::Source;
use super::check;

fn source<'t>(path: &'t str, text: &'t str) -> Source<'t> {
    Source { package: "a", path, text }
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = files.iter().map(|(path, text)| source(path, text)).collect();
    check(&sources).into_iter().map(|problem| problem.what).collect()
}

#[test]
fn modules_that_use_one_another_are_found() {
    let files = [
        ("crates/a/src/lib.rs", "mod one; mod two; mod three;"),
        ("crates/a/src/one.rs", "use crate::{three, two::Two};"),
        ("crates/a/src/two/deep.rs", "fn f() { crate::three::g() }"),
        ("crates/a/src/three.rs", "use crate::one::One;"),
    ];
    assert_eq!(found(&files), ["its modules form a circle: one, three, two"]);
}

#[test]
fn a_chain_of_super_that_ends_at_the_crate_counts() {
    let one = ("crates/a/src/one/deep.rs", "use super::super::two::Two; use super::other;");
    let two = ("crates/a/src/two.rs", "use super::one::One;");
    assert_eq!(found(&[one, two]), ["its modules form a circle: one, two"]);
}

#[test]
fn modules_in_layers_and_comments_form_no_circle() {
    let files = [
        (
            "crates/a/src/one.rs",
            "// see crate::two\nuse crate::three; const T: &str = \"crate::two\";",
        ),
        ("crates/a/src/two.rs", "use crate::{one::{One, crate_two}, three};"),
        ("crates/a/src/three.rs", "use super::unknown;"),
    ];
    assert_eq!(found(&files), Vec::<String>::new());
}
