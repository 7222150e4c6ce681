//! Receipts: what is accepted is written again as the same text; verifying one never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::note::{Ed25519Signer, Signer as _};
use proof::receipt::Receipt;

fuzz_target!(|text: &str| {
    let Ok(receipt) = Receipt::parse(text) else { return };
    assert_eq!(receipt.to_text(), text);
    let key = Ed25519Signer::from_seed("acme.example/lineage/n1", &[1; 32]).unwrap().verifier();
    let _ = receipt.verify(b"a record", &key);
    let _ = receipt.verify_own(&key);
});
