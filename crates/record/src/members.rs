//! Reading the members of a canonical object, exactly: nothing missing, nothing unknown.

use proof::json::Value;
use proof::record::{self, Fields};

use crate::limits::NAME_BYTES_MAX;

/// Why a canonical object is not the record or proposal it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedRecord(String);

impl MalformedRecord {
    /// With the reason, in words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<record::Error> for MalformedRecord {
    fn from(why: record::Error) -> Self {
        Self(why.to_string())
    }
}

impl From<proof::json::Error> for MalformedRecord {
    fn from(why: proof::json::Error) -> Self {
        Self(why.to_string())
    }
}

/// The members of one object whose names are all known.
///
/// # Errors
/// When the value is no object, or has another member.
pub fn members<'a>(value: &'a Value, known: &[&str]) -> Result<Fields<'a>, MalformedRecord> {
    let fields = Fields::of(value, "record")?;
    fields.only(known)?;
    Ok(fields)
}

/// A name that may stand in a record: 1 to [`NAME_BYTES_MAX`] bytes, no control characters.
///
/// # Errors
/// When the member is missing or no such name.
pub fn name(fields: &Fields<'_>, member: &str) -> Result<String, MalformedRecord> {
    checked_name(member, fields.str(member)?)
}

/// The same of a text that was read before.
///
/// # Errors
/// When it is no such name.
pub fn checked_name(member: &str, text: &str) -> Result<String, MalformedRecord> {
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len());
    if fits && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(wrong(member, "a name of 1 to 128 bytes without control characters"))
    }
}

/// Says what a member must be, and is not.
#[must_use]
pub fn wrong(name: &str, what: &str) -> MalformedRecord {
    MalformedRecord::new(format!("member `{name}` must be {what}"))
}
