//! A cancellation only withdraws, so that it passes in any state. The text of a sender that may not
//! send does not.

use super::*;

fn cancel(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

/// Sends a notification that is permitted and written.
fn sends(play: &mut Play, to: Direction, line: &str, ticket: u64) {
    play.asks(to, line);
    assert_eq!(play.answer(to, permit(ticket)), [write(to, to, line)]);
    let sent = play.session.step(NOW, SessionInput::Written(to));
    assert_eq!(sent, [complete(to, ticket, StepEnd::Sent, "")]);
    assert_eq!(play.session.step(NOW, SessionInput::Completed(to, CompletionAnswer::Forward)), []);
}

#[test]
fn a_permitted_cancellation_goes_as_its_own_bytes() {
    let line = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"late","requestId":1}}"#;
    for (to, back) in [(ToServer, ToClient), (ToClient, ToServer)] {
        let mut play = Play::new();
        play.opens(to, &request("1", "ping"), 1);
        sends(&mut play, to, line, 2);
        // The response may have been on its way: it is forwarded.
        play.closes(back, &result("1"), 1);
    }
}

#[test]
fn a_denied_cancellation_goes_as_one_of_the_gateways_own() {
    let said = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"secret","requestId":"\u0061","_meta":{"x":1}}}"#;
    let refused = GateAnswer::Refused { code: "refused.quota".into() };
    for to in [ToServer, ToClient] {
        for verdict in [deny(), refused.clone()] {
            let mut play = Play::new();
            play.opens(to, &request(r#""a""#, "ping"), 1);
            play.asks(to, said);
            // The id is spelled as the request spells it.
            assert_eq!(play.answer(to, verdict), [write(to, to, &cancel(r#""a""#))]);
            assert_eq!(play.session.step(NOW, SessionInput::Written(to)), []);
            assert!(play.session.wants(to));
            assert_eq!(play.session.open_requests(to).waiting_count(), 0);
            play.closes(to.back(), &result(r#""a""#), 1);
        }
    }
}

#[test]
fn a_cancellation_of_what_is_not_open_is_dropped() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.opens(ToClient, &request("2", "ping"), 2);
    for (to, id) in [(ToServer, "2"), (ToServer, r#""1""#), (ToClient, "1")] {
        assert_eq!(play.line(to, &cancel(id)), [SessionEffect::CountRefusal("refused.input")]);
        assert!(play.session.wants(to));
    }
    sends(&mut play, ToServer, &cancel("1"), 3);
    assert_eq!(play.line(ToServer, &cancel("1")), [SessionEffect::CountRefusal("refused.input")]);
    assert_eq!(play.session.counts().stray_cancellations, 4);
}

#[test]
fn a_request_answered_first_is_not_cancelled() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.asks(ToServer, &cancel("1"));
    play.closes(ToClient, &result("1"), 1);
    assert_eq!(play.answer(ToServer, deny()), []);
    assert!(play.session.wants(ToServer));
}

#[test]
fn a_cancellation_that_can_not_be_read_is_refused() {
    let mut play = Play::new();
    let told = play.refused(ToServer, &cancel("null"), "message.wrong_type");
    assert_eq!(told, [] as [&str; 0], "nobody waits for an answer to it");
}
