use super::check;
use crate::tidy::tree::Tree;

fn problems(cell: &str) -> usize {
    let document = format!("# S\n\n| promise | held by |\n|---|---|\n| a | {cell} |\n");
    let tree = Tree::of([
        ("SPECIFICATION.md", &document),
        (
            "crates/proof/src/json/tests.rs",
            "#[test]\nfn depth_is_bounded() {\n}\n\nfn helping() {}\n",
        ),
        ("crates/proof/tests/peers.rs", "#[test]\nfn go_agrees() {}\n"),
        (
            "crates/wire/src/frame.rs",
            "mod tests {\n    proptest! {\n        #[test]\n        fn any(a in b()) {}\n",
        ),
    ]);
    check(&tree).len()
}

#[test]
fn a_promise_that_names_its_test_passes() {
    for cell in [
        "`proof::json::tests::depth_is_bounded`",
        "`proof::peers::go_agrees`, also in CI",
        "`wire::frame::tests::any`",
        "not yet held: no bench",
    ] {
        assert_eq!(problems(cell), 0, "{cell}");
    }
}

#[test]
fn a_promise_without_a_test_fails() {
    for cell in [
        "yes",
        "`depth_is_bounded`",
        "`proof::json::tests::helping`",
        "`proof::note::tests::depth_is_bounded`",
        "`wire::json::tests::depth_is_bounded`",
    ] {
        assert_eq!(problems(cell), 1, "{cell}");
    }
}
