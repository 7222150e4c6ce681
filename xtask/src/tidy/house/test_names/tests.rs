use super::super::Source;
use super::{LETTERS_MAX, check};

fn count(text: &str) -> usize {
    check(&[Source { package: "a", path: "crates/a/src/b/tests.rs", text }]).len()
}

#[test]
fn a_name_over_the_limit_is_found() {
    let test = |letters: usize| format!("#[test]\nfn {}() {{}}", "a".repeat(letters));
    assert_eq!(count(&test(LETTERS_MAX)), 0);
    assert_eq!(count(&test(LETTERS_MAX + 1)), 1);
}

#[test]
fn a_name_that_begins_with_a_vague_word_is_found() {
    assert_eq!(count("#[test]\n#[ignore]\nfn what_is_wrong_fails() {}"), 1);
    assert_eq!(count("#[tokio::test(flavor = \"x\")]\nasync fn who_asks_is_told() {}"), 1);
}

#[test]
fn other_functions_have_any_name() {
    assert_eq!(count("#[test]\nfn items_are_found() {}\nfn it_is() {}\n#[cfg(test)]\nmod a;"), 0);
}
