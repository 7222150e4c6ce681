//! Responses: matched by id, completed before they are forwarded, and filtered if they list tools.

use super::*;

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// Requests the tools and lets the server answer with `line`. Returns the names that the gate is
/// asked for.
fn list(play: &mut Play, line: &str) -> Vec<String> {
    play.opens(ToServer, LIST, 1);
    match play.line(ToClient, line).as_slice() {
        [SessionEffect::FilterTools(tools)] => tools.iter().map(|(name, _)| name.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

/// The line that is forwarded for `line` if these tools are listed.
fn filtered(line: &str, listed: &[bool]) -> String {
    let mut play = Play::new();
    list(&mut play, line);
    let effects = play.session.step(NOW, SessionInput::Filtered(listed.to_vec()));
    let [
        SessionEffect::Complete {
            lane: Some(ToClient),
            ticket: 1,
            end: StepEnd::Result,
            message,
            ..
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    let forwarded =
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
    let text = String::from_utf8(message.clone()).unwrap();
    assert_eq!(forwarded, [write(ToClient, ToClient, &text)], "what is completed is what goes on");
    text
}

#[test]
fn ids_match_by_type_and_value_whatever_their_spelling() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.opens(ToServer, &request(r#""1""#, "ping"), 2);
    play.opens(ToServer, &request(r#""\u0031\u0061""#, "ping"), 3);
    play.refused(ToClient, &result(r#""2""#), "session.unknown_id");
    play.closes(ToClient, &result(r#""1""#), 2);
    play.closes(ToClient, &result(r#""1a""#), 3);
    play.closes(ToClient, &result("1.0"), 1);
}

#[test]
fn an_id_is_answered_once_and_only_if_it_was_asked() {
    let mut play = Play::new();
    assert_eq!(play.refused(ToClient, &result("1"), "session.unknown_id"), [] as [&str; 0]);
    play.opens(ToServer, &request("1", "ping"), 1);
    play.closes(ToClient, &result("1"), 1);
    assert_eq!(play.refused(ToClient, &result("1"), "session.unknown_id"), [] as [&str; 0]);
    assert_eq!(play.session.counts().refused_of_server, 2);
    // An answered id may be asked again.
    play.opens(ToServer, &request("1", "ping"), 2);
    play.closes(ToClient, r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#, 2);
}

#[test]
fn a_client_answer_to_no_request_is_refused_without_reply() {
    let mut play = Play::new();
    assert_eq!(play.refused(ToServer, &result("1"), "session.unknown_id"), [] as [&str; 0]);
    // The client can't answer its own request.
    play.opens(ToServer, &request("1", "ping"), 1);
    assert_eq!(play.refused(ToServer, &result("1"), "session.unknown_id"), [] as [&str; 0]);
    play.opens(ToClient, &request("1", "roots/list"), 2);
    play.closes(ToServer, &result("1"), 2);
    assert_eq!(play.refused(ToServer, &result("1"), "session.unknown_id"), [] as [&str; 0]);
    assert_eq!(play.session.counts().refused_of_client, 3);
}

#[test]
fn an_id_that_is_in_flight_and_asked_again_ends_the_session() {
    for (to, first, second) in
        [(ToServer, r#""a""#, r#""\u0061""#), (ToClient, "1", "1"), (ToClient, "1", "1.0")]
    {
        let mut play = Play::new();
        play.opens(to, &request(first, "ping"), 1);
        play.line(to, &request(second, "ping"));
        let ended = SessionEnd::Unreadable { sender: to, kind: "session.duplicate_id" };
        assert_eq!(play.session.ended(), Some(&ended));
    }
}

#[test]
fn a_structured_result_is_passed_only_if_it_is_an_object() {
    let mut play = Play::new();
    for (result, expected) in [
        (r#"{"structuredContent":{ "n" : 1.50 },"content":[]}"#, Some(r#"{ "n" : 1.50 }"#)),
        (r#"{"structuredContent":[1]}"#, None),
        (r#"{"structuredContent":null}"#, None),
        (r#"{"content":[]}"#, None),
    ] {
        play.opens(ToServer, &request("1", "ping"), 1);
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        let effects = play.line(ToClient, &line);
        let [SessionEffect::Complete { output, message, .. }] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert_eq!(output.as_deref(), expected, "{result}");
        assert_eq!(message, line.as_bytes());
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
        play.session.step(NOW, SessionInput::Written(ToClient));
    }
}

#[test]
fn a_tool_list_keeps_the_very_bytes_of_what_is_listed() {
    let line = r#"{"id" : 1, "result":{ "_meta":{"n":1.50}, "t\u006fols" : [ {"name":"a", "x":[1 , 2]} ,{"name":"\u0062"}, {"name":"c","tools":[]}  ] , "nextCursor":"z"}, "jsonrpc":"2.0"} "#;
    let mut play = Play::new();
    assert_eq!(list(&mut play, line), ["a", "b", "c"]);
    assert_eq!(filtered(line, &[true, true, true]), line);
    let around = |tools: &str| {
        format!(
            r#"{{"id" : 1, "result":{{ "_meta":{{"n":1.50}}, "t\u006fols" : [{tools}] , "nextCursor":"z"}}, "jsonrpc":"2.0"}} "#
        )
    };
    let (a, b, c) =
        (r#"{"name":"a", "x":[1 , 2]}"#, r#"{"name":"\u0062"}"#, r#"{"name":"c","tools":[]}"#);
    for (listed, tools) in [
        ([true, false, false], a.to_owned()),
        ([false, true, false], b.to_owned()),
        ([false, false, true], c.to_owned()),
        ([true, false, true], format!("{a},{c}")),
        ([false, true, true], format!("{b},{c}")),
        ([false, false, false], String::new()),
    ] {
        assert_eq!(filtered(line, &listed), around(&tools));
    }
    // A tool without an answer of the gate is not listed.
    assert_eq!(filtered(line, &[true]), around(a));
    assert_eq!(filtered(line, &[]), around(""));
}

#[test]
fn an_empty_tool_list_and_a_failed_one_go_on_as_they_are() {
    let line = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[ ]}}"#;
    assert_eq!(filtered(line, &[]), line);
    let mut play = Play::new();
    play.opens(ToServer, LIST, 1);
    play.closes(ToClient, r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#, 1);
}

#[test]
fn a_tool_list_that_can_not_be_read_is_an_error_at_once() {
    for (result, kind) in [
        (r#"{}"#, "message.missing_member"),
        (r#"{"tools":{}}"#, "message.wrong_type"),
        (r#"{"tools":[{"name":7}]}"#, "message.wrong_type"),
        (r#"{"tools":[{"name":"a"},{"name":"a"}]}"#, "message.contradiction"),
        (r#"{"tools":[],"tools":[]}"#, "json.duplicate_key"),
        (r#"{"Tools":[],"tools":[]}"#, "message.unknown_member"),
    ] {
        let mut play = Play::new();
        play.opens(ToServer, LIST, 1);
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        let effects = play.line(ToClient, &line);
        let [.., SessionEffect::Complete { ticket: 1, end: StepEnd::Unknown { .. }, message, .. }] =
            effects.as_slice()
        else {
            panic!("{effects:?}");
        };
        assert!(String::from_utf8_lossy(message).contains(kind));
    }
}

#[test]
fn a_list_without_a_next_page_may_say_so_with_null() {
    let line = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}],"nextCursor":null,"_meta":null}}"#;
    assert_eq!(filtered(line, &[true]), line);
}

#[test]
fn a_list_of_something_else_is_not_filtered() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "prompts/list"), 1);
    play.closes(ToClient, r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#, 1);
}

#[test]
fn a_server_that_chooses_an_unknown_revision_is_stopped() {
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2026-07-28"}}"#;
    let task = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","task":{}}}"#;
    let chosen = |text: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":0,"result":{{"protocolVersion":"{text}"}}}}"#)
    };

    let mut play = Play::new();
    play.opens(ToServer, initialize, 1);
    play.closes(ToClient, &chosen("2025-06-18"), 1);
    let told = play.refused(ToServer, task, "message.unknown_member");
    assert!(told[0].contains(r#""id":1,"#), "{told:?}");

    let mut play = Play::new();
    play.opens(ToServer, initialize, 1);
    play.closes(ToClient, &chosen("2025-11-25"), 1);
    play.asks(ToServer, task);

    let mut play = Play::new();
    play.opens(ToServer, initialize, 1);
    let effects = play.line(ToClient, &chosen("2024-10-07"));
    assert_eq!(effects[..2], [SessionEffect::End, lost(1, initialize)]);
    let told = written(&effects, ToClient);
    assert!(told[0].contains("chose revision `2024-10-07`"), "{told:?}");
    assert_eq!(play.session.ended(), Some(&SessionEnd::Revision("2024-10-07".into())));
}

#[test]
fn older_revisions_are_read_without_later_methods() {
    for older in ["2024-11-05", "2025-03-26"] {
        let mut play = Play::new();
        let initialize = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{older}"}}}}"#
        );
        play.opens(ToServer, &initialize, 1);
        let line =
            format!(r#"{{"jsonrpc":"2.0","id":0,"result":{{"protocolVersion":"{older}"}}}}"#);
        play.closes(ToClient, &line, 1);
        play.opens(ToServer, &request("1", "resources/list"), 2);
        play.opens(ToClient, &request("1", "sampling/createMessage"), 3);
        let effects = play.line(ToClient, &request("2", "elicitation/create"));
        let told = written(&effects, ToServer);
        assert!(told[0].contains("session.misplaced_method"), "{told:?}");
        play.session.step(NOW, SessionInput::Written(ToClient));
        let batch = format!("[{}]", request("3", "ping"));
        let told = play.refused(ToServer, &batch, "message.batch");
        assert!(told[0].contains(r#""id":3,"#), "{told:?}");
    }
}

#[test]
fn cancelled_requests_are_awaited_up_to_the_bound() {
    use crate::limits::CANCELLED_MAX;
    let mut play = Play::new();
    for id in 0..=CANCELLED_MAX as u64 {
        play.opens(ToServer, &request(&id.to_string(), "ping"), id);
        let cancel = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        );
        play.asks(ToServer, &cancel);
        let mut effects = play.answer(ToServer, permit(1_000 + id));
        if id == CANCELLED_MAX as u64 {
            let oldest = lost(0, &request("0", "ping"));
            assert_eq!(effects.remove(0), oldest, "one past the bound, the oldest is given up");
        }
        assert_eq!(effects, [write(ToServer, ToServer, &cancel)]);
        play.session.step(NOW, SessionInput::Written(ToServer));
        play.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Forward));
        assert_eq!(play.session.client_requests.waiting_count(), 0);
    }
    play.refused(ToClient, &result("0"), "session.unknown_id");
    play.closes(ToClient, &result("1"), 1);
}
