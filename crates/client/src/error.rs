use std::path::PathBuf;
use std::time::Duration;

use api::governance::Acting;
use api::problem::{Code, Problem};
use proof::note::SignError;

use crate::ForeignListener;

/// Why a request has no reply, or is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens on the node's sockets.
    #[error(
        "the socket `{}`: nobody listens; is the node running? start it with `interlock serve`",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// The socket cannot be used.
    #[error("the socket `{}`: {}", .0.display(), .1)]
    Socket(PathBuf, std::io::Error),
    /// Somebody else than the node listens on its socket.
    #[error("the socket `{}`: {}", .0.display(), .1)]
    Foreign(PathBuf, ForeignListener),
    /// The node does not say all in time.
    #[error("the node does not answer within {} s{}", .1.as_secs(), .0.after_silence())]
    Silent(Asked, Duration),
    /// The node ended before its reply was there.
    #[error("the node ended before it answered: {}", .0.after_its_end())]
    Ended(Asked),
    /// The same, of an order on which it acted: this is what it stopped.
    #[error("the node ended before it answered: {}", Asked::Order.after_its_end())]
    EndedWhileActing(Box<Acting>),
    /// The node acts on an order, and did not say in time that it is on record.
    #[error(
        "the node acts on it already, but it is not on record yet: the disk or the log is slow; \
         the node puts it there as soon as the disk takes it; if the node ends before, give it again"
    )]
    Unrecorded(Box<Acting>),
    /// The node refused.
    #[error("the node refused ({}): {}", .0.code, .0.detail)]
    Refused(Box<Problem>),
    /// The officer's key does not sign.
    #[error("the question could not be signed: {0}")]
    Unsigned(SignError),
    /// The reply cannot be read: the node is of another version.
    #[error("the node's answer cannot be read: {0}")]
    Unreadable(String),
}

impl Error {
    /// The stable word that commands print for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRunning(_) | Self::Socket(..) => "socket",
            Self::Foreign(..) => "socket.owner",
            Self::Silent(..) => "unanswered",
            Self::Ended(_) | Self::EndedWhileActing(_) => "ended",
            Self::Unrecorded(_) => "unrecorded",
            Self::Unsigned(_) => "keys",
            Self::Unreadable(_) => "input",
            Self::Refused(problem) => match problem.code {
                Code::Overload => "overload",
                Code::Peer => "peer",
                code => code.as_str(),
            },
        }
    }
}

impl Error {
    /// What the node stopped by an order, although the order is not in the governance log, as far
    /// as it said.
    #[must_use]
    pub fn acting(&self) -> Option<&Acting> {
        match self {
            Self::EndedWhileActing(acting) | Self::Unrecorded(acting) => Some(acting),
            Self::Refused(problem) => problem.acting.as_ref(),
            _ => None,
        }
    }
}

/// What was asked of a node that says nothing: what is known of it, and what can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Something that changes nothing.
    Question,
    /// Something that the node alone carries out.
    Order,
    /// Anything, by an agent: it can do nothing about the node.
    ByAgent,
}

impl Asked {
    fn after_silence(self) -> &'static str {
        match self {
            Self::Question => {
                ": nothing was done; end it (`kill -TERM`, after 5 s `kill -KILL`), and ask again \
                 once a node runs"
            }
            Self::Order => {
                ": what it was given is NOT known to be done, and is carried out if the node goes \
                 on; end it (`kill -TERM`, after 5 s `kill -KILL`), and look what became of it \
                 once a node runs"
            }
            Self::ByAgent => "; try again later",
        }
    }

    fn after_its_end(self) -> &'static str {
        match self {
            Self::Question => "ask again once a node runs",
            Self::Order | Self::ByAgent => {
                "nobody knows whether it was done; look once a node runs, and give it again \
                 where it was not"
            }
        }
    }
}
