//! Records: the entries of every log, and typed access to their members.
//!
//! A record is a canonical JSON object with `v` (1) and `type` (`transition.decided`). Its bytes
//! are what is hashed, stored and proven; a reader never encodes them again.
use crate::digest::Digest;
use crate::json::{self, Object, Value};
use crate::limits::RECORD_TYPE_BYTES_MAX;
use crate::merkle;

mod fields;

pub use crate::limits::RECORD_BYTES_MAX;
pub use fields::Fields;

/// The version that every record carries as `v`.
pub const VERSION: i64 = 1;

/// Why bytes are no record, or a record lacks what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Over [`RECORD_BYTES_MAX`].
    #[error(
        "a record of {bytes} bytes: {RECORD_BYTES_MAX} is the most, keep large values in blobs"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not canonical JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// Another version.
    #[error("a record of version {found}: this release reads version {VERSION}")]
    Version {
        /// The version it names.
        found: i64,
    },
    /// A type that isn't lower-case words joined by dots.
    #[error("`{}` is no record type: it takes two or more lower-case words joined by dots", .found.escape_debug())]
    Type {
        /// What stood there.
        found: String,
    },
    /// A member that isn't there.
    #[error("`{path}` is missing")]
    Missing {
        /// The member, with the objects that it is in.
        path: String,
    },
    /// A member of another kind.
    #[error("`{path}` is {found}, and {wanted} is needed")]
    Kind {
        /// The member, with the objects that it is in.
        path: String,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A member that nothing reads.
    #[error("`{path}` is not known here")]
    Unknown {
        /// The member, with the objects that it is in.
        path: String,
    },
}

impl Error {
    const fn not_an_object(value: &Value) -> Self {
        Self::Kind { path: String::new(), wanted: "an object", found: value.kind() }
    }
}

/// One record: its bytes, and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    bytes: Vec<u8>,
    kind: String,
    members: Object,
}

impl Record {
    /// Writes a record of that type; `v` and `type` are added to the members.
    ///
    /// # Errors
    /// When the type is malformed, or the members lie outside of the canonical language, or the
    /// text is too long.
    pub fn new(kind: &str, mut members: Object) -> Result<Self, Error> {
        members.insert("v", Value::Integer(VERSION));
        members.insert("type", kind.into());
        let value = Value::Object(members);
        value.check()?;
        let bytes = value.to_bytes();
        Self::of(value, bytes)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When the bytes are too long, not canonical JSON, no object, or lack a known `v` and a
    /// well-formed `type`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        check_length(bytes)?;
        Self::of(Value::parse(bytes)?, bytes.to_vec())
    }

    fn of(value: Value, bytes: Vec<u8>) -> Result<Self, Error> {
        check_length(&bytes)?;
        let kind = check_envelope(&value)?.to_owned();
        match value {
            Value::Object(members) => Ok(Self { bytes, kind, members }),
            other => Err(Error::not_an_object(&other)),
        }
    }

    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The bytes that are hashed and stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that are hashed and stored.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// SHA-256 of its bytes: what `prev` of an execution's next record holds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Its leaf in the tree (RFC 6962).
    #[must_use]
    pub fn leaf_hash(&self) -> Digest {
        merkle::leaf_hash(&self.bytes)
    }

    /// All members, `v` and `type` too.
    #[must_use]
    pub const fn members(&self) -> &Object {
        &self.members
    }

    /// Typed access to the members.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::root(&self.members)
    }
}

/// Reads a record: [`Record::parse`].
///
/// # Errors
/// As [`Record::parse`].
pub fn parse(bytes: &[u8]) -> Result<Record, Error> {
    Record::parse(bytes)
}

/// Whether bytes are a record, without keeping anything of it: a few times faster than reading one.
///
/// # Errors
/// As [`Record::parse`].
pub fn check(bytes: &[u8]) -> Result<(), Error> {
    if is_record(bytes) { Ok(()) } else { parse(bytes).map(drop) }
}

/// What this accepts is a record; what it refuses may be one.
fn is_record(bytes: &[u8]) -> bool {
    let members = json::checker::members(bytes, ["type", "v"]);
    let Some([Some(kind), Some(version)]) = members else { return false };
    let kind = kind.strip_prefix(b"\"").and_then(|kind| kind.strip_suffix(b"\""));
    let text = |text| std::str::from_utf8(text).ok();
    // No well-formed type has an escape, so what stands between its quotes is the string itself.
    kind.and_then(text).is_some_and(is_type)
        && text(version).and_then(|version| version.parse().ok()) == Some(VERSION)
}

/// The record's type, if it has a version and a type that this release reads.
fn check_envelope(value: &Value) -> Result<&str, Error> {
    let fields = Fields::of(value, "record")?;
    let found = fields.integer("v")?;
    if found != VERSION {
        return Err(Error::Version { found });
    }
    let kind = fields.str("type")?;
    if !is_type(kind) {
        return Err(Error::Type { found: kind.chars().take(RECORD_TYPE_BYTES_MAX).collect() });
    }
    Ok(kind)
}

const fn check_length(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Error::TooLong { bytes: bytes.len() });
    }
    Ok(())
}

fn is_type(kind: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    kind.len() <= RECORD_TYPE_BYTES_MAX && kind.contains('.') && kind.split('.').all(word)
}

#[cfg(test)]
mod tests;
