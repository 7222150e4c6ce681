//! Compares every type of record in three places: the formats, the golden vectors, and the code.
//! `spec/verify.py` reads the same vectors
//! (`proof::verify_py::the_vectors_are_as_expected_and_a_changed_one_is_not`).
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use interlock_kernel::governance::Governance;
use proof::json::Value;
use record::lineage::LineageRecord;

/// Every type that a reader of version 1 knows.
const GOVERNANCE: [&str; 10] = [
    "bundle.published",
    "domain.created",
    "execution.ended",
    "halt.lifted",
    "halt.ordered",
    "node.registered",
    "roles.changed",
    "semantics.adopted",
    "trust.changed",
    "workload.registered",
];
const LINEAGE: [&str; 13] = [
    "approval.given",
    "clock.stepped",
    "enforcement.ordered",
    "execution.delegated",
    "execution.ended",
    "execution.erased",
    "execution.started",
    "governance.adopted",
    "input.refused",
    "state.snapshot",
    "transition.completed",
    "transition.decided",
    "transition.withheld",
];

fn spec(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec").join(path)
}

/// The files of vectors of one kind of log.
const GOVERNANCE_FILES: [&str; 2] = ["governance.jsonl", "reductions.jsonl"];
const LINEAGE_FILES: [&str; 3] = ["lineage.jsonl", "stops.jsonl", "written.jsonl"];

fn cases(name: &str) -> Vec<Value> {
    let text = std::fs::read(spec("vectors").join(name)).unwrap();
    let lines = text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n');
    lines.map(|line| Value::parse(line).unwrap()).collect()
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case.get(member).and_then(Value::as_str).unwrap()
}

fn is_accepted(case: &Value) -> bool {
    case.get("accept").and_then(Value::as_bool).unwrap()
}

/// The records that the vectors accept, by type.
fn accepted(names: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let mut types: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let cases = names.iter().flat_map(|name| cases(name));
    for case in cases.filter(is_accepted) {
        let record = Value::parse(text(&case, "text").as_bytes()).unwrap();
        types.entry(text(&record, "type").to_owned()).or_default().push(record);
    }
    types
}

#[test]
fn lineage_vectors_are_read_or_refused_as_expected() {
    for case in LINEAGE_FILES.iter().flat_map(|name| cases(name)) {
        let bytes = text(&case, "text").as_bytes();
        let read = LineageRecord::parse(bytes);
        assert_eq!(read.is_ok(), is_accepted(&case), "{}: {read:?}", text(&case, "name"));
        if let Ok(record) = read {
            assert_eq!(record.to_bytes(), bytes, "{}", text(&case, "name"));
        }
    }
}

#[test]
fn governance_vectors_are_accepted_or_refused_as_expected() {
    for name in GOVERNANCE_FILES {
        let mut fold = Governance::new("acme.example/governance");
        for case in cases(name) {
            let size = i64::try_from(fold.position().size).unwrap();
            assert_eq!(case.get("after").and_then(Value::as_i64), Some(size));
            let applied = fold.apply(text(&case, "text").as_bytes());
            assert_eq!(applied.is_ok(), is_accepted(&case), "{}: {applied:?}", text(&case, "name"));
        }
    }
}

#[test]
fn every_type_has_an_accepted_record_and_refused_ones() {
    for (names, types) in [(&GOVERNANCE_FILES[..], &GOVERNANCE[..]), (&LINEAGE_FILES, &LINEAGE)] {
        assert!(accepted(names).keys().eq(types), "{:?}", accepted(names).keys());
        let all = names.iter().flat_map(|name| cases(name));
        let refused: Vec<Value> = all.filter(|case| !is_accepted(case)).collect();
        for kind in types {
            let of = format!("\"type\":\"{kind}\"");
            let count = refused.iter().filter(|case| text(case, "text").contains(&of)).count();
            assert!(count >= 3, "{kind} is refused {count} times");
        }
    }
}

/// The rows of the tables in `records.md`, by their record type: the words in backticks.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string(spec("records.md")).unwrap();
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let first = row.split('|').nth(1).unwrap();
        let votes = |text: &str| -> BTreeSet<String> {
            text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        for word in votes(first) {
            rows.entry(word).or_default().extend(votes(row));
        }
    }
    rows
}

#[test]
fn the_formats_list_every_type_and_member_of_the_vectors() {
    let described = described();
    let of_all = ["at", "node", "governance", "type", "v", "execution", "seq", "prev", "parents"];
    for member in of_all {
        assert!(described.contains_key(member), "`{member}` is not described");
    }
    let row =
        |kind: &str| described.get(kind).unwrap_or_else(|| panic!("`{kind}` is not described"));
    for (kind, records) in accepted(&LINEAGE_FILES) {
        for member in records.iter().flat_map(|record| record.as_object().unwrap().keys()) {
            let is_there = of_all.contains(&member) || row(&kind).contains(member);
            assert!(is_there, "`{member}` of `{kind}` is not described");
        }
    }
    for (kind, records) in accepted(&GOVERNANCE_FILES) {
        let contents = records.iter().map(|record| record.get("content").unwrap());
        for member in contents.flat_map(|content| content.as_object().unwrap().keys()) {
            assert!(row(&kind).contains(member), "`{member}` of `{kind}` is not described");
        }
    }
    let types = described.keys().filter(|word| word.contains('.') && !word.contains('/'));
    let known: BTreeSet<&str> = GOVERNANCE.iter().chain(&LINEAGE).copied().collect();
    for kind in types {
        assert!(known.contains(kind.as_str()), "`{kind}` is described, and no type");
    }
}
