//! Domains that earlier builds made are verified, replayed and gone on with by this one.
//!
//! `tests/domains/COMMIT.tar.gz` is a whole domain, keys included, as the build of that commit left
//! it: with sub-agents, an approval, erased executions, snapshots and, since its node was killed, a
//! tail that was not published.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Node, run};

/// Unpacks the domain that this commit made.
fn unpacked(commit: &str) -> (tempfile::TempDir, PathBuf) {
    let domains = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/domains");
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("domain");
    std::fs::create_dir(&folder).unwrap();
    let mut tar = Command::new("tar");
    tar.arg("--no-same-owner").arg("-xpzf").arg(domains.join(format!("{commit}.tar.gz")));
    assert!(tar.arg("-C").arg(&folder).status().unwrap().success());
    (temporary, folder)
}

fn replayed(folder: &Path) -> Value {
    let ended = run(&["replay", folder.to_str().unwrap(), "--json"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap()
}

#[test]
fn a_domain_of_0dd1a2d_verifies_replays_and_starts() {
    let (_temporary, folder) = unpacked("0dd1a2d");
    let verifies = || {
        let ended = run(&["log", "verify", folder.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    };
    verifies();
    let expected = json!({"damaged": 0, "erased": 6, "missing": 0});
    for is_started in [false, true] {
        let counts = replayed(&folder);
        assert_eq!((&counts["identical"], &counts["different"]), (&json!(160), &json!(0)));
        assert_eq!(counts["not_replayable_because"], expected);
        if !is_started {
            let node = Node::start(&folder);
            assert!(node.stop().success());
            verifies();
        }
    }
}
