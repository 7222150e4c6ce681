use policy::Bundle;
use record::governance::{Change, Workload};
use record::lineage::Completion;

use super::*;
use crate::fixture::{Domain, NODE, ORIGIN, OS_USER, TestNode, code, load};
use crate::replay::{Replay, ReplayOutcome, SealedPart};
use crate::state::Unreadable;

const SHARED: &str = r#"{"path":"shared/plan"}"#;
const OTHER: &str = r#"{"path":"notes/7"}"#;
const FETCH: (&str, &str) = ("fetch_page", r#"{"path":"https://news.test/"}"#);
const PLACES: &str = "[[places]]\ntype = \"File\"\nid = \"shared/*\"\n";

/// Whoever carries `untrusted` sends nothing.
fn writing((top, places): (&str, &str), version: &str) -> Bundle {
    let mut manifest = format!("name = \"writes\"\nversion = \"{version}\"\nsemantics = 2\n");
    for (tool, kind) in
        [("read_file", "File"), ("write_file", "File"), ("fetch_page", "Page"), ("send", "Page")]
    {
        manifest += &format!(
            "[tools.\"office/{tool}\"]\naction = \"{tool}\"\nresource = {{ type = \"{kind}\", argument = \"path\" }}\n"
        );
    }
    let schema = r#"
entity Workload, File, Page;
action read_file, write_file appliesTo { principal: Workload, resource: File, context: { input: { path: String } } };
action fetch_page, send appliesTo { principal: Workload, resource: Page, context: { input: { path: String }, labels: Set<String> } };
"#;
    let policies = r#"
@id("all") permit (principal, action, resource);
@id("kept-in") forbid (principal, action == Action::"send", resource)
when { context.labels.contains("untrusted") };
"#;
    let labels = format!(
        "{top}[labels]\nuntrusted = \"nobody vouches for it\"\n[actions.fetch_page]\nadds = [\"untrusted\"]\n[actions.write_file]\nreads = false\nwrites = true\n{places}"
    );
    load([
        ("bundle.toml", &manifest),
        ("schema.cedarschema", schema),
        ("policies/all.dw", policies),
        ("labels.toml", &labels),
    ])
}

fn begin() -> (Domain, TestNode, String, String) {
    let mut domain = Domain::new();
    domain.publish(&writing(("", PLACES), "1"));
    domain.change(Change::WorkloadRegistered(Workload {
        name: "reader".into(),
        os_user: OS_USER,
        zone: "prod".into(),
    }));
    let mut node = TestNode::new(&domain);
    let (writer, reader) = (node.execution.clone(), node.join("reader", OS_USER).unwrap());
    (domain, node, writer, reader)
}

fn ask(node: &mut TestNode, execution: &str, (tool, arguments): (&str, &str)) -> u64 {
    node.execution = execution.to_owned();
    let (ticket, answer) = node.call(tool, arguments);
    assert_eq!(code(&answer), "permitted", "{tool} {arguments}");
    ticket
}

fn carries(node: &TestNode, execution: &str) -> bool {
    !node.kernel.state().execution(execution).unwrap().labels().is_empty()
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
fn a_written_resource_taints_only_its_readers() {
    let (domain, mut node, writer, reader) = begin();
    ask(&mut node, &writer, ("write_file", SHARED));
    ask(&mut node, &reader, ("read_file", SHARED));
    assert!(!carries(&node, &reader), "the writer carried nothing yet");
    ask(&mut node, &writer, FETCH);
    ask(&mut node, &writer, ("write_file", SHARED));
    ask(&mut node, &reader, ("read_file", OTHER));
    assert!(!carries(&node, &reader), "another place");
    // From the permit on, not from its end, and however the id is written.
    ask(&mut node, &reader, ("read_file", r#"{"path":"Shared/Other"}"#));
    assert!(carries(&node, &reader));
    node.execution = reader.clone();
    assert_eq!(code(&node.call("send", FETCH.1).1), "policy.denied");
    is_replayed(&node, &domain);
    let mut again = TestNode::restart(&domain, node.log.clone());
    let late = again.join("reader", OS_USER).unwrap();
    ask(&mut again, &late, ("read_file", SHARED));
    assert!(carries(&again, &late));
}

#[test]
fn labels_gained_during_a_write_taint_also_after_a_crash() {
    let (domain, mut node, writer, reader) = begin();
    let write = ask(&mut node, &writer, ("write_file", OTHER));
    ask(&mut node, &writer, FETCH);
    ask(&mut node, &reader, ("read_file", OTHER));
    assert!(!carries(&node, &reader), "what was sent was sent before");
    let mut crashed = TestNode::restart(&domain, node.log.clone());
    ask(&mut crashed, &reader, ("read_file", OTHER));
    assert!(carries(&crashed, &reader), "the end is unknown");
    is_replayed(&crashed, &domain);
    node.complete(write, Completion::Error);
    ask(&mut node, &reader, ("read_file", OTHER));
    assert!(carries(&node, &reader));
    is_replayed(&node, &domain);
}

#[test]
fn labels_on_resources_survive_the_writers_erasure() {
    let (domain, mut node, writer, reader) = begin();
    ask(&mut node, &writer, FETCH);
    ask(&mut node, &writer, ("write_file", SHARED));
    ask(&mut node, &reader, ("read_file", SHARED));
    let mut replay = Replay::new(NODE, ORIGIN, &domain.records, domain.shelf.as_ref());
    let mut derived = 0;
    for (record, sealed) in &node.log {
        let part = |of: Option<&str>, _: u64, _: &proof::digest::Digest| match of {
            Some(id) if id == writer => SealedPart::Unreadable(Unreadable::NoKey),
            _ => SealedPart::from(sealed),
        };
        match replay.apply_sealed(record, part).unwrap() {
            ReplayOutcome::Identical => derived += 1,
            ReplayOutcome::Followed => {}
            ReplayOutcome::NotReplayable { execution, .. } => assert_eq!(execution, writer),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(derived, 1, "the reader's own");
    // The header says the place by the bundle's words, and not what was asked for.
    let text: String = node.log.iter().map(|(record, _)| String::from_utf8_lossy(record)).collect();
    assert!(text.contains(r#""leaves":["File shared/*"]"#) && !text.contains("plan"), "{text}");
}

#[test]
fn an_unknown_place_is_everywhere_until_it_is_forgotten() {
    let (mut domain, mut node, writer, reader) = begin();
    ask(&mut node, &writer, FETCH);
    ask(&mut node, &writer, ("write_file", SHARED));
    // Another pattern: what was under the old one may be anywhere.
    domain.publish(&writing(("", &PLACES.replace("shared", "common")), "2"));
    node.follow(&domain);
    ask(&mut node, &reader, ("read_file", OTHER));
    assert!(carries(&node, &reader));

    let mut node = TestNode::new(&domain);
    let (writer, reader) = (node.execution.clone(), node.join("reader", OS_USER).unwrap());
    ask(&mut node, &writer, FETCH);
    ask(&mut node, &writer, ("write_file", r#"{"path":"common/x"}"#));
    domain.publish(&writing(("forgets = [\"File common/*\"]\n", PLACES), "3"));
    node.follow(&domain);
    ask(&mut node, &reader, ("read_file", OTHER));
    ask(&mut node, &reader, ("read_file", r#"{"path":"common/x"}"#));
    assert!(!carries(&node, &reader));
    is_replayed(&node, &domain);
}

#[test]
fn beyond_the_last_place_what_is_left_is_left_everywhere() {
    let (_, node, _, _) = begin();
    let labels: Labels = ["untrusted".to_owned()].into_iter().collect();
    let mut left = ResourceLabels::default();
    for number in 0..PLACES_LEFT_MAX {
        left.add(&format!("File {number}"), &labels);
    }
    assert_eq!(left.items().count(), PLACES_LEFT_MAX);
    left.add("File 0", &labels);
    assert!(!left.0.contains_key(EVERYWHERE), "a known place takes no room");
    left.add("File one more", &labels);
    assert!(left.0.contains_key(EVERYWHERE) && !left.0.contains_key("File one more"));
    assert!(!node.kernel.state().bundle().knows_place(EVERYWHERE));
    let mut restored = ResourceLabels::default();
    left.items().for_each(|item| restored.restore(&item).unwrap());
    assert!(restored.items().eq(left.items()));
}
