//! One session of an agent: what it writes, what must come of it, and whose fault its end is.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::answer::{self, Answer, Message, Said};
use super::lines::{Ends, Known, Line, Lines, Want};
use crate::random::Random;
use crate::support::joined;

/// Requests that wait for their answers, at most.
const WINDOW: usize = 8;
/// Lines that are kept to be shown with a fault.
const TRAIL: usize = 24;
/// The longest wait for an answer: a server's deadline, and what a loaded machine takes besides.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// How a session came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The client closed it.
    Closed,
    /// The client went without a word.
    Left,
    /// By a line of the client's.
    OfClient,
    /// By its server.
    OfServer,
    /// By an officer.
    Ordered,
    /// By nobody who may.
    Lost,
}

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// It ends its side, and waits for what is still to come.
    Close,
    /// It goes without a word.
    Drop,
    /// It waits for the node to end the session.
    Await,
}

/// What a session came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Lines that it wrote.
    pub(super) lines: u64,
    /// Answers, by what they were.
    pub(super) answers: BTreeMap<String, u64>,
    /// What the log must say, by the request's id.
    pub(super) said: Vec<(String, Said)>,
    /// What should not be.
    pub(super) faults: Vec<String>,
}

/// A request that waits for its answer.
struct Open {
    want: Want,
    /// Its place among the requests of the session.
    place: u64,
    since: Instant,
    is_cancelled: bool,
}

#[derive(Default)]
struct State {
    open: BTreeMap<String, Open>,
    places: u64,
    /// The last request that was answered, by its place.
    answered_last: u64,
    answered: VecDeque<Value>,
    asked: VecDeque<(Value, String)>,
    /// Texts of lines that were changed at random: an answer may be to one of them.
    wild: Vec<String>,
    is_over: bool,
    /// The server was too late with an answer that may end the session: it still may.
    may_end_late: bool,
    /// A line was sent that may end the session.
    has_fault: bool,
    /// An answer said that the session is over. Its stream may be open for a while.
    is_told_of_end: bool,
    /// The last lines either way, as far as they help to find a fault.
    trail: VecDeque<String>,
    tally: Tally,
}

pub(super) struct Session {
    stream: UnixStream,
    shared: Arc<(Mutex<State>, Condvar)>,
    reader: std::thread::JoinHandle<()>,
    /// The execution that it speaks for.
    pub(super) execution: String,
}

impl Session {
    /// Joins, and shakes hands. The node's refusal is an error with its problem as the message.
    pub(super) fn join(socket: &Path, workload: &str, server: &str) -> std::io::Result<Session> {
        let client::Session { stream, execution, .. } = joined(socket, workload, None, server)?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        let reader = BufReader::new(stream.try_clone()?);
        let shared = Arc::<(Mutex<State>, Condvar)>::default();
        // Nothing need come for a long time.
        stream.set_read_timeout(None)?;
        let reader = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || read(reader, &shared)
        });
        Ok(Session { stream, shared, reader, execution })
    }

    /// The first lines of each session.
    pub(super) fn greet(&mut self, random: &mut Random) -> std::io::Result<()> {
        let version = random.one_of(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]);
        let client = json!({"name": "soak", "version": "1"});
        let params = json!({"capabilities": {}, "clientInfo": client, "protocolVersion": version});
        let id = json!("greeting");
        let line = json!({"id": id, "jsonrpc": "2.0", "method": "initialize", "params": params});
        self.write(&greeting(line.to_string().into(), Some(id)), random)?;
        self.wait(|state| state.open.is_empty());
        let line = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.write(&greeting(line.to_string().into(), None), random)
    }

    /// What the next line may speak of, once there is room for another request; none once the
    /// session is over, or is at fault.
    pub(super) fn known(&self) -> Option<Known> {
        self.wait(|state| state.unanswered().count() < WINDOW || !state.asked.is_empty());
        let mut state = self.state();
        if state.is_over || state.is_told_of_end || !state.tally.faults.is_empty() {
            return None;
        }
        let waits = |open: &Open| open.want == Want::Silence && !open.is_cancelled;
        let open = state.open.iter().filter(|(_, open)| waits(open));
        let open = open.map(|(id, _)| serde_json::from_str(id).unwrap()).collect();
        let answered = state.answered.iter().cloned().collect();
        Some(Known { open, answered, asked: state.asked.pop_front() })
    }

    /// Writes a line in pieces, after what must come of it is noted.
    pub(super) fn write(&mut self, line: &Line, random: &mut Random) -> std::io::Result<()> {
        self.note(line);
        let mut bytes = line.bytes.clone();
        bytes.push(b'\n');
        let mut rest = bytes.as_slice();
        for _ in 0..random.below(4) {
            let (piece, after) =
                rest.split_at(usize::try_from(random.below(rest.len() as u64)).unwrap());
            self.stream.write_all(piece)?;
            // The node may read it now.
            std::thread::yield_now();
            rest = after;
        }
        self.stream.write_all(rest)
    }

    fn note(&self, line: &Line) {
        let mut state = self.state();
        state.leave_trail("wrote", &line.bytes);
        state.tally.lines += 1;
        state.has_fault |= !matches!(line.ends, Ends::Never);
        if line.is_wild {
            state.wild.push(String::from_utf8_lossy(&line.bytes).into_owned());
        }
        for (id, want) in &line.asks {
            state.answered.retain(|answered| answered != id);
            state.places += 1;
            let (place, since) = (state.places, Instant::now());
            let open = Open { want: want.clone(), place, since, is_cancelled: false };
            // Of an id that comes again while it is open, the first one counts.
            state.open.entry(id.to_string()).or_insert(open);
        }
        if let Some(open) = line.cancels.as_ref().and_then(|id| state.open.get_mut(&id.to_string()))
        {
            open.is_cancelled = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }

    /// Waits until this holds, or the session is over; what waits too long for its answer is a
    /// fault, and an end.
    fn wait(&self, holds: impl Fn(&State) -> bool) {
        let mut state = self.state();
        while !state.is_over && !holds(&state) {
            let oldest = state.open.values().filter(|open| open.must_be_answered());
            let oldest = oldest.map(|open| open.since).min().unwrap_or_else(Instant::now);
            let left = ANSWER_WITHIN.checked_sub(oldest.elapsed());
            let Some(left) = left else {
                let is_late = |open: &Open| open.since.elapsed() >= ANSWER_WITHIN;
                let late = state.unanswered().filter(|(_, open)| is_late(open));
                let late: Vec<String> = late.map(|(id, _)| id.clone()).collect();
                state.fault(format!("no answer in {ANSWER_WITHIN:?}: {late:?}"));
                return;
            };
            state = self.shared.1.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until all is answered that must be, and answers the server meanwhile; whether the
    /// session is over.
    pub(super) fn settle(&mut self, lines: &mut Lines, random: &mut Random) -> bool {
        loop {
            self.wait(|state| state.unanswered().next().is_none() || !state.asked.is_empty());
            let mut state = self.state();
            let Some((id, method)) = state.asked.pop_front() else {
                state.open.retain(|_, open| open.want != Want::Perhaps);
                return state.is_over;
            };
            drop(state);
            if self.write(&lines.answer(&id, &method), random).is_err() {
                return true;
            }
        }
    }

    /// Leaves, waits for the node's end of the session, and gives what it came to. `fault` is that
    /// of the last line.
    pub(super) fn end(
        self,
        leave: Leave,
        fault: Ends,
        is_ordered: impl Fn() -> bool,
    ) -> (End, Tally) {
        // The node may have closed it before.
        match leave {
            Leave::Close => drop(self.stream.shutdown(Shutdown::Write)),
            Leave::Drop => drop(self.stream.shutdown(Shutdown::Both)),
            Leave::Await => {}
        }
        let began = Instant::now();
        let mut state = self.state();
        while state.tally.faults.is_empty() && !state.is_over && began.elapsed() < ANSWER_WITHIN {
            state = self.shared.1.wait_timeout(state, Duration::from_secs(1)).unwrap().0;
        }
        if state.tally.faults.is_empty() && !state.is_over {
            state.fault(format!("the session does not end: {leave:?}, {fault:?}"));
        }
        drop(state);
        drop(self.stream.shutdown(Shutdown::Both));
        self.reader.join().unwrap();
        let mut state = self.shared.0.lock().unwrap();
        let end = match (leave, fault) {
            (Leave::Close, _) => End::Closed,
            (Leave::Drop, _) => End::Left,
            _ if is_ordered() => End::Ordered,
            (_, Ends::OfServer) => End::OfServer,
            (_, Ends::OfClient | Ends::May) => End::OfClient,
            (_, Ends::Never) if state.may_end_late => End::OfServer,
            (_, Ends::Never) if state.has_fault && state.is_told_of_end => End::OfClient,
            (_, Ends::Never) => End::Lost,
        };
        if end == End::Lost {
            state.fault("the session was lost without a fault of its own".to_owned());
        }
        let is_last = leave == Leave::Close || matches!(fault, Ends::OfClient | Ends::OfServer);
        if !matches!(end, End::Left | End::Ordered) {
            // Where the last line was taken, so was all that came before it.
            let taken = if is_last { u64::MAX } else { state.answered_last };
            state.hold_to_answers(taken);
        }
        (end, std::mem::take(&mut state.tally))
    }
}

fn greeting(bytes: Vec<u8>, id: Option<Value>) -> Line {
    let asks = id.into_iter().map(|id| (id, Want::Answer)).collect();
    Line { bytes, asks, ends: Ends::Never, cancels: None, is_wild: false }
}

impl Open {
    fn must_be_answered(&self) -> bool {
        !self.is_cancelled && self.want != Want::Perhaps
    }
}

impl State {
    /// Something should not be. The first time the last lines are shown.
    fn fault(&mut self, what: String) {
        if self.tally.faults.is_empty() {
            println!("{what}; the last lines of that session:");
            self.trail.iter().for_each(|line| println!("  {line}"));
        }
        self.tally.faults.push(what);
    }

    fn leave_trail(&mut self, what: &str, line: &[u8]) {
        let shown =
            String::from_utf8_lossy(&line[..line.len().min(200)]).escape_debug().to_string();
        self.trail.push_back(format!("{what} {shown}"));
        if self.trail.len() > TRAIL {
            self.trail.pop_front();
        }
    }

    fn unanswered(&self) -> impl Iterator<Item = (&String, &Open)> {
        self.open.iter().filter(|(_, open)| open.must_be_answered())
    }

    /// Lines are taken in order: at the end nothing is unanswered that came before what was taken
    /// last.
    fn hold_to_answers(&mut self, taken: u64) {
        let skipped = self.unanswered().filter(|(_, open)| open.place <= taken);
        let skipped: Vec<String> =
            skipped.map(|(id, open)| format!("{id}: {:?}", open.want)).collect();
        if !skipped.is_empty() {
            self.fault(format!("unanswered at the end: {skipped:?}"));
        }
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        let (id, answer) = match answer::read(line)? {
            Message::Request { id, method } => {
                self.asked.push_back((id, method));
                return Ok(());
            }
            Message::Notification => return Ok(()),
            Message::Answer { id, answer } => (id, answer),
        };
        self.leave_trail("read", line.as_bytes());
        let shown = || line.chars().take(400).collect::<String>();
        let Some(open) = self.open.remove(&id.to_string()) else {
            let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            return match self.wild.iter().any(|wild| wild.contains(&text)) {
                true => Ok(()),
                false => Err(format!("an answer to nothing that waits: {}", shown())),
            };
        };
        // Once a session has ended, what was sent after its last line is told so, and that line
        // itself may not be.
        match matches!(&answer, Answer::Own(error) if error.is_end()) {
            true => self.is_told_of_end = true,
            false => self.answered_last = self.answered_last.max(open.place),
        }
        // A server may still answer what it was too late for.
        match matches!(&answer, Answer::Own(error) if error.is_deadline()) {
            true => self.may_end_late |= open.want == Want::AnswerOrEnd,
            false => self.answered.push_back(id.clone()),
        }
        if self.answered.len() > WINDOW {
            self.answered.pop_front();
        }
        self.tally.said.extend(answer::said(&answer, line).map(|said| (id.to_string(), said)));
        let is_slow = open.want != Want::Silence && !open.is_cancelled;
        *self.tally.answers.entry(name(&answer, is_slow)).or_default() += 1;
        if let Answer::Own(error) = &answer
            && (error.is_end() || error.is_none_of_the_sessions())
        {
            return Ok(());
        }
        match open.is_cancelled || answer.is(&open.want, line) {
            true => Ok(()),
            false => Err(format!("not {:?}: {}", open.want, shown())),
        }
    }
}

/// What an answer is called in the figures. A server may be too slow on a busy machine.
fn name(answer: &Answer, is_slow: bool) -> String {
    match answer {
        Answer::Own(error) if error.is_deadline() && is_slow => "too slow".to_owned(),
        Answer::Result => "result".to_owned(),
        Answer::ServerError => "error".to_owned(),
        Answer::Own(error) if error.code.is_empty() => error.number.to_string(),
        Answer::Own(error) if error.side.is_empty() => error.code.clone(),
        Answer::Own(error) => format!("{} of the {}", error.code, error.side),
    }
}

/// Takes every line to the stream's end.
fn read(mut reader: BufReader<impl Read>, shared: &(Mutex<State>, Condvar)) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let mut state = shared.0.lock().unwrap();
        match read {
            Ok(1..) if line.last() == Some(&b'\n') => {
                let text = String::from_utf8_lossy(&line[..line.len() - 1]).into_owned();
                if let Err(fault) = state.take(&text) {
                    state.fault(fault);
                }
            }
            _ => state.is_over = true,
        }
        shared.1.notify_all();
        if state.is_over {
            return;
        }
    }
}
