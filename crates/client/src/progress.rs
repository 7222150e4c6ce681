//! The reply to a signed change, as it comes: first what it stopped, then what came of it.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use api::governance::{Acting, PROGRESS_TYPE, ProposalReply};
use api::problem::Problem;

use crate::exchange::{HttpRequest, Reply, failed, read_head};
use crate::limits::{RECORDED_MS_MAX, REPLY_BYTES_MAX};
use crate::{Error, TimedStream, is_late};

/// Brings a change, and reads what becomes of it.
pub(crate) fn propose(
    stream: &UnixStream,
    socket: &Path,
    request: &HttpRequest<'_>,
    wait: Duration,
) -> Result<ProposalReply, Error> {
    let late = |why| failed(socket, request.kind(), wait, why);
    let mut reader = BufReader::new(TimedStream::new(stream, wait));
    // A node that refuses says why before it has read all.
    let written = reader.get_mut().write_all(&request.to_bytes());
    let mut reply = Vec::new();
    let read = read_head(&mut reader, &mut reply);
    if let Err(why) = read.and(written)
        && (reply.is_empty() || is_late(&why))
    {
        return Err(late(why));
    }
    let is_in_lines = Reply::parse_head(&reply)
        .is_some_and(|head| head.header("content-type") == Some(PROGRESS_TYPE));
    if !is_in_lines {
        let rest = reader.take(REPLY_BYTES_MAX).read_to_end(&mut reply);
        return match rest {
            Err(why) if is_late(&why) => Err(late(why)),
            _ => Reply::parse(&reply, request.kind())?.json(),
        };
    }
    let mut lines = ChunkedLines(reader);
    let first = lines.next_line().map_err(late)?;
    let first: ProposalReply = serde_json::from_slice(&first).map_err(|why| unreadable(&why))?;
    let Some(acting) = first.acting else {
        return Err(Error::Unreadable("it does not say what was stopped".to_owned()));
    };
    lines.0.get_mut().restart(Duration::from_millis(RECORDED_MS_MAX));
    recorded(&mut lines, acting)
}

/// The second line, of an order on which the node acts.
fn recorded(
    lines: &mut ChunkedLines<impl BufRead>,
    acting: Acting,
) -> Result<ProposalReply, Error> {
    let line = match lines.next_line() {
        Ok(line) => line,
        // A node that goes on puts it on record.
        Err(why) if is_late(&why) => return Err(Error::Unrecorded(Box::new(acting))),
        Err(_) => return Err(Error::EndedWhileActing(Box::new(acting))),
    };
    if let Ok(problem) = serde_json::from_slice::<Problem>(&line) {
        return Err(Error::Refused(Box::new(problem)));
    }
    serde_json::from_slice(&line).map_err(|why| unreadable(&why))
}

fn unreadable(why: &serde_json::Error) -> Error {
    Error::Unreadable(why.to_string())
}

/// Lines of a chunked body, of which each is one chunk.
//= RFC 9112 section 7.1
struct ChunkedLines<R>(R);

impl<R: BufRead> ChunkedLines<R> {
    /// The next line without its end. An error of the kind `UnexpectedEof` where the body ends
    /// before it, or after a part of it.
    fn next_line(&mut self) -> std::io::Result<Vec<u8>> {
        let bytes = self.chunk_bytes()?;
        let mut chunk = vec![0; bytes];
        self.0.read_exact(&mut chunk)?;
        let mut end = [0; 2];
        self.0.read_exact(&mut end)?;
        match chunk.pop() {
            Some(b'\n') if end == *b"\r\n" => Ok(chunk),
            _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn chunk_bytes(&mut self) -> std::io::Result<usize> {
        let mut line = Vec::new();
        self.0.by_ref().take(CHUNK_HEAD_BYTES_MAX).read_until(b'\n', &mut line)?;
        let text = std::str::from_utf8(&line).unwrap_or_default();
        let bytes = text.strip_suffix("\r\n").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let bytes = bytes.filter(|bytes| *bytes <= REPLY_BYTES_MAX);
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        bytes.ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

/// Bytes of the line before a chunk: its length in hexadecimal. The node writes nothing else there.
const CHUNK_HEAD_BYTES_MAX: u64 = 18;

#[cfg(test)]
mod tests;
