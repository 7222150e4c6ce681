use proof::note::{Ed25519Signer, Signer};

use super::*;

fn role() -> Role {
    let officer = Ed25519Signer::from_seed("example.test/officer-1", &[1; 32]).unwrap();
    Role::new(1, vec![officer.verifier()]).unwrap()
}

#[test]
fn a_domain_has_all_the_roles_that_it_needs_and_not_too_many() {
    let named = |name: &str| (name.to_owned(), role());
    let with = |more: Vec<(String, Role)>| {
        Roles::new(REQUIRED_ROLES.map(named).into_iter().chain(more).collect())
    };
    assert!(with(vec![named("finance")]).is_ok());
    assert!(with(vec![named("finance_2")]).is_ok());
    for wrong in ["Finance", "finance-2", "2_finance", "_finance", ""] {
        assert!(with(vec![named(wrong)]).is_err(), "{wrong}");
    }
    for missing in REQUIRED_ROLES {
        let rest = REQUIRED_ROLES.into_iter().filter(|name| *name != missing).map(named);
        assert!(Roles::new(rest.collect()).is_err(), "{missing}");
    }
    let many = |count: usize| with((4..count).map(|n| named(&format!("group_{n}"))).collect());
    assert!(many(ROLES_MAX).is_ok());
    assert!(many(ROLES_MAX + 1).is_err());
    let keys = |count: usize| {
        let key = |n: usize| {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&n.to_be_bytes());
            Ed25519Signer::from_seed("example.test/o", &seed).unwrap().verifier()
        };
        Role::new(1, (0..count).map(key).collect())
    };
    assert!(keys(ROLE_KEYS_MAX).is_ok());
    assert!(keys(ROLE_KEYS_MAX + 1).is_err());
}
