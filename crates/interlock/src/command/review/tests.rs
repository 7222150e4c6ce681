use std::collections::BTreeMap;

use proof::note::{Ed25519Signer, Signer as _, VerifierKey};
use record::governance::{Role, Roles};

use super::*;

fn key(name: &str, seed: u8) -> VerifierKey {
    Ed25519Signer::from_seed(name, &[seed; 32]).unwrap().verifier()
}

fn roles(keys: &[VerifierKey]) -> Roles {
    let role = || Role::new(1, keys.to_vec()).unwrap();
    let names = ["root", "policy", "registrar", "trust"].map(|name| (name.to_owned(), role()));
    Roles::new(BTreeMap::from(names)).unwrap()
}

#[test]
fn a_key_that_looks_like_another_is_pointed_out() {
    for (one, other, alike) in [
        ("office/alice", "office/alice", "same name"),
        ("office/alice", "office/a1ice", "look alike"),
        ("office/alice", "office/аlice", "look alike"),
        ("office/bernd", "office/bemd", "look alike"),
        ("office/Alice", "office/alice", "look alike"),
    ] {
        let found = keys::warnings(Some(&roles(&[key(one, 1)])), &roles(&[key(other, 2)]));
        assert!(found.concat().contains(alike), "{one} {other}: {found:?}");
    }
    let plain = keys::warnings(None, &roles(&[key("office/ann", 1), key("office/bob", 2)]));
    assert!(plain.is_empty(), "{plain:?}");
}

#[test]
fn a_takeover_of_every_role_is_pointed_out() {
    let (ann, bob) = (key("office/ann", 1), key("office/bob", 2));
    let taken = keys::warnings(
        Some(&roles(std::slice::from_ref(&ann))),
        &roles(std::slice::from_ref(&bob)),
    );
    assert_eq!(taken, ["every key that holds a role today loses all of its roles"]);
    assert!(
        keys::warnings(Some(&roles(std::slice::from_ref(&ann))), &roles(&[ann, bob])).is_empty()
    );
}

#[test]
fn an_expiry_is_a_date_and_what_is_left() {
    let text = expiry(1_767_225_600_000 + 90 * 60_000, 1_767_225_600_000);
    assert!(text.ends_with("UTC, in 1 h 30 min"), "{text}");
    assert!(expiry(0, 5).ends_with("in 0 h 0 min"));
}

#[test]
fn each_change_is_told_in_words_with_its_whole_subject() {
    let subject: Subject = "workload:agent".parse().unwrap();
    let halt = effect(&Change::HaltOrdered { subject: subject.clone() }, None);
    assert_eq!(
        halt,
        "nothing more is permitted to every execution of the workload `agent`, until the halt is lifted"
    );
    let lift = effect(&Change::HaltLifted { subject }, None);
    assert!(lift.starts_with("the halt of every execution of the workload `agent` ends"));
}
