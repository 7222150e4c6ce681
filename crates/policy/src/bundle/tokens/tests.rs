use super::*;

fn texts(source: &str) -> Vec<&str> {
    tokens(source).iter().map(|token| token.text(source)).collect()
}

#[test]
fn comments_and_strings_hold_no_brackets() {
    assert_eq!(texts("a // {{ \" \n\"{(\\\"\" (b)"), ["a", "\"{(\\\"\"", "(", "b", ")"]);
}

#[test]
fn a_block_ends_where_its_braces_say_comments_included() {
    let policy = "permit (a) when temporal { x // }\n} when { ((y)) };";
    let words: Vec<_> =
        texts(policy).into_iter().filter(|word| word.chars().all(is_word)).collect();
    assert_eq!(words, ["permit", "a", "when", "temporal", "x", "when", "y"]);
    // The comment ends the block: what follows on its line is policy text.
    let same_line = "permit (a) when temporal { x // } when { ((y)) };";
    assert_eq!(texts(same_line).iter().filter(|text| **text == "y").count(), 1);
    assert_eq!(texts(same_line).iter().filter(|text| **text == "(").count(), 3);
    // Where a condition should begin, the word is no tag.
    let no_tag = "permit (a) temporal { // }\n((y)) };";
    assert_eq!(texts(no_tag).iter().filter(|text| **text == "(").count(), 3);
}

#[test]
fn a_blocks_depth_counts_what_its_comments_hold() {
    let deepest = |source: &str| tokens(source).iter().map(|token| token.block_depth).max();
    assert_eq!(deepest("permit (a) when { { a: { b: 1 } } };"), Some(0));
    assert_eq!(deepest("permit (a) when temporal { x };"), Some(1));
    assert_eq!(deepest("permit (a) when temporal { x // {{{\n };"), Some(4));
    assert_eq!(deepest("def temporal m(?a) { x // {{\n };"), Some(3));
    assert_eq!(deepest("def cedar m(?a) { temporal { // {{\n } };"), Some(4));
    assert_eq!(deepest("permit (a) when temporal { \"{{{\" // \" {{\n };"), Some(3));
}

#[test]
fn nothing_makes_cutting_fail() {
    for source in [
        "def",
        "def cedar",
        "def cedar m(?a) {",
        "temporal",
        "temporal {",
        "{",
        "\"",
        "temporal { \"é",
    ] {
        tokens(source);
        schema_tokens(source);
    }
}
