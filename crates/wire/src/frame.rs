//! The stdio transport's framing: one message a line, each ended by one LF (MCP, transports,
//! stdio).
//!
//! One CR directly before the LF belongs to the line's end: no reader ends a line at it that does
//! not end there anyway. A CR anywhere else refuses its whole line, since some readers end a line
//! at it.
//!
//! A line that is too long is dropped as it comes, up to its LF, where reading resumes. That is
//! sound: no accepted text holds a raw LF, and every reader of the transport ends a line there, so
//! no part of a refused line is ever taken for a line of its own. Of what is dropped the
//! [`Outline`] is kept, by which its sender can be answered.

#[cfg(test)]
mod tests;

use crate::jsonrpc::{Outline, Outliner};

/// Why a line was refused, and whom that concerns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    kind: ErrorKind,
    outline: Outline,
}

/// The fault of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Longer than the bound.
    #[error("the line is too long")]
    TooLong,
    /// A CR that does not stand directly before the LF.
    #[error("the line holds a carriage return, where some readers end it; end lines with LF")]
    CarriageReturn,
    /// The stream ended inside a line.
    #[error("the stream ended before the line did")]
    Unfinished,
}

impl ErrorKind {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "frame.too_long",
            Self::CarriageReturn => "frame.carriage_return",
            Self::Unfinished => "frame.unfinished",
        }
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

    /// Whom it concerns.
    pub fn outline(&self) -> &Outline {
        &self.outline
    }
}

/// Cuts a stream of bytes into lines. Holds at most one unfinished line.
#[derive(Debug)]
pub struct Lines {
    line_bytes_max: usize,
    /// The unfinished line so far, without a CR that is its last byte.
    line: Vec<u8>,
    /// The last byte was a CR. Whether it belongs to the line's end says the next one.
    ends_with_cr: bool,
    /// The unfinished line is refused: the rest of it is dropped.
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    kind: ErrorKind,
    outliner: Outliner,
}

impl Lines {
    /// Lines of at most `line_bytes_max` bytes before their end; see
    /// [`crate::limits::LINE_BYTES_MAX`].
    pub fn new(line_bytes_max: usize) -> Self {
        Self { line_bytes_max, line: Vec::new(), ends_with_cr: false, refused: None }
    }

    /// Takes the next bytes of the stream; gives the lines that they complete, without their ends,
    /// and an error in the place of each that is refused.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<Vec<u8>, Error>> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                Some(part) => {
                    self.extend(part);
                    lines.push(self.end());
                }
                None => self.extend(part),
            }
        }
        lines
    }

    /// Takes the end of the stream.
    ///
    /// # Errors
    /// The line that had begun and did not end: it must not be read.
    pub fn finish(mut self) -> Result<(), Error> {
        if self.line.is_empty() && self.refused.is_none() && !self.ends_with_cr {
            return Ok(());
        }
        self.refuse(ErrorKind::Unfinished);
        self.end().map(drop)
    }

    /// The line has ended.
    fn end(&mut self) -> Result<Vec<u8>, Error> {
        self.ends_with_cr = false;
        let line = std::mem::take(&mut self.line);
        match self.refused.take() {
            None => Ok(line),
            Some(Refused { kind, outliner }) => Err(Error { kind, outline: outliner.finish() }),
        }
    }

    fn extend(&mut self, part: &[u8]) {
        if part.is_empty() {
            return;
        }
        let (text, ends_with_cr) = match part.strip_suffix(b"\r") {
            Some(text) => (text, true),
            None => (part, false),
        };
        let before: &[u8] =
            if std::mem::replace(&mut self.ends_with_cr, ends_with_cr) { b"\r" } else { b"" };
        let more = text.len().saturating_add(before.len());
        if !before.is_empty() || text.contains(&b'\r') {
            self.refuse(ErrorKind::CarriageReturn);
        } else if self.line.len().saturating_add(more) > self.line_bytes_max {
            self.refuse(ErrorKind::TooLong);
        }
        match &mut self.refused {
            Some(refused) => refused.outliner.push(text),
            None => self.line.extend_from_slice(text),
        }
    }

    /// Drops the line so far, but for its outline.
    fn refuse(&mut self, kind: ErrorKind) {
        if self.refused.is_none() {
            let mut outliner = Outliner::new();
            outliner.push(&std::mem::take(&mut self.line));
            self.refused = Some(Refused { kind, outliner });
        }
    }
}
