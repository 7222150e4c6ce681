//! What can't be read is never forwarded, whoever sent it.

use super::*;
use crate::limits::{NOTES_MAX, SERVER_REFUSALS_MAX};

/// Lines that are refused, with their kind, the JSON-RPC code for a client, and the id that it is told.
const BAD: [(&[u8], &str, i64, &str); 27] = [
    (b"", "json.end", -32700, "null"),
    (b"hello", "json.syntax", -32700, "null"),
    (b"\xef\xbb\xbf{}", "json.byte_order_mark", -32700, "null"),
    // A byte below 0x20 before, between, inside and after.
    (b"\t{}", "json.control", -32700, "null"),
    (b"{\t}", "json.control", -32700, "null"),
    (b"{\"a\":\"\x00\"}", "json.control", -32700, "null"),
    (b"{\"a\x1f\":1}", "json.control", -32700, "null"),
    (b"{}\x0b", "json.control", -32700, "null"),
    (b"{\"a\":\"\xff\"}", "json.utf8", -32700, "null"),
    (b"{\"a\":\"\xed\xa0\x80\"}", "json.utf8", -32700, "null"),
    (br#"{"a":"\ud800"}"#, "json.surrogate", -32700, "null"),
    (br#"{"a":"\u0000"}"#, "json.nul", -32700, "null"),
    ("{\"a\":\"\u{2028}\"}".as_bytes(), "json.line_separator", -32700, "null"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping"} {}"#, "json.trailing", -32700, "null"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"x"}"#, "json.duplicate_key", -32700, "null"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping","metho\u0064":"x"}"#, "json.duplicate_key", -32700, "null"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"k":1,"K":2}}"#, "json.duplicate_key", -32700, "null"),
    ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":[{\"k\":1,\"\u{212a}\":2}]}}".as_bytes(), "json.duplicate_key", -32700, "null"),
    (br#"{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}"#, "json.number_inexact", -32700, "null"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"n":1e400}}"#, "json.number_inexact", -32700, "null"),
    (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "message.batch", -32600, "null"),
    (br#""ping""#, "message.not_object", -32600, "null"),
    (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "message.wrong_type", -32600, "null"),
    (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "message.wrong_type", -32600, "null"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, "message.wrong_type", -32600, "1"),
    (br#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}"#, "message.unknown_member", -32600, "1"),
    (br#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, "message.contradiction", -32600, "null"),
];

#[test]
fn a_client_is_told_what_could_not_be_read_and_nothing_is_forwarded() {
    let mut play = Play::new();
    for (number, (line, kind, code, id)) in BAD.iter().enumerate() {
        let effects = play.session.step(NOW, Input::Line(ToServer, Ok(line.to_vec())));
        let told = play.check_refused(ToServer, &effects, kind);
        assert_eq!(told.len(), 1);
        let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":""#);
        let data = format!(r#""data":{{"code":"refused.input","kind":"{kind}""#);
        assert!(told[0].starts_with(&start) && told[0].contains(&data), "{told:?}");
        assert_eq!(play.session.counts().refused_of_client, number as u64 + 1);
    }
}

#[test]
fn the_member_that_is_wrong_is_named_in_message_and_data() {
    let mut play = Play::new();
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#;
    let told = play.refused(ToServer, line, "message.wrong_type");
    let expected = r#""message":"refused.input: a member has the wrong type: `name` at byte"#;
    assert!(told[0].contains(expected), "{told:?}");
    let data = r#""data":{"code":"refused.input","kind":"message.wrong_type","member":"name"}"#;
    assert!(told[0].contains(data), "{told:?}");
}

#[test]
fn a_server_is_told_nothing_of_what_could_not_be_read_and_nothing_is_forwarded() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    for (line, kind, ..) in BAD {
        let effects = play.session.step(NOW, Input::Line(ToClient, Ok(line.to_vec())));
        assert_eq!(play.check_refused(ToClient, &effects, kind), [] as [&str; 0]);
    }
    assert_eq!(play.session.counts().refused_of_server, BAD.len() as u64);
    play.closes(ToClient, &result("1"), 1);
}

#[test]
fn what_the_framing_refuses_is_refused() {
    use wire::frame::Error;
    let mut play = Play::new();
    for (error, kind) in [
        (Error::TooLong, "frame.too_long"),
        (Error::CarriageReturn, "frame.carriage_return"),
        (Error::Unfinished, "frame.unfinished"),
    ] {
        for to in [ToServer, ToClient] {
            let effects = play.session.step(NOW, Input::Line(to, Err(error)));
            let told = play.check_refused(to, &effects, kind);
            assert_eq!(told.len(), usize::from(to == ToServer));
        }
    }
}

#[test]
fn a_tool_call_with_other_arguments_than_an_object_is_refused_with_its_id() {
    let mut play = Play::new();
    for (params, kind) in [
        (r#"{"name":"t","arguments":[]}"#, "message.wrong_type"),
        (r#"{"name":"t","arguments":"{}"}"#, "message.wrong_type"),
        (r#"{"name":"t","arguments":null}"#, "message.wrong_type"),
        (r#"{"name":"t","arguments":7}"#, "message.wrong_type"),
        (r#"{"name":7}"#, "message.wrong_type"),
        (r#"{}"#, "message.missing_member"),
        (r#"{"name":"t","Arguments":{}}"#, "message.unknown_member"),
    ] {
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{params}}}"#);
        let told = play.refused(ToServer, &line, kind);
        assert!(
            told[0].starts_with(r#"{"jsonrpc":"2.0","id":"x","error":{"code":-32600,"#),
            "{told:?}"
        );
    }
    let told = play.refused(ToServer, &request("1", "tools/call"), "message.missing_member");
    assert!(told[0].contains(r#""id":1,"#), "{told:?}");
}

#[test]
fn an_error_never_has_the_id_of_a_request_that_waits() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#,
    ] {
        let effects = play.line(ToServer, line);
        let told = written(&effects, ToClient);
        assert!(told[0].contains(r#""id":null"#), "{told:?}");
        play.session.step(NOW, Input::Written(ToServer));
    }
    play.closes(ToClient, &result("1"), 1);
}

#[test]
fn a_known_method_in_the_wrong_place_is_refused() {
    let mut play = Play::new();
    for (to, line) in [
        // A call without an id, which a careless server would still run.
        (ToServer, r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}"#),
        (
            ToServer,
            r#"{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled","params":{"requestId":1}}"#,
        ),
        (ToServer, r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}"#),
        (ToClient, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#),
        (ToClient, r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#),
    ] {
        play.refused(to, line, "session.misplaced_method");
    }
}

#[test]
fn a_server_that_sends_too_much_that_can_not_be_read_is_stopped() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    for _ in 0..SERVER_REFUSALS_MAX {
        play.refused(ToClient, "Listening on stdio", "json.syntax");
    }
    let effects = play.line(ToClient, "Listening on stdio");
    let line =
        error("1", ENDED, "the server was stopped: it sent too much that is not passed on", "");
    let open = lost(1, &request("1", "ping"));
    assert_eq!(
        effects[1..],
        [Effect::End, open, Effect::Write { lane: None, to: ToClient, line: line.into() }]
    );
    assert_eq!(play.session.ended(), Some(&Ended::Unruly));
    assert!(!play.session.wants(ToClient) && !play.session.wants(ToServer));
}

#[test]
fn a_client_that_floods_with_what_can_not_be_read_is_answered_but_noted_up_to_the_bound() {
    let mut play = Play::new();
    for _ in 0..NOTES_MAX {
        play.refused(ToServer, "x", "json.syntax");
    }
    let effects = play.line(ToServer, "x");
    assert!(
        matches!(effects.as_slice(), [Effect::Refused("refused.input"), Effect::Write { .. }]),
        "{effects:?}"
    );
    assert_eq!(play.session.counts().refused_of_client, NOTES_MAX + 1);
}
