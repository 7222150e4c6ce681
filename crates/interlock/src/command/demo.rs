use crate::cli::DemoArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Runs the demo.
pub(super) fn run(arguments: &DemoArgs, output: &mut Output) -> Result<Exit, Failure> {
    super::block_on_many(crate::demo::run(arguments, output))?
}
