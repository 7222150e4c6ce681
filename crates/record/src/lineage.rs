//! The records that a node writes about past events.
//!
//! A record is a public header and salted commitments to the rest. The committed parts (the request
//! as it was decided, the message as it was accepted) are sealed beside the log: [`Sealed`].

mod approval;
mod body;
mod charged;
mod commitments;
mod completion;
mod decided;
mod delegated;
mod direction;
mod erased;
mod header;
mod open;
mod sealed;
mod snapshot_mark;
#[cfg(test)]
mod tests;

pub use approval::{Approval, RecordedRetry, SignedApproval};
pub use body::{Body, RefusalCounts};
pub use charged::Charged;
pub use commitments::Commitments;
pub use completion::Completion;
pub use decided::Decided;
pub use delegated::{Delegation, DelegationRequest, EndedBy};
pub use direction::MessageDirection;
pub use erased::ErasedFor;
pub use header::{Header, Link};
pub use open::OpenDecision;
pub use sealed::Sealed;
pub use snapshot_mark::SnapshotMark;

use header::{HeaderMember, HeaderWriter};
use proof::json::Span;

use crate::members::{MalformedRecord, wrong};
use crate::reader::{MemberReader, missing, string};
use crate::writer::MemberWriter;

/// Bytes for which a record's text has room from the start: one that has to grow is copied.
const RECORD_BYTES: usize = 1_536;

/// One lineage record: a header, a body, and what the sealed part must open.
#[derive(Debug, Clone, PartialEq)]
pub struct LineageRecord {
    /// Who, when, and where in the chain.
    pub header: Header,
    /// The event.
    pub body: Body,
}

impl LineageRecord {
    /// The canonical bytes that are hashed and stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(RECORD_BYTES);
        let header = HeaderWriter::new(&self.header, self.body.type_name());
        let mut record = MemberWriter::between(&mut text, header);
        self.body.write(&mut record);
        record.end();
        text.into_bytes()
    }

    /// Reads a record exactly: a member too many or too few is an error.
    ///
    /// # Errors
    /// When the bytes are not a lineage record of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedRecord> {
        let (span, [kind, version]) = Span::parse_finding(bytes, ["type", "v"])?;
        if version.is_none_or(|version| version.text() != "1") {
            return Err(wrong("v", "1"));
        }
        let kind = kind.ok_or_else(|| wrong("type", "a string"))?;
        let record = MemberReader::laying_aside(HeaderMember::names(), span);
        let mut record = record.ok_or_else(|| MalformedRecord::new("not an object"))?;
        let body = Body::read(&string("type", kind)?, &mut record)?;
        let header = Header::read(record.end_with_aside()?)?;
        match (body.concerns_execution(), header.link.is_some()) {
            (true, false) => Err(missing("execution")),
            (false, true) => Err(MalformedRecord::new("unknown member `execution`")),
            _ => Ok(Self { header, body }),
        }
    }
}
