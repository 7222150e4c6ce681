//! Signed notes and keys: what is accepted is written again as the same text; nothing verifies but by its key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::note::{Ed25519Signer, SignedNote, VerifierKey};

const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";

fuzz_target!(|text: &str| {
    if let Ok(note) = SignedNote::parse(text) {
        assert_eq!(note.to_text(), text);
        let key = VerifierKey::parse(GO_VKEY).unwrap();
        if note.verify(&key).is_ok() {
            assert_eq!(note.text(), GO_TEXT);
        }
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(signer) = Ed25519Signer::parse(text) {
        assert_eq!(signer.to_skey(), text);
    }
});
