use std::path::PathBuf;

use api::problem::Problem;

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
    #[error(
        "the node does not answer within {} s: nothing was done; end it (`kill -TERM`, after 5 s \
         `kill -KILL`), and ask again once a node runs",
        crate::limits::ANSWER_MS_MAX / 1_000
    )]
    Silent,
    /// The node ended before its reply was there.
    #[error("the node ended before it answered; ask again once a node runs")]
    Ended,
    /// The node refused.
    #[error("the node refused ({}): {}", .0.code, .0.detail)]
    Refused(Box<Problem>),
    /// The reply cannot be read: the node is of another version.
    #[error("the node's answer cannot be read: {0}")]
    Unreadable(String),
}
