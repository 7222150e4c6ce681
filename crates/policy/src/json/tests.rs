use super::*;

#[test]
fn numbers_are_integers_or_decimals() {
    let parse = |text| InputValue::parse(text).unwrap();
    assert_eq!(parse("9007199254740991"), InputValue::Integer(9_007_199_254_740_991));
    assert_eq!(parse("0.1"), InputValue::Fraction("0.1".into()));
    assert_eq!(parse("1e3"), InputValue::Fraction("1000.0".into()));
    assert_eq!(parse("1.0"), InputValue::Fraction("1.0".into()));
    assert_eq!(parse("-0.0"), InputValue::Fraction("-0.0".into()));
}

#[test]
fn ambiguous_json_is_refused_without_being_quoted() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"x":{"secret":1,"secret":2}}"#,
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551616e",
        "{} {}",
        "[1,]",
        "\"\u{1}\"",
        "",
        "nul",
    ] {
        let why = InputValue::parse(text).unwrap_err().to_string();
        assert!(!why.contains("secret"), "{why}");
    }
    assert!(InputValue::parse(&"[".repeat(200)).is_err());
    assert_eq!(
        InputValue::parse_object("[]").unwrap_err().to_string(),
        "is an array, not an object"
    );
}

#[test]
fn text_comes_back() {
    let text = r#"{"a":[1,-2.5,null,true,"x\n"],"b":{}}"#;
    assert_eq!(InputValue::parse(text).unwrap().to_text(), text);
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        if let Ok(value) = InputValue::parse(&format!("[{number}]")) {
            InputValue::parse(&value.to_text()).unwrap();
        }
        let is_safe = number.parse::<i64>().is_ok_and(|n| n.unsigned_abs() < 1 << 53);
        if !number.contains(['.', 'e']) && number != "-0" {
            assert_eq!(
                matches!(InputValue::parse(number), Ok(InputValue::Integer(_))),
                is_safe,
                "{number}"
            );
        }
    }
}

#[test]
fn input_numbers_are_those_every_reader_holds() {
    let member =
        |text: &str| InputValue::parse_input(&format!("{{\"n\":{text}}}")).unwrap()["n"].clone();
    assert_eq!(member("3"), InputValue::Integer(3));
    for text in ["3.0", "3e0", "30e-1"] {
        assert_eq!(member(text), InputValue::Whole(3), "{text}");
    }
    assert_eq!(member("-0.0"), InputValue::Whole(0));
    assert_eq!(member("2.50"), InputValue::Decimal("2.5".into()));
    assert_eq!(member("1e-5"), InputValue::Decimal("0.00001".into()));
    assert_eq!(member("null"), InputValue::Absent);
    // The last one is read by those that round correctly only.
    for text in [
        "9007199254740993",
        "18446744073709551616",
        "0.1000000000000000000001",
        "0.9355189175474323",
    ] {
        assert_eq!(member(text), InputValue::Beyond(text.into()));
    }
    assert!(InputValue::parse_input("{\"n\":1e400}").is_ok(), "nothing may look at it");
    let output = InputValue::parse_output("{\"n\":0.9355189175474323}").unwrap();
    assert_eq!(output["n"], InputValue::Decimal("0.9355189175474323".into()));
}

#[test]
fn shortened_text_reads_back_the_same() {
    let text =
        r#"{"a":9007199254740993,"b":[3.0,-2.5,1e400,null],"c":"\u0000\n","d":0.9355189175474323}"#;
    for read in [InputValue::parse_input, InputValue::parse_output] {
        let members = InputValue::Object(read(text).unwrap());
        assert_eq!(InputValue::Object(read(&members.to_text()).unwrap()), members);
    }
}

#[test]
fn values_that_agents_may_read_otherwise_are_doubtful() {
    let doubtful = |text| InputValue::Object(InputValue::parse_output(text).unwrap()).is_doubtful();
    for text in [
        r#"{"a":9007199254740993}"#,
        r#"{"a":[{"b":1e400}]}"#,
        r#"{"a":1,"A":2}"#,
        "{\"x\":[{\"k\":1,\"\u{212a}\":2}]}",
    ] {
        assert!(doubtful(text), "{text}");
    }
    assert!(!doubtful(r#"{"a":[1.5,-0.0,"A"],"b":{"a":1}}"#));
}
