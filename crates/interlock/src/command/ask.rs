use std::io::{self, BufRead as _, IsTerminal as _};

use crate::exit::{Exit, Failure};
use crate::output::stderr;

/// What a command does where nobody sits at a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unattended {
    /// It goes on: a stop is never hard in a script.
    GoesOn,
    /// It needs `--yes`.
    NeedsYes,
}

/// Whether somebody sits at a terminal.
fn is_attended() -> bool {
    io::stdin().is_terminal()
}

/// Asks whoever sits at the terminal, unless `--yes` was given. Anything but `y` or `yes` is a no.
pub(super) fn ask(question: &str, yes: bool, unattended: Unattended) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !is_attended() {
        return match unattended {
            Unattended::GoesOn => Ok(()),
            Unattended::NeedsYes => Err(Failure::new(Exit::Usage, "nobody is here to ask")
                .code("unasked")
                .help("read what is shown, then give --yes; on a terminal it is asked")),
        };
    }
    stderr(format!("{question} [y/N]"));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|why| Failure::io("the answer could not be read", &why))?;
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Denied, "nothing was done: the answer was no").code("unasked"))
}
