use kernel::lineage::LineageRecord;

use crate::cli::Record;
use crate::domain::Log;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The index of the record that is meant.
pub(super) fn index(log: &Log, record: &Record, output: &Output) -> Result<u64, Failure> {
    let (execution, seq) = match record {
        Record::At(index) => return Ok(*index),
        Record::Of(execution, seq) => (execution, *seq),
    };
    let mut progress = output.progress("searching");
    for entry in log.entries(0)? {
        let entry = entry?;
        progress.at(entry.index, None);
        let link = LineageRecord::parse(&entry.record).ok().and_then(|record| record.header.link);
        if link
            .is_some_and(|link| link.seq == seq && link.execution.starts_with(execution.as_str()))
        {
            return Ok(entry.index);
        }
    }
    let what = format!("the {} log has no record {seq} of an execution `{execution}`", log.name);
    Err(Failure::new(Exit::NoInput, what)
        .help("`interlock log show` lists executions and their records"))
}
