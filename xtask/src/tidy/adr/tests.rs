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

#[test]
fn a_number_is_taken_once_and_gaps_are_no_matter() {
    let second = RECORD.replace("0001", "0007");
    let index = "[A](0001-a.md) [B](0007-b.md) [C](0007-c.md)";
    let files = |name| {
        let (first, last) = (("docs/adr/0001-a.md", RECORD), ("docs/adr/README.md", index));
        check(&Tree::of([first, ("docs/adr/0007-b.md", &second), (name, &second), last])).len()
    };
    assert_eq!(files("docs/adr/0007-b.md"), 0);
    assert_eq!(files("docs/adr/0007-c.md"), 1);
}
