//! Text from outside, as a person may look at it: whatever a terminal would act on, hide or reorder
//! is shown as an escape, `\u{202e}`.
//!
//! ```
//! use proof::shown::Shown;
//!
//! assert_eq!(Shown("safe\u{1b}[2K\u{202e}").to_string(), "safe\\u{1b}[2K\\u{202e}");
//! ```

use std::fmt::{self, Display, Formatter, Write as _};

use unicode_general_category::{GeneralCategory, get_general_category};

#[cfg(test)]
mod tests;

/// Shows a text on one line.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, one)| is_hidden(*one)) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            f.write_str(before)?;
            write!(f, "{}", hidden.escape_unicode())?;
            rest = after.strip_prefix(hidden).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// Whether a terminal or an editor would act on this character, show nothing for it, show what
/// nobody can tell, or show others elsewhere because of it: controls, line and paragraph
/// separators, formats (bidirectional controls, zero-width characters, tags, interlinear marks),
/// private use, what no character is assigned to, and letters, marks and symbols that are blank.
#[must_use]
pub fn is_hidden(one: char) -> bool {
    use GeneralCategory as Is;
    if one.is_ascii() {
        return one.is_ascii_control();
    }
    match get_general_category(one) {
        Is::Control | Is::LineSeparator | Is::ParagraphSeparator => true,
        Is::PrivateUse | Is::Unassigned | Is::Surrogate => true,
        Is::Format => !is_sign_before_numbers(one),
        _ => is_blank(one),
    }
}

/// Formats that are seen: signs that enclose or stand above what follows them.
fn is_sign_before_numbers(one: char) -> bool {
    matches!(
        one,
        '\u{600}'
            ..='\u{605}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'
                | '\u{891}'
                | '\u{8e2}'
                | '\u{110bd}'
                | '\u{110cd}'
    )
}

/// Characters of other categories that show nothing of their own: fillers, joiners, variation
/// selectors, empty patterns.
fn is_blank(one: char) -> bool {
    matches!(one,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fffc}' | '\u{13440}'..='\u{1345f}'
        | '\u{16fe4}' | '\u{1d159}' | '\u{e0100}'..='\u{e01ef}')
}

/// JSON with the same meaning, in which each of these characters is written as an escape. They
/// stand in its strings only.
#[must_use]
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for one in text.chars() {
        if !is_hidden(one) {
            shown.push(one);
            continue;
        }
        let mut units = [0; 2];
        for unit in one.encode_utf16(&mut units) {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

/// Shows lines that come as bytes, which need not be UTF-8: a byte that is part of no character is
/// `\x9b`. Line feeds stay.
#[must_use]
pub fn lines(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for (nth, line) in chunk.valid().split('\n').enumerate() {
            let feed = if nth == 0 { "" } else { "\n" };
            // Writing to a string does not fail.
            let _ = write!(shown, "{feed}{}", Shown(line));
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}
