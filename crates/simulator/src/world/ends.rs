//! Servers answer, or fail, or nobody knows.

use kernel::step::{Input, Ticket};
use proof::json::Value;
use record::lineage::Completion;

use super::World;
use crate::broken::{Broken, Law, holds};
use crate::model::{Event, ModelRequest, Permit, TransitionEnd};
use crate::node::{Bug, NodeEvent};
use crate::office::{INSIDE, OfficeRequest, answer};

/// How a transition may end.
const ENDS: [Completion; 3] = [Completion::Result, Completion::Error, Completion::UNKNOWN];

impl World {
    /// A server answers, or fails, or nobody knows; sometimes twice.
    pub(super) fn outcome(&mut self) -> Result<(), Broken> {
        if !self.held.is_empty() && self.random.once_in(6) {
            for (input, end) in std::mem::take(&mut self.held) {
                self.settle(input, end)?;
            }
        }
        let Some(ticket) = self.random.one_of(&self.open).copied() else { return Ok(()) };
        self.open.retain(|open| *open != ticket);
        let outcome = self.random.one_of(&ENDS).copied().unwrap_or(Completion::UNKNOWN);
        let entropy = self.random.entropy();
        let end = TransitionEnd {
            is_result: outcome == Completion::Result,
            is_marked: ticket.is_multiple_of(8),
        };
        let Some(request) = self.model.requests.get(&ticket).cloned() else { return Ok(()) };
        let told = self.told(&request, outcome);
        let message = answer(end.is_marked);
        let input = Input::Outcome { ticket, outcome: told, message, output: None, entropy };
        let is_page = request.asked == OfficeRequest::Fetch && end.is_result;
        let index = u64::try_from(self.model.log.len()).unwrap_or(u64::MAX);
        if self.is_held_back(&request, end) {
            self.held.extend((self.bug == Some(Bug::LateResult)).then_some((input, end)));
            return Ok(());
        }
        let is_alive = self.model.executions.contains_key(&request.execution);
        let is_cleared = matches!(request.asked, OfficeRequest::Clear(_)) && end.is_result;
        // What anything later can look at: labels that come or go, and pages.
        let stop = self.model.stop(&request.execution);
        if (end.is_marked || is_page || is_cleared) && stop.is_none() {
            self.marked.insert(ticket, index);
        }
        self.settle(input, end)?;
        self.carries(&request.execution)?;
        let is_early = match self.bug {
            Some(Bug::EarlyResult) => stop.is_none() && end.is_marked,
            Some(Bug::EarlyPage) => stop.is_none() && is_page,
            Some(Bug::EarlyCleared) => stop.is_none() && is_cleared,
            _ => false,
        };
        if is_early {
            self.hear(vec![NodeEvent::Settled { ticket }])?;
        }
        if told == Completion::Sent && is_alive && request.asked == OfficeRequest::Fetch {
            let at = self.last_at();
            self.model.happened(index, Event::Page(request.execution, at));
        }
        if self.random.once_in(10) { self.end_again(ticket, outcome) } else { Ok(()) }
    }

    /// A result goes on to its agent: its record is durable if anything later can look at it.
    pub(super) fn goes_on(&mut self, ticket: Ticket) -> Result<(), Broken> {
        let index = self.marked.remove(&ticket);
        holds(index.unwrap_or(0) < self.node.ledger.size(), Law::Durable, || {
            format!("the result of request {ticket} goes on, and its record may be lost")
        })?;
        self.model.handed_on(ticket, index)
    }

    /// A result goes nowhere: something stopped its execution.
    pub(super) fn stays(&mut self, ticket: Ticket) -> Result<(), Broken> {
        self.marked.remove(&ticket);
        let execution = self.model.requests.get(&ticket).map(|request| request.execution.clone());
        let stop = self.model.stop(&execution.unwrap_or_default());
        holds(stop.is_some(), Law::Closed, || {
            format!("the result of request {ticket} is withheld, and nothing stopped it")
        })
    }

    /// Tells the kernel of an end, and the model what its server knows of it.
    fn settle(&mut self, input: Input, end: TransitionEnd) -> Result<(), Broken> {
        self.ending = Some(end);
        let done = self.tell(input);
        self.ending = None;
        done
    }

    /// The same end once more settles nothing.
    fn end_again(&mut self, ticket: Ticket, outcome: Completion) -> Result<(), Broken> {
        let before = self.model.log.len();
        let (message, entropy) = (Vec::new(), self.random.entropy());
        self.tell(Input::Outcome { ticket, outcome, message, output: None, entropy })?;
        holds(before == self.model.log.len(), Law::Permit, || format!("{ticket} ends twice"))
    }

    /// What a planted bug makes of an end.
    fn told(&self, request: &ModelRequest, outcome: Completion) -> Completion {
        let is_clearing = matches!(request.asked, OfficeRequest::Clear(_));
        match self.bug {
            Some(Bug::EarlyClear) if is_clearing => Completion::Result,
            Some(Bug::UnknownAsSent) if outcome == Completion::UNKNOWN => Completion::Sent,
            _ => outcome,
        }
    }

    /// Whether a planted bug keeps an end from the kernel, although it happened.
    fn is_held_back(&mut self, request: &ModelRequest, end: TransitionEnd) -> bool {
        let index = u64::try_from(self.model.log.len()).unwrap_or(u64::MAX);
        let at = self.last_at().max(self.now.wall_ms);
        let event = match (self.bug, &request.asked) {
            (Some(Bug::LateResult), OfficeRequest::Fetch) if end.is_result => {
                Event::Page(request.execution.clone(), at)
            }
            (Some(Bug::LateWrite), OfficeRequest::Write(_)) => {
                let permit = Permit { execution: request.execution.clone(), seq: request.seq };
                Event::Ended(permit, at, end)
            }
            _ => return false,
        };
        self.model.happened(index, event);
        true
    }

    /// The record of an end names what detectors must find in it, and nothing else.
    pub(super) fn is_found(&self, record: &Value, end: TransitionEnd) -> Result<(), Broken> {
        let must = end.is_marked.then(|| Value::Array(vec![INSIDE.into()]));
        holds(record.get("labels") == must.as_ref(), Law::Closed, || {
            format!("detectors found {:?}, must find {must:?}", record.get("labels"))
        })
    }
}
