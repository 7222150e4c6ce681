//! The rules of one session as a state machine: [`SessionState::step`] takes an input and returns
//! effects.
//!
//! Each direction is a lane that handles one message at a time, in order. A request or a
//! notification is decided, then written. A server's response completes its request, then is
//! written. A client's response is decided, completes the server's request, then is written. A lane
//! takes its next line ([`SessionState::wants`]) only when it has finished the last one; this is
//! also the backpressure. A message is forwarded only by a permit of that moment, or by the
//! completion of a permitted request; see `docs/adr/0031-every-message-is-decided.md`.

mod answer;
mod answering;
mod cancelling;
mod counts;
mod deadlines;
mod definitions;
mod effect;
mod ended;
mod ending;
mod lane;
mod listing;
mod open;
mod pace;
mod read;
mod refusing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use wire::jsonrpc::Id;
use wire::mcp::Revision;

pub use counts::MessageCounts;
pub use deadlines::Deadlines;
pub use effect::{SessionEffect, SessionInput, Written};
pub use ended::SessionEnd;

use crate::limits::{DECIDED_BYTES_MAX, NOTES_MAX, OPEN_MAX, SERVER_DROPPED_MAX, SERVER_OPEN_MAX};
use crate::{CompletionAnswer, Direction, GateAnswer, MessageStep, Note, StepEnd};
pub(crate) use answer::node_ended;
use answer::{DenialForm, MessageRefusal};
use deadlines::UnreportedRequest;
use definitions::Definitions;
use lane::{AfterWrite, Lane};
use open::{OpenRequest, OpenRequests};
use pace::{MessagePace, RefusalPace};
use read::{CallMessage, Incoming, ResponseMessage};

/// Code of a refusal of a message that could not be read.
const REFUSED_INPUT: &str = "refused.input";
/// Code of a refusal of a message beyond a limit on how much is open or sent at a time.
const REFUSED_OVERLOAD: &str = "refused.overload";

/// The state of one session.
#[derive(Debug, Default)]
pub struct SessionState {
    to_server: Lane,
    to_client: Lane,
    /// Requests of the client that the server has not yet answered.
    client_requests: OpenRequests,
    /// Requests of the server that the client has not yet answered.
    server_requests: OpenRequests,
    pace: MessagePace,
    refusals: RefusalPace,
    deadlines: Deadlines,
    /// Requests that were given up and whose end is not yet sequenced, by ticket. Once it is, the
    /// sender gets an error.
    given_up: BTreeMap<u64, UnreportedRequest>,
    now_ms: u64,
    revision: Option<Revision>,
    definitions: Definitions,
    /// The client's last line was handled.
    client_ended: bool,
    /// Nothing can be written to the client.
    is_client_unwritable: bool,
    /// Nothing can be written to the server.
    is_server_unwritable: bool,
    counts: MessageCounts,
    ended: Option<SessionEnd>,
}

impl SessionState {
    /// A new session, whose requests are given up after these times.
    pub fn new(deadlines: Deadlines) -> Self {
        Self { deadlines, ..Self::default() }
    }

    /// Handles an input at this time of a clock that never steps back, and returns what to do.
    /// Requests that are overdue by then are given up first, unless the input ends the session.
    pub fn step(&mut self, now_ms: u64, input: SessionInput) -> Vec<SessionEffect> {
        self.now_ms = now_ms;
        let mut out = Vec::new();
        let client_was_asked = self.server_requests.waiting_count() > 0;
        if !input.ends() {
            self.give_up_overdue(&mut out);
        }
        match input {
            SessionInput::Time => {}
            SessionInput::Line(to, line) => self.handle_line(to, line, &mut out),
            SessionInput::Closed(to) => self.closed(to, &mut out),
            SessionInput::Decided(to, answer) => self.decided(to, answer, &mut out),
            SessionInput::Filtered(listed) => self.tools_filtered(&listed, &mut out),
            SessionInput::Completed(to, completed) => self.completed(to, completed, &mut out),
            SessionInput::Written(to) => self.written(to, &mut out),
            SessionInput::Failed(to, written) => self.failed(to, written, &mut out),
            SessionInput::GiveUpSequenced(ticket) => self.report_given_up(ticket, &mut out),
            SessionInput::GateFailed(to) => self.gate_failed(to, &mut out),
            SessionInput::End(why) => self.end(why, &mut out),
        }
        if client_was_asked && self.server_requests.waiting_count() == 0 {
            self.postpone_client_requests();
        }
        out
    }

    /// Whether this direction takes its next line, or the end of its stream.
    pub fn wants(&self, to: Direction) -> bool {
        self.ended.is_none() && matches!(self.lane(to), Lane::Idle)
    }

    /// Whether nothing more can go to the server. The session then waits only for the server to
    /// end.
    pub fn is_draining(&self) -> bool {
        self.ended.is_none() && matches!(self.to_server, Lane::Closed)
    }

    /// The reason why the session ended, if it did.
    pub fn ended(&self) -> Option<&SessionEnd> {
        self.ended.as_ref()
    }

    /// How many messages had which outcome so far.
    pub fn counts(&self) -> MessageCounts {
        self.counts
    }

    fn handle_line(
        &mut self,
        to: Direction,
        line: Result<Vec<u8>, wire::frame::Error>,
        out: &mut Vec<SessionEffect>,
    ) {
        if !self.wants(to) {
            // The driver breaks its contract: the line is dropped, never forwarded.
            out.push(SessionEffect::CountRefusal(REFUSED_OVERLOAD));
            return;
        }
        if line.as_ref().is_ok_and(|line| line.iter().all(|byte| *byte == b' ')) {
            return self.pace_refusals(to, out);
        }
        let incoming = line
            .map_err(MessageRefusal::from)
            .and_then(|line| read::parse_line(to, line, self.revision.unwrap_or(Revision::LATEST)));
        match incoming {
            Ok(Incoming::Call(call, step)) => self.handle_call(to, call, *step, out),
            Ok(Incoming::Response(response)) => self.handle_response(to, response, out),
            Ok(Incoming::Probe(id, _)) if self.is_id_in_use(to, &id) => {
                self.refuse(to, MessageRefusal::duplicate_id(&id), out);
            }
            Ok(Incoming::Probe(id, method)) => {
                self.counts.probes = self.counts.probes.saturating_add(1);
                let line = answer::no_such_method(&id, &method);
                if self.counts.probes <= NOTES_MAX {
                    out.push(SessionEffect::Note(Note::Probe { method }));
                }
                self.write(to, to.back(), line, out);
            }
            Err(refusal) => self.refuse(to, refusal, out),
        }
    }

    fn handle_call(
        &mut self,
        to: Direction,
        call: CallMessage,
        mut step: MessageStep,
        out: &mut Vec<SessionEffect>,
    ) {
        match to {
            Direction::ToServer => {
                let tool = step.tool.as_deref();
                step.definition = tool.and_then(|tool| self.definitions.get(tool));
            }
            // Whether or not it is permitted, the server's earlier lists are no longer valid.
            Direction::ToClient if step.method == definitions::CHANGED => self.definitions.clear(),
            Direction::ToClient => {}
        }
        if let Some(id) = &call.cancels {
            if self.open_requests(to).cancellable(id).is_none() {
                return self.drop_cancellation(to, out);
            }
        } else if to == Direction::ToClient && !self.pace.admits(self.now_ms) {
            return self.drop_surplus(call.id.as_ref(), out);
        }
        if let Some(id) = &call.id {
            if self.is_id_in_use(to, id) {
                return self.refuse(to, MessageRefusal::duplicate_id(id), out);
            }
            let unreported = self.unreported_count(to);
            let open = self.open_requests(to);
            if open.was_given_up(id) {
                return self.refuse(to, MessageRefusal::given_up_id(id), out);
            }
            let most = match to {
                Direction::ToServer => OPEN_MAX,
                Direction::ToClient => SERVER_OPEN_MAX,
            };
            if open.waiting_count().saturating_add(unreported) >= most {
                out.push(SessionEffect::CountRefusal(REFUSED_OVERLOAD));
                self.counts.undecided = self.counts.undecided.saturating_add(1);
                let line = answer::refused(id, REFUSED_OVERLOAD);
                return self.write(to, to.back(), line, out);
            }
        }
        if step.message.len() > DECIDED_BYTES_MAX {
            let refusal = MessageRefusal::too_long(call.id.as_ref(), step.message.len());
            return self.refuse(to, refusal, out);
        }
        *self.lane_mut(to) = Lane::Deciding(call);
        out.push(SessionEffect::Decide(step));
    }

    /// Drops a message of a server that sends faster than its pace allows, whatever the message
    /// says.
    fn drop_surplus(&mut self, id: Option<&Id>, out: &mut Vec<SessionEffect>) {
        let lane = Direction::ToClient;
        self.counts.dropped_of_server = self.counts.dropped_of_server.saturating_add(1);
        out.push(SessionEffect::CountRefusal(REFUSED_OVERLOAD));
        if self.counts.dropped_of_server == 1 {
            out.push(SessionEffect::Note(Note::ServerFloods));
        }
        self.answer_sender(lane, id.map(|id| answer::refused(id, REFUSED_OVERLOAD)), out);
        if self.pace.dropped() > SERVER_DROPPED_MAX {
            self.end(SessionEnd::Unruly, out);
        }
    }

    fn decided(&mut self, to: Direction, answer: GateAnswer, out: &mut Vec<SessionEffect>) {
        let call = match self.take_lane(to) {
            Lane::Deciding(call) => call,
            Lane::DecidingResponse(response) => {
                return self.client_response_decided(response, answer, out);
            }
            lane => return *self.lane_mut(to) = lane,
        };
        let verdict = match answer {
            GateAnswer::Permit { ticket, .. } => return self.permitted(to, call, ticket, out),
            GateAnswer::Stopped(stop) => {
                let why = SessionEnd::from(stop);
                let line = call.id.map(|id| answer::ended(&id, &why));
                self.end(why, out);
                return self.answer_sender(to, line, out);
            }
            other => other,
        };
        self.count(&verdict);
        if let Some(id) = call.cancels {
            return self.cancel_in_place(to, &id, out);
        }
        let form = DenialForm {
            shows_policies: to == Direction::ToServer,
            is_known_method: call.is_known,
        };
        let line = call.id.map(|id| answer::not_permitted(&id, verdict, form));
        self.answer_sender(to, line, out);
    }

    /// Counts a verdict that is no permit.
    fn count(&mut self, verdict: &GateAnswer) {
        let count = match verdict {
            GateAnswer::Deny { .. } | GateAnswer::Pending { .. } => &mut self.counts.denied,
            _ => &mut self.counts.undecided,
        };
        *count = count.saturating_add(1);
    }

    fn permitted(
        &mut self,
        to: Direction,
        call: CallMessage,
        ticket: u64,
        out: &mut Vec<SessionEffect>,
    ) {
        self.counts.permitted = self.counts.permitted.saturating_add(1);
        let unwritten = SessionEffect::CompleteUnknown { ticket, written: unwritten(to) };
        if let Some(why) = &self.ended {
            // The decision came too late: it is not forwarded.
            let line = call.id.map(|id| answer::ended(&id, why));
            out.push(unwritten);
            return self.answer_sender(to, line, out);
        }
        if let Some(id) = &call.cancels
            && let Some(forgotten) = self.open_requests(to).cancel(id)
        {
            out.push(forgotten.completed_as_unknown());
        }
        if call.id.is_none()
            && let Some(token) = &call.progress
        {
            self.postpone_by_progress(to, token);
        }
        let is_unwritable = to == Direction::ToServer && self.is_server_unwritable;
        let after = match call.id {
            Some(id) => {
                let (due_ms, latest_ms) = self.due_and_latest_ms(to);
                let written = match to {
                    Direction::ToServer if is_unwritable => Written::Bytes(0),
                    Direction::ToServer => Written::UnderWay,
                    Direction::ToClient => Written::Unmeasured,
                };
                let CallMessage { kind, method, progress, .. } = call;
                let request =
                    OpenRequest { ticket, kind, method, progress, written, due_ms, latest_ms };
                self.open_requests(to).insert(id.clone(), request);
                AfterWrite::Request(id, line_bytes(&call.line))
            }
            None if is_unwritable => {
                out.push(unwritten);
                AfterWrite::Settled
            }
            None => AfterWrite::OneWay(ticket),
        };
        if is_unwritable {
            // A request stays open, and ends as unknown with the session.
            return self.free_lane(to);
        }
        *self.lane_mut(to) = Lane::Writing { to, after };
        out.push(SessionEffect::Write { lane: Some(to), to, line: call.line });
    }

    /// Answers the sender of a request that is not forwarded. Without a `line`, the message was a
    /// notification and is dropped.
    fn answer_sender(
        &mut self,
        to: Direction,
        line: Option<Vec<u8>>,
        out: &mut Vec<SessionEffect>,
    ) {
        match line {
            Some(line) => self.write(to, to.back(), line, out),
            None => self.free_lane(to),
        }
    }

    fn handle_response(
        &mut self,
        to: Direction,
        response: ResponseMessage,
        out: &mut Vec<SessionEffect>,
    ) {
        let Some(request) = self.open_requests(to.back()).get(&response.id) else {
            if self.open_requests(to.back()).take_late(&response.id) {
                return self.drop_late(to, out);
            }
            return self.refuse(to, MessageRefusal::unknown_id(&response.id), out);
        };
        if to == Direction::ToServer {
            let step = read::answer_step(&request.method, &response);
            return self.decide_client_response(response, step, out);
        }
        let kind = request.kind;
        match read::response_meaning(kind, &response) {
            Ok(read::ResponseMeaning::Plain) => self.complete(to, response, out),
            Ok(read::ResponseMeaning::Revision(revision)) => match Revision::parse(&revision) {
                Some(revision) => {
                    self.revision = Some(revision);
                    self.complete(to, response, out);
                }
                None => self.end(SessionEnd::Revision(revision), out),
            },
            Ok(read::ResponseMeaning::Tools(listing)) => {
                let tools = listing.definitions();
                self.definitions.record(&tools);
                out.push(SessionEffect::FilterTools(tools));
                *self.lane_mut(to) = Lane::FilteringTools(response.id, listing);
            }
            Err(refusal) => self.refuse(to, refusal, out),
        }
    }

    fn tools_filtered(&mut self, listed: &[bool], out: &mut Vec<SessionEffect>) {
        let to = Direction::ToClient;
        match self.take_lane(to) {
            Lane::FilteringTools(id, listing) if self.ended.is_none() => {
                let response = ResponseMessage {
                    id,
                    end: StepEnd::Result,
                    output: listing.output(),
                    line: listing.filtered(listed),
                };
                self.complete(to, response, out);
            }
            lane => *self.lane_mut(to) = lane,
        }
    }

    fn complete(&mut self, to: Direction, response: ResponseMessage, out: &mut Vec<SessionEffect>) {
        let ResponseMessage { id, end, line, output } = response;
        let Some(ticket) = self.open_requests(to.back()).remove(&id) else {
            // It was given up while its answer was handled.
            if self.open_requests(to.back()).take_late(&id) {
                self.drop_late(to, out);
            }
            return;
        };
        let message = line.clone();
        *self.lane_mut(to) = Lane::Completing { id, line, answer_ticket: None };
        out.push(SessionEffect::Complete { lane: Some(to), ticket, end, message, output });
    }

    fn completed(
        &mut self,
        to: Direction,
        completed: CompletionAnswer,
        out: &mut Vec<SessionEffect>,
    ) {
        match (self.take_lane(to), completed) {
            (
                Lane::Completing { line, answer_ticket: Some(ticket), .. },
                CompletionAnswer::Forward,
            ) => {
                self.write_client_response(ticket, line, out);
            }
            (Lane::Completing { line, .. }, CompletionAnswer::Forward) => {
                self.write(to, to, line, out)
            }
            (Lane::Completing { id, answer_ticket, .. }, CompletionAnswer::Withheld { code }) => {
                out.extend(answer_ticket.map(answering::unwritten));
                self.write(to, to, answer::withheld(&id, &code), out);
            }
            (Lane::Completing { id, answer_ticket, .. }, CompletionAnswer::Stopped) => {
                out.extend(answer_ticket.map(answering::unwritten));
                self.end(SessionEnd::Stopped, out);
                if to == Direction::ToClient {
                    let line = answer::ended(&id, &SessionEnd::Stopped);
                    out.push(SessionEffect::Write { lane: None, to, line });
                }
                self.free_lane(to);
            }
            (Lane::CompletingOneWay, CompletionAnswer::Stopped) => {
                self.end(SessionEnd::Stopped, out);
                self.free_lane(to);
            }
            (Lane::CompletingOneWay, _) => self.free_lane(to),
            (lane, _) => *self.lane_mut(to) = lane,
        }
    }

    fn written(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        match self.take_lane(to) {
            Lane::Writing { after: AfterWrite::Settled, .. } => self.free_lane(to),
            Lane::Writing { after: AfterWrite::Request(id, bytes), .. } => {
                if to == Direction::ToServer {
                    // A request that was given up meanwhile is no longer open.
                    self.open_requests(to).set_written(&id, Written::Bytes(bytes));
                }
                self.free_lane(to);
            }
            Lane::Writing { after: AfterWrite::OneWay(ticket), .. } => {
                *self.lane_mut(to) = Lane::CompletingOneWay;
                out.push(SessionEffect::Complete {
                    lane: Some(to),
                    ticket,
                    end: StepEnd::Sent,
                    message: Vec::new(),
                    output: None,
                });
            }
            lane => *self.lane_mut(to) = lane,
        }
    }
}

/// How much was written of a line that was never queued.
fn unwritten(to: Direction) -> Written {
    match to {
        Direction::ToServer => Written::Bytes(0),
        Direction::ToClient => Written::Unmeasured,
    }
}

/// Bytes of a line with its LF.
fn line_bytes(line: &[u8]) -> u64 {
    u64::try_from(line.len()).unwrap_or(u64::MAX).saturating_add(1)
}
