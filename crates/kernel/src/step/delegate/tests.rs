mod history;
mod line;

use policy::Bundle;
use record::Grant;
use record::governance::{Change, Subject, Workload};
use record::lineage::{Body, Completion, DelegationRequest, EndedBy, LineageRecord};

use crate::fixture::{Domain, OS_USER, TestNode, call, code, delegating};
use crate::limits::{EXECUTIONS_PER_USER_MAX, GENERATIONS_MAX, GRANT_BYTES_MAX, USER_BYTES_MAX};
use crate::replay::ReplayOutcome;
use crate::step::held_bytes::HeldBytes;
use crate::step::quota::Executions;
use crate::step::{Answer, Effect, Input};

const READ: (&str, &str) = ("read_file", r#"{"path":"reports/q3.txt"}"#);
const MAIL: (&str, &str) = ("send_mail", r#"{"to":"ann@example.test","body":"hi"}"#);
const HELPER_USER: u32 = 1002;

/// A domain whose bundle lets agents start helpers, and a helper to start.
fn domain() -> Domain {
    let mut domain = Domain::new();
    domain.publish(&delegating());
    domain.change(Change::WorkloadRegistered(Workload {
        name: "helper".into(),
        os_user: HELPER_USER,
        zone: "prod".into(),
    }));
    domain
}

fn reading() -> Grant {
    let actions = ["agent/start", "read_file"].map(str::to_owned);
    Grant { actions: Some(actions.into()), ..Grant::unlimited() }
}

fn ask(node: &mut TestNode, (tool, arguments): (&str, &str)) -> String {
    code(&node.call(tool, arguments).1).to_owned()
}

/// Asks for a helper; the answer's code, and the helper's id if there is one.
fn delegate(node: &mut TestNode, grant: Grant) -> (String, Option<String>) {
    let (ticket, effects) = request(node, grant);
    let effects = effects.into_iter().chain(node.durable());
    let (mut answer, mut child) = (None, None);
    for effect in effects {
        match effect {
            Effect::Delegated { ticket: of, child: id } if of == ticket => child = Some(id),
            Effect::Answer { ticket: of, answer: found } if of == ticket => answer = Some(found),
            other => panic!("{other:?}"),
        }
    }
    (code(&answer.unwrap()).to_owned(), child)
}

fn request(node: &mut TestNode, grant: Grant) -> (u64, Vec<Effect>) {
    let ticket = node.ticket();
    let mut transition = call("", "{}");
    transition.tool = None;
    transition.method = "agent/start".into();
    transition.delegates = Some(DelegationRequest { workload: "helper".into(), grant });
    let execution = node.execution.clone();
    let mut entropy = [9; 32];
    entropy[..8].copy_from_slice(&ticket.to_be_bytes());
    let transition = Box::new(transition.into());
    (ticket, node.step(Input::Request { ticket, execution, transition, entropy }))
}

fn join_helper(node: &mut TestNode, execution: &str, os_user: u32) -> Result<String, &'static str> {
    let ticket = node.ticket();
    let execution = Some(execution.to_owned());
    let workload = "helper".into();
    let input = Input::Join { ticket, workload, os_user, execution, entropy: [4; 32] };
    match node.step(input).pop() {
        Some(Effect::Joined { result, .. }) => result,
        other => panic!("{other:?}"),
    }
}

fn bodies(node: &TestNode) -> Vec<Body> {
    node.log.iter().map(|(record, _)| LineageRecord::parse(record).unwrap().body).collect()
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
fn a_helper_may_do_what_both_grant_and_policy_allow_and_no_more() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    let (answer, child) = delegate(&mut node, reading());
    assert_eq!(answer, "permitted");
    let child = child.unwrap();
    assert_eq!(join_helper(&mut node, &child, HELPER_USER), Ok(child.clone()));

    node.execution = child;
    assert_eq!(ask(&mut node, READ), "permitted");
    assert_eq!(ask(&mut node, MAIL), "grant.exceeded", "its parent may, it may not");
    let wider = delegate(&mut node, Grant::unlimited());
    assert_eq!(wider, ("grant.exceeded".to_owned(), None), "nor can it hand on what it has not");
    node.execution = agent;
    assert_eq!(ask(&mut node, MAIL), "permitted");
    all_follow(&node, &domain);
}

#[test]
fn calls_of_children_count_for_those_above_them() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let grant = |calls| Grant { calls_max: Some(calls), ..reading() };
    let child = delegate(&mut node, grant(4)).1.unwrap();
    node.execution = child.clone();
    assert_eq!(ask(&mut node, READ), "permitted");
    // Its own two calls so far, the delegation among them, leave two.
    assert_eq!(delegate(&mut node, grant(4)).0, "grant.exceeded");
    let grandchild = delegate(&mut node, grant(2)).1.unwrap();
    node.execution = grandchild;
    assert_eq!(ask(&mut node, READ), "permitted");
    assert_eq!(ask(&mut node, READ), "permitted");
    assert_eq!(ask(&mut node, READ), "grant.exceeded");
    node.execution = child;
    assert_eq!(ask(&mut node, READ), "grant.exceeded", "the grandchild has used its calls up");
    all_follow(&node, &domain);
}

#[test]
fn a_delegated_execution_is_joined_only_by_its_own_user() {
    let mut node = TestNode::new(&domain());
    let agent = node.execution.clone();
    let child = delegate(&mut node, reading()).1.unwrap();
    assert_eq!(join_helper(&mut node, &child, OS_USER), Err("refused.peer"));
    assert_eq!(join_helper(&mut node, "unknown", HELPER_USER), Err("refused.peer"));
    assert_eq!(join_helper(&mut node, &agent, HELPER_USER), Err("refused.peer"));
    // Who names no execution gets the workload's own, which descends from nobody.
    let own = node.join("helper", HELPER_USER).unwrap();
    assert_ne!(own, child);
}

#[test]
fn an_execution_ends_with_all_its_descendants() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    let child = delegate(&mut node, reading()).1.unwrap();
    node.execution = child.clone();
    let grandchild = delegate(&mut node, reading()).1.unwrap();
    node.execution = grandchild.clone();
    let (open, _) = node.call(READ.0, READ.1);
    // One more is decided and waits for the disk when the end comes.
    let (waiting, effects) = node.ask(READ.0, READ.1);
    assert_eq!(effects, vec![]);

    let ticket = node.ticket();
    let stranger = Input::End { ticket, execution: child.clone(), child: agent.clone() };
    let refused = Effect::Ended { ticket, result: Err("refused.peer") };
    assert_eq!(node.step(stranger), vec![refused], "nobody ends those above him");
    let ticket = node.ticket();
    let end = Input::End { ticket, execution: agent.clone(), child: child.clone() };
    assert_eq!(node.step(end), vec![Effect::Ended { ticket, result: Ok(()) }]);
    let denied = node.durable();
    let [Effect::Answer { ticket: of, answer: Answer::Deny { code, .. } }] = &denied[..] else {
        panic!("{denied:?}");
    };
    assert_eq!((*of, code.as_str()), (waiting, "execution.halted"));
    assert_eq!(
        node.complete(open, Completion::Result),
        vec![Effect::Unsettled { ticket: open }],
        "its result comes too late"
    );

    let ended = bodies(&node)
        .into_iter()
        .filter(|body| matches!(body, Body::Ended { by: EndedBy::Parent }));
    assert_eq!(ended.count(), 2);
    assert_eq!(join_helper(&mut node, &grandchild, HELPER_USER), Err("refused.peer"));
    all_follow(&node, &domain);
    let node = TestNode::restart(&domain, node.log);
    assert!(node.kernel.state().execution(&child).is_none());
}

#[test]
fn only_an_officer_lets_a_workload_begin_anew() {
    let mut domain = domain();
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    let child = delegate(&mut node, reading()).1.unwrap();
    assert_eq!(node.join("agent", OS_USER), Ok(agent.clone()));
    domain.change(Change::ExecutionEnded { execution: agent.clone() });
    node.follow(&domain);
    let fresh = node.join("agent", OS_USER).unwrap();
    assert_ne!(fresh, agent);
    assert!(node.kernel.state().execution(&child).is_none(), "it took its helper with it");
    all_follow(&node, &domain);

    // The power went after the adoption was durable and before the end was.
    let adopted = bodies(&node).iter().rposition(|body| matches!(body, Body::Adopted { .. }));
    let log = node.log[..=adopted.unwrap()].to_vec();
    let node = TestNode::restart(&domain, log);
    assert!(node.kernel.state().execution(&agent).is_none(), "the start makes up for it");
    all_follow(&node, &domain);
}

#[test]
fn a_halt_of_a_parent_halts_its_children() {
    let mut domain = domain();
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    node.execution = delegate(&mut node, reading()).1.unwrap();
    assert_eq!(ask(&mut node, READ), "permitted");
    domain.change(Change::HaltOrdered { subject: Subject::Execution(agent) });
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "execution.halted");
}

/// The same bundle, written for the version of the decider before.
fn older() -> Bundle {
    let files = delegating().files().clone();
    let older = files.into_iter().map(|(path, bytes)| {
        let text = String::from_utf8(bytes).unwrap().replace("semantics = 2", "semantics = 1");
        (path, text.into_bytes())
    });
    Bundle::load(&older.collect()).unwrap()
}

#[test]
fn a_bundle_that_looks_at_no_grants_stops_delegated_executions() {
    let mut domain = domain();
    let mut node = TestNode::new(&domain);
    let agent = node.execution.clone();
    node.execution = delegate(&mut node, reading()).1.unwrap();
    domain.publish(&older());
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "execution.halted");
    node.execution = agent;
    assert_eq!(ask(&mut node, READ), "permitted");
    assert_eq!(delegate(&mut node, reading()), ("refused.input".to_owned(), None));
}

#[test]
fn a_replay_under_another_version_reports_other_decisions() {
    let mut domain = domain();
    let mut node = TestNode::new(&domain);
    node.execution = delegate(&mut node, reading()).1.unwrap();
    domain.publish(&older());
    node.follow(&domain);
    assert_eq!(ask(&mut node, READ), "execution.halted");
    let answers = |semantics| {
        let replay = crate::replay::Replay::new(
            crate::fixture::NODE,
            crate::fixture::ORIGIN,
            &domain.records,
            domain.shelf.as_ref(),
        );
        let mut replay = replay.under_semantics(semantics);
        let outcome = node.log.iter().map(|(record, sealed)| replay.apply(record, sealed).unwrap());
        let derived = outcome.filter_map(|outcome| match outcome {
            ReplayOutcome::Different { derived, .. } => derived.get("code").cloned(),
            _ => None,
        });
        derived.collect::<Vec<_>>()
    };
    // The first version looks at no grant of the delegation either.
    assert_eq!(answers(policy::Semantics::V2), [proof::json::Value::from("permitted")]);
    assert_eq!(answers(policy::Semantics::V1).len(), 1);
    assert_eq!(domain.fold.semantics(), crate::governance::SEMANTICS, "nothing was adopted");
}

#[test]
fn generations_are_bounded_and_strangers_are_not_delegated_to() {
    let mut node = TestNode::new(&domain());
    for _ in 1..GENERATIONS_MAX {
        let (answer, child) = delegate(&mut node, reading());
        assert_eq!(answer, "permitted");
        node.execution = child.unwrap();
    }
    assert_eq!(delegate(&mut node, reading()), ("refused.quota".to_owned(), None));
    let mut alone = Domain::new();
    alone.publish(&delegating());
    assert_eq!(delegate(&mut TestNode::new(&alone), reading()), ("refused.input".to_owned(), None));
}

#[test]
fn a_grant_that_no_record_could_hold_is_refused() {
    let mut node = TestNode::new(&domain());
    let grant = |count: usize| {
        let names = (0..count).map(|n| format!("{n:0>100}"));
        let actions = names.chain(["agent/start".to_owned()]);
        Grant { actions: Some(actions.collect()), ..Grant::unlimited() }
    };
    let most = (1..).find(|count| grant(*count).to_value().to_bytes().len() > GRANT_BYTES_MAX);
    let most = most.unwrap();
    assert_eq!(delegate(&mut node, grant(most)), ("refused.input".to_owned(), None));
    let (answer, child) = delegate(&mut node, grant(most - 1));
    assert_eq!(answer, "permitted");
    assert!(child.is_some());
}

#[test]
fn a_helper_counts_for_the_os_user_that_delegated() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let child = delegate(&mut node, reading()).1.unwrap();
    let counted = node.kernel.executions.clone();
    assert_eq!(counted, Executions::of(node.kernel.state()), "as counted anew");
    let (agent, ticket) = (node.execution.clone(), node.ticket());
    node.step(Input::End { ticket, execution: agent, child });
    assert_ne!(node.kernel.executions, counted);
    assert_eq!(node.kernel.executions, Executions::of(node.kernel.state()));
    for _ in 1..EXECUTIONS_PER_USER_MAX {
        node.kernel.executions.begins(OS_USER);
    }
    assert_eq!(delegate(&mut node, reading()), ("refused.quota.user".to_owned(), None));
    node.kernel.executions.ends(OS_USER);
    for _ in 0..EXECUTIONS_PER_USER_MAX {
        node.kernel.executions.begins(HELPER_USER);
    }
    assert_eq!(delegate(&mut node, reading()).0, "refused.quota.node", "others have all the rest");
    for _ in 0..EXECUTIONS_PER_USER_MAX / 2 {
        node.kernel.executions.ends(HELPER_USER);
    }
    assert_eq!(delegate(&mut node, reading()).0, "permitted");
}

#[test]
fn a_helpers_bytes_count_for_the_os_user_that_delegated() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let child = delegate(&mut node, reading()).1.unwrap();
    let free_for = |node: &TestNode, os_user, bytes| node.kernel.held.exceeded(os_user, bytes);
    node.kernel.count_result_bytes(&child, USER_BYTES_MAX);
    assert_eq!(free_for(&node, HELPER_USER, 0), None);
    assert_eq!(free_for(&node, OS_USER, 0), Some("refused.quota.user"));
    assert_eq!(free_for(&node, HELPER_USER, USER_BYTES_MAX), Some("refused.quota.node"));
    node.kernel.held = HeldBytes::by(node.kernel.state());
    assert_eq!(free_for(&node, HELPER_USER, USER_BYTES_MAX), None, "it holds nothing");
}

#[test]
fn a_delegation_cut_short_by_a_crash_begins_nothing() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let (_, effects) = request(&mut node, reading());
    assert_eq!(effects, vec![]);
    let before = node.kernel.state().executions().count();
    let node = TestNode::restart(&domain, node.log);
    assert_eq!(node.kernel.state().executions().count(), before);
    assert!(!bodies(&node).iter().any(|body| matches!(body, Body::Delegated { .. })));
    all_follow(&node, &domain);
}

/// The same bundle under a version of the decider, with what a server may send.
fn heard(semantics: u32) -> Bundle {
    let schema = "entity Workload, File, Agent, Server;\n\
         action read_file appliesTo { principal: Workload, resource: File, context: { input: { path: String } } };\n\
         action \"agent/start\" appliesTo { principal: Workload, resource: Agent };\n\
         action \"server/ping\" appliesTo { principal: Workload, resource: Server };\n";
    let manifest = format!(
        "name = \"heard\"\nversion = \"1\"\nsemantics = {semantics}\n\
         [tools.\"office/read_file\"]\naction = \"read_file\"\nresource = {{ type = \"File\", argument = \"path\" }}\n"
    );
    crate::fixture::load([
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", schema),
        ("policies/all.dw", "@id(\"all\") permit (principal, action, resource);"),
    ])
}

/// How two pings of a server and a call end under a grant of one call.
fn after_two_pings(semantics: u32) -> [String; 3] {
    let mut domain = domain();
    domain.publish(&heard(semantics));
    let mut node = TestNode::new(&domain);
    let grant = Grant { calls_max: Some(1), ..Grant::unlimited() };
    let (answer, child) = delegate(&mut node, grant);
    assert_eq!(answer, "permitted", "{semantics}");
    node.execution = child.unwrap();
    let ping = |node: &mut TestNode| {
        let (direction, method) = (record::lineage::MessageDirection::ToClient, "ping".into());
        let transition =
            crate::lineage::Transition { direction, method, tool: None, ..call("", "{}") };
        let (ticket, execution) = (node.ticket(), node.execution.clone());
        let mut entropy = [8; 32];
        entropy[..8].copy_from_slice(&ticket.to_be_bytes());
        let transition = Box::new(transition.into());
        let mut effects = node.step(Input::Request { ticket, execution, transition, entropy });
        effects.extend(node.durable());
        match effects.pop() {
            Some(Effect::Answer { answer, .. }) => code(&answer).to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let ends = [ping(&mut node), ping(&mut node), ask(&mut node, READ)];
    all_follow(&node, &domain);
    ends
}

#[test]
fn a_servers_requests_use_up_no_calls() {
    assert_eq!(after_two_pings(4), ["permitted", "permitted", "permitted"]);
    assert_eq!(after_two_pings(2), ["permitted", "grant.exceeded", "grant.exceeded"]);
}
