use std::cmp::Ordering;

use crate::json::{Accept, Number, Value};
use crate::limits::ID_BYTES_MAX;
use crate::shape::wrong_type;
use crate::{Error, ErrorKind};

/// A request's id, or a progress token. Compares by value (`"a"` is `"\u0061"`, `1` is `1.0` and
/// not `"1"`) and keeps its bytes, by which it is echoed.
#[derive(Debug, Clone)]
pub struct Id {
    raw: String,
    value: IdValue,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum IdValue {
    Integer(i64),
    String(String),
    /// An integer of more than 53 bits, by its digits. No message with one is read; its refusal is
    /// answered.
    Large(String),
}

impl Id {
    /// The id as it was written.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The id, if it is an integer.
    pub fn as_i64(&self) -> Option<i64> {
        match self.value {
            IdValue::Integer(integer) => Some(integer),
            IdValue::String(_) | IdValue::Large(_) => None,
        }
    }

    /// The unescaped id, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            IdValue::Integer(_) | IdValue::Large(_) => None,
            IdValue::String(text) => Some(text),
        }
    }

    /// The id of a message that is refused: it is echoed to the sender, and names nothing
    /// else.
    pub(super) fn of_refused(raw: &str) -> Option<Self> {
        let value = Value::parse_with(raw.as_bytes(), Accept::Result).ok()?;
        let digits = value.as_number().map(Number::text).map(|text| text.trim_start_matches('-'));
        if digits.is_some_and(|digits| value.as_whole().is_none() && is_large(digits)) {
            return Some(Self { raw: raw.to_owned(), value: IdValue::Large(raw.to_owned()) });
        }
        // Half of a surrogate pair is the same U+FFFD as any other.
        Self::read("id", &value)
            .ok()
            .filter(|id| id.as_str().is_none_or(|text| !text.contains('\u{FFFD}')))
    }

    pub(crate) fn read(name: &str, value: &Value<'_>) -> Result<Self, Error> {
        let raw = value.raw().to_owned();
        if let Some(integer) = value.as_whole() {
            return Ok(Self { raw, value: IdValue::Integer(integer) });
        }
        let text = value.as_str().ok_or_else(|| wrong_type(name, value))?;
        if text.len() > ID_BYTES_MAX {
            return Err(ErrorKind::TooLong.at(value.span().start).named(name));
        }
        Ok(Self { raw, value: IdValue::String(text.to_owned()) })
    }
}

impl From<u32> for Id {
    fn from(integer: u32) -> Self {
        Self { raw: integer.to_string(), value: IdValue::Integer(integer.into()) }
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Id {}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

/// Whether an integer is one that no reader takes for one of at most 53 bits.
fn is_large(digits: &str) -> bool {
    digits.len() <= ID_BYTES_MAX && digits.bytes().all(|digit| digit.is_ascii_digit())
}
