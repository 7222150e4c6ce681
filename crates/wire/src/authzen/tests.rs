use super::*;

const BODY: &str = r#"{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"r-1"}}"#;

fn refused(text: &str) -> (&'static str, Option<String>) {
    let error = EvaluationRequest::parse(text.as_bytes()).expect_err(text);
    (error.code(), error.member().map(str::to_owned))
}

#[test]
fn a_body_gives_its_four_parts() {
    let body = EvaluationRequest::parse(BODY.as_bytes()).unwrap();
    assert_eq!((body.subject.kind.as_str(), body.subject.id.as_str()), ("user", "alice"));
    assert_eq!((body.action.name.as_str(), body.resource.kind.as_str()), ("read", "record"));
    assert_eq!((body.subject.properties, body.context, body.ignored), (None, None, vec![]));

    let full = r#"{"context":{ "t":1.50},"resource":{"id":"r","type":"t","properties":{}},"action":{"name":"n","properties":{"soft":true}},"subject":{"type":"u","id":"i","properties":{"role":"admin"}}}"#;
    let body = EvaluationRequest::parse(full.as_bytes()).unwrap();
    assert_eq!(body.context.as_deref(), Some(r#"{ "t":1.50}"#));
    assert_eq!(body.subject.properties.as_deref(), Some(r#"{"role":"admin"}"#));
    assert_eq!(body.action.properties.as_deref(), Some(r#"{"soft":true}"#));
    assert_eq!(body.resource.properties.as_deref(), Some("{}"));
}

#[test]
fn unknown_members_are_ignored_and_named() {
    let body = BODY.replace("\"id\":\"alice\"", "\"id\":\"alice\",\"x\":1");
    let body = body
        .replace("{\"subject\"", "{\"contxt\":{},\"futureField\":{\"nested\":true},\"subject\"");
    let body = EvaluationRequest::parse(body.as_bytes()).unwrap();
    assert_eq!(body.ignored, ["contxt", "futureField", "subject.x"]);
}

#[test]
fn an_invalid_evaluation_is_refused() {
    let member = |name: &str| Some(name.to_owned());
    assert_eq!(refused("[]"), ("message.wrong_type", None));
    assert_eq!(refused("{}"), ("message.missing_member", member("subject")));
    for (from, to, code, name) in [
        ("\"subject\"", "\"sub\"", "message.missing_member", "subject"),
        ("\"action\"", "\"act\"", "message.missing_member", "action"),
        ("\"resource\"", "\"res\"", "message.missing_member", "resource"),
        ("\"subject\"", "\"Subject\"", "message.unknown_member", "Subject"),
        ("\"id\":\"alice\"", "\"x\":1", "message.missing_member", "id"),
        ("\"id\":\"alice\"", "\"id\":7", "message.wrong_type", "id"),
        ("\"id\":\"alice\"", "\"id\":\"\"", "message.wrong_value", "id"),
        (
            "\"id\":\"alice\"",
            "\"id\":\"alice\",\"properties\":[]",
            "message.wrong_type",
            "properties",
        ),
        ("{\"name\":\"read\"}", "\"read\"", "message.wrong_type", "action"),
        ("{\"name\":\"read\"}", "{}", "message.missing_member", "name"),
        ("{\"subject\"", "{\"context\":\"now\",\"subject\"", "message.wrong_type", "context"),
        ("{\"subject\"", "{\"Context\":{},\"subject\"", "message.unknown_member", "Context"),
    ] {
        assert_eq!(refused(&BODY.replace(from, to)), (code, member(name)), "{from} -> {to}");
    }
    let twice = BODY.replace("{\"subject\"", "{\"Action\":{\"name\":\"x\"},\"subject\"");
    assert_eq!(refused(&twice), ("json.duplicate_key", None));
    let body = |n: usize| BODY.replace("alice", &"a".repeat(n));
    EvaluationRequest::parse(body(AUTHZEN_NAME_BYTES_MAX).as_bytes()).unwrap();
    assert_eq!(refused(&body(AUTHZEN_NAME_BYTES_MAX + 1)), ("message.too_long", member("id")));
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        let id = BODY.replace("\"alice\"", number);
        assert!(EvaluationRequest::parse(id.as_bytes()).is_err(), "{number}");
        let context = BODY.replacen('{', &format!("{{\"context\":{{\"n\":{number}}},"), 1);
        let _ = EvaluationRequest::parse(context.as_bytes()).is_ok();
    }
}
