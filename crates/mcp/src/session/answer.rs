//! The answers that the gateway itself gives, and their reasons.

use proof::digest::Digest;
use proof::json::{Object, Value, object};
use wire::jsonrpc::{Id, Outline, error_response};
use wire::mcp::META_PENDING;

use super::{REFUSED_INPUT, SessionEnd};
use crate::codes::ErrorNumber;
use crate::limits::DECIDED_BYTES_MAX;
use crate::{Direction, GateAnswer};

/// The reason why a message was refused without a decision, and which request it concerns.
#[derive(Debug)]
pub(super) struct MessageRefusal {
    /// The stable kind.
    pub(super) kind: &'static str,
    /// The sentence for people.
    pub(super) why: String,
    /// The request that it concerns.
    pub(super) outline: Box<Outline>,
    number: ErrorNumber,
    /// The name of the wrong member, if there is one.
    member: Option<Box<str>>,
}

impl MessageRefusal {
    fn new(kind: &'static str, why: String, outline: Outline) -> Self {
        Self {
            kind,
            why,
            outline: Box::new(outline),
            number: ErrorNumber::InvalidRequest,
            member: None,
        }
    }

    /// The request has the id of another one that waits for its response.
    pub(super) fn duplicate_id(id: &Id) -> Self {
        let why = "the id is that of a request that waits for its response".to_owned();
        Self::new("session.duplicate_id", why, Outline::Request(id.clone()))
    }

    /// The request has the id of one that was given up and may still be answered.
    pub(super) fn given_up_id(id: &Id) -> Self {
        let why = "the id is that of a request that was not answered in time, and may be answered still: use another id"
            .to_owned();
        Self::new("session.duplicate_id", why, Outline::Request(id.clone()))
    }

    /// The message is longer than a message that can be decided.
    pub(super) fn too_long(id: Option<&Id>, bytes: usize) -> Self {
        let why = format!(
            "a message of {bytes} bytes is too long to be decided: {DECIDED_BYTES_MAX} at most"
        );
        let outline = id.map_or(Outline::Notification, |id| Outline::Request(id.clone()));
        let number = ErrorNumber::Refused;
        Self { number, ..Self::new("session.message_too_long", why, outline) }
    }

    /// The response answers no open request.
    pub(super) fn unknown_id(id: &Id) -> Self {
        let why = "the response has the id of no request that waits for one".to_owned();
        Self::new("session.unknown_id", why, Outline::Response(id.clone()))
    }

    /// The method is known, but not from this sender, in this form or revision.
    pub(super) fn misplaced(method: &str, outline: Outline) -> Self {
        let why = format!(
            "`{}` is not for this sender, form of message or revision",
            method.escape_debug()
        );
        let number = ErrorNumber::MethodNotFound;
        Self { number, ..Self::new("session.misplaced_method", why, outline) }
    }

    /// The call names a pending decision by an invalid id.
    pub(super) fn pending_id(outline: Outline) -> Self {
        let why = format!(
            "`{META_PENDING}` is not the id of a pending decision: 43 characters of base64url"
        );
        Self::new("session.pending_id", why, outline)
    }

    /// The message of this outline can't be read.
    pub(super) fn unreadable(error: &wire::Error, outline: Outline) -> Self {
        let member = error.member().map(Box::from);
        Self { member, ..Self::new(error.code(), error.to_string(), outline) }
    }
}

impl From<wire::frame::Error> for MessageRefusal {
    fn from(error: wire::frame::Error) -> Self {
        // The sender of an unfinished line does not wait for an answer yet.
        let is_cut = error.kind() == wire::frame::ErrorKind::Unfinished;
        let outline = match error.outline() {
            Outline::Unclear if is_cut => Outline::Nothing,
            outline => outline.clone(),
        };
        Self::new(error.code(), error.to_string(), outline)
    }
}

/// The answer to a request that could not be read.
pub(super) fn unreadable(id: &Id, refusal: &MessageRefusal, sender: Direction) -> Vec<u8> {
    let message = format!("{REFUSED_INPUT}: {}", refusal.why);
    error(id, refusal.number, &message, refusal.data(sender))
}

/// The error in place of an answer that can't be forwarded. The requester gets it at once.
pub(super) fn undeliverable(id: &Id, refusal: &MessageRefusal, sender: Direction) -> Vec<u8> {
    let side = sender.sender();
    let message =
        format!("{REFUSED_INPUT}: the answer of the {side} can't be passed on: {}", refusal.why);
    error(id, ErrorNumber::Refused, &message, refusal.data(sender))
}

impl MessageRefusal {
    fn data(&self, sender: Direction) -> Value {
        let data = [
            ("code", Value::from(REFUSED_INPUT)),
            ("kind", Value::from(self.kind)),
            ("side", Value::from(sender.sender())),
        ];
        let member = self.member.as_deref().map(|member| ("member", Value::from(member)));
        object(data.into_iter().chain(member))
    }
}

pub(super) fn no_such_method(id: &Id, method: &str) -> Vec<u8> {
    let message = format!("no such method: {method}");
    error_response(id, ErrorNumber::MethodNotFound.number(), &message, None)
}

/// The answer to a request that was not permitted. An answer to the client names the policies that
/// decided, and their advice; one to the server does not, since a server may not learn which
/// policies exist. A request whose method the protocol does not have is denied with the number of
/// an unknown method.
pub(super) fn not_permitted(id: &Id, verdict: GateAnswer, form: DenialForm) -> Vec<u8> {
    let DenialForm { shows_policies, is_known_method } = form;
    match verdict {
        GateAnswer::Deny { index, code, policies, advice } => {
            let number =
                if is_known_method { ErrorNumber::Denied } else { ErrorNumber::MethodNotFound };
            let reasons = shows_policies.then_some(PolicyReasons { policies, advice });
            let words = advice_sentence(reasons.as_ref()).unwrap_or_else(|| "denied".to_owned());
            let message = format!("{code}: {words} (record {index})");
            error(id, number, &message, Value::Object(decision_data(index, &code, reasons)))
        }
        GateAnswer::Pending { index, pending: decision, awaits, policies, advice } => {
            let reasons = shows_policies.then_some(PolicyReasons { policies, advice });
            pending(id, PendingDecision { index, pending: decision, awaits }, reasons)
        }
        GateAnswer::Refused { code } => refused(id, &code),
        GateAnswer::Stopped(stop) => ended(id, &stop.into()),
        GateAnswer::Permit { .. } => ended(id, &SessionEnd::Stopped),
    }
}

/// The form of the answer to a request that was not permitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct DenialForm {
    /// The answer names policies and their advice.
    pub(super) shows_policies: bool,
    /// The protocol has the method.
    pub(super) is_known_method: bool,
}

/// The part of a decision that only the client may see: the policies behind it, and their advice.
struct PolicyReasons {
    policies: Vec<String>,
    advice: Vec<String>,
}

/// A decision that waits for approval.
struct PendingDecision {
    /// Its place in the lineage log.
    index: u64,
    /// Digest of its record, which is its pending id.
    pending: Digest,
    /// The approvals that it waits for, as canonical objects.
    awaits: Vec<Value>,
}

/// The answer to a request that waits for approval: its pending id, what it waits for, and how to
/// send it again.
fn pending(id: &Id, decision: PendingDecision, reasons: Option<PolicyReasons>) -> Vec<u8> {
    const CODE: &str = "approval.required";
    let PendingDecision { index, pending, awaits } = decision;
    let words =
        advice_sentence(reasons.as_ref()).map(|words| format!("{words}; ")).unwrap_or_default();
    let message = format!(
        "{CODE}: {words}it waits for approval as {pending}: once approved, send the same call again, with params._meta[\"{META_PENDING}\"] set to that where you can (record {index})"
    );
    let mut data = decision_data(index, CODE, reasons);
    data.insert("awaits", Value::Array(awaits));
    data.insert("pending", Value::from(pending.to_string()));
    let again = format!(
        "once approved, send the same call again, with params._meta[\"{META_PENDING}\"] set to this `pending` where you can"
    );
    data.insert("retry", Value::from(again));
    error(id, ErrorNumber::Pending, &message, Value::Object(data))
}

/// The advice in one sentence. Many clients show their users the message only, not the data.
fn advice_sentence(reasons: Option<&PolicyReasons>) -> Option<String> {
    reasons.map(|reasons| reasons.advice.join("; ")).filter(|words| !words.is_empty())
}

fn decision_data(index: u64, code: &str, reasons: Option<PolicyReasons>) -> Object {
    // A log never reaches 2^63 records.
    let index = Value::Integer(i64::try_from(index).unwrap_or(i64::MAX));
    let mut data = Object::from([("code", Value::from(code)), ("index", index)]);
    let texts = |texts: Vec<String>| Value::Array(texts.into_iter().map(Value::from).collect());
    if let Some(PolicyReasons { policies, advice }) = reasons {
        data.insert("policies", texts(policies));
        if !advice.is_empty() {
            data.insert("advice", texts(advice));
        }
    }
    data
}

pub(super) fn refused(id: &Id, code: &str) -> Vec<u8> {
    let words = match code {
        "refused.overload" => "too much waits at the moment; try again later",
        "refused.quota" => {
            "this execution has as much open as it may; try again once some of it has ended"
        }
        "refused.storage" => "the node can't keep a record of it now; try again later",
        "refused.input" => "the message is not one that can be decided",
        _ => "no decision could be made",
    };
    let data = object([("code", Value::from(code))]);
    error(id, ErrorNumber::Refused, &format!("{code}: {words}"), data)
}

/// The answer to a request that was sent in this direction and not answered in time.
pub(super) fn overdue(id: &Id, to: Direction) -> Vec<u8> {
    let (code, message) = match to {
        Direction::ToServer => (
            "server.deadline",
            "server.deadline: the server did not answer in time; whether the call was carried out is not known",
        ),
        Direction::ToClient => {
            ("client.deadline", "client.deadline: the client did not answer in time")
        }
    };
    error(id, ErrorNumber::Overdue, message, object([("code", Value::from(code))]))
}

/// The error in place of a result that may not be forwarded.
pub(super) fn withheld(id: &Id, code: &str) -> Vec<u8> {
    let data = object([("code", Value::from(code))]);
    error(id, ErrorNumber::Denied, &format!("{code}: what came is withheld"), data)
}

pub(super) fn ended(id: &Id, why: &SessionEnd) -> Vec<u8> {
    let (message, data) = end_reason(why);
    error(id, ErrorNumber::Ended, &message, Value::Object(data))
}

/// The log message that gives a client the reason of the session's end if its call can't be
/// answered, because the call's id is unknown.
pub(super) fn end_notification(why: &SessionEnd) -> Vec<u8> {
    let (message, mut data) = end_reason(why);
    data.insert("message", Value::from(message));
    let params = object([
        ("data", Value::Object(data)),
        ("level", Value::from("error")),
        ("logger", Value::from("interlock")),
    ]);
    let notification = object([
        ("jsonrpc", Value::from("2.0")),
        ("method", Value::from("notifications/message")),
        ("params", params),
    ]);
    notification.to_bytes()
}

/// The reason why a session ended, in words and as data.
fn end_reason(why: &SessionEnd) -> (String, Object) {
    let mut data = Object::from([("code", Value::from(why.code()))]);
    let words = match why {
        SessionEnd::Client => "the client ended its side before the server answered".to_owned(),
        SessionEnd::Server => "the server ended".to_owned(),
        SessionEnd::Unruly => {
            "the server was stopped: it sent too much that is not passed on".to_owned()
        }
        SessionEnd::Revision(revision) => {
            format!(
                "the server was stopped: it chose revision `{revision}`, which is not read here"
            )
        }
        SessionEnd::Unreadable { sender, kind } => {
            let side = sender.sender();
            data.insert("kind", Value::from(*kind));
            data.insert("side", Value::from(side));
            format!(
                "the session was ended: the {side} sent what can't be read, and which call it is can't be told ({kind})"
            )
        }
        SessionEnd::Stalled => {
            "the client did not go on with a long line, and others waited for its room".to_owned()
        }
        SessionEnd::Stopped => "the node is stopping".to_owned(),
        SessionEnd::Ordered(_) => "the session was stopped".to_owned(),
    };
    let message = match why {
        SessionEnd::Unreadable { .. } | SessionEnd::Ordered(_) => {
            format!("{}: {words}", why.code())
        }
        _ => words,
    };
    (message, data)
}

/// The answer to a request that a killed node left open. The process that carries the session's
/// bytes sends it.
pub(crate) fn node_ended(id: &Id) -> Vec<u8> {
    let message =
        "the node ended before it answered: whether the call was carried out is not known";
    error(id, ErrorNumber::Ended, message, object([("code", Value::from("node.ended"))]))
}

/// An error response. Its data is omitted if no reader would accept it, such as data with a NUL.
fn error(id: &Id, number: ErrorNumber, message: &str, data: Value) -> Vec<u8> {
    let data = data.to_bytes();
    error_response(id, number.number(), message, wire::json::Value::parse(&data).ok().as_ref())
}
