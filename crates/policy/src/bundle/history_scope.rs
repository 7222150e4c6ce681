//! Whose events the temporal conditions of a bundle see.

/// Whose events the conditions over history see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryScope {
    /// Those of an execution and of all that it descends from or that descend from it: delegating
    /// gives no fresh history.
    Line,
    /// Those of the execution alone.
    Execution,
}
