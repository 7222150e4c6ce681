use super::check;
use crate::tidy::tree::Tree;

fn problems(document: &str) -> usize {
    check(&Tree::of([("docs/a.md", document), ("docs/b.md", "# One two\n"), ("spec/log.md", "")]))
        .len()
}

#[test]
fn living_links_pass() {
    for link in [
        "b.md",
        "b.md#one-two",
        "./b.md",
        "../spec/log.md",
        "../spec/",
        "..",
        "https://c2sp.org/x#y",
    ] {
        assert_eq!(problems(&format!("[a]({link})")), 0, "{link}");
    }
    assert_eq!(problems("# Here\n[a](#here)"), 0);
    assert_eq!(problems("`[a](nowhere.md)`"), 0);
}

#[test]
fn dead_links_fail() {
    for link in
        ["c.md", "b.md#three", "#three", "../../a.md", "/spec/log.md", "http://c2sp.org", "../spe"]
    {
        assert_eq!(problems(&format!("[a]({link})")), 1, "{link}");
    }
}
