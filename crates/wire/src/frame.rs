//! The stdio transport's framing: one message a line, each ended by one LF (MCP, transports, stdio).
//!
//! A line that is too long is one refusal, given as soon as the bound is passed; its bytes are dropped up to its
//! LF, where reading resumes. That is sound: no accepted text holds a raw LF, and every reader of the transport
//! ends a line there, so no part of a refused line is ever taken for a line of its own. A CR is refused with its
//! whole line, since some readers end a line at it.

#[cfg(test)]
mod tests;

/// Why a line was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than the bound.
    #[error("the line is too long")]
    TooLong,
    /// A CR, alone or before the LF.
    #[error("the line holds a carriage return, where some readers end it; end lines with LF alone")]
    CarriageReturn,
    /// The stream ended inside a line.
    #[error("the stream ended before the line did")]
    Unfinished,
}

impl Error {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "frame.too_long",
            Self::CarriageReturn => "frame.carriage_return",
            Self::Unfinished => "frame.unfinished",
        }
    }
}

/// Cuts a stream of bytes into lines. Holds at most one unfinished line.
#[derive(Debug)]
pub struct Lines {
    line_bytes_max: usize,
    /// The unfinished line so far.
    line: Vec<u8>,
    /// The unfinished line has been refused: the rest of it is dropped.
    refused: bool,
}

impl Lines {
    /// Lines of at most `line_bytes_max` bytes before their LF; see [`crate::limits::LINE_BYTES_MAX`].
    pub fn new(line_bytes_max: usize) -> Self {
        Self { line_bytes_max, line: Vec::new(), refused: false }
    }

    /// Takes the next bytes of the stream; gives the lines that they complete, without their LF, and one error
    /// for each line that is refused, in order.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Result<Vec<u8>, Error>> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (part, ended) = match part.strip_suffix(b"\n") {
                Some(part) => (part, true),
                None => (part, false),
            };
            if let Err(error) = self.extend(part) {
                lines.push(Err(error));
            }
            if ended {
                let line = std::mem::take(&mut self.line);
                if !std::mem::take(&mut self.refused) {
                    lines.push(Ok(line));
                }
            }
        }
        lines
    }

    /// Takes the end of the stream.
    ///
    /// # Errors
    /// [`Error::Unfinished`] if a line had begun that was not yet refused: it must not be read.
    pub fn finish(self) -> Result<(), Error> {
        if self.line.is_empty() { Ok(()) } else { Err(Error::Unfinished) }
    }

    fn extend(&mut self, part: &[u8]) -> Result<(), Error> {
        if self.refused {
            return Ok(());
        }
        let error = if self.line.len().saturating_add(part.len()) > self.line_bytes_max {
            Error::TooLong
        } else if part.contains(&b'\r') {
            Error::CarriageReturn
        } else {
            self.line.extend_from_slice(part);
            return Ok(());
        };
        self.line = Vec::new();
        self.refused = true;
        Err(error)
    }
}
