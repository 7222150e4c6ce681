use proof::base64url;
use proof::commitment::{Salt, commit};
use proof::json::{Value, object};
use proof::merkle;
use proof::record::{RECORD_BYTES_MAX, Record};

use crate::{Outcome, agree};

const ACCEPT: [(&str, &str); 3] = [
    ("smallest", r#"{"type":"a.b","v":1}"#),
    ("three words", r#"{"type":"test.entry.third_word2","v":1}"#),
    (
        "an execution's record",
        r#"{"at":1764000000000,"execution":"x1","node":"n1","parents":[],"seq":0,"type":"execution.started","v":1}"#,
    ),
];

const REJECT: [(&str, &str); 12] = [
    ("an array", "[]"),
    ("no version", r#"{"type":"a.b"}"#),
    ("no type", r#"{"v":1}"#),
    ("version 0", r#"{"type":"a.b","v":0}"#),
    ("version 2", r#"{"type":"a.b","v":2}"#),
    ("version as a string", r#"{"type":"a.b","v":"1"}"#),
    ("type as an integer", r#"{"type":1,"v":1}"#),
    ("type of one word", r#"{"type":"a","v":1}"#),
    ("type with an empty word", r#"{"type":"a..b","v":1}"#),
    ("type with an upper-case letter", r#"{"type":"a.B","v":1}"#),
    ("type that begins with a digit", r#"{"type":"1a.b","v":1}"#),
    ("not canonical", r#"{"v":1,"type":"a.b"}"#),
];

pub(crate) fn records() -> Outcome<Vec<Value>> {
    let mut cases = Vec::new();
    for (name, text) in ACCEPT {
        cases.push(accepted(name, text)?);
    }
    for (name, text) in REJECT {
        cases.push(refused(name, text)?);
    }
    let largest =
        |letters: usize| format!(r#"{{"filler":"{}","type":"a.b","v":1}}"#, "x".repeat(letters));
    let letters = RECORD_BYTES_MAX - largest(0).len();
    cases.push(accepted("65535 bytes", &largest(letters))?);
    cases.push(refused("65536 bytes", &largest(letters + 1))?);
    Ok(cases)
}

fn accepted(name: &str, text: &str) -> Outcome<Value> {
    let record = Record::parse(text.as_bytes()).map_err(|error| format!("`{name}`: {error}"))?;
    Ok(object([
        ("accept", true.into()),
        ("digest", record.digest().into()),
        ("leaf_hash", merkle::leaf_hash(text.as_bytes()).into()),
        ("name", name.into()),
        ("text", text.into()),
    ]))
}

fn refused(name: &str, text: &str) -> Outcome<Value> {
    agree(name, false, Record::parse(text.as_bytes()).is_ok())?;
    Ok(object([("accept", false.into()), ("name", name.into()), ("text", text.into())]))
}

pub(crate) fn commitments() -> Vec<Value> {
    let long = vec![0x61; 1_000];
    let cases: [(u8, &[u8]); 4] = [(0, b""), (1, b"transfer 10"), (255, &[0, 255]), (7, &long)];
    let case = |(salt, bytes): (u8, &[u8])| {
        let salt = Salt::from_bytes([salt; 32]);
        object([
            ("bytes", base64url::encode(bytes).into()),
            ("commitment", commit(&salt, bytes).into()),
            ("salt", base64url::encode(salt.as_bytes()).into()),
        ])
    };
    cases.into_iter().map(case).collect()
}
