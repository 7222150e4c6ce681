use std::sync::Arc;

use policy::{Bundle, Passing, Request};
use proof::digest::Digest;
use record::lineage::{Body, Commitments, Decided, LineageRecord, Sealed};
use record::members::MalformedRecord;

use super::SealedPart;
use crate::lineage::{intent_of, request_of};
use crate::prepared::InspectedRequest;
use crate::state::{DetectedLabels, RetryRef, Unreadable, detect_labels};

/// A record as it is read before its turn: on any thread, and whatever stands before it in the log.
pub struct PrefetchedRecord {
    pub(super) record: Result<LineageRecord, MalformedRecord>,
    /// Digest of its bytes.
    pub(super) digest: Digest,
    pub(super) sealed: Result<Sealed, Unreadable>,
    /// The inputs of a decision.
    pub(super) asked: Option<Result<RecordedRequest, Unreadable>>,
    /// The labels that the bundle's detectors find in the message that ended a transition, if it
    /// was a result.
    pub(super) detected: Option<DetectedLabels>,
}

/// The inputs of a recorded decision.
pub(super) struct RecordedRequest {
    pub(super) inspected: InspectedRequest,
    /// The pending record that it names, with what it exactly asks for.
    pub(super) retry_ref: Option<RetryRef>,
}

impl PrefetchedRecord {
    /// Reads a record, and its request against a bundle. `open` opens its sealed part, given its
    /// execution (none: it is the node's) and the record's digest.
    pub fn of<'p>(
        bundle: &Arc<Bundle>,
        record: &[u8],
        open: impl FnOnce(Option<&str>, &Digest) -> SealedPart<'p>,
    ) -> Self {
        let digest = Digest::of(record);
        let record = LineageRecord::parse(record);
        let link = record.as_ref().ok().and_then(|record| record.header.link.as_ref());
        let sealed = open(link.map(|link| link.execution.as_str()), &digest).read();
        let asked = match record.as_ref().map(|record| &record.body) {
            Ok(Body::Decided(decided)) => Some(RecordedRequest::of(bundle, decided, &sealed)),
            _ => None,
        };
        let detected = match record.as_ref().map(|record| &record.body) {
            Ok(Body::Completed { commitments, .. }) => {
                let message = ending_message(commitments, &sealed).ok();
                message.map(|message| detect_labels(bundle, Passing::Results, message))
            }
            _ => None,
        };
        let detected = detected.map(|labels| (Arc::clone(bundle), labels));
        Self { record, digest, sealed, asked, detected }
    }
}

impl RecordedRequest {
    /// The request behind a decision, the pending record that it names with the exact request, and
    /// the labels of the message.
    fn of(
        bundle: &Arc<Bundle>,
        decided: &Decided,
        sealed: &Result<Sealed, Unreadable>,
    ) -> Result<Self, Unreadable> {
        let request = Arc::new(open_request(decided, sealed)?);
        let message = open_message(decided, sealed)?;
        let retry_ref = match &decided.retry {
            None => None,
            Some(retry) => {
                let intent = open_intent(decided, &request, sealed)?;
                Some(RetryRef { pending: retry.pending, intent })
            }
        };
        let inspected = InspectedRequest::of(bundle, request, decided.direction, message);
        Ok(Self { inspected, retry_ref })
    }
}

/// The bytes behind a commitment.
pub(super) fn open<'s>(
    sealed: &'s Result<Sealed, Unreadable>,
    name: &str,
    digest: &Digest,
) -> Result<&'s [u8], Unreadable> {
    let sealed = sealed.as_ref().map_err(|why| *why)?;
    sealed.open(name, digest).ok_or(Unreadable::Damaged)
}

/// The request behind a decision, if the sealed part opens it and it is the one the header names.
pub(super) fn open_request(
    decided: &Decided,
    sealed: &Result<Sealed, Unreadable>,
) -> Result<Request, Unreadable> {
    let digest = decided.commitments.get("request").ok_or(Unreadable::Damaged)?;
    let request = request_of(open(sealed, "request", digest)?).ok_or(Unreadable::Damaged)?;
    if request.action == decided.action { Ok(request) } else { Err(Unreadable::Damaged) }
}

/// The message that was decided about.
pub(super) fn open_message<'s>(
    decided: &Decided,
    sealed: &'s Result<Sealed, Unreadable>,
) -> Result<&'s [u8], Unreadable> {
    let digest = decided.commitments.get("message").ok_or(Unreadable::Damaged)?;
    open(sealed, "message", digest)
}

/// The digest of what a request or its retry exactly asks for.
pub(super) fn open_intent(
    decided: &Decided,
    request: &Request,
    sealed: &Result<Sealed, Unreadable>,
) -> Result<Digest, Unreadable> {
    let digest = decided.commitments.get("intent").ok_or(Unreadable::Damaged)?;
    let opened = open(sealed, "intent", digest)?;
    intent_of(decided, request, opened).ok_or(Unreadable::Damaged)
}

/// The message that ended a transition: empty where there was none, `None` where it was too large.
pub(super) fn ending_message<'s>(
    commitments: &Commitments,
    sealed: &'s Result<Sealed, Unreadable>,
) -> Result<Option<&'s [u8]>, Unreadable> {
    if commitments.contains_key("message_digest") {
        return Ok(None);
    }
    let message = commitments.get("message").map(|digest| open(sealed, "message", digest));
    Ok(Some(message.transpose()?.unwrap_or_default()))
}
