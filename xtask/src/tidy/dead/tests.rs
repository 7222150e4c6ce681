use super::{in_no_module_tree, unreferred};
use crate::tidy::tree::Tree;

#[test]
fn what_is_referred_to_lives() {
    let tree = Tree::of([
        ("README.md", "See [the index](docs/README.md); vectors lie in `spec/vectors`."),
        ("docs/README.md", "[status](internals/status.md)"),
        ("docs/internals/status.md", ""),
        ("spec/vectors/json/accept.json", ""),
    ]);
    assert_eq!(unreferred(&tree), []);
}

#[test]
fn what_nothing_refers_to_is_dead() {
    let tree = Tree::of([
        ("README.md", "docs, docs/internals, tests"),
        ("docs/internals/old.md", "old.md"),
        ("docs/adr/README.md", ""),
        ("tests/peers/check.py", ""),
    ]);
    let dead: Vec<String> = unreferred(&tree).into_iter().map(|problem| problem.path).collect();
    assert_eq!(dead, ["docs/adr/README.md", "docs/internals/old.md", "tests/peers/check.py"]);
}

#[test]
fn a_source_in_no_module_tree_is_dead() {
    let tree = Tree::of([
        ("crates/a/src/lib.rs", "mod b;\npub mod c;\n// mod e;\n"),
        ("crates/a/src/b.rs", "#[cfg(test)]\nmod tests;"),
        ("crates/a/src/b/tests.rs", ""),
        ("crates/a/src/c/mod.rs", "mod d;"),
        ("crates/a/src/c/d.rs", ""),
        ("crates/a/src/e.rs", ""),
        ("crates/a/tests/f.rs", "mod g;\n#[path = \"../shared/h.rs\"]\nmod h;"),
        ("crates/a/shared/h.rs", ""),
        ("crates/a/tests/g.rs", ""),
    ]);
    let roots = ["crates/a/src/lib.rs".to_owned(), "crates/a/tests/f.rs".to_owned()];
    let dead: Vec<String> =
        in_no_module_tree(&tree, &roots).into_iter().map(|problem| problem.path).collect();
    assert_eq!(dead, ["crates/a/src/e.rs"]);
}
