use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn actions(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let names = prop::collection::btree_set("[a-d]", 0..4);
    let parts = (prop::option::of(names), prop::option::of(0..5_u64), prop::option::of(0..4_u64));
    (parts, prop::option::of(0..6_i64)).prop_map(|((actions, calls_max, depth_max), until_ms)| {
        Grant { actions, calls_max, depth_max, until_ms }
    })
}

proptest! {
    /// The oracle: whatever a child could be permitted alone, its parent could be permitted too.
    #[test]
    fn a_delegated_grant_is_never_wider_than_its_parents(
        (parent, child) in (any_grant(), any_grant()), calls in 0..6_u64,
    ) {
        if (HeldGrant { grant: parent.clone(), calls }).widened_by(&child).is_some() {
            return Ok(());
        }
        for action in ["a", "b", "c", "d", "e"] {
            for at in 0..8 {
                for more in 0..8 {
                    let own = HeldGrant { grant: parent.clone(), calls: calls + more };
                    let its = HeldGrant { grant: child.clone(), calls: more };
                    let is_allowed = its.exceeded_by(action, at).is_none();
                    prop_assert!(!is_allowed || own.exceeded_by(action, at).is_none());
                }
            }
        }
        prop_assert!(parent.depth_max.is_none_or(|own| child.depth_max.unwrap() < own));
    }
}

#[test]
fn each_dimension_alone_is_enough_to_exceed() {
    let parent = Grant {
        actions: actions(&["read", "write"]),
        calls_max: Some(10),
        depth_max: Some(1),
        until_ms: Some(1_000),
    };
    let narrow = Grant {
        actions: actions(&["read"]),
        calls_max: Some(4),
        depth_max: Some(0),
        until_ms: Some(900),
    };
    let held = |calls| HeldGrant { grant: parent.clone(), calls };
    assert_eq!(held(6).widened_by(&narrow), None);
    assert!(held(7).widened_by(&narrow).unwrap().contains("calls"));
    let wider = |change: fn(&mut Grant)| {
        let mut child = narrow.clone();
        change(&mut child);
        held(0).widened_by(&child).unwrap()
    };
    assert!(wider(|child| child.actions = actions(&["read", "pay"])).contains("actions"));
    assert!(wider(|child| child.actions = None).contains("actions"));
    assert!(wider(|child| child.calls_max = None).contains("calls"));
    assert!(wider(|child| child.until_ms = Some(1_001)).contains("time"));
    assert!(wider(|child| child.until_ms = None).contains("time"));
    assert!(wider(|child| child.depth_max = Some(1)).contains("generations"));
    assert!(wider(|child| child.depth_max = None).contains("generations"));
}
