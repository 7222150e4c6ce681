use std::collections::VecDeque;
use std::time::Duration;

use crate::cli::LogTailArgs;
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// How often new records are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Shows the last records, and new ones as they come.
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
    let mut begun = super::Begun::default();
    for entry in last {
        super::print_entry(&log, &entry, &mut begun, output)?;
    }
    if arguments.follow { follow(&log, next, output) } else { Ok(Exit::Ok) }
}

/// Shows what is written from this index on, until the program is interrupted or nobody reads any more.
fn follow(log: &Log, mut next: u64, output: &mut Output) -> Result<Exit, Failure> {
    loop {
        // What began meanwhile is known too.
        let mut begun = super::Begun::default();
        output.flush()?;
        std::thread::sleep(LOOK_EVERY);
        for entry in log.entries(next)? {
            let entry = entry?;
            next = entry.index.saturating_add(1);
            super::print_entry(log, &entry, &mut begun, output)?;
        }
    }
}
