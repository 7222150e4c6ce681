/// Why an argument of the command line is not accepted, as the usage error prints it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    /// No duration such as `90s`.
    #[error("write a whole number and a unit: 90s, 10m, 2h")]
    Duration,
    /// Signatures would be valid for too long.
    #[error("a day at most (24h)")]
    ProposalLife,
    /// No `NAME=VALUE`.
    #[error("write NAME=VALUE")]
    NameValue,
    /// No trust state.
    #[error("it is one of trusted, degraded, suspended, revoked")]
    TrustState,
    /// A subject with a kind that the kernel does not accept.
    #[error(transparent)]
    Subject(#[from] record::MalformedRecord),
    /// The kind of a subject without its name.
    #[error("write {kind}:NAME")]
    SubjectName {
        /// The kind.
        kind: String,
    },
    /// The name of a subject without its kind.
    #[error("write workload:{name}, execution:{name}, zone:{name} or node:{name}, whichever it is")]
    SubjectKind {
        /// The name.
        name: String,
    },
}
