use super::check;
use crate::tidy::tree::Tree;

const RECORD: &str = "# 0001. A\n\n## Context\n\n## Decision\n\n## Consequences\n";

fn problems(name: &str, record: &str, index: &str) -> usize {
    check(&Tree::of([(name, record), ("docs/adr/README.md", index)])).len()
}

#[test]
fn a_listed_record_of_one_page_passes() {
    assert_eq!(problems("docs/adr/0001-a.md", RECORD, "- [A](0001-a.md)"), 0);
}

#[test]
fn a_record_out_of_form_fails() {
    assert_eq!(problems("docs/adr/0001-a.md", RECORD, ""), 1);
    assert_eq!(problems("docs/adr/0002-a.md", RECORD, "[A](0002-a.md)"), 1);
    assert_eq!(problems("docs/adr/0001-a.md", "# 0001. A\n", "[A](0001-a.md)"), 3);
    let long = format!("{RECORD}{}", "a\n".repeat(70));
    assert_eq!(problems("docs/adr/0001-a.md", &long, "[A](0001-a.md)"), 1);
}
