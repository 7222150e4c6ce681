use proptest::prelude::*;

use super::{control, line_separator};

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "plain text of some length, longer than a word",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        // As far as their first bytes go, these look like one of them.
        "\u{a0}",
        "\u{2027}",
        "\u{203a}",
        "\u{20ac}",
        "\t",
        "\r",
        "\u{1f}",
        "\u{20}",
        "\u{7f}",
        "\u{0}",
        "漢字",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn line_separators_are_found_as_by_a_search_by_character(text in pieces()) {
        let by_character = text.find(['\u{85}', '\u{2028}', '\u{2029}']);
        prop_assert_eq!(line_separator(text.as_bytes()), by_character);
    }

    #[test]
    fn control_characters_are_found_as_by_a_search_by_character(text in pieces()) {
        let by_character = text.find(|c: char| c < ' ' && c != '\t');
        prop_assert_eq!(control(text.as_bytes()), by_character);
    }
}
