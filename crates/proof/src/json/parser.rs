//! The reader. It builds a value only from bytes that the writer would write again.
use std::cmp::Ordering;

use super::object::order;
use super::plain::plain_bytes;
use super::{Error, Fault, Object, Text, Value};
use crate::limits::{INTEGER_MAX, JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};

pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.len() > JSON_BYTES_MAX {
        return Err(Error::new(Fault::TooLong, JSON_BYTES_MAX));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::new(Fault::NotUtf8, error.valid_up_to()))?;
    let mut parser = Parser { text, at: 0, values: 0 };
    let value = parser.value(0)?;
    match parser.peek() {
        None => Ok(value),
        Some(byte) if is_space(byte) => Err(parser.fault(Fault::Whitespace)),
        Some(_) => Err(parser.fault(Fault::Trailing)),
    }
}

/// Reads the string that a text is, and nothing behind it.
pub(super) fn string(text: &str) -> Option<Text> {
    let mut parser = Parser { text, at: 0, values: 0 };
    let string = parser.string().ok()?;
    (parser.at == text.len()).then_some(string)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Parser<'a> {
    // INVARIANT: recursion is bounded by `JSON_DEPTH_MAX`, so no input can exhaust the stack.
    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.values += 1;
        if self.values > JSON_VALUES_MAX {
            return Err(self.fault(Fault::TooManyValues));
        }
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(Value::Integer(self.integer()?)),
            Some(b't') => self.word("true").map(|()| Value::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Value::Bool(false)),
            Some(b'{' | b'[') if depth >= JSON_DEPTH_MAX => Err(self.fault(Fault::TooDeep)),
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b'n') => {
                let at = self.at;
                self.word("null")?;
                Err(Error::new(Fault::Null, at))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value>, Error> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.eat(b']') {
            return Ok(elements);
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Ok(elements);
            }
            self.want(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Object, Error> {
        self.at += 1;
        let mut members = Object::new();
        if self.eat(b'}') {
            return Ok(members);
        }
        let mut previous = "";
        loop {
            let key = self.key(previous)?;
            self.want(b':')?;
            let value = self.value(depth + 1)?;
            members.insert(key, value);
            if self.eat(b'}') {
                return Ok(members);
            }
            self.want(b',')?;
            previous = key;
        }
    }

    /// A key that follows `previous`; no key is empty, so nothing precedes the first.
    fn key(&mut self, previous: &str) -> Result<&'a str, Error> {
        let start = self.at;
        self.want(b'"')?;
        let from = self.at;
        self.skip(is_key_byte);
        let text: &'a str = self.text;
        let key = text.get(from..self.at).unwrap_or_default();
        if !begins_key(key) || self.peek().is_some_and(|byte| byte != b'"') {
            return Err(self.fault(Fault::Key));
        }
        self.want(b'"')?;
        match order(previous, key) {
            Ordering::Less => Ok(key),
            Ordering::Equal => Err(Error::new(Fault::KeyTwice, start)),
            Ordering::Greater => Err(Error::new(Fault::KeyOrder, start)),
        }
    }

    fn string(&mut self) -> Result<Text, Error> {
        self.at += 1;
        let plain = self.plain();
        if self.eat(b'"') {
            return Ok(plain.into());
        }
        let mut string = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string.into());
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(self.fault(Fault::Control)),
                None => return Err(self.fault(Fault::Ends)),
            }
            string.push_str(self.plain());
        }
    }

    /// What stands for itself from here on.
    fn plain(&mut self) -> &'a str {
        let (text, from) = (self.text, self.at);
        self.at += plain_bytes(text.as_bytes().get(from..).unwrap_or_default());
        // Both ends are next to ASCII bytes, so the range is on character boundaries.
        text.get(from..self.at).unwrap_or_default()
    }

    //= RFC 8785 section 3.2.2.2
    fn escape(&mut self) -> Result<char, Error> {
        let start = self.at;
        self.at += 1;
        let Some(byte) = self.peek() else { return Err(self.fault(Fault::Ends)) };
        self.at += 1;
        match byte {
            b'"' => Ok('"'),
            b'\\' => Ok('\\'),
            b'b' => Ok('\u{8}'),
            b't' => Ok('\t'),
            b'n' => Ok('\n'),
            b'f' => Ok('\u{c}'),
            b'r' => Ok('\r'),
            b'u' => self.control_escape(start),
            _ => Err(Error::new(Fault::Escape, start)),
        }
    }

    /// `\u00xx` for the controls below U+0020 that have no escape of two characters, in lower case.
    fn control_escape(&mut self, start: usize) -> Result<char, Error> {
        let refused = Error::new(Fault::Escape, start);
        let digits = self.text.get(self.at..self.at + 4).ok_or(refused)?;
        self.at += 4;
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if !digits.bytes().all(lower_hex) {
            return Err(refused);
        }
        let code = u8::from_str_radix(digits, 16).map_err(|_| refused)?;
        match code {
            0x08 | 0x09 | 0x0a | 0x0c | 0x0d => Err(refused),
            0..0x20 => Ok(char::from(code)),
            _ => Err(refused),
        }
    }

    fn integer(&mut self) -> Result<i64, Error> {
        let start = self.at;
        let negative = self.eat(b'-');
        let from = self.at;
        self.skip(|byte| byte.is_ascii_digit());
        let digits = self.text.get(from..self.at).unwrap_or_default();
        if digits.is_empty() {
            return Err(self.unexpected());
        }
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.fault(Fault::NotInteger));
        }
        if digits.starts_with('0') && (negative || digits.len() > 1) {
            return Err(Error::new(Fault::Zero, start));
        }
        match digits.parse::<i64>() {
            Ok(number) if number <= INTEGER_MAX => Ok(if negative { -number } else { number }),
            _ => Err(Error::new(Fault::IntegerRange, start)),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Error> {
        for byte in word.bytes() {
            self.want(byte)?;
        }
        Ok(())
    }

    fn want(&mut self, byte: u8) -> Result<(), Error> {
        if self.eat(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes on to the first byte that is not of this kind.
    fn skip(&mut self, kind: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !kind(*byte)).unwrap_or(rest.len());
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self) -> Error {
        match self.peek() {
            None => self.fault(Fault::Ends),
            Some(byte) if is_space(byte) => self.fault(Fault::Whitespace),
            Some(_) => self.fault(Fault::Unexpected),
        }
    }

    const fn fault(&self, fault: Fault) -> Error {
        Error::new(fault, self.at)
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

const fn is_key_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')
}

/// `[a-z][a-z0-9_]*`
pub(super) fn is_key(key: &str) -> bool {
    begins_key(key) && key.bytes().all(is_key_byte)
}

fn begins_key(key: &str) -> bool {
    key.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}
