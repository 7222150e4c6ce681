use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::limits::{READ_BYTES, STDERR_BYTES_MAX, STDERR_LINE_BYTES_MAX};
use crate::{Note, Sink};

/// Passes the server's stderr on line by line, up to its limits. Then it reads and drops the rest,
/// so that the server never blocks on it.
pub(super) async fn pass_on<R: AsyncRead + Unpin, S: Sink>(reader: Option<R>, sink: Arc<S>) {
    let Some(mut reader) = reader else { return };
    let mut buffer = vec![0; READ_BYTES];
    let mut lines = StderrLines { line: Vec::new(), bytes_left: STDERR_BYTES_MAX };
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        lines.push(buffer.get(..count).unwrap_or_default(), sink.as_ref());
    }
    lines.flush(sink.as_ref());
}

struct StderrLines {
    line: Vec<u8>,
    bytes_left: usize,
}

impl StderrLines {
    fn push(&mut self, bytes: &[u8], sink: &impl Sink) {
        if self.bytes_left == 0 {
            return;
        }
        for byte in bytes.iter().take(self.bytes_left) {
            if *byte == b'\n' {
                self.flush(sink);
            } else {
                self.line.push(*byte);
            }
            if self.line.len() == STDERR_LINE_BYTES_MAX {
                self.flush(sink);
            }
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len());
        if self.bytes_left == 0 {
            self.flush(sink);
            sink.note(Note::StderrDropped);
        }
    }

    /// Passes the line so far on. Control characters are escaped, since the note may be shown in a
    /// terminal.
    fn flush(&mut self, sink: &impl Sink) {
        let line = std::mem::take(&mut self.line);
        let mut text = String::with_capacity(line.len());
        for character in String::from_utf8_lossy(&line).trim_end().chars() {
            match character {
                '\t' => text.push(' '),
                control if control.is_control() => text.extend(control.escape_default()),
                other => text.push(other),
            }
        }
        if !text.is_empty() {
            sink.note(Note::Stderr(text));
        }
    }
}
