use std::fmt::Display;
use std::io::{self, Write as _};

use proof::shown::Shown;

/// Says something on standard error, in one line. What a terminal would act on is shown as an escape.
pub fn say(what: impl Display) {
    let line = format!("interlock: {}\n", Shown(&what.to_string()));
    // Nothing is left to be told where standard error is closed.
    let _ = io::stderr().write_all(line.as_bytes());
}
