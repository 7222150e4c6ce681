use std::borrow::Cow;

use proof::json::plain_bytes;

use super::{Accept, Error, ErrorKind};

/// Reads the string whose opening quote stands at `open`; gives its text and the offset after its
/// closing quote. In a result half of a surrogate pair becomes U+FFFD.
pub(super) fn read(
    text: &str,
    open: usize,
    accept: Accept,
) -> Result<(Cow<'_, str>, usize), Error> {
    let mut from = open.saturating_add(1);
    let mut unescaped: Option<String> = None;
    loop {
        let rest = text.get(from..).unwrap_or_default();
        let length = plain_bytes(rest.as_bytes());
        // What stops a plain part is an ASCII character, so the place is on a character boundary.
        let (plain, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let at = from.saturating_add(length);
        match tail.as_bytes().first() {
            Some(b'\\') => {}
            Some(b'"') => {
                let whole = match unescaped {
                    Some(before) => Cow::Owned(before + plain),
                    None => Cow::Borrowed(plain),
                };
                return Ok((whole, at.saturating_add(1)));
            }
            Some(_) => return Err(ErrorKind::Control.at(at)),
            None => return Err(ErrorKind::End.at(at)),
        }
        let (character, used) = escape(tail, at, text.len(), accept)?;
        let buffer = unescaped.get_or_insert_default();
        buffer.push_str(plain);
        buffer.push(character);
        from = at.saturating_add(used);
    }
}

/// Reads the escape that `tail` starts with; gives its character and how many bytes it takes.
fn escape(tail: &str, at: usize, end: usize, accept: Accept) -> Result<(char, usize), Error> {
    let character = match tail.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(tail, at, accept),
        Some(_) => return Err(ErrorKind::Escape.at(at)),
        None => return Err(ErrorKind::End.at(end)),
    };
    Ok((character, 2))
}

fn unicode(tail: &str, at: usize, accept: Accept) -> Result<(char, usize), Error> {
    let first = unit(tail).ok_or_else(|| ErrorKind::Escape.at(at))?;
    let half = || match accept {
        Accept::Request => Err(ErrorKind::Surrogate.at(at)),
        Accept::Result | Accept::Text => Ok(('\u{FFFD}', 6)),
    };
    let (code, used) = match first {
        0 if accept == Accept::Request => return Err(ErrorKind::Nul.at(at)),
        0xD800..=0xDBFF => {
            let second = tail.get(6..).and_then(unit).unwrap_or_default();
            if !(0xDC00..=0xDFFF).contains(&second) {
                return half();
            }
            (0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12)
        }
        _ => (first, 6),
    };
    // What is left that is no character is the second half of a pair.
    char::from_u32(code).map_or_else(half, |character| Ok((character, used)))
}

/// The code unit of the `\uXXXX` that the text starts with.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // `from_str_radix` would take a sign.
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}
