use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::note::{Ed25519Signer, Signer};
use record::Trust;
use record::governance::{Proposal, Replays, Role, Subject, Workload};

use super::*;

const AT: i64 = 1_000_000;

/// An officer of their own for each number.
fn officer(number: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("example.test/officer-{number}"), &[number; 32]).unwrap()
}

fn role(threshold: u64, officers: &[u8]) -> Role {
    Role::new(threshold, officers.iter().map(|number| officer(*number).verifier()).collect())
        .unwrap()
}

/// Two of three for each role: root 1 to 3, policy 4 to 6, registrar 7 to 9, trust 10 to 12.
fn roles() -> Roles {
    let all =
        [(ROOT, [1, 2, 3]), (POLICY, [4, 5, 6]), (REGISTRAR, [7, 8, 9]), (TRUST, [10, 11, 12])];
    Roles::new(all.map(|(name, officers)| (name.to_owned(), role(2, &officers))).into()).unwrap()
}

fn proposal(governance: &Governance, change: Change, officers: &[u8]) -> SignedProposal {
    let proposal = Proposal { based_on: governance.position(), expires_ms: AT + 60_000, change };
    officers
        .iter()
        .fold(proposal.unsigned(), |signed, number| signed.and_signed(&officer(*number)).unwrap())
}

fn accept(
    governance: &mut Governance,
    change: Change,
    officers: &[u8],
) -> Result<Change, GovernanceError> {
    let record = proposal(governance, change, officers).to_record(AT).to_bytes();
    governance.apply(&record)
}

fn domain() -> Governance {
    let mut governance = Governance::new("example.test/governance");
    let genesis =
        Change::DomainCreated { domain: "example.test".into(), roles: roles(), semantics: 1 };
    accept(&mut governance, genesis, &[1, 3]).unwrap();
    governance
}

fn agent() -> Subject {
    Subject::Workload("agent".into())
}

fn trust(trust: Trust) -> Change {
    Change::TrustChanged { subject: agent(), trust }
}

fn adopted(semantics: u64) -> Change {
    Change::SemanticsAdopted { semantics, replays: Replays { at: AT, each: vec![] } }
}

fn published() -> Change {
    Change::BundlePublished { bundle: Digest::of(b"bundle") }
}

/// Every change that widens needs the quorum of its role: one signature fewer is not enough, nor
/// are those of another role.
#[test]
fn a_widening_change_needs_the_quorum_of_its_own_role() {
    let registered = Workload { name: "agent".into(), os_user: 1, zone: "prod".into() };
    let changes: [(Change, [u8; 2]); 5] = [
        (published(), [4, 6]),
        (Change::WorkloadRegistered(registered), [7, 8]),
        (Change::HaltLifted { subject: agent() }, [11, 12]),
        (Change::ExecutionEnded { execution: "x".into() }, [10, 12]),
        (adopted(2), [2, 3]),
    ];
    for (change, quorum) in changes {
        for officers in [[1, 2], [4, 5], [7, 9], [10, 11]] {
            let same_role = (officers[0] - 1) / 3 == (quorum[0] - 1) / 3;
            let found = accept(&mut domain(), change.clone(), &officers).is_ok();
            assert_eq!(found, same_role, "{change:?} by {officers:?}");
        }
        let alone = accept(&mut domain(), change.clone(), &quorum[..1]);
        assert!(
            matches!(alone, Err(GovernanceError::Unsigned { needed: 2, have: 1, .. })),
            "{alone:?}"
        );
        let nobody = accept(&mut domain(), change.clone(), &[]);
        assert!(matches!(nobody, Err(GovernanceError::Unsigned { have: 0, .. })), "{nobody:?}");
        assert!(accept(&mut domain(), change, &quorum).is_ok());
    }
}

#[test]
fn one_officer_takes_away_and_cannot_give_back() {
    let mut governance = domain();
    for one in [10, 1] {
        let mut governance = governance.clone();
        accept(&mut governance, Change::HaltOrdered { subject: agent() }, &[one]).unwrap();
        accept(&mut governance, trust(Trust::Suspended), &[one]).unwrap();
    }
    let other = accept(&mut governance, Change::HaltOrdered { subject: agent() }, &[4]);
    assert!(matches!(other, Err(GovernanceError::Unsigned { role: TRUST, .. })), "{other:?}");

    accept(&mut governance, trust(Trust::Suspended), &[11]).unwrap();
    accept(&mut governance, Change::HaltOrdered { subject: agent() }, &[12]).unwrap();
    for widening in [trust(Trust::Degraded), Change::HaltLifted { subject: agent() }] {
        for one in [1, 10, 11] {
            assert!(accept(&mut governance, widening.clone(), &[one]).is_err(), "{widening:?}");
        }
        accept(&mut governance, widening, &[10, 11]).unwrap();
    }
}

#[test]
fn roles_rotate_by_the_old_quorum_and_the_new_one() {
    let changed = |root: Role| {
        let mut all: BTreeMap<String, Role> =
            roles().iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
        all.insert(ROOT.into(), root);
        Change::RolesChanged { roles: Roles::new(all).unwrap() }
    };
    let next = changed(role(2, &[3, 20, 21]));
    for too_few in [&[1, 2][..], &[20, 21], &[3, 20, 21], &[1, 2, 20]] {
        let found = accept(&mut domain(), next.clone(), too_few);
        assert!(matches!(found, Err(GovernanceError::Unsigned { role: ROOT, .. })), "{too_few:?}");
    }
    let mut governance = domain();
    accept(&mut governance, next, &[1, 2, 20, 21]).unwrap();
    // Who has left signs nothing any more; who has come does.
    let back = changed(role(2, &[1, 2, 3]));
    let left = accept(&mut governance, adopted(2), &[1, 2]);
    assert_eq!(left, Err(GovernanceError::Stranger));
    let left = accept(&mut governance, back.clone(), &[1, 2]);
    assert!(matches!(left, Err(GovernanceError::Unsigned { role: ROOT, have: 0, .. })), "{left:?}");
    accept(&mut governance, back, &[1, 2, 3, 20]).unwrap();

    // Where root stays as it is, its own quorum is enough.
    let mut all: BTreeMap<String, Role> =
        roles().iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
    all.insert("finance".into(), role(1, &[30]));
    let more = Change::RolesChanged { roles: Roles::new(all).unwrap() };
    accept(&mut governance, more, &[2, 3]).unwrap();
    assert_eq!(governance.role("finance").unwrap().keys(), [officer(30).verifier()]);
}

#[test]
fn signatures_of_strangers_and_bad_ones_spoil_a_proposal() {
    let mut governance = domain();
    assert_eq!(accept(&mut governance, published(), &[4, 5, 99]), Err(GovernanceError::Stranger));
    let good = proposal(&governance, published(), &[4, 5]);
    let mut changed = good.clone();
    changed.proposal.expires_ms += 1;
    assert_eq!(governance.check(AT, &changed), Err(GovernanceError::Signature));
    assert_eq!(governance.check(AT, &good), Ok(()));
    // Signing again adds nothing, so nobody counts twice.
    assert_eq!(good.clone().and_signed(&officer(4)).unwrap(), good);
}

#[test]
fn a_key_under_two_names_is_one_officer() {
    let again = Ed25519Signer::from_seed("example.test/another-name", &[4; 32]).unwrap();
    assert!(Role::new(2, vec![officer(4).verifier(), again.verifier()]).is_err());
    for threshold in [0, 2] {
        assert!(Role::new(threshold, vec![officer(1).verifier()]).is_err());
    }
}

#[test]
fn the_decider_only_moves_to_later_versions_of_this_program() {
    let mut governance = domain();
    let adopt = adopted;
    assert_eq!(governance.check_semantics(policy::Semantics::V1), Ok(()));
    let too_new = GovernanceError::TooNew { bundle: 2, domain: 1 };
    assert_eq!(governance.check_semantics(policy::Semantics::V2), Err(too_new));
    let unknown = accept(&mut governance, adopt(3), &[1, 2]);
    assert_eq!(unknown, Err(GovernanceError::Semantics(3)));
    accept(&mut governance, adopt(2), &[1, 2]).unwrap();
    assert_eq!(governance.check_semantics(policy::Semantics::V2), Ok(()));
    for back in [1, 2] {
        let found = accept(&mut governance, adopt(back), &[1, 2]);
        assert_eq!(found, Err(GovernanceError::SemanticsBack(2)));
    }
}

/// The roles with one more officer of policy, whose key has a name of so many bytes.
fn with_named(bytes: usize) -> Roles {
    let named = Ed25519Signer::from_seed(&"n".repeat(bytes), &[99; 32]).unwrap().verifier();
    let mut all: BTreeMap<String, Role> =
        roles().iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
    let mut keys = all[POLICY].keys().to_vec();
    keys.push(named);
    all.insert(POLICY.to_owned(), Role::new(2, keys).unwrap());
    Roles::new(all).unwrap()
}

#[test]
fn a_key_with_too_long_a_name_gets_no_role() {
    let governance = domain();
    for (bytes, is_accepted) in
        [(OFFICER_NAME_BYTES_MAX, true), (OFFICER_NAME_BYTES_MAX + 1, false)]
    {
        let change = Change::RolesChanged { roles: with_named(bytes) };
        let checked = governance.check(AT, &proposal(&governance, change.clone(), &[1, 2]));
        assert_eq!(checked.is_ok(), is_accepted, "{bytes}");
        assert_eq!(governance.check_key_names(&change), checked);
    }
    let genesis = Change::DomainCreated {
        domain: "example.test".into(),
        roles: with_named(OFFICER_NAME_BYTES_MAX + 1),
        semantics: 1,
    };
    let empty = Governance::new("example.test/governance");
    let why = empty.check(AT, &proposal(&empty, genesis, &[1, 2])).unwrap_err();
    assert!(matches!(why, GovernanceError::KeyName(_)) && why.to_string().len() < 256, "{why}");
}

#[test]
fn a_log_with_too_long_a_name_is_read_and_keeps_it() {
    let mut governance = domain();
    let long = with_named(OFFICER_NAME_BYTES_MAX + 1);
    accept(&mut governance, Change::RolesChanged { roles: long.clone() }, &[1, 2]).unwrap();
    assert_eq!(governance.roles(), Some(&long));
    let again = proposal(&governance, Change::RolesChanged { roles: long }, &[1, 2]);
    assert_eq!(governance.check(AT, &again), Ok(()), "it is an officer's already");
}
