use super::*;

/// One of each kind, in ranges that Unicode gives to what shows nothing or moves other text.
const HIDDEN: &str = "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{80}\u{85}\u{9b}\u{9c}\u{9f}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\
    \u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{fe0f}\u{feff}\u{fffa}\u{fffe}\
    \u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{2800}\u{3164}\u{ffa0}\u{fff9}\u{fffb}\u{16fe4}\u{1d159}\
    \u{e000}\u{f8ff}\u{f0000}\u{100000}\u{378}\u{2fe0}\u{e0fff}\u{fdd0}\u{1fffe}\u{10ffff}\u{e0001}\u{e0041}\u{e007f}\u{e0100}";

#[test]
fn control_characters_are_shown_escaped() {
    for one in HIDDEN.chars() {
        let shown = Shown(&format!("a{one}b")).to_string();
        assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(one)));
    }
}

/// The categories as `unicode-general-category` has them, of which only letters, marks, numbers,
/// punctuation, symbols and spaces are seen; what is hidden besides is named here one by one.
#[test]
fn only_hidden_categories_and_blanks_are_escaped() {
    let (mut hidden, mut seen) = (Vec::new(), Vec::new());
    for one in '\0'..=char::MAX {
        let abbreviation = get_general_category(one).abbreviation();
        match (abbreviation, is_hidden(one)) {
            ("Cc" | "Cn" | "Co" | "Cs" | "Zl" | "Zp", is_hidden) => assert!(is_hidden, "{one:?}"),
            ("Cf", false) => seen.push(u32::from(one)),
            ("Cf", true) | (_, false) => {}
            (_, true) => hidden.push(u32::from(one)),
        }
    }
    let signs = [0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6dd, 0x70f, 0x890, 0x891, 0x8e2];
    assert_eq!(seen, [signs.as_slice(), &[0x110bd, 0x110cd]].concat());
    let blank =
        [0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x2800, 0x3164];
    let further =
        [(0xfe00..=0xfe0f).collect(), vec![0xffa0, 0xfffc], (0x13440..=0x13455).collect()];
    let last = [vec![0x16fe4, 0x1d159], (0xe0100..=0xe01ef).collect()];
    assert_eq!(hidden, [vec![blank.to_vec()], further.to_vec(), last.to_vec()].concat().concat());
}

#[test]
fn ordinary_text_of_any_script_stays() {
    for text in ["", "plain", "ünï ßœ", "日本語 العربية עברית हिन्दी", "✓ ✗ … 1\u{202f}234 → 🙂"]
    {
        assert_eq!(Shown(text).to_string(), text);
        assert_eq!(json(text), text);
        assert_eq!(lines(text.as_bytes()), text);
    }
}

#[test]
fn json_means_the_same_and_holds_nothing_hidden() {
    let value = crate::json::Value::from(HIDDEN);
    let written = String::from_utf8(value.to_bytes()).unwrap();
    let shown = json(&written);
    assert!(!shown.chars().any(is_hidden), "{shown}");
    let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(read.as_str(), Some(HIDDEN));
}

#[test]
fn bytes_that_are_no_text_are_shown_and_lines_stay_apart() {
    assert_eq!(lines(b"a\n\x9b2K\xff\xe2\x80\xae\n"), "a\n\\x9b2K\\xff\\u{202e}\n");
    assert_eq!(lines(b"\xe2\x80"), "\\xe2\\x80");
}
