mod check;
mod test;

use crate::cli::BundleCommand;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Checks or tests a bundle's folder.
pub(super) fn run(command: &BundleCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        BundleCommand::Check { folder } => check::run(folder, output),
        BundleCommand::Publish(arguments) => super::govern::publish(arguments, output),
        BundleCommand::Test { folder } => test::run(folder, output),
    }
}
