use crate::cli::{LogShow, Range};
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::record_line;

/// Shows one record whole, or a line for each of many.
pub(super) fn run(arguments: &LogShow, output: &mut Output) -> Result<Exit, Failure> {
    let (folder, range) = arguments.place()?;
    let log = domain::log(&folder, arguments.log.as_ref())?;
    match range {
        Some(Range::One(index)) => one(&log, index, output),
        Some(Range::Between(from, to)) => many(&log, from, to, output),
        None => many(&log, 0, u64::MAX, output),
    }
}

fn one(log: &Log, index: u64, output: &mut Output) -> Result<Exit, Failure> {
    let entry = log.entry(index)?;
    if output.is_json() {
        super::write(&entry, output)?;
        return Ok(Exit::Ok);
    }
    let paint = output.paint();
    output.line(record_line::line(index, &entry.record, paint))?;
    let value: serde_json::Value =
        serde_json::from_slice(&entry.record).map_err(|why| super::malformed(index, &why))?;
    output.line(format!("{value:#}"))?;
    let sealed = match entry.sealed.as_deref() {
        Some([]) => "no private part",
        Some(_) => "its private part lies beside the log: `interlock explain` opens it",
        None => "its private part is not here",
    };
    output.line(paint.text(Style::Quiet, sealed))?;
    Ok(Exit::Ok)
}

fn many(log: &Log, from: u64, to: u64, output: &mut Output) -> Result<Exit, Failure> {
    let wanted = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    for entry in log.entries(from)?.take(wanted) {
        super::write(&entry?, output)?;
    }
    Ok(Exit::Ok)
}
