//! Whether a text is a canonical object, in one pass that builds nothing: whole logs are verified
//! by it.
//!
//! INVARIANT: what it accepts the parser accepts. What it refuses the parser is asked about, which
//! has the last word and says what is wrong; so a text that only this one refused would cost time,
//! and nothing else.
use std::cmp::Ordering;

use super::plain::plain_bytes;
use crate::limits::{
    INTEGER_MAX, JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX, RECORD_BYTES_MAX,
};

/// The text of the object that these bytes are. `None`: they are not canonical, no object, or more
/// than that.
pub(super) fn object(text: &[u8]) -> Option<&str> {
    if text.len() > JSON_BYTES_MAX { None } else { whole(text, |_, _| ()) }
}

/// As [`object`], with the texts of these members of it.
pub(super) fn object_finding<'a, const N: usize>(
    text: &'a [u8],
    wanted: [&str; N],
) -> Option<(&'a str, [Option<&'a [u8]>; N])> {
    if text.len() > JSON_BYTES_MAX { None } else { find(text, wanted) }
}

/// The texts of these members of the object that `text` is. `None`: it is not canonical, no object,
/// or longer than a record.
pub(crate) fn members<'a, const N: usize>(
    text: &'a [u8],
    wanted: [&str; N],
) -> Option<[Option<&'a [u8]>; N]> {
    if text.len() > RECORD_BYTES_MAX {
        return None;
    }
    find(text, wanted).map(|(_, found)| found)
}

fn find<'a, const N: usize>(
    text: &'a [u8],
    wanted: [&str; N],
) -> Option<(&'a str, [Option<&'a [u8]>; N])> {
    let mut found = [None; N];
    let whole = whole(text, |key, value| {
        for (wanted, found) in wanted.iter().zip(&mut found) {
            if wanted.as_bytes() == key {
                *found = Some(value);
            }
        }
    })?;
    Some((whole, found))
}

/// The text, if it is an object and nothing behind it; each member is shown with its text.
fn whole<'a>(text: &'a [u8], show: impl FnMut(&'a [u8], &'a [u8])) -> Option<&'a str> {
    let whole = std::str::from_utf8(text).ok()?;
    // The object itself is a value too.
    let mut checker = Checker { rest: text, values_left: JSON_VALUES_MAX - 1 };
    checker.want(b'{')?;
    checker.object(0, show)?;
    checker.rest.is_empty().then_some(whole)
}

struct Checker<'a> {
    rest: &'a [u8],
    /// How many more values the parser allows.
    values_left: usize,
}

impl<'a> Checker<'a> {
    // INVARIANT: recursion is bounded by `JSON_DEPTH_MAX`, so no input can exhaust the stack.
    fn value(&mut self, depth: usize) -> Option<()> {
        self.values_left = self.values_left.checked_sub(1)?;
        let (first, rest) = self.rest.split_first()?;
        match first {
            b'{' | b'[' if depth >= JSON_DEPTH_MAX => return None,
            b'-' | b'0'..=b'9' => return self.integer(),
            b't' => return self.word(b"true"),
            b'f' => return self.word(b"false"),
            _ => self.rest = rest,
        }
        match first {
            b'"' => self.string(),
            b'{' => self.object(depth, |_, _| ()),
            b'[' => self.array(depth),
            _ => None,
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        if self.eat(b']') {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            if self.eat(b']') {
                return Some(());
            }
            self.want(b',')?;
        }
    }

    /// After its brace; each member is shown with its text.
    fn object(&mut self, depth: usize, mut show: impl FnMut(&'a [u8], &'a [u8])) -> Option<()> {
        if self.eat(b'}') {
            return Some(());
        }
        let mut previous: &[u8] = &[];
        loop {
            let key = self.key()?;
            if !precedes(previous, key) {
                return None;
            }
            previous = key;
            let text = self.rest;
            self.value(depth + 1)?;
            show(key, text.get(..text.len() - self.rest.len())?);
            if self.eat(b'}') {
                return Some(());
            }
            self.want(b',')?;
        }
    }

    /// A key with its quotes and its colon.
    fn key(&mut self) -> Option<&'a [u8]> {
        self.want(b'"')?;
        self.rest.first().filter(|first| first.is_ascii_lowercase())?;
        let is_key = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let end = self.rest.iter().position(|byte| !is_key(byte))?;
        let (key, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        self.want(b'"')?;
        self.want(b':')?;
        Some(key)
    }

    /// After its first quote.
    fn string(&mut self) -> Option<()> {
        loop {
            let (special, rest) = self.rest.get(plain_bytes(self.rest)..)?.split_first()?;
            match special {
                b'"' => {
                    self.rest = rest;
                    return Some(());
                }
                b'\\' => self.rest = after_escape(rest)?,
                _ => return None,
            }
        }
    }

    fn integer(&mut self) -> Option<()> {
        let is_negative = self.eat(b'-');
        let end = self.rest.iter().position(|byte| !byte.is_ascii_digit());
        let (digits, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        match digits {
            [] => None,
            [b'0'] => (!is_negative).then_some(()),
            [b'0', ..] => None,
            // As many digits as the largest has can still be too many.
            _ => {
                let digits = std::str::from_utf8(digits).ok()?;
                (digits.parse::<i64>().ok()? <= INTEGER_MAX).then_some(())
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    fn want(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }

    fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// Whether this key comes before that one. Most differ in their first bytes, where no call is
/// needed to compare them.
fn precedes(previous: &[u8], key: &[u8]) -> bool {
    match previous.first().cmp(&key.first()) {
        Ordering::Less => true,
        Ordering::Equal => previous < key,
        Ordering::Greater => false,
    }
}

/// What follows an escape that is the shortest for its character; `rest` begins after the
/// backslash.
//= RFC 8785 section 3.2.2.2
fn after_escape(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', rest @ ..]
        | [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', rest @ ..]
        | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', rest @ ..] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
