//! A version of the decider is adopted with a replay under it and the one in force: what that
//! shows, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use record::governance::{Change, SignedProposal};
use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Node, run};

struct Site {
    domain: Domain,
    around: tempfile::TempDir,
}

impl Site {
    /// A domain of the first version with some history, whose node has stopped.
    fn of_first_version() -> Site {
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
        let office = format!("{BINARY} office-server --root OFFICE");
        let domain = Domain::of_semantics(1, &bundle, &["agent"], &[("office", &office)]);
        let site = Site { domain, around: tempfile::tempdir().unwrap() };
        site.calls(3);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }

    /// Has a node decide so many calls, one of them denied, and stops it.
    fn calls(&self, count: usize) {
        let node = Node::start(&self.domain.folder());
        let mut client = Client::join(&self.domain.socket(), "agent", "office").unwrap();
        client.greet().unwrap();
        for number in 0..count {
            let path = if number == 0 { "payroll/x" } else { "drafts/x" };
            client.call(&number.to_string(), "write_file", &json!({"path": path, "text": "x"}));
        }
        assert!(node.stop().success());
    }

    /// Exit code, stdout and stderr. `DOMAIN` and `FILE` stand for their paths.
    fn interlock(&self, words: &str) -> (Option<i32>, String, String) {
        let (domain, file) = (self.domain.folder(), self.path("proposal.json"));
        let words: Vec<String> = words
            .split(' ')
            .map(|word| match word {
                "DOMAIN" => domain.display().to_string(),
                "FILE" => file.display().to_string(),
                "KEY" => domain.join("keys/officer.skey").display().to_string(),
                other => other.to_owned(),
            })
            .collect();
        let ended = run(&words);
        (ended.code, ended.stdout, ended.stderr)
    }

    fn refused(&self, words: &str, why: &str) {
        let (code, out, told) = self.interlock(&format!("{words} --json"));
        assert_eq!(code, Some(2), "{out}{told}");
        let error: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], "semantics.replay", "{told}");
        assert!(told.contains(why), "{told}");
    }

    fn propose(&self) -> Value {
        let _before = fs::remove_file(self.path("proposal.json"));
        let (code, out, told) = self.interlock("propose DOMAIN --out FILE --json semantics 2");
        assert_eq!(code, Some(0), "{told}");
        serde_json::from_str(out.lines().next().unwrap()).unwrap()
    }

    fn sign(&self) {
        let (code, _, told) = self.interlock("sign FILE --key KEY --domain DOMAIN --yes");
        assert_eq!(code, Some(0), "{told}");
    }

    /// Changes what is proposed, and signs that with the officer's key, as a program of the
    /// officer's own would.
    fn forge(&self, change: impl FnOnce(&mut record::governance::Replays)) {
        let text = fs::read(self.path("proposal.json")).unwrap();
        let value = proof::json::Value::parse(text.trim_ascii_end()).unwrap();
        let mut proposal = SignedProposal::from_value(&value).unwrap().proposal;
        let Change::SemanticsAdopted { replays, .. } = &mut proposal.change else { panic!() };
        change(replays);
        let key = node::keys::read_file(&self.domain.folder().join("keys/officer.skey")).unwrap();
        let signed = proposal.sign(&key).unwrap();
        fs::write(self.path("proposal.json"), signed.to_value().to_bytes()).unwrap();
    }

    /// The lineage log's signed head.
    fn head(&self) -> String {
        fs::read_to_string(self.domain.folder().join("lineage/checkpoint")).unwrap()
    }
}

#[test]
fn version_is_adopted_with_a_replay_under_both() {
    let site = Site::of_first_version();
    let second = site.path("second");
    crate::small::second_semantics(&second, "", "");
    let publish = format!("bundle publish {} DOMAIN", second.display());
    assert_eq!(site.interlock(&publish).0, Some(2), "the domain has not adopted it");
    let found = site.propose();
    // The greeting's two, and the three calls.
    assert_eq!(
        (&found["same"], &found["different"], &found["erased"]),
        (&json!(5), &json!(0), &json!(0))
    );
    let (code, _, told) = site.interlock("sign FILE --key KEY --yes");
    assert_eq!(code, Some(64), "who signs replays: {told}");
    site.sign();
    // A node runs and decides on: what it has decided since is not covered, and need not be.
    site.calls(2);
    let node = Node::start(&site.domain.folder());
    let (code, out, told) = site.interlock("publish FILE DOMAIN");
    assert_eq!(code, Some(0), "{told}");
    assert!(out.contains("semantics 2 adopted, which decides 0 otherwise"), "{out}");
    assert_eq!(site.interlock(&publish).0, Some(0));
    assert!(node.stop().success());
    site.calls(1);
    assert_eq!(site.interlock("replay DOMAIN").0, Some(0));
    fs::remove_file(site.path("proposal.json")).unwrap();
    assert_eq!(site.interlock("propose DOMAIN --out FILE semantics 2").0, Some(2), "not again");
}

#[test]
fn a_forged_or_stale_replay_is_refused_by_the_authority() {
    let site = Site::of_first_version();
    let (other, older) = (Site::of_first_version(), site.head());
    site.calls(1);
    for running in [false, true] {
        let node = running.then(|| Node::start(&site.domain.folder()));
        site.propose();
        site.forge(|replays| replays.each.clear());
        site.refused("publish FILE DOMAIN", "the nodes `node-1`");
        site.propose();
        site.forge(|replays| replays.each[0].checkpoint = other.head());
        site.refused("publish FILE DOMAIN", "not about the log of `node-1`");
        site.propose();
        site.forge(|replays| replays.each[0].checkpoint = older.clone());
        site.refused("publish FILE DOMAIN", "it held this record already");
        site.propose();
        site.forge(|replays| replays.at -= kernel::limits::PROPOSAL_LIFE_MS_MAX + 60_000);
        site.refused("publish FILE DOMAIN", "older than a day");
        assert!(node.is_none_or(|node| node.stop().success()));
    }
}

#[test]
fn an_officer_does_not_sign_what_their_own_replay_does_not_find() {
    let site = Site::of_first_version();
    site.propose();
    site.forge(|replays| (replays.each[0].same, replays.each[0].different) = (4, 1));
    site.refused("sign FILE --key KEY --domain DOMAIN --yes", "it states 4 the same, 1 different");
    // Nor where the log does not replay under the version in force: a sealed part is gone.
    site.propose();
    let keys = site.domain.folder().join("lineage/keys");
    let named = fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().path());
    let is_used = |path: &PathBuf| {
        // Others lie ready for executions that may begin.
        path.file_name().unwrap().to_str().unwrap().starts_with("execution.")
    };
    fs::remove_file(named.into_iter().find(is_used).unwrap()).unwrap();
    site.refused("sign FILE --key KEY --domain DOMAIN --yes", "does not replay identically");
    fs::remove_file(site.path("proposal.json")).unwrap();
    site.refused("propose DOMAIN --out FILE semantics 2", "does not replay identically");
    assert!(!site.path("proposal.json").exists());
}
