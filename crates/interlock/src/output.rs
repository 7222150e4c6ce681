//! Results on standard output, as text or as one JSON object a line; progress on standard error.

mod paint;
mod progress;
mod table;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use proof::json::Value;

pub(crate) use paint::{ColorChoice, Paint, Style};
pub(crate) use progress::Progress;
pub(crate) use table::Table;

use crate::exit::Failure;

/// Where a command writes its results, and how.
pub(crate) struct Output {
    to: BufWriter<Box<dyn Write>>,
    is_json: bool,
    paint: Paint,
    shows_progress: bool,
}

impl Output {
    /// Standard output; colours as chosen, else on a terminal only.
    pub(crate) fn stdout(is_json: bool, choice: ColorChoice) -> Self {
        let stdout: Stdout = io::stdout();
        let paint = choice.paint(stdout.is_terminal() && !is_json);
        let shows_progress = io::stderr().is_terminal();
        Self { to: BufWriter::new(Box::new(stdout)), is_json, paint, shows_progress }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// How text is coloured.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Whether somebody watches: standard error is a terminal.
    pub(crate) fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    /// A progress line on standard error, shown only on a terminal.
    pub(crate) fn progress(&self, what: &'static str) -> Progress {
        Progress::new(what, self.shows_progress)
    }

    /// Writes one line of text.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.bytes(text.as_ref().as_bytes())
    }

    /// Writes one line of canonical JSON.
    pub(crate) fn json(&mut self, value: &Value) -> Result<(), Failure> {
        self.bytes(&value.to_bytes())
    }

    /// Writes these bytes and a line feed.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.to.write_all(bytes).and_then(|()| self.to.write_all(b"\n"));
        written.map_err(|why| closed(&why))
    }

    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|why| closed(&why))
    }
}

fn closed(why: &io::Error) -> Failure {
    Failure::io("the result could not be written", why)
}

/// A count with its digits in groups of three: `1 234 567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 record`, `2 records`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}
