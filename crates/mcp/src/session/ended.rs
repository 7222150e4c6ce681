use super::REFUSED_INPUT;
use crate::{Direction, Stop};

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEnd {
    /// The client went away, or ended its side and the server had its time to end.
    Client,
    /// The server ended, or closed its stdout.
    Server,
    /// The server sent more than is read: see [`crate::limits::SERVER_REFUSALS_BURST`] and
    /// [`crate::limits::SERVER_DROPPED_MAX`].
    Unruly,
    /// A refused message may be a call or an answer to one, and which can't be told.
    Unreadable {
        /// Where it wanted to go.
        sender: Direction,
        /// Why it was refused: the stable kind.
        kind: &'static str,
    },
    /// The server chose this revision, which is not read here.
    Revision(String),
    /// The client did not go on with a long line, whose room others waited for: see [`crate::limits::STALLED_MS_MAX`].
    Stalled,
    /// The node is stopping.
    Stopped,
    /// The execution may not go on, with this code.
    Ordered(String),
}

impl SessionEnd {
    /// The stable code: `data.code` of the errors that answer what was open.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Client => "client.ended",
            Self::Server => "server.ended",
            Self::Unruly => "server.unruly",
            Self::Unreadable { .. } => REFUSED_INPUT,
            Self::Revision(_) => "server.revision",
            Self::Stalled => "client.stalled",
            Self::Stopped => "node.stopping",
            Self::Ordered(code) => code,
        }
    }
}

impl From<Stop> for SessionEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Node => Self::Stopped,
            Stop::Ordered { code } => Self::Ordered(code),
        }
    }
}
