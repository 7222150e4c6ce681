mod answers;
mod calls;
mod cancellations;
mod deadlines;
mod definitions;
mod ends;
mod floods;
mod model;
mod refusals;
mod replies;

use proof::digest::Digest;

use super::*;
use crate::Stop;
use Direction::{ToClient, ToServer};

/// The time of every input that does not depend on time.
const NOW: u64 = 0;

/// A session that a test drives step by step.
struct Play {
    session: SessionState,
}

/// A permit with this ticket. The log's index does not matter here.
fn permit(ticket: u64) -> GateAnswer {
    GateAnswer::Permit { ticket, index: 100 + ticket }
}

fn deny() -> GateAnswer {
    GateAnswer::Deny {
        index: 7,
        code: "policy.denied".into(),
        policies: vec!["no-writes".into()],
        advice: vec![],
    }
}

fn write(lane: Direction, to: Direction, line: &str) -> SessionEffect {
    SessionEffect::Write { lane: Some(lane), to, line: line.into() }
}

fn complete(lane: Direction, ticket: u64, end: StepEnd, message: &str) -> SessionEffect {
    SessionEffect::Complete { lane: Some(lane), ticket, end, message: message.into(), output: None }
}

/// Completes a request to the client as unknown.
fn unknown(ticket: u64) -> SessionEffect {
    SessionEffect::CompleteUnknown { ticket, written: Written::Unmeasured }
}

/// Completes a request to the server as unknown. An empty `line` means that nothing was written.
fn lost(ticket: u64, line: &str) -> SessionEffect {
    let written = Written::Bytes(if line.is_empty() { 0 } else { line.len() as u64 + 1 });
    SessionEffect::CompleteUnknown { ticket, written }
}

fn error(id: &str, code: i64, message: &str, data: &str) -> String {
    let data = if data.is_empty() { String::new() } else { format!(",\"data\":{data}") };
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"{data}}}}}"#
    )
}

fn request(id: &str, method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#)
}

fn result(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
}

/// The lines among the effects that go in this direction.
fn written(effects: &[SessionEffect], direction: Direction) -> Vec<String> {
    let lines = effects.iter().filter_map(|effect| match effect {
        SessionEffect::Write { to, line, .. } if *to == direction => Some(line),
        _ => None,
    });
    lines.map(|line| String::from_utf8(line.clone()).unwrap()).collect()
}

impl Play {
    fn new() -> Self {
        Self { session: SessionState::new(Deadlines::default()) }
    }

    fn line(&mut self, to: Direction, line: &str) -> Vec<SessionEffect> {
        assert!(self.session.wants(to), "the lane {to:?} is not free for {line}");
        self.session.step(NOW, SessionInput::Line(to, Ok(line.into())))
    }

    /// Sends a call that is decided. Returns the step.
    fn asks(&mut self, to: Direction, line: &str) -> MessageStep {
        match self.line(to, line).as_slice() {
            [SessionEffect::Decide(step)] => step.clone(),
            other => panic!("{line} is not decided but {other:?}"),
        }
    }

    fn answer(&mut self, to: Direction, answer: GateAnswer) -> Vec<SessionEffect> {
        self.session.step(NOW, SessionInput::Decided(to, answer))
    }

    /// Sends a request that is permitted and written.
    fn opens(&mut self, to: Direction, line: &str, ticket: u64) {
        self.asks(to, line);
        assert_eq!(self.answer(to, permit(ticket)), [write(to, to, line)]);
        assert_eq!(self.session.step(NOW, SessionInput::Written(to)), []);
        assert!(self.session.wants(to));
    }

    /// Sends a response that completes the ticket and is forwarded unchanged. A client's is decided
    /// first.
    fn closes(&mut self, to: Direction, line: &str, ticket: u64) {
        if to == ToServer {
            return self.answers(line, ticket);
        }
        let end = if line.contains("\"error\":") { StepEnd::Error } else { StepEnd::Result };
        assert_eq!(self.line(to, line), [complete(to, ticket, end, line)]);
        assert_eq!(
            self.session.step(NOW, SessionInput::Completed(to, CompletionAnswer::Forward)),
            [write(to, to, line)]
        );
        assert_eq!(self.session.step(NOW, SessionInput::Written(to)), []);
        assert!(self.session.wants(to));
    }

    /// Sends a client's answer that is permitted, completes the ticket, and is forwarded unchanged.
    fn answers(&mut self, line: &str, ticket: u64) {
        let end = if line.contains("\"error\":") { StepEnd::Error } else { StepEnd::Result };
        assert!(self.asks(ToServer, line).method.starts_with("answer/"));
        let own = 10_000 + ticket;
        assert_eq!(self.answer(ToServer, permit(own)), [complete(ToServer, ticket, end, line)]);
        let forwarded =
            self.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Forward));
        assert_eq!(forwarded, [write(ToServer, ToServer, line)]);
        let sent = self.session.step(NOW, SessionInput::Written(ToServer));
        assert_eq!(sent, [complete(ToServer, own, StepEnd::Sent, "")]);
        assert_eq!(
            self.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Forward)),
            []
        );
        assert!(self.session.wants(ToServer));
    }

    /// Sends a line that is refused as `kind`. Returns the lines to the client.
    fn refused(&mut self, to: Direction, line: &str, kind: &str) -> Vec<String> {
        let effects = self.line(to, line);
        self.check_refused(to, &effects, kind)
    }

    fn check_refused(
        &mut self,
        to: Direction,
        effects: &[SessionEffect],
        kind: &str,
    ) -> Vec<String> {
        let [SessionEffect::CountRefusal("refused.input"), SessionEffect::Note(note), rest @ ..] =
            effects
        else {
            panic!("not refused but {effects:?}");
        };
        assert!(
            matches!(note, Note::Refused { kind: k, direction, .. } if *k == kind && *direction == to),
            "{note:?}"
        );
        assert_eq!(written(effects, ToServer), [] as [&str; 0]);
        assert!(rest.iter().all(|effect| matches!(effect, SessionEffect::Write { lane: Some(lane), to: ToClient, .. } if *lane == to)), "{rest:?}");
        if !rest.is_empty() {
            assert!(!self.session.wants(to));
            assert_eq!(self.session.step(NOW, SessionInput::Written(to)), []);
        }
        assert!(self.session.wants(to), "the next line is taken");
        written(effects, ToClient)
    }
}
