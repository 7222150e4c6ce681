//! Bad input of every kind at a whole node: a denial or refusal with its code, never a crash, never
//! a forward.
//!
//! A clock that steps back cannot be had here without another clock for the whole machine: the
//! tests of `kernel::step` hold that, with the time as an argument.

mod client;
mod folder;
mod full_disk;
mod server;

pub(crate) use full_disk::SmallDisk;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Node};

/// A node whose server notes each line that reaches it.
struct Probed {
    domain: Domain,
    node: Node,
    calls: usize,
}

impl Probed {
    /// None, and the reason printed, where there is no Python.
    fn start() -> Option<Probed> {
        Probed::within(tempfile::tempdir().unwrap())
    }

    /// As [`Probed::start`], in this folder.
    fn within(folder: tempfile::TempDir) -> Option<Probed> {
        let Some(python) = python() else {
            eprintln!("skipped: no python3 for the server that notes what reaches it");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bad_input/probe.py");
        let probe = format!("{python} {} OFFICE/journal", script.display());
        let office = format!("{BINARY} office-server --root OFFICE");
        let servers = [("probe", probe.as_str()), ("office", office.as_str())];
        let domain = Domain::within(folder, &small_bundle(), &["agent"], &servers);
        let node = Node::start(&domain.folder());
        Some(Probed { domain, node, calls: 0 })
    }

    fn client(&self) -> Client {
        let mut client = Client::join(&self.domain.socket(), "agent", "probe").unwrap();
        client.greet().unwrap();
        client
    }

    /// A good call, which must be served whatever came before.
    fn good_call(&mut self, client: &mut Client) {
        self.calls += 1;
        let id = format!("good-{}", self.calls);
        let answer = client.call_until_decided(&id, "note", &json!({"text": "good"}));
        assert_eq!(answer["result"]["content"][0]["text"], "noted", "{answer}");
    }

    /// The node still serves: a new session, and a good call.
    fn still_serves(&mut self) {
        let mut client = self.client();
        self.good_call(&mut client);
        assert!(self.node.is_running());
    }

    /// What reached the server, line for line.
    fn journal(&self) -> Vec<String> {
        let bytes = std::fs::read(self.domain.office().join("journal")).unwrap_or_default();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

fn small_bundle() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle")
}

fn python() -> Option<String> {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
    let found = asked.ok().filter(|ended| ended.status.success())?;
    Some(String::from_utf8(found.stdout).ok()?.trim().to_owned())
}

fn member<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
