//! Requests that are not answered in time: the sender gets an error, the request ends as unknown,
//! and no late answer is forwarded.

use super::*;
use crate::limits::{CLIENT_DEADLINE_MS, DEADLINE_MS, DEADLINES_MAX, GIVEN_UP_MAX, OPEN_MAX};

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"progressToken":"p"}}}"#;
const PROGRESS: &str = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1}}"#;
const LATE: &str = "server.deadline: the server did not answer in time; whether the call was carried out is not known";

fn cancel(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

fn overdue(id: &str) -> String {
    error(id, -32_007, LATE, r#"{"code":"server.deadline"}"#)
}

fn aside(to: Direction, line: &str) -> SessionEffect {
    SessionEffect::Write { lane: None, to, line: line.into() }
}

fn given_up(ticket: u64, line: &str) -> SessionEffect {
    SessionEffect::GiveUp { ticket, written: Written::Bytes(line.len() as u64 + 1) }
}

fn note(direction: Direction, method: &str) -> SessionEffect {
    SessionEffect::Note(Note::Overdue { direction, method: method.into() })
}

impl Play {
    /// The effects of this time, and of sequencing the requests that are given up by then.
    fn at(&mut self, now_ms: u64) -> Vec<SessionEffect> {
        let effects = self.session.step(now_ms, SessionInput::Time);
        self.sequenced(now_ms, effects)
    }

    fn sequenced(&mut self, now_ms: u64, mut effects: Vec<SessionEffect>) -> Vec<SessionEffect> {
        for effect in effects.clone() {
            if let SessionEffect::GiveUp { ticket, .. } = effect {
                effects.extend(self.session.step(now_ms, SessionInput::GiveUpSequenced(ticket)));
            }
        }
        effects
    }

    /// Sends a notification that is permitted and written, at this time.
    fn tells(&mut self, now_ms: u64, to: Direction, line: &str) {
        let decided = self.session.step(now_ms, SessionInput::Line(to, Ok(line.into())));
        assert!(matches!(decided.as_slice(), [SessionEffect::Decide(_)]), "{decided:?}");
        self.session.step(now_ms, SessionInput::Decided(to, permit(77)));
        self.session.step(now_ms, SessionInput::Written(to));
        self.session.step(now_ms, SessionInput::Completed(to, CompletionAnswer::Forward));
        assert!(self.session.wants(to));
    }
}

#[test]
fn an_overdue_call_is_answered_ended_and_cancelled() {
    let mut play = Play::new();
    assert_eq!(play.session.due_ms(), None);
    play.opens(ToServer, CALL, 1);
    assert_eq!(play.session.due_ms(), Some(DEADLINE_MS));
    assert_eq!(play.at(DEADLINE_MS - 1), []);
    let expected = [
        given_up(1, CALL),
        note(ToServer, "tools/call"),
        aside(ToServer, &cancel("1")),
        aside(ToClient, &overdue("1")),
    ];
    assert_eq!(play.at(DEADLINE_MS), expected);
    assert_eq!((play.session.due_ms(), play.session.counts().overdue), (None, 1));
    assert!(play.session.wants(ToServer) && play.session.wants(ToClient));
}

#[test]
fn a_given_up_call_is_reported_once_it_is_sequenced() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    let effects = play.session.step(DEADLINE_MS, SessionInput::Time);
    assert_eq!(written(&effects, ToClient), [] as [&str; 0]);
    let told = play.session.step(DEADLINE_MS, SessionInput::GiveUpSequenced(1));
    assert_eq!(told, [aside(ToClient, &overdue("1"))]);
    assert_eq!(play.session.step(DEADLINE_MS, SessionInput::GiveUpSequenced(1)), []);
}

#[test]
fn an_ending_session_reports_given_up_requests() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    play.session.step(DEADLINE_MS, SessionInput::Time);
    let effects = play.session.step(DEADLINE_MS, SessionInput::End(SessionEnd::Stopped));
    assert_eq!(effects, [SessionEffect::End, aside(ToClient, &overdue("1"))]);
    assert_eq!(play.session.step(DEADLINE_MS, SessionInput::GiveUpSequenced(1)), []);
}

#[test]
fn the_id_of_an_unreported_given_up_call_is_in_use() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    play.session.step(DEADLINE_MS, SessionInput::Time);
    let late = SessionInput::Line(ToClient, Ok(result("1").into_bytes()));
    play.session.step(DEADLINE_MS, late);
    let again = SessionInput::Line(ToServer, Ok(request("1", "ping").into_bytes()));
    play.session.step(DEADLINE_MS, again);
    assert!(matches!(play.session.ended(), Some(SessionEnd::Unreadable { .. })));
}

#[test]
fn an_overdue_call_is_given_up_before_its_answer_is_read() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    let effects =
        play.session.step(DEADLINE_MS, SessionInput::Line(ToClient, Ok(result("1").into_bytes())));
    assert_eq!(effects.last(), Some(&SessionEffect::CountRefusal("refused.input")));
    let effects = play.sequenced(DEADLINE_MS, effects);
    assert_eq!(written(&effects, ToClient), [overdue("1")]);
    assert_eq!(play.session.counts().late, 1);
}

#[test]
fn a_late_answer_is_dropped_and_counted_once() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    play.at(DEADLINE_MS);
    assert_eq!(play.line(ToClient, &result("1")), [SessionEffect::CountRefusal("refused.input")]);
    assert_eq!(play.refused(ToClient, &result("1"), "session.unknown_id"), [] as [&str; 0]);
    let counts = play.session.counts();
    assert_eq!((counts.late, counts.refused_of_server), (1, 1));
}

#[test]
fn the_id_of_a_given_up_call_is_refused_under_that_id() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    play.at(DEADLINE_MS);
    let told = play.refused(ToServer, &request("1", "ping"), "session.duplicate_id");
    assert!(told[0].contains("may be answered still: use another id"), "{told:?}");
    // Once the late answer has come, it can't be taken for the answer to the next request.
    play.line(ToClient, &result("1"));
    play.opens(ToServer, &request("1", "ping"), 2);
    play.closes(ToClient, &result("1"), 2);
}

#[test]
fn the_ids_of_given_up_calls_are_bounded() {
    let mut play = Play::new();
    for id in 0..=GIVEN_UP_MAX {
        play.opens(ToServer, &request(&id.to_string(), "ping"), 1);
        if id == OPEN_MAX - 1 {
            play.at(DEADLINE_MS);
        }
    }
    play.at(2 * DEADLINE_MS);
    assert_eq!(play.session.counts().overdue, GIVEN_UP_MAX as u64 + 1);
    // The oldest is forgotten.
    play.refused(ToClient, &result("0"), "session.unknown_id");
    assert_eq!(play.line(ToClient, &result("1")), [SessionEffect::CountRefusal("refused.input")]);
}

#[test]
fn a_line_that_is_being_written_counts_as_written_in_part() {
    let mut play = Play::new();
    play.asks(ToServer, CALL);
    play.answer(ToServer, permit(1));
    let effects = play.at(DEADLINE_MS);
    assert_eq!(effects[0], SessionEffect::GiveUp { ticket: 1, written: Written::Unmeasured });
    assert_eq!(written(&effects, ToClient), [overdue("1")]);
    assert_eq!(play.session.step(DEADLINE_MS, SessionInput::Written(ToServer)), []);
    assert!(play.session.wants(ToServer));
}

#[test]
fn a_cancelled_call_ends_at_its_deadline_unreported() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    play.tells(5, ToServer, &cancel("1"));
    assert_eq!(play.at(DEADLINE_MS), [lost(1, CALL)]);
    assert_eq!(play.line(ToClient, &result("1")), [SessionEffect::CountRefusal("refused.input")]);
}

#[test]
fn an_initialize_is_given_up_and_never_cancelled() {
    let mut play = Play::new();
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
    play.opens(ToServer, line, 1);
    let effects = play.at(DEADLINE_MS);
    assert_eq!(written(&effects, ToClient), [overdue("1")]);
    assert_eq!(written(&effects, ToServer), [] as [&str; 0]);
}

#[test]
fn a_tool_list_being_filtered_when_overdue_is_dropped() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "tools/list"), 1);
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"}]}}"#;
    assert!(matches!(play.line(ToClient, list).as_slice(), [SessionEffect::FilterTools(_)]));
    assert_eq!(written(&play.at(DEADLINE_MS), ToClient), [overdue("1")]);
    let listed = play.session.step(DEADLINE_MS, SessionInput::Filtered(vec![true]));
    assert_eq!(listed, [SessionEffect::CountRefusal("refused.input")]);
    assert!(play.session.wants(ToClient));
}

#[test]
fn progress_that_was_asked_for_puts_a_deadline_off() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    play.opens(ToServer, &request("2", "ping"), 2);
    play.tells(DEADLINE_MS - 1, ToClient, PROGRESS);
    // The other request asked for no progress.
    assert_eq!(written(&play.at(DEADLINE_MS), ToClient), [overdue("2")]);
    assert_eq!(play.at(2 * DEADLINE_MS - 2), []);
    assert_eq!(written(&play.at(2 * DEADLINE_MS - 1), ToClient), [overdue("1")]);
}

#[test]
fn progress_that_is_denied_puts_nothing_off() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    let line = SessionInput::Line(ToClient, Ok(PROGRESS.into()));
    play.session.step(DEADLINE_MS - 1, line);
    assert_eq!(play.session.step(DEADLINE_MS - 1, SessionInput::Decided(ToClient, deny())), []);
    assert_eq!(written(&play.at(DEADLINE_MS), ToClient), [overdue("1")]);
}

#[test]
fn no_progress_puts_a_deadline_off_beyond_the_latest() {
    let mut play = Play::new();
    play.opens(ToServer, CALL, 1);
    let latest = DEADLINES_MAX * DEADLINE_MS;
    for number in 0..=DEADLINES_MAX {
        play.tells(number * (DEADLINE_MS - 1), ToClient, PROGRESS);
    }
    assert_eq!(play.at(latest - 1), []);
    assert_eq!(written(&play.at(latest), ToClient), [overdue("1")]);
}

#[test]
fn a_client_that_never_answers_keeps_nothing_open() {
    let mut play = Play::new();
    play.opens(ToClient, &request("1", "roots/list"), 1);
    let why = "client.deadline: the client did not answer in time";
    let expected = [
        SessionEffect::GiveUp { ticket: 1, written: Written::Unmeasured },
        note(ToClient, "roots/list"),
        aside(ToClient, &cancel("1")),
        aside(ToServer, &error("1", -32_007, why, r#"{"code":"client.deadline"}"#)),
    ];
    assert_eq!(play.at(CLIENT_DEADLINE_MS - 1), []);
    assert_eq!(play.at(CLIENT_DEADLINE_MS), expected);
    assert_eq!(play.line(ToServer, &result("1")), [SessionEffect::CountRefusal("refused.input")]);
}

#[test]
fn an_answer_being_decided_when_overdue_is_dropped() {
    let mut play = Play::new();
    play.opens(ToClient, &request("1", "roots/list"), 1);
    play.asks(ToServer, &result("1"));
    play.at(CLIENT_DEADLINE_MS);
    let effects = play.session.step(CLIENT_DEADLINE_MS, SessionInput::Decided(ToServer, permit(2)));
    assert_eq!(effects, [lost(2, "")]);
    assert!(play.session.wants(ToServer));
}

#[test]
fn a_call_waits_while_the_client_is_asked_and_a_deadline_after() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.opens(ToClient, &request("9", "roots/list"), 2);
    // The deadline passes, but the request stays open: the server may wait for a person.
    let late = DEADLINE_MS + 5_000;
    assert_eq!(play.at(DEADLINE_MS), []);
    let answer = SessionInput::Line(ToServer, Ok(result("9").into_bytes()));
    assert!(matches!(play.session.step(late, answer).as_slice(), [SessionEffect::Decide(_)]));
    play.session.step(late, SessionInput::Decided(ToServer, permit(3)));
    assert_eq!(play.at(late + DEADLINE_MS - 1), []);
    assert_eq!(written(&play.at(late + DEADLINE_MS), ToClient), [overdue("1")]);
}

#[test]
fn a_server_that_asks_for_ever_holds_a_call_to_its_latest() {
    let deadlines = Deadlines { server_ms: 1_000, client_ms: 5_000 };
    let mut play = Play { session: SessionState::new(deadlines) };
    play.opens(ToServer, &request("1", "ping"), 1);
    let latest = DEADLINES_MAX * 1_000;
    for (ticket, at) in (2_u64..).zip((0..latest).step_by(500)) {
        let line = request(&format!("\"s{ticket}\""), "roots/list");
        play.session.step(at, SessionInput::Line(ToClient, Ok(line.into())));
        play.session.step(at, SessionInput::Decided(ToClient, permit(ticket)));
        let effects = play.session.step(at, SessionInput::Written(ToClient));
        assert_eq!(written(&effects, ToClient), [] as [&str; 0]);
    }
    let answers = written(&play.at(latest), ToClient);
    assert_eq!(answers.iter().filter(|line| **line == overdue("1")).count(), 1, "{answers:?}");
}
