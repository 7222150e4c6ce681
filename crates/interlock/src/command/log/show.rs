use kernel::replay::SealedPart;
use ledger::ReadEntry;
use proof::digest::Digest;
use record::lineage::LineageRecord;

use crate::cli::{LogShowArgs, Range};
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::record_line;

/// Prints one record whole, or a line for each of many.
pub(super) fn run(arguments: &LogShowArgs, output: &mut Output) -> Result<Exit, Failure> {
    let (folder, range) = arguments.place()?;
    let log = domain::log(&folder, arguments.log.as_ref())?;
    match range {
        Some(Range::One(index)) => print_one(&log, index, output),
        Some(Range::Between(from, to)) if from >= to => {
            let what = format!("the range `{from}..{to}` names no record");
            Err(Failure::new(Exit::Usage, what)
                .help("write a range without its end, such as 10..20"))
        }
        Some(Range::Between(from, to)) => print_many(&log, from, to, output),
        None => print_many(&log, 0, u64::MAX, output),
    }
}

fn print_one(log: &Log, index: u64, output: &mut Output) -> Result<Exit, Failure> {
    let entry = log.entry(index)?;
    if output.is_json() {
        super::print_entry(log, &entry, &mut super::StartedExecutions::default(), output)?;
        return Ok(Exit::Ok);
    }
    let paint = output.paint();
    output.line(record_line::line(index, &entry.record, paint))?;
    let value: serde_json::Value =
        serde_json::from_slice(&entry.record).map_err(|why| super::malformed(index, &why))?;
    output.lines(format!("{value:#}"))?;
    let sealed = match entry.sealed.as_deref() {
        Some([]) => "no private part".to_owned(),
        found => private(log, &entry, found)?,
    };
    output.line(paint.text(Style::Quiet, sealed))?;
    Ok(Exit::Ok)
}

/// Says whether the private part can be opened, and if not, why.
fn private(log: &Log, entry: &ReadEntry, sealed: Option<&[u8]>) -> Result<String, Failure> {
    let record = LineageRecord::parse(&entry.record).ok();
    let link = record.as_ref().and_then(|record| record.header.link.as_ref());
    let execution = link.map(|link| link.execution.as_str());
    let mut opener = crate::replay::opener(log)?;
    let digest = Digest::of(&entry.record);
    match opener.part(execution, entry.index, &digest, sealed) {
        SealedPart::Open(_) => {
            Ok("its private part lies beside the log: `interlock explain` opens it".to_owned())
        }
        SealedPart::Unreadable(why) => Ok(format!(
            "its private part: {}",
            crate::command::find::loss_reason(log, execution, why)?
        )),
    }
}

fn print_many(log: &Log, from: u64, to: u64, output: &mut Output) -> Result<Exit, Failure> {
    let wanted = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
    let mut begun = super::StartedExecutions::default();
    for entry in log.entries(from)?.take(wanted) {
        super::print_entry(log, &entry?, &mut begun, output)?;
    }
    Ok(Exit::Ok)
}
