/// Why what was sealed cannot be read, so that decisions cannot be derived again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The execution's key is not there: it was erased, or the key is missing.
    NoKey,
    /// The sealed part is not there.
    Missing,
    /// The sealed part or its key is there and is not what was written.
    Damaged,
    /// Nothing: it was not read, since governance says that its execution has ended.
    Ended,
}

impl Unreadable {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoKey => "the key of its execution is not there",
            Self::Missing => "its sealed part, or an earlier one of its execution, is not there",
            Self::Damaged => {
                "its sealed part, or an earlier one of its execution, or its key, is damaged"
            }
            Self::Ended => "its execution has ended, and was not read",
        }
    }
}
