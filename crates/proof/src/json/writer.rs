//! The writer, and the check that a value built in code is one the reader would accept.
use std::fmt::Write as _;

use super::parser::is_key;
use super::plain::plain_bytes;
use super::{Error, Fault, Value};
use crate::limits::{INTEGER_MAX, JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};

pub(super) fn write(value: &Value, text: &mut String) {
    match value {
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Integer(number) => write_integer(*number, text),
        Value::String(string) => write_string(string, text),
        Value::Array(elements) => write_array(elements, text, write),
        Value::Object(members) => {
            text.push('{');
            for (position, (key, member)) in members.iter().enumerate() {
                comma(position, text);
                write_string(key, text);
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
    }
}

/// Writes an array at the end of a text, each element as `each` does.
pub fn write_array<T>(
    elements: impl IntoIterator<Item = T>,
    text: &mut String,
    mut each: impl FnMut(T, &mut String),
) {
    text.push('[');
    for (position, element) in elements.into_iter().enumerate() {
        comma(position, text);
        each(element, text);
    }
    text.push(']');
}

fn write_integer(integer: i64, text: &mut String) {
    // Writing to a `String` cannot fail.
    let _written = write!(text, "{integer}");
}

/// Writes an object at once, member by member, in the order of their keys: for writers of many
/// objects that have no other shape.
#[derive(Debug)]
pub struct ObjectWriter<'t> {
    text: &'t mut String,
    has_members: bool,
}

impl<'t> ObjectWriter<'t> {
    /// Begins an object at the end of a text.
    pub fn begin(text: &'t mut String) -> Self {
        text.push('{');
        Self { text, has_members: false }
    }

    /// Goes on with an object that was begun at the end of a text and has members.
    pub fn resume(text: &'t mut String) -> Self {
        Self { text, has_members: true }
    }

    /// Begins a member; its value is to follow at the end of the text.
    pub fn member(&mut self, key: &str) -> &mut String {
        comma(usize::from(self.has_members), self.text);
        self.has_members = true;
        write_string(key, self.text);
        self.text.push(':');
        self.text
    }

    /// Writes a string.
    pub fn string(&mut self, key: &str, value: &str) {
        write_string(value, self.member(key));
    }

    /// Writes an integer.
    pub fn integer(&mut self, key: &str, value: i64) {
        write_integer(value, self.member(key));
    }

    /// Ends the object.
    pub fn end(self) {
        self.text.push('}');
    }
}

fn comma(position: usize, text: &mut String) {
    if position > 0 {
        text.push(',');
    }
}

pub(super) fn write_string(string: &str, text: &mut String) {
    text.push('"');
    let mut rest = string;
    // What stops a plain part is an ASCII character, so the place is on a character boundary.
    while let Some((plain, special)) = rest.split_at_checked(plain_bytes(rest.as_bytes())) {
        text.push_str(plain);
        let mut characters = special.chars();
        let Some(character) = characters.next() else { break };
        write_escape(character, text);
        rest = characters.as_str();
    }
    text.push('"');
}

//= RFC 8785 section 3.2.2.2
fn write_escape(character: char, text: &mut String) {
    match character {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\u{8}' => text.push_str("\\b"),
        '\t' => text.push_str("\\t"),
        '\n' => text.push_str("\\n"),
        '\u{c}' => text.push_str("\\f"),
        '\r' => text.push_str("\\r"),
        other => drop(write!(text, "\\u{:04x}", u32::from(other))),
    }
}

/// With a list of what is open instead of recursion: a value built in code may be deeper than the
/// stack bears.
pub(super) fn check(value: &Value) -> Result<(), Error> {
    let refuse = |fault| Err(Error::new(fault, 0));
    let mut open = vec![(value, 0)];
    let mut values = 0_usize;
    while let Some((value, depth)) = open.pop() {
        values += 1;
        if values > JSON_VALUES_MAX {
            return refuse(Fault::TooManyValues);
        }
        match value {
            Value::Bool(_) | Value::String(_) => {}
            Value::Integer(number) => {
                if number.unsigned_abs() > INTEGER_MAX.unsigned_abs() {
                    return refuse(Fault::IntegerRange);
                }
            }
            Value::Array(_) | Value::Object(_) if depth >= JSON_DEPTH_MAX => {
                return refuse(Fault::TooDeep);
            }
            Value::Array(elements) => {
                open.extend(elements.iter().map(|element| (element, depth + 1)))
            }
            Value::Object(members) => {
                if !members.keys().all(is_key) {
                    return refuse(Fault::Key);
                }
                open.extend(members.values().map(|member| (member, depth + 1)));
            }
        }
    }
    // The depth is bounded by now, so the writer's recursion is.
    if value.to_bytes().len() > JSON_BYTES_MAX {
        return refuse(Fault::TooLong);
    }
    Ok(())
}
