use proof::digest::Digest;

use crate::members::MalformedRecord;
use crate::reader::MemberReader;
use crate::writer::{Interleaved, MemberWriter};

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
    pub(super) fn write(&self, record: &mut MemberWriter<'_, impl Interleaved>) {
        record.digest("private", &self.private);
        record.digest("public", &self.public);
        record.count("size", self.size);
    }

    pub(super) fn read<const N: usize>(
        record: &mut MemberReader<'_, N>,
    ) -> Result<Self, MalformedRecord> {
        let (private, public) = (record.digest("private")?, record.digest("public")?);
        Ok(Self { size: record.count("size")?, public, private })
    }
}
