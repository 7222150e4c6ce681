use proof::digest::Digest;
use proof::json::{Value, number, object};

use crate::members::{MalformedRecord, members};

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
        object([
            ("origin", Value::from(self.origin.as_str())),
            ("root", Value::from(self.root.to_string())),
            ("size", number(self.size)),
        ])
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When a member is missing, unknown or of another kind.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["origin", "root", "size"])?;
        Ok(Self {
            origin: members.str("origin")?.to_owned(),
            size: members.count("size")?,
            root: members.digest("root")?,
        })
    }
}
