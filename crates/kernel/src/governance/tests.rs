use policy::Trust;
use proof::checkpoint::Checkpoint;
use proof::digest::Digest;
use proof::json::Value;
use proof::note::{Ed25519Signer, Signer};

use super::*;
use crate::limits::PROPOSAL_LIFE_MS_MAX;

const ORIGIN: &str = "example.test/governance";
const AT: i64 = 1_000_000;

fn officer() -> Ed25519Signer {
    Ed25519Signer::from_seed("example.test/officer", &[7; 32]).unwrap()
}

fn genesis() -> Change {
    Change::DomainCreated {
        domain: "example.test".to_owned(),
        roles: Roles::of_one(&officer().verifier()).unwrap(),
        semantics: 1,
    }
}

fn trust(trust: Trust) -> Change {
    Change::TrustChanged { subject: Subject::Workload("agent".to_owned()), trust }
}

fn signed(governance: &Governance, change: Change) -> SignedProposal {
    let proposal = Proposal { based_on: governance.position(), expires_ms: AT + 60_000, change };
    proposal.sign(&officer()).unwrap()
}

fn accept(governance: &mut Governance, change: Change) -> Result<Change, GovernanceError> {
    let record = signed(governance, change).to_record(AT).to_bytes();
    governance.apply(&record)
}

fn domain() -> Governance {
    let mut governance = Governance::new(ORIGIN);
    accept(&mut governance, genesis()).unwrap();
    governance
}

fn adopted(semantics: u64) -> Change {
    let head = Checkpoint {
        origin: officer().verifier().name().to_owned(),
        size: 0,
        root: proof::merkle::empty_root(),
        extensions: vec![],
    };
    let replayed = Replayed {
        node: "node-1".to_owned(),
        checkpoint: head.sign(&officer()).unwrap(),
        same: 2,
        different: 1,
        erased: 3,
    };
    Change::SemanticsAdopted { semantics, replays: Replays { at: AT, each: vec![replayed] } }
}

fn every_change() -> Vec<Change> {
    vec![
        genesis(),
        Change::BundlePublished { bundle: Digest::of(b"bundle") },
        Change::WorkloadRegistered(Workload {
            name: "agent".to_owned(),
            os_user: 1001,
            zone: "prod".to_owned(),
        }),
        Change::NodeRegistered { node: "node-1".to_owned(), key: officer().verifier() },
        trust(Trust::Suspended),
        Change::HaltOrdered { subject: Subject::Domain },
        Change::HaltLifted { subject: Subject::Domain },
        Change::ExecutionEnded { execution: "x1".to_owned() },
        adopted(2),
        Change::RolesChanged { roles: Roles::of_one(&officer().verifier()).unwrap() },
    ]
}

#[test]
fn a_record_of_each_type_reads_back_as_it_was_written_and_folds() {
    let mut governance = Governance::new(ORIGIN);
    for change in every_change() {
        let signed = signed(&governance, change.clone());
        let record = signed.to_record(AT);
        assert_eq!(SignedProposal::from_record(&record).unwrap(), (AT, signed.clone()));
        assert_eq!(SignedProposal::from_value(&signed.to_value()).unwrap(), signed);
        assert_eq!(governance.apply(&record.to_bytes()).unwrap(), change);
    }
    assert_eq!(governance.position().size, 10);
    assert_eq!(governance.semantics(), 2);
    assert_eq!(governance.bundle(), Some(Digest::of(b"bundle")));
    assert_eq!(governance.workload("agent").unwrap().os_user, 1001);
    assert_eq!(governance.trust(&[Subject::Workload("agent".into())]), Trust::Suspended);
    assert!(!governance.is_halted(&[Subject::Domain]));
}

#[test]
fn a_log_begins_with_the_genesis_of_its_own_domain_and_holds_it_once() {
    let mut empty = Governance::new(ORIGIN);
    assert_eq!(accept(&mut empty, trust(Trust::Trusted)), Err(GovernanceError::Genesis));
    let mut other = Governance::new("other.test/governance");
    assert!(matches!(accept(&mut other, genesis()), Err(GovernanceError::Domain(_))));
    assert_eq!(accept(&mut domain(), genesis()), Err(GovernanceError::Genesis));
    let Change::DomainCreated { domain: name, roles, .. } = genesis() else { unreachable!() };
    let unknown = Change::DomainCreated { domain: name, roles, semantics: 3 };
    assert_eq!(accept(&mut empty, unknown), Err(GovernanceError::Semantics(3)));
    assert_eq!(empty.position().size, 0, "what is refused changes nothing");
}

#[test]
fn only_the_officers_signature_counts_and_covers_everything() {
    let governance = domain();
    let stranger = Ed25519Signer::from_seed("example.test/officer", &[8; 32]).unwrap();
    let proposal = signed(&governance, trust(Trust::Trusted)).proposal;
    let forged = proposal.clone().sign(&stranger).unwrap();
    assert_eq!(governance.check(AT, &forged), Err(GovernanceError::Stranger));

    let honest = proposal.sign(&officer()).unwrap();
    assert_eq!(governance.check(AT, &honest), Ok(()));
    let mut widened = honest.clone();
    widened.proposal.expires_ms += 1;
    assert_eq!(governance.check(AT, &widened), Err(GovernanceError::Signature));
    let mut other = honest.clone();
    other.proposal.change = Change::HaltLifted { subject: Subject::Domain };
    assert_eq!(governance.check(AT, &other), Err(GovernanceError::Signature));
}

#[test]
fn a_signature_on_another_log_or_history_is_refused() {
    let governance = domain();
    for change in [
        |basis: &mut Position| basis.origin = "other.test/governance".to_owned(),
        |basis: &mut Position| basis.root = Digest::of(b"fork"),
        |basis: &mut Position| basis.size = 9,
    ] {
        let mut proposal = signed(&governance, trust(Trust::Trusted)).proposal;
        change(&mut proposal.based_on);
        let signed = proposal.sign(&officer()).unwrap();
        assert_eq!(governance.check(AT, &signed), Err(GovernanceError::Basis));
    }
}

#[test]
fn a_signature_made_before_its_subject_changed_is_refused_and_before_another_is_not() {
    let mut governance = domain();
    let early = signed(&governance, trust(Trust::Trusted));
    let unrelated = signed(&governance, Change::HaltOrdered { subject: Subject::Domain });
    accept(&mut governance, trust(Trust::Suspended)).unwrap();
    assert!(matches!(governance.check(AT, &early), Err(GovernanceError::Superseded(_))));
    assert_eq!(governance.check(AT, &unrelated), Ok(()));
}

#[test]
fn an_expired_or_too_long_lived_signature_and_a_time_that_steps_back_are_refused() {
    let governance = domain();
    let signed = signed(&governance, trust(Trust::Trusted));
    assert_eq!(governance.check(AT + 60_000, &signed), Ok(()));
    assert_eq!(governance.check(AT + 60_001, &signed), Err(GovernanceError::Expired));
    assert_eq!(governance.check(AT - 1, &signed), Err(GovernanceError::Time));
    let mut proposal = signed.proposal;
    proposal.expires_ms = AT + PROPOSAL_LIFE_MS_MAX + 1;
    let long = proposal.sign(&officer()).unwrap();
    assert_eq!(governance.check(AT, &long), Err(GovernanceError::Expired));
}

#[test]
fn records_with_unknown_members_types_or_versions_are_refused() {
    let governance = domain();
    let record = signed(&governance, trust(Trust::Trusted)).to_record(AT);
    let Value::Object(object) = record else { unreachable!() };
    let mut changed: Vec<Value> = Vec::new();
    for (name, value) in
        [("extra", Value::Integer(1)), ("v", Value::Integer(2)), ("type", "trust.widened".into())]
    {
        let mut object = object.clone();
        object.insert(name.to_owned(), value);
        changed.push(Value::Object(object));
    }
    for name in object.keys() {
        let mut object = object.clone();
        object.remove(name);
        changed.push(Value::Object(object));
    }
    for record in changed {
        let mut governance = governance.clone();
        let error = governance.apply(&record.to_bytes()).unwrap_err();
        assert!(matches!(error, GovernanceError::Malformed(_)), "{record:?}: {error}");
        assert_eq!(governance.position().size, 1);
    }
}

#[test]
fn subjects_are_written_as_they_are_read() {
    for text in ["domain", "zone:prod", "node:node-1", "workload:agent", "execution:abc"] {
        assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
    }
    for text in ["", "domain:x", "workload", "workload:", "planet:mars", "zone:a\nb"] {
        assert!(text.parse::<Subject>().is_err(), "{text}");
    }
}

proptest::proptest! {
    /// One changed byte anywhere in a signed record: it is refused, or it is the record that it was.
    #[test]
    fn a_changed_byte_in_a_signed_record_is_refused(
        at in proptest::prelude::any::<proptest::sample::Index>(),
        byte in proptest::prelude::any::<u8>(),
    ) {
        let mut governance = domain();
        let honest = signed(&governance, trust(Trust::Trusted)).to_record(AT).to_bytes();
        let mut bytes = honest.clone();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // `at` is the authority's own, not signed: another digit of it may still be accepted.
        if let Ok(change) = governance.apply(&bytes) {
            proptest::prop_assert_eq!(change, trust(Trust::Trusted));
        }
    }
}
