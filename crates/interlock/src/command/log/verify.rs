mod governance;
mod threads;

use std::time::Instant;

use kernel::governance::Governance;
use proof::digest::Digest;
use proof::json::{Object, Value, number};
use proof::log::Summary;

use crate::cli::LogVerifyArgs;
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::key;
use crate::output::{Output, Style, counted, grouped};
pub(in crate::command) use threads::verify as records;

/// Verifies one log, or both of a domain and that they belong together.
pub(super) fn run(arguments: &LogVerifyArgs, output: &mut Output) -> Result<Exit, Failure> {
    let folders = domain::logs(&arguments.folder, arguments.log.as_ref())?;
    let key = arguments.vkey.as_deref().map(key::read).transpose()?;
    if key.is_some() && folders.len() > 1 {
        let help = "name one log: `--log lineage` or `--log governance`";
        return Err(Failure::new(Exit::Usage, "one key was given for two logs").help(help));
    }
    let mut exit = Exit::Ok;
    let mut governed = None;
    for folder in folders {
        let log = Log::open(&folder, key.clone())?;
        match verify(&log, &mut governed, output) {
            Ok(verified) => print_verified(&log, &verified, key.is_some(), output)?,
            Err(why) if why.exit() == Exit::Denied => {
                exit = Exit::Denied;
                print_refused(&log, &why, output)?;
            }
            Err(why) => return Err(why),
        }
    }
    Ok(exit)
}

/// The head and length of a verified log.
pub(in crate::command) struct VerifiedLog {
    /// Records that its head covers.
    pub(in crate::command) size: u64,
    /// The root of its head.
    pub(in crate::command) root: Digest,
    /// All of its records.
    pub(in crate::command) written: u64,
}

/// Verifies one log. The governance log's fold goes into `governed`, for the lineage log after it.
pub(in crate::command) fn verified(
    log: &Log,
    governed: &mut Option<Governance>,
    output: &Output,
) -> Result<VerifiedLog, Failure> {
    let Verified { summary, unpublished, .. } = verify(log, governed, output)?;
    let written = summary.size.saturating_add(unpublished);
    Ok(VerifiedLog { size: summary.size, root: summary.root, written })
}

struct Verified {
    summary: Summary,
    unpublished: u64,
    per_s: u64,
    checked: &'static str,
}

/// Verifies the hashes and signatures of one log, then the content of its records.
fn verify(
    log: &Log,
    governed: &mut Option<Governance>,
    output: &Output,
) -> Result<Verified, Failure> {
    let started = Instant::now();
    let summary = threads::verify(log, output)?;
    let per_s = rate(summary.records, started);
    let unpublished = log.entries(summary.size)?.count();
    let mut checked = "every hash and signature";
    if log.key.name().ends_with("/governance") {
        *governed = Some(governance::fold(log)?);
        checked = "every hash, and every officer's signature";
    } else if let Some(governance) = governed {
        governance::registered(log, governance)?;
        checked = "every hash, and the key that governance registered";
    }
    Ok(Verified {
        summary,
        unpublished: u64::try_from(unpublished).unwrap_or(u64::MAX),
        per_s,
        checked,
    })
}

/// The number a second.
pub(in crate::command) fn rate(done: u64, started: Instant) -> u64 {
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
    done.saturating_mul(1_000_000) / micros
}

fn print_verified(
    log: &Log,
    verified: &Verified,
    is_key_given: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Verified { summary, unpublished, per_s, checked } = verified;
    if output.is_json() {
        return output.json(&Value::Object(Object::from([
            ("is_verified", true.into()),
            ("key", log.key.to_string().into()),
            ("log", log.name.as_str().into()),
            ("origin", summary.origin.as_str().into()),
            ("per_s", number(*per_s)),
            ("records", number(summary.records)),
            ("root", summary.root.to_value()),
            ("size", number(summary.size)),
            ("unpublished", number(*unpublished)),
        ])));
    }
    let paint = output.paint();
    let mark = paint.text(Style::Good, "✓");
    let origin = paint.text(Style::Heading, &summary.origin);
    let records = counted(summary.records, "record", "records");
    output.line(format!("{mark} {origin}  {records}, {checked}"))?;
    output.line(format!("  {}  {}", paint.text(Style::Label, "root"), summary.root))?;
    let beside =
        if is_key_given { "" } else { "  (from the folder: pin the one you know with --vkey)" };
    let key = format!("{}{}", log.key, paint.text(Style::Quiet, beside));
    output.line(format!("  {}   {key}", paint.text(Style::Label, "key")))?;
    if *unpublished > 0 {
        let tail =
            format!("{} written after this head", counted(*unpublished, "record", "records"));
        output.line(format!("  {}  {tail}", paint.text(Style::Label, "tail")))?;
    }
    let rate = format!("  {} records/s", grouped(*per_s));
    if output.shows_progress() { output.line(paint.text(Style::Quiet, rate)) } else { Ok(()) }
}

fn print_refused(log: &Log, failure: &Failure, output: &mut Output) -> Result<(), Failure> {
    let why = failure.reason();
    if output.is_json() {
        return output.json(&Value::Object(Object::from([
            ("is_verified", false.into()),
            ("log", log.name.as_str().into()),
            ("origin", log.key.name().into()),
            ("why", why.into()),
        ])));
    }
    let paint = output.paint();
    let mark = paint.text(Style::Bad, "✗");
    output.line(format!("{mark} {}  not verified", paint.text(Style::Heading, log.key.name())))?;
    output.line(format!("  {}   {why}", paint.text(Style::Label, "why")))
}
