/// The numbers of the gateway's own errors. They are stable. None has another meaning in JSON-RPC,
/// in a revision of MCP or in its SDKs: those use -32000 to -32002 for closed connections,
/// time-outs and things not found.
///
/// `docs/book/reference/errors.md` has the same table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorNumber {
    /// The decision is a denial, or the message may no longer be forwarded.
    Denied,
    /// No decision could be made or recorded, or an answer can't be forwarded.
    Refused,
    /// The decision waits for approval.
    Pending,
    /// The session ended before an answer came.
    Ended,
    /// No answer came in time.
    Overdue,
    /// JSON-RPC's number: this sender has no such method, in this form and revision.
    MethodNotFound,
    /// JSON-RPC's number: the message is not one that can be decided.
    InvalidRequest,
}

impl ErrorNumber {
    /// All of them, in rising order of their numbers' magnitude.
    pub const ALL: [Self; 7] = [
        Self::Ended,
        Self::Pending,
        Self::Denied,
        Self::Refused,
        Self::Overdue,
        Self::InvalidRequest,
        Self::MethodNotFound,
    ];

    /// The number: a JSON-RPC error's `code`.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Ended => -32_003,
            Self::Pending => -32_004,
            Self::Denied => -32_005,
            Self::Refused => -32_006,
            Self::Overdue => -32_007,
            Self::InvalidRequest => wire::jsonrpc::INVALID_REQUEST,
            Self::MethodNotFound => wire::jsonrpc::METHOD_NOT_FOUND,
        }
    }

    /// Its meaning, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ended => "the session ended before an answer came",
            Self::Pending => "decided: it waits for approval",
            Self::Denied => "decided: denied, or what came of it is withheld",
            Self::Refused => "no decision could be made or kept, or the answer can't be passed on",
            Self::Overdue => "no answer came in time",
            Self::InvalidRequest => "it is no message that can be decided",
            Self::MethodNotFound => "no such method for this sender, form and revision",
        }
    }

    /// Whether the client may try again, and how.
    #[must_use]
    pub fn retry(self) -> &'static str {
        match self {
            Self::Ended => "in a new session; whether the call was carried out is not known",
            Self::Pending => "once approved, the same call",
            Self::Denied => "as `data.code` and `data.advice` say",
            Self::Refused => {
                "later, but for `refused.input`: other arguments, and the call may have been carried out where `data.side` is `server`"
            }
            Self::Overdue => "later; whether the call was carried out is not known",
            Self::InvalidRequest => "with a message that is well formed",
            Self::MethodNotFound => "never",
        }
    }
}

#[cfg(test)]
mod tests;
