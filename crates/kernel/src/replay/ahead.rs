use std::sync::Arc;

use policy::{Bundle, Passing, Request};
use proof::digest::Digest;

use super::Part;
use crate::lineage::{Body, Commitments, Decided, LineageRecord, Sealed, intent_of, request_of};
use crate::members::Malformed;
use crate::read::Read;
use crate::state::{Found, Lost, Named, found};

/// A record as it is read before its turn: on any thread, and whatever stands before it in the log.
pub struct Ahead {
    pub(super) record: Result<LineageRecord, Malformed>,
    /// Digest of its bytes.
    pub(super) digest: Digest,
    pub(super) sealed: Result<Sealed, Lost>,
    /// What a decision was made of.
    pub(super) asked: Option<Result<Asked, Lost>>,
    /// What detectors of the bundle find in the message that ended a transition, if that was a result.
    pub(super) found: Option<Found>,
}

/// What a decision on record was made of.
pub(super) struct Asked {
    pub(super) read: Read,
    /// The pending record that it names, with what it exactly asks for.
    pub(super) named: Option<Named>,
}

impl Ahead {
    /// Reads a record, and its request against a bundle; `open` opens its sealed part, told whose it is (none: the
    /// node's) and the record's digest.
    pub fn of<'p>(
        bundle: &Arc<Bundle>,
        record: &[u8],
        open: impl FnOnce(Option<&str>, &Digest) -> Part<'p>,
    ) -> Self {
        let digest = Digest::of(record);
        let record = LineageRecord::parse(record);
        let link = record.as_ref().ok().and_then(|record| record.header.link.as_ref());
        let sealed = open(link.map(|link| link.execution.as_str()), &digest).read();
        let asked = match record.as_ref().map(|record| &record.body) {
            Ok(Body::Decided(decided)) => Some(Asked::of(bundle, decided, &sealed)),
            _ => None,
        };
        let found = match record.as_ref().map(|record| &record.body) {
            Ok(Body::Completed { commitments, .. }) => {
                let message = ended_by(commitments, &sealed).ok();
                message.map(|message| found(bundle, Passing::Results, message))
            }
            _ => None,
        };
        let found = found.map(|labels| (Arc::clone(bundle), labels));
        Self { record, digest, sealed, asked, found }
    }
}

impl Asked {
    /// The request behind a decision, the pending record that it names with what it exactly asks for, and what is in the
    /// message.
    fn of(
        bundle: &Arc<Bundle>,
        decided: &Decided,
        sealed: &Result<Sealed, Lost>,
    ) -> Result<Self, Lost> {
        let request = Arc::new(open_request(decided, sealed)?);
        let message = open_message(decided, sealed)?;
        let named = match &decided.retry {
            None => None,
            Some(retry) => {
                let intent = open_intent(decided, &request, sealed)?;
                Some(Named { pending: retry.pending, intent })
            }
        };
        let read = Read::of(bundle, request, decided.direction, message);
        Ok(Self { read, named })
    }
}

/// The bytes behind a commitment.
pub(super) fn open<'s>(
    sealed: &'s Result<Sealed, Lost>,
    name: &str,
    digest: &Digest,
) -> Result<&'s [u8], Lost> {
    let sealed = sealed.as_ref().map_err(|why| *why)?;
    sealed.open(name, digest).ok_or(Lost::Damaged)
}

/// The request behind a decision, if the sealed part opens it and it is the one the header names.
pub(super) fn open_request(
    decided: &Decided,
    sealed: &Result<Sealed, Lost>,
) -> Result<Request, Lost> {
    let digest = decided.commitments.get("request").ok_or(Lost::Damaged)?;
    let request = request_of(open(sealed, "request", digest)?).map_err(|_| Lost::Damaged)?;
    if request.action == decided.action { Ok(request) } else { Err(Lost::Damaged) }
}

/// The message that was decided about.
pub(super) fn open_message<'s>(
    decided: &Decided,
    sealed: &'s Result<Sealed, Lost>,
) -> Result<&'s [u8], Lost> {
    let digest = decided.commitments.get("message").ok_or(Lost::Damaged)?;
    open(sealed, "message", digest)
}

/// The digest of what a request or its retry exactly asks for.
pub(super) fn open_intent(
    decided: &Decided,
    request: &Request,
    sealed: &Result<Sealed, Lost>,
) -> Result<Digest, Lost> {
    let digest = decided.commitments.get("intent").ok_or(Lost::Damaged)?;
    let opened = open(sealed, "intent", digest)?;
    intent_of(decided, request, opened).ok_or(Lost::Damaged)
}

/// What a message on record was: nothing where there was none, and not kept where it was too large.
pub(super) fn ended_by<'s>(
    commitments: &Commitments,
    sealed: &'s Result<Sealed, Lost>,
) -> Result<Option<&'s [u8]>, Lost> {
    if commitments.contains_key("message_digest") {
        return Ok(None);
    }
    let message = commitments.get("message").map(|digest| open(sealed, "message", digest));
    Ok(Some(message.transpose()?.unwrap_or_default()))
}
