use super::{decode, encode};
use proptest::prelude::*;

#[test]
fn only_the_canonical_text_decodes() {
    assert_eq!(decode("").unwrap(), b"");
    assert_eq!(decode("AA").unwrap(), [0]);
    assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
    for bad in ["AA==", "AB", "A", "AA=", "A A", "AA\n", "+/8", "AAB"] {
        assert!(decode(bad).is_err(), "`{bad}` must not decode");
    }
}

proptest! {
    #[test]
    fn decoded_bytes_encode_to_the_same_text(text in "[A-Za-z0-9_=+/-]{0,12}") {
        if let Ok(bytes) = decode(&text) {
            prop_assert_eq!(encode(&bytes), text);
        }
    }

    #[test]
    fn bytes_come_back(bytes: Vec<u8>) {
        prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
    }
}
