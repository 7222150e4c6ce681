//! The protocol between node and guard: one start message, then orders to the guard and reports to
//! the node.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use crate::ServerCommand;
use crate::limits::GUARD_START_BYTES_MAX;

/// The server's ends of its stdin, stdout and stderr.
pub(crate) type Pipes = [OwnedFd; 3];

/// An order of the node. The end of its stream counts as [`GuardOrder::Kill`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuardOrder {
    /// Send SIGTERM to the server's process group, and after a while do what `Kill` does.
    Terminate,
    /// Send SIGKILL to every process of the server, at once.
    Kill,
}

impl GuardOrder {
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Terminate => b't',
            Self::Kill => b'k',
        }
    }

    pub(super) fn parse(byte: u8) -> Option<Self> {
        [Self::Terminate, Self::Kill].into_iter().find(|order| order.byte() == byte)
    }
}

/// A report of the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GuardReport {
    /// The server runs with this process id.
    Started(u32),
    /// The server could not be started. The number is the operating system's error code.
    Failed(i32),
    /// The server and every process that it started have ended. The number is the server's wait
    /// status.
    Exited(i32),
}

impl GuardReport {
    /// The bytes of one report.
    pub(crate) const BYTES: usize = 5;

    pub(crate) fn encode(self) -> [u8; Self::BYTES] {
        let (tag, [a, b, c, d]) = match self {
            Self::Started(pid) => (b's', pid.to_be_bytes()),
            Self::Failed(code) => (b'f', code.to_be_bytes()),
            Self::Exited(status) => (b'e', status.to_be_bytes()),
        };
        [tag, a, b, c, d]
    }

    pub(crate) fn parse([tag, number @ ..]: [u8; Self::BYTES]) -> Option<Self> {
        match tag {
            b's' => Some(Self::Started(u32::from_be_bytes(number))),
            b'f' => Some(Self::Failed(i32::from_be_bytes(number))),
            b'e' => Some(Self::Exited(i32::from_be_bytes(number))),
            _ => None,
        }
    }
}

/// Sends the pipes, with the length of the start message. Returns the start message, which is still
/// to be written.
pub(crate) fn send(
    control: &UnixStream,
    server: &ServerCommand,
    pipes: [BorrowedFd<'_>; 3],
) -> io::Result<Vec<u8>> {
    let bytes = encode(server)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&pipes));
    let sent = sendmsg(control, &[IoSlice::new(&length)], &mut ancillary, SendFlags::NOSIGNAL)?;
    if sent == length.len() { Ok(bytes) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Waits for the start message and the pipes.
pub(super) fn receive(control: &UnixStream) -> io::Result<(ServerCommand, Pipes)> {
    let mut length = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(
        control.as_fd(),
        &mut [IoSliceMut::new(&mut length)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC | RecvFlags::WAITALL,
    )?;
    let mut pipes = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            pipes.extend(rights);
        }
    }
    let pipes = Pipes::try_from(pipes).map_err(|_| malformed())?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(io::Error::other)?;
    if got.bytes != 4 || length > GUARD_START_BYTES_MAX {
        return Err(malformed());
    }
    let mut bytes = vec![0; length];
    let mut control = control;
    control.read_exact(&mut bytes)?;
    Ok((decode(&bytes).ok_or_else(malformed)?, pipes))
}

/// The start message: texts that each end with a NUL. They are user, group, folder, count of words
/// (program and arguments), the words, and the variables.
fn encode(server: &ServerCommand) -> io::Result<Vec<u8>> {
    let (user, group) = match server.user {
        Some((user, group)) => (user.to_string(), group.to_string()),
        None => (String::new(), String::new()),
    };
    let directory = match &server.directory {
        Some(directory) => directory.to_str().ok_or(io::ErrorKind::InvalidInput)?.to_owned(),
        None => String::new(),
    };
    let words = server.arguments.len().saturating_add(1).to_string();
    let mut texts = vec![user, group, directory, words, server.program.clone()];
    texts.extend(server.arguments.iter().cloned());
    for (name, value) in &server.environment {
        texts.extend([name.clone(), value.clone()]);
    }
    let mut bytes = Vec::new();
    for text in texts {
        if text.contains('\0') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a NUL in it"));
        }
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    if bytes.len() > GUARD_START_BYTES_MAX {
        let what = format!("it takes more than {GUARD_START_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<ServerCommand> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\0')?;
    let mut texts = text.split('\0').map(str::to_owned);
    let (user, group) = (texts.next()?, texts.next()?);
    let user = match user.is_empty() {
        true => None,
        false => Some((user.parse().ok()?, group.parse().ok()?)),
    };
    let directory = texts.next().filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let words: usize = texts.next()?.parse().ok()?;
    let program = texts.next()?;
    let arguments: Vec<String> = texts.by_ref().take(words.checked_sub(1)?).collect();
    let mut environment = BTreeMap::new();
    while let Some(name) = texts.next() {
        environment.insert(name, texts.next()?);
    }
    let guard = PathBuf::new();
    (arguments.len() == words.checked_sub(1)?).then_some(ServerCommand {
        guard,
        program,
        arguments,
        environment,
        directory,
        user,
    })
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what came from the node can't be read")
}

#[cfg(test)]
mod tests;
