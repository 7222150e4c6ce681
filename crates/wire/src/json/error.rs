/// Why a text was refused, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
}

/// The fault of a text. [`ErrorKind::code`] is stable; the sentence is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Longer than [`crate::limits::TEXT_BYTES_MAX`].
    #[error("the text is too long")]
    TooLong,
    /// Not UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// A byte order mark at the start.
    #[error("the text starts with a byte order mark")]
    ByteOrderMark,
    /// A raw byte below 0x20, inside a string or between tokens.
    #[error("a raw control byte stands in the text")]
    Control,
    /// A raw U+0085, U+2028 or U+2029.
    #[error("a raw character stands in the text that ends a line for some readers; escape it")]
    LineSeparator,
    /// A byte that JSON's grammar does not have there.
    #[error("the text is not JSON: unexpected character")]
    Syntax,
    /// The text ends inside a value, or holds none.
    #[error("the text ends before its value does")]
    End,
    /// Something follows the value.
    #[error("something follows the value")]
    Trailing,
    /// An escape that JSON does not have.
    #[error("the escape is not one of JSON's")]
    Escape,
    /// Half of a surrogate pair.
    #[error("an escaped surrogate stands without its other half")]
    Surrogate,
    /// An escaped NUL.
    #[error("a string holds NUL, where some readers end it")]
    Nul,
    /// Two names of one object are equal under Unicode simple case folding.
    #[error("two names of one object are the same for some readers")]
    DuplicateKey,
    /// A name that some readers do not take for data.
    #[error("the name is an instruction to some readers")]
    ReservedKey,
    /// Larger than any binary64 value, in a request.
    #[error("the number is larger than any that most readers can hold")]
    NumberNotFinite,
    /// Longer than [`crate::limits::NUMBER_BYTES_MAX`].
    #[error("the number is too long")]
    NumberTooLong,
    /// Deeper than [`crate::limits::DEPTH_MAX`].
    #[error("the text is nested too deeply")]
    TooDeep,
    /// More than [`crate::limits::NODES_MAX`].
    #[error("the text holds too many values")]
    TooManyValues,
    /// More than [`crate::limits::MEMBERS_MAX`].
    #[error("the object has too many members")]
    TooManyMembers,
    /// Longer than [`crate::limits::STRING_BYTES_MAX`].
    #[error("the string is too long")]
    StringTooLong,
    /// Longer than [`crate::limits::KEY_BYTES_MAX`].
    #[error("the name is too long")]
    KeyTooLong,
}

impl ErrorKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "json.too_long",
            Self::Utf8 => "json.utf8",
            Self::ByteOrderMark => "json.byte_order_mark",
            Self::Control => "json.control",
            Self::LineSeparator => "json.line_separator",
            Self::Syntax => "json.syntax",
            Self::End => "json.end",
            Self::Trailing => "json.trailing",
            Self::Escape => "json.escape",
            Self::Surrogate => "json.surrogate",
            Self::Nul => "json.nul",
            Self::DuplicateKey => "json.duplicate_key",
            Self::ReservedKey => "json.reserved_key",
            Self::NumberNotFinite => "json.number_not_finite",
            Self::NumberTooLong => "json.number_too_long",
            Self::TooDeep => "json.too_deep",
            Self::TooManyValues => "json.too_many_values",
            Self::TooManyMembers => "json.too_many_members",
            Self::StringTooLong => "json.string_too_long",
            Self::KeyTooLong => "json.key_too_long",
        }
    }

    pub(super) fn at(self, offset: usize) -> Error {
        Error { kind: self, offset }
    }
}

impl Error {
    /// The kind of fault.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code of [`Error::kind`].
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Where, in bytes from the start of the text.
    pub fn offset(&self) -> usize {
        self.offset
    }
}
