use std::collections::BTreeMap;

use proof::note::{Ed25519Signer, Signer};
use record::governance::{Change, Role, Roles, Subject, Workload};
use record::lineage::{Approval, Completion};

use super::*;
use crate::fixture::{self, Domain, NODE, OS_USER, TestNode, approving, code, officer};
use crate::limits::{QUEUE_NS_MAX, WAITING_MAX};
use crate::replay::{Replay, ReplayOutcome, SealedPart};
use crate::step::Input;

const MAIL: &str = r#"{"to":"a@b.test","body":"hi"}"#;
const LOG: &str = "example.test/lineage/node-1";
const MINUTE: i64 = 60_000;

/// An officer of finance.
fn finance(number: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("example.test/finance-{number}"), &[number; 32]).unwrap()
}

/// A domain whose role `finance` has these officers.
fn set_finance(domain: &mut Domain, officers: &[u8]) {
    let base = Roles::of_one(&officer().verifier()).unwrap();
    let mut roles: BTreeMap<String, Role> =
        base.iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
    let keys = officers.iter().map(|number| finance(*number).verifier()).collect();
    roles.insert("finance".into(), Role::new(1, keys).unwrap());
    domain.change(Change::RolesChanged { roles: Roles::new(roles).unwrap() });
}

fn domain(approval: &str) -> Domain {
    let mut domain = Domain::new();
    set_finance(&mut domain, &[1, 2, 3]);
    domain.publish(&approving(approval));
    domain
}

fn begin(approval: &str) -> (Domain, TestNode) {
    let domain = domain(approval);
    let node = TestNode::new(&domain);
    (domain, node)
}

/// Asks as somebody's execution, standing on a pending record or not.
fn ask_as(node: &mut TestNode, execution: &str, transition: Transition) -> (Ticket, Answer) {
    let ticket = node.ticket();
    let mut entropy = [9; 32];
    entropy[..8].copy_from_slice(&ticket.to_be_bytes());
    let (transition, execution) = (Box::new(transition.into()), execution.to_owned());
    let effects = node.step(Input::Request { ticket, execution, transition, entropy });
    (ticket, node.answered(ticket, effects))
}

fn mail(node: &mut TestNode, pending: Option<Digest>) -> (Ticket, Answer) {
    let execution = node.execution.clone();
    ask_as(node, &execution, Transition { pending, ..fixture::call("send_mail", MAIL) })
}

/// Asks for the mail; it waits.
fn wait(node: &mut TestNode) -> Digest {
    match mail(node, None).1 {
        Answer::Pending { pending, awaits, policies, advice, index } => {
            assert_eq!(policies, ["mailing"]);
            assert_eq!(advice.first().map(String::as_str), Some("ask finance"));
            assert!(!awaits.is_empty());
            let upto = &node.log[..=usize::try_from(index).unwrap()];
            assert!(upto.iter().any(|(record, _)| Digest::of(record) == pending));
            pending
        }
        other => panic!("{other:?}"),
    }
}

fn word(node: &TestNode, pending: Digest, approves: bool) -> Approval {
    Approval { pending, approves, expires_ms: node.now.wall_ms + 5 * MINUTE }
}

fn bring(node: &mut TestNode, signed: SignedApproval) -> Result<u64, &'static str> {
    let ticket = node.ticket();
    let mut effects = node.step(Input::Approve { ticket, approval: Box::new(signed) });
    if effects.is_empty() {
        effects = node.durable();
    }
    match effects.pop() {
        Some(Effect::Approved { result, .. }) => result,
        other => panic!("{other:?}"),
    }
}

fn approve(node: &mut TestNode, pending: Digest, number: u8) -> Result<u64, &'static str> {
    let signed = word(node, pending, true).sign(LOG, &finance(number)).unwrap();
    bring(node, signed)
}

/// The denial of a retry, with what the agent is told.
fn denial(answer: &Answer) -> (&str, &str) {
    match answer {
        Answer::Deny { code, advice, .. } => {
            (code, advice.first().map(String::as_str).unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

fn is_replayed(node: &TestNode, domain: &Domain) {
    let outcome = node.replay(domain).unwrap();
    assert!(
        outcome
            .iter()
            .all(|outcome| matches!(outcome, ReplayOutcome::Identical | ReplayOutcome::Followed)),
        "{outcome:?}"
    );
}

#[test]
fn a_request_approved_by_two_officers_is_permitted_once() {
    let (domain, mut node) = begin("2 of finance within 10m");
    let pending = wait(&mut node);
    assert_eq!(approve(&mut node, pending, 1).map(|_| ()), Ok(()));
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer), ("approval.required", "1 of 2 of `finance` have approved"));
    assert_eq!(approve(&mut node, pending, 1), Err("approval.twice"), "one officer is one");
    assert_eq!(approve(&mut node, pending, 2).map(|_| ()), Ok(()));
    let (ticket, answer) = mail(&mut node, Some(pending));
    assert_eq!(code(&answer), "permitted");
    node.complete(ticket, Completion::Result);
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer), ("approval.required", "what was approved was done already"));
    assert_eq!(approve(&mut node, pending, 3), Err("approval.used"));
    assert_ne!(wait(&mut node), pending, "the next one waits anew");
    is_replayed(&node, &domain);
}

#[test]
fn only_exactly_what_waited_is_permitted() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    let execution = node.execution.clone();
    let mail = |arguments: &str| Transition {
        pending: Some(pending),
        ..fixture::call("send_mail", arguments)
    };
    for changed in [
        mail(r#"{"to":"eve@b.test","body":"hi"}"#),
        mail(r#"{"body":"hi","to":"a@b.test"}"#),
        mail(r#"{"to":"a@b.test", "body":"hi"}"#),
        Transition { extra_params: r#"{"task":{}}"#.into(), ..mail(MAIL) },
        Transition { definition: Some(Digest::of(b"listed since")), ..mail(MAIL) },
    ] {
        let (_, answer) = ask_as(&mut node, &execution, changed);
        let what = "it asks for something else than what waited for approval";
        assert_eq!(denial(&answer), ("approval.required", what));
    }
    // Another server's tool of that name, or another method, is not known to the bundle at all.
    let other = Transition { server: "files".into(), ..mail(MAIL) };
    assert_eq!(code(&ask_as(&mut node, &execution, other).1), "tool.unknown");
    let (_, answer) = self::mail(&mut node, Some(pending));
    assert_eq!(code(&answer), "permitted", "what did not fit used nothing up");
    is_replayed(&node, &domain);
}

#[test]
fn an_approval_counts_for_one_tool_definition() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let execution = node.execution.clone();
    let listed = Some(Digest::of(b"listed"));
    let call = Transition { definition: listed, ..fixture::call("send_mail", MAIL) };
    let Answer::Pending { pending, .. } = ask_as(&mut node, &execution, call.clone()).1 else {
        panic!("it does not wait");
    };
    approve(&mut node, pending, 1).unwrap();
    let retry = Transition { pending: Some(pending), ..call };
    for definition in [None, Some(Digest::of(b"changed"))] {
        let changed = Transition { definition, ..retry.clone() };
        let (_, answer) = ask_as(&mut node, &execution, changed);
        let what = "it asks for something else than what waited for approval";
        assert_eq!(denial(&answer), ("approval.required", what));
    }
    assert_eq!(code(&ask_as(&mut node, &execution, retry).1), "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn an_approval_serves_no_other_execution_and_no_forged_record() {
    let mut domain = domain("1 of finance within 10m");
    domain.change(Change::WorkloadRegistered(Workload {
        name: "other".into(),
        os_user: OS_USER,
        zone: "prod".into(),
    }));
    let mut node = TestNode::new(&domain);
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    let other = node.join("other", OS_USER).unwrap();
    let unknown = "the record that it names is no request of its execution that waits";
    let retry = Transition { pending: Some(pending), ..fixture::call("send_mail", MAIL) };
    let (_, answer) = ask_as(&mut node, &other, retry);
    assert_eq!(denial(&answer), ("approval.required", unknown));
    for made_up in [Digest::of(b"made up"), Digest::of(&node.log[0].0)] {
        let (_, answer) = mail(&mut node, Some(made_up));
        assert_eq!(denial(&answer), ("approval.required", unknown));
        assert_eq!(approve(&mut node, made_up, 1), Err("approval.unknown"));
    }
    assert_eq!(code(&mail(&mut node, Some(pending)).1), "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn vote_after_expiry_is_ignored() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let (expiring, late, in_time) = (wait(&mut node), wait(&mut node), wait(&mut node));
    approve(&mut node, expiring, 1).unwrap();
    approve(&mut node, late, 1).unwrap();
    node.now.wall_ms += 5 * MINUTE + 1;
    let (_, answer) = mail(&mut node, Some(expiring));
    assert_eq!(denial(&answer), ("approval.required", "0 of 1 of `finance` have approved"));
    let expired = Approval { pending: in_time, approves: true, expires_ms: node.now.wall_ms - 1 };
    assert_eq!(bring(&mut node, expired.sign(LOG, &finance(1)).unwrap()), Err("approval.late"));
    let long = Approval { pending: late, approves: true, expires_ms: node.now.wall_ms * 2 };
    assert_eq!(bring(&mut node, long.sign(LOG, &finance(2)).unwrap()).map(|_| ()), Ok(()));
    node.now.wall_ms += 5 * MINUTE;
    assert_eq!(approve(&mut node, in_time, 1), Err("approval.late"));
    let (_, answer) = mail(&mut node, Some(late));
    let passed = "the time in which `finance` could approve has passed";
    assert_eq!(denial(&answer), ("approval.required", passed));
    is_replayed(&node, &domain);
}

#[test]
fn only_a_good_signature_of_a_role_that_is_asked_gets_on_record() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let (pending, other) = (wait(&mut node), wait(&mut node));
    let records = node.log.len();
    let sign = |node: &TestNode, pending, origin: &str, officer: &Ed25519Signer| {
        word(node, pending, true).sign(origin, officer).unwrap()
    };
    let stranger = sign(&node, pending, LOG, &finance(9));
    assert_eq!(bring(&mut node, stranger), Err("approval.role"));
    let root = sign(&node, pending, LOG, &officer());
    assert_eq!(bring(&mut node, root), Err("approval.role"), "root is not finance");
    let elsewhere = sign(&node, pending, "example.test/lineage/node-2", &finance(1));
    assert_eq!(bring(&mut node, elsewhere), Err("approval.signature"));
    let good = sign(&node, pending, LOG, &finance(1));
    let mut moved = good.clone();
    moved.approval.pending = other;
    assert_eq!(bring(&mut node, moved), Err("approval.signature"), "it is for another record");
    let mut longer = good.clone();
    longer.approval.expires_ms += 1;
    assert_eq!(bring(&mut node, longer), Err("approval.signature"));
    let mut turned = good;
    turned.approval.approves = false;
    assert_eq!(bring(&mut node, turned), Err("approval.signature"));
    assert_eq!(node.log.len(), records, "nothing of that is on record");
    is_replayed(&node, &domain);
}

#[test]
fn an_officer_who_lost_the_role_since_counts_no_more() {
    let (mut domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    set_finance(&mut domain, &[2, 3]);
    node.follow(&domain);
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer), ("approval.required", "0 of 1 of `finance` have approved"));
    approve(&mut node, pending, 2).unwrap();
    assert_eq!(code(&mail(&mut node, Some(pending)).1), "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn one_refusal_refuses_for_good() {
    let (domain, mut node) = begin("2 of finance within 10m");
    let pending = wait(&mut node);
    for number in [1, 2] {
        approve(&mut node, pending, number).unwrap();
    }
    let refusal = word(&node, pending, false).sign(LOG, &finance(2)).unwrap();
    bring(&mut node, refusal).unwrap();
    assert_eq!(approve(&mut node, pending, 2), Err("approval.twice"));
    approve(&mut node, pending, 3).unwrap();
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer), ("approval.required", "an officer of `finance` refused it"));
    is_replayed(&node, &domain);
}

#[test]
fn a_retry_is_decided_again_in_full() {
    let (mut domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    domain.change(Change::HaltOrdered { subject: Subject::Domain });
    node.follow(&domain);
    assert_eq!(code(&mail(&mut node, Some(pending)).1), "execution.halted");
    domain.change(Change::HaltLifted { subject: Subject::Domain });
    // A bundle that asks for more counts what was given.
    domain.publish(&approving("2 of finance within 10m"));
    node.follow(&domain);
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer).1, "1 of 2 of `finance` have approved");
    approve(&mut node, pending, 2).unwrap();
    let (ticket, _) = node.call("fetch_page", r#"{"url":"https://x.test/"}"#);
    node.complete(ticket, Completion::Result);
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(code(&answer), "policy.denied", "a page was read since");
    is_replayed(&node, &domain);
}

#[test]
fn an_approval_outlives_connections_and_restarts() {
    let (domain, mut node) = begin("2 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    let execution = node.execution.clone();
    let mut node = TestNode::restart(&domain, node.log);
    assert_eq!(node.execution, execution, "who reconnects joins it");
    assert_eq!(approve(&mut node, pending, 1), Err("approval.twice"));
    approve(&mut node, pending, 2).unwrap();
    assert_eq!(code(&mail(&mut node, Some(pending)).1), "permitted");
    let mut node = TestNode::restart(&domain, node.log);
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer).1, "what was approved was done already");
    is_replayed(&node, &domain);
}

#[test]
fn a_permit_that_is_withheld_has_used_it_up() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    let ticket = node.ticket();
    let retry = Transition { pending: Some(pending), ..fixture::call("send_mail", MAIL) };
    let (execution, transition) = (node.execution.clone(), Box::new(retry.into()));
    node.step(Input::Request { ticket, execution, transition, entropy: [8; 32] });
    node.now.monotonic_ns += QUEUE_NS_MAX + 1;
    node.durable();
    node.durable();
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer).1, "what was approved was done already");
    is_replayed(&node, &domain);
}

#[test]
fn each_execution_keeps_its_newest_requests() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let waiting: Vec<Digest> = (0..=WAITING_MAX).map(|_| wait(&mut node)).collect();
    assert_eq!(approve(&mut node, waiting[0], 1), Err("approval.unknown"));
    for pending in &waiting[1..] {
        approve(&mut node, *pending, 1).unwrap();
        assert_eq!(code(&mail(&mut node, Some(*pending)).1), "permitted");
    }
    is_replayed(&node, &domain);
}

#[test]
fn more_officers_than_are_remembered_are_refused() {
    let mut domain = domain("32 of finance within 10m");
    // A role has at most 32 officers: the others were put in the place of its earlier ones.
    let mut node = TestNode::new(&domain);
    let pending = wait(&mut node);
    for round in 0..5_u8 {
        let officers: Vec<u8> = (0..32).map(|number| 10 + round * 32 + number).collect();
        set_finance(&mut domain, &officers);
        node.follow(&domain);
        for number in officers {
            let taken = approve(&mut node, pending, number).map(|_| ());
            assert_eq!(taken, if round < 4 { Ok(()) } else { Err("approval.quota") });
        }
    }
    let (_, answer) = mail(&mut node, Some(pending));
    assert_eq!(denial(&answer).1, "0 of 32 of `finance` have approved");
    is_replayed(&node, &domain);
}

#[test]
fn a_changed_approval_on_record_is_broken_or_different() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    let index = usize::try_from(approve(&mut node, pending, 1).unwrap()).unwrap();
    let word = String::from_utf8(node.log[index].0.clone()).unwrap();
    let mut broken = node.log.clone();
    broken[index].0 = word.replace("\"verdict\":\"permit\"", "\"verdict\":\"refuse\"").into_bytes();
    assert!(fixture::replay(&domain, &broken).is_err(), "its signature is looked at again");

    mail(&mut node, Some(pending));
    let (record, _) = node.log.last_mut().unwrap();
    let text = String::from_utf8(record.clone()).unwrap();
    let (before, rest) = text.split_once("\"given\":[\"").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    let none = format!("{before}\"given\":[]{after}");
    *record = none.into_bytes();
    let outcome = fixture::replay(&domain, &node.log).unwrap();
    assert!(matches!(outcome.last(), Some(ReplayOutcome::Different { .. })));
}

#[test]
fn approvals_are_followed_where_the_sealed_parts_are_erased() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    mail(&mut node, Some(pending));
    let mut replay = Replay::new(NODE, fixture::ORIGIN, &domain.records, domain.shelf.as_ref());
    for (record, sealed) in &node.log {
        let is_sealed = !sealed.is_empty();
        let part = if is_sealed {
            SealedPart::Unreadable(crate::state::Unreadable::NoKey)
        } else {
            sealed.into()
        };
        let outcome = replay.apply(record, part).unwrap();
        assert!(
            matches!(outcome, ReplayOutcome::Followed | ReplayOutcome::NotReplayable { .. }),
            "{outcome:?}"
        );
    }
    let execution = replay.state().execution(&node.execution).unwrap();
    assert!(execution.waiting().all(crate::state::WaitingRequest::is_used));
    assert_eq!(execution.open().count(), 1, "as its record says in the open");
}

#[test]
fn only_tool_calls_under_approving_bundles_wait() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let execution = node.execution.clone();
    let mut up = fixture::call("send_mail", MAIL);
    up.pending = Some(Digest::of(b"x"));
    (up.method, up.tool) = ("resources/read".into(), None);
    assert_eq!(code(&ask_as(&mut node, &execution, up).1), "tool.unknown");
    is_replayed(&node, &domain);
    let first = Domain::new();
    let mut node = TestNode::new(&first);
    let (_, answer) = mail(&mut node, Some(Digest::of(b"x")));
    assert_eq!(code(&answer), "permitted");
    let record = String::from_utf8(node.log.last().unwrap().0.clone()).unwrap();
    assert!(!record.contains("retry"), "bundles of the first semantics decide as they did");
    is_replayed(&node, &first);
}

/// A node whose bundle is of the fourth semantics.
fn begin_by_value(approval: &str) -> (Domain, TestNode) {
    let mut domain = Domain::new();
    set_finance(&mut domain, &[1, 2, 3]);
    domain.publish(&fixture::under(&approving(approval), 4));
    let node = TestNode::new(&domain);
    (domain, node)
}

/// Asks for a mail with these arguments, and with what else the call says.
fn ask_with(
    node: &mut TestNode,
    pending: Option<Digest>,
    arguments: &str,
    extra_params: &str,
) -> Answer {
    let execution = node.execution.clone();
    let call = Transition {
        pending,
        extra_params: extra_params.to_owned(),
        ..fixture::call("send_mail", arguments)
    };
    ask_as(node, &execution, call).1
}

#[test]
fn a_retry_may_write_the_same_values_in_another_way() {
    let written = [
        (r#"{"body":"hi","to":"a@b.test"}"#, "{}"),
        ("{ \"to\" : \"a@b.test\",\t\"body\":\"hi\" }", "{}"),
        (r#"{"to":"\u0061@b.test","body":"\u0068i"}"#, r#"{}"#),
    ];
    for (arguments, extra_params) in written {
        let (domain, mut node) = begin_by_value("1 of finance within 10m");
        let pending = wait(&mut node);
        approve(&mut node, pending, 1).unwrap();
        let answer = ask_with(&mut node, Some(pending), arguments, extra_params);
        assert_eq!(code(&answer), "permitted", "{arguments}");
        is_replayed(&node, &domain);
    }
}

#[test]
fn a_retry_with_another_value_is_something_else() {
    let (domain, mut node) = begin_by_value("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    for (arguments, extra_params) in [
        (r#"{"to":"eve@b.test","body":"hi"}"#, "{}"),
        (r#"{"to":"a@b.test","body":"hi "}"#, "{}"),
        (MAIL, r#"{"task":{}}"#),
        (MAIL, r#"{"_meta":{"x":1}}"#),
    ] {
        let answer = ask_with(&mut node, Some(pending), arguments, extra_params);
        let what = "it asks for something else than what waited for approval";
        assert_eq!(denial(&answer), ("approval.required", what), "{arguments}");
    }
    assert_eq!(code(&mail(&mut node, Some(pending)).1), "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn a_plain_repeat_of_what_was_approved_is_the_retry_once() {
    let (domain, mut node) = begin_by_value("2 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    assert_eq!(wait(&mut node), pending, "one that waits is told again, not another one");
    approve(&mut node, pending, 2).unwrap();
    let other = ask_with(&mut node, None, r#"{"to":"eve@b.test","body":"hi"}"#, "{}");
    assert!(matches!(other, Answer::Pending { .. }), "another call waits for itself");
    let answer = ask_with(&mut node, None, r#"{"body":"hi","to":"a@b.test"}"#, "{}");
    assert_eq!(code(&answer), "permitted");
    let record = String::from_utf8(node.log.last().unwrap().0.clone()).unwrap();
    assert!(record.contains(&format!("\"pending\":\"{pending}\"")), "the record names it");
    wait(&mut node);
    is_replayed(&node, &domain);
}

#[test]
fn a_plain_repeat_uses_only_a_valid_approval_of_its_own() {
    let (mut domain, mut node) = begin_by_value("1 of finance within 10m");
    domain.change(Change::WorkloadRegistered(Workload {
        name: "other".into(),
        os_user: OS_USER,
        zone: "prod".into(),
    }));
    node.follow(&domain);
    let late = wait(&mut node);
    approve(&mut node, late, 1).unwrap();
    let other = node.join("other", OS_USER).unwrap();
    let (_, answer) = ask_as(&mut node, &other, fixture::call("send_mail", MAIL));
    assert!(matches!(answer, Answer::Pending { .. }), "another execution asks for itself");
    node.now.wall_ms += 5 * MINUTE + 1;
    let refused = wait(&mut node);
    assert_ne!(refused, late);
    approve(&mut node, refused, 1).unwrap();
    let refusal = word(&node, refused, false).sign(LOG, &finance(2)).unwrap();
    bring(&mut node, refusal).unwrap();
    assert_ne!(wait(&mut node), refused);
    is_replayed(&node, &domain);
}

#[test]
fn an_agent_that_has_not_listed_the_tools_is_told_to() {
    let (domain, mut node) = begin_by_value("1 of finance within 10m");
    let execution = node.execution.clone();
    let listed =
        Transition { definition: Some(Digest::of(b"listed")), ..fixture::call("send_mail", MAIL) };
    let Answer::Pending { pending, advice, .. } = ask_as(&mut node, &execution, listed.clone()).1
    else {
        panic!("it does not wait");
    };
    assert!(!advice.iter().any(|one| one.contains("tools/list")), "{advice:?}");
    approve(&mut node, pending, 1).unwrap();
    let Answer::Pending { pending: other, advice, .. } = mail(&mut node, None).1 else {
        panic!("another session's listing counts");
    };
    assert_ne!(other, pending);
    assert!(advice.iter().any(|one| one.contains("tools/list")), "{advice:?}");
    let Answer::Deny { advice, .. } = mail(&mut node, Some(pending)).1 else { panic!() };
    assert!(advice.iter().any(|one| one.contains("tools/list")), "{advice:?}");
    assert_eq!(code(&ask_as(&mut node, &execution, listed).1), "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn a_plain_repeat_is_another_request_under_v2() {
    let (domain, mut node) = begin("1 of finance within 10m");
    let pending = wait(&mut node);
    approve(&mut node, pending, 1).unwrap();
    assert_ne!(wait(&mut node), pending);
    is_replayed(&node, &domain);
}

#[test]
fn an_officer_is_told_how_each_request_stands() {
    use crate::state::ApprovalStatus;
    let (_domain, mut node) = begin_by_value("1 of finance within 10m");
    let stands = |node: &TestNode, pending: Digest| {
        let state = node.kernel.state();
        let execution = state.execution(&node.execution).unwrap();
        let asked = execution.waiting().find(|asked| asked.pending == pending).unwrap();
        state.approval_status(asked, node.now.wall_ms)
    };
    let used = wait(&mut node);
    let [denied, lapsed, late] = [1, 2, 3].map(|number| {
        let arguments = format!(r#"{{"to":"a@b.test","body":"{number}"}}"#);
        match ask_with(&mut node, None, &arguments, "{}") {
            Answer::Pending { pending, .. } => pending,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(stands(&node, used), ApprovalStatus::Waiting);
    approve(&mut node, used, 1).unwrap();
    assert_eq!(stands(&node, used), ApprovalStatus::Approved);
    mail(&mut node, Some(used));
    assert_eq!(stands(&node, used), ApprovalStatus::Used);
    let refusal = word(&node, denied, false).sign(LOG, &finance(2)).unwrap();
    bring(&mut node, refusal).unwrap();
    assert_eq!(stands(&node, denied), ApprovalStatus::Denied);
    approve(&mut node, lapsed, 1).unwrap();
    node.now.wall_ms += 5 * MINUTE + 1;
    assert_eq!(stands(&node, lapsed), ApprovalStatus::Expired, "what was given has expired");
    assert_eq!(stands(&node, late), ApprovalStatus::Waiting);
    node.now.wall_ms += 5 * MINUTE;
    assert_eq!(stands(&node, late), ApprovalStatus::Expired);
}
