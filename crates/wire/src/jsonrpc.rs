//! One JSON-RPC 2.0 message, as MCP has them: no batches, `params` and `result` are objects, ids are strings or
//! integers of 53 bits, and no member but the specified ones.

mod id;
#[cfg(test)]
mod tests;
mod write;

pub use id::Id;
pub use write::{error_response, result_response};

use crate::json::{Numbers, Value};
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
    /// Reads one message whose numbers all readers hold alike, hasty ones too: what goes to a server.
    ///
    /// # Errors
    /// The first reason to refuse it, with the message's id where it can be told.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(bytes, Numbers::Alike)
    }

    /// Reads one message with the given rule for decimals. [`Numbers::Exact`] suits what comes from a server.
    ///
    /// # Errors
    /// The first reason to refuse it, with the message's id where it can be told.
    pub fn parse_with(bytes: &'a [u8], numbers: Numbers) -> Result<Self, Error> {
        let value = Value::parse_with(bytes, numbers)?;
        if value.as_array().is_some() {
            return Err(ErrorKind::Batch.at(0));
        }
        let shape = Shape::of(&value).map_err(|error| ErrorKind::NotObject.at(error.offset()))?;
        read(shape).map_err(|error| error.answering(told(&value)))
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

fn read<'a>(shape: Shape<'_, 'a>) -> Result<Message<'a>, Error> {
    shape.only(&["jsonrpc", "id", "method", "params", "result", "error"])?;
    if shape.name("jsonrpc", 3)? != "2.0" {
        let offset = shape.required("jsonrpc")?.span().start;
        return Err(ErrorKind::WrongValue.at(offset).named("jsonrpc"));
    }
    let id = shape.optional("id")?.map(|value| Id::read("id", value)).transpose()?;
    if shape.optional("method")?.is_none() {
        return response(shape, id);
    }
    shape.only(&["jsonrpc", "id", "method", "params"]).map_err(contradiction)?;
    let method = shape.name("method", METHOD_BYTES_MAX)?.to_owned();
    let params = shape.object("params")?.cloned();
    Ok(match id {
        Some(id) => Message::Request(Request { id, method, params }),
        None => Message::Notification(Notification { method, params }),
    })
}

fn response<'a>(shape: Shape<'_, 'a>, id: Option<Id>) -> Result<Message<'a>, Error> {
    let (result, error) = (shape.object("result")?, shape.optional("error")?);
    let (outcome, other) = match (result, error) {
        // Neither: what it lacks to be a message is its method.
        (None, None) => {
            return Err(shape.required("method").err().unwrap_or(ErrorKind::NotObject.at(0)));
        }
        (Some(result), None) => (Outcome::Result(result.clone()), "result"),
        (_, Some(error)) => (Outcome::Error(error_object(error)?), "error"),
    };
    shape.only(&["jsonrpc", "id", other]).map_err(contradiction)?;
    let Some(id) = id else {
        return Err(shape.required("id").err().unwrap_or(ErrorKind::NotObject.at(0)));
    };
    Ok(Message::Response(Response { id, outcome }))
}

fn error_object<'a>(value: &Value<'a>) -> Result<ErrorObject<'a>, Error> {
    let shape = Shape::of(value).map_err(|error| error.named("error"))?;
    shape.only(&["code", "message", "data"])?;
    let code = shape.required("code")?;
    let message = shape.required("message")?;
    Ok(ErrorObject {
        code: code.as_i64().ok_or_else(|| wrong_type("code", code))?,
        message: message.as_str().ok_or_else(|| wrong_type("message", message))?.to_owned(),
        data: shape.optional("data")?.cloned(),
    })
}

/// The member is one of JSON-RPC's, but not of this kind of message.
fn contradiction(error: Error) -> Error {
    let member = error.member().unwrap_or_default().to_owned();
    ErrorKind::Contradiction.at(error.offset()).named(&member)
}

/// Whom to tell that the message was refused: the sender of a request, never that of a response.
fn told(value: &Value<'_>) -> Option<Id> {
    value.get("method")?;
    Id::read("id", value.get("id")?).ok()
}
