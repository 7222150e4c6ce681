use wire::frame;
use wire::jsonrpc::{Id, Outline};
use wire::mcp::Revision;

use super::answer::MessageRefusal;
use super::read::{self, Incoming};
use super::{AfterWrite, Lane, SessionEnd, SessionState, Written, answer};
use crate::session::SessionEffect;
use crate::session::open::OpenRequests;
use crate::{CompletionAnswer, Direction, GateAnswer, Stop};

/// The session's end, and the small steps that all other rules use.
impl SessionState {
    /// No further line will arrive in this direction.
    pub(super) fn closed(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        match to {
            Direction::ToServer => {
                self.client_ended = true;
                self.is_server_unwritable = true;
                self.free_lane(to);
                out.push(SessionEffect::CloseServer);
            }
            Direction::ToClient if self.client_ended => self.end(SessionEnd::Client, out),
            Direction::ToClient => self.end(SessionEnd::Server, out),
        }
    }

    /// Writes in this direction fail. `written` is how many bytes of the last line the pipe
    /// accepted.
    pub(super) fn failed(&mut self, to: Direction, written: u64, out: &mut Vec<SessionEffect>) {
        if to == Direction::ToClient {
            self.is_client_unwritable = true;
            return self.end(SessionEnd::Client, out);
        }
        self.is_server_unwritable = true;
        for lane in [Direction::ToServer, Direction::ToClient] {
            match self.take_lane(lane) {
                Lane::Writing { to: Direction::ToServer, after } => {
                    let written = Written::Bytes(written);
                    match after {
                        AfterWrite::Settled => {}
                        AfterWrite::Request(id, _) => {
                            self.client_requests.set_written(&id, written)
                        }
                        AfterWrite::OneWay(ticket) => {
                            out.push(SessionEffect::CompleteUnknown { ticket, written })
                        }
                    }
                    self.free_lane(lane);
                }
                Lane::Idle => self.free_lane(lane),
                other => *self.lane_mut(lane) = other,
            }
        }
    }

    /// The answer that a lane waits for will not come: the session ends, and the sender gets an
    /// error.
    pub(super) fn gate_failed(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        match self.lane(to) {
            Lane::Deciding(_) | Lane::DecidingResponse(_) => {
                self.decided(to, GateAnswer::Stopped(Stop::Node), out)
            }
            Lane::Completing { .. } | Lane::CompletingOneWay => {
                self.completed(to, CompletionAnswer::Stopped, out);
            }
            _ => self.end(SessionEnd::Stopped, out),
        }
    }

    /// Ends the session: open requests end as unknown, and the client gets an error for each of its
    /// own.
    pub(super) fn end(&mut self, why: SessionEnd, out: &mut Vec<SessionEffect>) {
        if self.ended.is_some() {
            return;
        }
        out.push(SessionEffect::End);
        self.report_all_given_up(out);
        for (id, request) in self.client_requests.drain() {
            out.push(request.completed_as_unknown());
            if !self.is_client_unwritable {
                let line = answer::ended(&id, &why);
                out.push(SessionEffect::Write { lane: None, to: Direction::ToClient, line });
            }
        }
        out.extend(self.server_requests.drain().map(|(_, request)| request.completed_as_unknown()));
        if matches!(why, SessionEnd::Unreadable { .. }) && !self.is_client_unwritable {
            let line = answer::end_notification(&why);
            out.push(SessionEffect::Write { lane: None, to: Direction::ToClient, line });
        }
        self.ended = Some(why);
        for lane in [Direction::ToServer, Direction::ToClient] {
            match self.take_lane(lane) {
                // The gate's answer is still to come, and will be handled.
                lane_in_flight @ (Lane::Deciding(_)
                | Lane::DecidingResponse(_)
                | Lane::Completing { .. }
                | Lane::CompletingOneWay) => {
                    *self.lane_mut(lane) = lane_in_flight;
                }
                Lane::Writing { after: AfterWrite::OneWay(ticket), to } => {
                    let written = match to {
                        Direction::ToServer => Written::UnderWay,
                        Direction::ToClient => Written::Unmeasured,
                    };
                    out.push(SessionEffect::CompleteUnknown { ticket, written });
                    self.free_lane(lane);
                }
                _ => self.free_lane(lane),
            }
        }
    }

    /// Whether messages that the client sent before it knew of the session's end are still
    /// answered.
    pub fn answers_after_end(&self) -> bool {
        let is_answered = match &self.ended {
            Some(
                SessionEnd::Server
                | SessionEnd::Unruly
                | SessionEnd::Revision(_)
                | SessionEnd::Unreadable { .. },
            ) => true,
            Some(
                SessionEnd::Client
                | SessionEnd::Stalled
                | SessionEnd::Stopped
                | SessionEnd::Ordered(_),
            )
            | None => false,
        };
        is_answered && !self.client_ended && !self.is_client_unwritable
    }

    /// Answers a line that the client sent before it knew of the session's end: each request in it
    /// gets an error with the reason. Nothing in it is decided or forwarded.
    pub fn answer_after_end(&mut self, line: Result<Vec<u8>, frame::Error>) -> Vec<SessionEffect> {
        let Some(why) = self.ended.clone().filter(|_| !self.is_client_unwritable) else {
            return Vec::new();
        };
        let (to, revision) = (Direction::ToServer, self.revision.unwrap_or(Revision::LATEST));
        let incoming = line
            .map_err(MessageRefusal::from)
            .and_then(|line| read::parse_line(to, line, revision));
        let ids: Vec<Id> = match incoming {
            Ok(Incoming::Call(call, _)) => call.id.into_iter().collect(),
            Ok(Incoming::Probe(id, _)) => vec![id],
            Ok(Incoming::Response(_)) => Vec::new(),
            Err(refusal) => match *refusal.outline {
                Outline::Request(id) => vec![id],
                Outline::Batch(ids) => ids,
                Outline::Nothing
                | Outline::Notification
                | Outline::Response(_)
                | Outline::Unclear => Vec::new(),
            },
        };
        let write = |id: &Id| {
            let line = answer::ended(id, &why);
            SessionEffect::Write { lane: None, to: Direction::ToClient, line }
        };
        ids.iter().map(write).collect()
    }

    /// Writes a line for a lane, which then waits for the write. Once the session has ended, no
    /// lane waits.
    pub(super) fn write(
        &mut self,
        lane: Direction,
        to: Direction,
        line: Vec<u8>,
        out: &mut Vec<SessionEffect>,
    ) {
        let deaf = match to {
            Direction::ToServer => self.is_server_unwritable || self.ended.is_some(),
            Direction::ToClient => self.is_client_unwritable,
        };
        if deaf {
            return self.free_lane(lane);
        }
        if self.ended.is_some() {
            self.free_lane(lane);
            out.push(SessionEffect::Write { lane: None, to, line });
        } else {
            *self.lane_mut(lane) = Lane::Writing { to, after: AfterWrite::Settled };
            out.push(SessionEffect::Write { lane: Some(lane), to, line });
        }
    }

    /// The open requests that went in this direction.
    pub(super) fn open_requests(&mut self, to: Direction) -> &mut OpenRequests {
        match to {
            Direction::ToServer => &mut self.client_requests,
            Direction::ToClient => &mut self.server_requests,
        }
    }
}
