use super::*;

/// One of each kind, in ranges that Unicode gives to what shows nothing or moves other text.
const HIDDEN: &str = "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{80}\u{85}\u{9b}\u{9c}\u{9f}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\
    \u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{fe0f}\u{feff}\u{fffa}\u{fffe}\
    \u{fdd0}\u{1fffe}\u{10ffff}\u{e0001}\u{e0041}\u{e007f}\u{e0100}";

#[test]
fn what_a_terminal_acts_on_is_shown_as_an_escape() {
    for one in HIDDEN.chars() {
        let shown = Shown(&format!("a{one}b")).to_string();
        assert_eq!(shown, format!("a\\u{{{:x}}}b", u32::from(one)));
    }
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
