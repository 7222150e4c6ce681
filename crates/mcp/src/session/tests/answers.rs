//! A client's answer is decided when it comes, on the state of that moment, and never by the permit
//! of the request.

use super::*;

const ROOTS: &str = r#"{"jsonrpc":"2.0","id":"r","result":{ "roots":[{"uri":"file:///a"}] }}"#;
const FAILED: &str =
    r#"{"jsonrpc":"2.0","id":"r","error":{"code": 5,"message":"secret","data":[1.5]}}"#;

/// A session in which the server has asked for roots, with ticket 1.
fn asked() -> Play {
    let mut play = Play::new();
    play.opens(ToClient, &request(r#""r""#, "roots/list"), 1);
    play
}

fn pending() -> GateAnswer {
    GateAnswer::Pending {
        index: 7,
        pending: Digest::of(b"pending"),
        awaits: vec![],
        policies: vec!["secret".into()],
        advice: vec!["secret".into()],
    }
}

#[test]
fn an_answer_is_put_to_the_gate_with_what_it_says() {
    for (line, arguments) in [
        (ROOTS, r#"{"result":{ "roots":[{"uri":"file:///a"}] }}"#),
        (FAILED, r#"{"error":{"code": 5,"message":"secret","data":[1.5]}}"#),
    ] {
        let step = asked().asks(ToServer, line);
        let expected = MessageStep {
            direction: ToServer,
            method: "answer/roots/list".into(),
            is_known: true,
            tool: None,
            definition: None,
            arguments: arguments.into(),
            pending: None,
            besides: "{}".into(),
            message: line.into(),
        };
        assert_eq!(step, expected);
    }
}

#[test]
fn a_permitted_answer_goes_as_its_own_bytes() {
    asked().closes(ToServer, ROOTS, 1);
    asked().closes(ToServer, FAILED, 1);
}

#[test]
fn an_answer_that_may_not_pass_gets_an_error_in_its_place() {
    let denied =
        (-32_005, "policy.denied: denied (record 7)", r#"{"code":"policy.denied","index":7}"#);
    let refused = (
        -32_006,
        "refused.quota: this execution has as much open as it may; try again once some of it has ended",
        r#"{"code":"refused.quota"}"#,
    );
    let quota = GateAnswer::Refused { code: "refused.quota".into() };
    for (verdict, (code, message, data)) in [(deny(), denied), (quota, refused)] {
        for line in [ROOTS, FAILED] {
            let mut play = asked();
            play.asks(ToServer, line);
            let told = error(r#""r""#, code, message, data);
            let effects = play.answer(ToServer, verdict.clone());
            assert_eq!(effects, [complete(ToServer, 1, StepEnd::Error, &told)]);
            let effects = play
                .session
                .step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Forward));
            assert_eq!(effects, [write(ToServer, ToServer, &told)]);
            assert_eq!(play.session.step(NOW, SessionInput::Written(ToServer)), []);
            play.refused(ToServer, line, "session.unknown_id");
        }
    }
}

#[test]
fn a_denial_to_a_server_names_no_policies() {
    for verdict in [deny(), pending()] {
        let mut play = asked();
        play.asks(ToServer, ROOTS);
        let effects = play.answer(ToServer, verdict);
        let [SessionEffect::Complete { message, .. }] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        let told = String::from_utf8_lossy(message);
        assert!(!told.contains("secret") && !told.contains("no-writes"), "{told}");
    }
}

#[test]
fn an_answer_that_is_withheld_after_its_permit_is_not_written() {
    let mut play = asked();
    play.asks(ToServer, ROOTS);
    play.answer(ToServer, permit(2));
    let withheld = CompletionAnswer::Withheld { code: "execution.halted".into() };
    let effects = play.session.step(NOW, SessionInput::Completed(ToServer, withheld));
    assert_eq!(effects[0], lost(2, ""));
    let told = written(&effects, ToServer);
    assert!(told[0].contains(r#""id":"r","error""#) && told[0].contains("execution.halted"));
}

#[test]
fn an_answer_to_a_given_up_request_is_not_written() {
    let mut play = asked();
    play.asks(ToServer, ROOTS);
    play.session.server_requests.remove(&Id::from(0));
    let gone = play.session.server_requests.drain().count();
    assert_eq!(gone, 1);
    assert_eq!(play.answer(ToServer, permit(2)), [lost(2, "")]);
    assert!(play.session.wants(ToServer));
}

#[test]
fn nothing_of_an_answer_is_written_after_a_stop() {
    let halted = SessionEnd::Ordered("execution.halted".into());
    for verdict in [permit(2), deny(), pending(), GateAnswer::Stopped(Stop::Node)] {
        let mut play = asked();
        play.asks(ToServer, ROOTS);
        let effects = play.session.step(NOW, SessionInput::End(halted.clone()));
        assert_eq!(effects, [SessionEffect::End, unknown(1)]);
        let is_permit = matches!(verdict, GateAnswer::Permit { .. });
        let expected = if is_permit { vec![lost(2, "")] } else { vec![] };
        assert_eq!(play.answer(ToServer, verdict), expected);
        assert!(!play.session.wants(ToServer));
    }
}

#[test]
fn a_withheld_result_becomes_an_error() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.line(ToClient, &result("1"));
    let withheld = CompletionAnswer::Withheld { code: "trust.insufficient".into() };
    let effects = play.session.step(NOW, SessionInput::Completed(ToClient, withheld));
    let [SessionEffect::Write { lane: Some(ToClient), to: ToClient, line }] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    let told = String::from_utf8_lossy(line);
    assert!(told.contains(r#""id":1,"error":{"code":-32005"#), "{told}");
    assert!(told.contains(r#""data":{"code":"trust.insufficient"}"#), "{told}");
}
