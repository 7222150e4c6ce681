use proof::digest::Digest;
use proof::json::{Object, Value, number};

use crate::members::{MalformedRecord, members};

/// A snapshot as its record describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotMark {
    /// How many records the state is a fold of: the record's own index.
    pub size: u64,
    /// Digest of the public part's index.
    pub public: Digest,
    /// Digest of the list of private parts.
    pub private: Digest,
}

impl SnapshotMark {
    const MEMBERS: [&'static str; 3] = ["private", "public", "size"];

    pub(super) fn write(&self, into: &mut Object) {
        into.insert("private", self.private.to_value());
        into.insert("public", self.public.to_value());
        into.insert("size", number(self.size));
    }

    pub(super) fn read(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &Self::MEMBERS)?;
        let (private, public) = (members.digest("private")?, members.digest("public")?);
        Ok(Self { size: members.count("size")?, public, private })
    }
}
