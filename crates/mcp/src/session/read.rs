use proof::digest::Digest;
use wire::json::{Accept, Value};
use wire::jsonrpc::{self, Id, Message, Outline};
use wire::mcp::{self, Cancelled, InitializeResult, Kind, Method, Party, Revision, ToolCall};

use super::answer::MessageRefusal;
use super::listing::{Listing, ToolSpans};
use super::open::RequestKind;
use crate::{Direction, MessageStep, StepEnd};

/// The notification that reports a request's progress.
const PROGRESS: &str = "notifications/progress";

/// A message that was read.
pub(super) enum Incoming {
    /// A request or a notification, to be decided.
    Call(CallMessage, Box<MessageStep>),
    /// A response.
    Response(ResponseMessage),
    /// A client's probe for a newer revision: its id and method.
    Probe(Id, String),
}

/// A request or a notification while it is decided.
#[derive(Debug)]
pub(super) struct CallMessage {
    /// None for a notification.
    pub(super) id: Option<Id>,
    pub(super) kind: RequestKind,
    pub(super) method: String,
    /// Whether the protocol has the method.
    pub(super) is_known: bool,
    /// The request that this notification cancels.
    pub(super) cancels: Option<Id>,
    /// The token under which a request asks for progress, or a notification reports it.
    pub(super) progress: Option<Id>,
    pub(super) line: Vec<u8>,
}

/// A response before its request is completed.
#[derive(Debug)]
pub(super) struct ResponseMessage {
    pub(super) id: Id,
    pub(super) end: StepEnd,
    /// JSON text of the structured result, if there is one.
    pub(super) output: Option<String>,
    pub(super) line: Vec<u8>,
}

/// How a response changes the session.
pub(super) enum ResponseMeaning {
    /// Nothing.
    Plain,
    /// The server chose this revision.
    Revision(String),
    /// Its tools are to be filtered.
    Tools(Listing),
}

/// Parses a line that is to go in this direction.
pub(super) fn parse_line(
    to: Direction,
    line: Vec<u8>,
    revision: Revision,
) -> Result<Incoming, MessageRefusal> {
    let message = Message::parse_with(&line, accepted(to))
        .map_err(|error| MessageRefusal::unreadable(&error, Outline::of(&line)))?;
    if let Message::Response(response) = message {
        let (end, output) = match &response.outcome {
            jsonrpc::Outcome::Result(result) => (StepEnd::Result, structured(result)),
            jsonrpc::Outcome::Error(_) => (StepEnd::Error, None),
        };
        return Ok(Incoming::Response(ResponseMessage { id: response.id, end, output, line }));
    }
    if let (Direction::ToServer, true, Message::Request(request)) =
        (to, mcp::probe(&message), &message)
    {
        return Ok(Incoming::Probe(request.id.clone(), request.method.clone()));
    }
    if to == Direction::ToClient {
        // A server's requests and notifications are decided too, so they are parsed as strictly.
        Message::parse(&line)
            .map_err(|error| MessageRefusal::unreadable(&error, Outline::of(&line)))?;
    }
    let id = message.id().cloned();
    let outline = || id.clone().map_or(Outline::Notification, Outline::Request);
    let unreadable = |error: wire::Error| MessageRefusal::unreadable(&error, outline());
    let (mut pending_id, mut other_params) = (None, "{}".to_owned());
    let method = method(to, &message, revision)
        .map_err(|name| MessageRefusal::misplaced(name, outline()))?;
    let is_known = !matches!(method, Method::Unknown(_));
    let (tool, arguments, kind, cancels) = match method {
        Method::CallTool => {
            let call = ToolCall::read(message.params(), revision).map_err(unreadable)?;
            (pending_id, other_params) = (pending(&call, &outline)?, call.besides());
            (Some(call.name.to_owned()), call.arguments, RequestKind::Other, None)
        }
        Method::Cancelled => {
            let cancelled = Cancelled::read(message.params()).map_err(unreadable)?;
            (None, message.params(), RequestKind::Other, Some(cancelled.request_id))
        }
        Method::ListTools => (None, message.params(), RequestKind::ListTools, None),
        Method::Initialize => (None, message.params(), RequestKind::Initialize, None),
        _ => (None, message.params(), RequestKind::Other, None),
    };
    let progress = progress(&message);
    let method = message.method().unwrap_or_default().to_owned();
    let step = MessageStep {
        direction: to,
        method: method.clone(),
        is_known,
        tool,
        // The session adds it from what the server listed.
        definition: None,
        arguments: arguments.map_or("{}", Value::raw).to_owned(),
        pending: pending_id,
        besides: other_params,
        message: line.clone(),
    };
    drop(message);
    Ok(Incoming::Call(
        CallMessage { id, kind, method, is_known, cancels, progress, line },
        Box::new(step),
    ))
}

/// The token under which a request asks for progress, or a notification reports it. None if it
/// can't be read.
fn progress(message: &Message<'_>) -> Option<Id> {
    match message {
        Message::Request(request) => mcp::request_token(request.params.as_ref()).ok().flatten(),
        Message::Notification(notification) if notification.method == PROGRESS => {
            mcp::progress_token(notification.params.as_ref()).ok()
        }
        _ => None,
    }
}

/// The pending decision that a call names.
fn pending(
    call: &ToolCall<'_, '_>,
    outline: &impl Fn() -> Outline,
) -> Result<Option<Digest>, MessageRefusal> {
    let named = call.pending().map_err(|error| MessageRefusal::unreadable(&error, outline()))?;
    let parse = |text: &str| text.parse().map_err(|_| MessageRefusal::pending_id(outline()));
    named.map(parse).transpose()
}

/// The step of a client's answer to a server's request with this method.
pub(super) fn answer_step(
    method: &str,
    response: &ResponseMessage,
) -> Result<MessageStep, MessageRefusal> {
    let whole = Value::parse_with(&response.line, accepted(Direction::ToServer))
        .map_err(|why| response.unreadable(&wire::Error::from(why)))?;
    let member = if response.end == StepEnd::Result { "result" } else { "error" };
    let said = whole.get(member).map_or("{}", Value::raw);
    Ok(MessageStep {
        direction: Direction::ToServer,
        method: format!("answer/{method}"),
        is_known: true,
        tool: None,
        definition: None,
        arguments: format!("{{\"{member}\":{said}}}"),
        pending: None,
        besides: "{}".to_owned(),
        message: response.line.clone(),
    })
}

/// How a response to a request of this kind changes the session.
pub(super) fn response_meaning(
    kind: RequestKind,
    response: &ResponseMessage,
) -> Result<ResponseMeaning, MessageRefusal> {
    if kind == RequestKind::Other || response.end != StepEnd::Result {
        return Ok(ResponseMeaning::Plain);
    }
    let unreadable = |error: wire::Error| response.unreadable(&error);
    let message = Message::parse_with(&response.line, Accept::Result).map_err(unreadable)?;
    let Message::Response(parsed) = &message else { return Ok(ResponseMeaning::Plain) };
    let jsonrpc::Outcome::Result(result) = &parsed.outcome else {
        return Ok(ResponseMeaning::Plain);
    };
    match kind {
        RequestKind::Initialize => {
            let chosen = InitializeResult::read(result).map_err(unreadable)?;
            Ok(ResponseMeaning::Revision(chosen.protocol_version))
        }
        RequestKind::ListTools => {
            let spans = ToolSpans::of(result).map_err(unreadable)?;
            Ok(ResponseMeaning::Tools(Listing::new(
                response.line.clone(),
                response.output.clone(),
                spans,
            )))
        }
        RequestKind::Other => Ok(ResponseMeaning::Plain),
    }
}

impl ResponseMessage {
    fn unreadable(&self, error: &wire::Error) -> MessageRefusal {
        MessageRefusal::unreadable(error, Outline::Response(self.id.clone()))
    }
}

/// The method, known or not. The error is the name of a known method that this sender may not send
/// in this form or revision: a message is decided by its method's name, and must not pass under the
/// name of another message.
fn method<'m>(
    to: Direction,
    message: &'m Message<'_>,
    revision: Revision,
) -> Result<Method, &'m str> {
    let sender = match to {
        Direction::ToServer => Party::Client,
        Direction::ToClient => Party::Server,
    };
    let kind = match message {
        Message::Notification(_) => Kind::Notification,
        Message::Request(_) | Message::Response(_) => Kind::Request,
    };
    let name = message.method().unwrap_or_default();
    let method = Method::classify(name, kind, sender, revision);
    let known = Method::ALL.iter().any(|(_, known, ..)| *known == name);
    if known && matches!(method, Method::Unknown(_)) {
        return Err(name);
    }
    Ok(method)
}

/// All parsers must read a message that is authorised alike. A server's response names no action,
/// so more is accepted.
fn accepted(to: Direction) -> Accept {
    match to {
        Direction::ToServer => Accept::Request,
        Direction::ToClient => Accept::Result,
    }
}

fn structured(result: &Value<'_>) -> Option<String> {
    let output = result.get("structuredContent")?;
    output.as_object().map(|_| output.raw().to_owned())
}
