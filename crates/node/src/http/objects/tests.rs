use api::delegation::ChildRequest;
use api::execution::Grant;
use serde::Deserialize;

use super::*;

#[test]
fn a_structure_is_an_object_at_any_depth() {
    assert!(from_slice::<Grant>(b"{}").is_ok());
    assert!(from_slice::<Grant>(b"[]").is_err());
    let request = |grant: &str| {
        let text =
            format!(r#"{{"workload":"agent","to":"helper","grant":{grant},"arguments":"{{}}"}}"#);
        from_slice::<ChildRequest>(text.as_bytes()).is_ok()
    };
    assert!(request("{}") && request(r#"{"calls_max":3,"actions":["a"]}"#));
    assert!(!request("[]") && !request(r#"[["a"],3]"#));
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Plain,
    One(u64),
    Named { at: Option<Vec<Pair>> },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    left: f64,
    right: bool,
}

#[test]
fn everything_else_is_read_as_before() {
    for text in [
        r#""plain""#,
        r#"{"one":7}"#,
        r#"{"named":{"at":null}}"#,
        r#"{"named":{"at":[{"left":0.5,"right":true}]}}"#,
    ] {
        let read: Kind = from_slice(text.as_bytes()).unwrap();
        assert_eq!(read, serde_json::from_str::<Kind>(text).unwrap(), "{text}");
    }
    for text in [
        r#"{"named":{"at":[[0.5,true]]}}"#,
        r#"{"named":{"at":[{"left":0.5,"right":true,"right":true}]}}"#,
        r#"{"named":{"at":null,"more":1}}"#,
        r#"{"named":[null]}"#,
        r#"{"one":7} {}"#,
        "",
    ] {
        assert!(from_slice::<Kind>(text.as_bytes()).is_err(), "{text}");
    }
    let value = r#"{"a":[1,"x",null,{"b":[]}],"c":-1.5e300}"#;
    let read: serde_json::Value = from_slice(value.as_bytes()).unwrap();
    assert_eq!(read, serde_json::from_str::<serde_json::Value>(value).unwrap());
}
