//! Names resolve or say so, and an order says what it stopped.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::site::Site;
use crate::support::{BINARY, Node, run, until};

#[test]
fn the_short_id_of_log_show_halts_that_execution() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let mut client = site.client();
    let execution = site.execution();
    let shown = site.interlock(&["log", "show", &site.domain()]);
    let short = execution.get(..8).unwrap();
    assert!(shown.contains(&format!("{short}#0")), "{shown}");

    let halted = site.interlock(&["halt", &site.domain(), &format!("execution:{short}")]);
    assert!(halted.contains(&format!("execution:{execution} is halted")), "{halted}");
    assert!(halted.contains("stopped: 1 execution, 1 session, 1 server"), "{halted}");
    let denied = client.send_json(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
    let answer = denied.and_then(|()| client.read()).unwrap_or_default();
    assert!(answer.is_none_or(|answer| answer.get("error").is_some()), "it is cut or denied");
    let lifted = site.interlock(&["halt", &site.domain(), &format!("execution:{short}"), "--lift"]);
    assert!(lifted.contains(&execution), "{lifted}");
    let ended = site.interlock(&["end", &site.domain(), short]);
    assert!(ended.contains(&format!("execution {execution} ended")), "{ended}");
    let erased = site.interlock(&["erase", &site.domain(), short]);
    assert!(erased.contains(&format!("{execution} erased")), "{erased}");
}

#[test]
fn a_name_that_nothing_has_acts_says_so_and_ends_with_2() {
    let site = Site::new();
    for is_running in [false, true] {
        let _node = is_running.then(|| Node::start(&site.domain.folder()));
        for (words, near) in [
            (&["halt", "workload:agnt"][..], Some("workload:agent")),
            (&["trust", "workload:agnt", "suspended"], Some("workload:agent")),
            (&["halt", "zone:nowhere-at-all"], None),
            (&["end", "ffffffffffffffffffffff"], None),
        ] {
            let domain = site.domain();
            let words = [&words[..1], &[domain.as_str()], &words[1..]].concat();
            let ended = run(&words);
            assert_eq!(ended.code, Some(2), "{words:?}: {}{}", ended.stdout, ended.stderr);
            assert!(ended.stdout.contains("governance record"), "it acts: {}", ended.stdout);
            assert!(ended.stdout.starts_with("nothing here is called"), "{}", ended.stdout);
            assert!(!ended.stdout.contains("node:"), "only its own kind is near: {}", ended.stdout);
            assert!(near.is_none_or(|near| ended.stdout.contains(near)), "{}", ended.stdout);
            let json = run(&[&words[..], &["--json"]].concat());
            assert!(json.stdout.contains("\"known\":false"), "{}", json.stdout);
        }
    }
    let log = site.interlock(&["log", "show", &site.domain(), "--log", "governance"]);
    assert!(log.contains("void: no execution of that id began here"), "{log}");
}

#[test]
fn beginning_that_names_no_execution_does_nothing() {
    let site = Site::new();
    for is_running in [false, true] {
        let _node = is_running.then(|| Node::start(&site.domain.folder()));
        let before = site.records("governance").len();
        for words in [
            &["halt", "execution:abc"][..],
            &["halt", "execution:abcdefgh"],
            &["trust", "execution:abcdefgh", "suspended"],
            &["end", "ab"],
            &["end", "abcdefgh"],
        ] {
            let domain = site.domain();
            let refused = run(&[&words[..1], &[domain.as_str()], &words[1..]].concat());
            assert_eq!(refused.code, Some(2), "{words:?}: {}{}", refused.stdout, refused.stderr);
            assert!(refused.stderr.contains("nothing was done"), "{}", refused.stderr);
        }
        assert_eq!(site.records("governance").len(), before);
    }
}

#[test]
fn an_execution_that_ended_is_not_ended_again() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let _client = site.client();
    let (domain, execution) = (site.domain(), site.execution());
    site.interlock(&["end", &domain, &execution]);
    let before = site.records("governance").len();
    for id in [execution.as_str(), execution.get(..8).unwrap()] {
        let again = run(&["end", &domain, id]);
        assert_eq!(again.code, Some(2), "{}{}", again.stdout, again.stderr);
        assert!(again.stderr.contains("has ended already"), "{}", again.stderr);
    }
    assert_eq!(site.records("governance").len(), before);
}

#[test]
fn order_that_stops_nothing_says_so() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let _client = site.client();
    let domain = site.domain();
    let order = |words: &[&str]| site.interlock(&[&words[..1], &[&domain], &words[1..]].concat());
    let degraded = order(&["trust", "workload:agent", "degraded"]);
    assert!(degraded.contains("stopped: 0 executions: `degraded` stops nobody"), "{degraded}");
    let halted = order(&["halt", "workload:agent"]);
    assert!(halted.contains("stopped: 1 execution, 1 session, 1 server"), "{halted}");
    let again = order(&["halt", "workload:agent"]);
    assert!(again.contains("stopped: 0 executions: none that it covers"), "{again}");
    let status = order(&["status"]);
    assert!(status.contains("halted") && status.contains("workload:agent is degraded"), "{status}");
}

#[test]
fn a_lift_of_what_is_not_halted_does_nothing_and_ends_with_2() {
    let site = Site::new();
    for is_running in [false, true] {
        let _node = is_running.then(|| Node::start(&site.domain.folder()));
        let before = site.records("governance").len();
        let lifted = run(&["halt", &site.domain(), "workload:agent", "--lift"]);
        assert_eq!(lifted.code, Some(2), "{}{}", lifted.stdout, lifted.stderr);
        assert!(lifted.stdout.contains("no halt of workload:agent holds"), "{}", lifted.stdout);
        assert_eq!(site.records("governance").len(), before);
    }
}

#[test]
fn broken_configuration_prevents_no_backup() {
    let site = Site::new();
    let (domain, file) = (site.domain(), site.path("b.tar"));
    site.interlock(&["halt", &domain, "workload:agent"]);
    fs::write(site.domain.folder().join("interlock.toml"), "[domain\n").unwrap();
    assert!(site.interlock(&["trust", &domain]).contains("workload:agent"));
    site.interlock(&["backup", &domain, &file]);
    site.interlock(&["restore", &file, &site.path("restored")]);
}

#[test]
fn words_in_the_wrong_order_say_what_was_meant() {
    let site = Site::new();
    let turned = run(&["halt", "workload:agent"]);
    assert_eq!(turned.code, Some(64), "{}", turned.stderr);
    assert!(
        turned.stderr.contains("did you mean `interlock halt . workload:agent`?"),
        "{}",
        turned.stderr
    );
    let bare = run(&["trust", &site.domain(), "agent", "suspended"]);
    assert_eq!(bare.code, Some(64), "{}", bare.stderr);
    assert!(bare.stderr.contains("write workload:agent"), "{}", bare.stderr);
}

#[test]
fn a_bare_halt_acts_where_nobody_can_be_asked() {
    let site = Site::new();
    let node = Node::start(&site.domain.folder());
    let mut client = site.client();
    let halted = site.interlock(&["halt", &site.domain()]);
    assert!(
        halted.contains("domain is halted") && halted.contains("stopped: 1 execution"),
        "{halted}"
    );
    assert!(client.read().unwrap_or_default().is_none(), "its session is cut");
    drop(node);
}

/// Runs the program on a terminal of its own, and answers what it asks; none where this machine has
/// no `script`.
fn run_on_terminal(words: &str, answer: &str) -> Option<(Option<i32>, String)> {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{BINARY} {words}"), "/dev/null"]);
    let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        println!("skipped: there is no `script`, which makes a terminal");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{answer}\n").as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    Some((ended.status.code(), String::from_utf8_lossy(&ended.stdout).into_owned()))
}

#[test]
fn a_bare_halt_asks_on_a_terminal() {
    let site = Site::new();
    let domain = site.domain();
    let Some((code, said)) = run_on_terminal(&format!("halt {domain}"), "n") else { return };
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("Halt everything in `{domain}`? [y/N]")), "{said}");
    assert!(site.interlock(&["trust", &domain]).contains("nothing is halted"));
    let named = run_on_terminal(&format!("halt {domain} workload:agent"), "n").unwrap();
    assert_eq!(named.0, Some(0), "a halt of one subject asks nothing: {}", named.1);
    assert_eq!(run_on_terminal(&format!("halt {domain}"), "y").unwrap().0, Some(0));
    assert!(site.interlock(&["trust", &domain]).contains("domain"));
}

/// Runs the program as another OS user, with an officer's key of its own; none where that user
/// can't be taken on.
pub(super) fn run_as_stranger(
    site: &Site,
    key: &str,
    words: &[&str],
) -> Option<(Option<i32>, String)> {
    const STRANGER: u32 = 4_321;
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only the superuser can start a process as somebody else");
        return None;
    }
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for folder in [site.domain.around(), site.around.path()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let own = home.path().join("own.skey");
    fs::copy(key, &own).unwrap();
    chown(&own, Some(STRANGER), Some(STRANGER)).unwrap();
    let mut command = Command::new(BINARY);
    command.args(words).env("INTERLOCK_KEY", &own).stdin(Stdio::null());
    let ended = command.uid(STRANGER).gid(STRANGER).output().unwrap();
    let text = [ended.stdout, ended.stderr].concat();
    Some((ended.status.code(), String::from_utf8(text).unwrap()))
}

#[test]
fn a_key_stops_from_any_os_user() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let _client = site.client();
    let (domain, toml) = (site.domain(), site.domain.folder().join("interlock.toml"));
    fs::set_permissions(&toml, fs::Permissions::from_mode(0o600)).unwrap();
    let halt = ["halt", domain.as_str(), "workload:agent"];
    let Some((code, text)) = run_as_stranger(&site, &site.officer(), &halt) else { return };
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("stopped: 1 execution, 1 session, 1 server"), "{text}");
    assert!(text.contains("signed for the domain `"), "the folder does not say whose: {text}");
    let execution = site.execution();
    let by_its_beginning = format!("execution:{}", execution.get(..8).unwrap());
    let trust = ["trust", domain.as_str(), by_its_beginning.as_str(), "suspended"];
    let (code, text) = run_as_stranger(&site, &site.officer(), &trust).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("execution:{execution} is `suspended`")), "{text}");
    let trust = ["trust", domain.as_str(), "workload:agent", "revoked"];
    assert_eq!(run_as_stranger(&site, &site.officer(), &trust).unwrap().0, Some(0));
    let proposal = site.path("trust.json");
    let normal = ["propose", &domain, "--out", &proposal, "trust", "zone:default", "degraded"];
    site.interlock(&normal);
    site.interlock(&["sign", &proposal, "--key", &site.officer(), "--yes"]);
    fs::set_permissions(&proposal, fs::Permissions::from_mode(0o644)).unwrap();
    let publish = ["publish", proposal.as_str(), domain.as_str()];
    let (code, text) = run_as_stranger(&site, &site.officer(), &publish).unwrap();
    assert_eq!(code, Some(0), "the signature counts, not who brings it: {text}");
    let eve = site.path("eve.skey");
    site.interlock(&["key", &eve, "--name", "office/eve"]);
    let (code, text) = run_as_stranger(&site, &eve, &halt).unwrap();
    assert_eq!(code, Some(2), "no officer's key: {text}");
    assert!(text.contains("has no role in this domain"), "it says why: {text}");
    let standing: Value =
        serde_json::from_str(&site.interlock(&["trust", &domain, "--json"])).unwrap();
    assert_eq!(standing["halted"], json!(["workload:agent"]));
}

#[test]
fn a_client_whose_session_a_halt_ends_is_told_so() {
    let site = Site::new();
    let _node = Node::start(&site.domain.folder());
    let domain = site.domain();
    let mut mcp = Command::new(BINARY);
    mcp.args(["mcp", domain.as_str(), "--server", "office", "--workload", "agent"]);
    mcp.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let child = mcp.spawn().unwrap();
    until("its session", || {
        let status: Value =
            serde_json::from_str(&site.interlock(&["status", &domain, "--json"])).unwrap();
        (status["executions"] == 1).then_some(())
    });
    site.interlock(&["halt", &domain, "workload:agent"]);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("execution.halted"), "{said}");
}

#[test]
fn unreadable_logs_are_reported_as_such() {
    let site = Site::new();
    let (domain, officer) = (site.domain(), site.officer());
    for words in [
        &["log", "show", &domain, "3"][..],
        &["log", "verify", &domain],
        &["explain", &domain, "3"],
        &["replay", &domain],
    ] {
        let Some((code, said)) = run_as_stranger(&site, &officer, words) else { return };
        assert_eq!(code, Some(74), "{words:?}: {said}");
        assert!(said.contains("your OS user may not read the logs in"), "{words:?}: {said}");
    }
    let closed = site.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    for (folder, wanted) in [
        (site.path("nowhere"), "is no folder"),
        (site.path("bundle"), "it is no domain's folder"),
        (closed, "your OS user may not look into"),
    ] {
        let mcp = ["mcp", folder.as_str(), "--server", "office"];
        let (code, said) = run_as_stranger(&site, &officer, &mcp).unwrap();
        assert_eq!(code, Some(66), "{said}");
        assert!(said.contains(wanted), "{wanted}: {said}");
        assert!(!said.contains("nobody listens"), "{said}");
    }
}
