/// A trust state. Worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Nothing speaks against it.
    Trusted,
    /// Something is amiss; it may go on.
    Degraded,
    /// Nothing new is allowed.
    Suspended,
    /// Never again.
    Revoked,
}

impl Trust {
    /// The word used in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Trust::Trusted => "trusted",
            Trust::Degraded => "degraded",
            Trust::Suspended => "suspended",
            Trust::Revoked => "revoked",
        }
    }

    /// The trust state of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Trust> {
        [Trust::Trusted, Trust::Degraded, Trust::Suspended, Trust::Revoked]
            .into_iter()
            .find(|t| t.as_str() == word)
    }
}

#[cfg(test)]
mod tests;
