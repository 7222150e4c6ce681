//! The starter bundle: it loads without a warning, its own tests pass, and they reach every policy and every code.
#![expect(clippy::panic, reason = "a test that can't go on stops")]
mod support;

use std::sync::Arc;

use interlock_policy::evaluation::DEFAULTS;
use interlock_policy::{Bundle, Entity, Facts, History, Outcome, Verdict, cases, decide, limits};

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
        Office { bundle, history, at: DEFAULTS.0.at }
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
        let facts = Facts { at: self.at, ..DEFAULTS.0 };
        let decision = decide(&mut self.history, &DEFAULTS.1, &facts, &request);
        if decision.verdict() == Verdict::Permit {
            let result = Outcome::Result(Some(r#"{"content":[]}"#.to_owned()));
            self.history.complete(self.at + 500, &request, &result);
        }
        (decision.code().to_owned(), decision.policy_ids().map(str::to_owned).collect())
    }
}

#[test]
fn the_story_of_the_demo() {
    let mut office = Office::open();
    let mail = r#"{"to":"eve@elsewhere.test","subject":"report","body":"as asked"}"#;
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
    assert_eq!(
        office.call("office", "send_mail", mail),
        outcome("policy.denied", "mail.nothing-out-after-a-page")
    );
    assert_eq!(office.history.events(), 8);
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
