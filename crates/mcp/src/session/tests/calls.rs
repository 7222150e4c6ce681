//! Requests and notifications, and the gate's answers to them.

use super::*;
use crate::limits::DECIDED_BYTES_MAX;

const CALL: &str = r#"{ "jsonrpc" : "2.0","id":"\u0061", "method":"tools/call","params":{"arguments":{ "b" : 1.50 , "a":"\/"},"name":"read_file"} } "#;

#[test]
fn a_step_says_whether_the_protocol_has_its_method() {
    for (to, method, is_known) in [
        (ToServer, "ping", true),
        (ToServer, "list_allowed_directories", false),
        (ToServer, "server/notifications/message", false),
        (ToServer, "answer/roots/list", false),
        (ToServer, "agent/start", false),
        (ToClient, "roots/list", true),
        (ToClient, "server/roots/list", false),
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
        assert_eq!(Play::new().asks(to, &line).is_known, is_known, "{method}");
    }
}

#[test]
fn a_permitted_request_and_its_result_are_forwarded_unchanged() {
    let mut play = Play::new();
    let step = play.asks(ToServer, CALL);
    assert_eq!(
        step,
        MessageStep {
            direction: ToServer,
            method: "tools/call".into(),
            is_known: true,
            tool: Some("read_file".into()),
            definition: None,
            arguments: r#"{ "b" : 1.50 , "a":"\/"}"#.into(),
            pending: None,
            besides: "{}".into(),
            message: CALL.into(),
        }
    );
    assert!(!play.session.wants(ToServer), "one message at a time");
    assert!(play.session.wants(ToClient), "the other direction goes on");
    assert_eq!(play.answer(ToServer, permit(3)), [write(ToServer, ToServer, CALL)]);
    assert!(!play.session.wants(ToServer), "not before it is written");
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToServer)), []);
    assert!(play.session.wants(ToServer));

    let line = r#"{"id":"a","result":{"content":[], "x":1.0e2},"jsonrpc":"2.0"}"#;
    assert_eq!(play.line(ToClient, line), [complete(ToClient, 3, StepEnd::Result, line)]);
    assert!(!play.session.wants(ToClient));
    assert_eq!(
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward)),
        [write(ToClient, ToClient, line)]
    );
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToClient)), []);
    assert_eq!(play.session.counts(), MessageCounts { permitted: 1, ..MessageCounts::default() });
}

#[test]
fn params_are_the_arguments_of_other_methods() {
    let mut play = Play::new();
    for (line, arguments, tool) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#,
            "{}",
            Some("t"),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "{}", None),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri": "x"}}"#,
            r#"{"uri": "x"}"#,
            None,
        ),
        // The gate decides on unknown methods.
        (r#"{"jsonrpc":"2.0","id":1,"method":"evil/thing","params":{}}"#, "{}", None),
        (
            r#"{"jsonrpc":"2.0","method":"Tools/Call","params":{"name":"t"}}"#,
            r#"{"name":"t"}"#,
            None,
        ),
    ] {
        let step = play.asks(ToServer, line);
        assert_eq!((step.arguments.as_str(), step.tool.as_deref()), (arguments, tool), "{line}");
        assert_eq!(step.message, line.as_bytes());
        play.answer(ToServer, deny());
        play.session.step(NOW, SessionInput::Written(ToServer));
    }
}

#[test]
fn a_pending_call_is_told_how_to_retry_and_the_retry_passes() {
    use proof::digest::Digest;
    use proof::json::object;

    let mut play = Play::new();
    play.asks(ToServer, CALL);
    let pending = Digest::of(b"the pending record");
    let answer = GateAnswer::Pending {
        index: 7,
        pending,
        awaits: vec![object([("count", 2_i64.into()), ("role", "finance".into())])],
        policies: vec!["pay".into()],
        advice: vec!["ask finance".into()],
    };
    let data = format!(
        r#"{{"advice":["ask finance"],"awaits":[{{"count":2,"role":"finance"}}],"code":"approval.required","index":7,"pending":"{pending}","policies":["pay"],"retry":"once approved, send the same call again, with params._meta[\"interlock/pending\"] set to this `pending` where you can"}}"#
    );
    let told = format!(
        r#"approval.required: ask finance; it waits for approval as {pending}: once approved, send the same call again, with params._meta[\"interlock/pending\"] set to that where you can (record 7)"#
    );
    let line = error(r#""\u0061""#, -32_004, &told, &data);
    assert_eq!(play.answer(ToServer, answer), [write(ToServer, ToClient, &line)]);
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToServer)), []);

    let retry = CALL.replace(
        r#""name":"read_file""#,
        &format!(r#""name":"read_file","_meta":{{"x":1,"interlock/pending":"{pending}"}}"#),
    );
    let step = play.asks(ToServer, &retry);
    assert_eq!((step.pending, step.besides.as_str()), (Some(pending), r#"{"_meta":{"x":1}}"#));
    assert_eq!(step.arguments, r#"{ "b" : 1.50 , "a":"\/"}"#);
    assert_eq!(play.answer(ToServer, permit(3)), [write(ToServer, ToServer, &retry)]);
}

#[test]
fn an_invalid_pending_id_is_refused_before_a_decision() {
    let mut play = Play::new();
    let line = CALL.replace(
        r#""name":"read_file""#,
        r#""name":"read_file","_meta":{"interlock/pending":"soon"}"#,
    );
    play.refused(ToServer, &line, "session.pending_id");
}

#[test]
fn a_denied_request_is_answered_and_never_reaches_the_server() {
    let mut play = Play::new();
    play.asks(ToServer, CALL);
    let line = error(
        r#""\u0061""#,
        -32_005,
        "policy.denied: denied (record 7)",
        r#"{"code":"policy.denied","index":7,"policies":["no-writes"]}"#,
    );
    assert_eq!(play.answer(ToServer, deny()), [write(ToServer, ToClient, &line)]);
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToServer)), []);
    assert_eq!(play.session.counts().denied, 1);
    // Its id was never open: the server can't answer it, and the client can use it again.
    play.refused(ToClient, &result(r#""a""#), "session.unknown_id");
    play.opens(ToServer, CALL, 4);
}

#[test]
fn an_undecided_request_is_answered_with_the_refusal_code() {
    let mut play = Play::new();
    play.asks(ToServer, &request("1", "ping"));
    let effects = play.answer(ToServer, GateAnswer::Refused { code: "refused.storage".into() });
    let line = error(
        "1",
        -32_006,
        "refused.storage: the node can't keep a record of it now; try again later",
        r#"{"code":"refused.storage"}"#,
    );
    assert_eq!(effects, [write(ToServer, ToClient, &line)]);
    assert_eq!(play.session.counts().undecided, 1);
}

#[test]
fn a_message_that_is_too_long_to_be_decided_says_so() {
    let mut play = Play::new();
    let of = |bytes: usize| {
        let begins = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"x":""#;
        let ends = r#""}}}"#;
        let text = "x".repeat(bytes - begins.len() - ends.len());
        [begins, &text, ends].concat()
    };
    let told = play.refused(ToServer, &of(DECIDED_BYTES_MAX + 1), "session.message_too_long");
    assert!(told[0].contains("-32006") && told[0].contains("1048576 at most"), "{told:?}");
    play.asks(ToServer, &of(DECIDED_BYTES_MAX));
}

#[test]
fn a_notification_that_is_not_permitted_is_dropped() {
    let mut play = Play::new();
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    for answer in [deny(), GateAnswer::Refused { code: "refused.quota".into() }] {
        play.asks(ToServer, note);
        assert_eq!(play.answer(ToServer, answer), []);
        assert!(play.session.wants(ToServer));
    }
    let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
    play.asks(ToClient, note);
    assert_eq!(play.answer(ToClient, deny()), []);
    assert!(play.session.wants(ToClient));
}

#[test]
fn a_notification_completes_before_the_next_is_read() {
    let mut play = Play::new();
    for (to, note) in [
        (ToServer, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
        (ToClient, r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#),
    ] {
        play.asks(to, note);
        assert_eq!(play.answer(to, permit(9)), [write(to, to, note)]);
        assert_eq!(
            play.session.step(NOW, SessionInput::Written(to)),
            [complete(to, 9, StepEnd::Sent, "")]
        );
        assert!(!play.session.wants(to));
        assert_eq!(
            play.session.step(NOW, SessionInput::Completed(to, CompletionAnswer::Forward)),
            []
        );
        assert!(play.session.wants(to));
    }
}

#[test]
fn a_denied_server_request_is_answered_to_the_server() {
    let mut play = Play::new();
    let ask = r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"x":0.1}}"#;
    let step = play.asks(ToClient, ask);
    assert_eq!((step.direction, step.method.as_str()), (ToClient, "sampling/createMessage"));
    let effects = play.answer(ToClient, deny());
    assert_eq!(written(&effects, ToClient), [] as [&str; 0]);
    // Unlike the client, the server does not learn which policies exist.
    let data = r#"{"code":"policy.denied","index":7}"#;
    assert_eq!(
        written(&effects, ToServer),
        [error("1", -32_005, "policy.denied: denied (record 7)", data)]
    );
    play.session.step(NOW, SessionInput::Written(ToClient));

    // The ids of the two sides are independent: the client may use 1 at the same time.
    play.opens(ToClient, ask, 5);
    play.opens(ToServer, &request("1", "ping"), 6);
    play.closes(ToServer, r#"{"jsonrpc":"2.0","id":1,"result":{"role":"assistant"}}"#, 5);
    play.closes(ToClient, &result("1"), 6);
}

#[test]
fn a_probe_is_answered_without_a_decision_and_is_no_refusal() {
    let mut play = Play::new();
    let probe = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#;
    let line = error("1", -32601, "no such method: server/discover", "");
    assert_eq!(
        play.line(ToServer, probe),
        [
            SessionEffect::Note(Note::Probe { method: "server/discover".into() }),
            write(ToServer, ToClient, &line)
        ]
    );
    assert_eq!(play.session.counts(), MessageCounts { probes: 1, ..MessageCounts::default() });
    play.session.step(NOW, SessionInput::Written(ToServer));
    // From the server it is a method like any other.
    assert_eq!(play.asks(ToClient, probe).method, "server/discover");
}

#[test]
fn a_permit_opens_one_request_at_a_time_up_to_the_bound() {
    let mut play = Play::new();
    for id in 0..OPEN_MAX {
        play.opens(ToServer, &request(&id.to_string(), "ping"), id as u64);
    }
    let effects = play.line(ToServer, &request("5000", "ping"));
    let line = error(
        "5000",
        -32_006,
        "refused.overload: too much waits at the moment; try again later",
        r#"{"code":"refused.overload"}"#,
    );
    assert_eq!(
        effects,
        [SessionEffect::CountRefusal("refused.overload"), write(ToServer, ToClient, &line)]
    );
    play.session.step(NOW, SessionInput::Written(ToServer));
    play.closes(ToClient, &result("17"), 17);
    play.opens(ToServer, &request("5000", "ping"), 5000);
}

#[test]
fn a_line_given_out_of_turn_is_never_forwarded() {
    let mut play = Play::new();
    play.asks(ToServer, &request("1", "ping"));
    let effects =
        play.session.step(NOW, SessionInput::Line(ToServer, Ok(request("2", "ping").into())));
    assert_eq!(effects, [SessionEffect::CountRefusal("refused.overload")]);
    for input in [
        SessionInput::Written(ToServer),
        SessionInput::Completed(ToServer, CompletionAnswer::Forward),
        SessionInput::Filtered(vec![true]),
        SessionInput::Decided(ToClient, permit(77)),
    ] {
        assert_eq!(play.session.step(NOW, input), []);
    }
    let line = request("1", "ping");
    assert_eq!(play.answer(ToServer, permit(1)), [write(ToServer, ToServer, &line)]);
}
