use std::borrow::Cow;

use record::lineage::Sealed;

use crate::state::Unreadable;

/// A record's sealed part, as the holder of the keys opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedPart<'a> {
    /// Opened: its plain bytes; none where the record seals nothing.
    Open(Cow<'a, [u8]>),
    /// It cannot be opened.
    Unreadable(Unreadable),
}

impl<'a> From<&'a [u8]> for SealedPart<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Open(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for SealedPart<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Open(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for SealedPart<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Open(Cow::Owned(bytes))
    }
}

impl SealedPart<'_> {
    pub(super) fn read(self) -> Result<Sealed, Unreadable> {
        match self {
            Self::Open(bytes) => Sealed::parse(&bytes).map_err(|_| Unreadable::Damaged),
            Self::Unreadable(why) => Err(why),
        }
    }
}
