use proptest::prelude::*;

use super::*;
use crate::limits::{
    DEPTH_MAX, KEY_BYTES_MAX, MEMBERS_MAX, NODES_MAX, NUMBER_BYTES_MAX, STRING_BYTES_MAX,
    TEXT_BYTES_MAX,
};

fn refused(text: impl AsRef<[u8]>) -> (&'static str, usize) {
    let error = Value::parse(text.as_ref()).expect_err("it must be refused");
    (error.code(), error.offset())
}

fn accepted(text: &str) -> Value<'_> {
    Value::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_value_keeps_its_bytes_and_their_place() {
    let text = r#" { "a" : [ 1 , "\u0062" ] , "c":null } "#;
    let value = accepted(text);
    assert_eq!(value.raw(), text.trim());
    let members = value.as_object().unwrap().members();
    assert_eq!(members.iter().map(Member::key).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!((members[0].offset(), members[0].raw_key()), (3, "\"a\""));
    let list = value.get("a").unwrap();
    assert_eq!(list.raw(), r#"[ 1 , "\u0062" ]"#);
    assert_eq!(text.get(list.span()), Some(list.raw()));
    assert_eq!(list.as_array().unwrap()[1].as_str(), Some("b"));
    assert_eq!(value.get("c").unwrap().data(), &Data::Null);
    assert_eq!(value.get("b"), None);
}

#[test]
fn every_kind_of_value_is_read() {
    assert_eq!(accepted("true").as_bool(), Some(true));
    assert_eq!(accepted("false").as_bool(), Some(false));
    assert_eq!(accepted("null").data(), &Data::Null);
    assert_eq!(accepted("[]").as_array().unwrap().len(), 0);
    assert_eq!(accepted("{ }").as_object().unwrap().members().len(), 0);
    assert_eq!(
        accepted(r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀""#).as_str(),
        Some("\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}\u{e9}\u{1f600}")
    );
    assert_eq!(accepted("-7").as_i64(), Some(-7));
    assert_eq!(accepted("2.5").as_i64(), None);
    assert_eq!(accepted("2.5").as_number().unwrap().to_f64(), 2.5);
}

#[test]
fn invalid_json_is_refused_where_it_goes_wrong() {
    for (text, code, offset) in [
        ("", "json.end", 0),
        ("   ", "json.end", 3),
        ("[1,]", "json.syntax", 3),
        ("[1 2]", "json.syntax", 3),
        ("[", "json.end", 1),
        ("[1", "json.end", 2),
        ("{,}", "json.syntax", 1),
        (r#"{"a"}"#, "json.syntax", 4),
        (r#"{"a":1,}"#, "json.syntax", 7),
        (r#"{"a":}"#, "json.syntax", 5),
        ("{'a':1}", "json.syntax", 1),
        ("{a:1}", "json.syntax", 1),
        ("{1:1}", "json.syntax", 1),
        ("tru", "json.end", 3),
        ("True", "json.syntax", 0),
        ("nul1", "json.syntax", 3),
        ("NaN", "json.syntax", 0),
        ("Infinity", "json.syntax", 0),
        ("-Infinity", "json.syntax", 1),
        ("01", "json.syntax", 0),
        ("-01", "json.syntax", 0),
        ("+1", "json.syntax", 0),
        (".5", "json.syntax", 0),
        ("5.", "json.end", 2),
        ("5.e1", "json.syntax", 2),
        ("1e", "json.end", 2),
        ("1e+", "json.end", 3),
        ("-", "json.end", 1),
        ("0x10", "json.trailing", 1),
        ("1_000", "json.trailing", 1),
        ("// c", "json.syntax", 0),
        ("1 // c", "json.trailing", 2),
        ("/* */ 1", "json.syntax", 0),
        ("1 2", "json.trailing", 2),
        ("{}{}", "json.trailing", 2),
        ("\"a", "json.end", 2),
        ("\"\\", "json.end", 2),
        (r#""\x41""#, "json.escape", 1),
        (r#""\'""#, "json.escape", 1),
        (r#""\u12""#, "json.escape", 1),
        (r#""\u+123""#, "json.escape", 1),
        (r#""\u00g0""#, "json.escape", 1),
        (r#""\U0041""#, "json.escape", 1),
    ] {
        assert_eq!(refused(text), (code, offset), "{text}");
    }
}

#[test]
fn ambiguous_json_is_refused() {
    for (text, code, offset) in [
        ("\u{FEFF}1", "json.byte_order_mark", 0),
        ("1\n", "json.control", 1),
        ("\"a\tb\"", "json.control", 2),
        ("{\"a\\n\t\":1}", "json.control", 5),
        ("{\r}", "json.control", 1),
        ("\"a\u{0}b\"", "json.control", 2),
        ("\"\u{1f}\"", "json.control", 1),
        ("\"a\u{2028}\"", "json.line_separator", 2),
        ("\"a\u{2029}\"", "json.line_separator", 2),
        ("\"a\u{85}\"", "json.line_separator", 2),
        ("\u{a0}1", "json.syntax", 0),
        (r#""\u0000""#, "json.nul", 1),
        (r#"{"a\u0000b":1}"#, "json.nul", 3),
        (r#""\ud800""#, "json.surrogate", 1),
        (r#""\udc00""#, "json.surrogate", 1),
        (r#""\ud800\ud800""#, "json.surrogate", 1),
        (r#""\ud800x\udc00""#, "json.surrogate", 1),
        (r#""\udc00\ud800""#, "json.surrogate", 1),
        (r#""\ud800\n""#, "json.surrogate", 1),
        (r#"{"__proto__":1}"#, "json.reserved_key", 1),
        (r#"{"\u005f_proto__":1}"#, "json.reserved_key", 1),
        (r#"{"$serde_json::private::Number":"1"}"#, "json.reserved_key", 1),
        (r#"{"$serde_json::private::RawValue":"1"}"#, "json.reserved_key", 1),
    ] {
        assert_eq!(refused(text), (code, offset), "{text}");
    }
    for bytes in [
        &b"\"\xff\""[..],
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        b"\"\xe2\x82",
    ] {
        assert_eq!(refused(bytes), ("json.utf8", 1), "{bytes:?}");
    }
    // Escaped, the line separators end a line for no reader.
    assert_eq!(accepted(r#""\u2028\u2029\u0085""#).as_str(), Some("\u{2028}\u{2029}\u{85}"));
}

#[test]
fn two_names_that_any_reader_takes_for_one_are_refused() {
    for (text, offset) in [
        (r#"{"a":1,"a":1}"#, 7),
        (r#"{"a":1,"\u0061":1}"#, 7),
        (r#"{"name":1,"Name":1}"#, 10),
        ("{\"k\":1,\"\u{212A}\":1}", 7),
        (r#"{"k":1,"\u212a":1}"#, 7),
        ("{\"s\":1,\"\u{17F}\":1}", 7),
        ("{\"σ\":1,\"ς\":1}", 8),
        ("{\"Σ\":1,\"ς\":1}", 8),
        ("{\"ß\":1,\"ẞ\":1}", 8),
        ("{\"é\":1,\"É\":1}", 8),
        (r#"{"":1,"":2}"#, 6),
        (r#"[{"b":[{"a":1,"c":2,"A":1}]}]"#, 20),
    ] {
        assert_eq!(refused(text), ("json.duplicate_key", offset), "{text}");
    }
    // Simple folding only: no reader takes these for one another. Nor are names of different
    // objects compared.
    accepted("{\"ß\":1,\"ss\":1}");
    accepted("{\"İ\":1,\"i\":1,\"ı\":1}");
    accepted(r#"{"a":{"a":1},"b":{"a":1}}"#);
    accepted(r#"{"a":1,"a ":1}"#);
}

#[test]
fn numbers_say_which_readers_hold_their_very_value() {
    for text in ["0", "-1", "9007199254740991", "-9007199254740991", "-0"] {
        assert_eq!(accepted(text).as_i64(), Some(text.parse().unwrap()));
        assert!(accepted(text).as_number().unwrap().is_alike());
    }
    for text in [
        "0.1",
        "0.10",
        "1.0",
        "-0.5",
        "1e2",
        "1E+2",
        "1e-2",
        "0.0",
        "-0.0",
        "-0.00E-7",
        "0e5",
        "3.141592653589793",
        "1e22",
        "100e-2",
        "0.30000000000000004",
        "123456789012345.6",
        "1e308",
        "9007199254740992.0",
    ] {
        let value = accepted(text);
        assert_eq!(value.as_i64(), None, "{text}");
        let number = value.as_number().unwrap();
        assert!(number.is_alike(), "{text}");
        assert_eq!(number.text(), text);
        assert_eq!(number.to_f64(), text.parse::<f64>().unwrap());
    }
    for text in [
        "9007199254740992",
        "9007199254740993",
        "-9007199254740992",
        "18446744073709551616",
        "1e-400",
        "0e99999999999999999999",
        "9007199254740993.0",
        "0.1000000000000000055511151231257827",
        "0.1000000000000000000000000000000001",
        "3.14159265358979323846",
        "2.2250738585072011e-308",
    ] {
        let value = accepted(text);
        let number = value.as_number().unwrap();
        assert!(!number.is_exact() && !number.is_alike(), "{text}");
        assert_eq!((number.integer(), number.whole()), (None, None), "{text}");
    }
    // A hasty reader rounds those otherwise; of the subnormals it has to scale twice.
    for text in ["0.9355189175474323", "5e-324", "5e-309"] {
        let value = accepted(text);
        let number = value.as_number().unwrap();
        assert!(number.is_exact() && !number.is_alike(), "{text}");
    }
}

#[test]
fn a_whole_number_is_an_integer_however_it_is_written() {
    for text in ["3", "3.0", "3e0", "3.00E+0", "30e-1", "0.3e1"] {
        assert_eq!(accepted(text).as_whole(), Some(3), "{text}");
    }
    for (text, whole) in
        [("-0", 0), ("-0.0", 0), ("9007199254740991.0", (1 << 53) - 1), ("1e15", 10_i64.pow(15))]
    {
        assert_eq!(accepted(text).as_whole(), Some(whole), "{text}");
    }
    for text in ["3.5", "1e-1", "9007199254740992.0", "1e16", "1e300", "3.0000000000000000001"] {
        assert_eq!(accepted(text).as_whole(), None, "{text}");
    }
}

#[test]
fn a_request_has_finite_numbers_only() {
    for text in ["1e309", "1e400", "-1e400", "1e99999999999999999999"] {
        assert_eq!(refused(text), ("json.number_not_finite", 0), "{text}");
        Value::parse_with(text.as_bytes(), Accept::Result).unwrap();
    }
    accepted("179769313486231580000000000000000000000000000000000000000000");
}

#[test]
fn a_result_may_hold_whatever_has_one_meaning() {
    let result = |text: &str| {
        let read = Value::parse_with(text.as_bytes(), Accept::Result);
        read.map(|value| value.as_str().unwrap_or_default().to_owned())
            .map_err(|error| error.code())
    };
    for (text, read) in [
        ("\"a\u{2028}\u{2029}\u{85}\"", "a\u{2028}\u{2029}\u{85}"),
        (r#""a\u0000""#, "a\0"),
        (r#""\ud800x\udc00""#, "\u{FFFD}x\u{FFFD}"),
        (r#""\ud800\ud83d\ude00""#, "\u{FFFD}\u{1F600}"),
        (r#"{"name":1,"Name":2,"NAME":3}"#, ""),
        (r#"{"__proto__":1,"constructor":2}"#, ""),
        ("1e400", ""),
        ("-0.0", ""),
    ] {
        assert_eq!(result(text).as_deref(), Ok(read), "{text}");
    }
    for (text, code) in [
        (r#"{"a":1,"\u0061":2}"#, "json.duplicate_key"),
        ("\"\u{1b}\"", "json.control"),
        ("{\"a\":\"\t\"}", "json.control"),
        (r#"{"$serde_json::private::Number":"1"}"#, "json.reserved_key"),
        ("{\"a\":1,}", "json.syntax"),
    ] {
        assert_eq!(result(text), Err(code), "{text}");
    }
    assert!(Value::parse_with(b"\"\xff\"", Accept::Result).is_err());
}

#[test]
fn tabs_may_stand_between_tokens() {
    for accept in [Accept::Request, Accept::Result, Accept::Text] {
        let value = Value::parse_with(b"\t{\"a\":\t[1,\t2\t]}\t", accept).unwrap();
        assert_eq!(value.get("a").unwrap().raw(), "[1,\t2\t]");
    }
}

#[test]
fn a_text_may_stand_on_several_lines() {
    let text = "{\r\n\t\"a\": [1,\n 2]\n}\n";
    assert_eq!(refused(text).0, "json.control");
    assert!(Value::parse_with(text.as_bytes(), Accept::Result).is_err());
    let value = Value::parse_with(text.as_bytes(), Accept::Text).unwrap();
    assert_eq!(value.get("a").unwrap().raw(), "[1,\n 2]");
    for text in ["\"a\nb\"", "{\"a\tb\":1}", "\"\\\n\""] {
        assert!(Value::parse_with(text.as_bytes(), Accept::Text).is_err(), "{text}");
    }
}

/// The ends of every type that a reader could hold a number in, and their neighbours; they are
/// seeds of fuzzing too.
const NUMBERS: &str = include_str!("../../../../fuzz/seeds/numbers.txt");

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in NUMBERS.lines() {
        for text in [number.to_owned(), format!("[{number}]"), format!("{{\"{number}\":{number}}}")]
        {
            for accept in [Accept::Request, Accept::Result] {
                let Ok(value) = Value::parse_with(text.as_bytes(), accept) else { continue };
                assert_eq!(value.raw(), text);
                let again = value.canonical();
                Value::parse_with(again.as_bytes(), Accept::Result).unwrap();
            }
        }
        let is_safe = number.parse::<i64>().is_ok_and(|n| n.unsigned_abs() < 1 << 53);
        let is_integer = !number.contains(['.', 'e']);
        if is_integer {
            assert_eq!(accepted(number).as_i64().is_some(), is_safe, "{number}");
        }
    }
}

#[test]
fn each_limit_holds_at_its_value_and_refuses_one_past_it() {
    let long = |n: usize| format!("\"{}\"", "a".repeat(n));
    accepted(&long(STRING_BYTES_MAX));
    assert_eq!(refused(long(STRING_BYTES_MAX + 1)), ("json.string_too_long", 0));

    let key = |n: usize| format!("{{\"{}\":1}}", "a".repeat(n));
    accepted(&key(KEY_BYTES_MAX));
    assert_eq!(refused(key(KEY_BYTES_MAX + 1)), ("json.key_too_long", 1));

    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    accepted(&deep(DEPTH_MAX));
    assert_eq!(refused(deep(DEPTH_MAX + 1)), ("json.too_deep", DEPTH_MAX));
    let deep = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
    accepted(&deep(DEPTH_MAX));
    assert_eq!(refused(deep(DEPTH_MAX + 1)), ("json.too_deep", 5 * DEPTH_MAX));
    // Depth is not used up by what stands side by side.
    accepted(&format!("[{}[]]", "[],".repeat(DEPTH_MAX * 2)));

    let many = |n: usize| format!("[{}1]", "1,".repeat(n - 2));
    accepted(&many(NODES_MAX));
    assert_eq!(refused(many(NODES_MAX + 1)), ("json.too_many_values", 2 * NODES_MAX - 1));

    let wide = |n: usize| {
        let members: Vec<_> = (0..n).map(|i| format!("\"{i:05}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    accepted(&wide(MEMBERS_MAX));
    assert_eq!(refused(wide(MEMBERS_MAX + 1)), ("json.too_many_members", 10 * MEMBERS_MAX + 1));

    let number = |n: usize| format!("0.5{}", "0".repeat(n - 3));
    let read = |n: usize| Value::parse_with(number(n).as_bytes(), Accept::Result).map(|_| ());
    read(NUMBER_BYTES_MAX).unwrap();
    assert_eq!(read(NUMBER_BYTES_MAX + 1).unwrap_err().code(), "json.number_too_long");

    let text = |n: usize| format!("1{}", " ".repeat(n - 1));
    accepted(&text(TEXT_BYTES_MAX));
    assert_eq!(refused(text(TEXT_BYTES_MAX + 1)), ("json.too_long", TEXT_BYTES_MAX));
}

#[test]
fn the_tree_of_the_largest_text_stays_small() {
    // The bound on values is what bounds memory: a node is at most 64 bytes.
    assert!(std::mem::size_of::<Value<'_>>() <= 64);
    assert!(std::mem::size_of::<Member<'_>>() <= 120);
}

#[test]
fn the_deepest_text_is_read_on_a_small_stack() {
    const STACK_BYTES: usize = 32 * 1024;
    let deep = format!("{}1{}", "[{\"a\":".repeat(DEPTH_MAX / 2), "}]".repeat(DEPTH_MAX / 2));
    let read = move || Value::parse(deep.as_bytes()).map(|value| value.raw().len());
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(read).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(8 * DEPTH_MAX / 2 + 1));
}

/// Any JSON value in this crate's language, as `serde_json` has it.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let integer = (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(|n| n.into());
    let decimal = (-999_999_999_i32..999_999_999, 1..9_i32)
        .prop_map(|(n, e)| serde_json::json!(f64::from(n) / 10f64.powi(e)))
        .prop_filter("zero", |n| n.as_f64() != Some(0.0));
    let text = "[^\u{0}]{0,12}".prop_map(serde_json::Value::String);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        integer,
        decimal,
        text
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::btree_map("[a-z]{0,6}", inner, 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match ours.data() {
        Data::Null => theirs.is_null(),
        Data::Bool(value) => theirs.as_bool() == Some(*value),
        Data::Number(number) => match number.integer() {
            // Readers of integers have no negative zero.
            Some(integer) if integer != 0 => theirs.as_i64() == Some(integer),
            _ => !number.is_alike() || theirs.as_f64() == Some(number.to_f64()),
        },
        Data::String(text) => theirs.as_str() == Some(text),
        Data::Array(elements) => theirs.as_array().is_some_and(|list| {
            list.len() == elements.len() && elements.iter().zip(list).all(|(a, b)| same(a, b))
        }),
        Data::Object(object) => theirs.as_object().is_some_and(|map| {
            let members = object.members();
            map.len() == members.len()
                && members.iter().all(|m| map.get(m.key()).is_some_and(|b| same(m.value(), b)))
        }),
    }
}

fn spans_hold(text: &str, value: &Value<'_>) -> bool {
    let children: Vec<&Value<'_>> = match value.data() {
        Data::Array(elements) => elements.iter().collect(),
        Data::Object(object) => object.members().iter().map(Member::value).collect(),
        _ => Vec::new(),
    };
    text.get(value.span()) == Some(value.raw())
        && children.into_iter().all(|child| spans_hold(text, child))
}

/// Raw line separators are the one thing a writer may leave in a string that is refused here.
fn written(value: &serde_json::Value) -> String {
    let text = value.to_string();
    let text = text.replace('\u{85}', "\\u0085");
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

proptest! {
    #[test]
    fn json_of_other_writers_is_read_as_meant(value in values()) {
        let text = written(&value);
        let ours = Value::parse(text.as_bytes()).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert!(same(&ours, &value), "{text}");
        prop_assert!(spans_hold(&text, &ours));
        // A span is a text of its own, and means the same.
        prop_assert!(same(&Value::parse(ours.raw().as_bytes()).unwrap(), &value));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Err(error) = Value::parse(&bytes) {
            prop_assert!(error.offset() <= bytes.len());
        }
    }

    #[test]
    fn any_text_of_json_tokens_is_read_or_refused(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"A\"", "1", "-", "0", ".5", "e9", "true", "null", " ", "\\u", "\"",
        ]), 0..24)
    ) {
        let text = tokens.concat();
        if let Ok(value) = Value::parse(text.as_bytes()) {
            let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert!(same(&value, &theirs), "{text}");
        }
    }

    #[test]
    fn a_repeated_name_is_found_wherever_it_stands(
        mut names in prop::collection::btree_set("[a-z]{1,4}", 1..20), pick in any::<prop::sample::Index>(), upper in any::<bool>()
    ) {
        let list: Vec<String> = std::mem::take(&mut names).into_iter().collect();
        let again = pick.get(&list).clone();
        let again = if upper { again.to_uppercase() } else { again };
        let members: Vec<String> = list.iter().chain([&again]).map(|name| format!("\"{name}\":0")).collect();
        let text = format!("{{{}}}", members.join(","));
        prop_assert_eq!(Value::parse(text.as_bytes()).unwrap_err().kind(), ErrorKind::DuplicateKey);
    }

    #[test]
    fn the_shortest_form_of_any_number_is_exact(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite() && number != 0.0);
        let text = format!("{number:e}");
        let value = Value::parse_with(text.as_bytes(), Accept::Result);
        // An integer of Rust's `{:e}` has no fraction but always an exponent.
        prop_assert_eq!(value.unwrap().as_number().unwrap().to_f64().to_bits(), bits);
    }
}
