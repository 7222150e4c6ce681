//! Sub-agents at a whole node: narrower than their parents, joined by their own user, ended with
//! what is below them.

use std::path::Path;

use serde_json::json;

use crate::orders::order;
use crate::support::{BINARY, Client, Domain, Node, decisions, run};

/// The small bundle, with sub-agents, for the version of the decider that looks at grants.
fn bundle(folder: &Path) {
    let schema = "entity Agent;\naction \"agent/start\" appliesTo { principal: Workload, resource: Agent, context: { input: { role: String } } };\n";
    let policies = "@id(\"helpers\") permit (principal, action == Action::\"agent/start\", resource == Agent::\"reader\") when { context.input.role == \"reader\" };\n";
    crate::small::second_semantics(folder, schema, policies);
}

#[test]
fn a_sub_agent_reads_writes_nothing_and_ends() {
    let around = tempfile::tempdir().unwrap();
    bundle(&around.path().join("bundle"));
    let office = format!("{BINARY} office-server --root OFFICE");
    let servers = [("office", office.as_str())];
    let domain = Domain::new(&around.path().join("bundle"), &["agent", "reader"], &servers);
    let node = Node::start(&domain.folder());
    let folder = domain.folder().display().to_string();
    let delegate = |more: &[&str]| {
        let mut words = vec!["delegate", &folder, "--to", "reader", "--json"];
        words.extend(["--action", "read_file", "--action", "initialize"]);
        words.extend(["--action", "notifications/initialized"]);
        words.extend(more);
        run(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let denied = delegate(&["--arguments", r#"{"role":"writer"}"#]);
    assert_eq!(denied.code, Some(2), "{}", denied.stderr);
    assert!(denied.stderr.contains("policy.denied"), "{}", denied.stderr);
    let begun = delegate(&["--arguments", r#"{"role":"reader"}"#, "--calls", "20", "--for", "10m"]);
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    let begun: serde_json::Value = serde_json::from_str(&begun.stdout).unwrap();
    let child = begun["execution"].as_str().unwrap();

    let mut reader = Client::join_delegated(&domain.socket(), ("reader", child), "office").unwrap();
    reader.greet().unwrap();
    let path = json!({"path": "notes/x.md"});
    let read = reader.call("1", "read_file", &path);
    assert!(read.get("result").is_some(), "{read}");
    let written = reader.call("2", "write_file", &json!({"path": "drafts/x.md", "text": "x"}));
    assert!(written.to_string().contains("grant.exceeded"), "{written}");
    let speaker = ["--workload", "reader", "--execution", child];
    let words = ["delegate", &folder, "--to", "reader", "--arguments", r#"{"role":"reader"}"#];
    let words: Vec<String> = words.into_iter().chain(speaker).map(str::to_owned).collect();
    let wider = run(&words);
    assert_eq!(wider.code, Some(2), "{}", wider.stdout);
    assert!(wider.stderr.contains("grant.exceeded"), "{}", wider.stderr);

    let ended = run(&["end", &folder, child, "--parent"].map(str::to_owned));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(Client::join_delegated(&domain.socket(), ("reader", child), "office").is_err());
    // Its session is cut.
    while reader.read().is_ok_and(|message| message.is_some()) {}
    drop(node);
    let codes: Vec<String> = decisions(&domain.folder())
        .into_iter()
        .filter(|one| one.execution == child)
        .map(|one| one.code)
        .collect();
    assert_eq!(codes, ["permitted", "permitted", "permitted", "grant.exceeded", "grant.exceeded"]);
    let replayed = run(&["replay", &folder, "--json"].map(str::to_owned));
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
}

#[test]
fn erasure_names_executions_kept_for_descendants() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("bundle");
    bundle(&folder);
    let manifest = std::fs::read_to_string(folder.join("bundle.toml")).unwrap();
    let manifest = manifest.replace("semantics = 2", "semantics = 4");
    std::fs::write(folder.join("bundle.toml"), manifest).unwrap();
    let domain = Domain::new(&folder, &["agent", "reader"], &[]);
    let node = Node::start(&domain.folder());
    let words = ["delegate", "--to", "reader", "--json", "--arguments", r#"{"role":"reader"}"#];
    let begun = order(&domain.folder(), &words);
    assert_eq!(begun.code, Some(0), "{}", begun.stderr);
    let begun: serde_json::Value = serde_json::from_str(&begun.stdout).unwrap();
    let child = begun["execution"].as_str().unwrap();
    assert_eq!(order(&domain.folder(), &["end", child, "--parent"]).code, Some(0));
    let is_kept = |words: &[&str], done: &str| {
        let told = order(&domain.folder(), words);
        assert_eq!(told.code, Some(2), "{}", told.stdout);
        let line = format!("{child} not erased (execution.line)");
        assert!(told.stdout.contains(&line), "{}", told.stdout);
        assert!(told.stdout.contains(&format!("0 executions {done}")), "{}", told.stdout);
    };
    let ended_before = ["erase", "--ended-before", "1ms"];
    let trial = [&ended_before[..], &["--dry-run"]].concat();
    is_kept(&trial, "would be erased");
    is_kept(&["erase", child, "--dry-run"], "would be erased");
    is_kept(&ended_before, "erased");
    assert!(node.stop().success());
    is_kept(&trial, "would be erased");
    is_kept(&ended_before, "erased");
}

/// A bundle of the first version looks at no grants, so that it stops sub-agents: the second would
/// not have.
#[test]
fn replay_under_another_version_shows_changed_answers() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("bundle");
    bundle(&folder);
    let office = format!("{BINARY} office-server --root OFFICE");
    let domain = Domain::new(&folder, &["agent", "reader"], &[("office", office.as_str())]);
    let node = Node::start(&domain.folder());
    let interlock = |words: &str| {
        let path = |word: &str| match word {
            "DOMAIN" => domain.folder().display().to_string(),
            "BUNDLE" => folder.display().to_string(),
            other => other.to_owned(),
        };
        let ended = run(&words.split(' ').map(path).collect::<Vec<_>>());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout
    };
    let words =
        r#"delegate DOMAIN --to reader --json --action initialize --arguments {"role":"reader"}"#;
    let begun: serde_json::Value = serde_json::from_str(&interlock(words)).unwrap();
    let child = begun["execution"].as_str().unwrap();
    let manifest = std::fs::read_to_string(folder.join("bundle.toml")).unwrap();
    let manifest = manifest.replace("semantics = 2", "semantics = 1");
    std::fs::write(folder.join("bundle.toml"), manifest).unwrap();
    interlock("bundle publish BUNDLE DOMAIN");
    let mut reader = Client::join_delegated(&domain.socket(), ("reader", child), "office").unwrap();
    let stopped = reader.greet().unwrap_err().to_string();
    assert!(stopped.contains("execution.halted"), "{stopped}");
    assert!(node.stop().success());

    interlock("replay DOMAIN");
    let replayed = interlock("replay DOMAIN --semantics 2 --json");
    let replayed: serde_json::Value = serde_json::from_str(&replayed).unwrap();
    let [different] = &replayed["differences"].as_array().unwrap()[..] else {
        panic!("{replayed}");
    };
    assert_eq!(different["recorded"]["code"], "execution.halted");
    assert_eq!(different["derived"]["code"], "permitted");
    assert_eq!((&replayed["different"], &replayed["not_replayable"]), (&json!(1), &json!(0)));
}
