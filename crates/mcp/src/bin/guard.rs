//! Only the guard, for tests of this crate. `interlock` has it as a hidden subcommand.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(interlock_mcp::guard::run())
}
