use proof::note::{Ed25519Signer, Signer};
use record::Trust;
use record::governance::{Change, Role, Roles, SignedProposal, Subject, TRUST};

use crate::fixture::{Domain, TestNode, code};
use crate::limits::{REDUCTION_BYTES_MAX, REDUCTIONS_MAX};
use crate::replay::ReplayOutcome;
use crate::step::{Answer, Effect, Input};

const READ: (&str, &str) = ("read_file", r#"{"path":"reports/q3.txt"}"#);

fn ask(node: &mut TestNode) -> String {
    code(&node.call(READ.0, READ.1).1).to_owned()
}

fn agent() -> Subject {
    Subject::Workload("agent".into())
}

fn halt() -> Change {
    Change::HaltOrdered { subject: agent() }
}

fn reduce(node: &mut TestNode, proposal: &SignedProposal) -> Result<bool, String> {
    let ticket = node.ticket();
    let proposal = Box::new(proposal.clone());
    match node.step(Input::Reduce { ticket, proposal }).pop() {
        Some(Effect::Reduced { ticket: of, result }) if of == ticket => result,
        other => panic!("{other:?}"),
    }
}

fn all_follow(node: &TestNode, domain: &Domain) {
    let outcome = node.replay(domain).unwrap();
    assert!(
        outcome
            .iter()
            .all(|outcome| matches!(outcome, ReplayOutcome::Followed | ReplayOutcome::Identical)),
        "{outcome:?}"
    );
}

#[test]
fn a_signed_halt_withholds_permits_before_any_log_has_it() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let (ticket, effects) = node.ask(READ.0, READ.1);
    assert_eq!(effects, vec![]);
    assert_eq!(reduce(&mut node, &domain.proposed(halt())), Ok(true));
    // Nothing has become durable since: neither the permit nor the order.
    let mut effects = node.durable();
    effects.extend(node.durable());
    let [Effect::Answer { ticket: of, answer: Answer::Deny { code, .. } }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((*of, code.as_str()), (ticket, "execution.halted"));
    assert_eq!(ask(&mut node), "execution.halted");
    all_follow(&node, &domain);
    let mut node = TestNode::restart(&domain, node.log);
    assert_eq!(ask(&mut node), "execution.halted", "it outlives the process");
}

#[test]
fn a_lowered_trust_acts_for_every_kind_of_subject() {
    let subjects = |node: &TestNode| {
        let execution = node.execution.clone();
        let kinds = [Subject::Domain, Subject::Zone("prod".into()), Subject::Node("node-1".into())];
        kinds.into_iter().chain([agent(), Subject::Execution(execution)])
    };
    let domain = Domain::new();
    for subject in subjects(&TestNode::new(&domain)) {
        let mut node = TestNode::new(&domain);
        let trust = Change::TrustChanged { subject: subject.clone(), trust: Trust::Suspended };
        assert_eq!(reduce(&mut node, &domain.proposed(trust)), Ok(true));
        assert_eq!(ask(&mut node), "trust.insufficient", "{subject}");
        let mut node = TestNode::new(&domain);
        let halt = Change::HaltOrdered { subject: subject.clone() };
        assert_eq!(reduce(&mut node, &domain.proposed(halt)), Ok(true));
        assert_eq!(ask(&mut node), "execution.halted", "{subject}");
    }
}

#[test]
fn only_a_lift_signed_after_the_halt_ends_it() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let halted = domain.proposed(halt());
    let stale = domain.proposed(Change::HaltLifted { subject: agent() });
    assert_eq!(reduce(&mut node, &halted), Ok(true));
    // The lift was signed on the same state: the authority accepts it, since it does not know of
    // the halt.
    domain.accept(&stale);
    node.follow(&domain);
    assert_eq!(ask(&mut node), "execution.halted");
    domain.change(Change::HaltLifted { subject: agent() });
    node.follow(&domain);
    assert_eq!(ask(&mut node), "permitted");
    all_follow(&node, &domain);
}

#[test]
fn governance_that_has_the_same_halt_takes_its_place() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let halted = domain.proposed(halt());
    assert_eq!(reduce(&mut node, &halted), Ok(true));
    domain.accept(&halted);
    node.follow(&domain);
    assert_eq!(ask(&mut node), "execution.halted");
    domain.change(Change::HaltLifted { subject: agent() });
    node.follow(&domain);
    assert_eq!(ask(&mut node), "permitted");
    all_follow(&node, &domain);
}

/// What is owed to governance, and whether it could be accepted still.
fn owed(node: &TestNode) -> Vec<(SignedProposal, bool)> {
    let (state, governance) = (node.kernel.state(), node.kernel.state().governance());
    let with_standing = |signed: SignedProposal| {
        let is_acceptable = governance.check(governance.at(), &signed).is_ok();
        (signed, is_acceptable)
    };
    state.reductions().map(with_standing).collect()
}

#[test]
fn a_reduction_is_owed_until_governance_has_it_or_a_newer() {
    let mut domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let (halted, stale) =
        (domain.proposed(halt()), domain.proposed(Change::HaltLifted { subject: agent() }));
    assert_eq!(owed(&node), vec![]);
    assert_eq!(reduce(&mut node, &halted), Ok(true));
    assert_eq!(owed(&node), vec![(halted.clone(), true)]);
    let mut restarted = TestNode::restart(&domain, node.log.clone());
    assert_eq!(owed(&restarted), vec![(halted.clone(), true)], "it outlives the process");
    // One node's governance gets the halt, the other's an older lift: there the halt can't be
    // adopted any more, and holds.
    let mut other = domain.clone();
    domain.accept(&halted);
    restarted.follow(&domain);
    assert_eq!(owed(&restarted), vec![]);
    other.accept(&stale);
    let mut node = TestNode::restart(&other, node.log);
    assert_eq!(owed(&node), vec![(halted.clone(), false)]);
    assert_eq!(ask(&mut node), "execution.halted");
    // Once it was lifted by who had seen it, the old order is nothing any more.
    other.change(Change::HaltLifted { subject: agent() });
    node.follow(&other);
    assert_eq!(owed(&node), vec![]);
    assert!(reduce(&mut node, &halted).is_err());
    assert_eq!((owed(&node), ask(&mut node).as_str()), (vec![], "permitted"));
}

#[test]
fn an_order_that_no_record_could_hold_does_not_act_and_says_why() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let mut long = domain.proposed(halt());
    for number in 0..40 {
        let name = format!("example.test/{}", "x".repeat(1_500));
        let officer = Ed25519Signer::from_seed(&name, &[number; 32]).unwrap();
        long = long.and_signed(&officer).unwrap();
    }
    let why = reduce(&mut node, &long).unwrap_err();
    assert!(why.contains(&REDUCTION_BYTES_MAX.to_string()), "{why}");
    assert_eq!(reduce(&mut node, &domain.proposed(halt())), Ok(true));
    all_follow(&node, &domain);
}

#[test]
fn nothing_but_a_reduction_by_an_officer_acts_at_once() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let lift = domain.proposed(Change::HaltLifted { subject: agent() });
    assert_eq!(reduce(&mut node, &lift), Ok(false));
    let stranger = Ed25519Signer::from_seed("example.test/officer", &[8; 32]).unwrap();
    let forged = domain.proposed(halt()).proposal.sign(&stranger).unwrap();
    assert!(reduce(&mut node, &forged).unwrap_err().contains("no role"));
    let mut changed = domain.proposed(halt());
    changed.proposal.change = Change::HaltOrdered { subject: Subject::Domain };
    assert!(reduce(&mut node, &changed).unwrap_err().contains("signature"));
    assert_eq!(ask(&mut node), "permitted");
    all_follow(&node, &domain);
}

#[test]
fn more_reductions_than_can_be_remembered_stop_everything() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    for number in 0..REDUCTIONS_MAX {
        let subject = Subject::Workload(format!("other-{number}"));
        let halt = domain.proposed(Change::HaltOrdered { subject });
        assert_eq!(reduce(&mut node, &halt), Ok(true));
    }
    assert_eq!(ask(&mut node), "permitted");
    let subject = Subject::Workload("one-more".into());
    let halt = domain.proposed(Change::HaltOrdered { subject });
    assert_eq!(reduce(&mut node, &halt), Ok(true));
    assert_eq!(ask(&mut node), "execution.halted");
}

/// A domain in which two of three officers give back, under a bundle for this version of the
/// decider.
fn of_three(semantics: u64) -> Domain {
    let mut domain = Domain::new();
    domain.publish(&crate::fixture::under(&crate::fixture::metered(9), semantics));
    let others = [8, 9].map(|seed| Ed25519Signer::from_seed("example.test/other", &[seed; 32]));
    let keys = others.map(|other| other.unwrap().verifier());
    let keys = keys.into_iter().chain([crate::fixture::officer().verifier()]).collect();
    let trust = Role::new(2, keys).unwrap();
    let mut roles: std::collections::BTreeMap<String, Role> = Default::default();
    for (name, role) in domain.fold.roles().unwrap().iter() {
        roles.insert(name.to_owned(), role.clone());
    }
    roles.insert(TRUST.to_owned(), trust);
    domain.change(Change::RolesChanged { roles: Roles::new(roles).unwrap() });
    domain
}

fn trusted(trust: Trust) -> Change {
    Change::TrustChanged { subject: agent(), trust }
}

#[test]
fn one_officer_gives_nothing_back_that_the_node_alone_holds() {
    for (semantics, code) in [(2, "permitted"), (4, "trust.insufficient")] {
        let mut domain = of_three(semantics);
        let mut node = TestNode::new(&domain);
        assert_eq!(reduce(&mut node, &domain.proposed(trusted(Trust::Suspended))), Ok(true));
        domain.change(halt_of("nobody"));
        node.follow(&domain);
        let raised = domain.proposed(trusted(Trust::Trusted));
        assert_eq!(reduce(&mut node, &raised), Ok(false), "it takes nothing away");
        // The authority, which did not know of the node's, took it.
        domain.accept(&raised);
        node.follow(&domain);
        assert_eq!(ask(&mut node), code, "under {semantics}");
        all_follow(&node, &domain);
    }
}

fn halt_of(workload: &str) -> Change {
    Change::HaltOrdered { subject: Subject::Workload(workload.into()) }
}

#[test]
fn less_that_is_taken_away_by_one_does_not_stand_for_more() {
    let mut domain = of_three(4);
    let mut node = TestNode::new(&domain);
    assert_eq!(reduce(&mut node, &domain.proposed(trusted(Trust::Suspended))), Ok(true));
    domain.change(halt_of("nobody"));
    domain.change(trusted(Trust::Degraded));
    node.follow(&domain);
    assert_eq!(ask(&mut node), "trust.insufficient");
    domain.change(trusted(Trust::Revoked));
    node.follow(&domain);
    assert_eq!(owed(&node), vec![], "more stands for less");
}

#[test]
fn a_quorum_gives_back_what_the_node_alone_holds() {
    let mut domain = of_three(4);
    let mut node = TestNode::new(&domain);
    assert_eq!(reduce(&mut node, &domain.proposed(trusted(Trust::Suspended))), Ok(true));
    domain.change(halt_of("nobody"));
    let other = Ed25519Signer::from_seed("example.test/other", &[8; 32]).unwrap();
    let raised = domain.proposed(trusted(Trust::Trusted)).and_signed(&other).unwrap();
    domain.accept(&raised);
    node.follow(&domain);
    assert_eq!(ask(&mut node), "permitted");
}

#[test]
fn a_log_ahead_of_the_clock_keeps_no_halt_out() {
    let domain = Domain::new();
    let mut node = TestNode::new(&domain);
    let signed = domain.proposed(halt());
    // Two days ahead once, and right again.
    node.now.wall_ms += 172_800_000;
    assert_eq!(ask(&mut node), "permitted");
    node.now.wall_ms -= 172_800_000;
    assert_eq!(reduce(&mut node, &signed), Ok(true));
    assert_eq!(ask(&mut node), "execution.halted");
    all_follow(&node, &domain);
}
