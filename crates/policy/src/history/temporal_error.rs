//! Why temporal conditions have no value at a request.

/// Why temporal conditions were not evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemporalError {
    /// The policies are not asked, so that no condition counts.
    #[error("not evaluated")]
    NotEvaluated,
    #[error("the execution's history is full")]
    Full,
    #[error("the execution's history holds no more of what servers send")]
    FullOfServers,
    #[error("the request is not an event")]
    NoEvent,
    #[error("the history is lost")]
    Lost,
    /// The engine for conditions without a monitor does not take them.
    #[error("{why}")]
    Unprepared { why: String },
    /// The engine for conditions without a monitor failed.
    #[error("{why}")]
    Engine { why: String },
}
