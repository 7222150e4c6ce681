use record::governance::{Change, Workload};
use record::lineage::Completion;

use super::*;
use crate::fixture::{Domain, OS_USER, TestNode, code, metered};
use crate::limits::QUEUE_NS_MAX;
use crate::replay::ReplayOutcome;
use crate::step::{Effect, Input};

const MAIL: (&str, &str) = ("send_mail", r#"{"to":"a@b.test","body":"hi"}"#);

fn domain(limit: u64) -> Domain {
    let mut domain = Domain::new();
    domain.publish(&metered(limit));
    domain
}

fn mail(node: &mut TestNode) -> (u64, String) {
    let (ticket, answer) = node.call(MAIL.0, MAIL.1);
    (ticket, code(&answer).to_owned())
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
fn requests_at_once_cannot_slip_under_a_limit_together() {
    let domain = domain(2);
    let mut node = TestNode::new(&domain);
    for _ in 0..4 {
        node.ask(MAIL.0, MAIL.1);
    }
    let effects = node.durable();
    let codes: Vec<&str> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Answer { answer, .. } => code(answer),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, ["permitted", "permitted", "meter.exhausted", "meter.exhausted"]);
    is_replayed(&node, &domain);
}

#[test]
fn a_withheld_permit_gives_back_and_an_ended_one_does_not() {
    let domain = domain(1);
    let mut node = TestNode::new(&domain);
    node.ask(MAIL.0, MAIL.1);
    node.now.monotonic_ns += QUEUE_NS_MAX + 1;
    assert_eq!(node.durable(), vec![], "withheld");
    node.durable();
    let (ticket, answer) = mail(&mut node);
    assert_eq!(answer, "permitted", "nothing left, so it came back");
    node.complete(ticket, Completion::Error);
    assert_eq!(mail(&mut node).1, "meter.exhausted", "an error may have had its effect");
    is_replayed(&node, &domain);
}

#[test]
fn a_transition_open_at_a_crash_stays_charged() {
    let domain = domain(1);
    let mut node = TestNode::new(&domain);
    assert_eq!(mail(&mut node).1, "permitted");
    let mut node = TestNode::restart(&domain, node.log);
    assert_eq!(mail(&mut node).1, "meter.exhausted");
    is_replayed(&node, &domain);
}

#[test]
fn used_amounts_leave_with_the_window_and_never_before() {
    let domain = domain(1);
    let mut node = TestNode::new(&domain);
    let (ticket, _) = mail(&mut node);
    node.complete(ticket, Completion::Result);
    node.now.wall_ms += 3_600_000 - 1;
    assert_eq!(mail(&mut node).1, "meter.exhausted");
    node.now.wall_ms -= 7_200_000;
    assert_eq!(mail(&mut node).1, "meter.exhausted", "a clock that steps back gives nothing back");
    node.now.wall_ms += 7_200_001;
    assert_eq!(mail(&mut node).1, "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn a_lowered_limit_holds_for_what_is_spent_already() {
    let mut domain = domain(3);
    let mut node = TestNode::new(&domain);
    for _ in 0..2 {
        let (ticket, answer) = mail(&mut node);
        assert_eq!(answer, "permitted");
        node.complete(ticket, Completion::Result);
    }
    domain.publish(&metered(1));
    node.follow(&domain);
    assert_eq!(mail(&mut node).1, "meter.exhausted");
    domain.publish(&metered(3));
    node.follow(&domain);
    assert_eq!(mail(&mut node).1, "permitted");
    is_replayed(&node, &domain);
}

#[test]
fn charges_on_record_that_do_not_follow_are_different() {
    let domain = domain(2);
    let mut node = TestNode::new(&domain);
    node.step(Input::Tick);
    mail(&mut node);
    let (record, _) = node.log.last_mut().unwrap();
    let text = String::from_utf8(record.clone()).unwrap();
    let cheaper = text.replace(r#""amount":1,"#, r#""amount":0,"#);
    assert_ne!(text, cheaper, "a charge stands in the public header");
    *record = cheaper.into_bytes();
    assert!(matches!(
        crate::fixture::replay(&domain, &node.log).unwrap().last(),
        Some(ReplayOutcome::Different { .. })
    ));
}

#[test]
fn without_room_for_one_more_account_its_charges_are_denied() {
    let domain = domain(5);
    let full = |n: usize| Charged {
        meter: "calls".into(),
        per: Per::Execution,
        subject: n.to_string(),
        amount: 1,
    };
    let with_accounts = |accounts: usize| {
        let mut state = NodeState::new(crate::fixture::NODE, crate::fixture::ORIGIN);
        state.reserve("none", 0, (0..accounts).map(full).collect());
        TestNode::from(state, Vec::new(), &domain)
    };
    let mut node = with_accounts(METER_ACCOUNTS_MAX - 1);
    assert_eq!(mail(&mut node).1, "permitted", "the last account");
    assert_eq!(mail(&mut node).1, "permitted", "an account that is there is not one more");
    assert_eq!(mail(&mut with_accounts(METER_ACCOUNTS_MAX)).1, "meter.exhausted");
}

#[test]
fn an_execution_takes_its_own_accounts_with_it() {
    let mut domain = Domain::new();
    domain.publish(&crate::fixture::metered_per("execution", 1));
    let mut node = TestNode::new(&domain);
    assert_eq!(
        (mail(&mut node).1, mail(&mut node).1),
        ("permitted".into(), "meter.exhausted".into())
    );
    let at = node.now.wall_ms;
    assert_eq!(node.kernel.state().meter_uses(at).count(), 1);
    domain.change(Change::ExecutionEnded { execution: node.execution.clone() });
    node.follow(&domain);
    assert_eq!(node.kernel.state().meter_uses(at).count(), 0);
    node.execution = node.join("agent", OS_USER).unwrap();
    assert_eq!(mail(&mut node).1, "permitted", "another execution has its own");
    is_replayed(&node, &domain);
}

fn fetch(node: &mut TestNode, output: Option<&str>) -> String {
    let (ticket, answer) = node.call("fetch_page", r#"{"url":"https://x.test/"}"#);
    if code(&answer) == "permitted" {
        let message = b"{\"result\":1}".to_vec();
        let output = output.map(str::to_owned);
        let (outcome, entropy) = (Completion::Result, [6; 32]);
        node.step(Input::Outcome { ticket, outcome, message, output, entropy });
    }
    code(&answer).to_owned()
}

fn used(node: &TestNode) -> u64 {
    node.kernel.state().meter_uses(node.now.wall_ms).map(|one| one.used).sum()
}

#[test]
fn a_result_settles_its_charge_or_the_reservation_stays() {
    let mut domain = Domain::new();
    domain.publish(&crate::fixture::settled(100));
    let mut node = TestNode::new(&domain);
    for (output, sum) in [
        (Some(r#"{"bytes":3}"#), 3),
        (Some(r#"{"bytes":40,"more":true}"#), 43),
        (Some(r#"{"bytes":0}"#), 43),
        // Nothing that can be told is what was reserved.
        (None, 53),
        (Some(r#"{"bytes":-7}"#), 63),
        (Some(r#"{"bytes":"1"}"#), 73),
        (Some(r#"{"size":1}"#), 83),
        (Some(r#"{"bytes":9007199254740991}"#), METER_AMOUNT_MAX),
    ] {
        assert_eq!(fetch(&mut node, output), "permitted");
        assert_eq!(used(&node), sum, "{output:?}");
        is_replayed(&node, &domain);
    }
    assert_eq!(fetch(&mut node, None), "meter.exhausted");
    let restarted = TestNode::restart(&domain, node.log.clone());
    assert_eq!(used(&restarted), used(&node));
    is_replayed(&node, &domain);
}

#[test]
fn a_settled_charge_is_public_and_follows_from_the_result() {
    let mut domain = Domain::new();
    domain.publish(&crate::fixture::settled(100));
    let mut node = TestNode::new(&domain);
    fetch(&mut node, Some(r#"{"bytes":40}"#));
    let text = String::from_utf8(node.log.last().unwrap().0.clone()).unwrap();
    assert!(text.contains(r#""charges":[{"amount":40,"meter":"bytes","per":"workload""#), "{text}");
    let mut cheaper = node.log.clone();
    cheaper.last_mut().unwrap().0 = text.replace(r#""amount":40"#, r#""amount":4"#).into_bytes();
    assert!(crate::fixture::replay(&domain, &cheaper).is_err());
    // Where the result is erased, the record says it all the same.
    let shelf = domain.shelf.as_ref();
    let mut replay = crate::replay::Replay::new(
        crate::fixture::NODE,
        crate::fixture::ORIGIN,
        &domain.records,
        shelf,
    );
    for (record, sealed) in &node.log {
        let lost = crate::replay::SealedPart::Unreadable(crate::state::Unreadable::NoKey);
        let part = if sealed.is_empty() { sealed.into() } else { lost };
        replay.apply(record, part).unwrap();
    }
    let uses: Vec<u64> = replay.state().meter_uses(node.now.wall_ms).map(|one| one.used).collect();
    assert_eq!(uses, [40]);
}

#[test]
fn executions_of_one_workload_share_its_meter() {
    let mut domain = domain(2);
    domain.change(Change::WorkloadRegistered(Workload {
        name: "other".into(),
        os_user: OS_USER,
        zone: "prod".into(),
    }));
    let mut node = TestNode::new(&domain);
    let (first, _) = mail(&mut node);
    node.complete(first, Completion::Result);
    // Another execution of the workload: an officer ended the first one.
    domain.change(Change::ExecutionEnded { execution: node.execution.clone() });
    node.follow(&domain);
    let begun = node.join("agent", OS_USER).unwrap();
    assert_ne!(begun, node.execution);
    node.execution = begun;
    node.ask(MAIL.0, MAIL.1);
    node.ask(MAIL.0, MAIL.1);
    let codes: Vec<String> = node
        .durable()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Answer { answer, .. } => Some(code(answer).to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(codes, ["permitted", "meter.exhausted"]);
    node.execution = node.join("other", OS_USER).unwrap();
    assert_eq!(mail(&mut node).1, "permitted", "another workload has its own");
    is_replayed(&node, &domain);
}

/// Compares the account with a list of all amounts: it is never less than the window holds, and
/// nothing once a step more than the window has passed.
#[test]
fn an_account_is_never_below_the_sum_nor_a_step_late() {
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for window in [1_i64, 29, 30, 1_000, 86_400_000] {
        let step = (window + 29) / 30;
        let (mut account, mut all, mut at) = (Account::default(), Vec::new(), 0_i64);
        for _ in 0..2_000 {
            at += i64::try_from(random(u64::try_from(step * 3).unwrap())).unwrap();
            let amount = random(100);
            account.settle(at, Some(window), amount);
            all.push((at, amount));
            let since = |from: i64| -> u64 {
                all.iter().filter(|(when, _)| *when > from).map(|(_, amount)| amount).sum()
            };
            let used = account.used(at, Some(window));
            assert!(used >= since(at - window), "{window}");
            assert!(used <= since(at - window - step), "{window}");
            assert_eq!(account.used(at, None), since(-1));
            assert!(account.spans.len() <= METER_STEPS + 3);
        }
    }
}
