use std::io::{self, BufRead as _, IsTerminal as _};

use crate::exit::{Exit, Failure};
use crate::output::stderr;

/// The behaviour of a question without a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unattended {
    /// The command goes on, so that a stop never fails in a script.
    GoesOn,
    /// The command needs `--yes`.
    NeedsYes,
}

/// Whether a person is at the terminal.
fn is_attended() -> bool {
    io::stdin().is_terminal()
}

/// Asks the person at the terminal, unless `--yes` was given. Any answer but `y` or `yes` is a no.
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
