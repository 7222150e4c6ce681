use crate::json::{Accept, Value};

fn canonical(text: &str) -> String {
    Value::parse_with(text.as_bytes(), Accept::Result).unwrap().canonical()
}

#[test]
fn numbers_are_written_as_ecmascript_does() {
    // RFC 8785 appendix B, and the edges of each form.
    let cases = [
        ("0.0", "0"),
        ("1.0", "1"),
        ("1e2", "100"),
        ("-12.50", "-12.5"),
        ("4.50", "4.5"),
        ("2e-3", "0.002"),
        ("1e-6", "0.000001"),
        ("1e-7", "1e-7"),
        ("1.5e-7", "1.5e-7"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1.25e21", "1.25e+21"),
        ("295147905179352830000.0", "295147905179352830000"),
        ("333333333.3333332", "333333333.3333332"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("9007199254740991", "9007199254740991"),
        ("-7", "-7"),
    ];
    for (text, expected) in cases {
        assert_eq!(canonical(text), expected, "{text}");
        // Larger integers than readers hold exactly are not accepted as such.
        if let Ok(read) = Value::parse_with(expected.as_bytes(), Accept::Result) {
            assert_eq!(read.canonical(), expected, "its own form is itself");
        }
    }
}

#[test]
fn members_are_sorted_by_utf_16_and_strings_have_one_form() {
    // RFC 8785 section 3.2.3.
    let text = r#"{"\u20ac":"Euro","\r":"CR","\ufb33":"Dalet","1":"One","\ud83d\ude00":"Smile","\u0080":"Control","\u00f6":"o"}"#;
    let sorted = "{\"\\r\":\"CR\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"o\",\"€\":\"Euro\",\"😀\":\"Smile\",\"\u{fb33}\":\"Dalet\"}";
    assert_eq!(canonical(text), sorted);
    let spelt = [r#""a\/\u0041\u000a\u001F\"\\""#, r#""a/A\n\u001f\u0022\u005c""#];
    for text in spelt {
        assert_eq!(canonical(text), r#""a/A\n\u001f\"\\""#);
    }
    assert_eq!(canonical(r#" [ null, true,false, { } , [ ] ] "#), "[null,true,false,{},[]]");
}

#[test]
fn lookalikes_have_different_canonical_forms() {
    let other = [
        r#"{"description":"reads a file"}"#,
        "{\"description\":\"reads\u{200b} a file\"}",
        "{\"description\":\"reads\u{a0}a file\"}",
        r#"{"description":"reads a file\n"}"#,
        r#"{"description":["reads a file"]}"#,
        r#"{"description":"reads a file","x":null}"#,
    ];
    let forms: std::collections::BTreeSet<String> =
        other.iter().map(|text| canonical(text)).collect();
    assert_eq!(forms.len(), other.len());
}

proptest::proptest! {
    /// Each finite binary64 has a form that reads back as itself.
    #[test]
    fn a_number_reads_back_as_itself(bits in proptest::prelude::any::<u64>()) {
        let value = f64::from_bits(bits);
        proptest::prop_assume!(value.is_finite() && value != 0.0);
        let text = format!("{value:e}");
        let form = match Value::parse_with(text.as_bytes(), Accept::Result) {
            Ok(read) => read.canonical(),
            // Written as an integer, it is larger than one may be.
            Err(_) => return Ok(()),
        };
        proptest::prop_assert_eq!(form.parse::<f64>().unwrap(), value, "{}", text);
    }
}
