use wire::jsonrpc::Id;

use super::open::{GivenUpRequest, RequestKind};
use super::{REFUSED_INPUT, SessionEffect, SessionState, Written, answer, cancelling};
use crate::limits::{CLIENT_DEADLINE_MS, DEADLINE_MS, DEADLINES_MAX, NOTES_MAX};
use crate::{Direction, Note};

/// How long requests wait for their answers, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Requests of the client to the server.
    pub server_ms: u64,
    /// Requests of the server to the client.
    pub client_ms: u64,
}

impl Deadlines {
    /// The deadlines of a session whose server has so many milliseconds to answer.
    #[must_use]
    pub fn of_server(server_ms: u64) -> Self {
        Self { server_ms, client_ms: CLIENT_DEADLINE_MS }
    }

    /// The longest time that a request of the client is open, whatever postpones it.
    fn longest_ms(self) -> u64 {
        self.server_ms.saturating_mul(DEADLINES_MAX).max(self.client_ms)
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::of_server(DEADLINE_MS)
    }
}

/// A request that was given up, and whose sender has no answer yet.
#[derive(Debug)]
pub(super) struct UnreportedRequest {
    /// The direction in which it was sent.
    to: Direction,
    id: Id,
}

/// Deadlines. Forwarded progress postpones the deadline of its request. The client's answer to the
/// server postpones the deadlines of all the client's requests, since the server may have waited
/// for that answer. Nothing postpones a deadline beyond its latest time.
///
/// INVARIANT: after each step, no open request is past its deadline.
impl SessionState {
    /// When [`super::SessionInput::Time`] is due, to give up overdue requests. It may be earlier
    /// than necessary.
    pub fn due_ms(&self) -> Option<u64> {
        let both = [&self.client_requests, &self.server_requests];
        both.into_iter().filter_map(|open| open.earliest_ms()).min()
    }

    /// The deadline of a request that is sent in this direction now, and the latest time to which
    /// it may be postponed.
    pub(super) fn due_and_latest_ms(&self, to: Direction) -> (u64, u64) {
        let after = |ms| self.now_ms.saturating_add(ms);
        let Deadlines { server_ms, client_ms } = self.deadlines;
        match to {
            Direction::ToServer => (after(server_ms), after(self.deadlines.longest_ms())),
            Direction::ToClient => (after(client_ms), after(client_ms)),
        }
    }

    pub(super) fn give_up_overdue(&mut self, out: &mut Vec<SessionEffect>) {
        let now_ms = self.now_ms;
        if self.server_requests.waiting_count() > 0
            && self.due_ms().is_some_and(|due| due <= now_ms)
        {
            self.postpone_client_requests();
        }
        for to in [Direction::ToServer, Direction::ToClient] {
            for given_up in self.open_requests(to).give_up(now_ms) {
                self.give_up(to, &given_up, out);
            }
        }
    }

    /// Postpones the deadlines of the client's requests: the server has asked the client something
    /// and may wait for the answer.
    pub(super) fn postpone_client_requests(&mut self) {
        let until_ms = self.now_ms.saturating_add(self.deadlines.server_ms);
        self.client_requests.postpone(until_ms, |_| true);
    }

    /// Postpones the deadline of the request whose progress a message in this direction reports.
    pub(super) fn postpone_by_progress(&mut self, to: Direction, token: &Id) {
        let until_ms = self.now_ms.saturating_add(self.deadlines.server_ms);
        self.open_requests(to.back())
            .postpone(until_ms, |request| request.progress.as_ref() == Some(token));
    }

    /// Ends an overdue request as unknown, and cancels it at the side that did not answer. Its
    /// sender gets an error once that is sequenced. A request that its sender has cancelled is only
    /// ended.
    fn give_up(&mut self, to: Direction, given_up: &GivenUpRequest, out: &mut Vec<SessionEffect>) {
        let GivenUpRequest { id, request, is_cancelled } = given_up;
        let written = match request.written {
            // The rest of the line will still be written.
            Written::UnderWay => Written::Unmeasured,
            written => written,
        };
        let ticket = request.ticket;
        if *is_cancelled {
            out.push(SessionEffect::CompleteUnknown { ticket, written });
            return;
        }
        // INVARIANT: the sender gets its error only once the end is sequenced, so that none of its
        // later requests is decided before that.
        out.push(SessionEffect::GiveUp { ticket, written });
        self.given_up.insert(ticket, UnreportedRequest { to, id: id.clone() });
        self.counts.overdue = self.counts.overdue.saturating_add(1);
        if self.counts.overdue <= NOTES_MAX {
            let method = request.method.clone();
            out.push(SessionEffect::Note(Note::Overdue { direction: to, method }));
        }
        // MCP, cancellation: "The initialize request MUST NOT be cancelled by clients".
        if request.kind != RequestKind::Initialize {
            self.write_without_lane(to, cancelling::cancellation(id), out);
        }
    }

    /// Answers the sender of a given-up request, whose end is now sequenced.
    pub(super) fn report_given_up(&mut self, ticket: u64, out: &mut Vec<SessionEffect>) {
        if let Some(UnreportedRequest { to, id }) = self.given_up.remove(&ticket) {
            self.write_without_lane(to.back(), answer::overdue(&id, to), out);
        }
    }

    /// The session ends: answers all given-up requests of the client now.
    pub(super) fn report_all_given_up(&mut self, out: &mut Vec<SessionEffect>) {
        for UnreportedRequest { to, id } in std::mem::take(&mut self.given_up).into_values() {
            if to == Direction::ToServer {
                self.write_without_lane(to.back(), answer::overdue(&id, to), out);
            }
        }
    }

    /// How many given-up requests in this direction have no answer yet.
    pub(super) fn unreported_count(&self, to: Direction) -> usize {
        self.given_up.values().filter(|unreported| unreported.to == to).count()
    }

    /// Whether an answer under this id could be taken for the answer to another request: one that
    /// is open, or one that was given up and has no answer yet.
    pub(super) fn is_id_in_use(&self, to: Direction, id: &Id) -> bool {
        let open = match to {
            Direction::ToServer => &self.client_requests,
            Direction::ToClient => &self.server_requests,
        };
        open.has(id)
            || self.given_up.values().any(|unreported| unreported.to == to && unreported.id == *id)
    }

    /// Writes a line without a lane that waits for it.
    fn write_without_lane(&self, to: Direction, line: Vec<u8>, out: &mut Vec<SessionEffect>) {
        let is_unwritable = match to {
            Direction::ToServer => self.is_server_unwritable,
            Direction::ToClient => self.is_client_unwritable,
        };
        if !is_unwritable {
            out.push(SessionEffect::Write { lane: None, to, line });
        }
    }

    /// Drops the late answer to a given-up request: nobody waits for it any more.
    pub(super) fn drop_late(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        self.counts.late = self.counts.late.saturating_add(1);
        out.push(SessionEffect::CountRefusal(REFUSED_INPUT));
        self.free_lane(to);
    }
}
