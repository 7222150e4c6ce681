//! The answers that the gateway itself gives, and why.

use proof::digest::Digest;
use proof::json::{Object, Value, object};
use wire::jsonrpc::{INVALID_REQUEST, Id, METHOD_NOT_FOUND, PARSE_ERROR, error_response};

use wire::mcp::META_PENDING;

use super::{Ended, REFUSED_INPUT};
use crate::Answer;

/// JSON-RPC error code: the request was decided, and denied.
pub const DENIED: i64 = -32_001;
/// JSON-RPC error code: no decision could be made or kept.
pub const REFUSED: i64 = -32_002;
/// JSON-RPC error code: the session ended before a response came.
pub const ENDED: i64 = -32_003;
/// JSON-RPC error code: the request was decided, and waits for approval.
pub const PENDING: i64 = -32_004;

/// Why a message was refused without a decision.
#[derive(Debug)]
pub(super) struct Problem {
    /// The stable kind.
    pub(super) kind: &'static str,
    /// The sentence for people.
    pub(super) why: String,
    /// The id of the request, if it is one and its id can be told.
    pub(super) id: Option<Id>,
    /// The JSON-RPC code for the sender; a response is never answered.
    code: Option<i64>,
    /// The name of the member that is wrong, where one is.
    member: Option<Box<str>>,
}

impl Problem {
    /// The request's id is that of another one that waits for its response.
    pub(super) fn duplicate_id() -> Self {
        let why = "the id is that of a request that waits for its response".to_owned();
        Self {
            kind: "session.duplicate_id",
            why,
            id: None,
            code: Some(INVALID_REQUEST),
            member: None,
        }
    }

    /// The response answers nothing that was asked.
    pub(super) fn unknown_id() -> Self {
        let why = "the response has the id of no request that waits for one".to_owned();
        Self { kind: "session.unknown_id", why, id: None, code: None, member: None }
    }

    /// The method is known, but not from this sender, in this form or revision.
    pub(super) fn misplaced(method: &str, id: Option<Id>) -> Self {
        let why = format!(
            "`{}` is not for this sender, form of message or revision",
            method.escape_debug()
        );
        Self {
            kind: "session.misplaced_method",
            why,
            id,
            code: Some(INVALID_REQUEST),
            member: None,
        }
    }

    /// The call names a pending decision by what is none's name.
    pub(super) fn pending_id() -> Self {
        let why = format!(
            "`{META_PENDING}` is not the id of a pending decision: 43 characters of base64url"
        );
        Self {
            kind: "session.pending_id",
            why,
            id: None,
            code: Some(INVALID_REQUEST),
            member: None,
        }
    }

    /// The same problem, of the request with this id.
    pub(super) fn of(self, id: Option<Id>) -> Self {
        Self { id, ..self }
    }
}

impl From<wire::Error> for Problem {
    fn from(error: wire::Error) -> Self {
        let code = match error.kind() {
            wire::ErrorKind::Json(_) => PARSE_ERROR,
            _ => INVALID_REQUEST,
        };
        let (id, member) = (error.id().cloned(), error.member().map(Box::from));
        Self { kind: error.code(), why: error.to_string(), id, code: Some(code), member }
    }
}

impl From<wire::frame::Error> for Problem {
    fn from(error: wire::frame::Error) -> Self {
        Self {
            kind: error.code(),
            why: error.to_string(),
            id: None,
            code: Some(PARSE_ERROR),
            member: None,
        }
    }
}

pub(super) fn unreadable(id: Option<&Id>, problem: &Problem) -> Option<Vec<u8>> {
    let data = [("code", Value::from(REFUSED_INPUT)), ("kind", Value::from(problem.kind))];
    let member = problem.member.as_deref().map(|member| ("member", Value::from(member)));
    let data = object(data.into_iter().chain(member));
    let message = format!("{REFUSED_INPUT}: {}", problem.why);
    problem.code.map(|code| error(id, code, &message, data))
}

pub(super) fn no_such_method(id: &Id, method: &str) -> Vec<u8> {
    let message = format!("no such method: {method}");
    error_response(Some(id), METHOD_NOT_FOUND, &message, None)
}

/// The answer to a request that was not permitted; the client's own says which policies decided, and their advice.
/// Which policies there are is not the server's to know.
pub(super) fn turned_down(id: &Id, verdict: Answer, tells: bool) -> Vec<u8> {
    match verdict {
        Answer::Deny { index, code, policies, advice } => {
            denied(id, index, &code, tells.then_some((policies, advice)))
        }
        Answer::Pending { index, pending: names, awaits, policies, advice } => {
            pending(id, index, (names, awaits), tells.then_some((policies, advice)))
        }
        Answer::Refused { code } => refused(id, &code),
        Answer::Permit { .. } | Answer::Stopped => ended(id, &Ended::Stopped),
    }
}

/// What the asker is told about a decision: the policies behind it, and their advice.
pub(super) type Told = (Vec<String>, Vec<String>);

pub(super) fn denied(id: &Id, index: u64, code: &str, told: Option<Told>) -> Vec<u8> {
    let words = words(told.as_ref()).unwrap_or_else(|| "denied".to_owned());
    let message = format!("{code}: {words} (record {index})");
    error(Some(id), DENIED, &message, Value::Object(about(index, code, told)))
}

/// The answer to a request that waits for approval: its pending id, what it waits for, and how to ask again.
pub(super) fn pending(
    id: &Id,
    index: u64,
    (pending, awaits): (Digest, Vec<Value>),
    told: Option<Told>,
) -> Vec<u8> {
    const CODE: &str = "approval.required";
    let words = words(told.as_ref()).map(|words| format!("{words}; ")).unwrap_or_default();
    let message = format!(
        "{CODE}: {words}it waits for approval as {pending}: once approved, send the same call with params._meta[\"{META_PENDING}\"] set to that (record {index})"
    );
    let mut data = about(index, CODE, told);
    data.insert("awaits", Value::Array(awaits));
    data.insert("pending", Value::from(pending.to_string()));
    let again = format!(
        "once approved, send the same call with params._meta[\"{META_PENDING}\"] set to this `pending`"
    );
    data.insert("retry", Value::from(again));
    error(Some(id), PENDING, &message, Value::Object(data))
}

/// The advice in one sentence: many clients show their users the message, and nothing of the data.
fn words(told: Option<&Told>) -> Option<String> {
    told.map(|(_, advice)| advice.join("; ")).filter(|words| !words.is_empty())
}

fn about(index: u64, code: &str, told: Option<Told>) -> Object {
    // The log ends long before 2^63 records do.
    let index = Value::Integer(i64::try_from(index).unwrap_or(i64::MAX));
    let mut data = Object::from([("code", Value::from(code)), ("index", index)]);
    let texts = |texts: Vec<String>| Value::Array(texts.into_iter().map(Value::from).collect());
    if let Some((policies, advice)) = told {
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
    error(Some(id), REFUSED, &format!("{code}: {words}"), data)
}

/// The answer in place of a result that may not be handed on.
pub(super) fn withheld(id: &Id, code: &str) -> Vec<u8> {
    let data = object([("code", Value::from(code))]);
    error(Some(id), DENIED, &format!("{code}: what came is withheld"), data)
}

pub(super) fn ended(id: &Id, why: &Ended) -> Vec<u8> {
    let message = match why {
        Ended::Client => "the client ended its side before the server answered",
        Ended::Server => "the server ended",
        Ended::Unruly => "the server was stopped: it sent too much that is not passed on",
        Ended::Revision(revision) => {
            let message = format!(
                "the server was stopped: it chose revision `{revision}`, which is not read here"
            );
            return error_response(Some(id), ENDED, &message, None);
        }
        Ended::Stopped => "the node is stopping",
        Ended::Ordered(code) => {
            let data = object([("code", Value::from(code.as_str()))]);
            return error(Some(id), ENDED, &format!("{code}: the session was stopped"), data);
        }
    };
    error_response(Some(id), ENDED, message, None)
}

/// An error response; its data is left out should it hold what no reader accepts, such as a NUL.
fn error(id: Option<&Id>, code: i64, message: &str, data: Value) -> Vec<u8> {
    let data = data.to_bytes();
    error_response(id, code, message, wire::json::Value::parse(&data).ok().as_ref())
}
