//! Logs, receipts, replay and explanations, over the domain of a demo.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::run::{Ended, interlock};

/// A copy of a demo's domain: a real node, a real server and a real agent left these logs.
struct Domain {
    folder: tempfile::TempDir,
}

impl Domain {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(demo(), folder.path());
        Self { folder }
    }

    fn path(&self, below: &str) -> String {
        self.folder.path().join(below).to_str().unwrap().to_owned()
    }

    fn run(&self, command: &[&str]) -> Ended {
        let words: Vec<String> =
            command.iter().map(|word| word.replace("DOMAIN", &self.path("domain"))).collect();
        interlock(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn json(&self, command: &[&str]) -> Vec<Value> {
        let ended = self.run(command);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The index of the first decision with this code.
    fn decision(&self, code: &str) -> String {
        let records = self.json(&["log", "show", "DOMAIN", "--json"]);
        let found =
            records.iter().find(|entry| entry["record"]["decision"]["code"] == code).unwrap();
        found["index"].to_string()
    }

    /// The decisions that can't be derived again, since the demo erased the helper: its own, and
    /// from its first one on those of the execution in whose history it stands.
    fn erased(&self) -> Vec<Value> {
        let records = self.json(&["log", "show", "DOMAIN", "--json"]);
        let find = |kind: &str, member: &str, is: &Value| {
            let mut found = records.iter().filter(|entry| entry["record"]["type"] == *kind);
            found.find(|entry| is.is_null() || entry["record"][member] == *is).unwrap().clone()
        };
        let helper = find("execution.erased", "erased", &Value::Null)["record"]["erased"].clone();
        let started = find("execution.started", "execution", &helper);
        let parent = &started["record"]["delegation"]["parent"];
        let first = find("transition.decided", "execution", &helper)["index"].as_u64();
        let decided = records.iter().filter(|entry| {
            let execution = &entry["record"]["execution"];
            entry["record"]["type"] == "transition.decided"
                && (*execution == helper || execution == parent && entry["index"].as_u64() > first)
        });
        decided.map(|entry| entry["index"].clone()).collect()
    }

    /// Flips one bit in the middle of a file.
    fn flip(&self, below: &str) -> Vec<u8> {
        let path = self.path(below);
        let before = std::fs::read(&path).unwrap();
        let mut after = before.clone();
        let middle = after.len() / 2;
        after[middle] ^= 1;
        std::fs::write(&path, after).unwrap();
        before
    }
}

/// The folder of one demo, made once for all tests of a run.
fn demo() -> &'static Path {
    static DEMO: OnceLock<PathBuf> = OnceLock::new();
    DEMO.get_or_init(|| {
        // Each test of a nextest run is a process of its own: they share the run's id.
        let run =
            std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{run}"));
        let domain = folder.join("domain");
        forget_old_runs();
        std::fs::create_dir_all(&folder).unwrap();
        let lock = std::fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        if !domain.exists() {
            let unfinished = folder.join("unfinished");
            let told = interlock(&["demo", "--dir", unfinished.to_str().unwrap(), "--exit"]);
            assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
            std::fs::rename(unfinished, &domain).unwrap();
        }
        domain
    })
}

/// Removes what runs of an hour ago or more left.
fn forget_old_runs() {
    for entry in std::fs::read_dir(env!("CARGO_TARGET_TMPDIR")).into_iter().flatten().flatten() {
        let age = entry.metadata().ok().and_then(|found| found.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age > Duration::from_secs(3600)) {
            // Another test may be removing it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn copy(from: &Path, into: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(into).status().unwrap();
    assert!(copied.success());
}

#[test]
fn both_logs_verify_until_a_byte_is_flipped() {
    let domain = Domain::new();
    let verified = domain.run(&["log", "verify", "DOMAIN"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    let summaries = domain.json(&["log", "verify", "DOMAIN", "--json"]);
    assert_eq!(summaries.len(), 2);
    assert!(
        summaries.iter().all(|log| log["is_verified"] == true && log["size"] == log["records"])
    );

    let entries = format!("domain/lineage/tile/entries/000.p/{}", summaries[1]["size"]);
    for file in [entries.as_str(), "domain/lineage/checkpoint", "domain/governance/checkpoint"] {
        let before = domain.flip(file);
        let refused = domain.run(&["log", "verify", "DOMAIN", "--json"]);
        assert_eq!(refused.code, 2, "{file}: {}", refused.stdout);
        assert!(
            refused.stdout.contains(r#""is_verified":false"#)
                && refused.stdout.contains(r#""why":"#)
        );
        std::fs::write(domain.path(file), before).unwrap();
    }
    assert_eq!(domain.run(&["log", "verify", "DOMAIN"]).code, 0);
}

#[test]
fn a_log_is_verified_against_the_key_that_one_knows() {
    let domain = Domain::new();
    let key = domain.path("domain/lineage/vkey");
    let other = domain.path("domain/governance/vkey");
    assert_eq!(domain.run(&["log", "verify", "DOMAIN/lineage", "--vkey", &key]).code, 0);
    let refused = domain.run(&["log", "verify", "DOMAIN/lineage", "--vkey", &other]);
    assert_eq!(refused.code, 2);
    assert_eq!(domain.run(&["log", "verify", "DOMAIN", "--vkey", &key]).code, 64);
    // A lineage log that somebody made over with a key of their own: governance knows another.
    std::fs::remove_dir_all(domain.path("domain/lineage")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let other = other.path().join("domain");
    assert_eq!(interlock(&["demo", "--dir", other.to_str().unwrap(), "--exit"]).code, 0);
    copy(&other.join("lineage"), Path::new(&domain.path("domain")));
    let refused = domain.run(&["log", "verify", "DOMAIN"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stdout.contains("governance registered another key"), "{}", refused.stdout);
}

#[test]
fn records_are_shown_one_by_one_and_in_ranges() {
    let domain = Domain::new();
    let all = domain.json(&["log", "show", "DOMAIN", "--json"]);
    let range = domain.json(&["log", "show", "DOMAIN", "3..6", "--json"]);
    assert_eq!(range, all[3..6]);
    let tail = domain.json(&["log", "tail", "DOMAIN", "-n", "4", "--json"]);
    assert_eq!(tail, all[all.len() - 4..]);
    let one = domain.run(&["log", "show", "DOMAIN", "2"]);
    assert!(one.stdout.contains("\"method\": \"initialize\""), "{}", one.stdout);
    assert_eq!(domain.run(&["log", "show", "DOMAIN", "100000"]).code, 66);
    assert_eq!(domain.run(&["log", "show", "DOMAIN", "x"]).code, 64);
    let lines = domain.run(&["log", "show", "DOMAIN", "--log", "governance"]).stdout;
    let times =
        lines.lines().map(|line| format!("{}{}", line.get(..6).unwrap(), line.get(31..).unwrap()));
    let bundle = all[0]["record"]["bundle"].as_str().unwrap().get(..8).unwrap();
    let user = std::os::unix::fs::MetadataExt::uid(&domain.folder.path().metadata().unwrap());
    let shown = times.collect::<Vec<_>>().join("\n").replace(bundle, "BUNDLE");
    let shown = shown.replace(&format!("OS user {user},"), "OS user UID,");
    let ended = all
        .iter()
        .rfind(|entry| {
            entry["record"]["type"] == "execution.ended" && entry["record"]["by"] == "officer"
        })
        .unwrap();
    let ended = ended["record"]["execution"].as_str().unwrap().get(..8).unwrap();
    let shown = shown.replace(ended, "EXECUTION");
    insta::assert_snapshot!("log_show_governance", shown);
}

#[test]
fn a_receipt_proves_its_record_and_nothing_else() {
    let domain = Domain::new();
    let index = domain.decision("policy.denied");
    let file = domain.path("r.tlog-proof");
    assert_eq!(domain.run(&["receipt", "DOMAIN", &index, "--out", &file]).code, 0);
    let verified = domain.json(&["verify", &file, "--vkey", "DOMAIN/lineage/vkey", "--json"]);
    assert_eq!(verified[0]["record"]["decision"]["code"], "policy.denied");
    assert_eq!(verified[0]["index"].to_string(), index);
    let shown = domain.run(&["receipt", "DOMAIN", &index]);
    assert_eq!(shown.stdout, std::fs::read_to_string(&file).unwrap());
    let record = &verified[0]["record"];
    let (execution, seq) = (record["execution"].as_str().unwrap(), record["seq"].to_string());
    let found = domain.run(&["receipt", "DOMAIN", "--execution", execution, "--seq", &seq]);
    assert_eq!(found.stdout, shown.stdout);

    assert_eq!(domain.run(&["verify", &file, "--vkey", "DOMAIN/governance/vkey"]).code, 2);
    assert_eq!(domain.run(&["verify", "/no/such/file", "--vkey", "DOMAIN/lineage/vkey"]).code, 66);
    domain.flip("r.tlog-proof");
    let refused = domain.run(&["verify", &file, "--vkey", "DOMAIN/lineage/vkey", "--json"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.starts_with(r#"{"error":{"code":"not_verified""#), "{}", refused.stderr);
    assert_eq!(domain.run(&["receipt", "DOMAIN", "100000"]).code, 66);
}

#[test]
fn a_promised_record_is_checked_with_the_key_alone() {
    let domain = Domain::new();
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/promises.jsonl");
    let cases = std::fs::read_to_string(vectors).unwrap();
    let file = domain.path("12.promise");
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| case[key].as_str().unwrap();
        std::fs::write(&file, text("promise")).unwrap();
        let ran = domain.run(&["verify", &file, "--vkey", text("vkey"), "--json"]);
        let is_other_file = text("name") == "another version";
        let expected = if case["verified"] == true { 0 } else { 2 };
        assert_eq!(ran.code, expected, "{}: {}", text("name"), ran.stderr);
        assert_eq!(ran.stdout.contains(r#""is_promised":true"#), expected == 0, "{}", ran.stdout);
        assert!(expected == 0 || is_other_file || ran.stderr.contains("the promise binds nobody"));
    }
}

#[test]
fn every_decision_is_derived_again_to_the_byte() {
    let domain = Domain::new();
    let replayed = &domain.json(&["replay", "DOMAIN", "--json"])[0];
    let records = domain.json(&["log", "show", "DOMAIN", "--json"]);
    let decisions =
        records.iter().filter(|entry| entry["record"]["type"] == "transition.decided").count();
    let erased = domain.erased().len();
    assert!(erased > 0);
    assert_eq!((&replayed["different"], &replayed["not_replayable"]), (&0.into(), &erased.into()));
    assert_eq!(replayed["not_replayable_because"]["erased"], erased);
    assert_eq!(replayed["identical"], decisions - erased);
    assert_eq!(domain.run(&["replay", "DOMAIN"]).code, 0);
}

#[test]
fn another_bundle_changes_exactly_what_it_decides_otherwise() {
    let domain = Domain::new();
    let bundle = domain.path("domain/bundle");
    let replay = ["replay", "DOMAIN", "--bundle", &bundle, "--json"];
    let same = &domain.json(&replay)[0];
    assert_eq!(same["different"], 0);
    let more = "\n@id(\"test.no-reading\")\nforbid (principal, action == Action::\"read_file\", resource);\n";
    let file = format!("{bundle}/policies/files.dw");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + more).unwrap();
    let other = &domain.json(&replay)[0];
    // Of the reads, those that were permitted come out otherwise; the one under suspended trust
    // does not, and one that was erased can't be told.
    let erased = domain.erased();
    let records = domain.json(&["log", "show", "DOMAIN", "--json"]);
    let reads = |entry: &&Value| {
        entry["record"]["tool"] == "read_file"
            && !erased.contains(&entry["index"])
            && entry["record"]["decision"]["decision"] == "permit"
    };
    let expected: Vec<&Value> = records.iter().filter(reads).map(|entry| &entry["index"]).collect();
    let found: Vec<&Value> =
        other["differences"].as_array().unwrap().iter().map(|one| &one["index"]).collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    assert_eq!(other["different"], expected.len());
    let told = domain.run(&["replay", "DOMAIN", "--bundle", &bundle]).stdout;
    assert!(told.contains("+ deny policy.denied by test.no-reading"), "{told}");
}

#[test]
fn replay_under_a_version_too_old_for_a_bundle_says_so() {
    let domain = Domain::new();
    let ended = domain.run(&["replay", "DOMAIN", "--semantics", "1"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("version 1 of the decider cannot decide all of this"));
    assert!(ended.stderr.contains("semantics = 2"), "which part of the bundle: {}", ended.stderr);
    assert!(!ended.stderr.contains("do not trust"), "{}", ended.stderr);
}

#[test]
fn lost_private_part_is_no_erasure() {
    let domain = Domain::new();
    let explained = domain.decision("policy.denied");
    std::fs::remove_dir_all(domain.path("domain/lineage/sealed")).unwrap();
    std::fs::remove_dir_all(domain.path("domain/lineage/wal")).unwrap();
    let replayed = domain.run(&["replay", "DOMAIN", "--json"]);
    assert_eq!(replayed.code, 2);
    let replayed: Value = serde_json::from_str(&replayed.stdout).unwrap();
    assert_eq!((&replayed["identical"], &replayed["different"]), (&0.into(), &0.into()));
    assert!(replayed["not_replayable_because"]["missing"].as_u64().unwrap() > 0);
    assert_eq!(replayed["not_replayable_because"]["erased"], 0);
    assert_eq!(domain.run(&["log", "verify", "DOMAIN"]).code, 0);
    let explained = domain.run(&["explain", "DOMAIN", &explained]);
    assert!(explained.stdout.contains("no record says that it was erased"), "{}", explained.stdout);
}

#[test]
fn an_execution_that_ended_is_erased_and_its_proofs_hold() {
    let domain = Domain::new();
    // That of the demo's helper is erased already.
    let erased_before = domain.erased().len();
    let index = domain.decision("meter.exhausted");
    let shown = &domain.json(&["explain", "DOMAIN", &index, "--json"])[0];
    let execution = shown["record"]["execution"].as_str().unwrap().to_owned();
    let receipt = domain.path("r.tlog-proof");
    assert_eq!(domain.run(&["receipt", "DOMAIN", &index, "--out", &receipt]).code, 0);

    let live = domain.run(&["erase", "DOMAIN", &execution]);
    assert_eq!(live.code, 2, "{}{}", live.stdout, live.stderr);
    assert!(live.stdout.contains("execution.live"), "{}", live.stdout);
    assert_eq!(domain.run(&["end", "DOMAIN", &execution]).code, 0);
    let tried = domain.run(&["erase", "DOMAIN", &execution, "--dry-run"]);
    assert!(tried.stdout.contains("1 execution would be erased"), "{}", tried.stdout);
    let records = domain.json(&["log", "show", "DOMAIN", "--json"]).len();
    let erased = &domain.json(&["erase", "DOMAIN", &execution, "--json"])[0];
    let record = &erased["executions"][0]["record"];
    assert!(record.as_u64().unwrap() >= records as u64, "{erased}");
    // Asked for again, it is the record that there is.
    assert_eq!(&domain.json(&["erase", "DOMAIN", &execution, "--json"])[0], erased);
    assert_eq!(domain.run(&["erase", "DOMAIN", "unknown"]).code, 2);

    let replayed = &domain.json(&["replay", "DOMAIN", "--json"])[0];
    let lines = domain.json(&["log", "show", "DOMAIN", "--json"]);
    let of_it = |entry: &&Value| {
        entry["record"]["type"] == "transition.decided" && entry["record"]["execution"] == execution
    };
    let decisions = lines.iter().filter(of_it).count();
    assert_eq!(replayed["not_replayable_because"]["erased"], decisions + erased_before);
    assert_eq!(replayed["not_replayable"], decisions + erased_before);
    assert_eq!(replayed["different"], 0);
    assert_eq!(domain.run(&["log", "verify", "DOMAIN"]).code, 0);
    assert_eq!(domain.run(&["verify", &receipt, "--vkey", "DOMAIN/lineage/vkey"]).code, 0);
    let explained = domain.run(&["explain", "DOMAIN", &index]);
    let told = explained.stdout.lines().find(|line| line.contains("private")).unwrap();
    assert!(told.contains("erased at ") && told.contains(&format!("by record {record}")), "{told}");
}

#[test]
fn a_denial_by_labels_names_the_records_that_brought_them() {
    let domain = Domain::new();
    let lines = domain.json(&["log", "show", "DOMAIN", "--json"]);
    let denied = lines
        .iter()
        .rfind(|line| line["record"]["decision"]["policies"][0]["id"] == "labels.no-way-out");
    let index = denied.unwrap()["index"].to_string();
    let told = domain.json(&["explain", "DOMAIN", &index, "--json"]).remove(0);
    let labels: Vec<&str> = told["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["customer", "untrusted"]);
    for one in told["labels"].as_array().unwrap() {
        let brought = one["records"][0]["index"].as_u64().unwrap();
        let adds =
            &lines[usize::try_from(brought).unwrap()]["record"]["decision"]["labels"]["adds"];
        assert!(adds.as_array().unwrap().contains(&one["label"]), "{told}");
        let text = domain.run(&["explain", "DOMAIN", &index]).stdout;
        assert!(
            text.contains(&format!(
                "{}`: record {brought}, permit of",
                one["label"].as_str().unwrap()
            )),
            "{text}"
        );
    }
    assert!(told.get("near_misses").is_none());
}

#[test]
fn no_explanation_of_a_forbid_speaks_of_writing_a_permit() {
    let domain = Domain::new();
    let told = domain.run(&["explain", "DOMAIN", &domain.decision("policy.denied")]).stdout;
    assert!(told.contains("no permit overrides a forbid"), "{told}");
    assert!(!told.contains("write a policy that permits"), "{told}");
}

#[test]
fn a_decision_is_explained_from_the_log() {
    let domain = Domain::new();
    let index = domain.decision("policy.denied");
    let explained = domain.run(&["explain", "DOMAIN", &index]);
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    let head = ["  record ", "  execution ", "  definition "];
    let stable =
        explained.stdout.lines().filter(|line| !head.iter().any(|head| line.starts_with(head)));
    insta::assert_snapshot!("explain", stable.collect::<Vec<_>>().join("\n"));
    let json = &domain.json(&["explain", "DOMAIN", &index, "--json"])[0];
    assert_eq!(json["request"]["action"], "write_file");
    let other = domain.run(&["explain", "DOMAIN", "0"]);
    assert_eq!(other.code, 65);
    assert!(other.stderr.contains("record 0 is no decision, but `governance.adopted`"));
}

#[test]
fn a_log_alone_is_not_told_as_none() {
    let domain = Domain::new();
    let explain = |below: &str| interlock(&["explain", &domain.path(below), "1"]);
    for log in ["lineage", "governance"] {
        let explained = explain(&format!("domain/{log}"));
        assert_eq!(explained.code, 66, "{}", explained.stderr);
        let said = "holds one log, and this needs the governance log of a domain's folder";
        assert!(explained.stderr.contains(said), "{}", explained.stderr);
    }
    std::fs::rename(domain.path("domain/governance"), domain.path("domain/elsewhere")).unwrap();
    let explained = explain("domain");
    assert!(explained.stderr.contains("holds no governance log"), "{}", explained.stderr);
    let nowhere = domain.run(&["log", "show", "DOMAIN/nowhere"]);
    assert!(nowhere.stderr.contains("is not there"), "{}", nowhere.stderr);
}

#[test]
fn receipt_overwrites_only_a_receipt_of_its_record() {
    let domain = Domain::new();
    let file = domain.path("r");
    let receipt = |index: &str, more: &[&str]| {
        domain.run(&[&["receipt", "DOMAIN", index, "--out", &file], more].concat())
    };
    let read = || std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "mine").unwrap();
    let refused = receipt("1", &[]);
    assert_eq!((refused.code, read().as_str()), (64, "mine"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(receipt("1", &["--force"]).code, 0);
    let first = read();
    assert_eq!((receipt("1", &[]).code, read()), (0, first.clone()), "the same again");
    assert_eq!((receipt("2", &[]).code, read()), (64, first), "that of another record");
}

#[test]
fn a_range_that_names_no_record_is_an_error() {
    let domain = Domain::new();
    for range in ["6..5", "5..5"] {
        let shown = domain.run(&["log", "show", "DOMAIN", range]);
        assert_eq!((shown.code, shown.stdout.as_str()), (64, ""), "{}", shown.stderr);
        assert!(shown.stderr.contains("names no record"), "{}", shown.stderr);
    }
}

#[test]
fn a_file_that_is_no_backup_is_refused_as_none() {
    let domain = Domain::new();
    let (file, new) = (domain.path("file"), domain.path("new"));
    for bytes in ["short", &"long ".repeat(1_000)] {
        std::fs::write(&file, bytes).unwrap();
        let refused = interlock(&["restore", &file, &new]);
        assert_eq!(refused.code, 65, "{}", refused.stderr);
        assert!(refused.stderr.contains("it is no backup"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("entire block"), "{}", refused.stderr);
        assert!(!Path::new(&new).exists());
    }
    let alone = interlock(&["restore", &file]);
    assert_eq!(alone.code, 64, "{}", alone.stderr);
    assert!(alone.stderr.contains(&format!("interlock restore {file} DOMAIN")), "{}", alone.stderr);
}
