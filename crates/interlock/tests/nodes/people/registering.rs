//! A registered name does not move in silence.

use serde_json::{Value, json};

use super::site::Site;
use crate::support::{Ended, Node, run};

fn register(site: &Site, words: &[&str]) -> Ended {
    run(&[&["register", site.domain().as_str(), "agent"], words].concat())
}

#[test]
fn a_registered_name_moves_only_when_somebody_says_so() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let _client = site.client();
    let before = site.records("governance").len();
    let uid = rustix::process::getuid().as_raw();
    for more in [&[][..], &["--json"]] {
        let moved = register(&site, &[&["--user", "61005"], more].concat());
        assert_eq!(moved.code, Some(64), "{}{}", moved.stdout, moved.stderr);
        let said = [moved.stdout, moved.stderr].concat();
        for wanted in [
            &format!("`agent` is registered for uid {uid}, in zone `default`"),
            "every process of uid 61005",
            "1 execution of it",
            "--yes",
        ] {
            assert!(said.contains(wanted), "{wanted}: {said}");
        }
    }
    let zone = register(&site, &["--user", &uid.to_string(), "--zone", "prod"]);
    assert_eq!(zone.code, Some(64), "another zone moves it too: {}", zone.stderr);
    assert_eq!(site.records("governance").len(), before, "nothing was signed");

    let moved = register(&site, &["--user", "61005", "--yes", "--json"]);
    assert_eq!(moved.code, Some(0), "{}", moved.stderr);
    let moved: Value = serde_json::from_str(&moved.stdout).unwrap();
    assert_eq!(moved["before"], json!({"os_user": uid, "zone": "default"}));
    assert_eq!(site.records("governance").len(), before + 1);
}

#[test]
fn a_registration_that_changes_nothing_says_so() {
    let site = Site::new();
    let before = site.records("governance").len();
    let uid = rustix::process::getuid().as_raw().to_string();
    let same = register(&site, &["--user", &uid]);
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    assert!(same.stdout.contains("nothing was done"), "{}", same.stdout);
    let json: Value =
        serde_json::from_str(&register(&site, &["--user", &uid, "--json"]).stdout).unwrap();
    assert_eq!(json["changed"], false);
    assert_eq!(site.records("governance").len(), before);
}
