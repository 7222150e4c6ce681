mod check;
mod definitions;
mod diff;
pub(super) mod test;
pub(super) mod warnings;

use crate::cli::BundleCommand;
use crate::exit::{Exit, Failure};
use crate::output::Output;

fn size(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Checks, tests, compares or publishes a bundle's folder, or prints the digests of tools that it
/// may pin.
pub(super) fn run(command: &BundleCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        BundleCommand::Check { folder, domain } => check::run(folder, domain.as_deref(), output),
        BundleCommand::Definitions { messages } => definitions::run(messages, output),
        BundleCommand::Diff(arguments) => diff::run(arguments, output),
        BundleCommand::Publish(arguments) => super::govern::publish(arguments, output),
        BundleCommand::Test { folder } => test::run(folder, output),
    }
}
