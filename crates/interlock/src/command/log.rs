mod show;
mod tail;
mod verify;

pub(super) use verify::{rate, records as verify_records, verified};

use std::collections::BTreeSet;

use ledger::ReadEntry;
use proof::json::{Value, number, object};
use record::governance::{Change, SignedProposal, Subject};

use crate::cli::LogCommand;
use crate::domain::Log;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::record_line;

/// Verifies, shows or follows a log.
pub(super) fn run(command: &LogCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        LogCommand::Verify(arguments) => verify::run(arguments, output),
        LogCommand::Show(arguments) => show::run(arguments, output),
        LogCommand::Tail(arguments) => tail::run(arguments, output),
    }
}

/// The executions that began in the lineage log beside a governance log. The log is read when the
/// first record needs it.
#[derive(Default)]
struct StartedExecutions(Option<BTreeSet<String>>);

impl StartedExecutions {
    /// Whether a governance record is about an execution that never began here.
    fn is_void(&mut self, log: &Log, record: &[u8]) -> bool {
        let value = Value::parse(record).ok();
        let signed = value.and_then(|value| SignedProposal::from_record(&value).ok());
        let execution = match signed.map(|(_, signed)| signed.proposal.change) {
            Some(Change::ExecutionEnded { execution }) => execution,
            Some(
                Change::HaltOrdered { subject: Subject::Execution(execution) }
                | Change::TrustChanged { subject: Subject::Execution(execution), .. },
            ) => execution,
            _ => return false,
        };
        let begun = self.0.get_or_insert_with(|| {
            let domain = log.folder.parent().unwrap_or(&log.folder);
            let started = super::names::started(domain).unwrap_or_default();
            started.into_iter().map(|(id, _)| id).collect()
        });
        !begun.contains(&execution)
    }
}

/// Prints one record, as a line of text or of JSON.
fn print_entry(
    log: &Log,
    entry: &ReadEntry,
    begun: &mut StartedExecutions,
    output: &mut Output,
) -> Result<(), Failure> {
    let is_void = begun.is_void(log, &entry.record);
    if output.is_json() {
        let record = Value::parse(&entry.record);
        let record = record.map_err(|why| malformed(entry.index, &why))?;
        let void = is_void.then_some(("void", Value::Bool(true)));
        let members = [("index", number(entry.index)), ("record", record)];
        output.json(&object(members.into_iter().chain(void)))
    } else {
        let line = record_line::line(entry.index, &entry.record, output.paint());
        let void = match is_void {
            true => {
                output.paint().text(Style::Warning, "  void: no execution of that id began here")
            }
            false => String::new(),
        };
        output.line(format!("{line}{void}"))
    }
}

fn malformed(index: u64, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Data, format!("entry {index} is no record")).why(why)
}
