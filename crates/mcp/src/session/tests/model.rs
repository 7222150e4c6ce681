//! Any order of lines, answers, failures and ends, checked against the rules of a session.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::jsonrpc::{Message, Outcome};

use super::*;
use crate::limits::{SERVER_MESSAGES_BURST, SERVER_MESSAGES_PER_SECOND};

/// How a line must be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concerns {
    /// It is decided.
    Gate,
    /// It is refused or dropped, and nobody waits.
    Nobody,
    /// It is answered without a decision, under this id.
    Asker(&'static str),
    /// It is refused, and answers the request with this id.
    Waiting(&'static str),
    /// It is refused, and it is unclear which request it concerns.
    Unclear,
}
use Concerns::{Asker, Gate, Nobody, Unclear, Waiting};

/// Short, so that many answers come too late.
const DEADLINES: Deadlines = Deadlines { server_ms: 6_000, client_ms: 20_000 };

const OF_CLIENT: [(&str, Concerns); 20] = [
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{ },"_meta":{"progressToken":"p"}}}"#,
        Gate,
    ),
    (r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#, Gate),
    (
        r#"{"jsonrpc":"2.0","id":"1","method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
        Gate,
    ),
    (r#"{"jsonrpc":"2.0","id":3,"method":"evil/thing"}"#, Gate),
    (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, Gate),
    (r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#, Gate),
    (r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":"s","error":{"code":5,"message":"no"}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":"s","result":{"content":1.5}}"#, Gate),
    (
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"words"}}"#,
        Gate,
    ),
    (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#, Asker("1")),
    (
        r#"{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"a","arguments":{"k":1,"K":2}}}"#,
        Asker("4"),
    ),
    (r#"{"jsonrpc":"2.0","id":"1","method":"sampling/createMessage"}"#, Asker("\"1\"")),
    (r#"{"jsonrpc":"2.0","id":9,"method":"server/discover"}"#, Asker("9")),
    (r#"{"jsonrpc":"2.0","id":"s","result":[]}"#, Waiting("\"s\"")),
    (r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[],"roots":[]}}"#, Waiting("1")),
    (r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#, Nobody),
    ("", Nobody),
    (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call""#, Unclear),
];

const OF_SERVER: [(&str, Concerns); 21] = [
    (
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1}}"#,
        Gate,
    ),
    (r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"a":1}}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a"}, {"name":"b"}]}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":"2025-06-18"}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":"1999-01-01"}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":3,"error":{"code":5,"message":"no"}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{}}"#, Gate),
    (r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#, Gate),
    (r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#, Gate),
    (r#"{"jsonrpc":"2.0","id":2,"result":{"tools":7}}"#, Waiting("2")),
    (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, Waiting("1")),
    (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"\u0061":2}}"#, Waiting("1")),
    (r#"{"jsonrpc":"2.0","id":3,"result":null}"#, Waiting("3")),
    (r#"{"jsonrpc":"2.0","id":"1","result":"text"}"#, Waiting("\"1\"")),
    (r#"{"jsonrpc":"2.0","id":"t","method":"initialize"}"#, Asker("\"t\"")),
    (r#"{"jsonrpc":"2.0","id":"s","method":"ping","params":7}"#, Asker("\"s\"")),
    ("Listening on stdio", Nobody),
    (r#"{"level":"info","id":1}"#, Nobody),
    (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, Unclear),
    (r#"{"jsonrpc":"2.0","id":2,"result":{"tools":["#, Unclear),
];

/// What a lane waits for.
#[derive(Debug)]
enum Ask {
    Decide(MessageStep),
    Complete(Vec<u8>),
    List(usize),
    Write(Direction),
}

/// A permitted request.
#[derive(Debug)]
struct Asked {
    to: Direction,
    id: Id,
    at_ms: u64,
}

struct World {
    session: SessionState,
    asks: BTreeMap<Direction, Ask>,
    /// Lines that may be written in a direction, once each.
    allowed: Vec<(Direction, Vec<u8>)>,
    /// For each ticket, how often it was completed.
    tickets: BTreeMap<u64, u32>,
    /// For each side and id of a request that was read and is to be answered, requests less
    /// answers.
    unanswered: BTreeMap<(Direction, Id), i64>,
    /// The permitted answer whose request is being completed before it is written, by lane.
    completes: BTreeMap<Direction, Vec<u8>>,
    is_client_unwritable: bool,
    /// Nothing more goes to the server.
    is_cut: bool,
    now_ms: u64,
    /// The requests that were permitted and have not ended, by ticket.
    asked: BTreeMap<u64, Asked>,
    /// Tickets of given-up requests whose end is not yet sequenced, with the id of the client's
    /// error.
    unsequenced: BTreeMap<u64, Option<Id>>,
    /// When progress was last forwarded, or the client last had an open request.
    excused_ms: u64,
    /// Decided messages that the server sent on its own initiative, without cancellations.
    of_server: u64,
}

impl World {
    fn new() -> Self {
        Self {
            session: SessionState::new(DEADLINES),
            asks: BTreeMap::new(),
            allowed: Vec::new(),
            tickets: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            completes: BTreeMap::new(),
            is_client_unwritable: false,
            is_cut: false,
            now_ms: 0,
            asked: BTreeMap::new(),
            unsequenced: BTreeMap::new(),
            excused_ms: 0,
            of_server: 0,
        }
    }

    fn step(&mut self, input: SessionInput) {
        self.excuse();
        let has_ended = self.session.ended().is_some();
        let of_client = &self.session.client_requests;
        let is_cancelled = |asked: &&Asked| of_client.is_cancelled(&asked.id);
        let cancelled: Vec<Id> =
            self.asked.values().filter(is_cancelled).map(|asked| asked.id.clone()).collect();
        let effects = self.session.step(self.now_ms, input);
        if !has_ended && !self.is_client_unwritable {
            self.check_untold(&effects, &cancelled);
        }
        for effect in effects {
            if let SessionEffect::GiveUp { ticket, .. } = &effect {
                let asked = self.asked.get(ticket).expect("it is open");
                let id = (asked.to == ToServer).then(|| asked.id.clone());
                self.unsequenced.insert(*ticket, id);
            }
            if let SessionEffect::Complete { ticket, .. }
            | SessionEffect::CompleteUnknown { ticket, .. }
            | SessionEffect::GiveUp { ticket, .. } = &effect
            {
                self.asked.remove(ticket);
            }
            self.check(effect);
        }
        self.excuse();
        self.check_deadlines();
    }

    /// While the server waits for the client, a call may exceed its deadline.
    fn excuse(&mut self) {
        if self.session.server_requests.waiting_count() > 0 {
            self.excused_ms = self.now_ms;
        }
    }

    /// A client whose call ends as unknown gets an error at once, unless it cancelled the call.
    fn check_untold(&mut self, effects: &[SessionEffect], cancelled: &[Id]) {
        let told: Vec<Id> = written(effects, ToClient)
            .iter()
            .filter_map(|line| Message::parse(line.as_bytes()).ok()?.id().cloned())
            .collect();
        for effect in effects {
            let SessionEffect::CompleteUnknown { ticket, .. } = effect else { continue };
            let Some(Asked { to: ToServer, id, .. }) = self.asked.get(ticket) else { continue };
            if !told.contains(id) {
                assert!(cancelled.contains(id), "{id:?} ends and nobody is told");
                *self.unanswered.get_mut(&(ToServer, id.clone())).unwrap() -= 1;
            }
        }
    }

    /// No request is open beyond its deadline, whatever came.
    fn check_deadlines(&self) {
        assert!(self.session.due_ms().is_none_or(|due| due > self.now_ms));
        for (ticket, asked) in &self.asked {
            let open = match asked.to {
                ToServer => &self.session.client_requests,
                ToClient => &self.session.server_requests,
            };
            if open.get(&asked.id).is_none_or(|opened| opened.ticket != *ticket) {
                continue;
            }
            let (since, longest) = match asked.to {
                ToServer => (asked.at_ms.max(self.excused_ms), DEADLINES.server_ms),
                ToClient => (asked.at_ms, DEADLINES.client_ms),
            };
            assert!(self.now_ms < since + longest, "{asked:?} is open at {}", self.now_ms);
            let latest = asked.at_ms + DEADLINES.server_ms * crate::limits::DEADLINES_MAX;
            assert!(self.now_ms < latest, "{asked:?} is open at {}", self.now_ms);
        }
    }

    fn ask(&mut self, lane: Direction, ask: Ask) {
        let before = self.asks.insert(lane, ask);
        assert!(before.is_none(), "the lane {lane:?} waits for {before:?} already");
    }

    fn check(&mut self, effect: SessionEffect) {
        match effect {
            SessionEffect::Decide(step) => {
                let message = Message::parse_with(&step.message, wire::json::Accept::Result);
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
            SessionEffect::Complete { lane, ticket, end, message, .. } => {
                *self.tickets.get_mut(&ticket).expect("a ticket that was given") += 1;
                // An unknown outcome is completed with the error for the sender.
                assert!(
                    lane.is_some()
                        && (!matches!(end, StepEnd::Unknown { .. }) || !message.is_empty())
                );
                if let Some(lane) = lane {
                    self.ask(lane, Ask::Complete(message));
                }
            }
            SessionEffect::CompleteUnknown { ticket, .. }
            | SessionEffect::GiveUp { ticket, .. } => {
                *self.tickets.get_mut(&ticket).expect("a ticket that was given") += 1;
            }
            SessionEffect::FilterTools(names) => self.ask(ToClient, Ask::List(names.len())),
            SessionEffect::Write { lane, to, line } => {
                assert!(to == ToClient || !self.is_cut);
                self.written(to, &line);
                if let Some(lane) = lane {
                    self.ask(lane, Ask::Write(to));
                }
            }
            SessionEffect::CountRefusal(code) => {
                assert!(["refused.input", "refused.overload"].contains(&code))
            }
            SessionEffect::End => self.is_cut = true,
            SessionEffect::Note(_) | SessionEffect::CloseServer => {}
        }
    }

    /// A written line was allowed, or is the gateway's own: an error, or a bare cancellation.
    fn written(&mut self, to: Direction, line: &[u8]) {
        let allowed = self.allowed.iter().position(|(way, text)| *way == to && text == line);
        let is_allowed = allowed.map(|position| self.allowed.swap_remove(position)).is_some();
        let text = String::from_utf8_lossy(line);
        let message = Message::parse_with(line, wire::json::Accept::Result).unwrap();
        let Message::Response(response) = message else {
            if text.contains("notifications/progress") {
                self.excused_ms = self.now_ms;
            }
            let bare = ["1", "2", "3", r#""s""#].map(|id| {
                format!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
                )
            });
            // The log message with the reason of the end, for a client whose message has no id to
            // answer.
            let tells_end =
                to == ToClient && self.is_cut && text.contains(r#""logger":"interlock""#);
            return assert!(
                is_allowed || tells_end || bare.iter().any(|bare| *bare == text),
                "{text} was not allowed"
            );
        };
        if !is_allowed {
            let Outcome::Error(error) = &response.outcome else { panic!("{text} was not allowed") };
            let own = crate::ErrorNumber::ALL.map(crate::ErrorNumber::number);
            assert!(own.contains(&error.code), "{text}");
            // The sender of a given-up request gets an error once its end is sequenced, or the
            // session is over.
            let waits = self.unsequenced.values().flatten().any(|id| *id == response.id);
            assert!(to == ToServer || self.is_cut || !waits, "{text} comes too early");
            // The id belongs to a message that was refused before a decision.
            if text.contains("refused.overload") {
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
                    1 => GateAnswer::Refused { code: "refused.quota".into() },
                    3 if how > 100 => GateAnswer::Pending {
                        index: 7,
                        pending: Digest::of(b"pending"),
                        awaits: vec![],
                        policies: vec![],
                        advice: vec![],
                    },
                    2 if how > 200 => GateAnswer::Stopped(Stop::Node),
                    _ => permit(ticket),
                };
                if matches!(answer, GateAnswer::Permit { .. }) {
                    self.tickets.insert(ticket, 0);
                    let message = Message::parse_with(&step.message, wire::json::Accept::Result);
                    if let Ok(Message::Request(request)) = message {
                        let asked = Asked { to: lane, id: request.id, at_ms: self.now_ms };
                        self.asked.insert(ticket, asked);
                    }
                    // An answer is allowed once it has completed the request.
                    match step.method.starts_with("answer/") {
                        true => drop(self.completes.insert(lane, step.message)),
                        false => self.allowed.push((lane, step.message)),
                    }
                }
                self.step(SessionInput::Decided(lane, answer));
            }
            Ask::Complete(message) => {
                let completed = match how {
                    0..=220 => CompletionAnswer::Forward,
                    221..=240 => CompletionAnswer::Withheld { code: "execution.halted".into() },
                    _ => CompletionAnswer::Stopped,
                };
                let decided = self.completes.remove(&lane);
                if completed == CompletionAnswer::Forward && !message.is_empty() {
                    // A server's request is completed with the permitted answer, or with the
                    // gateway's error.
                    let is_error = String::from_utf8_lossy(&message).contains("\"code\":-32");
                    assert!(lane == ToClient || decided.as_ref() == Some(&message) || is_error);
                    self.allowed.push((lane, message));
                }
                self.step(SessionInput::Completed(lane, completed));
            }
            Ask::List(names) => {
                let listed = (0..names).map(|bit| how >> bit & 1 == 1).collect();
                self.step(SessionInput::Filtered(listed));
            }
            Ask::Write(_) => self.step(SessionInput::Written(lane)),
        }
    }

    /// Lets the gate sequence the end of one given-up request.
    fn sequence(&mut self, how: usize) {
        let ticket = self.unsequenced.keys().nth(how % self.unsequenced.len().max(1)).copied();
        if let Some(ticket) = ticket {
            self.unsequenced.remove(&ticket);
            self.step(SessionInput::GiveUpSequenced(ticket));
        }
    }

    /// Whether a line ends the session: it is unclear which request it concerns, or its id is in
    /// use.
    fn would_end(&self, to: Direction, (line, concerns): (&str, Concerns)) -> bool {
        let is_taken = || match wire::jsonrpc::Outline::of(line.as_bytes()) {
            wire::jsonrpc::Outline::Request(id) => self.session.is_id_in_use(to, &id),
            _ => false,
        };
        let waiting = self.session.client_requests.waiting_count();
        (concerns == Unclear && (to == ToServer || waiting > 1)) || is_taken()
    }

    /// Gives a line to its lane, and checks that a message which must be answered is answered at
    /// once.
    fn feed(&mut self, to: Direction, (line, concerns): (&str, Concerns)) {
        let id = |raw: &str| Id::clone(Message::parse(&error_of(raw)).unwrap().id().unwrap());
        let message = Message::parse_with(line.as_bytes(), wire::json::Accept::Result);
        if concerns != Gate || !matches!(message, Ok(Message::Response(_))) {
            // Gives up overdue requests first, so that the line is not blamed for them. Answers may
            // find requests overdue.
            self.step(SessionInput::Time);
        }
        if let (Gate, Ok(Message::Request(request))) = (concerns, &message)
            && self.session.open_requests(to).was_given_up(&request.id)
            && !self.session.is_id_in_use(to, &request.id)
        {
            // It is refused, and answered so.
            *self.unanswered.entry((to, request.id.clone())).or_default() += 1;
        }
        let is_open = |world: &Self, side: Direction, raw: &str| match side {
            ToServer => world.session.client_requests.has(&id(raw)),
            ToClient => world.session.server_requests.has(&id(raw)),
        };
        let waiting = self.session.client_requests.waiting_count();
        let (is_asked, is_awaited) = match concerns {
            Asker(raw) => (self.session.is_id_in_use(to, &id(raw)), false),
            Waiting(raw) => (false, is_open(self, to.back(), raw)),
            _ => (false, false),
        };
        if let (Asker(raw), false) = (concerns, is_asked) {
            *self.unanswered.entry((to, id(raw))).or_default() += 1;
        }
        self.step(SessionInput::Line(to, Ok(line.into())));
        let has_ended = self.session.ended().is_some();
        match (concerns, self.asks.get(&to)) {
            (Gate, _) => {}
            // Its error would be taken for the answer to another.
            (Asker(_), _) if is_asked => assert!(has_ended, "{line}"),
            (Asker(_), Some(Ask::Write(way))) => assert_eq!(*way, to.back()),
            (Asker(_), None) => {
                assert!(self.session.is_server_unwritable || self.is_client_unwritable, "{line}")
            }
            (Waiting(_), Some(Ask::Complete(message))) => {
                assert!(is_awaited && !message.is_empty())
            }
            (Waiting(_), None) => assert!(!is_awaited, "{line}"),
            (Unclear, Some(Ask::Complete(_))) => assert!(to == ToClient && waiting == 1),
            (Unclear, None) => assert_eq!(has_ended, to == ToServer || waiting > 1, "{line}"),
            (Nobody, None) => assert!(!has_ended),
            (_, other) => panic!("{line}: {other:?}"),
        }
    }

    /// As many notifications as the lane takes.
    fn flood(&mut self, count: u64) {
        let line = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
        for _ in 0..count {
            if !self.session.wants(ToClient) {
                return;
            }
            self.step(SessionInput::Line(ToClient, Ok(line.into())));
            for _ in 0..3 {
                self.resolve(ToClient, 7);
            }
        }
        let most = SERVER_MESSAGES_BURST + self.now_ms * SERVER_MESSAGES_PER_SECOND / 1_000;
        assert!(self.of_server <= most, "{} of {most}", self.of_server);
    }

    /// Ends the session, if nothing did, and lets all answers come.
    fn finish(&mut self, code: &str) {
        self.step(SessionInput::End(SessionEnd::Ordered(code.into())));
        for _ in 0..8 {
            self.sequence(0);
            self.resolve(ToServer, 7);
            self.resolve(ToClient, 7);
        }
        assert!(self.asks.is_empty(), "{:?}", self.asks);
        assert!(!self.session.wants(ToServer) && !self.session.wants(ToClient));
        for (ticket, times) in &self.tickets {
            assert_eq!(*times, 1, "ticket {ticket}");
        }
        if !self.is_client_unwritable {
            let mut of_client = self.unanswered.iter().filter(|((way, _), _)| *way == ToServer);
            assert!(of_client.all(|(_, left)| *left == 0), "{:?}", self.unanswered);
        }
    }
}

/// An error with this id.
fn error_of(id: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":1,"message":""}}}}"#).into_bytes()
}

#[derive(Debug, Clone)]
enum Move {
    /// One of the lines. A line that ends the session is given only now and then.
    Line(Direction, usize, bool),
    Resolve(Direction, usize),
    Closed(Direction),
    Failed(Direction),
    Broken(Direction),
    /// The server sends this many notifications at once.
    Flood(u64),
    Wait(u64),
    /// The gate has sequenced the end of a given-up request.
    Sequenced(usize),
    /// The timer, whether it is due or not.
    Time,
    End,
    Ordered,
}

fn moves() -> impl Strategy<Value = Move> {
    let lane = prop::sample::select(vec![ToServer, ToClient]);
    let rarely = (0..32).prop_map(|one| one == 0);
    prop_oneof![
        30 => (0..OF_CLIENT.len(), rarely.clone()).prop_map(|(line, ends)| Move::Line(ToServer, line, ends)),
        30 => (0..OF_SERVER.len(), rarely).prop_map(|(line, ends)| Move::Line(ToClient, line, ends)),
        120 => (lane.clone(), 0..256_usize).prop_map(|(lane, how)| Move::Resolve(lane, how)),
        1 => lane.clone().prop_map(Move::Closed),
        1 => lane.clone().prop_map(Move::Failed),
        1 => lane.prop_map(Move::Broken),
        2 => (1..700_u64).prop_map(Move::Flood),
        6 => (0..5_000_u64).prop_map(Move::Wait),
        12 => (0..8_usize).prop_map(Move::Sequenced),
        4 => Just(Move::Time),
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
        let mut world = World::new();
        for next in moves {
            match next {
                Move::Line(to, line, ends) if world.session.wants(to) => {
                    let lines: &[_] = if to == ToServer { &OF_CLIENT } else { &OF_SERVER };
                    if ends || !world.would_end(to, lines[line]) {
                        world.feed(to, lines[line]);
                    }
                }
                Move::Closed(to) if world.session.wants(to) => world.step(SessionInput::Closed(to)),
                Move::Line(..) | Move::Closed(_) => {}
                Move::Resolve(lane, how) => world.resolve(lane, how),
                Move::Failed(to) => {
                    // A writer that fails never reports the write in progress.
                    world.is_client_unwritable |= to == ToClient;
                    world.asks.retain(|_, ask| !matches!(ask, Ask::Write(way) if *way == to));
                    world.step(SessionInput::Failed(to, 0));
                }
                Move::Broken(lane) => {
                    if !matches!(world.asks.get(&lane), Some(Ask::Write(_))) && world.asks.remove(&lane).is_some() {
                        world.step(SessionInput::GateFailed(lane));
                    }
                }
                Move::Flood(count) => world.flood(count),
                Move::Wait(ms) => world.now_ms += ms,
                Move::Sequenced(how) => world.sequence(how),
                Move::Time => world.step(SessionInput::Time),
                Move::End => world.step(SessionInput::End(SessionEnd::Client)),
                Move::Ordered => world.step(SessionInput::End(SessionEnd::Ordered("execution.halted".into()))),
            }
        }
        world.finish("execution.halted");
    }
}
