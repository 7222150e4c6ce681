use super::super::Source;
use super::{COLUMNS_MAX, check};

#[test]
fn a_comment_at_the_limit_passes_and_one_column_more_does_not() {
    let comment = |columns: usize| format!("fn f() {{}}\n//{}\n", "é".repeat(columns - 2));
    let count =
        |text: &str| check(&[Source { package: "a", path: "crates/a/src/b.rs", text }]).len();
    assert_eq!(count(&comment(COLUMNS_MAX)), 0);
    assert_eq!(count(&comment(COLUMNS_MAX + 1)), 1);
    assert_eq!(count(&format!("let text = \"{}\";", "x".repeat(COLUMNS_MAX))), 0);
}
