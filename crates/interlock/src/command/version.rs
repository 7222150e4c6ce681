use proof::json::{Value, object};

use crate::exit::{Exit, Failure};
use crate::output::Output;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints the version.
pub(super) fn run(output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        output.json(&object([("version", Value::from(VERSION))]))?;
    } else {
        output.line(format!("interlock {VERSION}"))?;
    }
    Ok(Exit::Ok)
}
