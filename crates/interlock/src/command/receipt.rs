use std::path::Path;
use std::time::{Duration, Instant};

use proof::json::{Object, Value, number};
use proof::limits::RECEIPT_BYTES_MAX;

use crate::cli::ReceiptArgs;
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::unfinished;

/// The interval between two reads for a record that is not published yet.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Writes a record's receipt.
pub(super) fn run(arguments: &ReceiptArgs, output: &mut Output) -> Result<Exit, Failure> {
    let (folder, record) = arguments.record.place()?;
    let log = domain::log(&folder, arguments.log.as_ref())?;
    let index = super::find::index(&log, &record, output)?;
    let receipt = published(&log, index, Duration::from_secs(arguments.wait))?.to_text();
    if let Some(file) = &arguments.out {
        if !arguments.force {
            check_replaceable(file, &log, index)?;
        }
        unfinished::write(file, receipt.as_bytes(), 0o666)?;
    }
    if output.is_json() {
        let mut members = Object::from([
            ("index", number(index)),
            ("log", log.name.as_str().into()),
            ("origin", log.key.name().into()),
        ]);
        match &arguments.out {
            Some(file) => members.insert("file", file.display().to_string().into()),
            None => members.insert("receipt", receipt.into()),
        };
        output.json(&Value::Object(members))?;
    } else if let Some(file) = &arguments.out {
        let paint = output.paint();
        let (mark, name) =
            (paint.text(Style::Good, "✓"), paint.text(Style::Name, file.display().to_string()));
        output.line(format!("{mark} receipt of record {index} of {}: {name}", log.key.name()))?;
    } else {
        output.bytes(receipt.trim_end_matches('\n').as_bytes())?;
    }
    Ok(Exit::Ok)
}

/// Refuses to overwrite a file, unless it is a receipt of the same record.
fn check_replaceable(file: &Path, log: &Log, index: u64) -> Result<(), Failure> {
    if !std::fs::metadata(file).is_ok_and(|found| found.is_file()) {
        return Ok(());
    }
    let old = node::plain::read_text(file, RECEIPT_BYTES_MAX).unwrap_or_default();
    let old = proof::receipt::Receipt::parse(&old);
    if old.is_ok_and(|old| old.index == index && old.verify_own(&log.key).is_ok()) {
        return Ok(());
    }
    let what = format!("`{}` is there, and is no receipt of this record", file.display());
    Err(Failure::new(Exit::Usage, what).help("choose another file, or write over it with --force"))
}

/// The receipt, as soon as a signed head covers the record.
fn published(log: &Log, index: u64, wait: Duration) -> Result<proof::receipt::Receipt, Failure> {
    let started = Instant::now();
    loop {
        let reader = log.verified()?;
        if index < reader.size() {
            return reader.receipt(index).map_err(|why| log.not_verified(&why));
        }
        // A record that was never written will not be published.
        log.entry(index)?;
        if started.elapsed() >= wait {
            let what =
                format!("record {index} is written, but not published within {} s", wait.as_secs());
            let help =
                "start the node again, which publishes what is written, or wait longer with --wait";
            return Err(Failure::new(Exit::Failed, what).code("not_published").help(help));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
