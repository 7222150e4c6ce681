use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::Value;
use proof::note::Ed25519Signer;

use super::*;
use crate::governance::{Change, Proposal, Subject};
use crate::{Assurance, Facts, Grant, Labels, Per, Position};

mod codec;

fn header(link: Option<Link>) -> Header {
    let governance =
        Position { origin: "example.test/governance".into(), size: 4, root: Digest::of(b"root") };
    Header { at: 1_700_000_000_000, node: "node-1".into(), governance, link }
}

fn link(seq: u64) -> Option<Link> {
    let prev = (seq > 0).then(|| Digest::of(b"previous"));
    Some(Link { execution: "x1".into(), seq, prev, parents: vec![] })
}

fn mark() -> SnapshotMark {
    SnapshotMark { size: 7, public: Digest::of(b"public"), private: Digest::of(b"private") }
}

fn facts() -> Facts {
    let definition = Some(Digest::of(b"definition"));
    Facts { at: 1_700_000_000_000, assurance: Assurance::Separated, definition }
}

fn charged(per: Per, subject: &str, amount: u64) -> Vec<Charged> {
    vec![Charged { meter: "daily".into(), per, subject: subject.into(), amount }]
}

/// An end whose message went no further.
fn stopped() -> Body {
    Body::Completed {
        decided_seq: 2,
        outcome: Completion::Error,
        withheld: Some("execution.halted".into()),
        charges: vec![],
        labels: Labels::NONE,
        commitments: Commitments::new(),
    }
}

fn every_record() -> Vec<LineageRecord> {
    let commitments = BTreeMap::from([("message".into(), Digest::of(b"m"))]);
    let actions = ["read_file".to_owned()].into();
    let grant =
        Grant { actions: Some(actions), calls_max: Some(3), depth_max: Some(0), until_ms: Some(9) };
    let decided = Decided {
        server: "office".into(),
        direction: MessageDirection::ToServer,
        method: "tools/call".into(),
        tool: Some("read_file".into()),
        action: "read_file".into(),
        charges: charged(Per::Workload, "agent", 250),
        delegates: Some(DelegationRequest { workload: "helper".into(), grant: grant.clone() }),
        retry: Some(RecordedRetry {
            pending: Digest::of(b"pending"),
            votes: vec![Digest::of(b"one"), Digest::of(b"two")],
        }),
        facts: facts(),
        decision: OpenDecision::new(r#"{"decision":"permit"}"#.into(), "permit", false),
        commitments: commitments.clone(),
    };
    let started = Body::Started { workload: "agent".into(), os_user: 1001, delegation: None };
    let delegation = Some(Box::new(Delegation { parent: "x0".into(), grant }));
    let child = Body::Started { workload: "helper".into(), os_user: 1002, delegation };
    let delegated = Body::Delegated { decided_seq: 1, child: "x1".into() };
    let ended = Body::Ended { by: EndedBy::Parent };
    let withheld = Body::Withheld { decided_seq: 1, code: "execution.halted".into() };
    let completed = Body::Completed {
        decided_seq: 1,
        outcome: Completion::Result,
        withheld: None,
        charges: charged(Per::Execution, "x1", 3),
        labels: ["customer".to_owned(), "untrusted".to_owned()].into_iter().collect(),
        commitments,
    };
    let officer = Ed25519Signer::from_seed("example.test/officer", &[7; 32]).unwrap();
    let approval =
        Approval { pending: Digest::of(b"pending"), approves: true, expires_ms: 1_700_000_000_001 };
    let approved = approval.sign("example.test/lineage/node-1", &officer).unwrap();
    let halt = Change::HaltOrdered { subject: Subject::Domain };
    let signed = Proposal { based_on: header(None).governance, expires_ms: 1, change: halt };
    let ordered = Body::Ordered { proposal: Box::new(signed.sign(&officer).unwrap()) };
    let adopted = Body::Adopted { verified: true, bundle: Some(Digest::of(b"bundle")) };
    let erased =
        Body::Erased { execution: "x9".into(), os_user: 1000, reason: ErasedFor::Retention };
    let refused = Body::Refused { counts: BTreeMap::from([("refused.input".to_owned(), 3)]) };
    [
        (header(link(0)), started),
        (header(link(0)), child),
        (header(link(2)), delegated),
        (header(link(3)), ended),
        (header(link(1)), Body::Decided(Box::new(decided))),
        (header(link(2)), Body::Approved(Box::new(approved))),
        (header(link(2)), withheld),
        (header(link(2)), completed),
        (header(link(4)), stopped()),
        (header(None), erased),
        (header(None), Body::ClockStepped { by_ms: -86_400_000 }),
        (header(None), ordered),
        (header(None), Body::Snapshot(mark())),
        (header(None), adopted),
        (header(None), refused),
    ]
    .map(|(header, body)| LineageRecord { header, body })
    .into()
}

#[test]
fn a_record_of_each_type_reads_back_as_it_was_written() {
    for record in every_record() {
        let bytes = record.to_bytes();
        assert_eq!(LineageRecord::parse(&bytes).unwrap(), record);
    }
}

#[test]
fn a_missing_or_unknown_member_is_an_error_in_each_type() {
    for record in every_record() {
        let Value::Object(object) = Value::parse(&record.to_bytes()).unwrap() else {
            unreachable!()
        };
        let optional = ["bundle", "charges", "delegation", "hands_on", "labels", "retry", "tool"];
        let optional = [&optional[..], &["withheld"]].concat();
        for name in object.keys().filter(|name| !optional.contains(name)) {
            let mut object = object.clone();
            object.remove(name);
            let bytes = Value::Object(object).to_bytes();
            assert!(LineageRecord::parse(&bytes).is_err(), "{name} of {:?}", record.body);
        }
        let mut object = object.clone();
        object.insert("extra".to_owned(), Value::Bool(true));
        assert!(LineageRecord::parse(&Value::Object(object).to_bytes()).is_err());
    }
}

#[test]
fn a_chain_has_no_prev_at_its_start_and_always_one_later() {
    let mut wrong = link(0).unwrap();
    wrong.prev = Some(Digest::of(b"x"));
    let started = Body::Started { workload: "agent".into(), os_user: 1, delegation: None };
    let record = LineageRecord { header: header(Some(wrong)), body: started.clone() };
    assert!(LineageRecord::parse(&record.to_bytes()).is_err());
    let mut wrong = link(3).unwrap();
    wrong.prev = None;
    let record = LineageRecord { header: header(Some(wrong)), body: started };
    assert!(LineageRecord::parse(&record.to_bytes()).is_err());
}

#[test]
fn a_sealed_part_opens_its_own_commitments_and_no_others() {
    let mut sealed = Sealed::default();
    let bytes = br#"{"action":"read_file"}"#.to_vec();
    let commitment = sealed.seal("request", bytes.clone(), &[1; 32]);
    let message = sealed.seal("message", bytes.clone(), &[1; 32]);
    assert_ne!(commitment, message, "no two commitments share a salt");
    let sealed = Sealed::parse(&sealed.to_bytes()).unwrap();
    assert_eq!(sealed.open("request", &commitment), Some(bytes.as_slice()));
    assert_eq!(sealed.open("message", &message), Some(bytes.as_slice()));
    assert_eq!(sealed.open("request", &message), None);
    assert_eq!(sealed.open("other", &commitment), None);
    assert_eq!(Sealed::parse(b"").unwrap(), Sealed::default());
    assert!(Sealed::parse(b"{\"request\":1}").is_err());
}

#[test]
fn the_header_says_nothing_of_what_is_sealed() {
    let mut sealed = Sealed::default();
    let digest = sealed.seal("request", b"the secret path".to_vec(), &[9; 32]);
    let commitments = BTreeMap::from([("request".into(), digest)]);
    let body = Body::Completed {
        decided_seq: 0,
        outcome: Completion::Result,
        withheld: None,
        charges: vec![],
        labels: Labels::NONE,
        commitments,
    };
    let bytes = LineageRecord { header: header(link(1)), body }.to_bytes();
    assert!(!String::from_utf8(bytes).unwrap().contains("secret"));
    assert_ne!(digest, Digest::of(b"the secret path"), "a digest without salt could be guessed at");
}

proptest::proptest! {
    /// Whatever bytes are read as a record are that record's own bytes: none is read in two ways.
    #[test]
    fn a_record_read_is_written_with_the_same_bytes(
        which in 0_usize..every_record().len(),
        at in proptest::prelude::any::<proptest::sample::Index>(),
        byte in proptest::prelude::any::<u8>(),
        cut in proptest::prelude::any::<bool>(),
    ) {
        let mut bytes = every_record()[which].to_bytes();
        let at = at.index(bytes.len());
        if cut {
            bytes.remove(at);
        } else {
            bytes[at] = byte;
        }
        if let Ok(record) = LineageRecord::parse(&bytes) {
            proptest::prop_assert_eq!(record.to_bytes(), bytes);
        }
    }
}
