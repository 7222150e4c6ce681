/// Why an execution was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasedFor {
    /// Somebody asked for this execution.
    Asked,
    /// It was older than what is kept.
    Retention,
}

impl ErasedFor {
    /// The name in records: `asked` or `retention`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Retention => "retention",
        }
    }

    /// Reads the name in records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Asked, Self::Retention].into_iter().find(|one| one.as_str() == text)
    }
}
