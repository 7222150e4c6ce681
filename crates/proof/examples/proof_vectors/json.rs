use proof::base64url;
use proof::json::{Value, object};

use crate::{Outcome, agree};

const ACCEPT: [(&str, &str); 19] = [
    ("true", "true"),
    ("false", "false"),
    ("zero", "0"),
    ("negative", "-1"),
    ("largest integer", "9007199254740991"),
    ("smallest integer", "-9007199254740991"),
    ("empty string", "\"\""),
    ("empty array", "[]"),
    ("empty object", "{}"),
    ("members in order", r#"{"a":1,"a0":2,"a_":3,"aa":4,"b":5}"#),
    ("nested", r#"[[],{},[[{"a":[1,"x",true]}]]]"#),
    ("escapes of two characters", r#""\"\\\b\f\n\r\t""#),
    ("controls without a short escape", r#""\u0000\u0001\u000b\u001b\u001f""#),
    ("solidus stands for itself", "\"/\""),
    ("delete stands for itself", "\"\u{7f}\""),
    ("line separators stand for themselves", "\"\u{2028}\u{2029}\""),
    ("beyond the basic plane", "\"\u{1f600}\u{10ffff}\""),
    ("noncharacters and the byte order mark", "\"\u{fffe}\u{ffff}\u{feff}\""),
    ("not normalised", "\"e\u{301}\u{e9}\""),
];

const REJECT: [(&str, &str); 52] = [
    ("nothing", ""),
    ("null", "null"),
    ("null member", r#"{"a":null}"#),
    ("space before", " 1"),
    ("line end after", "1\n"),
    ("space after comma", "[1, 2]"),
    ("space after colon", r#"{"a": 1}"#),
    ("two values", "1 2"),
    ("text after the value", "{}x"),
    ("comma at the end of an array", "[1,]"),
    ("comma at the end of an object", r#"{"a":1,}"#),
    ("missing comma", "[1true]"),
    ("open array", "[1"),
    ("open object", r#"{"a":1"#),
    ("open string", "\"a"),
    ("only a key", r#"{"a"}"#),
    ("single quotes", "'a'"),
    ("unquoted key", "{a:1}"),
    ("comment", "1/**/"),
    ("plus sign", "+1"),
    ("only a minus", "-"),
    ("fraction", "1.5"),
    ("fraction that is whole", "1.0"),
    ("exponent", "1e2"),
    ("minus zero", "-0"),
    ("leading zero", "01"),
    ("hexadecimal", "0x10"),
    ("not a number", "NaN"),
    ("infinity", "Infinity"),
    ("integer of 2^53", "9007199254740992"),
    ("integer of -2^53", "-9007199254740992"),
    ("integer beyond 64 bits", "36893488147419103232"),
    ("keys out of order", r#"{"b":1,"a":2}"#),
    ("prefix after the longer key", r#"{"aa":1,"a":2}"#),
    ("the same key twice", r#"{"a":1,"a":1}"#),
    ("the same key twice, once escaped", r#"{"a":1,"\u0061":1}"#),
    ("escaped key", r#"{"\u0061":1}"#),
    ("upper-case key", r#"{"A":1}"#),
    ("kelvin sign as key", "{\"\u{212a}\":1}"),
    ("empty key", r#"{"":1}"#),
    ("key that begins with a digit", r#"{"1a":1}"#),
    ("key that begins with an underscore", r#"{"_a":1}"#),
    ("raw line end in a string", "\"\n\""),
    ("raw carriage return in a string", "\"\r\""),
    ("raw NUL in a string", "\"\u{0}\""),
    ("escaped solidus", r#""\/""#),
    ("escaped letter", r#""\u0041""#),
    ("long escape of a line end", r#""\u000a""#),
    ("upper-case digits in an escape", r#""\u001F""#),
    ("escaped surrogate pair", r#""\ud83d\ude00""#),
    ("escaped lone surrogate", r#""\ud800""#),
    ("byte order mark before", "\u{feff}1"),
];

const REJECT_BYTES: [(&str, &[u8]); 4] = [
    ("no UTF-8", b"\"\xff\""),
    ("encoded surrogate", b"\"\xed\xa0\x80\""),
    ("overlong encoding", b"\"\xc0\x80\""),
    ("UTF-16", b"1\x00"),
];

pub(crate) fn cases() -> Outcome<Vec<Value>> {
    let mut cases = Vec::new();
    for (name, text) in ACCEPT {
        cases.push(case(name, text, true)?);
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    cases.push(case("nested 32 deep", &nested(32), true)?);
    cases.push(case("nested 33 deep", &nested(33), false)?);
    for (name, text) in REJECT {
        cases.push(case(name, text, false)?);
    }
    for (name, bytes) in REJECT_BYTES {
        agree(name, false, Value::parse(bytes).is_ok())?;
        let bytes = base64url::encode(bytes).into();
        cases.push(object([("accept", false.into()), ("bytes", bytes), ("name", name.into())]));
    }
    Ok(cases)
}

fn case(name: &str, text: &str, accept: bool) -> Outcome<Value> {
    agree(name, accept, Value::parse(text.as_bytes()).is_ok())?;
    Ok(object([("accept", accept.into()), ("name", name.into()), ("text", text.into())]))
}
