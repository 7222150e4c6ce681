use std::io::{self, IsTerminal as _, Write as _};

use crate::paint::finished;

/// Writes one line on standard error.
pub(crate) fn stderr(text: impl AsRef<str>) {
    let line = format!("{}\n", finished(text.as_ref()));
    // Nothing more can be reported where standard error is closed.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Escapes a panic's message, which may quote anything, like all other output.
pub(crate) fn show_panics() {
    std::panic::set_hook(Box::new(|panic| stderr(panic.to_string())));
}
