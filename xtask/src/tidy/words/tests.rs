use super::check;
use crate::tidy::tree::Tree;

fn problems(path: &str, text: &str) -> usize {
    check(&Tree::of([(path, text)])).len()
}

#[test]
fn names_that_say_nothing_are_refused() {
    for path in [
        "crates/a/src/utils.rs",
        "crates/a/src/common/mod.rs",
        "docs/Misc.md",
        "crates/helpers/Cargo.toml",
    ] {
        assert_eq!(problems(path, ""), 1, "{path}");
    }
    assert_eq!(problems("crates/a/src/a.rs", "mod manager;"), 1);
    for path in ["crates/a/src/commitment.rs", "docs/utilities-of-a-lock.md"] {
        assert_eq!(problems(path, ""), 0, "{path}");
    }
}

#[test]
fn holes_and_notes_are_refused() {
    assert_eq!(problems("a.rs", "fn a() { todo!() }"), 1);
    assert_eq!(problems("a.rs", "// FIXME: later"), 1);
    assert_eq!(problems("a.py", "# TODO later"), 1);
    assert_eq!(problems("a.md", "XXX"), 1);
}

#[test]
fn what_only_speaks_of_them_passes() {
    assert_eq!(problems("a.rs", "const NOTE: &str = \"TODO\"; // a note"), 0);
    assert_eq!(problems("a.md", "No `TODO` stays.\n\n```\nTODO\n```\n"), 0);
    assert_eq!(problems("a.rs", "fn todo() {}"), 0);
}

#[test]
fn lints_are_expected_never_allowed() {
    for source in [
        "#[allow(dead_code)] fn a() {}",
        "#![allow(unused)]",
        "#[cfg_attr(test, allow(dead_code))] fn a() {}",
    ] {
        assert_eq!(problems("a.rs", source), 1, "{source}");
    }
    for source in
        ["#[expect(dead_code, reason = \"a\")] fn a() { allow(b) }", "fn allow(a: [u8; 1]) {}"]
    {
        assert_eq!(problems("a.rs", source), 0, "{source}");
    }
}
