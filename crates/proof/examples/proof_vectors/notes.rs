use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proof::checkpoint::{self, Checkpoint};
use proof::digest::Digest;
use proof::json::{Value, object};
use proof::note::{SignedNote, Signer, VerifierKey};

use crate::{Outcome, agree, signer};

/// The key and note in the documentation of Go's `golang.org/x/mod/sumdb/note`.
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

const ORIGIN: &str = "acme.example/governance";

pub(crate) fn keys() -> Outcome<Vec<Value>> {
    let own = signer(ORIGIN, 1)?.verifier().to_string();
    let cases = [
        ("Go's example", GO_VKEY.to_owned(), true),
        ("a log's key", own.clone(), true),
        ("another name", GO_VKEY.replace("Peter", "Pater"), false),
        ("another hash", GO_VKEY.replace("c74f", "c74e"), false),
        ("hash in upper case", GO_VKEY.replace("c74f", "C74F"), false),
        ("one byte changed", GO_VKEY.replace("ARpc", "ARpd"), false),
        ("padding", format!("{GO_VKEY}="), false),
        ("a line end", format!("{GO_VKEY}\n"), false),
        ("no name", GO_VKEY.replace("PeterNeumann", ""), false),
        ("a space in the name", GO_VKEY.replace("PeterN", "Peter N"), false),
        ("no key", "PeterNeumann+c74f20a3".to_owned(), false),
        ("an unknown algorithm", "PeterNeumann+c74f20a3+BhpcBw==".to_owned(), false),
        ("a point of small order", weak_key(), false),
    ];
    let mut values = Vec::new();
    for (name, vkey, accept) in cases {
        agree(name, accept, VerifierKey::parse(&vkey).is_ok())?;
        values.push(object([
            ("accept", accept.into()),
            ("name", name.into()),
            ("vkey", vkey.as_str().into()),
        ]));
    }
    Ok(values)
}

/// The key `weak` whose point is the curve's neutral element, with the hash that it should have.
fn weak_key() -> String {
    let mut typed = vec![1, 1];
    typed.resize(33, 0);
    let digest = Digest::of_parts(&[b"weak\n", &typed]).to_hex();
    let hash: String = digest.chars().take(8).collect();
    format!("weak+{hash}+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}

pub(crate) fn notes() -> Outcome<Vec<Value>> {
    let own = signer(ORIGIN, 1)?;
    let other = signer("other.example/log", 2)?;
    let thief = signer(ORIGIN, 3)?;
    let text = "first line\n\nline after an empty one: é\n";
    let both = SignedNote::sign(text, &[&other, &own])?.to_text();
    let own_key = own.verifier().to_string();
    let unknown = format!("{GO_NOTE}— stranger CQkJCQkJCQkJ\n");
    let forged = format!("{GO_NOTE}— PeterNeumann x08gowkJCQkJ\n");
    let cases = [
        ("Go's example", GO_VKEY, GO_NOTE.to_owned(), true),
        ("the group's order added to the signature", GO_VKEY, not_reduced(GO_NOTE)?, false),
        ("two signatures, the second is the key's", own_key.as_str(), both.clone(), true),
        ("a line of an unknown key is ignored", GO_VKEY, unknown, true),
        ("a second line of the key does not verify", GO_VKEY, forged, false),
        ("one letter of the text changed", GO_VKEY, GO_NOTE.replace("If", "if"), false),
        ("one letter of the signature changed", GO_VKEY, GO_NOTE.replace("ZJku", "ZJkv"), false),
        ("not signed by the key", GO_VKEY, both, false),
        (
            "signed by another key of the same name",
            &own_key,
            SignedNote::sign(text, &[&thief])?.to_text(),
            false,
        ),
        ("no signature", GO_VKEY, "text\n".to_owned(), false),
        ("no blank line", GO_VKEY, GO_NOTE.replace("\n\n", "\n"), false),
        ("no line end at the end", GO_VKEY, GO_NOTE.trim_end().to_owned(), false),
        ("a hyphen for the dash", GO_VKEY, GO_NOTE.replace('—', "-"), false),
        ("a carriage return", GO_VKEY, GO_NOTE.replace(",\n", ",\r\n"), false),
        ("bits after the signature's end", GO_VKEY, GO_NOTE.replace("nAM=", "nAN="), false),
    ];
    let mut values = Vec::new();
    for (name, vkey, note, verified) in cases {
        let key = VerifierKey::parse(vkey)?;
        agree(
            name,
            verified,
            SignedNote::parse(&note).is_ok_and(|note| note.verify(&key).is_ok()),
        )?;
        values.push(object([
            ("name", name.into()),
            ("note", note.into()),
            ("verified", verified.into()),
            ("vkey", vkey.into()),
        ]));
    }
    Ok(values)
}

/// Adds the order of Ed25519's group to the second half of a note's signature: whoever does not
/// compare it with the order (RFC 8032 section 5.1.7) takes the result for a second signature.
fn not_reduced(note: &str) -> Outcome<String> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (before, encoded) = note.trim_end().rsplit_once(' ').ok_or("no signature")?;
    let mut bytes = STANDARD.decode(encoded).map_err(|error| error.to_string())?;
    let (_, half) = bytes.split_at_mut_checked(36).ok_or("a short signature")?;
    let mut carry = 0;
    for (byte, order) in half.iter_mut().zip(ORDER) {
        let [low, high] = (u16::from(*byte) + u16::from(order) + carry).to_le_bytes();
        (*byte, carry) = (low, u16::from(high));
    }
    Ok(format!("{before} {}\n", STANDARD.encode(bytes)))
}

pub(crate) fn checkpoints() -> Outcome<Vec<Value>> {
    let own = signer(ORIGIN, 1)?;
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 20_852_163,
        root: Digest::of(b"root"),
        extensions: Vec::new(),
    };
    let extended = Checkpoint { extensions: vec!["an extension".to_owned()], ..head.clone() };
    let signed = head.sign(&own)?;
    let note =
        |text: String| -> Outcome<String> { Ok(SignedNote::sign(&text, &[&own])?.to_text()) };
    let text = head.text();
    let cases = [
        ("a head", signed.clone(), true),
        ("an extension line", extended.sign(&own)?, true),
        ("another size", signed.replace("20852163", "20852164"), false),
        ("another log, as it claims", signed.replace("/governance\n2", "/other\n2"), false),
        ("another log, signed by the key", note(text.replace("/governance", "/other"))?, false),
        ("signed by another key of the name", head.sign(&signer(ORIGIN, 3)?)?, false),
        ("size with a leading zero", note(text.replace("20852163", "020852163"))?, false),
        ("negative size", note(text.replace("20852163", "-20852163"))?, false),
        ("size beyond 64 bits", note(text.replace("20852163", "18446744073709551616"))?, false),
        ("root without padding", note(text.replace("=\n", "\n"))?, false),
        ("no root", note(format!("{ORIGIN}\n20852163\n"))?, false),
        ("an empty extension line", note(format!("{text}\n"))?, false),
    ];
    let mut values = Vec::new();
    for (name, text, verified) in cases {
        let opened = checkpoint::open(&text, &own.verifier(), ORIGIN);
        agree(name, verified, opened.is_ok())?;
        values.push(object([
            ("checkpoint", text.into()),
            ("name", name.into()),
            ("origin", ORIGIN.into()),
            ("verified", verified.into()),
            ("vkey", own.verifier().to_string().into()),
        ]));
    }
    Ok(values)
}
