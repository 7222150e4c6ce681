use proof::checkpoint::Checkpoint;
use proof::digest::Digest;
use proof::note::{Ed25519Signer, Signer};
use record::governance::{Change, Proposal, Replayed, Roles, SignedProposal};

use super::*;

const ORIGIN: &str = "example.test/governance";
const AT: i64 = 1_000_000_000;

fn officer() -> Ed25519Signer {
    Ed25519Signer::from_seed("example.test/officer", &[7; 32]).unwrap()
}

fn node(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("example.test/lineage/{name}"), &[seed; 32]).unwrap()
}

fn signed(governance: &Governance, change: Change) -> SignedProposal {
    let proposal = Proposal { based_on: governance.position(), expires_ms: AT + 60_000, change };
    proposal.sign(&officer()).unwrap()
}

/// A domain of the first version with two nodes.
fn domain() -> Governance {
    let mut governance = Governance::new(ORIGIN);
    let roles = Roles::of_one(&officer().verifier()).unwrap();
    let genesis = Change::DomainCreated { domain: "example.test".into(), roles, semantics: 1 };
    let nodes = [("b", 2), ("a", 1)].map(|(name, seed)| Change::NodeRegistered {
        node: name.into(),
        key: node(name, seed).verifier(),
    });
    for change in [genesis].into_iter().chain(nodes) {
        let record = signed(&governance, change).to_record(AT).to_bytes();
        governance.apply(&record).unwrap();
    }
    governance
}

fn replayed(of: &str, signer: &Ed25519Signer) -> Replayed {
    let origin = signer.verifier().name().to_owned();
    let head = Checkpoint { origin, size: 9, root: Digest::of(b"head"), extensions: vec![] };
    let checkpoint = head.sign(signer).unwrap();
    Replayed { node: of.into(), checkpoint, same: 5, different: 1, erased: 2 }
}

fn both() -> Vec<Replayed> {
    vec![replayed("a", &node("a", 1)), replayed("b", &node("b", 2))]
}

fn adopts(at: i64, each: Vec<Replayed>) -> Result<(), GovernanceError> {
    let change = Change::SemanticsAdopted { semantics: 2, replays: Replays { at, each } };
    let governance = domain();
    governance.check(AT, &signed(&governance, change))
}

#[test]
fn a_replay_of_every_nodes_log_is_needed_and_of_no_other() {
    assert_eq!(adopts(AT, both()), Ok(()));
    let mut turned = both();
    turned.reverse();
    let more = [both(), vec![replayed("c", &node("c", 3))]].concat();
    let twice = vec![both().remove(0), both().remove(0)];
    for each in [vec![], vec![both().remove(0)], vec![both().remove(1)], turned, more, twice] {
        let refused = adopts(AT, each).unwrap_err();
        assert!(matches!(&refused, GovernanceError::Replays(_)), "{refused}");
        assert!(refused.to_string().contains("the nodes `a`, `b`"), "{refused}");
        assert_eq!(refused.code(), "semantics.replay");
    }
}

#[test]
fn a_replayed_head_needs_the_nodes_signature_for_this_log() {
    let stranger = node("a", 9);
    let other_log = Replayed { checkpoint: both().remove(1).checkpoint, ..both().remove(0) };
    let mut edited = both().remove(0);
    edited.checkpoint = edited.checkpoint.replacen("\n9\n", "\n8\n", 1);
    let nothing = Replayed { checkpoint: String::new(), ..both().remove(0) };
    for forged in [replayed("a", &stranger), other_log, edited, nothing] {
        let refused = adopts(AT, vec![forged, both().remove(1)]).unwrap_err();
        assert!(refused.to_string().contains("not about the log of `a`"), "{refused}");
        assert_eq!(refused.code(), "semantics.replay");
    }
}

#[test]
fn a_replay_older_than_a_day_or_of_tomorrow_is_refused() {
    assert_eq!(adopts(AT - PROPOSAL_LIFE_MS_MAX, both()), Ok(()));
    for at in [AT - PROPOSAL_LIFE_MS_MAX - 1, AT + 1, i64::MIN, i64::MAX] {
        let refused = adopts(at, both()).unwrap_err();
        assert!(refused.to_string().contains("older than a day"), "{refused}");
    }
}

#[test]
fn a_signed_replay_statement_cannot_be_changed() {
    let governance = domain();
    let change = |different| {
        let mut each = both();
        each[0].different = different;
        Change::SemanticsAdopted { semantics: 2, replays: Replays { at: AT, each } }
    };
    let mut forged = signed(&governance, change(1));
    forged.proposal.change = change(0);
    assert_eq!(governance.check(AT, &forged), Err(GovernanceError::Signature));
}
