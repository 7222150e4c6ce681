use std::collections::VecDeque;
use std::time::Duration;

use crate::cli::LogTailArgs;
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The interval between two reads for new records.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Prints the last records, and new ones as they are written.
pub(super) fn run(arguments: &LogTailArgs, output: &mut Output) -> Result<Exit, Failure> {
    let log = domain::log(&arguments.dir, arguments.log.as_ref())?;
    let shown_max = usize::try_from(arguments.records).unwrap_or(usize::MAX);
    let mut next = log.published()?.saturating_sub(arguments.records);
    let mut last = VecDeque::new();
    for entry in log.entries(next)? {
        let entry = entry?;
        next = entry.index.saturating_add(1);
        last.push_back(entry);
        if last.len() > shown_max {
            last.pop_front();
        }
    }
    let mut begun = super::StartedExecutions::default();
    for entry in last {
        super::print_entry(&log, &entry, &mut begun, output)?;
    }
    if arguments.follow { follow(&log, next, output) } else { Ok(Exit::Ok) }
}

/// Prints the records from this index on, until the program is interrupted or its output is closed.
fn follow(log: &Log, mut next: u64, output: &mut Output) -> Result<Exit, Failure> {
    loop {
        // A new set, so that executions that began since the last read count too.
        let mut begun = super::StartedExecutions::default();
        output.flush()?;
        std::thread::sleep(LOOK_EVERY);
        for entry in log.entries(next)? {
            let entry = entry?;
            next = entry.index.saturating_add(1);
            super::print_entry(log, &entry, &mut begun, output)?;
        }
    }
}
