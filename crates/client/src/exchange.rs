use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use api::problem::{Code, Problem};
use serde::de::DeserializeOwned;

use crate::limits::{ANSWER_MS_MAX, REPLY_BYTES_MAX};
use crate::{Error, TimedStream};

/// Asks, and reads the reply to its end.
pub(crate) fn get<T: DeserializeOwned>(
    stream: &UnixStream,
    socket: &Path,
    path: &str,
) -> Result<T, Error> {
    let head = format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
    let mut stream = TimedStream::new(stream, Duration::from_millis(ANSWER_MS_MAX));
    // A node that refuses says why before it has read all.
    let written = stream.write_all(head.as_bytes());
    let mut reply = Vec::new();
    let read = stream.take(REPLY_BYTES_MAX).read_to_end(&mut reply);
    match read.and(written) {
        Err(why) if reply.is_empty() || is_late(&why) => return Err(failed(socket, why)),
        _ => {}
    }
    Reply::parse(&reply)?.json()
}

/// Whether the time was over before all was there.
pub fn is_late(why: &std::io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn failed(socket: &Path, why: std::io::Error) -> Error {
    match why.kind() {
        _ if is_late(&why) => Error::Silent,
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => {
            Error::Ended
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
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Err(Error::Ended);
        }
        // A node without a place for one more connection says so in a line, before it knows that
        // the connection speaks HTTP.
        if bytes.starts_with(b"{") {
            let why = "the node has as many connections as it can serve; try again";
            return Err(Error::Refused(Box::new(Problem::new(Code::Overload, why))));
        }
        let unreadable = |why: &str| Error::Unreadable(why.to_owned());
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(Error::Ended)?;
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
            Some(length) if length != body.len() => Err(Error::Ended),
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
