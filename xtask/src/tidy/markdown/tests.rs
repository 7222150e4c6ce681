use super::{anchors, cells, code_spans, prose, targets};

#[test]
fn code_is_no_prose() {
    let lines = prose("a `b` c\n```\nd\n```\ne\n");
    let texts: Vec<(usize, &str)> =
        lines.iter().map(|line| (line.number, line.text.as_str())).collect();
    assert_eq!(texts, [(1, "a `` c"), (5, "e")]);
}

#[test]
fn anchors_are_made_as_forges_make_them() {
    let document = "# The `step` protocol, 2.0\n\n## A & b\n## A & b\n```\n# no\n```\n#no\n";
    assert_eq!(anchors(document), ["the-step-protocol-20", "a--b", "a--b-1"]);
}

#[test]
fn every_link_of_a_line_is_found() {
    assert_eq!(targets("[a](b.md) and ![c](d.png \"e\")"), ["b.md", "d.png"]);
    assert_eq!(targets("[a]: b.md"), ["b.md"]);
    assert_eq!(targets("a (b) [c]"), Vec::<&str>::new());
}

#[test]
fn a_rule_is_no_row() {
    assert_eq!(cells("| a | `b` |"), Some(vec!["a", "`b`"]));
    assert_eq!(cells("|---|:-:|"), None);
    assert_eq!(cells("a | b"), None);
}

#[test]
fn code_spans_are_what_backticks_hold() {
    assert_eq!(code_spans("a `b` c `d`").collect::<Vec<_>>(), ["b", "d"]);
}
