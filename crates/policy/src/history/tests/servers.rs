//! What servers bring about has a share of its own, from the fourth version of the decider on.

use super::*;
use crate::limits::SERVER_EVENTS_MAX;

const SCHEMA: &str = r#"entity W; entity T;
action act, ask, "server/note", "server/ping", "answer/ping" appliesTo { principal: W, resource: T };"#;

/// `ask` is permitted where the condition holds, and all else always.
fn bundle(semantics: u32, condition: &str) -> Arc<Bundle> {
    let manifest = format!("name = \"h\"\nversion = \"1\"\nsemantics = {semantics}");
    let policies = format!(
        "@id(\"all\") permit (principal, action, resource) unless {{ action == Action::\"ask\" }};\n\
         @id(\"t\") permit (principal, action == Action::\"ask\", resource) when temporal {{ {condition} }};"
    );
    let files = [
        ("bundle.toml", manifest),
        ("schema.cedarschema", SCHEMA.to_owned()),
        ("policies/p.dw", policies),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

/// A server says something that is answered.
fn say(history: &mut History, at: i64, action: &str) -> &'static str {
    let request = request(action, "{}");
    let code = code(history, at, &request);
    history.complete(at, &request, &TransitionOutcome::Result(None));
    code
}

const OF_AGENT: &str = "formerly within 1h Action::\"act\"::request{}";
const OF_SERVER: &str = "formerly within 1h Action::\"server/note\"::request{}";

#[test]
fn events_that_no_condition_reads_are_not_kept() {
    let mut history = History::new(&bundle(4, OF_AGENT)).unwrap();
    for at in 0..100 {
        for action in ["server/note", "server/ping", "answer/ping"] {
            assert_eq!(say(&mut history, at, action), "permitted");
        }
    }
    assert_eq!(history.events(), 0);
    assert_eq!(code(&mut history, 101, &request("act", "{}")), "permitted");
    assert_eq!(code(&mut history, 102, &request("ask", "{}")), "permitted");
    assert_eq!(history.events(), 2);
}

#[test]
fn events_that_a_condition_reads_are_kept() {
    let mut history = History::new(&bundle(4, OF_SERVER)).unwrap();
    assert_eq!(code(&mut history, 1, &request("ask", "{}")), "policy.denied");
    say(&mut history, 2, "server/ping");
    assert_eq!(code(&mut history, 3, &request("ask", "{}")), "policy.denied");
    say(&mut history, 4, "server/note");
    assert_eq!(code(&mut history, 5, &request("ask", "{}")), "permitted");
    // Three requests of the agent with the ends of the two that were denied, and one of the server,
    // whose end nothing looks back at.
    assert_eq!(history.events(), 6);
    history.rebase(&bundle(4, OF_SERVER));
    assert_eq!(code(&mut history, 6, &request("ask", "{}")), "permitted");
}

#[test]
fn a_server_that_talks_on_and_on_uses_up_its_own_share_only() {
    let bundle = bundle(4, OF_SERVER);
    let mut history = History::new(&bundle).unwrap();
    let note = request("server/note", "{}");
    let at = i64::try_from(SERVER_EVENTS_MAX).unwrap();
    for at in 0..at {
        assert_eq!(code(&mut history, at, &note), "permitted");
    }
    assert_eq!(code(&mut history, at, &note), "policy.error");
    assert!(!history.is_full());
    assert_eq!(say(&mut history, at, "server/ping"), "permitted", "nothing looks back at it");
    assert_eq!(code(&mut history, at, &request("act", "{}")), "permitted");
    assert_eq!(code(&mut history, at, &request("ask", "{}")), "permitted");
    assert_eq!(history.events(), SERVER_EVENTS_MAX + 2);
}

#[test]
fn earlier_server_events_leave_the_agents_share_alone() {
    let (before, after) = (bundle(2, OF_AGENT), bundle(4, OF_AGENT));
    let mut history = History::new(&before).unwrap();
    let note = Arc::new(request("server/note", "{}"));
    for _ in 0..HISTORY_EVENTS_MAX {
        history.complete(0, &note, &TransitionOutcome::Error);
    }
    history.rebase(&after);
    assert_eq!(code(&mut history, 1, &request("act", "{}")), "permitted");
    history.rebase(&before);
    assert_eq!(code(&mut history, 2, &request("act", "{}")), "policy.error");
}

#[test]
fn before_the_fourth_version_all_share_one_history() {
    let mut history = History::new(&bundle(2, OF_AGENT)).unwrap();
    say(&mut history, 1, "server/note");
    say(&mut history, 2, "answer/ping");
    assert_eq!(history.events(), 4);
}

#[test]
fn an_event_that_is_not_kept_has_no_place_in_the_order() {
    let condition = "previous within 1h Action::\"act\"::request{}";
    let mut history = History::new(&bundle(4, condition)).unwrap();
    assert_eq!(code(&mut history, 1, &request("act", "{}")), "permitted");
    say(&mut history, 2, "server/note");
    assert_eq!(code(&mut history, 3, &request("ask", "{}")), "permitted");
}

#[test]
fn a_look_says_what_a_decision_would() {
    use crate::resolve::resolve;
    let bundle = bundle(4, OF_SERVER);
    let mut history = History::new(&bundle).unwrap();
    for action in ["server/note", "server/ping", "answer/ping", "act", "ask"] {
        let request = request(action, "{}");
        let facts = Facts { at: 1, ..Facts::DEFAULT };
        let resolved = resolve(&bundle, &request);
        let looked =
            crate::decide_dry_run(&history, &DecisionState::DEFAULT, &facts, &resolved).unwrap();
        let decided = decide(&mut history, &DecisionState::DEFAULT, &facts, &request);
        assert_eq!(looked.to_bytes(), decided.to_bytes(), "{action}");
    }
}
