mod show;
mod tail;
mod verify;

pub(super) use verify::{rate, records as verify_records};

use ledger::ReadEntry;
use proof::json::{Value, number, object};

use crate::cli::LogCommand;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::record_line;

/// Verifies, shows or follows a log.
pub(super) fn run(command: &LogCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        LogCommand::Verify(arguments) => verify::run(arguments, output),
        LogCommand::Show(arguments) => show::run(arguments, output),
        LogCommand::Tail(arguments) => tail::run(arguments, output),
    }
}

/// Writes one record, as a line of text or of JSON.
fn write(entry: &ReadEntry, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        let record = Value::parse(&entry.record);
        let record = record.map_err(|why| malformed(entry.index, &why))?;
        output.json(&object([("index", number(entry.index)), ("record", record)]))
    } else {
        output.line(record_line::line(entry.index, &entry.record, output.paint()))
    }
}

fn malformed(index: u64, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Data, format!("entry {index} is no record")).why(why)
}
