#[cfg(test)]
mod tests;

use std::fmt;

use tokio::sync::mpsc;

use crate::Direction;

/// Where diagnostics and the server's stderr go. Must not block.
pub trait Sink: Send + Sync + 'static {
    /// Takes one note.
    fn note(&self, note: Note);
}

impl<F: Fn(Note) + Send + Sync + 'static> Sink for F {
    fn note(&self, note: Note) {
        self(note);
    }
}

/// A diagnostic for operators. `Display` is one line without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The server runs.
    Started {
        /// Its process id.
        pid: Option<u32>,
    },
    /// A line of the server's stderr.
    Stderr(String),
    /// The server wrote more to its stderr than is passed on.
    StderrDropped,
    /// A message was refused without a decision.
    Refused {
        /// The direction in which it was to go.
        direction: Direction,
        /// The stable kind, such as `json.duplicate_key`.
        kind: &'static str,
        /// The whole reason.
        why: String,
    },
    /// It is unclear which call a refused message concerns: the session ends.
    Unreadable {
        /// The direction in which it was to go.
        direction: Direction,
    },
    /// The server sends faster than its pace allows. Surplus messages are dropped and counted.
    ServerFloods,
    /// A request was given up, since no answer came in time.
    Overdue {
        /// The direction in which it was sent.
        direction: Direction,
        /// Its method.
        method: String,
    },
    /// The client probed for a newer revision.
    Probe {
        /// The method of the probe.
        method: String,
    },
    /// The gate did not complete everything in time at the session's end.
    Unsettled,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started { pid: Some(pid) } => write!(f, "the server runs as process {pid}"),
            Self::Started { pid: None } => write!(f, "the server has started"),
            Self::Stderr(line) => write!(f, "server: {line}"),
            Self::StderrDropped => write!(f, "the server's further stderr is dropped"),
            Self::Refused { direction, kind, why } => {
                write!(f, "a message of the {} was refused: {kind}: {why}", direction.sender())
            }
            Self::Unreadable { direction } => {
                write!(
                    f,
                    "the session ends: which call a refused message of the {} is can't be told",
                    direction.sender()
                )
            }
            Self::ServerFloods => {
                write!(f, "the server sends faster than is passed on; what is too much is dropped")
            }
            Self::Overdue { direction, method } => {
                let (method, side) = (method.escape_debug(), direction.back().sender());
                write!(f, "a request `{method}` was given up: the {side} did not answer in time")
            }
            Self::Probe { method } => {
                write!(f, "the client probed for a newer revision with `{}`", method.escape_debug())
            }
            Self::Unsettled => write!(f, "the session ended before all its steps were completed"),
        }
    }
}

impl Sink for mpsc::UnboundedSender<String> {
    fn note(&self, note: Note) {
        // The receiver may be gone. The session does not depend on it.
        let _ = self.send(note.to_string());
    }
}
