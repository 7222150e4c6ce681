//! Any order of lines, answers, failures and ends, against what must hold of each.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::jsonrpc::{Message, Outcome};

use super::*;
use crate::limits::{SERVER_MESSAGES_BURST, SERVER_MESSAGES_PER_SECOND};

const OF_CLIENT: [&str; 15] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{ }}}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
    r#"{"jsonrpc":"2.0","id":"1","method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
    r#"{"jsonrpc":"2.0","id":3,"method":"evil/thing"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#,
    r#"{"jsonrpc":"2.0","id":"s","error":{"code":5,"message":"no"}}"#,
    r#"{"jsonrpc":"2.0","id":"s","result":{"content":1.5}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"words"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
    r#"{"jsonrpc":"2.0","id":9,"method":"server/discover"}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call""#,
    r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#,
];

const OF_SERVER: [&str; 12] = [
    r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":1}}}"#,
    r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a"}, {"name":"b"}]}}"#,
    r#"{"jsonrpc":"2.0","id":2,"result":{"tools":7}}"#,
    r#"{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":"2025-06-18"}}"#,
    r#"{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":"1999-01-01"}}"#,
    r#"{"jsonrpc":"2.0","id":3,"error":{"code":5,"message":"no"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#,
    r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
    "Listening on stdio",
    r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
];

/// What a lane waits for.
#[derive(Debug)]
enum Ask {
    Decide(Step),
    Complete(Vec<u8>),
    List(usize),
    Write(Direction),
}

#[derive(Default)]
struct World {
    session: Session,
    asks: BTreeMap<Direction, Ask>,
    /// Lines that may be written in a direction, once each.
    allowed: Vec<(Direction, Vec<u8>)>,
    /// For each ticket, how often it was completed.
    tickets: BTreeMap<u64, u32>,
    /// For each side and id of a request that was read and is to be answered, requests less answers.
    unanswered: BTreeMap<(Direction, Id), i64>,
    /// The request and the line of the answer that is completed before it is written, by lane.
    completes: BTreeMap<Direction, Vec<u8>>,
    client_deaf: bool,
    now_ms: u64,
    /// Messages that the server sent of its own accord and that were decided, without cancellations.
    of_server: u64,
}

impl World {
    fn step(&mut self, input: Input) {
        for effect in self.session.step(self.now_ms, input) {
            self.check(effect);
        }
    }

    fn ask(&mut self, lane: Direction, ask: Ask) {
        let before = self.asks.insert(lane, ask);
        assert!(before.is_none(), "the lane {lane:?} waits for {before:?} already");
    }

    fn check(&mut self, effect: Effect) {
        match effect {
            Effect::Decide(step) => {
                let message = Message::parse_with(&step.message, wire::json::Numbers::Exact);
                assert_eq!(
                    step.method.starts_with("answer/"),
                    matches!(message, Ok(Message::Response(_)))
                );
                let cancels = step.method == "notifications/cancelled";
                self.of_server += u64::from(step.direction == ToClient && !cancels);
                if let Message::Request(request) = message.unwrap() {
                    *self.unanswered.entry((step.direction, request.id)).or_default() += 1;
                }
                self.ask(step.direction, Ask::Decide(step));
            }
            Effect::Complete { lane, ticket, end, message, .. } => {
                *self.tickets.get_mut(&ticket).expect("a ticket that was given") += 1;
                assert!(lane.is_some() && !matches!(end, End::Unknown { .. }));
                if let Some(lane) = lane {
                    self.ask(lane, Ask::Complete(message));
                }
            }
            Effect::Lost { ticket, .. } => {
                *self.tickets.get_mut(&ticket).expect("a ticket that was given") += 1;
            }
            Effect::List(names) => self.ask(ToClient, Ask::List(names.len())),
            Effect::Write { lane, to, line } => {
                assert!(to == ToClient || self.session.ended().is_none());
                self.written(to, &line);
                if let Some(lane) = lane {
                    self.ask(lane, Ask::Write(to));
                }
            }
            Effect::Refused(code) => assert!(["refused.input", "refused.overload"].contains(&code)),
            Effect::Note(_) | Effect::CloseServer | Effect::End => {}
        }
    }

    /// A line is forwarded because it was allowed to, or is the gateway's own: an error, or a bare cancellation.
    fn written(&mut self, to: Direction, line: &[u8]) {
        let allowed = self.allowed.iter().position(|(way, text)| *way == to && text == line);
        let is_allowed = allowed.map(|position| self.allowed.swap_remove(position)).is_some();
        let text = String::from_utf8_lossy(line).replace("\"id\":null", "\"id\":\"null\"");
        let message = Message::parse_with(text.as_bytes(), wire::json::Numbers::Exact).unwrap();
        let Message::Response(response) = message else {
            let bare =
                r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
            let bare = [bare, &bare.replace("1}", "2}")];
            return assert!(is_allowed || bare.contains(&text.as_str()), "{text} was not allowed");
        };
        if !is_allowed {
            let Outcome::Error(error) = &response.outcome else { panic!("{text} was not allowed") };
            let own = [-32700, -32600, -32601, -32001, -32002, -32003, -32004];
            assert!(own.contains(&error.code), "{text}");
            // The id of what was refused before it was decided, or of none.
            if [-32700, -32600, -32601].contains(&error.code) {
                return;
            }
            if error.code == -32002 && text.contains("refused.overload") {
                return;
            }
        }
        let left =
            self.unanswered.get_mut(&(to.back(), response.id.clone())).expect("it was asked");
        *left -= 1;
        assert!(*left >= 0, "{:?} is answered twice", response.id);
    }

    /// Gives a lane what it waits for; `how` chooses which.
    fn resolve(&mut self, lane: Direction, how: usize) {
        let Some(ask) = self.asks.remove(&lane) else { return };
        match ask {
            Ask::Decide(step) => {
                let ticket = self.tickets.len() as u64;
                let answer = match how % 8 {
                    0 => deny(),
                    1 => Answer::Refused { code: "refused.quota".into() },
                    3 if how > 100 => Answer::Pending {
                        index: 7,
                        pending: Digest::of(b"pending"),
                        awaits: vec![],
                        policies: vec![],
                        advice: vec![],
                    },
                    2 if how > 200 => Answer::Stopped,
                    _ => permit(ticket),
                };
                if matches!(answer, Answer::Permit { .. }) {
                    self.tickets.insert(ticket, 0);
                    // An answer is allowed once it has completed the request.
                    match step.method.starts_with("answer/") {
                        true => drop(self.completes.insert(lane, step.message)),
                        false => self.allowed.push((lane, step.message)),
                    }
                }
                self.step(Input::Answered(lane, answer));
            }
            Ask::Complete(message) => {
                let completed = match how {
                    0..=220 => Completed::Forward,
                    221..=240 => Completed::Withheld { code: "execution.halted".into() },
                    _ => Completed::Stopped,
                };
                let decided = self.completes.remove(&lane);
                if completed == Completed::Forward && !message.is_empty() {
                    // What completes a server's request is what was permitted as its answer, or the gateway's error.
                    let is_error = String::from_utf8_lossy(&message).contains("\"code\":-32");
                    assert!(lane == ToClient || decided.as_ref() == Some(&message) || is_error);
                    self.allowed.push((lane, message));
                }
                self.step(Input::Completed(lane, completed));
            }
            Ask::List(names) => {
                let listed = (0..names).map(|bit| how >> bit & 1 == 1).collect();
                self.step(Input::Listed(listed));
            }
            Ask::Write(_) => self.step(Input::Written(lane)),
        }
    }

    /// As many notifications as the lane takes.
    fn flood(&mut self, count: u64) {
        let line = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
        for _ in 0..count {
            if !self.session.wants(ToClient) {
                return;
            }
            self.step(Input::Line(ToClient, Ok(line.into())));
            for _ in 0..3 {
                self.resolve(ToClient, 7);
            }
        }
        let most = SERVER_MESSAGES_BURST + self.now_ms * SERVER_MESSAGES_PER_SECOND / 1_000;
        assert!(self.of_server <= most, "{} of {most}", self.of_server);
    }

    /// Ends the session, if nothing did, and lets all answers come.
    fn finish(&mut self, code: &str) {
        self.step(Input::End(Ended::Ordered(code.into())));
        for _ in 0..8 {
            self.resolve(ToServer, 7);
            self.resolve(ToClient, 7);
        }
        assert!(self.asks.is_empty(), "{:?}", self.asks);
        assert!(!self.session.wants(ToServer) && !self.session.wants(ToClient));
        for (ticket, times) in &self.tickets {
            assert_eq!(*times, 1, "ticket {ticket}");
        }
        if !self.client_deaf {
            let mut of_client = self.unanswered.iter().filter(|((way, _), _)| *way == ToServer);
            assert!(of_client.all(|(_, left)| *left == 0), "{:?}", self.unanswered);
        }
    }
}

#[derive(Debug, Clone)]
enum Move {
    Line(Direction, usize),
    Resolve(Direction, usize),
    Closed(Direction),
    Failed(Direction),
    Broken(Direction),
    /// The server sends this many notifications at once.
    Flood(u64),
    Wait(u64),
    End,
    Ordered,
}

fn moves() -> impl Strategy<Value = Move> {
    let lane = prop::sample::select(vec![ToServer, ToClient]);
    prop_oneof![
        30 => (0..OF_CLIENT.len()).prop_map(|line| Move::Line(ToServer, line)),
        30 => (0..OF_SERVER.len()).prop_map(|line| Move::Line(ToClient, line)),
        120 => (lane.clone(), 0..256_usize).prop_map(|(lane, how)| Move::Resolve(lane, how)),
        1 => lane.clone().prop_map(Move::Closed),
        1 => lane.clone().prop_map(Move::Failed),
        1 => lane.prop_map(Move::Broken),
        2 => (1..700_u64).prop_map(Move::Flood),
        2 => (0..5_000_u64).prop_map(Move::Wait),
        1 => Just(Move::End),
        1 => Just(Move::Ordered),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn all_is_permitted_answered_and_completed_once(
        moves in prop::collection::vec(moves(), 0..120)
    ) {
        let mut world = World::default();
        for next in moves {
            match next {
                Move::Line(to, line) if world.session.wants(to) => {
                    let lines: &[&str] = if to == ToServer { &OF_CLIENT } else { &OF_SERVER };
                    world.step(Input::Line(to, Ok(lines[line].into())));
                }
                Move::Closed(to) if world.session.wants(to) => world.step(Input::Closed(to)),
                Move::Line(..) | Move::Closed(_) => {}
                Move::Resolve(lane, how) => world.resolve(lane, how),
                Move::Failed(to) => {
                    // A writer that fails never reports the write that it was at.
                    world.client_deaf |= to == ToClient;
                    world.asks.retain(|_, ask| !matches!(ask, Ask::Write(way) if *way == to));
                    world.step(Input::Failed(to, 0));
                }
                Move::Broken(lane) => {
                    if !matches!(world.asks.get(&lane), Some(Ask::Write(_))) && world.asks.remove(&lane).is_some() {
                        world.step(Input::Broken(lane));
                    }
                }
                Move::Flood(count) => world.flood(count),
                Move::Wait(ms) => world.now_ms += ms,
                Move::End => world.step(Input::End(Ended::Client)),
                Move::Ordered => world.step(Input::End(Ended::Ordered("execution.halted".into()))),
            }
        }
        world.finish("execution.halted");
    }
}
