use std::path::Path;
use std::time::Instant;

use proof::json::Value;
use proof::log::Summary;
use proof::receipt::Receipt;
use proof::tile::EntryBundle;

use super::live::StoryRecords;
use super::narration;
use crate::domain::{DomainLogs, Log};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::replay;
use crate::unfinished::Unfinished;

/// Verifies both logs, replays every decision, and flips a byte in a copy. False where a check
/// fails.
pub(super) fn all(
    options: &node::Options,
    told: &StoryRecords,
    output: &mut Output,
) -> Result<bool, Failure> {
    narration::checking(output)?;
    let mut is_sound = true;
    for (name, folder) in
        [("governance", options.governance_folder()), ("lineage", options.lineage_folder())]
    {
        let verified = verify(&folder);
        let text = match &verified {
            Ok(summary) => {
                format!("the {name} log verifies: {} records, root {}", summary.size, summary.root)
            }
            Err(why) => format!("the {name} log does not verify: {}", why.cause()),
        };
        is_sound &= verified.is_ok();
        narration::checked(output, verified.is_ok(), &text)?;
    }
    is_sound &= replayed(options, output)?;
    is_sound &= labelled(&options.lineage_folder(), output)?;
    is_sound &= proven(&options.lineage_folder(), told.erased, output)?;
    is_sound &= flipped(&options.lineage_folder(), output)?;
    Ok(is_sound)
}

fn replayed(options: &node::Options, output: &mut Output) -> Result<bool, Failure> {
    let began = Instant::now();
    let logs = DomainLogs::open(&options.folder)?;
    let counts = replay::follow(&logs, replay::ReplayRules::Published, |_, _| Ok(()))?;
    // Only the public part is left of the erased helper's records.
    let is_identical = counts.different == 0
        && counts.not_replayable() == counts.erased
        && counts.erased > 0
        && counts.identical > 0;
    let text = format!(
        "{} decisions derived again from the log: {} identical, {} erased, {} different ({:.0} ms)",
        counts.decisions(),
        counts.identical,
        counts.erased,
        counts.different,
        began.elapsed().as_secs_f64() * 1000.0
    );
    narration::checked(output, is_identical, &text)?;
    Ok(is_identical)
}

/// The policy that keeps detected secrets from leaving.
const KEPT_IN: &str = "labels.no-secrets-out";

/// Looks in the public part of the log for the denial that a detector caused, and for the execution
/// that took over the labels of another one.
fn labelled(log: &Path, output: &mut Output) -> Result<bool, Failure> {
    let lineage = Log::open(log, None)?;
    let (mut kept_in, mut left, mut taken) = (None, None, None);
    for entry in lineage.entries(0)? {
        let entry = entry?;
        let record = Value::parse(&entry.record).map_err(|why| lineage.not_verified(&why))?;
        let (Some(decision), Some(execution)) =
            (record.get("decision"), record.get("execution").and_then(Value::as_str))
        else {
            continue;
        };
        let labels = |what: &str| names(decision.get("labels").and_then(|labels| labels.get(what)));
        if policies(decision).any(|id| id == KEPT_IN) {
            kept_in = kept_in.or(Some(entry.index));
        }
        let is_read = record.get("action").and_then(Value::as_str) == Some("read_file");
        match &left {
            None => {
                let places = labels("leaves");
                left = (!places.is_empty()).then(|| (entry.index, execution.to_owned(), places));
            }
            Some((_, writer, _)) if is_read && writer != execution => {
                // No file carries this label from the start.
                let labels = labels("adds");
                taken = taken.or(labels.contains("untrusted").then_some((entry.index, labels)));
            }
            Some(_) => {}
        }
    }
    let said = match kept_in {
        Some(index) => format!("record {index} was kept in by what a detector found in it"),
        None => "no detector found anything".to_owned(),
    };
    narration::checked(output, kept_in.is_some(), &said)?;
    let said = match (&left, &taken) {
        (Some((wrote, _, places)), Some((read, labels))) => format!(
            "what record {wrote} left at `{places}`, another execution took up on record {read}: {labels}"
        ),
        _ => "nobody took up what another execution left".to_owned(),
    };
    narration::checked(output, taken.is_some(), &said)?;
    Ok(kept_in.is_some() && taken.is_some())
}

/// The ids of the policies that determined a decision.
fn policies(decision: &Value) -> impl Iterator<Item = &str> {
    let policies = decision.get("policies").and_then(Value::as_array).unwrap_or_default();
    policies.iter().filter_map(|policy| policy.get("id")?.as_str())
}

/// Names in an array, as a list in words.
fn names(array: Option<&Value>) -> String {
    let names = array.and_then(Value::as_array).unwrap_or_default().iter();
    names.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// Makes a receipt of an erased decision, and verifies it with the receipt and the key alone.
fn proven(log: &Path, index: u64, output: &mut Output) -> Result<bool, Failure> {
    let log = Log::open(log, None)?;
    let text = log.verified()?.receipt(index).map(|receipt| receipt.to_text());
    let text = text.map_err(|why| log.not_verified(&why))?;
    let verified = Receipt::parse(&text)
        .and_then(|receipt| receipt.verify_own(&log.key).map(|(record, _)| record.len()));
    let said = match &verified {
        Ok(_) => format!("record {index}, whose private part is erased, is proven by its receipt"),
        Err(why) => format!("record {index} is not proven: {why}"),
    };
    narration::checked(output, verified.is_ok(), &said)?;
    Ok(verified.is_ok())
}

/// Flips one byte of an entry in a copy of the log, and checks that verifying the copy fails.
fn flipped(log: &Path, output: &mut Output) -> Result<bool, Failure> {
    let failed = |why: std::io::Error| Failure::io("the copy of the log cannot be made", &why);
    let (_made, copy) = Unfinished::temporary("interlock-demo-copy-", &std::env::temp_dir())?;
    copy_public(log, &copy).map_err(failed)?;
    let entries = copy.join(last_entries(verify(&copy)?.size)?);
    let mut bytes = std::fs::read(&entries).map_err(failed)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    std::fs::write(&entries, bytes).map_err(failed)?;
    let verified = verify(&copy);
    let text = match &verified {
        Ok(_) => "one flipped byte in a copy was not noticed".to_owned(),
        Err(why) => format!("one flipped byte in a copy is caught: {}", why.cause()),
    };
    narration::checked(output, verified.is_err(), &text)?;
    Ok(verified.is_err())
}

/// Verifies a log's folder against the key that lies in it.
fn verify(log: &Path) -> Result<Summary, Failure> {
    let log = Log::open(log, None)?;
    log.verified()?.verify_all(&mut |_| {}).map_err(|why| log.not_verified(&why))
}

fn copy_public(from: &Path, to: &Path) -> std::io::Result<()> {
    for name in ["checkpoint", "vkey"] {
        std::fs::copy(from.join(name), to.join(name))?;
    }
    copy_tree(&from.join("tile"), &to.join("tile"))
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The bundle that holds the last entries of a log of this size; older partial ones may still lie
/// beside it.
fn last_entries(size: u64) -> Result<String, Failure> {
    let width = u64::from(proof::limits::TILE_WIDTH);
    let partial = u16::try_from(size % width).unwrap_or_default();
    let bundle = match partial {
        0 => EntryBundle::new((size / width).saturating_sub(1), proof::limits::TILE_WIDTH),
        partial => EntryBundle::new(size / width, partial),
    };
    let bundle = bundle.map_err(|why| Failure::new(Exit::Failed, "the log is empty").why(why))?;
    Ok(bundle.path())
}
