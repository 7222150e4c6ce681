//! `spec/verify.py` as people call it: receipts, exit codes, `--json`; and its Ed25519 against
//! ours.
#![cfg(test)]

use std::path::Path;
use std::process::Command;

use proof::json::{Object, Value};
use proof::log::{Builder, LogFiles, LogReader, ReadError};
use proof::note::{Ed25519Signer, Signer, VerifierKey};
use proof::record::Record;

/// Exit code and output; `None` where there is no Python.
fn run(arguments: &[&str], folder: &Path) -> Option<(i32, String)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/verify.py");
    let output = Command::new("python3").arg(script).args(arguments).current_dir(folder).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            eprintln!("SKIPPED: `python3` does not start: {error}");
            return None;
        }
    };
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.code().unwrap(), String::from_utf8(said).unwrap()))
}

struct Written(Builder, Vec<proof::log::LogFile>, Ed25519Signer);

impl LogFiles for Written {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        if path == "checkpoint" {
            let signed =
                self.0.checkpoint(&self.2).map_err(|error| ReadError::new(&error.to_string()))?;
            return Ok(Some(signed.into_bytes()));
        }
        Ok(self.1.iter().find(|file| file.path == path).map(|file| file.bytes.clone()))
    }
}

fn log(origin: &str, seed: u8, entries: usize) -> Written {
    let mut builder = Builder::new();
    for _ in 0..entries {
        builder.push(Record::new("test.entry", Object::new()).unwrap().bytes()).unwrap();
    }
    let files = builder.take_files().unwrap();
    Written(builder, files, Ed25519Signer::from_seed(origin, &[seed; 32]).unwrap())
}

fn receipt(log: &Written, index: u64) -> String {
    LogReader::open(log, &log.2.verifier(), log.2.name()).unwrap().receipt(index).unwrap().to_text()
}

fn write_key(folder: &Path, name: &str, key: &VerifierKey) {
    std::fs::write(folder.join(name), format!("{key}\n")).unwrap();
}

#[test]
fn receipts_of_many_keys_and_sizes_verify() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    for (seed, entries) in [(1_u8, 1_usize), (2, 2), (3, 7), (77, 300), (255, 257)] {
        let log = log("acme.example/lineage/n1", seed, entries);
        let text = receipt(&log, entries as u64 - 1);
        write_key(folder, "vkey", &log.2.verifier());
        std::fs::write(folder.join("r"), &text).unwrap();
        let Some((code, said)) = run(&["receipt", "r", "--vkey", "vkey", "--json"], folder) else {
            return;
        };
        assert_eq!(code, 0, "{said}");
        let answer: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(answer["verified"], true);
        assert_eq!(answer["size"], entries);
        assert_eq!(answer["type"], "test.entry");

        let other = Ed25519Signer::from_seed("acme.example/lineage/n1", &[seed ^ 1; 32]).unwrap();
        write_key(folder, "other", &other.verifier());
        let (code, said) = run(&["receipt", "r", "--vkey", "other"], folder).unwrap();
        assert!(code == 2 && said.contains("another key"), "{said}");

        std::fs::write(folder.join("r"), text.replace("extra eyJ0", "extra eyJ1")).unwrap();
        let (code, said) = run(&["receipt", "r", "--vkey", "vkey"], folder).unwrap();
        assert!(code == 2 && said.contains("do not lead to the root"), "{said}");
    }
}

#[test]
fn a_checkpoint_of_another_log_is_told_apart() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    std::fs::write(folder.join("r"), receipt(&log("acme.example/lineage/n1", 1, 3), 1)).unwrap();
    write_key(folder, "vkey", &log("acme.example/governance", 1, 1).2.verifier());
    let Some((code, said)) = run(&["receipt", "r", "--vkey", "vkey"], folder) else { return };
    assert!(code == 2 && said.contains("a checkpoint of another log"), "{said}");
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    write_key(folder, "vkey", &log("a", 1, 1).2.verifier());
    for arguments in [
        &[][..],
        &["what"],
        &["log"],
        &["log", "a", "b"],
        &["log", "nowhere"],
        &["receipt", "r"],
        &["receipt", "r", "--vkey"],
        &["receipt", "nowhere", "--vkey", "vkey"],
        &["receipt", "r", "--vkey", "nowhere"],
        &["vectors", ".", "--loud"],
        &["vectors", "nowhere"],
    ] {
        let Some((code, said)) = run(arguments, folder) else { return };
        assert_eq!(code, 64, "{arguments:?}: {said}");
        assert!(said.starts_with("error: "), "{said}");
    }
}

#[test]
fn the_vectors_are_as_expected_and_a_changed_one_is_not() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    let Some((code, said)) = run(&["vectors", vectors.to_str().unwrap()], &vectors) else { return };
    assert_eq!(code, 0, "{said}");
    let scratch = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(&vectors).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, scratch.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    for name in
        ["json", "records", "governance", "lineage", "keys", "notes", "checkpoints", "receipts"]
    {
        let path = scratch.path().join(format!("{name}.jsonl"));
        let whole = std::fs::read(&path).unwrap();
        let first = whole.split(|byte| *byte == b'\n').next().unwrap();
        let Value::Object(mut case) = Value::parse(first).unwrap() else { unreachable!() };
        for answer in ["accept", "verified"] {
            if let Some(Value::Bool(truth)) = case.get_mut(answer) {
                *truth = !*truth;
            }
        }
        let changed = [Value::Object(case).to_bytes().as_slice(), &whole[first.len()..]].concat();
        std::fs::write(&path, changed).unwrap();
        let (code, said) = run(&["vectors", "."], scratch.path()).unwrap();
        assert!(code == 2 && said.contains(&format!("{name}.jsonl, line 1")), "{said}");
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_vector_that_is_not_as_it_was_frozen_is_told() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("vectors");
    let copied = Command::new("cp").arg("-r").args([&vectors, &folder]).status().unwrap();
    assert!(copied.success());
    let Some((code, said)) = run(&["vectors", "."], &folder) else { return };
    assert_eq!(code, 0, "{said}");
    // One more good case in a frozen file.
    let whole = std::fs::read(folder.join("paths.jsonl")).unwrap();
    let line = whole.split(|byte| *byte == b'\n').next().unwrap();
    std::fs::write(folder.join("paths.jsonl"), [&whole, line, b"\n"].concat()).unwrap();
    let (code, said) = run(&["vectors", "."], &folder).unwrap();
    assert!(code == 2 && said.contains("`paths.jsonl` is not the file that was frozen"), "{said}");
}

/// A small lineage log: governance adopted, an execution begun and ended. `change` alters the
/// members of each record by its place, before the next one names its digest.
fn lineage(folder: &Path, change: impl Fn(usize, &mut String, &mut Object)) {
    let text = |text: &str| Value::from(text);
    let digest = |of: &str| Value::from(proof::digest::Digest::of(of.as_bytes()).to_string());
    let kinds = [
        ("governance.adopted", vec![("verified", Value::Bool(true))]),
        ("execution.started", vec![("os_user", Value::Integer(1)), ("workload", text("agent"))]),
        ("execution.ended", vec![("by", text("officer"))]),
        ("state.snapshot", vec![("private", digest("a")), ("public", digest("b"))]),
    ];
    let mut builder = Builder::new();
    let mut prev = None;
    for (place, (kind, members)) in kinds.into_iter().enumerate() {
        let governance =
            [("origin", text("g")), ("root", digest("g")), ("size", Value::Integer(1))];
        let header = [
            ("at", Value::Integer(100 + i64::try_from(place).unwrap())),
            ("governance", Value::Object(governance.into_iter().collect())),
            ("node", text("n1")),
        ];
        let mut record: Object = header.into_iter().chain(members).collect();
        if kind == "state.snapshot" {
            record.insert("size", Value::Integer(3));
        } else if kind.starts_with("execution") {
            record.insert("execution", text("x1"));
            record.insert("parents", Value::Array(vec![]));
            record.insert("seq", Value::Integer(i64::try_from(place).unwrap() - 1));
            if let Some(prev) = prev {
                record.insert("prev", prev);
            }
        }
        let mut kind = kind.to_owned();
        change(place, &mut kind, &mut record);
        let record = Record::new(&kind, record).unwrap();
        prev = kind.starts_with("execution").then(|| Value::from(record.digest().to_string()));
        builder.push(record.bytes()).unwrap();
    }
    let signer = Ed25519Signer::from_seed("acme.example/lineage/n1", &[1; 32]).unwrap();
    let written = Written(builder.clone(), builder.take_files().unwrap(), signer);
    let checkpoint = written.read("checkpoint").unwrap().unwrap();
    std::fs::write(folder.join("checkpoint"), checkpoint).unwrap();
    write_key(folder, "vkey", &written.2.verifier());
    for file in &written.1 {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.bytes).unwrap();
    }
}

#[test]
fn a_log_of_unlinked_records_verifies_as_a_log_only() {
    let text = |text: &str| Value::from(text);
    let other = proof::digest::Digest::of(b"other").to_string();
    let parents = Value::Array(vec![text(&other)]);
    let changes: [(&str, usize, Option<&str>, &str, Value); 8] = [
        ("node", 0, None, "node", text("n2")),
        ("at", 2, None, "at", Value::Integer(99)),
        ("seq", 2, None, "seq", Value::Integer(2)),
        ("prev", 2, None, "prev", text(&other)),
        ("parents", 1, None, "parents", parents),
        ("size", 3, None, "size", Value::Integer(2)),
        ("no type of a lineage record", 2, Some("execution.paused"), "by", text("officer")),
        ("not what it must be", 2, None, "extra", Value::Bool(true)),
    ];
    for (why, at, kind, member, value) in changes {
        let scratch = tempfile::tempdir().unwrap();
        lineage(scratch.path(), |place, own, record| {
            if place == at {
                *own = kind.map_or(own.clone(), str::to_owned);
                record.insert(member, value.clone());
            }
        });
        let Some((code, said)) = run(&["log", "."], scratch.path()) else { return };
        assert_eq!(code, 0, "{why}: {said}");
        let (code, said) = run(&["records", "."], scratch.path()).unwrap();
        assert!(code == 2 && said.contains(why), "{why}: {said}");
    }
    let scratch = tempfile::tempdir().unwrap();
    lineage(scratch.path(), |_, _, _| {});
    let (code, said) = run(&["records", ".", "--json"], scratch.path()).unwrap();
    assert!(code == 0 && said.contains(r#""execution.ended": 1"#), "{said}");
}
