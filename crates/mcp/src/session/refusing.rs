use wire::jsonrpc::{Id, Outline};

use super::open::RequestKind;
use super::read::ResponseMessage;
use super::{MessageRefusal, REFUSED_INPUT, SessionEnd, SessionState, Written, answer};
use crate::limits::NOTES_MAX;
use crate::session::SessionEffect;
use crate::{Direction, Note, StepEnd};

/// Refusals: messages that are neither decided nor forwarded.
///
/// INVARIANT: no call stays open after a refusal. The side that waits for the refused message gets
/// an error under the request's own id, or the session ends, which answers all requests. No error
/// has the id of another waiting request.
impl SessionState {
    /// Refuses a message without a decision.
    pub(super) fn refuse(
        &mut self,
        to: Direction,
        refusal: MessageRefusal,
        out: &mut Vec<SessionEffect>,
    ) {
        let refusals = match to {
            Direction::ToServer => &mut self.counts.refused_of_client,
            Direction::ToClient => &mut self.counts.refused_of_server,
        };
        *refusals = refusals.saturating_add(1);
        out.push(SessionEffect::CountRefusal(REFUSED_INPUT));
        if *refusals <= NOTES_MAX {
            let MessageRefusal { kind, why, .. } = &refusal;
            out.push(SessionEffect::Note(Note::Refused { direction: to, kind, why: why.clone() }));
        }
        match (*refusal.outline).clone() {
            Outline::Nothing | Outline::Notification => self.free_lane(to),
            Outline::Request(id) => self.refuse_requests(to, &[id], &refusal, out),
            Outline::Batch(ids) => self.refuse_requests(to, &ids, &refusal, out),
            Outline::Response(id) => self.refuse_answer(to, &id, &refusal, out),
            Outline::Unclear => self.refuse_unclear(to, &refusal, out),
        }
        self.pace_refusals(to, out);
    }

    /// Counts a refused or blank line. Those of a server are bounded.
    pub(super) fn pace_refusals(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        if to == Direction::ToClient && !self.refusals.admits(self.now_ms) {
            self.end(SessionEnd::Unruly, out);
        }
    }

    /// Answers each request with an error. A request that has the id of a waiting one can't be
    /// answered, since the answer would be taken for the other's: the session ends.
    fn refuse_requests(
        &mut self,
        to: Direction,
        ids: &[Id],
        refusal: &MessageRefusal,
        out: &mut Vec<SessionEffect>,
    ) {
        let is_repeated = |(at, id): (usize, &Id)| ids.iter().take(at).any(|other| other == id);
        if ids.iter().any(|id| self.is_id_in_use(to, id)) || ids.iter().enumerate().any(is_repeated)
        {
            return self.end_unreadable(to, refusal.kind, out);
        }
        let Some((last, others)) = ids.split_last() else { return self.free_lane(to) };
        let line = |id: &Id| answer::unreadable(id, refusal, to);
        let back = to.back();
        let is_unwritable = match back {
            Direction::ToServer => self.is_server_unwritable,
            Direction::ToClient => self.is_client_unwritable,
        };
        for id in others.iter().filter(|_| !is_unwritable) {
            out.push(SessionEffect::Write { lane: None, to: back, line: line(id) });
        }
        self.write(to, back, line(last), out);
    }

    /// Sends the side that waits for the answer an error in its place.
    fn refuse_answer(
        &mut self,
        to: Direction,
        id: &Id,
        refusal: &MessageRefusal,
        out: &mut Vec<SessionEffect>,
    ) {
        let Some(request) = self.open_requests(to.back()).get(id) else {
            return self.free_lane(to);
        };
        let (kind, written) = (request.kind, request.written);
        if kind == RequestKind::ListTools {
            self.definitions.clear();
        }
        let line = answer::undeliverable(id, refusal, to);
        let end = match to {
            // The server gets an error of the gateway as the answer to its request.
            Direction::ToServer => StepEnd::Error,
            // The server answered, but the outcome can't be read.
            Direction::ToClient => StepEnd::Unknown { written: written.bytes() },
        };
        self.complete(to, ResponseMessage { id: id.clone(), end, output: None, line }, out);
    }

    /// Handles a refused message if it is unclear which request it concerns. A server's message
    /// counts as the answer to the client's only waiting request, and is dropped if none waits.
    /// Otherwise nobody knows which request to answer, and the session ends.
    fn refuse_unclear(
        &mut self,
        to: Direction,
        refusal: &MessageRefusal,
        out: &mut Vec<SessionEffect>,
    ) {
        let (only, waiting) = {
            let open = self.open_requests(to.back());
            (open.only_waiting().cloned(), open.waiting_count())
        };
        match (to, only) {
            (Direction::ToClient, Some(id)) => self.refuse_answer(to, &id, refusal, out),
            (Direction::ToClient, None) if waiting == 0 => self.free_lane(to),
            _ => self.end_unreadable(to, refusal.kind, out),
        }
    }

    fn end_unreadable(
        &mut self,
        sender: Direction,
        kind: &'static str,
        out: &mut Vec<SessionEffect>,
    ) {
        out.push(SessionEffect::Note(Note::Unreadable { direction: sender }));
        self.end(SessionEnd::Unreadable { sender, kind }, out);
    }
}

impl Written {
    fn bytes(self) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::UnderWay | Self::Unmeasured => None,
        }
    }
}
