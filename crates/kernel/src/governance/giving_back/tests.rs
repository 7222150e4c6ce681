use proof::note::{Ed25519Signer, Signer};
use record::governance::{Proposal, REQUIRED_ROLES, Role, Roles, Workload};

use super::*;

const AT: i64 = 1_000_000;

fn officer(number: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("example.test/officer-{number}"), &[number; 32]).unwrap()
}

/// Two of three officers give back.
fn domain(semantics: u64) -> Governance {
    let keys = [1, 2, 3].map(|number| officer(number).verifier());
    let role = Role::new(2, keys.to_vec()).unwrap();
    let roles = Roles::new(REQUIRED_ROLES.map(|name| (name.to_owned(), role.clone())).into());
    let mut governance = Governance::new("example.test/governance");
    let name = "example.test".into();
    let genesis = Change::DomainCreated { domain: name, roles: roles.unwrap(), semantics };
    accept(&mut governance, genesis, 2).unwrap();
    accept(&mut governance, in_zone("prod"), 2).unwrap();
    governance
}

fn signed(governance: &Governance, change: Change, officers: u8) -> SignedProposal {
    let proposal = Proposal { based_on: governance.position(), expires_ms: AT + 1, change };
    let sign = |signed: SignedProposal, number| signed.and_signed(&officer(number)).unwrap();
    (1..=officers).fold(proposal.unsigned(), sign)
}

fn accept(
    governance: &mut Governance,
    change: Change,
    officers: u8,
) -> Result<Change, GovernanceError> {
    let record = signed(governance, change, officers).to_record(AT);
    governance.apply(&record.to_bytes())
}

fn in_zone(zone: &str) -> Change {
    let (name, zone) = ("agent".into(), zone.into());
    Change::WorkloadRegistered(Workload { name, os_user: 1001, zone })
}

fn agent() -> Subject {
    Subject::Workload("agent".into())
}

fn prod() -> Subject {
    Subject::Zone("prod".into())
}

fn trust(subject: Subject, trust: Trust) -> Change {
    Change::TrustChanged { subject, trust }
}

#[test]
fn trust_that_only_the_node_lowered_is_raised_by_a_quorum() {
    let governance = domain(2);
    let held = [trust(agent(), Trust::Suspended)];
    for raised in [Trust::Trusted, Trust::Degraded] {
        let by = |officers| {
            let signed = signed(&governance, trust(agent(), raised), officers);
            assert_eq!(governance.check(AT, &signed), Ok(()), "governance alone sees no raise");
            governance.check_giving_back(&signed, &held)
        };
        assert!(matches!(by(1), Err(GovernanceError::Unsigned { needed: 2, have: 1, .. })));
        assert_eq!(by(2), Ok(()));
    }
}

#[test]
fn one_officer_still_lowers_what_the_node_holds() {
    let governance = domain(2);
    let held = [trust(agent(), Trust::Suspended)];
    for lowered in [Trust::Suspended, Trust::Revoked] {
        let signed = signed(&governance, trust(agent(), lowered), 1);
        assert_eq!(governance.check_giving_back(&signed, &held), Ok(()));
    }
}

#[test]
fn no_registrar_moves_a_workload_out_of_a_zone_that_is_stopped() {
    for stop in [Change::HaltOrdered { subject: prod() }, trust(prod(), Trust::Degraded)] {
        let mut governance = domain(2);
        let moved = signed(&governance, in_zone("lab"), 2);
        assert_eq!(governance.check_giving_back(&moved, &[]), Ok(()));
        // Held by the node alone, and by governance.
        let leaves = governance.check_giving_back(&moved, std::slice::from_ref(&stop));
        assert!(matches!(leaves, Err(GovernanceError::Leaves { .. })), "{leaves:?}");
        accept(&mut governance, stop, 1).unwrap();
        let leaves = governance.check_giving_back(&moved, &[]);
        assert!(matches!(leaves, Err(GovernanceError::Leaves { .. })), "{leaves:?}");
        let same = signed(&governance, in_zone("prod"), 2);
        assert_eq!(governance.check_giving_back(&same, &[]), Ok(()), "it may be registered anew");
    }
}

#[test]
fn the_log_refuses_the_move_from_the_fourth_version_on() {
    for (semantics, is_refused) in [(2, false), (4, true)] {
        let mut governance = domain(semantics);
        accept(&mut governance, Change::HaltOrdered { subject: prod() }, 1).unwrap();
        let moved = accept(&mut governance, in_zone("lab"), 2);
        assert_eq!(moved.is_err(), is_refused, "{semantics}: {moved:?}");
    }
}

#[test]
fn a_workload_registered_again_keeps_its_halt_and_trust() {
    let mut governance = domain(4);
    accept(&mut governance, Change::HaltOrdered { subject: agent() }, 1).unwrap();
    accept(&mut governance, trust(agent(), Trust::Suspended), 1).unwrap();
    let other = Workload { name: "agent".into(), os_user: 1009, zone: "prod".into() };
    accept(&mut governance, Change::WorkloadRegistered(other), 2).unwrap();
    assert!(governance.is_halted(&[agent()]));
    assert_eq!(governance.trust(&[agent()]), Trust::Suspended);
}
