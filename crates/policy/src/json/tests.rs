use super::*;

#[test]
fn numbers_are_integers_or_decimals() {
    let parse = |text| Json::parse(text).unwrap();
    assert_eq!(parse("9007199254740991"), Json::Integer(9_007_199_254_740_991));
    assert_eq!(parse("0.1"), Json::Fraction("0.1".into()));
    assert_eq!(parse("1e3"), Json::Fraction("1000.0".into()));
    assert_eq!(parse("1.0"), Json::Fraction("1.0".into()));
    assert_eq!(parse("-0.0"), Json::Fraction("-0.0".into()));
}

#[test]
fn what_parsers_read_apart_is_refused_without_being_repeated() {
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
        let why = Json::parse(text).unwrap_err();
        assert!(!why.contains("secret"), "{why}");
    }
    assert!(Json::parse(&"[".repeat(200)).is_err());
    assert_eq!(Json::parse_object("[]").unwrap_err(), "is an array, not an object");
}

#[test]
fn text_comes_back() {
    let text = r#"{"a":[1,-2.5,null,true,"x\n"],"b":{}}"#;
    assert_eq!(Json::parse(text).unwrap().to_text(), text);
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        if let Ok(value) = Json::parse(&format!("[{number}]")) {
            Json::parse(&value.to_text()).unwrap();
        }
        let is_safe = number.parse::<i64>().is_ok_and(|n| n.unsigned_abs() < 1 << 53);
        if !number.contains(['.', 'e']) && number != "-0" {
            assert_eq!(matches!(Json::parse(number), Ok(Json::Integer(_))), is_safe, "{number}");
        }
    }
}
