use proptest::prelude::*;

use super::*;
use crate::jsonrpc::Message;

fn outline(text: &str) -> String {
    match Outline::of(text.as_bytes()) {
        Outline::Request(id) => format!("request {}", id.raw()),
        Outline::Response(id) => format!("response {}", id.raw()),
        Outline::Batch(ids) => {
            format!("batch {}", ids.iter().map(Id::raw).collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}").to_lowercase(),
    }
}

#[test]
fn the_id_of_a_request_that_can_not_be_read_is_told() {
    for (text, expected) in [
        (r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"x":1e400}}"#, "request 7"),
        (r#"{"method":"m","id":"\u0061","params":{"id":8,"method":"n"}}"#, r#"request "\u0061""#),
        (r#"{"\u0069d":7,"meth\u006fd":"m"}"#, "request 7"),
        ("{\"id\":7,\t\"method\":\"m\u{2028}\"}", "request 7"),
        (r#"{"id":18446744073709551616,"method":"m"}"#, "request 18446744073709551616"),
        (r#"{"id":7,"method":"m","a":1,"a":2}"#, "request 7"),
        (r#"{"id":7,"method":"m","params":"\ud800\u0000"}"#, "request 7"),
        (r#"{"id":7,"method":"m","params":{"a":[{}, [[]], "}"]}} "#, "request 7"),
        (r#"{"id":7,"method":{"id":8}}"#, "request 7"),
        (r#"{"jsonrpc":"2.0","method":"m","params":null}"#, "notification"),
        (r#"{"method":"m","method":"m"}"#, "notification"),
    ] {
        assert_eq!(outline(text), expected, "{text}");
    }
    let deep = format!(r#"{{"id":7,"x":{}{},"method":"m"}}"#, "[".repeat(500), "]".repeat(500));
    assert_eq!(outline(&deep), "request 7");
    assert_eq!(
        Outline::of(b"{\"id\":7,\"method\":\"m\",\"x\":\"\xff\xfe\"}"),
        Outline::Request(Id::from(7))
    );
    assert_eq!(outline("\u{FEFF}{\"id\":7,\"method\":\"m\"}"), "request 7");
}

#[test]
fn an_id_that_two_readers_could_take_for_two_is_unclear() {
    for text in [
        r#"{"id":7,"id":8,"method":"m"}"#,
        r#"{"id":7,"\u0069d":7,"method":"m"}"#,
        r#"{"id":7,"ID":8,"method":"m"}"#,
        r#"{"id":7,"method":"m","Method":"n"}"#,
        r#"{"id":7,"method":"m","method":"n"}"#,
        r#"{"id":null,"method":"m"}"#,
        r#"{"id":1.5,"method":"m"}"#,
        r#"{"id":[7],"method":"m"}"#,
        r#"{"id":{},"method":"m"}"#,
        r#"{"id":true,"method":"m"}"#,
        r#"{"id":"\ud800","method":"m"}"#,
        r#"{"id":7,"method":"m""#,
        r#"{"id":7,"method":"m"}}"#,
        r#"{"id":7,"method":"m"}{"id":8,"method":"m"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"#,
        r#"{"jsonrpc":"2.0","id":7 8,"method":"m"}"#,
        r#"{"jsonrpc":"2.0" "id":7,"method":"m"}"#,
        r#"{"jsonrpc":"2.0",'id':7,"method":"m"}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}"#,
        r#"{"jsonrpc":"2.0","id":"unended"#,
    ] {
        assert_eq!(outline(text), "unclear", "{text}");
    }
    let long = format!(r#"{{"id":"{}","method":"m"}}"#, "i".repeat(7 * ID_BYTES_MAX));
    assert_eq!(outline(&long), "unclear");
}

/// Writers put members in any order, and some put the id last.
#[test]
fn a_line_cut_before_its_id_is_unclear() {
    for text in [
        r#"{"method":"tools/call","params":{"name":"write","arguments":{"text":"\"#,
        r#"{"method":"tools/call","params":{"#,
        r#"{"params":{"name":"write","arguments":{"#,
        r#"{"result":{"content":[{"type":"text","text":"a"#,
        r#"{"error":{"code":1,"#,
        r#"[{"method":"tools/call","params":{"#,
        r#"{"params":{},"method":"m"!}"#,
    ] {
        assert_eq!(outline(text), "unclear", "{text}");
    }
}

#[test]
fn the_request_that_a_refused_response_answers_is_told() {
    for text in [
        r#"{"jsonrpc":"2.0","id":7,"result":null}"#,
        r#"{"id":7,"result":{"a":1,"a":2}}"#,
        r#"{"jsonrpc":"2.0","id":7,"error":"no"}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"error":null,"extra":1}"#,
    ] {
        assert_eq!(outline(text), "response 7", "{text}");
    }
}

#[test]
fn a_line_of_a_log_is_nothing() {
    for text in [
        "",
        "  ",
        "Listening on stdio",
        "[12:00:01] sent {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}",
        "INFO {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\"}",
        "{ level: 'info', jsonrpc: true }",
        "{",
        "}",
        "  \"jsonrpc\": \"2.0\",",
        r#"{"level":"info","id":7,"msg":"handled"}"#,
        r#"{"level":"info","msg":"handled"#,
        "[1,2]",
        "7",
        "null",
    ] {
        assert_eq!(outline(text), "nothing", "{text}");
    }
}

#[test]
fn the_requests_of_a_batch_are_told_up_to_the_bound() {
    let request = |id: usize| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#);
    let notification = r#"{"jsonrpc":"2.0","method":"m"}"#;
    let batch = |parts: &[String]| format!("[{}]", parts.join(", "));
    assert_eq!(outline(&batch(&[request(1), notification.into(), request(2)])), "batch 1 2");
    assert_eq!(outline("[]"), "batch ");
    let many: Vec<String> = (0..BATCH_REQUESTS_MAX).map(request).collect();
    assert!(
        matches!(Outline::of(batch(&many).as_bytes()), Outline::Batch(ids) if ids.len() == BATCH_REQUESTS_MAX)
    );
    let more: Vec<String> = (0..=BATCH_REQUESTS_MAX).map(request).collect();
    assert_eq!(outline(&batch(&more)), "unclear");
    let notices = vec![notification.to_owned(); BATCH_REQUESTS_MAX + 1];
    assert_eq!(outline(&batch(&notices)), "unclear");
    let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned();
    assert_eq!(outline(&batch(&[response])), "unclear");
    assert_eq!(outline(r#"[{"jsonrpc":"2.0","id":1,"method":"m"}"#), "unclear");
}

/// Messages of every kind, written in any way.
fn message() -> impl Strategy<Value = String> {
    let id = prop::sample::select(vec!["1", "-7", "1.0", "\"a\"", "\"\\u0061\"", "\"\\\"}\""]);
    let value = prop::sample::select(vec![
        "{}",
        "{\"id\":9}",
        "{\"a\":[{\"method\":\"x\"},\"\\\\\"]}",
        "{\"a\":\"{\\\"id\\\":3\"}",
    ]);
    let member = prop_oneof![
        3 => id.prop_map(|id| format!("\"id\":{id}")),
        3 => Just("\"method\":\"m\"".to_owned()),
        1 => value.clone().prop_map(|value| format!("\"params\":{value}")),
        2 => value.prop_map(|value| format!("\"result\":{value}")),
        1 => Just("\"error\":{\"code\":1,\"message\":\"m\"}".to_owned()),
    ];
    prop::collection::vec(member, 0..4).prop_map(|members| {
        let mut members = members;
        members.insert(members.len() / 2, "\"jsonrpc\":\"2.0\"".to_owned());
        format!("{{{}}}", members.join(" , "))
    })
}

proptest! {
    /// Of a message that is read, the outline says what the reader says.
    #[test]
    fn the_outline_of_what_is_read_is_what_it_is(text in message()) {
        if let Ok(message) = Message::parse(text.as_bytes()) {
            let expected = match message {
                Message::Request(request) => Outline::Request(request.id),
                Message::Notification(_) => Outline::Notification,
                Message::Response(response) => Outline::Response(response.id),
            };
            prop_assert_eq!(Outline::of(text.as_bytes()), expected);
        }
    }

    #[test]
    fn any_bytes_have_an_outline_however_they_are_cut(bytes in prop::collection::vec(any::<u8>(), 0..64), at in 0_usize..64) {
        let whole = Outline::of(&bytes);
        let (one, two) = bytes.split_at(at.min(bytes.len()));
        let mut outliner = Outliner::new();
        outliner.push(one);
        outliner.push(two);
        prop_assert_eq!(outliner.finish(), whole);
    }
}
