use crate::cli::{Cli, CompletionsArgs};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Prints a completion script.
pub(super) fn run(arguments: &CompletionsArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::grammar(), "interlock", &mut script);
    output.bytes(script.trim_ascii_end())?;
    Ok(Exit::Ok)
}
