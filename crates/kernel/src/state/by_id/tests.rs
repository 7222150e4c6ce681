use std::collections::BTreeMap;

use proptest::prelude::*;

use super::ById;

/// Ids that differ early, late, in length only, and in a byte that is no letter.
fn ids() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{0,3}",
        "a{14,18}",
        "a{15}[ab\\x00é]{0,3}",
        "abcdefghijklmnop[ab]{0,2}",
        any::<String>(),
    ]
}

#[derive(Debug, Clone)]
enum Change {
    Insert(String, u32),
    Remove(String),
    Set(String, u32),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (ids(), any::<u32>()).prop_map(|(id, value)| Change::Insert(id, value)),
        1 => ids().prop_map(Change::Remove),
        1 => (ids(), any::<u32>()).prop_map(|(id, value)| Change::Set(id, value)),
    ]
}

proptest! {
    #[test]
    fn by_id_agrees_with_a_map(changes in prop::collection::vec(changes(), 0..60)) {
        let (mut map, mut model) = (ById::default(), BTreeMap::new());
        for change in changes {
            let id = match change {
                Change::Insert(id, value) => {
                    map.insert(id.clone(), value);
                    model.insert(id.clone(), value);
                    id
                }
                Change::Remove(id) => {
                    prop_assert_eq!(map.remove(&id), model.remove(&id));
                    id
                }
                Change::Set(id, value) => {
                    map.get_mut(&id).into_iter().for_each(|had| *had = value);
                    model.get_mut(&id).into_iter().for_each(|had| *had = value);
                    id
                }
            };
            prop_assert_eq!(map.get(&id), model.get(&id));
            prop_assert_eq!(map.get_key_value(&id), model.get_key_value(&id));
            prop_assert_eq!(map.len(), model.len());
        }
        prop_assert!(map.iter().eq(model.iter()), "in the order of their ids");
        prop_assert!(map.keys().eq(model.keys()));
        map.values_mut().for_each(|value| *value = value.wrapping_add(1));
        model.values_mut().for_each(|value| *value = value.wrapping_add(1));
        prop_assert!(map.iter().eq(model.iter()));
    }
}
