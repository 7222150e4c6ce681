/// How many messages had which outcome. The first three do not count a server's responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// Requests and notifications that were permitted.
    pub permitted: u64,
    /// Requests and notifications that were denied, or wait for approval.
    pub denied: u64,
    /// Requests and notifications for which the gate made no decision.
    pub undecided: u64,
    /// Messages of the client that were refused before a decision.
    pub refused_of_client: u64,
    /// Messages of the server that were refused before a decision.
    pub refused_of_server: u64,
    /// Messages of the server beyond its pace. They were dropped, and do not count as refused
    /// messages.
    pub dropped_of_server: u64,
    /// Requests of either side that were given up, since no answer came in time.
    pub overdue: u64,
    /// Answers to requests that had been given up. They were dropped.
    pub late: u64,
    /// Cancellations of requests that are not open. They were dropped.
    pub stray_cancellations: u64,
    /// Probes for a newer revision. They are answered without a decision, and do not count as
    /// refused.
    pub probes: u64,
}
