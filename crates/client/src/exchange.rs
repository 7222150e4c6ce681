use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use api::problem::{Code, Problem};
use serde::de::DeserializeOwned;

use crate::limits::REPLY_BYTES_MAX;
use crate::{Asked, Error, TimedStream};

/// What a node is asked.
#[derive(Debug, Clone)]
pub(crate) enum HttpRequest<'a> {
    /// `GET` of this path and query: it changes nothing.
    Get(&'a str),
    /// `POST` of this body to this path, which changes nothing.
    Ask(&'a str, Vec<u8>),
    /// `POST` of this body to this path, which changes something.
    Order(&'a str, Vec<u8>),
}

impl HttpRequest<'_> {
    fn head(&self) -> String {
        let (method, path) = match self {
            Self::Get(path) => ("GET", path),
            Self::Ask(path, _) | Self::Order(path, _) => ("POST", path),
        };
        let body = self.body().map_or_else(String::new, |body| {
            format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len())
        });
        format!("{method} {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n{body}\r\n")
    }

    fn body(&self) -> Option<&[u8]> {
        match self {
            Self::Get(_) => None,
            Self::Ask(_, body) | Self::Order(_, body) => Some(body),
        }
    }

    /// What is known of it where no reply came.
    pub(crate) fn kind(&self) -> Asked {
        match self {
            Self::Get(_) | Self::Ask(..) => Asked::Question,
            Self::Order(..) => Asked::Order,
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
    let bytes = [request.head().as_bytes(), request.body().unwrap_or_default()].concat();
    // A node that refuses says why before it has read all.
    let written = stream.write_all(&bytes);
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

/// Whether the time was over before all was there.
pub fn is_late(why: &std::io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn failed(socket: &Path, asked: Asked, wait: Duration, why: std::io::Error) -> Error {
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
    body: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Reads a reply that is there to its end.
    pub(crate) fn parse(bytes: &'a [u8], asked: Asked) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Err(Error::Ended(asked));
        }
        // A node without a place for one more connection says so in a line, before it knows that
        // the connection speaks HTTP.
        if bytes.starts_with(b"{") {
            let why = "the node has as many connections as it can serve; try again";
            return Err(Error::Refused(Box::new(Problem::new(Code::Overload, why))));
        }
        let unreadable = |why: &str| Error::Unreadable(why.to_owned());
        let end =
            bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(Error::Ended(asked))?;
        let (head, body) = bytes.split_at(end);
        let body = body.get(4..).unwrap_or_default();
        let head = std::str::from_utf8(head).map_err(|_| unreadable("its head is no text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| unreadable("it has no status"))?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())
        });
        match length.flatten() {
            Some(length) if length != body.len() => Err(Error::Ended(asked)),
            _ => Ok(Self { status, body }),
        }
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
