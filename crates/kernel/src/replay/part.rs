use std::borrow::Cow;

use crate::lineage::Sealed;
use crate::state::Lost;

/// A record's sealed part, as whoever holds the keys finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// Opened: its plain bytes; none where the record seals nothing.
    Open(Cow<'a, [u8]>),
    /// It cannot be opened.
    Lost(Lost),
}

impl<'a> From<&'a [u8]> for Part<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Open(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Part<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Open(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Part<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Open(Cow::Owned(bytes))
    }
}

impl Part<'_> {
    pub(super) fn read(self) -> Result<Sealed, Lost> {
        match self {
            Self::Open(bytes) => Sealed::parse(&bytes).map_err(|_| Lost::Damaged),
            Self::Lost(why) => Err(why),
        }
    }
}
