use proptest::prelude::*;

use super::*;
use crate::json;

fn read(text: &str) -> Message<'_> {
    Message::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> Error {
    Message::parse(text.as_bytes()).expect_err(text)
}

fn refused_as(text: &str, code: &str, member: Option<&str>) {
    let error = refused(text);
    assert_eq!((error.code(), error.member()), (code, member), "{text}");
    assert!(error.offset() <= text.len());
}

#[test]
fn the_three_kinds_of_message_are_told_apart() {
    let message = read(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
    assert!(matches!(&message, Message::Request(request) if request.params.is_none()));
    assert_eq!(message.id().unwrap().as_i64(), Some(7));
    assert_eq!((message.method(), message.params()), (Some("ping"), None));

    let message = read(r#"{"method":"a/b","params":{ "x" : 1 },"jsonrpc":"2.0"}"#);
    assert!(matches!(message, Message::Notification(_)));
    assert_eq!(message.id(), None);
    assert_eq!(message.params().unwrap().raw(), r#"{ "x" : 1 }"#);

    let message = read(r#"{"jsonrpc":"2.0","id":"r-1","result":{"ok":true}}"#);
    let Message::Response(Response { id, outcome: Outcome::Result(result) }) = &message else {
        panic!("it is a result");
    };
    assert_eq!((id.as_str(), result.raw()), (Some("r-1"), r#"{"ok":true}"#));
    assert_eq!(message.method(), None);

    let message =
        read(r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no","data":[1]}}"#);
    let Message::Response(Response { outcome: Outcome::Error(error), .. }) = &message else {
        panic!("it is an error");
    };
    assert_eq!((error.code, error.message.as_str()), (METHOD_NOT_FOUND, "no"));
    assert_eq!(error.data.as_ref().unwrap().raw(), "[1]");
}

#[test]
fn an_invalid_message_is_refused() {
    for (text, code, member) in [
        ("", "json.end", None),
        ("[]", "message.batch", None),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "message.batch", None),
        ("1", "message.not_object", None),
        ("null", "message.not_object", None),
        ("{}", "message.missing_member", Some("jsonrpc")),
        (r#"{"jsonrpc":"2.0"}"#, "message.missing_member", Some("method")),
        (r#"{"jsonrpc":"2.0","id":1}"#, "message.missing_member", Some("method")),
        (r#"{"id":1,"method":"ping"}"#, "message.missing_member", Some("jsonrpc")),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, "message.wrong_value", Some("jsonrpc")),
        (r#"{"jsonrpc":"2.00","id":1,"method":"ping"}"#, "message.too_long", Some("jsonrpc")),
        (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, "message.wrong_type", Some("jsonrpc")),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "message.wrong_type", Some("id")),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "message.wrong_type", Some("id")),
        (r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#, "message.wrong_type", Some("id")),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, "message.wrong_type", Some("id")),
        (
            r#"{"jsonrpc":"2.0","id":9007199254740992,"method":"a"}"#,
            "message.wrong_type",
            Some("id"),
        ),
        (r#"{"jsonrpc":"2.0","id":1e16,"method":"a"}"#, "message.wrong_type", Some("id")),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, "message.wrong_type", Some("method")),
        (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, "message.wrong_value", Some("method")),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[]}"#,
            "message.wrong_type",
            Some("params"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","extra":1}"#,
            "message.unknown_member",
            Some("extra"),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"Method":"a"}"#, "message.unknown_member", Some("Method")),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#,
            "message.contradiction",
            Some("result"),
        ),
        (r#"{"jsonrpc":"2.0","method":"a","error":{}}"#, "message.contradiction", Some("error")),
    ] {
        refused_as(text, code, member);
    }
}

#[test]
fn an_invalid_response_is_refused() {
    for (text, code, member) in [
        (r#"{"jsonrpc":"2.0","result":{}}"#, "message.missing_member", Some("id")),
        (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "message.wrong_type", Some("id")),
        (r#"{"jsonrpc":"2.0","id":1,"result":[]}"#, "message.wrong_type", Some("result")),
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "message.wrong_type", Some("result")),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#,
            "message.contradiction",
            Some("error"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#,
            "message.contradiction",
            Some("params"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
            "message.contradiction",
            Some("error"),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"error":"no"}"#, "message.wrong_type", Some("error")),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#,
            "message.missing_member",
            Some("message"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"message":""}}"#,
            "message.missing_member",
            Some("code"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}}"#,
            "message.wrong_type",
            Some("code"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","Data":1}}"#,
            "message.unknown_member",
            Some("Data"),
        ),
    ] {
        refused_as(text, code, member);
    }
}

#[test]
fn null_params_are_none() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"a","params":null}"#,
        r#"{"jsonrpc":"2.0","method":"a","params":null}"#,
    ] {
        assert_eq!(read(text).params(), None);
    }
}

#[test]
fn a_whole_number_is_one_however_it_is_written() {
    for number in ["7", "7.0", "7e0", "0.7e1", "70e-1"] {
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":{number},"message":""}}}}"#
        );
        let Message::Response(response) = read(&text) else { panic!("{text}") };
        assert_eq!((response.id.as_i64(), response.id.raw()), (Some(7), number));
        assert_eq!(response.id, Id::from(7));
        assert!(matches!(response.outcome, Outcome::Error(error) if error.code == 7));
    }
}

#[test]
fn ids_compare_by_value_and_keep_their_bytes() {
    let id = |text: &str| Id::read("id", &Value::parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(id(r#""a""#), id(r#""\u0061""#));
    assert_ne!(id(r#""1""#), id("1"));
    assert_eq!(Id::from(7), id("7"));
    assert_eq!(id(r#""\u0061""#).raw(), r#""\u0061""#);
    assert!(id("1") < id("2"));
}

#[test]
fn each_limit_holds_at_its_value_and_refuses_one_past_it() {
    let method = |n| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "m".repeat(n));
    read(&method(METHOD_BYTES_MAX));
    assert_eq!(refused(&method(METHOD_BYTES_MAX + 1)).code(), "message.too_long");
    let id = |n| format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"a"}}"#, "i".repeat(n));
    read(&id(crate::limits::ID_BYTES_MAX));
    assert_eq!(refused(&id(crate::limits::ID_BYTES_MAX + 1)).code(), "message.too_long");
}

#[test]
fn responses_echo_the_id_as_it_was_written() {
    let request = read(r#"{"jsonrpc":"2.0","id":"\u0061","method":"a"}"#);
    let data = Value::parse(br#"{"code":"policy.denied"}"#).unwrap();
    let bytes = error_response(request.id().unwrap(), -32_000, "no \"way\"\n\u{2028}", Some(&data));
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        r#"{"jsonrpc":"2.0","id":"\u0061","error":{"code":-32000,"message":"no \"way\"\u000a\u2028","data":{"code":"policy.denied"}}}"#
    );
    assert_eq!(read(&text).id(), request.id());
    let bytes = result_response(&Id::from(3), &Value::parse(b"{}").unwrap());
    assert_eq!(bytes, br#"{"jsonrpc":"2.0","id":3,"result":{}}"#);
}

#[test]
fn results_may_hold_what_requests_may_not() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{"x":1e400}}"#;
    assert_eq!(refused(text).kind(), ErrorKind::Json(json::ErrorKind::NumberNotFinite));
    Message::parse_with(text.as_bytes(), Accept::Result).unwrap();
}

proptest! {
    #[test]
    fn written_messages_read_back(code in -40_000_i64..40_000, message in ".*", id in any::<u32>()) {
        let bytes = error_response(&Id::from(id), code, &message, None);
        let Message::Response(response) = Message::parse(&bytes).unwrap() else {
            return Err(TestCaseError::fail("it is a response"));
        };
        let Outcome::Error(error) = response.outcome else {
            return Err(TestCaseError::fail("it is an error"));
        };
        prop_assert_eq!(response.id, Id::from(id));
        prop_assert_eq!((error.code, error.message), (code, message.replace('\0', "\u{FFFD}")));
    }

    #[test]
    fn any_members_are_read_or_refused_and_nothing_is_both(
        members in prop::collection::vec((
            prop::sample::select(vec!["jsonrpc", "id", "method", "params", "result", "error", "x", "Id"]),
            prop::sample::select(vec!["\"2.0\"", "1", "null", "{}", "[]", "\"m\"", r#"{"code":1,"message":""}"#]),
        ), 0..6)
    ) {
        let text: Vec<String> = members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
        let text = format!("{{{}}}", text.join(","));
        let has = |name: &str, value: Option<&str>| members.iter().any(|(k, v)| *k == name && value.is_none_or(|w| w == *v));
        let message = Message::parse(text.as_bytes());
        // A naive oracle of what each kind must have and must not have.
        let unique = members.iter().map(|(k, _)| k.to_lowercase()).collect::<std::collections::BTreeSet<_>>().len() == members.len();
        let version = unique && has("jsonrpc", Some("\"2.0\"")) && !has("x", None) && !has("Id", None);
        let no_id = !has("id", None);
        let id = ["1", "\"2.0\"", "\"m\""].iter().any(|v| has("id", Some(v)));
        let method = ["\"2.0\"", "\"m\""].iter().any(|v| has("method", Some(v)));
        let params = !has("params", None) || has("params", Some("null")) || has("params", Some("{}")) || has("params", Some(r#"{"code":1,"message":""}"#));
        let result = has("result", Some("{}")) || has("result", Some(r#"{"code":1,"message":""}"#));
        let error = has("error", Some(r#"{"code":1,"message":""}"#));
        let call = version && method && params && !has("result", None) && !has("error", None);
        let answer = version && id && !has("method", None) && !has("params", None)
            && ((result && !has("error", None)) || (error && !has("result", None)));
        match message {
            Ok(Message::Request(_)) => prop_assert!(call && id, "{text}"),
            Ok(Message::Notification(_)) => prop_assert!(call && no_id, "{text}"),
            Ok(Message::Response(_)) => prop_assert!(answer, "{text}"),
            Err(_) => prop_assert!(!(call && (id || no_id)) && !answer, "{text}"),
        }
    }
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        for text in [
            format!(r#"{{"jsonrpc":"2.0","id":{number},"method":"ping"}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"a/b","params":{{"x":{number}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{{"x":{number}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{number},"message":"m"}}}}"#),
        ] {
            for accept in [json::Accept::Request, json::Accept::Result] {
                let _ = Message::parse_with(text.as_bytes(), accept).is_ok();
            }
        }
    }
}
