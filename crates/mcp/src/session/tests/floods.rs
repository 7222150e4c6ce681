//! Messages that a server sends on its own initiative have a pace. Its answers and cancellations
//! have none.

use super::*;
use crate::limits::{
    SERVER_DROPPED_MAX, SERVER_MESSAGES_BURST, SERVER_MESSAGES_PER_SECOND, SERVER_OPEN_MAX,
};

const LOG: &str = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;

/// Sends a whole burst, which passes.
fn spent() -> Play {
    let mut play = Play::new();
    for ticket in 0..SERVER_MESSAGES_BURST {
        sends(&mut play, NOW, ticket);
    }
    play
}

fn sends(play: &mut Play, now: u64, ticket: u64) {
    let effects = play.session.step(now, SessionInput::Line(ToClient, Ok(LOG.into())));
    assert!(matches!(effects.as_slice(), [SessionEffect::Decide(_)]), "{effects:?}");
    play.answer(ToClient, permit(ticket));
    play.session.step(NOW, SessionInput::Written(ToClient));
    play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
}

#[test]
fn messages_beyond_the_pace_are_dropped_and_noted_once() {
    let mut play = spent();
    let dropped = SessionEffect::CountRefusal("refused.overload");
    let noted = SessionEffect::Note(Note::ServerFloods);
    assert_eq!(play.line(ToClient, LOG), [dropped.clone(), noted]);
    for _ in 1..100 {
        assert_eq!(play.line(ToClient, LOG), std::slice::from_ref(&dropped));
    }
    assert_eq!(play.session.counts().dropped_of_server, 100);
    assert_eq!(play.session.counts().permitted, SERVER_MESSAGES_BURST);
}

#[test]
fn the_pace_comes_back_with_time() {
    let mut play = spent();
    for ticket in 0..SERVER_MESSAGES_PER_SECOND {
        sends(&mut play, 1_000, 1_000 + ticket);
    }
    let effects = play.session.step(1_000, SessionInput::Line(ToClient, Ok(LOG.into())));
    assert_eq!(effects[0], SessionEffect::CountRefusal("refused.overload"));
}

#[test]
fn a_request_of_a_server_that_comes_too_fast_is_answered() {
    let mut play = spent();
    let told = written(&play.line(ToClient, &request(r#""r""#, "roots/list")), ToServer);
    assert!(told[0].contains(r#""id":"r","error""#) && told[0].contains("refused.overload"));
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToClient)), []);
    assert!(play.session.wants(ToClient));
}

#[test]
fn answers_and_cancellations_of_a_server_have_no_pace() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.opens(ToClient, &request("2", "roots/list"), 2);
    for ticket in 1..SERVER_MESSAGES_BURST {
        sends(&mut play, NOW, 10 + ticket);
    }
    assert_eq!(play.line(ToClient, LOG)[0], SessionEffect::CountRefusal("refused.overload"));
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    play.asks(ToClient, cancel);
    play.answer(ToClient, permit(3));
    play.session.step(NOW, SessionInput::Written(ToClient));
    play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
    play.closes(ToClient, &result("1"), 1);
}

#[test]
fn a_dropped_list_change_still_clears_the_definitions() {
    let mut play = Play::new();
    play.session.definitions.record(&[("a".into(), Digest::of(b"a"))]);
    for ticket in 0..SERVER_MESSAGES_BURST {
        sends(&mut play, NOW, ticket);
    }
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    assert_eq!(play.line(ToClient, changed)[0], SessionEffect::CountRefusal("refused.overload"));
    assert_eq!(play.session.definitions.get("a"), None);
}

#[test]
fn a_server_that_never_pauses_is_stopped() {
    let mut play = spent();
    for _ in 0..SERVER_DROPPED_MAX {
        assert!(play.session.ended().is_none());
        play.line(ToClient, LOG);
    }
    assert_eq!(
        play.line(ToClient, LOG),
        [SessionEffect::CountRefusal("refused.overload"), SessionEffect::End]
    );
    assert_eq!(play.session.ended(), Some(&SessionEnd::Unruly));
}

#[test]
fn a_server_has_few_requests_open_at_a_time() {
    let mut play = Play::new();
    for id in 0..SERVER_OPEN_MAX as u64 {
        play.opens(ToClient, &request(&id.to_string(), "roots/list"), id);
    }
    let told = written(&play.line(ToClient, &request("100", "roots/list")), ToServer);
    assert!(told[0].contains("refused.overload"), "{told:?}");
    play.session.step(NOW, SessionInput::Written(ToClient));
    play.closes(ToServer, &result("0"), 0);
    play.opens(ToClient, &request("101", "roots/list"), 101);
}
