use policy::Bundle;
use record::Grant;
use record::governance::{Change, Workload};
use record::lineage::{Completion, DelegationRequest};

use crate::fixture::{Domain, TestNode, call, code, load};
use crate::replay::ReplayOutcome;
use crate::step::{Effect, Input};

const FETCH: (&str, &str) = ("fetch_page", r#"{"url":"https://news.test/"}"#);
const READ: (&str, &str) = ("read_file", r#"{"path":"customers/7"}"#);
const MAIL: (&str, &str) = ("send_mail", r#"{"to":"eve@evil.test","body":"x"}"#);
const SCRUB: (&str, &str) = ("read_file", r#"{"path":"scrubbed"}"#);

/// Reading `scrub` takes `customer` away; mail needs that not both labels are there.
fn labelling(semantics: u64) -> Bundle {
    let manifest = r#"
name = "labels"
version = "1"
semantics = SEMANTICS
[tools."office/read_file"]
action = "read_file"
resource = { type = "File", argument = "path" }
[tools."office/fetch_page"]
action = "fetch_page"
resource = { type = "Page", argument = "url" }
[tools."office/read_stranger"]
action = "read_file"
resource = { type = "File", argument = "path" }
[tools."office/scrub"]
action = "scrub"
resource = { type = "File", argument = "path" }
[tools."office/send_mail"]
action = "send_mail"
resource = { type = "Address", argument = "to" }
"#;
    let schema = r#"
entity Workload, File, Address, Page, Agent;
action read_file, scrub appliesTo { principal: Workload, resource: File, context: { input: { path: String } } };
action fetch_page appliesTo { principal: Workload, resource: Page, context: { input: { url: String } } };
action send_mail appliesTo { principal: Workload, resource: Address, context: { input: { to: String, body: String }, labels: Set<String> } };
action "agent/start" appliesTo { principal: Workload, resource: Agent };
"#;
    let policies = r#"
@id("all") permit (principal, action, resource)
unless { resource == File::"forbidden" };
@id("no-way-out") forbid (principal, action == Action::"send_mail", resource)
when { context.labels.containsAll(["untrusted", "customer"]) };
"#;
    let labels = r#"
[labels]
untrusted = "nobody vouches for it"
customer = "of customers"
[actions.fetch_page]
adds = ["untrusted"]
[tools."office/read_stranger"]
adds = ["untrusted"]
[actions.scrub]
reads = false
removes = ["customer"]
[[resources]]
type = "File"
id = "customers/*"
labels = ["customer"]
"#;
    let manifest = manifest.replace("SEMANTICS", &semantics.to_string());
    load([
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", schema),
        ("policies/all.dw", policies),
        ("labels.toml", labels),
    ])
}

fn domain() -> Domain {
    domain_under(2)
}

fn domain_under(semantics: u64) -> Domain {
    let mut domain = Domain::new();
    domain.publish(&labelling(semantics));
    domain.change(Change::WorkloadRegistered(Workload {
        name: "helper".into(),
        os_user: 1002,
        zone: "prod".into(),
    }));
    domain
}

fn ask(node: &mut TestNode, (tool, arguments): (&str, &str)) -> u64 {
    let (ticket, answer) = node.call(tool, arguments);
    assert_eq!(code(&answer), "permitted", "{tool}");
    ticket
}

fn mail(node: &mut TestNode) -> String {
    code(&node.call(MAIL.0, MAIL.1).1).to_owned()
}

fn held(node: &TestNode, execution: &str) -> Vec<String> {
    let execution = node.kernel.state().execution(execution).unwrap();
    execution.labels().iter().map(str::to_owned).collect()
}

fn own(node: &TestNode) -> Vec<String> {
    held(node, &node.execution)
}

/// Every decision is derived again, and the fold of the log has the labels of the live node.
fn proven(node: &TestNode, domain: &Domain) {
    for outcome in node.replay(domain).unwrap() {
        assert!(
            matches!(outcome, ReplayOutcome::Identical | ReplayOutcome::Followed),
            "{outcome:?}"
        );
    }
    let again = TestNode::restart(domain, node.log.clone());
    for (id, execution) in node.kernel.state().executions() {
        let folded = again.kernel.state().execution(id).unwrap();
        let labels: Vec<_> = folded.labels().iter().map(str::to_owned).collect();
        let live: Vec<_> = execution.labels().iter().map(str::to_owned).collect();
        // What is open when a node ends adds its labels once more, and is no declassification.
        assert!(live.iter().all(|label| labels.contains(label)), "{live:?} {labels:?}");
    }
}

#[test]
fn two_labels_stop_a_message_also_after_a_restart() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    assert_eq!(mail(&mut node), "permitted");
    ask(&mut node, FETCH);
    assert_eq!(mail(&mut node), "permitted");
    ask(&mut node, READ);
    assert_eq!(own(&node), ["customer", "untrusted"]);
    assert_eq!(mail(&mut node), "policy.denied");
    node.execution = node.join("agent", crate::fixture::OS_USER).unwrap();
    assert_eq!(mail(&mut node), "policy.denied");
    proven(&node, &domain);
    let mut again = TestNode::restart(&domain, node.log.clone());
    assert_eq!(mail(&mut again), "policy.denied");
    proven(&again, &domain);
}

#[test]
fn two_tools_of_one_action_add_their_own_labels() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    ask(&mut node, ("read_file", r#"{"path":"notes"}"#));
    assert!(own(&node).is_empty());
    ask(&mut node, READ);
    assert_eq!(mail(&mut node), "permitted");
    ask(&mut node, ("read_stranger", r#"{"path":"notes"}"#));
    assert_eq!(own(&node), ["customer", "untrusted"]);
    assert_eq!(mail(&mut node), "policy.denied");
    proven(&node, &domain);

    // A record that names the other tool is no record of that decision.
    let mut log = node.log.clone();
    let at = log.len() - 2;
    let text = String::from_utf8(log[at].0.clone()).unwrap();
    log[at].0 = text.replace("read_stranger", "read_file").into_bytes();
    log.truncate(at + 1);
    let outcome = crate::fixture::replay(&domain, &log).unwrap();
    assert!(
        matches!(outcome.last(), Some(ReplayOutcome::Different { .. })),
        "{:?}",
        outcome.last()
    );
}

#[test]
fn a_call_that_is_decided_before_the_label_is_durable_sees_it() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    ask(&mut node, READ);
    let (_, effects) = node.ask(FETCH.0, FETCH.1);
    assert!(effects.is_empty(), "nothing is released yet");
    let (ticket, _) = node.ask(MAIL.0, MAIL.1);
    let answers = node.durable();
    let answer = answers.into_iter().find_map(|effect| match effect {
        Effect::Answer { ticket: of, answer } if of == ticket => Some(answer),
        _ => None,
    });
    assert_eq!(code(&answer.unwrap()), "policy.denied");
    proven(&node, &domain);
}

#[test]
fn an_error_for_an_answer_leaves_the_label() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    for (asked, end) in [(FETCH, Completion::Error), (READ, Completion::UNKNOWN)] {
        let ticket = ask(&mut node, asked);
        node.complete(ticket, end);
    }
    assert_eq!(mail(&mut node), "policy.denied");
    proven(&node, &domain);
}

#[test]
fn only_a_permitted_declassifications_result_removes_labels() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    for asked in [FETCH, READ] {
        let ticket = ask(&mut node, asked);
        node.complete(ticket, Completion::Result);
    }
    let denied = node.call("scrub", r#"{"path":"forbidden"}"#).1;
    assert_eq!(code(&denied), "policy.denied");
    assert_eq!(own(&node), ["customer", "untrusted"]);
    for end in [Completion::Error, Completion::UNKNOWN, Completion::Result] {
        assert_eq!(own(&node), ["customer", "untrusted"], "before {end:?}");
        let ticket = ask(&mut node, ("scrub", SCRUB.1));
        assert_eq!(own(&node), ["customer", "untrusted"], "a permit removes nothing yet");
        node.complete(ticket, end);
    }
    assert_eq!(own(&node), ["untrusted"]);
    assert_eq!(mail(&mut node), "permitted");
    proven(&node, &domain);
}

#[test]
fn a_message_around_a_declassification_brings_its_label() {
    let domain = domain();
    // Asked for before and ended after; asked for in between and not ended.
    for ends_late in [true, false] {
        let mut node = TestNode::new(&domain);
        let early = if ends_late { Some(ask(&mut node, READ)) } else { None };
        let scrub = ask(&mut node, ("scrub", SCRUB.1));
        if !ends_late {
            ask(&mut node, READ);
        }
        node.complete(scrub, Completion::Result);
        if let Some(early) = early {
            assert!(own(&node).is_empty());
            node.complete(early, Completion::Result);
        }
        assert_eq!(own(&node), ["customer"], "ends late: {ends_late}");
        proven(&node, &domain);
    }
}

/// Has the node's execution begin one of `helper`'s.
fn delegate(node: &mut TestNode) -> String {
    let ticket = node.ticket();
    let mut transition = call("", "{}");
    transition.tool = None;
    transition.method = "agent/start".into();
    transition.delegates =
        Some(DelegationRequest { workload: "helper".into(), grant: Grant::unlimited() });
    let (execution, transition) = (node.execution.clone(), Box::new(transition.into()));
    let entropy = [u8::try_from(ticket).unwrap(); 32];
    node.step(Input::Request { ticket, execution, transition, entropy });
    let child = node.durable().into_iter().find_map(|effect| match effect {
        Effect::Delegated { child, .. } => Some(child),
        _ => None,
    });
    child.unwrap()
}

#[test]
fn a_child_is_decided_with_its_ancestors_new_labels() {
    let domain = domain_under(4);
    let mut node = TestNode::new(&domain);
    let (parent, child) = (node.execution.clone(), delegate(&mut node));
    let sibling = delegate(&mut node);
    ask(&mut node, FETCH);
    node.execution = child.clone();
    assert_eq!(mail(&mut node), "permitted", "it holds nothing of customers yet");
    node.execution = sibling.clone();
    ask(&mut node, READ);
    for (execution, what) in [(&parent, "parent"), (&child, "child"), (&sibling, "sibling")] {
        node.execution = execution.clone();
        assert_eq!(mail(&mut node), "policy.denied", "{what}");
    }
    // What one of them scrubs, another may tell it again.
    node.execution = sibling;
    let scrub = ask(&mut node, ("scrub", SCRUB.1));
    node.complete(scrub, Completion::Result);
    assert_eq!(mail(&mut node), "policy.denied");
    node.execution = parent;
    let scrub = ask(&mut node, ("scrub", SCRUB.1));
    node.complete(scrub, Completion::Result);
    assert_eq!(mail(&mut node), "permitted");
    proven(&node, &domain);
}

#[test]
fn earlier_versions_decide_with_a_childs_first_labels() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    let child = delegate(&mut node);
    ask(&mut node, FETCH);
    node.execution = child;
    ask(&mut node, READ);
    assert_eq!(mail(&mut node), "permitted");
    proven(&node, &domain);
}

#[test]
fn a_child_inherits_labels_and_adds_its_own_to_its_parent() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    ask(&mut node, FETCH);
    let (parent, child) = (node.execution.clone(), delegate(&mut node));
    assert_eq!(held(&node, &child), ["untrusted"]);
    node.execution = child.clone();
    let read = ask(&mut node, READ);
    assert_eq!(mail(&mut node), "policy.denied");
    node.execution = parent;
    assert_eq!(own(&node), ["customer", "untrusted"]);
    assert_eq!(mail(&mut node), "policy.denied");

    // The child cannot be opened any more; the parent's labels and declassifications are derived
    // all the same.
    let scrub = ask(&mut node, ("scrub", SCRUB.1));
    node.complete(scrub, Completion::Result);
    assert_eq!(mail(&mut node), "permitted");
    node.complete(read, Completion::Result);
    assert_eq!(mail(&mut node), "policy.denied", "the child's result came after");
    proven(&node, &domain);
    let mut erased = node.log.clone();
    for (record, sealed) in &mut erased {
        if String::from_utf8_lossy(record).contains(&format!("\"execution\":\"{child}\"")) {
            sealed.clear();
        }
    }
    let outcome = crate::fixture::replay(&domain, &erased).unwrap();
    let lost = outcome
        .iter()
        .filter(|outcome| matches!(outcome, ReplayOutcome::NotReplayable { .. }))
        .count();
    assert_eq!(lost, 2, "the child's two decisions");
    assert!(!outcome.iter().any(|outcome| matches!(outcome, ReplayOutcome::Different { .. })));
}

#[test]
fn false_labels_on_record_are_different_or_unreadable() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    node.call(FETCH.0, FETCH.1);
    let last = node.log.len() - 1;
    for (to, is_readable) in [("customer!", true), ("\",\"", false)] {
        let mut log = node.log.clone();
        let text = String::from_utf8(log[last].0.clone()).unwrap();
        log[last].0 = text.replace("untrusted", to).into_bytes();
        assert_ne!(log[last].0, node.log[last].0);
        let outcome = crate::fixture::replay(&domain, &log);
        let is_different = outcome
            .is_ok_and(|outcome| matches!(outcome.last(), Some(ReplayOutcome::Different { .. })));
        assert_eq!(is_different, is_readable, "{to}");
    }
}

#[test]
fn a_result_that_takes_labels_away_waits_for_its_record() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    ask(&mut node, READ);
    let (result, error) = (ask(&mut node, ("scrub", SCRUB.1)), ask(&mut node, ("scrub", SCRUB.1)));
    assert_eq!(node.complete(error, Completion::Error), [Effect::Settled { ticket: error }]);
    assert_eq!(node.complete(result, Completion::Result), []);
    assert_eq!(node.durable(), [Effect::Settled { ticket: result }]);
    assert!(own(&node).is_empty());
}
