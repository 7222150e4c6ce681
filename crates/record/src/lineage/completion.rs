/// How a permitted transition ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// With a result.
    Result,
    /// With an error.
    Error,
    /// One-way: nothing comes back.
    Sent,
    /// It may or may not have happened. It is never sent again.
    Unknown {
        /// How many bytes of its line the server's pipe took, including the LF, where an
        /// enforcement point counted them.
        written: Option<u64>,
    },
}

impl Completion {
    /// Nobody knows how it ended, nor how much of it was written.
    pub const UNKNOWN: Self = Self::Unknown { written: None };

    pub(super) const ALL: [Self; 4] = [Self::Result, Self::Error, Self::Sent, Self::UNKNOWN];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// How much of its line was written, where that is on record.
    #[must_use]
    pub fn written(self) -> Option<u64> {
        match self {
            Self::Unknown { written } => written,
            Self::Result | Self::Error | Self::Sent => None,
        }
    }

    /// The name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Error => "error",
            Self::Sent => "sent",
            Self::Unknown { .. } => "unknown",
        }
    }
}
