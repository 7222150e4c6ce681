use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use super::grouped;

/// The least time between two drawings of the line.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// Work shorter than this shows nothing.
const QUIET_FOR: Duration = Duration::from_millis(400);

/// One line on standard error with the progress of long work. It is removed when the work ends.
pub(crate) struct ProgressLine {
    what: &'static str,
    is_shown: bool,
    started: Instant,
    drawn: Option<Instant>,
}

impl ProgressLine {
    pub(super) fn new(what: &'static str, is_shown: bool) -> Self {
        Self { what, is_shown, started: Instant::now(), drawn: None }
    }

    /// Shows that `done` are done, of `of` where the total is known.
    pub(crate) fn at(&mut self, done: u64, of: Option<u64>) {
        if !self.is_shown || self.started.elapsed() < QUIET_FOR {
            return;
        }
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW_EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        let line = match of {
            Some(of) if of > 0 => {
                let percent = done.min(of).saturating_mul(100) / of;
                format!("\r\x1b[2K{} {} of {} ({percent} %)", self.what, grouped(done), grouped(of))
            }
            _ => format!("\r\x1b[2K{} {}", self.what, grouped(done)),
        };
        // Progress is a courtesy: where it cannot be shown, the work goes on.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = io::stderr().write_all(b"\r\x1b[2K");
        }
    }
}
