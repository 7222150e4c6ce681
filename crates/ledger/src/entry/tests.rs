use super::{Entry, EntryError, check_entries, decode_payload, encode_payload};
use proptest::prelude::*;

fn any_entry() -> impl Strategy<Value = Entry> {
    let record = prop::collection::vec(any::<u8>(), 1..200);
    let sealed = prop::collection::vec(any::<u8>(), 0..200);
    (record, sealed).prop_map(|(record, sealed)| Entry { record, sealed })
}

proptest! {
    #[test]
    fn payloads_come_back(entries in prop::collection::vec(any_entry(), 1..20)) {
        let mut payload = Vec::new();
        encode_payload(&mut payload, &entries);
        prop_assert_eq!(check_entries(&entries, payload.len()).unwrap(), payload.len());
        let count = u32::try_from(entries.len()).unwrap();
        prop_assert_eq!(decode_payload(&payload, count + 1), None);
        prop_assert_eq!(decode_payload(&payload, count - 1), None);
        prop_assert_eq!(decode_payload(&payload[1..], count), None);
        prop_assert_eq!(decode_payload(&payload, count), Some(entries));
    }

    #[test]
    fn any_bytes_are_read_without_a_crash(
        payload in prop::collection::vec(any::<u8>(), 0..300), count in any::<u32>(),
    ) {
        let _read = decode_payload(&payload, count);
    }
}

#[test]
fn one_byte_too_many_is_refused() {
    let entries = [Entry { record: vec![1], sealed: Vec::new() }];
    assert_eq!(check_entries(&entries, 9), Ok(9));
    assert!(matches!(check_entries(&entries, 8), Err(EntryError::Batch { bytes: 9, .. })));
}
