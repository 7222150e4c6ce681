//! An unreadable message is never forwarded, from either side.

use super::*;
use crate::limits::{NOTES_MAX, SERVER_REFUSALS_BURST, SERVER_REFUSALS_PER_SECOND};

/// The request that the refusal of a line concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerns {
    Nobody,
    /// It is the request with this id.
    Asker(&'static str),
    /// It answers the request with the id 1.
    One,
    /// It is unclear which.
    Unclear,
}
use Concerns::{Asker, Nobody, One, Unclear};

/// Lines that are refused from either side, with their kind.
const BAD: [(&[u8], &str, Concerns); 29] = [
    (b"hello", "json.syntax", Nobody),
    (b"\xef\xbb\xbf{}", "json.byte_order_mark", Nobody),
    (
        b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}",
        "json.byte_order_mark",
        Asker("5"),
    ),
    // A byte below 0x20 that no grammar has: before, between, inside and after.
    (b"\x0b{}", "json.control", Nobody),
    (b"{\x0b}", "json.control", Nobody),
    (b"{\"jsonrpc\":\"2.0\",\x0b\"id\":5,\"method\":\"ping\"}", "json.control", Asker("5")),
    (b"{\"a\":\"\x00\"}", "json.control", Nobody),
    (b"{\"a\x1f\":1}", "json.control", Nobody),
    (b"{}\x0b", "json.control", Nobody),
    (b"{\"a\":\"\xff\"}", "json.utf8", Nobody),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\"\xed\xa0\x80\"}}", "json.utf8", One),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping"} {}"#, "json.trailing", Unclear),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping","method":"x"}"#, "json.duplicate_key", Unclear),
    (
        br#"{"jsonrpc":"2.0","id":5,"method":"ping","metho\u0064":"x"}"#,
        "json.duplicate_key",
        Unclear,
    ),
    (br#"{"jsonrpc":"2.0","id":5,"id":6,"method":"ping"}"#, "json.duplicate_key", Unclear),
    (
        br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"k":1,"k":2}}"#,
        "json.duplicate_key",
        Asker("5"),
    ),
    (
        br#"{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}"#,
        "message.wrong_type",
        Asker("9007199254740993"),
    ),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping""#, "json.end", Unclear),
    (br#"[{"jsonrpc":"2.0","id":5,"method":"ping"}]"#, "message.batch", Asker("5")),
    (br#""ping""#, "message.not_object", Nobody),
    (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, "message.wrong_type", Unclear),
    (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, "message.wrong_type", Unclear),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}"#, "message.wrong_type", Asker("5")),
    (
        br#"{"jsonrpc":"2.0","id":5,"method":"ping","extra":1}"#,
        "message.unknown_member",
        Asker("5"),
    ),
    (br#"{"jsonrpc":"2.0","method":"ping","params":7}"#, "message.wrong_type", Nobody),
    (br#"{"jsonrpc":"2.0","id":1,"result":null}"#, "message.wrong_type", One),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":""}}"#, "message.wrong_type", One),
    (
        br#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
        "message.contradiction",
        One,
    ),
    (
        br#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#,
        "message.wrong_type",
        Unclear,
    ),
];

/// Lines that are refused only if they are to be authorised.
const BAD_OF_CLIENT: [(&[u8], &str, Concerns); 6] = [
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"a":"\ud800"}}"#, "json.surrogate", Asker("5")),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"a":"\u0000"}}"#, "json.nul", Asker("5")),
    ("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"params\":{\"a\":\"\u{2028}\"}}".as_bytes(), "json.line_separator", Asker("5")),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"k":1,"K":2}}"#, "json.duplicate_key", Asker("5")),
    ("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"params\":{\"a\":[{\"k\":1,\"\u{212a}\":2}]}}".as_bytes(), "json.duplicate_key", Asker("5")),
    (br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"n":1e400}}"#, "json.number_not_finite", Asker("5")),
];

#[test]
fn a_refused_request_is_answered_under_its_own_id() {
    for (line, kind, concerns) in BAD.into_iter().chain(BAD_OF_CLIENT) {
        let mut play = Play::new();
        play.opens(ToServer, &request("7", "ping"), 7);
        let effects = play.session.step(NOW, SessionInput::Line(ToServer, Ok(line.to_vec())));
        assert_eq!(play.session.counts().refused_of_client, 1);
        if concerns == Unclear {
            let ended = SessionEnd::Unreadable { sender: ToServer, kind };
            assert_eq!(play.session.ended(), Some(&ended));
            let told = written(&effects, ToClient);
            assert!(
                told[0].starts_with(r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32003,"#),
                "{told:?}"
            );
            // Its own id is unknown, so a log message gives the reason of the end.
            assert!(told[1].contains(r#""method":"notifications/message""#), "{told:?}");
            assert!(told[1].contains(&format!(r#""kind":"{kind}""#)), "{told:?}");
            assert!(!told[1].contains(r#""id""#), "{told:?}");
            continue;
        }
        let told = play.check_refused(ToServer, &effects, kind);
        let Asker(id) = concerns else {
            assert_eq!(told, [] as [&str; 0]);
            continue;
        };
        let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32600,"message":""#);
        let data = format!(r#""data":{{"code":"refused.input","kind":"{kind}""#);
        assert!(told[0].starts_with(&start) && told[0].contains(&data), "{told:?}");
        assert_eq!(told.len(), 1);
        play.closes(ToClient, &result("7"), 7);
    }
}

#[test]
fn a_blank_line_is_skipped() {
    let mut play = Play::new();
    for line in ["", "   "] {
        assert_eq!(play.line(ToServer, line), []);
        assert_eq!(play.line(ToClient, line), []);
    }
    assert_eq!(play.session.counts(), MessageCounts::default());
}

/// Sends a line of the server that is refused, and lets the requester be answered. Returns that
/// answer.
fn answered(play: &mut Play, line: &[u8], id: &str, written: Option<u64>) -> String {
    let effects = play.session.step(NOW, SessionInput::Line(ToClient, Ok(line.to_vec())));
    let [
        SessionEffect::CountRefusal("refused.input"),
        SessionEffect::Note(_),
        SessionEffect::Complete { lane: Some(ToClient), end, message, output: None, .. },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(*end, StepEnd::Unknown { written });
    let told = String::from_utf8(message.clone()).unwrap();
    let start = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32006,"#);
    assert!(told.starts_with(&start), "{told}");
    let forwarded =
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
    assert_eq!(forwarded, [write(ToClient, ToClient, &told)]);
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToClient)), []);
    assert!(play.session.wants(ToClient));
    told
}

#[test]
fn an_undeliverable_answer_becomes_an_error_at_once() {
    let bytes = Some(line_bytes(request("1", "ping").as_bytes()));
    for (line, kind, concerns) in BAD {
        let mut play = Play::new();
        play.opens(ToServer, &request("1", "ping"), 1);
        match concerns {
            Nobody => {
                let effects =
                    play.session.step(NOW, SessionInput::Line(ToClient, Ok(line.to_vec())));
                assert_eq!(play.check_refused(ToClient, &effects, kind), [] as [&str; 0]);
                play.closes(ToClient, &result("1"), 1);
            }
            Asker(id) => {
                // A request of the server itself: the server gets the error.
                let effects =
                    play.session.step(NOW, SessionInput::Line(ToClient, Ok(line.to_vec())));
                let told = written(&effects, ToServer);
                assert!(
                    told[0].contains(&format!(r#""id":{id},"error":{{"code":-32600,"#)),
                    "{told:?}"
                );
                assert_eq!(written(&effects, ToClient), [] as [&str; 0]);
                play.session.step(NOW, SessionInput::Written(ToClient));
                play.closes(ToClient, &result("1"), 1);
            }
            // It counts as the answer to the open request.
            One | Unclear => {
                let told = answered(&mut play, line, "1", bytes);
                let data = format!(r#""data":{{"code":"refused.input","kind":"{kind}""#);
                assert!(told.contains(&data) && told.contains(r#""side":"server""#), "{told}");
                assert_eq!(play.session.client_requests.waiting_count(), 0);
            }
        }
    }
}

/// A server's request is decided as a client's is.
#[test]
fn a_server_request_is_parsed_as_strictly_as_a_clients() {
    for (line, kind, concerns) in BAD_OF_CLIENT {
        let mut play = Play::new();
        let effects = play.session.step(NOW, SessionInput::Line(ToClient, Ok(line.to_vec())));
        let is_refused = |effect: &SessionEffect| matches!(effect, SessionEffect::Note(Note::Refused { kind: k, .. }) if *k == kind);
        assert!(effects.iter().any(is_refused), "{effects:?}");
        assert_eq!((written(&effects, ToServer).len(), concerns), (1, Asker("5")));
    }
}

#[test]
fn an_unclear_answer_ends_the_session_if_several_requests_wait() {
    for (line, kind, _) in BAD.into_iter().filter(|(.., concerns)| *concerns == Unclear) {
        let mut play = Play::new();
        play.opens(ToServer, &request("1", "ping"), 1);
        play.opens(ToServer, &request("2", "ping"), 2);
        let effects = play.session.step(NOW, SessionInput::Line(ToClient, Ok(line.to_vec())));
        assert_eq!(play.session.ended(), Some(&SessionEnd::Unreadable { sender: ToClient, kind }));
        let told = written(&effects, ToClient);
        assert!(told[0].contains(r#""id":1,"error":{"code":-32003"#), "{told:?}");
        assert!(told[1].contains(r#""id":2,"error":{"code":-32003"#), "{told:?}");
        assert!(told.iter().all(|line| line.contains(kind)), "{told:?}");
    }
    // If no request waits, it is refused like any other line.
    let mut play = Play::new();
    play.refused(ToClient, r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "message.wrong_type");
}

#[test]
fn an_unclear_answer_is_not_taken_for_a_cancelled_request() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.asks(
        ToServer,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
    );
    play.answer(ToServer, permit(2));
    play.refused(ToClient, r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "message.wrong_type");
}

#[test]
fn an_undeliverable_client_answer_is_reported_to_the_server() {
    let mut play = Play::new();
    play.opens(ToClient, &request("1", "roots/list"), 1);
    let line = r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[],"Roots":[]}}"#;
    let effects = play.line(ToServer, line);
    let [
        ..,
        SessionEffect::Complete {
            lane: Some(ToServer),
            ticket: 1,
            end: StepEnd::Error,
            message,
            ..
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    let told = String::from_utf8(message.clone()).unwrap();
    assert!(told.contains(r#""side":"client""#) && told.contains(r#""code":-32006"#), "{told}");
    let forwarded =
        play.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Forward));
    assert_eq!(forwarded, [write(ToServer, ToServer, &told)]);
}

#[test]
fn the_requests_of_a_batch_are_answered_each() {
    let mut play = Play::new();
    let batch = format!(
        r#"[{},{{"jsonrpc":"2.0","method":"notifications/initialized"}},{}]"#,
        request("1", "ping"),
        request("2", "ping")
    );
    let effects = play.line(ToServer, &batch);
    let told = written(&effects, ToClient);
    assert!(told[0].contains(r#""id":1,"#) && told[1].contains(r#""id":2,"#), "{told:?}");
    assert!(told.iter().all(|line| line.contains("message.batch")), "{told:?}");
    assert_eq!(told.len(), 2);
    play.session.step(NOW, SessionInput::Written(ToServer));
    assert!(play.session.wants(ToServer));

    let twice = format!("[{},{}]", request("1", "ping"), request("1", "ping"));
    play.line(ToServer, &twice);
    let ended = SessionEnd::Unreadable { sender: ToServer, kind: "message.batch" };
    assert_eq!(play.session.ended(), Some(&ended));
}

#[test]
fn a_line_that_is_too_long_or_cut_is_answered_under_its_id() {
    let mut lines = wire::frame::Lines::new(64);
    let long = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":"{}"}}}}"#,
        "x".repeat(64)
    );
    let cut = "{\"jsonrpc\":\"2.0\",\r\"id\":1,\"method\":\"ping\"}";
    let refused = lines.push(format!("{long}\n{cut}\n").as_bytes());
    for (line, kind) in refused.into_iter().zip(["frame.too_long", "frame.carriage_return"]) {
        let mut play = Play::new();
        let effects = play.session.step(NOW, SessionInput::Line(ToServer, line));
        let told = play.check_refused(ToServer, &effects, kind);
        assert!(told[0].contains(r#""id":1,"error":{"code":-32600"#), "{told:?}");
    }
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    let long = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"a":"{}"}}}}"#, "x".repeat(64));
    let line = lines.push(format!("{long}\n").as_bytes()).remove(0);
    let effects = play.session.step(NOW, SessionInput::Line(ToClient, line));
    assert!(matches!(
        effects.as_slice(),
        [_, _, SessionEffect::Complete { end: StepEnd::Unknown { .. }, .. }]
    ));
    // A side that left within a line does not wait for an answer.
    let effects =
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
    assert_eq!(written(&effects, ToClient).len(), 1);
    let unfinished = wire::frame::Lines::new(64);
    let mut unfinished = unfinished;
    unfinished.push(br#"{"jsonrpc":"2.0","id":1"#);
    let line = unfinished.finish().map(|()| Vec::new());
    play.session.step(NOW, SessionInput::Line(ToServer, line));
    assert_eq!(play.session.ended(), None);
}

#[test]
fn the_member_that_is_wrong_is_named_in_message_and_data() {
    let mut play = Play::new();
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#;
    let told = play.refused(ToServer, line, "message.wrong_type");
    let expected = r#""message":"refused.input: a member has the wrong type: `name` at byte"#;
    assert!(told[0].contains(expected), "{told:?}");
    let data = r#""data":{"code":"refused.input","kind":"message.wrong_type","member":"name","side":"client"}"#;
    assert!(told[0].contains(data), "{told:?}");
}

#[test]
fn a_line_that_the_framing_rejects_is_refused() {
    let mut play = Play::new();
    for (line, kind) in [("x\rx\n", "frame.carriage_return"), ("xxxxxxxxx\n", "frame.too_long")] {
        for to in [ToServer, ToClient] {
            let line = wire::frame::Lines::new(8).push(line.as_bytes()).remove(0);
            let effects = play.session.step(NOW, SessionInput::Line(to, line));
            assert_eq!(play.check_refused(to, &effects, kind), [] as [&str; 0]);
        }
    }
}

#[test]
fn a_tool_call_without_object_arguments_is_refused() {
    let mut play = Play::new();
    for (params, kind) in [
        (r#"{"name":"t","arguments":[]}"#, "message.wrong_type"),
        (r#"{"name":"t","arguments":"{}"}"#, "message.wrong_type"),
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
fn an_error_never_uses_the_id_of_a_waiting_request() {
    for (line, kind) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}"#, "message.unknown_member"),
        (
            r#"{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{"name":7}}"#,
            "message.wrong_type",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}"#,
            "session.misplaced_method",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#, "session.duplicate_id"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "session.duplicate_id"),
    ] {
        let mut play = Play::new();
        play.opens(ToServer, &request("1", "ping"), 1);
        let effects = play.line(ToServer, line);
        assert_eq!(play.session.ended(), Some(&SessionEnd::Unreadable { sender: ToServer, kind }));
        let told = written(&effects, ToClient);
        // The last one has no id.
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32003"#),
            "{told:?}"
        );
    }
}

#[test]
fn a_known_method_in_the_wrong_place_is_refused() {
    for (to, line, is_answered) in [
        // A call without an id, which a careless server would still run.
        (ToServer, r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t"}}"#, false),
        (
            ToServer,
            r#"{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled","params":{"requestId":1}}"#,
            true,
        ),
        (ToServer, r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}"#, true),
        (ToClient, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#, true),
        (ToClient, r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#, true),
    ] {
        let mut play = Play::new();
        let effects = play.line(to, line);
        let is_misplaced = |effect: &SessionEffect| {
            matches!(
                effect,
                SessionEffect::Note(Note::Refused { kind: "session.misplaced_method", .. })
            )
        };
        assert!(effects.iter().any(is_misplaced), "{effects:?}");
        assert_eq!(written(&effects, to), [] as [&str; 0]);
        let told = written(&effects, to.back());
        assert_eq!(told.len(), usize::from(is_answered));
        assert!(
            told.iter().all(|line| line.contains(r#""id":1,"error":{"code":-32601"#)),
            "{told:?}"
        );
    }
}

#[test]
fn a_server_that_sends_too_many_unreadable_lines_is_stopped() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    for at in 0..SERVER_REFUSALS_BURST {
        let line = if at % 2 == 0 { "Listening on stdio" } else { "" };
        play.line(ToClient, line);
        assert!(play.session.wants(ToClient));
    }
    let effects = play.line(ToClient, "Listening on stdio");
    let why = "the server was stopped: it sent too much that is not passed on";
    let line = error("1", -32_003, why, r#"{"code":"server.unruly"}"#);
    let open = lost(1, &request("1", "ping"));
    assert_eq!(
        effects[1..],
        [
            SessionEffect::End,
            open,
            SessionEffect::Write { lane: None, to: ToClient, line: line.into() }
        ]
    );
    assert_eq!(play.session.ended(), Some(&SessionEnd::Unruly));
    assert!(!play.session.wants(ToClient) && !play.session.wants(ToServer));
}

/// A session lasts for days.
#[test]
fn a_server_may_write_a_line_of_its_log_with_every_answer() {
    let mut play = Play::new();
    for call in 0..3 * SERVER_REFUSALS_BURST {
        let now_ms = call * 2_000 / SERVER_REFUSALS_PER_SECOND;
        for line in ["INFO handled call", ""] {
            play.session.step(now_ms, SessionInput::Line(ToClient, Ok(line.into())));
        }
        assert_eq!(play.session.ended(), None);
    }
    assert_eq!(play.session.counts().refused_of_server, 3 * SERVER_REFUSALS_BURST);
}

#[test]
fn unreadable_messages_of_a_client_are_noted_up_to_the_bound() {
    let mut play = Play::new();
    let line = r#"{"jsonrpc":"2.0","id":1,"method":7}"#;
    for _ in 0..NOTES_MAX {
        play.refused(ToServer, line, "message.wrong_type");
    }
    let effects = play.line(ToServer, line);
    assert!(
        matches!(
            effects.as_slice(),
            [SessionEffect::CountRefusal("refused.input"), SessionEffect::Write { .. }]
        ),
        "{effects:?}"
    );
    assert_eq!(play.session.counts().refused_of_client, NOTES_MAX + 1);
}
