use super::{FILE_LINES_MAX, FUNCTION_LINES_MAX, check, long_functions};
use crate::tidy::tree::Tree;

fn function(lines: usize) -> String {
    format!("fn long(a: [u8; 2]) -> fn() {{\n{}}}\n", "    step(); // why\n\n".repeat(lines))
}

#[test]
fn a_function_at_the_limit_passes_and_one_line_more_does_not() {
    assert_eq!(long_functions(&function(FUNCTION_LINES_MAX)), []);
    let found = long_functions(&function(FUNCTION_LINES_MAX + 1));
    assert_eq!(found, [(1, "long".to_owned(), FUNCTION_LINES_MAX + 1)]);
}

#[test]
fn braces_inside_belong_to_the_function() {
    let body = "if a {\nb();\n}\n".repeat(FUNCTION_LINES_MAX / 3 + 1);
    assert_eq!(long_functions(&format!("fn long() {{\n{body}}}\nfn short() {{ a() }}\n")).len(), 1);
}

#[test]
fn a_function_without_a_body_has_no_lines() {
    let after = "fn short() {}\n".repeat(FUNCTION_LINES_MAX + 1);
    assert_eq!(long_functions(&format!("trait T {{ fn a(&self) -> [u8; 4]; }}\n{after}")), []);
}

#[test]
fn a_long_file_fails_only_outside_tests() {
    let text = "//\n".repeat(FILE_LINES_MAX + 1);
    let tree = Tree::of([
        ("crates/a/src/b.rs", &text),
        ("crates/a/src/b/tests.rs", &text),
        ("crates/a/tests/c.rs", &text),
    ]);
    let problems = check(&tree);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, "crates/a/src/b.rs");
}
