use policy::Bundle;
use proof::digest::Digest;
use record::lineage::{Body, LineageRecord};

use crate::fixture::{Domain, NODE, ORIGIN, TestNode, call, code, load};
use crate::lineage::Transition;
use crate::replay::{Replay, ReplayOutcome};
use crate::step::{Answer, Effect, Input};

fn listed() -> Digest {
    Digest::of(b"{\"name\":\"read\"}")
}

/// Reading is pinned to [`listed`], mail to nothing.
fn pinning() -> Bundle {
    let manifest = format!(
        r#"
name = "pins"
version = "1"
semantics = 2
[tools."office/read_file"]
action = "read_file"
resource = {{ type = "File", argument = "path" }}
pinned = "{}"
[tools."office/send_mail"]
action = "send_mail"
resource = {{ type = "Address", argument = "to" }}
"#,
        listed()
    );
    let schema = r#"
entity Workload, File, Address;
action read_file appliesTo { principal: Workload, resource: File, context: { input: { path: String } } };
action send_mail appliesTo { principal: Workload, resource: Address, context: { input: { to: String } } };
"#;
    load([
        ("bundle.toml", &manifest),
        ("schema.cedarschema", schema),
        ("policies/all.dw", "@id(\"all\") permit (principal, action, resource);"),
    ])
}

fn domain() -> Domain {
    let mut domain = Domain::new();
    domain.publish(&pinning());
    domain
}

/// One session's call, with what its server listed.
fn ask(node: &mut TestNode, tool: &str, definition: Option<Digest>) -> String {
    let arguments =
        r#"{"path":"notes"}"#.replace("path", if tool == "read_file" { "path" } else { "to" });
    let transition = Transition { definition, ..call(tool, &arguments) };
    let transition = Box::new(transition.into());
    let (ticket, execution) = (node.ticket(), node.execution.clone());
    let mut entropy = [6; 32];
    entropy[..8].copy_from_slice(&ticket.to_be_bytes());
    let mut effects = node.step(Input::Request { ticket, execution, transition, entropy });
    effects.extend(node.durable());
    match effects.pop() {
        Some(Effect::Answer { answer, .. }) => code(&answer).to_owned(),
        other => panic!("{other:?}"),
    }
}

fn last_definition(node: &TestNode) -> Option<Digest> {
    match LineageRecord::parse(&node.log.last().unwrap().0).unwrap().body {
        Body::Decided(decided) => decided.facts.definition,
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
fn a_pinned_tool_is_called_with_its_own_definition_only() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    assert_eq!(ask(&mut node, "read_file", None), "tool.changed", "nothing was listed");
    assert_eq!(ask(&mut node, "read_file", Some(listed())), "permitted");
    assert_eq!(last_definition(&node), Some(listed()));
    let changed = Some(Digest::of(b"another"));
    assert_eq!(ask(&mut node, "read_file", changed), "tool.changed", "the server changed it");
    assert_eq!(last_definition(&node), changed, "what was listed is on record");
    // Another session of the same execution saw the pinned one: each is decided by its own.
    assert_eq!(ask(&mut node, "read_file", Some(listed())), "permitted");
    // A tool that is not pinned is called with any, and it is on record where one was listed.
    for definition in [None, changed] {
        assert_eq!(ask(&mut node, "send_mail", definition), "permitted");
        assert_eq!(last_definition(&node), definition);
    }
    is_replayed(&node, &domain);
}

#[test]
fn a_record_with_another_definition_is_different() {
    let domain = domain();
    let mut node = TestNode::new(&domain);
    ask(&mut node, "read_file", Some(listed()));
    let mut log = node.log.clone();
    let (record, sealed) = log.pop().unwrap();
    let other = Digest::of(b"another").to_string();
    let record = String::from_utf8(record).unwrap().replace(&listed().to_string(), &other);
    let mut replay = Replay::new(NODE, ORIGIN, &domain.records, domain.shelf.as_ref());
    for (record, sealed) in &log {
        replay.apply(record, sealed).unwrap();
    }
    let outcome = replay.apply(record.as_bytes(), &sealed).unwrap();
    assert!(matches!(outcome, ReplayOutcome::Different { .. }), "{outcome:?}");
}

#[test]
fn the_argument_that_is_malformed_is_named_to_who_asked() {
    let mut node = TestNode::new(&domain());
    let transition = Box::new(call("send_mail", r#"{"bcc":"b","to":"a"}"#).into());
    let (ticket, execution) = (node.ticket(), node.execution.clone());
    let mut effects = node.step(Input::Request { ticket, execution, transition, entropy: [7; 32] });
    effects.extend(node.durable());
    let Some(Effect::Answer { answer: Answer::Deny { code, advice, .. }, .. }) = effects.pop()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(code, "request.malformed");
    assert!(advice.len() == 1 && advice[0].contains("bcc"), "{advice:?}");
}
