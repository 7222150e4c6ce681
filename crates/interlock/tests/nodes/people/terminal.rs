//! Nothing from outside reaches a terminal raw, in any output of any command.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use proof::shown::{self, is_hidden};
use serde_json::{Value, json};

use super::site::Site;
use crate::support::{BINARY, Node, until};

/// Colours that nobody here uses, clears, C1, a title, bidirectional controls, zero width, a tag, a
/// separator.
const HOSTILE: &str = "\u{1b}[35m\u{1b}[2K\r\u{9b}1A\u{1b}]0;x\u{7}\u{202e}\u{2066}\u{200b}\u{e0041}\u{2028}\u{fdd0}é";

/// As much of it as stands in a path, or in a name that refuses controls.
const HOSTILE_NAME: &str = "x\u{202e}\u{2066}\u{200b}\u{e0041}";

/// The same in what no writer here ever makes.
const COLOURS: [&str; 8] = ["0", "1", "2", "4", "31", "32", "33", "36"];

/// What is printed, without the colours of our own.
fn without_colours(text: &str) -> String {
    let mut left = text.to_owned();
    for colour in COLOURS {
        left = left.replace(&format!("\u{1b}[{colour}m"), "");
    }
    left.replace("\u{1b}[37m", "")
}

fn assert_safe(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|why| panic!("{what}: {why}"));
    let raw = without_colours(text).chars().find(|one| *one != '\n' && is_hidden(*one));
    assert_eq!(raw, None, "{what}: {text:?}");
}

/// Runs it in text, in colour and as JSON, and looks at every byte.
fn look(words: &[&str]) {
    for more in [&[][..], &["--color=always"], &["--json"]] {
        let ended = Command::new(BINARY)
            .args([words, more].concat())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let what = format!("{words:?} {more:?}");
        assert!(ended.status.code().is_some(), "{what} was killed");
        assert_safe(&what, &ended.stdout);
        assert_safe(&what, &ended.stderr);
        if more == ["--json"] && !matches!(words, ["completions", ..]) {
            for line in String::from_utf8(ended.stdout).unwrap().lines() {
                serde_json::from_str::<Value>(line)
                    .unwrap_or_else(|why| panic!("{what}: {why}: {line}"));
            }
        }
    }
}

/// A server that writes the same to its standard error, then does its work.
fn server(site_prefix: &str) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix(site_prefix).tempdir().unwrap();
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' '{HOSTILE}' >&2\nexec {BINARY} office-server --root \"$1\"\n"
    );
    let path = folder.path().join("server");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A domain in which all that an agent, a server and a file can say is hostile, while its node
/// runs.
fn hostile_site() -> (Site, Node, String, tempfile::TempDir) {
    let folder = server("s");
    let command = format!("{} OFFICE", folder.path().join("server").display());
    let prefix = format!("{HOSTILE_NAME}\u{1b}[2K");
    let site = Site::begin(&prefix, &command, &["agent", HOSTILE_NAME]);
    let mut node = Node::spawn(&site.domain.folder());
    assert!(node.serves(), "{}", node.stderr());
    let mut client = site.client();
    let mut ask = |method: &str, params: Value| {
        let message = json!({"jsonrpc": "2.0", "id": "i", "method": method, "params": params});
        // Characters that end a line for some readers are escaped on the wire.
        client.send(shown::json(&message.to_string()).as_bytes()).unwrap();
        client.read().unwrap().unwrap()
    };
    let path = format!("reports/{HOSTILE}");
    let waits = ask(
        "tools/call",
        json!({"name": "write_file", "arguments": {"path": path, "text": HOSTILE}}),
    );
    let pending = waits["error"]["data"]["pending"].as_str().unwrap().to_owned();
    let path = format!("secret/{HOSTILE}");
    ask("tools/call", json!({"name": "read_file", "arguments": {"path": path}}));
    ask("tools/call", json!({"name": HOSTILE, "arguments": {HOSTILE: HOSTILE}}));
    ask(HOSTILE, json!({}));
    ask(
        "tools/call",
        json!({"name": "write_file", "arguments": {"path": "drafts/a.md", "text": HOSTILE}}),
    );
    until("the server's complaint", || node.stderr().contains("u{202e}").then_some(()));
    (site, node, pending, folder)
}

#[test]
fn no_command_writes_anything_hostile_raw() {
    let (site, node, pending, _server) = hostile_site();
    let broken = broken_bundle(&site);
    let lines = site.path("lines");
    let text = format!("{{\"subject\":{HOSTILE}}}\n{}\n", json!({"subject": HOSTILE}));
    fs::write(&lines, text).unwrap();
    let mut seen = BTreeSet::new();
    for command in COMMANDS.lines().filter(|line| !line.is_empty()) {
        let words: Vec<String> = command
            .split('|')
            .map(|word| {
                word.replace("DOMAIN", &site.domain())
                    .replace("KEY", &site.officer())
                    .replace("NAME", HOSTILE_NAME)
                    .replace("HOSTILE", HOSTILE)
                    .replace("PENDING", &pending)
                    .replace("GOOD", &site.path("bundle"))
                    .replace("BROKEN", &broken)
                    .replace("LINES", &lines)
                    .replace("FILE", &site.path("file"))
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        seen.insert(words[0].to_owned());
        look(&words);
    }
    let records = site.records("lineage").len().to_string();
    for index in 0..records.parse::<usize>().unwrap() {
        look(&["explain", &site.domain(), &index.to_string()]);
        look(&["log", "show", &site.domain(), &index.to_string()]);
    }
    let all = commands_of_help();
    let missing: Vec<_> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "not looked at: {missing:?}");
    assert_safe("the node's standard error", node.stderr().as_bytes());
}

/// Each command at its work, and with something hostile where it takes a word.
const COMMANDS: &str = "
demo|--exit|--dir|DOMAIN
init|DOMAIN
register|DOMAIN|NAME|--user|HOSTILE
serve|DOMAIN
serve|HOSTILE
status|DOMAIN
status|HOSTILE
mcp|DOMAIN|--server|HOSTILE
mcp|DOMAIN|--server|office|--workload|HOSTILE
mcp|DOMAIN|--server|office|--execution|HOSTILE
delegate|DOMAIN|--to|NAME
delegate|DOMAIN|--to|NAME|--arguments|HOSTILE
bundle|check|BROKEN
bundle|check|GOOD
bundle|check|HOSTILE
bundle|test|GOOD
bundle|diff|GOOD|BROKEN
bundle|diff|GOOD|GOOD|--requests|LINES
bundle|definitions|LINES
bundle|publish|BROKEN|DOMAIN
bundle|HOSTILE
trust|DOMAIN|workload:NAME|suspended
trust|DOMAIN|workload:HOSTILE|suspended
trust|DOMAIN|HOSTILE|suspended
trust|DOMAIN|workload:NAME|HOSTILE
trust|DOMAIN
halt|DOMAIN|workload:NAME
halt|DOMAIN|HOSTILE
halt|HOSTILE|workload:NAME
end|DOMAIN|HOSTILE
end|DOMAIN|NAME
erase|DOMAIN|HOSTILE
erase|DOMAIN|NAME
meters|DOMAIN
backup|DOMAIN|FILE.tar
backup|DOMAIN|FILE.tar
backup|DOMAIN|HOSTILE/HOSTILE|--json
restore|FILE.tar|DOMAIN
restore|HOSTILE|FILE
restore|DOMAIN
restore|HOSTILE|--new-lineage|HOSTILE
approvals|list|DOMAIN
approvals|show|DOMAIN|PENDING
approvals|show|DOMAIN|HOSTILE
approve|DOMAIN|HOSTILE|--key|KEY
approve|DOMAIN|PENDING|--key|HOSTILE
approve|DOMAIN|PENDING|--key|KEY
approve|DOMAIN|PENDING|--key|KEY|--yes
roles|DOMAIN
key|FILE.skey|--name|NAME
key|FILE.skey2|--name|HOSTILE
propose|DOMAIN|--out|FILE.halt|halt|workload:NAME
propose|DOMAIN|--out|FILE.register|workload|NAME|--user|0
propose|DOMAIN|--out|FILE.bundle|bundle|GOOD
propose|DOMAIN|--out|FILE.other|roles|LINES
propose|DOMAIN|--out|FILE.other|HOSTILE
sign|FILE.halt|--key|KEY
sign|FILE.register|--key|KEY|--domain|DOMAIN|--yes
sign|FILE.bundle|--key|KEY|--domain|DOMAIN|--yes
sign|LINES|--key|KEY
publish|FILE.halt|DOMAIN
publish|HOSTILE|DOMAIN
decide|--bundle|GOOD|--requests|LINES
decide|--bundle|BROKEN|--requests|LINES
log|show|DOMAIN
log|show|DOMAIN|--log|governance
log|show|DOMAIN|HOSTILE
log|tail|DOMAIN
log|tail|DOMAIN|--log|HOSTILE
log|verify|DOMAIN
replay|DOMAIN
replay|DOMAIN|--bundle|BROKEN
explain|DOMAIN|HOSTILE
explain|DOMAIN|--execution|HOSTILE|--seq|1
receipt|DOMAIN|0
receipt|DOMAIN|HOSTILE
verify|LINES|--vkey|HOSTILE
verify|LINES|--vkey|LINES
bench|HOSTILE
completions|HOSTILE
completions|bash
doctor
doctor|HOSTILE
version
HOSTILE
--HOSTILE
";

/// A bundle that cannot be loaded, with hostile text in every file.
fn broken_bundle(site: &Site) -> String {
    let folder = site.path("broken");
    fs::create_dir_all(format!("{folder}/policies")).unwrap();
    fs::write(format!("{folder}/bundle.toml"), format!("name = \"{HOSTILE_NAME}\"\nx = 1\n"))
        .unwrap();
    let policy = format!("permit (principal, {HOSTILE}, resource);\n");
    fs::write(format!("{folder}/policies/a.dw"), policy).unwrap();
    folder
}

/// Every command that the help page lists.
fn commands_of_help() -> BTreeSet<String> {
    let help = Command::new(BINARY).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split("Options, for every command").next().unwrap_or_default();
    let rows = commands.lines().filter_map(|line| line.strip_prefix("  "));
    rows.filter_map(|row| row.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn standard_streams_are_written_in_one_place() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    for name in
        ["interlock", "node", "mcp", "ledger", "identity", "kernel", "policy", "proof", "wire"]
    {
        let mut folders = vec![crates.join(name).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false if path.display().to_string().contains("/tests") => {}
                    false => {
                        let text = fs::read_to_string(&path).unwrap_or_default();
                        let writes = ["io::stdout()", "io::stderr()", "println!(", "print!("];
                        if writes.iter().any(|word| text.contains(word)) {
                            let path = path.strip_prefix(crates).unwrap();
                            found.push(path.display().to_string());
                        }
                    }
                }
            }
        }
    }
    found.sort();
    let allowed = [
        "interlock/src/output.rs",
        "interlock/src/output/progress.rs",
        "interlock/src/output/terminal.rs",
        "interlock/src/stderr.rs",
        // A fixed sentence, for who starts a guard by hand.
        "mcp/src/guard.rs",
        "node/src/notes.rs",
    ];
    assert_eq!(found, allowed);
}
