//! Checkpoints: what is accepted is written again as the same text, signed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::checkpoint::{self, Checkpoint};
use proof::note::{Ed25519Signer, Signer as _};

fuzz_target!(|text: &str| {
    let signer = Ed25519Signer::from_seed("acme.example/governance", &[1; 32]).unwrap();
    let key = signer.verifier();
    let _ = checkpoint::open(text, &key, key.name());
    if let Ok(head) = Checkpoint::parse(text) {
        assert_eq!(head.text(), text);
        // A control character can stand in a text, and not in a note.
        if let Ok(signed) = head.sign(&signer) {
            assert_eq!(checkpoint::open(&signed, &key, &head.origin), Ok(head));
        }
    }
});
