use proptest::prelude::*;

use super::*;

#[test]
fn one_value_has_one_text() {
    for (written, expected) in [
        (r#"{"b":1,"a":"x"}"#, r#"{"a":"x","b":1}"#),
        (" { \"a\" :\t[ 1 , 2 ]\r\n} ", r#"{"a":[1,2]}"#),
        (r#"["\u00e9","\/","\u000a","\u20ac"]"#, r#"["é","/","\n","€"]"#),
        ("[1.0,1e0,10E-1,1]", "[1,1,1,1]"),
        ("[0.10,1e-1,100e-3]", "[0.1,0.1,0.1]"),
        ("[1e21,1000000000000000000000,1e-7,0.000001]", "[1e+21,1e+21,1e-7,0.000001]"),
        ("[0,0.0,0e9,-0.0,-0]", "[0,0,0,-0,-0]"),
        (r#"{"\u20ac":1,"\ud83d\ude00":2,"\ufb33":3}"#, "{\"€\":1,\"😀\":2,\"\u{fb33}\":3}"),
        ("[null,true,false,{},[]]", "[null,true,false,{},[]]"),
    ] {
        assert_eq!(canonical(written), expected, "{written}");
        assert_eq!(canonical(expected), expected, "its form is its own");
    }
}

#[test]
fn no_two_values_have_one_text() {
    for (one, other) in [
        ("1203456789012345678", "1203456789012345679"),
        ("0.1", "0.1000000000000000055511151231257827"),
        ("9007199254740992", "9007199254740993"),
        ("1e400", "1e401"),
        ("-0", "0"),
        ("\"1\"", "1"),
        ("null", "{}"),
        (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#),
        (r#""\ud800""#, r#""\ud801""#),
        (r#"{"a":"\u0000"}"#, r#"{"a":""}"#),
    ] {
        assert_ne!(canonical(one), canonical(other));
    }
}

#[test]
fn text_that_is_not_json_or_too_deep_is_unchanged() {
    let deep = format!("{} 1{}", "[".repeat(CANONICAL_DEPTH_MAX), "]".repeat(CANONICAL_DEPTH_MAX));
    let fits = format!("{}1 {}", "[".repeat(60), "]".repeat(60));
    assert_ne!(canonical(&fits), fits);
    for text in ["", "{", "[1,]", "{\"a\"}", "tru", "1 2", "\"", "-", "\"\\", deep.as_str()] {
        assert_eq!(canonical(text), text);
    }
}

proptest! {
    /// However serde_json writes a value, and whatever the order of members, there is one text.
    #[test]
    fn pretty_and_plain_writing_are_one_text(
        texts in proptest::collection::btree_map("[a-zé\"\\\\\n😀]{0,4}", -1.0e9_f64..1.0e9, 0..6),
        integer in any::<i32>(),
    ) {
        let value = serde_json::json!({"t": texts, "n": [integer, [integer]]});
        let plain = canonical(&serde_json::to_string(&value).unwrap());
        prop_assert_eq!(&plain, &canonical(&serde_json::to_string_pretty(&value).unwrap()));
        prop_assert_eq!(canonical(&plain), plain);
    }
}
