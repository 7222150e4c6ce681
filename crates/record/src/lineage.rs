//! The records that a node writes about past events.
//!
//! A record is a public header and salted commitments to the rest. The committed parts (the request
//! as it was decided, the message as it was accepted) are sealed beside the log: [`Sealed`].

mod approval;
mod body;
mod charged;
mod delegated;
mod direction;
mod erased;
mod header;
mod in_place;
mod open;
mod sealed;
mod snapshot_mark;
#[cfg(test)]
mod tests;

pub use approval::{Approval, RecordedRetry, SignedApproval};
pub use body::{Body, Completion, Decided, RefusalCounts};
pub use charged::Charged;
pub use delegated::{Delegation, DelegationRequest, EndedBy};
pub use direction::MessageDirection;
pub use erased::ErasedFor;
pub use header::{Header, Link};
pub use open::OpenDecision;
pub use sealed::{Commitments, Sealed};
pub use snapshot_mark::SnapshotMark;

use proof::json::{Object, Value};

use crate::members::{MalformedRecord, wrong};

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
        in_place::write(self).unwrap_or_else(|| self.to_value().to_bytes())
    }

    fn to_value(&self) -> Value {
        let mut object = Object::new();
        object.insert("v", Value::Integer(1));
        object.insert("type", Value::from(self.body.type_name()));
        self.header.write(&mut object);
        self.body.write(&mut object);
        Value::Object(object)
    }

    /// Reads a record exactly: a member too many or too few is an error.
    ///
    /// # Errors
    /// When the bytes are not a lineage record of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedRecord> {
        in_place::read(bytes).map_or_else(|| Self::built(bytes), Ok)
    }

    /// Reads a record by way of its values.
    fn built(bytes: &[u8]) -> Result<Self, MalformedRecord> {
        let value = Value::parse(bytes)?;
        let Value::Object(mut object) = value else {
            return Err(MalformedRecord::new("not an object"));
        };
        if object.remove("v") != Some(Value::Integer(1)) {
            return Err(wrong("v", "1"));
        }
        let Some(Value::String(type_name)) = object.remove("type") else {
            return Err(wrong("type", "a string"));
        };
        let header = Header::take(&mut object)?;
        let body = Body::read(&type_name, object)?;
        match (body.concerns_execution(), header.link.is_some()) {
            (true, false) => Err(MalformedRecord::new("member `execution` is missing")),
            (false, true) => Err(MalformedRecord::new("unknown member `execution`")),
            _ => Ok(Self { header, body }),
        }
    }
}
