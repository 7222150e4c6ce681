//! The keyless other end of the node's sockets.
//!
//! Agents speak on `node.sock`. What officers order goes over `officer.sock`, where no agent has a
//! place; who may not open it brings signed orders over `node.sock`.
//!
//! An order that takes something away is answered in two lines: `acting` at once, with what was
//! stopped ([`Acting`]), then `accepted` or `refused` once the log has answered.
//! [`crate::Accepted::acting`] and [`Error::acting`] hand the first one on; an error `unrecorded`
//! says that the second did not come in time. A node that ends before it says what came of an order
//! is an error `ended`: [`crate::domain::bring`] puts the order on record without it then.

use std::io::ErrorKind;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use ::client::{Client, ConnectError, NodeSocket, TimedStream, is_late};
use api::governance::Acting;
use kernel::governance::{Position, SignedProposal, UNREPLAYED};
use proof::json::Value;

use crate::Error;
use crate::Options;
use crate::authority::{Accepted, BasedOn};
use crate::error::Asked;
use crate::hello::Hello;
use crate::limits::{
    ADMITTED_AGAIN_MS, ADMITTED_MS_MAX, ANSWER_MS_MAX, ORDER_BYTES_MAX, RECORDED_MS_MAX,
};

/// The code of a refusal for want of a place or of time: nothing was done.
const OVERLOAD: &str = "refused.overload";

/// Where a change was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By the running node, which acts on it at once.
    Node,
    /// In the log, since no node runs: the next start acts on it.
    Log,
}

/// Brings a signed change to the running node. None where no node runs.
///
/// # Errors
/// `governance` where the node does not accept it; `unrecorded` where it acts, and is not on record
/// in time; `ended` where the node ends before it says what came of it.
pub(crate) fn govern(
    options: &Options,
    proposal: &SignedProposal,
    blob: Option<&[u8]>,
) -> Result<Option<Accepted>, Error> {
    let proposal = Box::new(proposal.clone());
    let hello = Hello::Govern { proposal, blob: blob.map(<[u8]>::to_vec) };
    let Some((stream, first)) = ask_first(options, &hello)? else { return Ok(None) };
    let mut acting = acting_in(&first);
    let answer = match &mut acting {
        None => first,
        Some(acting) => recorded(&stream, acting)?,
    };
    Ok(Some(Accepted { record: Vec::new(), position: position_in(&answer)?, acting }))
}

/// Asks over the officers' way, and leaves what follows the answer on the stream. None where no
/// node runs.
fn ask_first(options: &Options, question: &Hello) -> Result<Option<(UnixStream, Value)>, Error> {
    admitted(Duration::from_millis(ADMITTED_MS_MAX), || {
        let reached = reach(options, Asked::BeforeAnOrder)?;
        let Some((stream, socket)) = reached else { return Ok(None) };
        let answer = ask_on(&stream, socket, question)?;
        Ok(Some((stream, answer)))
    })
}

/// What the first line of the answer says that an order stopped; none where it is the whole answer.
fn acting_in(line: &Value) -> Option<Acting> {
    let mut members = line.as_object()?.clone();
    let is_acting = members.remove("type")?.as_str() == Some("acting");
    members.remove("v");
    serde_json::from_slice(&Value::Object(members).to_bytes()).ok().filter(|_| is_acting)
}

/// The second line of the answer to an order on which the node acts.
fn recorded(stream: &UnixStream, acting: &mut Acting) -> Result<Value, Error> {
    let mut stream = TimedStream::new(stream, Duration::from_millis(RECORDED_MS_MAX));
    let line = read_line(&mut stream).map_err(|why| match is_late(&why) {
        // A node that goes on acts on it, and puts it on record.
        true => Error::unrecorded(acting.clone()),
        false => Error::ended(),
    });
    let line = line.map_err(|why| why.while_it_acts(Some(acting.clone())))?;
    let answer = Value::parse(&line).map_err(|_| Error::unrecorded(acting.clone()))?;
    let ending = answer.get("ending").and_then(Value::as_i64);
    acting.ending = ending.and_then(|count| u64::try_from(count).ok()).unwrap_or(acting.ending);
    unrefused(answer).map_err(|why| why.while_it_acts(Some(acting.clone())))
}

/// What governs, as the running node's authority has it: for who signs on it and cannot read the
/// log. None where no node runs.
///
/// # Errors
/// `socket` where the node does not answer.
pub fn based_on(options: &Options) -> Result<Option<BasedOn>, Error> {
    let governs = match node(options).governance() {
        Ok(governs) => governs,
        Err(::client::Error::NotRunning(_)) => return Ok(None),
        Err(::client::Error::Silent(..)) => return Err(Error::silent(Asked::BeforeAnOrder)),
        Err(why) => return Err(Error::client(&why)),
    };
    let api::governance::Position { origin, size, root } = governs.position;
    let root = root.parse().map_err(|why| Error::input(&why))?;
    Ok(Some(BasedOn { position: Position { origin, size, root }, at: governs.at_ms }))
}

/// The running node of a domain, over `/v1`.
pub(crate) fn node(options: &Options) -> Client {
    let Options { folder, officer_socket, socket, .. } = options.clone();
    Client::new(folder, officer_socket, socket)
}

fn position_in(answer: &Value) -> Result<Position, Error> {
    let position = answer.get("position").and_then(|value| Position::from_value(value).ok());
    position.ok_or_else(|| Error::input(&"the node's answer cannot be read"))
}

/// Whether a node of this domain runs.
///
/// # Errors
/// `socket` where that can't be told.
pub fn runs(options: &Options) -> Result<bool, Error> {
    reach(options, Asked::Question).map(|reached| reached.is_some())
}

/// Whether something listens on the socket.
#[must_use]
pub fn is_running(socket: &Path) -> bool {
    ::client::is_listened_to(socket)
}

/// Asks again while the node has no place for it, for a time.
fn admitted<T>(wait: Duration, mut ask: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    loop {
        match ask() {
            Err(why) if why.code() == "overload" && begun.elapsed() < wait => {
                std::thread::sleep(Duration::from_millis(ADMITTED_AGAIN_MS));
            }
            asked => return asked,
        }
    }
}

/// A connection for what officers order: over their own socket or, for who may not open that, over
/// the other. None where no node runs.
fn reach(options: &Options, asked: Asked) -> Result<Option<(UnixStream, &Path)>, Error> {
    for path in [&options.officer_socket, &options.socket] {
        let why = match (NodeSocket { path, folder: &options.folder }).connect() {
            Ok(stream) => return Ok(Some((stream, path))),
            Err(ConnectError::Foreign(why)) => return Err(Error::foreign(path, &why)),
            Err(ConnectError::Io(why)) => why,
        };
        match why {
            why if nobody_listens(&why) || why.kind() == ErrorKind::PermissionDenied => {}
            why if is_late(&why) => return Err(Error::silent(asked)),
            why => return Err(Error::socket(path, &why)),
        }
    }
    Ok(None)
}

fn nobody_listens(why: &std::io::Error) -> bool {
    matches!(why.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// Asks, and leaves what follows the answer on the stream. One time ends the writing of the
/// question and the reading of the answer.
fn ask_on(stream: &UnixStream, socket: &Path, question: &Hello) -> Result<Value, Error> {
    let mut stream = TimedStream::new(stream, Duration::from_millis(ANSWER_MS_MAX));
    // A node that refuses says why before it has read all.
    let written = stream.write_all(&question.to_line());
    let answer = read_line(&mut stream).map_err(|why| match written {
        _ if is_late(&why) => Error::silent(Asked::Order),
        Err(first) if !has_ended(&first) => Error::socket(socket, &first),
        _ if has_ended(&why) => Error::ended(),
        _ => Error::socket(socket, &why),
    })?;
    unrefused(Value::parse(&answer).map_err(|why| Error::input(&why))?)
}

/// Whether the other end is gone.
fn has_ended(why: &std::io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(why.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// An answer that is no refusal.
fn unrefused(answer: Value) -> Result<Value, Error> {
    if answer.get("type").and_then(Value::as_str) != Some("refused") {
        return Ok(answer);
    }
    let (code, message) = (text(&answer, "code")?, text(&answer, "message")?);
    Err(match code.as_str() {
        "governance" => Error::governance(&message),
        "ledger" => Error::unkept(message),
        OVERLOAD => Error::overload(&message),
        UNREPLAYED => Error::unreplayed(message),
        "server" => Error::server(&message),
        "stopping" => Error::ended(),
        code => Error::refused_with(code, &message),
    })
}

/// One line, byte by byte: what follows it belongs to the session.
fn read_line(stream: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut one = BufReader::with_capacity(1, stream).take(ORDER_BYTES_MAX as u64);
    one.read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

fn text(value: &Value, name: &str) -> Result<String, Error> {
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Error::input(&format!("the node's answer has no `{name}`")))
}

#[cfg(test)]
mod tests;
