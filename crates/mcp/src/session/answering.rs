use super::answer::DenialForm;
use super::{
    Lane, MessageRefusal, SessionEffect, SessionEnd, SessionState, WriteContent, Written, answer,
};
use crate::session::read::ResponseMessage;
use crate::{Direction, GateAnswer, MessageStep, StepEnd};

/// The client's answers to requests of the server. Each is decided when it comes, on the state of that moment; one that
/// may not pass is answered to the server with an error in its place. The client is told nothing: a response has none.
impl SessionState {
    pub(super) fn decide_answer(
        &mut self,
        reply: ResponseMessage,
        step: Result<MessageStep, MessageRefusal>,
        out: &mut Vec<SessionEffect>,
    ) {
        match step {
            Ok(step) => {
                self.to_server = Lane::Answering(reply);
                out.push(SessionEffect::Decide(step));
            }
            Err(problem) => self.refuse(Direction::ToServer, problem, out),
        }
    }

    pub(super) fn answer_decided(
        &mut self,
        reply: ResponseMessage,
        verdict: GateAnswer,
        out: &mut Vec<SessionEffect>,
    ) {
        let lane = Direction::ToServer;
        match verdict {
            GateAnswer::Permit { ticket, .. } => {
                self.counts.permitted = self.counts.permitted.saturating_add(1);
                let is_over = self.ended.is_some() || self.server_deaf;
                // The request may have been given up while its answer was decided.
                let Some(asked) =
                    (!is_over).then(|| self.asked_by_server.remove(&reply.id)).flatten()
                else {
                    out.push(unwritten(ticket));
                    return self.rest(lane);
                };
                self.end_request((asked, reply, Some(ticket)), out);
            }
            GateAnswer::Stopped => {
                self.end(SessionEnd::Stopped, out);
                self.rest(lane);
            }
            verdict => {
                self.count(&verdict);
                let about = DenialForm { tells: false, is_known: true };
                let line = answer::turned_down(&reply.id, verdict, about);
                let Some(asked) = self.asked_by_server.remove(&reply.id) else {
                    return self.rest(lane);
                };
                let error = ResponseMessage { end: StepEnd::Error, output: None, line, ..reply };
                self.end_request((asked, error, None), out);
            }
        }
    }

    /// Completes the server's request with what it gets; then that is written.
    fn end_request(
        &mut self,
        (asked, reply, sent): (u64, ResponseMessage, Option<u64>),
        out: &mut Vec<SessionEffect>,
    ) {
        let ResponseMessage { id, end, output, line } = reply;
        let (lane, message) = (Direction::ToServer, line.clone());
        self.to_server = Lane::Completing { id, line, sent };
        out.push(SessionEffect::Complete { lane: Some(lane), ticket: asked, end, message, output });
    }

    /// Writes an answer that was permitted, whose request is completed.
    pub(super) fn write_answer(
        &mut self,
        ticket: u64,
        line: Vec<u8>,
        out: &mut Vec<SessionEffect>,
    ) {
        let to = Direction::ToServer;
        if self.ended.is_some() || self.server_deaf {
            out.push(unwritten(ticket));
            return self.rest(to);
        }
        self.to_server = Lane::Writing { to, carried: WriteContent::OneWay(ticket) };
        out.push(SessionEffect::Write { lane: Some(to), to, line });
    }
}

/// The end of an answer that was permitted and not written.
pub(super) fn unwritten(ticket: u64) -> SessionEffect {
    SessionEffect::Lost { ticket, written: Written::Bytes(0) }
}
