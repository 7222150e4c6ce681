use proof::checkpoint::Checkpoint;
use proof::digest::Digest;
use proof::json::Value;
use proof::note::{Ed25519Signer, Signer};
use record::governance::{
    Change, Proposal, Replayed, Replays, Roles, SignedProposal, Subject, Workload,
};
use record::{Position, Trust};

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
fn a_log_has_one_genesis_first_and_of_its_own_domain() {
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
fn a_signature_is_stale_once_its_own_subject_changed() {
    let mut governance = domain();
    let early = signed(&governance, trust(Trust::Trusted));
    let unrelated = signed(&governance, Change::HaltOrdered { subject: Subject::Domain });
    accept(&mut governance, trust(Trust::Suspended)).unwrap();
    assert!(matches!(governance.check(AT, &early), Err(GovernanceError::Superseded(_))));
    assert_eq!(governance.check(AT, &unrelated), Ok(()));
}

/// A lift is the change that may be given back; a halt only takes away.
fn lift() -> Change {
    Change::HaltLifted { subject: Subject::Domain }
}

fn halt() -> Change {
    Change::HaltOrdered { subject: Subject::Domain }
}

#[test]
fn a_widening_change_is_refused_after_its_life_or_a_day() {
    let governance = domain();
    let signed = signed(&governance, lift());
    assert_eq!(governance.check(AT + 60_000, &signed), Ok(()));
    assert_eq!(governance.check(AT + 60_001, &signed), Err(GovernanceError::Expired));
    let mut proposal = signed.proposal;
    proposal.expires_ms = AT + PROPOSAL_LIFE_MS_MAX + 1;
    let long = proposal.sign(&officer()).unwrap();
    assert_eq!(governance.check(AT, &long), Err(GovernanceError::Expired));
}

#[test]
fn a_record_whose_time_steps_back_is_refused() {
    let mut governance = domain();
    let record = signed(&governance, halt()).to_record(AT - 1);
    assert_eq!(governance.apply(&record.to_bytes()), Err(GovernanceError::Time));
}

/// The log's time after a clock that was two days ahead.
fn ahead() -> Governance {
    let mut governance = domain();
    let mut proposal = signed(&governance, trust(Trust::Trusted)).proposal;
    let at = AT + 2 * PROPOSAL_LIFE_MS_MAX;
    proposal.expires_ms = at + 1;
    let record = proposal.sign(&officer()).unwrap().to_record(at);
    governance.apply(&record.to_bytes()).unwrap();
    governance
}

#[test]
fn a_log_ahead_of_the_clock_accepts_reductions() {
    for change in [halt(), trust(Trust::Revoked)] {
        let mut governance = ahead();
        let signed = signed(&governance, change);
        assert_eq!(governance.check(AT, &signed), Ok(()));
        let at = governance.accepted_at(AT, &signed);
        assert_eq!(at, governance.at());
        governance.apply(&signed.to_record(at).to_bytes()).unwrap();
    }
}

#[test]
fn a_log_ahead_of_the_clock_judges_widening_at_its_own_time() {
    let governance = ahead();
    let early = signed(&governance, lift());
    assert_eq!(governance.check(AT, &early), Err(GovernanceError::Expired));
    let mut proposal = early.proposal;
    proposal.expires_ms = governance.at() + 60_000;
    let later = proposal.sign(&officer()).unwrap();
    assert_eq!(governance.check(AT, &later), Ok(()));
}

#[test]
fn a_clock_that_is_behind_keeps_no_reduction_out() {
    let mut governance = Governance::new(ORIGIN);
    let record = signed(&governance, genesis()).to_record(AT);
    governance.apply(&record.to_bytes()).unwrap();
    let signed = signed(&governance, halt());
    assert_eq!(governance.check(0, &signed), Ok(()));
    let at = governance.accepted_at(0, &signed);
    assert_eq!(governance.apply(&signed.to_record(at).to_bytes()), Ok(halt()));
}

#[test]
fn a_reduction_that_is_signed_for_years_moves_no_time() {
    let mut governance = domain();
    let mut proposal = signed(&governance, halt()).proposal;
    proposal.expires_ms = (1 << 53) - 1;
    let long = proposal.sign(&officer()).unwrap();
    assert_eq!(governance.check(AT + 5, &long), Ok(()));
    let (before, at) = (governance.at(), governance.accepted_at(AT + 5, &long));
    assert_eq!(at, before);
    assert_eq!(governance.apply(&long.to_record(at).to_bytes()), Ok(halt()));
    let next = signed(&governance, trust(Trust::Revoked));
    assert_eq!(governance.accepted_at(AT + 5, &next), AT + 5);
}

#[test]
fn a_reduction_that_acts_is_taken_after_its_life() {
    let mut governance = domain();
    let signed = signed(&governance, halt());
    let clock = AT + 2 * PROPOSAL_LIFE_MS_MAX;
    assert_eq!(governance.check(clock, &signed), Err(GovernanceError::Expired));
    assert_eq!(governance.check_owed(clock, &signed), Ok(()));
    let at = governance.accepted_at(clock, &signed);
    assert_eq!(at, signed.proposal.expires_ms);
    assert_eq!(governance.apply(&signed.to_record(at).to_bytes()), Ok(halt()));
}

#[test]
fn a_captured_halt_can_not_be_used_after_the_lift() {
    let mut governance = domain();
    let (used, kept) = (signed(&governance, halt()), signed(&governance, halt()));
    governance.apply(&used.to_record(AT).to_bytes()).unwrap();
    accept(&mut governance, lift()).unwrap();
    for captured in [used, kept] {
        for clock in [0, AT, AT + 2 * PROPOSAL_LIFE_MS_MAX] {
            let found = governance.check_owed(clock, &captured);
            assert!(matches!(found, Err(GovernanceError::Superseded(_))), "{found:?}");
        }
    }
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
    /// A signed record with one changed byte anywhere is refused, or reads as the record that it
    /// was.
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
