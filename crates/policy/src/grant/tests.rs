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
        if parent.exceeded_by(&child, calls).is_some() {
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

    #[test]
    fn a_grant_reads_back_as_itself(grant in any_grant()) {
        prop_assert_eq!(Grant::from_value(&grant.to_value()), Some(grant));
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
    assert_eq!(parent.exceeded_by(&narrow, 6), None);
    assert!(parent.exceeded_by(&narrow, 7).unwrap().contains("calls"));
    let wider = |change: fn(&mut Grant)| {
        let mut child = narrow.clone();
        change(&mut child);
        parent.exceeded_by(&child, 0).unwrap()
    };
    assert!(wider(|child| child.actions = actions(&["read", "pay"])).contains("actions"));
    assert!(wider(|child| child.actions = None).contains("actions"));
    assert!(wider(|child| child.calls_max = None).contains("calls"));
    assert!(wider(|child| child.until_ms = Some(1_001)).contains("time"));
    assert!(wider(|child| child.until_ms = None).contains("time"));
    assert!(wider(|child| child.depth_max = Some(1)).contains("generations"));
    assert!(wider(|child| child.depth_max = None).contains("generations"));
}

#[test]
fn a_grant_that_is_not_written_in_its_one_form_is_refused() {
    for text in [
        r#"{"action":["a"]}"#,
        r#"{"actions":["b","a"]}"#,
        r#"{"actions":["a","a"]}"#,
        r#"{"actions":[""]}"#,
        r#"{"actions":"a"}"#,
        r#"{"calls_max":-1}"#,
        r#"{"calls_max":"1"}"#,
        r#"{"until_ms":-1}"#,
        r#"[]"#,
    ] {
        assert_eq!(Grant::from_value(&Value::parse(text.as_bytes()).unwrap()), None, "{text}");
    }
}

#[test]
fn more_actions_than_the_limit_are_no_grant() {
    let grant = |count: usize| {
        let names = (0..count).map(|n| Value::from(format!("a{n:05}").as_str())).collect();
        Grant::from_value(&Value::Object(Object::from([("actions", Value::Array(names))])))
    };
    assert!(grant(GRANT_ACTIONS_MAX).is_some());
    assert!(grant(GRANT_ACTIONS_MAX + 1).is_none());
}
