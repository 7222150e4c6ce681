use crate::limits::{INTEGER_MAX, JSON_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};

/// Why a text or value is not canonical JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical JSON at byte {offset}: {fault}")]
pub struct Error {
    fault: Fault,
    offset: usize,
}

impl Error {
    pub(crate) const fn new(fault: Fault, offset: usize) -> Self {
        Self { fault, offset }
    }

    /// The kind of fault.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        self.fault
    }

    /// Offset of the first byte that is wrong; 0 for a value that was built in code.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

/// The ways in which a text can fail to be canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Over [`JSON_BYTES_MAX`].
    #[error("longer than {JSON_BYTES_MAX} bytes")]
    TooLong,
    /// Over [`JSON_DEPTH_MAX`].
    #[error("nested deeper than {JSON_DEPTH_MAX}")]
    TooDeep,
    /// Over [`JSON_VALUES_MAX`].
    #[error("more than {JSON_VALUES_MAX} values")]
    TooManyValues,
    /// Not UTF-8; encoded surrogates are not.
    #[error("not UTF-8")]
    NotUtf8,
    /// The text ends inside of a value.
    #[error("the text ends too early")]
    Ends,
    /// A byte that can't stand there.
    #[error("a byte that can't stand here")]
    Unexpected,
    /// A space, tab or line end between tokens.
    #[error("whitespace between tokens")]
    Whitespace,
    /// More text after the value.
    #[error("more text after the value")]
    Trailing,
    /// `null`.
    #[error("`null`: leave the member out instead")]
    Null,
    /// A fraction or exponent.
    #[error("a fraction or an exponent: numbers are integers")]
    NotInteger,
    /// `-0`, or a leading zero.
    #[error("a number with a leading zero, or `-0`")]
    Zero,
    /// Outside of ±(2^53 - 1).
    #[error("an integer outside of ±{INTEGER_MAX}")]
    IntegerRange,
    /// A key that isn't `[a-z][a-z0-9_]*`.
    #[error("a key that is not `[a-z][a-z0-9_]*`")]
    Key,
    /// Keys not in ascending byte order.
    #[error("keys that are not in ascending order")]
    KeyOrder,
    /// The same key twice.
    #[error("the same key twice")]
    KeyTwice,
    /// A raw byte below 0x20 inside of a string.
    #[error("a raw control character in a string")]
    Control,
    /// An escape where the character stands for itself, or has a shorter one.
    #[error("an escape that is not the shortest form of its character, or stands for none")]
    Escape,
}
