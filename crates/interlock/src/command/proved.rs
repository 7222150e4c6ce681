//! What a node says of a pending request, checked by the request's id.

use api::approval::PendingMessage;
use proof::base64url;
use proof::commitment::{Opening, Salt};
use proof::digest::Digest;
use record::lineage::{Body, LineageRecord};

/// A pending request as its record has it, with the message that the record commits to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProvedRequest {
    pub(super) execution: String,
    /// Server and tool, or server and method.
    pub(super) asked_for: String,
    pub(super) message: String,
}

impl ProvedRequest {
    /// None where the record is not the one with this id, or does not commit to the message.
    pub(super) fn of(pending: &str, sent: &PendingMessage) -> Option<Self> {
        let record = sent.record.0.to_bytes();
        if Digest::of(&record).to_string() != pending {
            return None;
        }
        let record = LineageRecord::parse(&record).ok()?;
        let (Body::Decided(decided), Some(link)) = (record.body, record.header.link) else {
            return None;
        };
        let salt = Salt::from_bytes(base64url::decode(&sent.salt).ok()?.try_into().ok()?);
        let opening = Opening { salt, bytes: base64url::decode(&sent.message).ok()? };
        if !opening.verify(decided.commitments.get("message")?) {
            return None;
        }
        let tool = decided.tool.as_deref().unwrap_or(&decided.method);
        Some(Self {
            execution: link.execution,
            asked_for: format!("{}/{tool}", decided.server),
            message: String::from_utf8_lossy(&opening.bytes).into_owned(),
        })
    }
}
