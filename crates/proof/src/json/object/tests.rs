use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn an_object_behaves_like_a_map(
        made in proptest::collection::vec(("[a-d]{1,2}", 0_i64..9), 0..12),
        then in proptest::collection::vec(("[a-d]{1,2}", proptest::option::of(0_i64..9)), 0..12),
    ) {
        let mut map: BTreeMap<String, Value> =
            made.iter().map(|(key, n)| (key.clone(), Value::Integer(*n))).collect();
        let mut object: Object =
            made.iter().map(|(key, n)| (key.as_str(), Value::Integer(*n))).collect();
        for (key, change) in then {
            match change {
                Some(n) => {
                    let before = map.insert(key.clone(), Value::Integer(n));
                    prop_assert_eq!(object.insert(key, Value::Integer(n)), before);
                }
                None => prop_assert_eq!(object.remove(&key), map.remove(&key)),
            }
            prop_assert_eq!(object.len(), map.len());
            prop_assert_eq!(object.is_empty(), map.is_empty());
        }
        for key in ["a", "b", "ab", "dd"] {
            prop_assert_eq!(object.get(key), map.get(key));
            prop_assert_eq!(object.contains_key(key), map.contains_key(key));
            prop_assert_eq!(object.get_mut(key), map.get_mut(key));
        }
        prop_assert!(object.keys().eq(map.keys()));
        prop_assert!(object.values().eq(map.values()));
        prop_assert!(object.iter().eq(map.iter().map(|(key, value)| (key.as_str(), value))));
        let owned = object.into_iter().map(|(key, value)| (key.to_string(), value));
        prop_assert!(owned.eq(map));
    }

    #[test]
    fn keys_are_ordered_by_their_bytes(
        one in "[\\x00ab]{0,10}",
        other in "[\\x00ab]{0,10}",
    ) {
        prop_assert_eq!(order(&one, &other), one.cmp(&other));
    }
}
