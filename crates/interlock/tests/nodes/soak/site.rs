//! A domain with servers that other people wrote, where they are installed, and one that answers in
//! every shape.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{BINARY, Domain};

/// What a server is, as far as its clients must know to call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Raw,
    Office,
    Files,
    Memory,
    Everything,
}

impl Kind {
    /// Its name in the domain.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Office => "office",
            Self::Files => "files",
            Self::Memory => "memory",
            Self::Everything => "everything",
        }
    }
}

/// How long a call waits for its answer: in a quarter of a minute some must see it come, and few
/// others on a busy machine.
const DEADLINE_MS: u64 = 5_000;

pub(super) struct Site {
    pub(super) domain: Domain,
    /// The servers there are.
    pub(super) kinds: Vec<Kind>,
    /// What stands in the environment of each server.
    pub(super) mark: String,
}

impl Site {
    pub(super) fn new(workloads: &[&str]) -> Site {
        let temporary = tempfile::tempdir().unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/soak");
        let raw = format!("/usr/bin/env python3 {}", here.join("server.py").display());
        let office = format!("{BINARY} office-server --root OFFICE");
        let mut kinds = vec![Kind::Raw];
        let mut servers = vec![(Kind::Raw, raw)];
        for (kind, argument) in
            [(Kind::Everything, "stdio"), (Kind::Files, "OFFICE/files"), (Kind::Memory, "")]
        {
            match npm(kind.name()) {
                Ok(script) => {
                    servers.push((kind, format!("node {} {argument}", script.display())));
                }
                Err(why) => eprintln!("the office in place of npm's `{}`: {why}", kind.name()),
            }
        }
        if servers.len() < 4 {
            servers.push((Kind::Office, office));
        }
        kinds.extend(servers.iter().skip(1).map(|(kind, _)| *kind));
        let named: Vec<(&str, &str)> =
            servers.iter().map(|(kind, command)| (kind.name(), command.trim_end())).collect();
        let domain = Domain::within(temporary, &here.join("bundle"), workloads, &named);
        let mark = format!("INTERLOCK_SOAK={}", domain.around().display());
        let site = Site { domain, kinds, mark };
        site.configure();
        site
    }

    /// Each server's environment says whose it is, and where npm's `server-memory` keeps what it is
    /// told. The server of every shape has a short deadline.
    fn configure(&self) {
        let path = self.domain.folder().join("interlock.toml");
        let around = self.domain.around().display();
        let more = format!(
            ", INTERLOCK_SOAK = \"{around}\", MEMORY_FILE_PATH = \"{around}/memory.jsonl\" }}"
        );
        let text = fs::read_to_string(&path).unwrap();
        let marked = text.replace("/usr/bin:/bin\" }", &format!("/usr/bin:/bin\"{more}"));
        assert_eq!(marked.matches("INTERLOCK_SOAK").count(), self.kinds.len(), "{marked}");
        let name = "[servers.\"raw\"]\n";
        let bounded = marked.replace(name, &format!("{name}deadline_ms = {DEADLINE_MS}\n"));
        assert_ne!(bounded, marked);
        fs::write(&path, bounded).unwrap();
    }
}

/// The script of one of npm's MCP servers, or why it is not here.
fn npm(name: &str) -> Result<PathBuf, String> {
    let name = if name == "files" { "filesystem" } else { name };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let modules = root.join("target/peers/npm/node_modules/@modelcontextprotocol");
    let script = modules.join(format!("server-{name}")).join("dist/index.js");
    let runs = Command::new("node").arg("--version").output().is_ok_and(|ran| ran.status.success());
    match runs && script.exists() {
        true => Ok(script),
        false => Err(format!(
            "no `node`, or `{}` is not there (`cargo xtask peers` makes it)",
            script.display()
        )),
    }
}
