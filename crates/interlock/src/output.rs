//! Results on standard output, as text or as one JSON object a line; progress on standard error.
//!
//! Nothing from outside reaches a terminal raw: all output goes through this module, which escapes
//! everything that a terminal would act on (`proof::shown`). The program's own colours and line
//! feeds are added last.

mod progress;
mod table;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use api::RecordJson;
use proof::json::Value;
use proof::shown;

pub(crate) use progress::ProgressLine;
pub(crate) use table::Table;
pub(crate) use terminal::{file_stdout, stdout};

use crate::exit::{Exit, Failure};
use crate::paint;
pub(crate) use crate::paint::{ColorChoice, Paint, Style};
pub(crate) use crate::stderr::{show_panics, stderr, stderr_is_terminal};

/// The destination and format of a command's results.
pub(crate) struct Output {
    to: BufWriter<Box<dyn Write>>,
    is_json: bool,
    is_terminal: bool,
    paint: Paint,
    shows_progress: bool,
}

impl Output {
    /// Standard output; colours as chosen, else on a terminal only.
    pub(crate) fn stdout(is_json: bool, choice: ColorChoice) -> Self {
        let stdout: Stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let paint = choice.paint(is_terminal && !is_json);
        let shows_progress = stderr_is_terminal();
        let to = BufWriter::new(Box::new(stdout) as Box<dyn Write>);
        Self { to, is_json, is_terminal, paint, shows_progress }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// The colours of text.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Whether progress is shown: standard error is a terminal.
    pub(crate) fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    /// A progress line on standard error, shown only on a terminal.
    pub(crate) fn progress(&self, what: &'static str) -> ProgressLine {
        ProgressLine::new(what, self.shows_progress)
    }

    /// Writes one line of text.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.written(paint::finished(text.as_ref()).as_bytes())
    }

    /// Writes a text of several lines.
    pub(crate) fn lines(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        text.as_ref().split('\n').try_for_each(|line| self.line(line))
    }

    /// Writes one line of JSON: canonical, except that characters which a terminal would act on are
    /// escaped.
    pub(crate) fn json(&mut self, value: &Value) -> Result<(), Failure> {
        let bytes = value.to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        self.written(shown::json(&text).as_bytes())
    }

    /// Writes a reply of the node as one line of JSON, as [`Output::json`] does.
    pub(crate) fn reply(&mut self, reply: &impl serde::Serialize) -> Result<(), Failure> {
        let RecordJson(value) = RecordJson::of(reply).map_err(|why| {
            Failure::new(Exit::Data, "the node's answer cannot be shown").why(why)
        })?;
        self.json(&value)
    }

    /// Writes these bytes and a line feed for another program: unchanged, except on a terminal.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self.is_terminal {
            true => self.written(shown::lines(bytes).as_bytes()),
            false => self.written(bytes),
        }
    }

    fn written(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.to.write_all(bytes).and_then(|()| self.to.write_all(b"\n"));
        written.map_err(|why| closed(&why))
    }

    /// Writes the buffered bytes.
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
