use super::plain_bytes;
use proptest::prelude::*;

/// Bytes that are looked for, and those next to them.
const NEAR: [u8; 12] = [0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0xa2, 0xdc, 0x9f, 0x80];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_first_special_byte_is_found(
        plain in prop::collection::vec(0x23_u8..0x5c, 0..20),
        any in prop::collection::vec(any::<u8>(), 0..20),
        near in prop::collection::vec(prop::sample::select(NEAR.to_vec()), 0..20),
    ) {
        for text in [[&plain[..], &any].concat(), [&plain[..], &near].concat()] {
            let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
            let first = text.iter().position(is_special).unwrap_or(text.len());
            prop_assert_eq!(plain_bytes(&text), first, "{:x?}", text);
        }
    }
}
