use api::approval::{
    MESSAGE_PATH, MessageRequest, PendingMessage, PendingPage, PendingQuery, PendingSearch,
    SEARCH_PATH, VoteReply, VoteRequest,
};
use api::problem::Code;
use axum::extract::State;
use kernel::replay::SealedPart;
use ledger::Reader;
use proof::base64url;
use proof::digest::Digest;
use proof::json::Value;
use record::lineage::{Body, LineageRecord, Sealed, SignedApproval};

use super::extract::{Json, Officer, Query, Sent};
use super::requester::Requester;
use super::routes::Reply;
use crate::pending::RequestFilter;
use crate::sealing::Opener;
use crate::{Options, approvals};

/// What waits for officers, or did.
pub(super) async fn list(
    Officer(requester): Officer,
    Query(PendingQuery { beginning }): Query<PendingQuery>,
) -> Reply<PendingPage> {
    let sought = RequestFilter { beginning: beginning.unwrap_or_default(), key: None };
    page(&requester, sought).await
}

/// The requests that wait for the roles of the key that signed. Any user may ask.
pub(super) async fn search(
    State(requester): State<Requester>,
    Sent(PendingSearch { question, beginning }): Sent<PendingSearch>,
) -> Reply<PendingPage> {
    let beginning = beginning.unwrap_or_default();
    let key = Some(requester.signer(&question, SEARCH_PATH, &beginning)?);
    page(&requester, RequestFilter { beginning, key }).await
}

async fn page(requester: &Requester, sought: RequestFilter) -> Reply<PendingPage> {
    let found = requester.kernel.waiting(sought).await.ok_or_else(|| requester.stopping())?;
    let options = requester.shared.options.clone();
    requester.read_at_once(move || Ok(found.into_page(&options))).await.map(Json)
}

/// The message that the server would get of a request which the key that signed may approve. It
/// always fits: base64url makes a message a third longer, and none is longer than
/// `kernel::limits::MESSAGE_BYTES_MAX`.
pub(super) async fn message(
    State(requester): State<Requester>,
    Sent(MessageRequest { question, pending }): Sent<MessageRequest>,
) -> Reply<PendingMessage> {
    let key = requester.signer(&question, MESSAGE_PATH, &pending)?;
    let id = pending.parse::<Digest>();
    let id = id.map_err(|why| requester.refuse(Code::Input, format!("`pending`: {why}")))?;
    let sought = RequestFilter { beginning: pending, key: Some(key) };
    let found = requester.kernel.waiting(sought).await.ok_or_else(|| requester.stopping())?;
    let Some(index) = found.requests.first().map(|request| request.record) else {
        let why = "nothing waits for this key's roles under that id";
        return Err(requester.refuse(Code::ApprovalUnknown, why));
    };
    let options = requester.shared.options.clone();
    let message = move || read_message(&options, index, &id).ok_or_else(unread);
    requester.read_at_once(message).await.map(Json)
}

fn unread() -> (Code, String) {
    (Code::ApprovalUnread, "what it sealed cannot be read: it was erased, or damaged".to_owned())
}

/// The pending record, and what opens its commitment to the message that the server would get.
fn read_message(options: &Options, index: u64, pending: &Digest) -> Option<PendingMessage> {
    let reader = Reader::open(&options.lineage_folder()).ok()?;
    let entry = reader.entries(index).ok()?.next()?.ok()?;
    if Digest::of(&entry.record) != *pending {
        return None;
    }
    let record = LineageRecord::parse(&entry.record).ok()?;
    let (Body::Decided(decided), Some(link)) = (&record.body, &record.header.link) else {
        return None;
    };
    let mut opener = Opener::of(&options.lineage_folder(), &options.lineage_origin()).ok()?;
    let part = opener.part(Some(&link.execution), index, pending, entry.sealed.as_deref());
    let SealedPart::Open(bytes) = part else { return None };
    let sealed = Sealed::parse(&bytes).ok()?;
    let opening = sealed.opening("message", decided.commitments.get("message")?)?;
    Some(PendingMessage {
        record: Value::parse(&entry.record).ok()?.into(),
        message: base64url::encode(&opening.bytes),
        salt: base64url::encode(opening.salt.as_bytes()),
    })
}

/// Puts an officer's vote on record.
pub(super) async fn vote(
    State(requester): State<Requester>,
    Sent(VoteRequest { approval }): Sent<VoteRequest>,
) -> Reply<VoteReply> {
    let approval = SignedApproval::from_value(&approval.0);
    let approval = approval.map_err(|why| requester.refuse(Code::Input, why.to_string()))?;
    match approvals::approve(&requester.kernel, approval).await {
        Ok(record) => Ok(Json(VoteReply { record })),
        Err((code, why)) => Err(requester.refuse(Code::parse(code).unwrap_or(Code::Storage), why)),
    }
}
