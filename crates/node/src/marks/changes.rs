use std::path::Path;

use ledger::{Disk, FileDisk};
use proof::json::{Value, number, object};
use proof::limits::FILE_BYTES_MAX;
use record::governance::Change;

use crate::limits::SEEN_CHANGES_MAX;

/// What a governance record changed, as it is remembered beside the log's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenChange {
    /// The record's index.
    pub index: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// What, in words.
    pub what: String,
}

impl SeenChange {
    pub(crate) fn of(index: u64, at: i64, change: &Change) -> Self {
        Self { index, at, what: in_words(change) }
    }
}

/// A change in words that go on a sentence.
pub(crate) fn in_words(change: &Change) -> String {
    match change {
        Change::HaltOrdered { subject } => format!("the halt of {subject}"),
        Change::HaltLifted { subject } => format!("the lift of {subject}"),
        Change::TrustChanged { subject, trust } => {
            format!("the trust state `{}` of {subject}", trust.as_str())
        }
        Change::ExecutionEnded { execution } => format!("the end of {execution}"),
        Change::WorkloadRegistered(workload) => {
            format!("the registration of {} for uid {}", workload.name, workload.os_user)
        }
        other => other.about(),
    }
}

/// The name of the file beside a mark.
pub(super) fn name(mark: &str) -> String {
    format!("{mark}.changes")
}

/// The newest of them, one a line.
pub(super) fn to_bytes(changes: &[SeenChange]) -> Vec<u8> {
    let newest = changes.iter().skip(changes.len().saturating_sub(SEEN_CHANGES_MAX));
    let mut bytes = Vec::new();
    for one in newest {
        let value = object([
            ("at", Value::Integer(one.at)),
            ("index", number(one.index)),
            ("what", Value::from(one.what.as_str())),
        ]);
        bytes.extend(value.to_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// The changes that are remembered beside a mark. They only explain; a line that can't be read is
/// left out.
pub(super) fn read(folder: &Path, mark: &str) -> Vec<SeenChange> {
    let read = FileDisk::open(folder).and_then(|disk| disk.read(&name(mark), FILE_BYTES_MAX));
    let bytes = read.ok().flatten().unwrap_or_default();
    bytes.split(|byte| *byte == b'\n').filter_map(one).collect()
}

fn one(line: &[u8]) -> Option<SeenChange> {
    let value = Value::parse(line).ok()?;
    Some(SeenChange {
        index: u64::try_from(value.get("index")?.as_i64()?).ok()?,
        at: value.get("at")?.as_i64()?,
        what: value.get("what")?.as_str()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_changes_are_kept() {
        let change =
            |index| SeenChange { index, at: 1, what: format!("the halt of zone:z{index}") };
        let all: Vec<SeenChange> = (0..=1_000).map(change).collect();
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("marks");
        FileDisk::create(&folder).unwrap();
        super::super::replace(&folder, "governance.changes", &to_bytes(&all)).unwrap();
        let read = read(&folder, "governance");
        assert_eq!((read.len(), read.first()), (SEEN_CHANGES_MAX, all.get(1)));
        assert_eq!(read.last(), all.last());
    }
}
