//! The starter bundle: it loads without a warning, its own tests pass, and they reach every policy
//! and every code.
#![expect(clippy::panic, reason = "a test that can't go on stops")]
mod support;

use std::sync::Arc;

use interlock_policy::DecisionState;
use interlock_policy::{
    Bundle, Entity, History, Passing, TransitionOutcome, Verdict, cases, decide, limits,
};
use record::{Facts, Labels};

#[test]
fn the_starter_loads_without_a_warning() {
    let bundle = Bundle::load(&support::starter()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(bundle.warnings(), []);
    // It loads and decides on a thread of two MiB, as tests and small tools have.
    assert!(limits::stack_needed(bundle.depth()) <= 1536 * 1024, "depth {}", bundle.depth());
}

#[test]
fn the_starters_tests_pass_and_reach_everything() {
    let bundle =
        Arc::new(Bundle::load(&support::starter()).unwrap_or_else(|errors| panic!("{errors}")));
    let report = cases::run(&bundle);
    println!("{} cases, {} policies, codes {:?}", report.passed, report.policies, report.codes);
    for failure in &report.failed {
        println!("line {}: expected {}, found {}", failure.line, failure.expected, failure.found);
    }
    assert!(report.failed.is_empty());
    assert!(report.passed >= 200);
    assert_eq!(report.policies_unreached, Vec::<String>::new());
    // The starter pins no tool: how a server defines its tools is not known to who wrote it.
    let never = ["tool.changed"];
    assert_eq!(report.codes_unreached, never);
}

/// One execution of the office's agent, by tool calls.
struct Office {
    bundle: Arc<Bundle>,
    history: History,
    at: i64,
}

impl Office {
    fn open() -> Office {
        let bundle = Bundle::load(&support::starter()).unwrap_or_else(|errors| panic!("{errors}"));
        let bundle = Arc::new(bundle);
        let history = History::new(&bundle).unwrap_or_else(|error| panic!("{error}"));
        Office { bundle, history, at: Facts::DEFAULT.at }
    }

    /// Calls a tool; a permitted call returns. Gives the code and the policies.
    fn call(&mut self, server: &str, tool: &str, arguments: &str) -> (String, Vec<String>) {
        let principal = Entity {
            properties: r#"{"parents":[{"type":"Group","id":"office"}]}"#.to_owned(),
            ..Entity::new("Workload", "writer")
        };
        assert!(self.bundle.knows_tool(server, tool), "{server}/{tool}");
        let request = self.bundle.tool_request(principal, server, tool, arguments);
        self.at += 1_000;
        let facts = Facts { at: self.at, ..Facts::DEFAULT };
        let decision = decide(&mut self.history, &DecisionState::DEFAULT, &facts, &request);
        if decision.verdict() == Verdict::Permit {
            let result = TransitionOutcome::Result(Some(r#"{"content":[]}"#.to_owned()));
            self.history.complete(self.at + 500, &request, &result);
        }
        (decision.code().to_owned(), decision.policy_ids().map(str::to_owned).collect())
    }
}

#[test]
fn the_story_of_the_demo() {
    let mut office = Office::open();
    let mail = r#"{"to":"ann@example.com","subject":"report","body":"as asked"}"#;
    let out = r#"{"to":"eve@elsewhere.test","subject":"report","body":"as asked"}"#;
    let outcome = |code: &str, policy: &str| (code.to_owned(), vec![policy.to_owned()]);
    assert_eq!(
        office.call("office", "read_file", r#"{"path":"reports/q3.txt"}"#),
        outcome("permitted", "files.read-work")
    );
    assert_eq!(
        office.call("office", "write_file", r#"{"path":"payroll/may.csv","text":"x"}"#),
        outcome("policy.denied", "files.no-payroll-writes")
    );
    assert_eq!(office.call("office", "send_mail", mail), outcome("permitted", "mail.send"));
    assert_eq!(
        office.call("office", "fetch_page", r#"{"url":"https://example.org/news"}"#),
        outcome("permitted", "web.fetch")
    );
    assert_eq!(office.call("office", "send_mail", mail), outcome("permitted", "mail.send"));
    assert_eq!(
        office.call("office", "send_mail", out),
        outcome("policy.denied", "mail.nothing-out-after-a-page")
    );
    assert_eq!(office.history.events(), 12);
}

#[test]
fn the_filesystem_server_reads_reports_and_writes_no_payroll() {
    let mut office = Office::open();
    let code =
        |office: &mut Office, tool: &str, arguments: &str| office.call("files", tool, arguments).0;
    assert_eq!(
        code(&mut office, "read_text_file", r#"{"path":"/srv/reports/q3.txt","head":3}"#),
        "permitted"
    );
    assert_eq!(
        code(&mut office, "write_file", r#"{"path":"/srv/reports/q3.txt","content":"x"}"#),
        "permitted"
    );
    assert_eq!(
        code(&mut office, "write_file", r#"{"path":"/srv/payroll/may.csv","content":"x"}"#),
        "policy.denied"
    );
    assert_eq!(code(&mut office, "list_allowed_directories", "{}"), "permitted");
    assert_eq!(
        code(&mut office, "read_text_file", r#"{"path":"/srv/reports/q3.txt","lines":3}"#),
        "request.malformed"
    );
}

/// Keys and tokens, however a message spells them, and what only looks like them to the hasty.
#[test]
fn the_starters_detectors_find_keys_and_tokens_only() {
    let bundle = Office::open().bundle;
    let secret: Labels = ["secret".to_owned()].into_iter().collect();
    let token = format!("glpat-{}", "Ab3_-".repeat(4));
    for (said, found) in [
        (token.clone(), &secret),
        (token.replacen('g', r"\u0067", 1), &secret),
        (format!("{token}, and more"), &secret),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\\nabc".to_owned(), &secret),
        (format!("ghp_{}", "a1B2".repeat(9)), &secret),
        (format!("x{token}"), &Labels::NONE),
        ("-----BEGIN CERTIFICATE-----".to_owned(), &Labels::NONE),
        ("our AKIA numbers, ghp_short, xoxb-1".to_owned(), &Labels::NONE),
    ] {
        let message = format!(r#"{{"id":1,"result":{{"content":[{{"text":"{said}"}}]}}}}"#);
        for passing in [Passing::Arguments, Passing::Results] {
            assert_eq!(bundle.detected(passing, message.as_bytes()), *found, "{said}");
        }
    }
}

#[test]
fn whoever_reads_a_file_reads_in_the_place_where_it_was_written() {
    let bundle = Office::open().bundle;
    let place = |tool: &str, path: &str| {
        let argument = if tool == "list_files" { "folder" } else { "path" };
        let arguments = format!(r#"{{"{argument}":"{path}"}}"#);
        let agent = Entity::new("Workload", "writer");
        bundle.places(&bundle.tool_request(agent, "office", tool, &arguments))
    };
    let written = place("write_file", "drafts/letter.txt");
    assert_eq!(written, ["File *drafts*".to_owned()].into());
    for (tool, path) in [("read_file", "Drafts/Letter.txt"), ("list_files", "drafts")] {
        assert_eq!(place(tool, path), written, "{tool} {path}");
    }
    for path in ["reports/q3.md", "reports/customers/2026.md", "notes/a"] {
        assert_eq!(place("read_file", path), place("write_file", path));
        assert_ne!(place("read_file", path), written, "{path}");
    }
}

#[test]
fn the_starters_unreached_parts_are_known() {
    let bundle = Bundle::load(&support::starter()).unwrap_or_else(|errors| panic!("{errors}"));
    let found = interlock_policy::reach::unreached(&bundle, None);
    found.iter().for_each(|warning| println!("{warning}"));
    // Groups are filled by whoever uses it, and some of its actions are for enforcement points to
    // come. All else is alive.
    use interlock_policy::WarningCode as Code;
    let known =
        [Code::ActionUnreached, Code::ForbidNever, Code::PermitNever, Code::ToolUnpermitted];
    assert!(found.iter().all(|warning| known.contains(&warning.code)), "{found:?}");
}

/// A token leaves neither in the params of a message that says nothing, nor in its id.
#[test]
fn no_message_that_says_nothing_holds_a_token() {
    let Office { bundle, mut history, .. } = Office::open();
    let principal = Entity::new("Workload", "writer");
    let message = interlock_policy::MessageAction { name: "ping", is_known: true };
    let request = bundle.message_request(principal, "office", message, "{}");
    let mut code = |id: &str| {
        let line = format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"ping"}}"#);
        let detected = bundle.detected(Passing::Arguments, line.as_bytes());
        let state = interlock_policy::DecisionState { detected, ..DecisionState::DEFAULT };
        decide(&mut history, &state, &Facts::DEFAULT, &request).code()
    };
    assert_eq!(code("1"), "permitted");
    assert_eq!(code("AKIAABCDEFGHIJKLMNOP"), "policy.denied");
    assert_eq!(code("2"), "permitted");
}
