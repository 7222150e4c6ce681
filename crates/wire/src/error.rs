use crate::json;

/// Why a message or a body was refused, and where. Whom to tell says [`crate::jsonrpc::Outline`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{} at byte {offset}", named(.member))]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
    member: Option<String>,
}

/// The fault of a message or a body. [`ErrorKind::code`] is stable; the sentence is for
/// people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text itself was refused.
    #[error("{0}")]
    Json(json::ErrorKind),
    /// An array of messages; no revision read here has them.
    #[error("batches are not read; send one message at a time")]
    Batch,
    /// Something else than an object.
    #[error("the message is not an object")]
    NotObject,
    /// A required member is not there.
    #[error("a member is missing")]
    MissingMember,
    /// A member that is not known here, or is known by a name that differs in case.
    #[error("a member is not known here")]
    UnknownMember,
    /// A member of another type than it must be.
    #[error("a member has the wrong type")]
    WrongType,
    /// A member of the right type with a value that it can't have.
    #[error("a member has a value that it can't have")]
    WrongValue,
    /// A member longer than its bound in [`crate::limits`].
    #[error("a member is too long")]
    TooLong,
    /// Members that exclude each other, or two things under one name.
    #[error("members contradict each other")]
    Contradiction,
}

impl ErrorKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Json(kind) => kind.code(),
            Self::Batch => "message.batch",
            Self::NotObject => "message.not_object",
            Self::MissingMember => "message.missing_member",
            Self::UnknownMember => "message.unknown_member",
            Self::WrongType => "message.wrong_type",
            Self::WrongValue => "message.wrong_value",
            Self::TooLong => "message.too_long",
            Self::Contradiction => "message.contradiction",
        }
    }

    pub(crate) fn at(self, offset: usize) -> Error {
        Error { kind: self, offset, member: None }
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

    /// The name of the member that is wrong.
    pub fn member(&self) -> Option<&str> {
        self.member.as_deref()
    }

    pub(crate) fn named(self, member: &str) -> Self {
        Self { member: Some(member.to_owned()), ..self }
    }
}

impl From<json::Error> for Error {
    fn from(error: json::Error) -> Self {
        ErrorKind::Json(error.kind()).at(error.offset())
    }
}

fn named(member: &Option<String>) -> String {
    member.as_ref().map(|name| format!(": `{}`", name.escape_debug())).unwrap_or_default()
}
