use std::sync::Arc;

use proof::json::Value;
use record::Facts;

use super::*;
use crate::history::History;
use crate::request::{Entity, Request};
use crate::{Bundle, CheckId, CheckOutcome, Decision, DecisionState, Verdict};

const NOW: i64 = 1_000_000;

fn bundle(policies: &str) -> Arc<Bundle> {
    let files = [
        ("bundle.toml", "name = \"n\"\nversion = \"1\"\nsemantics = 2\n"),
        (
            "schema.cedarschema",
            "entity W; entity R; action pay appliesTo { principal: W, resource: R, context: { input: { cents: Long } } };",
        ),
        ("policies/all.dw", policies),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    Arc::new(Bundle::load(&files.into()).unwrap_or_else(|errors| panic!("{errors}")))
}

/// Small payments are permitted; two of finance approve all of them within a second, one of the
/// board larger ones within two. Nothing is paid that is negative.
const POLICIES: &str = r#"
@id("small") permit (principal, action, resource) when { context.input.cents < 10 };
@id("all") @approval("2 of finance within 1s") @advice("ask finance") permit (principal, action, resource);
@id("large") @approval("1 of board within 2s") permit (principal, action, resource) when { context.input.cents > 100 };
@id("negative") @advice("pay forwards") forbid (principal, action, resource) when { context.input.cents < 0 };
@id("broken") permit (principal, action, resource) when { context.input.cents * 1000000 > 0 };
"#;

fn pay(cents: i64, retry: Option<RetryEvidence>) -> (Decision, Arc<Bundle>) {
    let bundle = bundle(POLICIES);
    let request = Request {
        principal: Entity::new("W", "w"),
        action: "pay".to_owned(),
        resource: Entity::new("R", "r"),
        input: format!("{{\"cents\":{cents}}}"),
    };
    let facts = Facts { at: NOW, ..Facts::DEFAULT };
    let state = DecisionState { retry, ..DecisionState::DEFAULT };
    let mut history = History::new(&bundle).unwrap();
    (crate::decide(&mut history, &state, &facts, &request), bundle)
}

fn given(roles: &[&str]) -> OfficerVote {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    OfficerVote { roles, at: NOW - 100, expires_ms: NOW, approves: true }
}

fn retry(given: &[OfficerVote]) -> Option<RetryEvidence> {
    Some(RetryEvidence { pending_at: NOW - 1_000, objection: None, votes: given.to_vec() })
}

fn roles(decision: &Decision) -> Vec<(u64, &str)> {
    decision.awaits().iter().map(|one| (one.count, one.role.as_str())).collect()
}

#[test]
fn a_request_waits_for_every_satisfied_permits_approval() {
    let (small, _) = pay(5, None);
    assert_eq!((small.verdict(), small.code()), (Verdict::Pending, "approval.required"));
    assert_eq!(roles(&small), [(2, "finance")]);
    let (large, _) = pay(500, None);
    assert_eq!(roles(&large), [(1, "board"), (2, "finance")]);
    let text = String::from_utf8(large.to_bytes()).unwrap();
    let awaits = r#"{"awaits":[{"count":1,"role":"board","within_ms":2000},{"count":2,"role":"finance","within_ms":1000}],"#;
    assert!(text.starts_with(awaits) && text.contains(r#""decision":"pending""#), "{text}");
    assert_eq!(Value::parse(text.as_bytes()).unwrap().to_bytes(), text.as_bytes());
}

#[test]
fn a_forbid_or_an_error_waits_for_nobody() {
    for (cents, code, outcome) in [
        (-5, "policy.denied", CheckOutcome::Pass),
        (9_007_199_254_740_991, "policy.error", CheckOutcome::NotEvaluated),
    ] {
        let everybody = retry(&[given(&["finance", "board"]), given(&["finance", "board"])]);
        for retry in [None, everybody] {
            let (decision, _) = pay(cents, retry);
            assert_eq!((decision.verdict(), decision.code()), (Verdict::Deny, code));
            assert_eq!(roles(&decision), []);
            let last = decision.checks().last().unwrap();
            assert_eq!((last.id, last.outcome), (CheckId::ApprovalRequired, outcome));
        }
    }
}

#[test]
fn another_failed_check_makes_it_a_denial() {
    let bundle = bundle(POLICIES);
    let request = Request {
        principal: Entity::new("W", "w"),
        action: "pay".to_owned(),
        resource: Entity::new("R", "r"),
        input: r#"{"cents":5}"#.to_owned(),
    };
    let state = DecisionState { halted: true, ..DecisionState::DEFAULT };
    let mut history = History::new(&bundle).unwrap();
    let decision = crate::decide(&mut history, &state, &Facts::DEFAULT, &request);
    assert_eq!((decision.verdict(), decision.code()), (Verdict::Deny, "execution.halted"));
    assert!(!String::from_utf8(decision.to_bytes()).unwrap().contains("awaits"));
}

#[test]
fn a_retry_needs_every_approval_in_time() {
    let finance = || given(&["finance"]);
    let board = || given(&["board"]);
    let late = |given: OfficerVote| OfficerVote { at: NOW + 1, ..given };
    let expired = |given: OfficerVote| OfficerVote { expires_ms: NOW - 1, ..given };
    let refusal = |given: OfficerVote| OfficerVote { approves: false, ..given };
    for (cents, given, permitted) in [
        (5, vec![finance(), finance()], true),
        (5, vec![finance()], false),
        (5, vec![finance(), board()], false),
        (5, vec![finance(), expired(finance())], false),
        (5, vec![finance(), late(finance())], false),
        (5, vec![finance(), finance(), refusal(finance())], false),
        (5, vec![finance(), finance(), refusal(board())], true),
        (5, vec![finance(), given_nobody()], false),
        (500, vec![finance(), finance()], false),
        (500, vec![finance(), finance(), board()], true),
        (500, vec![finance(), given(&["board", "finance"])], true),
        (500, vec![], false),
    ] {
        let (decision, _) = pay(cents, retry(&given));
        let expected = if permitted { Verdict::Permit } else { Verdict::Deny };
        assert_eq!(decision.verdict(), expected, "{cents} {given:?}");
        assert_eq!(decision.code(), if permitted { "permitted" } else { "approval.required" });
        assert_eq!(roles(&decision), [], "a retry never asks anew");
    }
}

fn given_nobody() -> OfficerVote {
    given(&[])
}

#[test]
fn a_retry_that_comes_late_or_stands_on_nothing_is_denied() {
    let both = [given(&["finance"]), given(&["finance"])];
    let late = RetryEvidence { pending_at: NOW - 1_001, objection: None, votes: both.to_vec() };
    assert_eq!(pay(5, Some(late)).0.verdict(), Verdict::Deny);
    let other =
        RetryEvidence { pending_at: NOW, objection: Some("it was used"), votes: both.to_vec() };
    let (decision, _) = pay(5, Some(other));
    assert_eq!(decision.checks().last().unwrap().why.as_deref(), Some("it was used"));
}

#[test]
fn only_determining_policies_give_advice() {
    let advice = |(decision, bundle): (Decision, Arc<Bundle>)| bundle.advice(&decision);
    assert_eq!(advice(pay(5, None)), ["ask finance"]);
    assert_eq!(advice(pay(-5, None)), ["pay forwards"]);
    assert_eq!(advice(pay(5, retry(&[given(&["finance"]), given(&["finance"])]))), [""; 0]);
    assert_eq!(advice(pay(9_007_199_254_740_991, None)), [""; 0]);
}

#[test]
fn an_approval_rule_reads_back_as_itself() {
    let approval = ApprovalRule { role: "finance".to_owned(), count: 2, within_ms: 5 };
    assert_eq!(ApprovalRule::from_value(&approval.to_value()), Some(approval));
    assert_eq!(ApprovalRule::from_value(&Value::Bool(true)), None);
}
