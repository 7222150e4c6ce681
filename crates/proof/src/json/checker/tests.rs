use super::members;
use crate::json::Value;
use crate::limits::{INTEGER_MAX, JSON_DEPTH_MAX, RECORD_BYTES_MAX};
use proptest::prelude::*;

/// What the parser says of the same bytes.
fn parsed(text: &[u8]) -> bool {
    text.len() <= RECORD_BYTES_MAX
        && Value::parse(text).is_ok_and(|value| value.as_object().is_some())
}

fn agrees(text: &[u8]) -> Result<(), TestCaseError> {
    let found = members(text, ["a", "type"]);
    prop_assert_eq!(found.is_some(), parsed(text), "{}", String::from_utf8_lossy(text));
    let Some([a, kind]) = found else { return Ok(()) };
    let value = Value::parse(text).unwrap();
    for (name, text) in [("a", a), ("type", kind)] {
        let expected = value.get(name).map(Value::to_bytes);
        prop_assert_eq!(text.map(<[u8]>::to_vec), expected);
    }
    Ok(())
}

/// Strings of every length and with what needs an escape, at every place in a word of eight bytes.
fn string() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_.]{0,20}", "[\\PC\\x00-\\x1f\"\\\\/é\u{2028}\u{1f600}]{0,20}", "[ -~]{30,70}",]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::Integer),
        (-20_i64..20).prop_map(Value::Integer),
        string().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map("[a-z][a-z0-9_]{0,9}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

pub(in crate::json) fn object() -> impl Strategy<Value = Value> {
    let key = prop_oneof!["[a-e]", "type", "[a-z][a-z0-9_]{0,12}"];
    prop::collection::btree_map(key, value(), 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// What mutations put in: bytes that mean something, and any other.
const PIECES: [&str; 30] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "0",
    "1",
    ".",
    "e",
    "null",
    "true",
    "false",
    " ",
    "\n",
    "\u{0}",
    "\u{1f}",
    "\u{7f}",
    "é",
    "\\u0000",
    "\\u001f",
    "\\u000a",
    "\\u0020",
    "\\/",
    "_",
    "A",
    "9007199254740992",
];

/// Canonical texts with some bytes put in place of others: most of them are not canonical any more.
pub(in crate::json) fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..3_usize, 0..30_usize, any::<u8>());
    (object(), prop::collection::vec(change, 1..4)).prop_map(|(value, changes)| {
        let mut text = value.to_bytes();
        for (at, removed, piece, byte) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            let other = [byte];
            let piece = PIECES.get(piece).filter(|_| byte < 200);
            let piece = piece.map_or(&other[..], |piece| piece.as_bytes());
            text.splice(at..end, piece.iter().copied());
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 3_000 } else { 100_000 }))]

    #[test]
    fn whatever_is_canonical_is_accepted(value in object()) {
        let text = value.to_bytes();
        prop_assert!(members(&text, [""]).is_some(), "{}", String::from_utf8_lossy(&text));
        agrees(&text)?;
    }

    #[test]
    fn checker_and_parser_accept_the_same_texts(text in mutated()) {
        agrees(&text)?;
    }
}

/// Values at the edge of the language, on both sides.
const MEMBERS: [&str; 50] = [
    "0",
    "-0",
    "00",
    "01",
    "-1",
    "--1",
    "-",
    "+1",
    "1.0",
    "1e2",
    "9007199254740991",
    "9007199254740992",
    "-9007199254740991",
    "-9007199254740992",
    "99999999999999999999",
    "tru",
    "true",
    "truefalse",
    "nul",
    "null",
    "\"\\u0000\"",
    "\"\\u0008\"",
    "\"\\u000b\"",
    "\"\\u000F\"",
    "\"\\u001f\"",
    "\"\\u0020\"",
    "\"\\b\\t\\n\\f\\r\\\"\\\\\"",
    "\"\\/\"",
    "\"\\",
    "\"\\u",
    "\"\\u00",
    "\"",
    "{}",
    "[]",
    "[,]",
    "[1,]",
    "{\"b\":1,}",
    "{\"b\":1,\"b\":2}",
    "{\"b\":1,\"a\":2}",
    "{\"a\":1,\"aa\":2}",
    "{\"aa\":1,\"a\":2}",
    "{\"\":1}",
    "{\"a b\":1}",
    "{\"A\":1}",
    "{\"_\":1}",
    "{\"0\":1}",
    "{\"a\" :1}",
    "{\"a\": 1}",
    "\u{feff}1",
    "\"\u{7f}\u{2028}\"",
];

#[test]
fn checker_and_parser_agree_on_edge_cases() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let mut texts = vec![
        nested(JSON_DEPTH_MAX - 1),
        nested(JSON_DEPTH_MAX),
        "{".repeat(RECORD_BYTES_MAX),
        "{\"a\":".repeat(JSON_DEPTH_MAX),
        long(RECORD_BYTES_MAX),
        long(RECORD_BYTES_MAX + 1),
        format!("{{\"a\":[{}1]}}", "1,".repeat(RECORD_BYTES_MAX / 2 - 5)),
    ];
    for member in MEMBERS {
        texts.push(format!("{{\"a\":{member}}}"));
        texts.push(format!("{{\"a\":{member}"));
        texts.push(format!("{{\"a\":{member},\"b\":1}}"));
        texts.push(member.to_owned());
    }
    for text in &texts {
        agrees(text.as_bytes()).unwrap();
    }
    for bytes in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"\xed\xa0\x80\"}", b"{\"a\":\"\xc0\x80\"}"] {
        agrees(bytes).unwrap();
    }
    let accepted = texts.iter().filter(|text| members(text.as_bytes(), [""]).is_some()).count();
    assert!(accepted > 25, "{accepted}");
}
