use super::answer::DenialForm;
use super::{AfterWrite, Lane, MessageRefusal, SessionEffect, SessionState, Written, answer};
use crate::session::read::ResponseMessage;
use crate::{Direction, GateAnswer, MessageStep, StepEnd};

/// The client's answers to requests of the server. Each is decided when it comes, on the state of
/// that moment. If it is not permitted, the server gets an error in its place. The client gets no
/// answer, since a response has none.
impl SessionState {
    pub(super) fn decide_client_response(
        &mut self,
        response: ResponseMessage,
        step: Result<MessageStep, MessageRefusal>,
        out: &mut Vec<SessionEffect>,
    ) {
        match step {
            Ok(step) => {
                self.to_server = Lane::DecidingResponse(response);
                out.push(SessionEffect::Decide(step));
            }
            Err(refusal) => self.refuse(Direction::ToServer, refusal, out),
        }
    }

    pub(super) fn client_response_decided(
        &mut self,
        response: ResponseMessage,
        verdict: GateAnswer,
        out: &mut Vec<SessionEffect>,
    ) {
        let lane = Direction::ToServer;
        match verdict {
            GateAnswer::Permit { ticket, .. } => {
                self.counts.permitted = self.counts.permitted.saturating_add(1);
                let is_over = self.ended.is_some() || self.is_server_unwritable;
                // The request may have been given up while the decision was made.
                let Some(request_ticket) =
                    (!is_over).then(|| self.server_requests.remove(&response.id)).flatten()
                else {
                    out.push(unwritten(ticket));
                    return self.free_lane(lane);
                };
                self.complete_server_request(request_ticket, response, Some(ticket), out);
            }
            GateAnswer::Stopped(stop) => {
                self.end(stop.into(), out);
                self.free_lane(lane);
            }
            verdict => {
                self.count(&verdict);
                let form = DenialForm { shows_policies: false, is_known_method: true };
                let line = answer::not_permitted(&response.id, verdict, form);
                let Some(request_ticket) = self.server_requests.remove(&response.id) else {
                    return self.free_lane(lane);
                };
                let error = ResponseMessage { end: StepEnd::Error, output: None, line, ..response };
                self.complete_server_request(request_ticket, error, None, out);
            }
        }
    }

    /// Completes the server's request with the response that it gets. Once that is done, the
    /// response is written.
    fn complete_server_request(
        &mut self,
        request_ticket: u64,
        response: ResponseMessage,
        answer_ticket: Option<u64>,
        out: &mut Vec<SessionEffect>,
    ) {
        let ResponseMessage { id, end, output, line } = response;
        let (lane, message) = (Direction::ToServer, line.clone());
        self.to_server = Lane::Completing { id, line, answer_ticket };
        out.push(SessionEffect::Complete {
            lane: Some(lane),
            ticket: request_ticket,
            end,
            message,
            output,
        });
    }

    /// Writes a permitted answer whose request is completed.
    pub(super) fn write_client_response(
        &mut self,
        ticket: u64,
        line: Vec<u8>,
        out: &mut Vec<SessionEffect>,
    ) {
        let to = Direction::ToServer;
        if self.ended.is_some() || self.is_server_unwritable {
            out.push(unwritten(ticket));
            return self.free_lane(to);
        }
        self.to_server = Lane::Writing { to, after: AfterWrite::OneWay(ticket) };
        out.push(SessionEffect::Write { lane: Some(to), to, line });
    }
}

/// Completes a permitted answer that was not written.
pub(super) fn unwritten(ticket: u64) -> SessionEffect {
    SessionEffect::CompleteUnknown { ticket, written: Written::Bytes(0) }
}
