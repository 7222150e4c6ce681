use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use api::governance::PROGRESS_TYPE;
use api::problem::Problem;
use api::session::PROTOCOL;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::limits::{REPLY_BYTES_MAX, REPLY_HEAD_BYTES_MAX};
use crate::{Asked, Error, TimedStream};

/// The status of a reply after which the connection speaks another protocol.
const SWITCHING_PROTOCOLS: u16 = 101;

/// What a node is asked.
#[derive(Debug, Clone)]
pub(crate) enum HttpRequest<'a> {
    /// `GET` of this path and query: it changes nothing.
    Get(&'a str),
    /// `POST` of this body to this path, which changes nothing.
    Ask(&'a str, Vec<u8>),
    /// `POST` of this body to this path, which changes something.
    Order(&'a str, Vec<u8>),
    /// `POST` of a signed change to this path. The reply comes as it becomes so.
    Propose(&'a str, Vec<u8>),
    /// `POST` of this body to this path, by an agent.
    ByAgent(&'a str, Vec<u8>),
    /// `POST` to this path by an agent, which makes the connection a session.
    Join(&'a str),
}

impl HttpRequest<'_> {
    fn head(&self) -> String {
        let (method, path) = match self {
            Self::Get(path) => ("GET", path),
            Self::Ask(path, _)
            | Self::Order(path, _)
            | Self::Propose(path, _)
            | Self::ByAgent(path, _)
            | Self::Join(path) => ("POST", path),
        };
        let accepts = match self {
            Self::Propose(..) => format!("accept: {PROGRESS_TYPE}\r\n"),
            _ => String::new(),
        };
        let connection = match self {
            Self::Join(_) => format!("upgrade\r\nupgrade: {PROTOCOL}"),
            _ => "close".to_owned(),
        };
        let body = self.body().map_or_else(String::new, |body| {
            format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
        });
        format!(
            "{method} {path} HTTP/1.1\r\nhost: node\r\nconnection: {connection}\r\n{accepts}{body}\r\n"
        )
    }

    /// The whole of it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [self.head().as_bytes(), self.body().unwrap_or_default()].concat()
    }

    fn body(&self) -> Option<&[u8]> {
        match self {
            Self::Get(_) | Self::Join(_) => None,
            Self::Ask(_, body)
            | Self::Order(_, body)
            | Self::Propose(_, body)
            | Self::ByAgent(_, body) => Some(body),
        }
    }

    /// What is known of it where no reply came.
    pub(crate) fn kind(&self) -> Asked {
        match self {
            Self::Get(_) | Self::Ask(..) => Asked::Question,
            Self::Order(..) | Self::Propose(..) => Asked::Order,
            Self::ByAgent(..) | Self::Join(_) => Asked::ByAgent,
        }
    }
}

/// Asks, and reads the reply to its end.
pub(crate) fn exchange<T: DeserializeOwned>(
    stream: &UnixStream,
    socket: &Path,
    request: &HttpRequest<'_>,
    wait: Duration,
) -> Result<T, Error> {
    let mut stream = TimedStream::new(stream, wait);
    // A node that refuses says why before it has read all.
    let written = stream.write_all(&request.to_bytes());
    let mut reply = Vec::new();
    let read = stream.take(REPLY_BYTES_MAX).read_to_end(&mut reply);
    match read.and(written) {
        Err(why) if reply.is_empty() || is_late(&why) => {
            return Err(failed(socket, request.kind(), wait, why));
        }
        _ => {}
    }
    Reply::parse(&reply, request.kind())?.json()
}

/// Asks for another protocol on the connection. The head of the reply that begins it, and no byte
/// beyond that is read.
///
/// # Errors
/// The node's problem, where it does not begin.
pub(crate) fn upgrade(
    stream: &UnixStream,
    socket: &Path,
    request: &HttpRequest<'_>,
    wait: Duration,
) -> Result<Vec<u8>, Error> {
    let mut stream = TimedStream::new(stream, wait);
    // A node that refuses says why before it has read all.
    let written = stream.write_all(request.head().as_bytes());
    let mut reply = Vec::new();
    let read = read_head(&mut stream, &mut reply);
    if let Err(why) = read.and(written)
        && (reply.is_empty() || is_late(&why))
    {
        return Err(failed(socket, request.kind(), wait, why));
    }
    if Reply::parse_head(&reply).is_some_and(|reply| reply.status == SWITCHING_PROTOCOLS) {
        return Ok(reply);
    }
    let rest = stream.take(REPLY_BYTES_MAX).read_to_end(&mut reply);
    if let Err(why) = rest
        && is_late(&why)
    {
        return Err(failed(socket, request.kind(), wait, why));
    }
    match Reply::parse(&reply, request.kind())?.json::<IgnoredAny>() {
        Ok(_) => Err(Error::Unreadable("it begins no session".to_owned())),
        Err(why) => Err(why),
    }
}

/// Reads a head byte by byte, as far as it goes: what follows it belongs to somebody else.
pub(crate) fn read_head(stream: &mut impl Read, head: &mut Vec<u8>) -> std::io::Result<()> {
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < REPLY_HEAD_BYTES_MAX {
        if stream.read(&mut byte)? == 0 {
            break;
        }
        head.extend_from_slice(&byte);
    }
    Ok(())
}

/// Whether the time was over before all was there.
pub fn is_late(why: &std::io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

pub(crate) fn failed(socket: &Path, asked: Asked, wait: Duration, why: std::io::Error) -> Error {
    match why.kind() {
        _ if is_late(&why) => Error::Silent(asked, wait),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => {
            Error::Ended(asked)
        }
        _ => Error::Socket(socket.to_owned(), why),
    }
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    status: u16,
    /// The lines after the first.
    headers: &'a str,
    body: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Reads a reply that is there to its end.
    pub(crate) fn parse(bytes: &'a [u8], asked: Asked) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Err(Error::Ended(asked));
        }
        if !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            return Err(Error::Ended(asked));
        }
        let unreadable = || Error::Unreadable("its head is no HTTP/1.1".to_owned());
        let reply = Self::parse_head(bytes).ok_or_else(unreadable)?;
        let length = reply.header("content-length");
        match length.and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if reply.body.len() != length => Err(Error::Ended(asked)),
            _ => Ok(reply),
        }
    }

    /// Reads a whole head, and takes what there is after it as the body.
    pub(crate) fn parse_head(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, body) = bytes.split_at_checked(end)?;
        let head = std::str::from_utf8(head).ok()?;
        let (first, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let status = first.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, headers, body: body.get(4..).unwrap_or_default() })
    }

    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body, or the node's problem.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let unreadable = |why: serde_json::Error| Error::Unreadable(why.to_string());
        if (200..300).contains(&self.status) {
            return serde_json::from_slice(self.body).map_err(unreadable);
        }
        let problem: Problem = serde_json::from_slice(self.body).map_err(unreadable)?;
        Err(Error::Refused(Box::new(problem)))
    }
}
