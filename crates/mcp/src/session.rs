//! The rules of one session as a state machine: [`Session::step`] takes what happened and says what to do.
//!
//! Each direction is a lane that handles one message at a time, in order: decide, then write; or, for a response,
//! complete, then write. A lane takes its next line ([`Session::wants`]) only when the last one is dealt with,
//! which is also the backpressure. Nothing is forwarded but by a permit, or by the completion of a permitted
//! request.

mod answer;
mod definitions;
mod ending;
mod listing;
mod open;
mod read;
#[cfg(test)]
mod tests;

use proof::digest::Digest;
use wire::jsonrpc::Id;
use wire::mcp::Revision;

pub use answer::{DENIED, ENDED, PENDING, REFUSED};

use crate::limits::{NOTES_MAX, OPEN_MAX};
use crate::{Answer, Completed, Direction, End, Note, Step};
use answer::Problem;
use definitions::Definitions;
use ending::unknown;
use listing::Listing;
use open::{Asked, Open, Opened};
use read::{Call, Incoming, Reply};

/// Code of a refusal for what could not be read.
const REFUSED_INPUT: &str = "refused.input";
/// Code of a refusal for more than is held at a time.
const REFUSED_OVERLOAD: &str = "refused.overload";

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// A line came that wants to go in this direction, without its LF; or one that the framing refused.
    Line(Direction, Result<Vec<u8>, wire::frame::Error>),
    /// No further line comes in this direction.
    Closed(Direction),
    /// The answer to [`Effect::Decide`].
    Answered(Direction, Answer),
    /// The answer to [`Effect::List`]: for each name, whether it is listed.
    Listed(Vec<bool>),
    /// The answer to an [`Effect::Complete`] that named a lane.
    Completed(Direction, Completed),
    /// An [`Effect::Write`] that named this lane is written whole.
    Written(Direction),
    /// A write in this direction failed, and all later ones will.
    Failed(Direction),
    /// The session must end.
    End(Ended),
}

/// Something to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the gate; answered by [`Input::Answered`].
    Decide(Step),
    /// Tell the gate what came of a ticket; answered by [`Input::Completed`] if a lane waits for it.
    Complete {
        /// The lane that waits.
        lane: Option<Direction>,
        /// The permit's ticket.
        ticket: u64,
        /// How it ended.
        end: End,
        /// What will be forwarded.
        message: Vec<u8>,
        /// The structured result.
        output: Option<String>,
    },
    /// Ask the gate which of these tools are listed, by name and digest of the definition; answered by
    /// [`Input::Listed`].
    List(Vec<(String, Digest)>),
    /// Write this line and an LF; answered by [`Input::Written`] if a lane waits for it.
    Write {
        /// The lane that waits.
        lane: Option<Direction>,
        /// Whom to write to.
        to: Direction,
        /// The line without its LF.
        line: Vec<u8>,
    },
    /// Count a refusal.
    Refused(&'static str),
    /// Tell an operator.
    Note(Note),
    /// Nothing more goes to the server: close its stdin, after what is to be written.
    CloseServer,
    /// The session has ended: stop the server. Effects and inputs for what is in flight still follow.
    End,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The client went away, or ended its side and the server had its time to end.
    Client,
    /// The server ended, or closed its stdout.
    Server,
    /// The server sent more refused messages than [`crate::limits::SERVER_REFUSALS_MAX`].
    Unruly,
    /// The server chose this revision, which is not read here.
    Revision(String),
    /// The node is stopping.
    Stopped,
    /// The execution may not go on, with this code.
    Ordered(String),
}

/// How many messages had which fate. Responses are in none of the first three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests and notifications that were permitted.
    pub permitted: u64,
    /// Requests and notifications that were denied, or wait for approval.
    pub denied: u64,
    /// Requests and notifications for which the gate made no decision.
    pub undecided: u64,
    /// Messages of the client that were refused before a decision.
    pub refused_of_client: u64,
    /// Messages of the server that were refused before a decision.
    pub refused_of_server: u64,
    /// Probes for a newer revision. They are answered, not decided, and no refusals.
    pub probes: u64,
}

/// The state of one session.
#[derive(Debug, Default)]
pub struct Session {
    to_server: Lane,
    to_client: Lane,
    /// Requests of the client that the server has not yet answered.
    asked_by_client: Open,
    /// Requests of the server that the client has not yet answered.
    asked_by_server: Open,
    revision: Option<Revision>,
    definitions: Definitions,
    /// The client's last line was handled.
    client_ended: bool,
    /// Nothing can be written to the client.
    client_deaf: bool,
    /// Nothing can be written to the server.
    server_deaf: bool,
    counts: Counts,
    ended: Option<Ended>,
}

/// What a direction is waiting for.
#[derive(Debug, Default)]
enum Lane {
    /// The next line.
    #[default]
    Idle,
    /// The decision of this call.
    Deciding(Call),
    /// Which of the tools are listed.
    Listing(Id, Listing),
    /// The completion of the request with this id; then this response goes on.
    Completing(Id, Vec<u8>),
    /// A write; then the notification with this ticket is completed.
    Writing { to: Direction, sent: Option<u64> },
    /// The completion of a notification.
    Settling,
    /// Nothing more.
    Closed,
}

impl Session {
    /// A session in which nothing has happened.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what happened and says what to do.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Line(to, line) => self.line(to, line, &mut out),
            Input::Closed(to) => self.closed(to, &mut out),
            Input::Answered(to, answer) => self.answered(to, answer, &mut out),
            Input::Listed(listed) => self.listed(&listed, &mut out),
            Input::Completed(to, completed) => self.completed(to, completed, &mut out),
            Input::Written(to) => self.written(to, &mut out),
            Input::Failed(to) => self.failed(to, &mut out),
            Input::End(why) => self.end(why, &mut out),
        }
        out
    }

    /// Whether this direction takes its next line, or its end.
    pub fn wants(&self, to: Direction) -> bool {
        self.ended.is_none() && matches!(self.lane(to), Lane::Idle)
    }

    /// Whether nothing more can go to the server, so that the session waits only for the server to end.
    pub fn is_draining(&self) -> bool {
        self.ended.is_none() && matches!(self.to_server, Lane::Closed)
    }

    /// Why the session ended, if it did.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// How many messages had which fate so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn line(
        &mut self,
        to: Direction,
        line: Result<Vec<u8>, wire::frame::Error>,
        out: &mut Vec<Effect>,
    ) {
        if !self.wants(to) {
            // The driver breaks its contract; what it gives is lost, never forwarded.
            out.push(Effect::Refused(REFUSED_OVERLOAD));
            return;
        }
        let incoming = line
            .map_err(Problem::from)
            .and_then(|line| read::incoming(to, line, self.revision.unwrap_or(Revision::LATEST)));
        match incoming {
            Ok(Incoming::Call(call, step)) => self.call(to, call, *step, out),
            Ok(Incoming::Reply(reply)) => self.reply(to, reply, out),
            Ok(Incoming::Probe(id, _)) if self.asked_by_client.has(&id) => {
                self.refuse(to, Problem::duplicate_id(), out);
            }
            Ok(Incoming::Probe(id, method)) => {
                self.counts.probes = self.counts.probes.saturating_add(1);
                let line = answer::no_such_method(&id, &method);
                if self.counts.probes <= NOTES_MAX {
                    out.push(Effect::Note(Note::Probe { method }));
                }
                self.write(to, to.back(), line, out);
            }
            Err(problem) => self.refuse(to, problem, out),
        }
    }

    fn call(&mut self, to: Direction, call: Call, mut step: Step, out: &mut Vec<Effect>) {
        match to {
            Direction::ToServer => {
                let tool = step.tool.as_deref();
                step.definition = tool.and_then(|tool| self.definitions.get(tool));
            }
            // Decided or not: what the server takes back holds no more.
            Direction::ToClient if step.method == definitions::CHANGED => self.definitions.forget(),
            Direction::ToClient => {}
        }
        if let Some(id) = &call.id {
            let open = self.asked(to);
            if open.has(id) {
                return self.refuse(to, Problem::duplicate_id(), out);
            }
            if open.waiting() >= OPEN_MAX {
                out.push(Effect::Refused(REFUSED_OVERLOAD));
                self.counts.undecided = self.counts.undecided.saturating_add(1);
                let line = answer::refused(id, REFUSED_OVERLOAD);
                return self.write(to, to.back(), line, out);
            }
        }
        *self.lane_mut(to) = Lane::Deciding(call);
        out.push(Effect::Decide(step));
    }

    fn answered(&mut self, to: Direction, answer: Answer, out: &mut Vec<Effect>) {
        let call = match self.take(to) {
            Lane::Deciding(call) => call,
            lane => return *self.lane_mut(to) = lane,
        };
        match answer {
            Answer::Permit { ticket, .. } => self.permitted(to, call, ticket, out),
            Answer::Deny { index, code, policies, advice } => {
                self.counts.denied = self.counts.denied.saturating_add(1);
                // Which policies there are is not the server's to know.
                let told = (to == Direction::ToServer).then_some((policies, advice));
                let line = call.id.map(|id| answer::denied(&id, index, &code, told));
                self.turn_back(to, line, out);
            }
            Answer::Pending { index, pending, awaits, policies, advice } => {
                self.counts.denied = self.counts.denied.saturating_add(1);
                let told = (to == Direction::ToServer).then_some((policies, advice));
                let waits = (pending, awaits);
                let line = call.id.map(|id| answer::pending(&id, index, waits, told));
                self.turn_back(to, line, out);
            }
            Answer::Refused { code } => {
                self.counts.undecided = self.counts.undecided.saturating_add(1);
                self.turn_back(to, call.id.map(|id| answer::refused(&id, &code)), out);
            }
            Answer::Stopped => {
                self.end(Ended::Stopped, out);
                let line = call.id.map(|id| answer::ended(&id, &Ended::Stopped));
                self.turn_back(to, line, out);
            }
        }
    }

    fn permitted(&mut self, to: Direction, call: Call, ticket: u64, out: &mut Vec<Effect>) {
        self.counts.permitted = self.counts.permitted.saturating_add(1);
        if let Some(why) = &self.ended {
            // It was decided too late to be forwarded.
            let line = call.id.map(|id| answer::ended(&id, why));
            out.push(unknown(ticket));
            return self.turn_back(to, line, out);
        }
        if let Some(id) = &call.cancels
            && let Some(forgotten) = self.asked(to).cancel(id)
        {
            out.push(unknown(forgotten));
        }
        let sent = match call.id {
            Some(id) => {
                self.asked(to).insert(id, Opened { ticket, asked: call.asked });
                None
            }
            None => Some(ticket),
        };
        if to == Direction::ToServer && self.server_deaf {
            // A request stays open; it ends as unknown with the session.
            out.extend(sent.map(unknown));
            return self.rest(to);
        }
        *self.lane_mut(to) = Lane::Writing { to, sent };
        out.push(Effect::Write { lane: Some(to), to, line: call.line });
    }

    /// Answers the sender of a request that is not forwarded, or drops a notification.
    fn turn_back(&mut self, to: Direction, line: Option<Vec<u8>>, out: &mut Vec<Effect>) {
        match line {
            Some(line) => self.write(to, to.back(), line, out),
            None => self.rest(to),
        }
    }

    fn reply(&mut self, to: Direction, reply: Reply, out: &mut Vec<Effect>) {
        let Some(asked) = self.asked(to.back()).get(&reply.id) else {
            return self.refuse(to, Problem::unknown_id(), out);
        };
        match read::outcome(asked, &reply) {
            Ok(read::Outcome::Plain) => self.complete(to, reply, out),
            Ok(read::Outcome::Revision(revision)) => match Revision::parse(&revision) {
                Some(revision) => {
                    self.revision = Some(revision);
                    self.complete(to, reply, out);
                }
                None => self.end(Ended::Revision(revision), out),
            },
            Ok(read::Outcome::Tools(listing)) => {
                let tools = listing.definitions();
                self.definitions.learn(&tools);
                out.push(Effect::List(tools));
                *self.lane_mut(to) = Lane::Listing(reply.id, listing);
            }
            Err(problem) => {
                if asked == Asked::ListTools {
                    self.definitions.forget();
                }
                self.refuse(to, problem, out);
            }
        }
    }

    fn listed(&mut self, listed: &[bool], out: &mut Vec<Effect>) {
        let to = Direction::ToClient;
        match self.take(to) {
            Lane::Listing(id, listing) if self.ended.is_none() => {
                let reply = Reply {
                    id,
                    end: End::Result,
                    output: listing.output(),
                    line: listing.filtered(listed),
                };
                self.complete(to, reply, out);
            }
            lane => *self.lane_mut(to) = lane,
        }
    }

    fn complete(&mut self, to: Direction, reply: Reply, out: &mut Vec<Effect>) {
        let Reply { id, end, line, output } = reply;
        let Some(ticket) = self.asked(to.back()).remove(&id) else { return };
        let message = line.clone();
        *self.lane_mut(to) = Lane::Completing(id, line);
        out.push(Effect::Complete { lane: Some(to), ticket, end, message, output });
    }

    fn completed(&mut self, to: Direction, completed: Completed, out: &mut Vec<Effect>) {
        match (self.take(to), completed) {
            (Lane::Completing(_, line), Completed::Forward) => self.write(to, to, line, out),
            (Lane::Completing(id, _), Completed::Withheld { code }) => {
                self.write(to, to, answer::withheld(&id, &code), out);
            }
            (Lane::Completing(id, _), Completed::Stopped) => {
                self.end(Ended::Stopped, out);
                if to == Direction::ToClient {
                    let line = answer::ended(&id, &Ended::Stopped);
                    out.push(Effect::Write { lane: None, to, line });
                }
                self.rest(to);
            }
            (Lane::Settling, Completed::Stopped) => {
                self.end(Ended::Stopped, out);
                self.rest(to);
            }
            (Lane::Settling, _) => self.rest(to),
            (lane, _) => *self.lane_mut(to) = lane,
        }
    }

    fn written(&mut self, to: Direction, out: &mut Vec<Effect>) {
        match self.take(to) {
            Lane::Writing { sent: None, .. } => self.rest(to),
            Lane::Writing { sent: Some(ticket), .. } => {
                *self.lane_mut(to) = Lane::Settling;
                out.push(Effect::Complete {
                    lane: Some(to),
                    ticket,
                    end: End::Sent,
                    message: Vec::new(),
                    output: None,
                });
            }
            lane => *self.lane_mut(to) = lane,
        }
    }
}
