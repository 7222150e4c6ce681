use proof::digest::Digest;
use proof::json::{Span, Value};

use crate::members::MalformedRecord;
use crate::reader::MemberReader;
use crate::writer::{MemberWriter, value_of};

/// A prefix of one log: its origin, how many records, and their Merkle root. `api` mirrors
/// it for clients under the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The log's origin line.
    pub origin: String,
    /// How many records the prefix holds.
    pub size: u64,
    /// RFC 6962 root of those records.
    pub root: Digest,
}

impl Position {
    /// `{"origin", "root", "size"}`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut text = String::new();
        self.write(&mut text);
        value_of(&text)
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When a member is missing, unknown or of another kind.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let mut text = String::new();
        value.write(&mut text);
        Self::read("governance", Span::known(&text))
    }

    pub(crate) fn write(&self, text: &mut String) {
        let mut members = MemberWriter::begin(text);
        members.string("origin", &self.origin);
        members.digest("root", &self.root);
        members.count("size", self.size);
        members.end();
    }

    pub(crate) fn read(name: &str, span: Span<'_>) -> Result<Self, MalformedRecord> {
        let mut members = MemberReader::of(name, span)?;
        let origin = members.string("origin")?.into_owned();
        let root = members.digest("root")?;
        let size = members.count("size")?;
        members.end()?;
        Ok(Self { origin, size, root })
    }
}
