//! Any order of lines, answers, failures and ends, against what must hold of each.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::jsonrpc::{Message, Outcome};

use super::*;

const OF_CLIENT: [&str; 13] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{ }}}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
    r#"{"jsonrpc":"2.0","id":"1","method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
    r#"{"jsonrpc":"2.0","id":3,"method":"evil/thing"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#,
    r#"{"jsonrpc":"2.0","id":"s","error":{"code":5,"message":"no"}}"#,
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
    /// For each id of a decided request of the client, requests less answers.
    unanswered: BTreeMap<Id, i64>,
    client_deaf: bool,
}

impl World {
    fn step(&mut self, input: Input) {
        for effect in self.session.step(input) {
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
                if let (ToServer, Message::Request(request)) = (step.direction, message.unwrap()) {
                    *self.unanswered.entry(request.id).or_default() += 1;
                }
                self.ask(step.direction, Ask::Decide(step));
            }
            Effect::Complete { lane, ticket, end, message, .. } => {
                *self.tickets.get_mut(&ticket).expect("a ticket that was given") += 1;
                assert_eq!(lane.is_none(), end == End::Unknown);
                if let Some(lane) = lane {
                    self.ask(lane, Ask::Complete(message));
                }
            }
            Effect::List(names) => self.ask(ToClient, Ask::List(names.len())),
            Effect::Write { lane, to, line } => {
                assert!(to == ToClient || self.session.ended().is_none());
                self.written(to, &line);
                if let Some(lane) = lane {
                    self.ask(lane, Ask::Write(to));
                }
            }
            Effect::Refused(code) => assert_eq!(code, "refused.input"),
            Effect::Note(_) | Effect::CloseServer | Effect::End => {}
        }
    }

    /// A line is forwarded because it was allowed to, or is an answer of the gateway.
    fn written(&mut self, to: Direction, line: &[u8]) {
        let allowed = self.allowed.iter().position(|(way, text)| *way == to && text == line);
        if let Some(position) = allowed {
            self.allowed.swap_remove(position);
        } else {
            let text = String::from_utf8_lossy(line).replace("\"id\":null", "\"id\":\"null\"");
            let message = Message::parse(text.as_bytes()).unwrap();
            let Message::Response(response) = message else { panic!("{text} was not allowed") };
            let Outcome::Error(error) = response.outcome else { panic!("{text} was not allowed") };
            assert!(
                [-32700, -32600, -32601, -32001, -32002, -32003].contains(&error.code),
                "{text}"
            );
            if [-32700, -32600, -32601].contains(&error.code) {
                return;
            }
        }
        if to == ToClient
            && let Ok(Message::Response(response)) =
                Message::parse_with(line, wire::json::Numbers::Exact)
        {
            let left = self.unanswered.get_mut(&response.id).expect("it was asked");
            *left -= 1;
            assert!(*left >= 0, "{:?} is answered twice", response.id);
        }
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
                    2 if how > 200 => Answer::Stopped,
                    _ => permit(ticket),
                };
                if matches!(answer, Answer::Permit { .. }) {
                    self.tickets.insert(ticket, 0);
                    self.allowed.push((lane, step.message));
                }
                self.step(Input::Answered(lane, answer));
            }
            Ask::Complete(message) => {
                let completed = match how {
                    0..=220 => Completed::Forward,
                    221..=240 => Completed::Withheld { code: "execution.halted".into() },
                    _ => Completed::Stopped,
                };
                if completed == Completed::Forward {
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

    /// Ends the session, if nothing did, and lets all answers come.
    fn finish(&mut self) {
        self.step(Input::End(Ended::Stopped));
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
            assert!(self.unanswered.values().all(|left| *left == 0), "{:?}", self.unanswered);
        }
    }
}

#[derive(Debug, Clone)]
enum Move {
    Line(Direction, usize),
    Resolve(Direction, usize),
    Closed(Direction),
    Failed(Direction),
    End,
}

fn moves() -> impl Strategy<Value = Move> {
    let lane = prop::sample::select(vec![ToServer, ToClient]);
    prop_oneof![
        30 => (0..OF_CLIENT.len()).prop_map(|line| Move::Line(ToServer, line)),
        30 => (0..OF_SERVER.len()).prop_map(|line| Move::Line(ToClient, line)),
        120 => (lane.clone(), 0..256_usize).prop_map(|(lane, how)| Move::Resolve(lane, how)),
        1 => lane.clone().prop_map(Move::Closed),
        1 => lane.prop_map(Move::Failed),
        1 => Just(Move::End),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_goes_on_but_what_was_permitted_and_every_ticket_ends_once(
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
                    world.step(Input::Failed(to));
                }
                Move::End => world.step(Input::End(Ended::Client)),
            }
        }
        world.finish();
    }
}
