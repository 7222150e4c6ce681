//! One JSON-RPC 2.0 message, as MCP has them: no batches, `params` and `result` are objects, ids
//! are strings or whole numbers of 53 bits, and no member but the specified ones. [`Outline`] tells
//! of a refused text whom it concerns.

mod id;
mod outline;
#[cfg(test)]
mod tests;
mod write;

pub use id::Id;
pub use outline::{Outline, Outliner};
pub use write::{error_response, result_response};

use crate::json::{Accept, Value};
use crate::limits::METHOD_BYTES_MAX;
use crate::shape::{Shape, wrong_type};
use crate::{Error, ErrorKind};

/// JSON-RPC's code for a text that is not JSON.
pub const PARSE_ERROR: i64 = -32_700;
/// JSON-RPC's code for JSON that is no valid message.
pub const INVALID_REQUEST: i64 = -32_600;
/// JSON-RPC's code for a method that does not exist.
pub const METHOD_NOT_FOUND: i64 = -32_601;
/// JSON-RPC's code for params that the method does not take.
pub const INVALID_PARAMS: i64 = -32_602;
/// JSON-RPC's code for a fault of the server.
pub const INTERNAL_ERROR: i64 = -32_603;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub enum Message<'a> {
    /// Wants a response.
    Request(Request<'a>),
    /// Wants none.
    Notification(Notification<'a>),
    /// Answers a request.
    Response(Response<'a>),
}

/// A call that wants a response.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    /// What the response must carry.
    pub id: Id,
    /// The method's name.
    pub method: String,
    /// The params: an object, if there are any.
    pub params: Option<Value<'a>>,
}

/// A call that wants no response.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification<'a> {
    /// The method's name.
    pub method: String,
    /// The params: an object, if there are any.
    pub params: Option<Value<'a>>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Response<'a> {
    /// The request's id.
    pub id: Id,
    /// What came of it.
    pub outcome: Outcome<'a>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<'a> {
    /// The result: an object.
    Result(Value<'a>),
    /// It failed.
    Error(ErrorObject<'a>),
}

/// JSON-RPC's error object.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorObject<'a> {
    /// One of the codes of JSON-RPC, of MCP, or of the peer.
    pub code: i64,
    /// A sentence for people.
    pub message: String,
    /// Anything else.
    pub data: Option<Value<'a>>,
}

impl<'a> Message<'a> {
    /// Reads one message that is to be authorised: what goes to a server.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(bytes, Accept::Request)
    }

    /// Reads one message of those that the rule accepts; [`Accept::Result`] is for what comes from
    /// a server.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn parse_with(bytes: &'a [u8], accept: Accept) -> Result<Self, Error> {
        let value = Value::parse_with(bytes, accept)?;
        if value.as_array().is_some() {
            return Err(ErrorKind::Batch.at(0));
        }
        let missing = |member: &str| ErrorKind::MissingMember.at(0).named(member);
        Ok(match head(&value)? {
            MessageShape::Call { id: Some(id), method } => {
                Self::Request(Request { id, method, params: params(value) })
            }
            MessageShape::Call { id: None, method } => {
                Self::Notification(Notification { method, params: params(value) })
            }
            MessageShape::Result { id } => {
                let result = value.take("result").ok_or_else(|| missing("result"))?;
                Self::Response(Response { id, outcome: Outcome::Result(result) })
            }
            MessageShape::Error { id, code, message } => {
                let data = value.take("error").and_then(|error| error.take("data"));
                let error = ErrorObject { code, message, data };
                Self::Response(Response { id, outcome: Outcome::Error(error) })
            }
        })
    }

    /// The id of a request or a response.
    pub fn id(&self) -> Option<&Id> {
        match self {
            Self::Request(request) => Some(&request.id),
            Self::Notification(_) => None,
            Self::Response(response) => Some(&response.id),
        }
    }

    /// The method of a request or a notification.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Request(request) => Some(&request.method),
            Self::Notification(notification) => Some(&notification.method),
            Self::Response(_) => None,
        }
    }

    /// The params of a request or a notification.
    pub fn params(&self) -> Option<&Value<'a>> {
        match self {
            Self::Request(request) => request.params.as_ref(),
            Self::Notification(notification) => notification.params.as_ref(),
            Self::Response(_) => None,
        }
    }
}

/// A message without its parameters or result, which stay in the tree.
enum MessageShape {
    Call { id: Option<Id>, method: String },
    Result { id: Id },
    Error { id: Id, code: i64, message: String },
}

fn head(value: &Value<'_>) -> Result<MessageShape, Error> {
    let shape = Shape::of(value).map_err(|error| ErrorKind::NotObject.at(error.offset()))?;
    shape.only(&["jsonrpc", "id", "method", "params", "result", "error"])?;
    if shape.name("jsonrpc", 3)? != "2.0" {
        let offset = shape.required("jsonrpc")?.span().start;
        return Err(ErrorKind::WrongValue.at(offset).named("jsonrpc"));
    }
    let id = shape.optional("id")?.map(|value| Id::read("id", value)).transpose()?;
    let answers = shape.optional("result")?.is_some() || shape.optional("error")?.is_some();
    if answers && shape.optional("method")?.is_none() {
        return answer(shape, id);
    }
    shape.only(&["jsonrpc", "id", "method", "params"]).map_err(contradiction)?;
    shape.object_or_null("params")?;
    let method = shape.name("method", METHOD_BYTES_MAX)?.to_owned();
    Ok(MessageShape::Call { id, method })
}

fn answer(shape: Shape<'_, '_>, id: Option<Id>) -> Result<MessageShape, Error> {
    let result = shape.object("result")?;
    let kept = if result.is_some() { "result" } else { "error" };
    shape.only(&["jsonrpc", "id", kept]).map_err(contradiction)?;
    let id = id.ok_or_else(|| shape.missing("id"))?;
    if result.is_some() {
        return Ok(MessageShape::Result { id });
    }
    let error = Shape::of(shape.required("error")?).map_err(|error| error.named("error"))?;
    error.only(&["code", "message", "data"])?;
    let (code, message) = (error.required("code")?, error.required("message")?);
    let code = code.as_whole().ok_or_else(|| wrong_type("code", code))?;
    let message = message.as_str().ok_or_else(|| wrong_type("message", message))?.to_owned();
    Ok(MessageShape::Error { id, code, message })
}

/// The member is one of JSON-RPC's, but not of this kind of message.
fn contradiction(error: Error) -> Error {
    let member = error.member().unwrap_or_default().to_owned();
    ErrorKind::Contradiction.at(error.offset()).named(&member)
}

/// The params: `null` is how some writers say that there are none.
fn params(message: Value<'_>) -> Option<Value<'_>> {
    message.take("params").filter(|params| !params.is_null())
}
