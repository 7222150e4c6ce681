/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageDirection {
    /// From the agent's client to an upstream server.
    ToServer,
    /// From an upstream server to the agent's client.
    ToClient,
}

impl MessageDirection {
    /// The name in records: `to_server` or `to_client`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ToServer => "to_server",
            Self::ToClient => "to_client",
        }
    }

    /// The other way: that of the answer.
    #[must_use]
    pub fn back(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// Reads the name in records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::ToServer, Self::ToClient].into_iter().find(|one| one.as_str() == text)
    }
}
