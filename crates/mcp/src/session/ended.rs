use super::REFUSED_INPUT;
use crate::{Direction, Stop};

/// The reason why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEnd {
    /// The client left, or it ended its side and the server's time to end is over.
    Client,
    /// The server ended, or closed its stdout.
    Server,
    /// The server sent more than its limits allow: see [`crate::limits::SERVER_REFUSALS_BURST`] and
    /// [`crate::limits::SERVER_DROPPED_MAX`].
    Unruly,
    /// A refused message may be a call or an answer to one, and it is unclear which one.
    Unreadable {
        /// The direction in which it was to go.
        sender: Direction,
        /// The stable kind of the refusal.
        kind: &'static str,
    },
    /// The server chose this revision, which is not supported.
    Revision(String),
    /// The client stopped in the middle of a long line while others waited for its room: see
    /// [`crate::limits::STALLED_MS_MAX`].
    Stalled,
    /// The node is stopping.
    Stopped,
    /// The execution may not go on, with this code.
    Ordered(String),
}

impl SessionEnd {
    /// The stable code: `data.code` of the errors that answer open requests.
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
