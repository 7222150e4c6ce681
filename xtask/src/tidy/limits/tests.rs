use super::check;
use crate::tidy::tree::Tree;

const LIMITS: &str = "/// A record.\npub const RECORD_BYTES_MAX: usize = 65_535;\n\
    pub const LINE_BYTES_MAX: usize =\n    8 * 1024 * 1024;\npub const WAIT_MS_MAX: u64 = 10_000;\n\
    pub const DERIVED: usize = LINE_BYTES_MAX + 1;\n";

fn problems(value: &str, name: &str) -> usize {
    let document =
        format!("| limit | value | held by |\n|---|---|---|\n| a | {value} | `{name}` |\n");
    check(&Tree::of([("SPECIFICATION.md", &document), ("crates/proof/src/limits.rs", LIMITS)]))
        .len()
}

#[test]
fn a_limit_with_its_value_passes() {
    for (value, name) in [
        ("65,535", "proof::limits::RECORD_BYTES_MAX"),
        ("8 MiB", "proof::limits::LINE_BYTES_MAX"),
        ("10 s", "proof::limits::WAIT_MS_MAX"),
        ("a byte more than a line", "proof::limits::DERIVED"),
    ] {
        assert_eq!(problems(value, name), 0, "{value}");
    }
}

#[test]
fn a_limit_that_drifted_fails() {
    for (value, name) in [
        ("65,536", "proof::limits::RECORD_BYTES_MAX"),
        ("8 KiB", "proof::limits::LINE_BYTES_MAX"),
        ("10", "proof::limits::WAIT_MS_MAX"),
        ("65,535", "proof::limits::NO_SUCH_MAX"),
        ("65,535", "wire::limits::RECORD_BYTES_MAX"),
    ] {
        assert_eq!(problems(value, name), 1, "{value}");
    }
}
