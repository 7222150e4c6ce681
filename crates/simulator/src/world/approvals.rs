//! Payments that wait, officers who approve them, and agents who ask again.

use kernel::step::Input;
use record::lineage::Approval;

use super::World;
use crate::broken::{Broken, Law, holds};
use crate::model::{Event, OfficerWord};
use crate::office::OfficeRequest;

const MINUTE_MS: u64 = 60_000;

impl World {
    /// An agent asks again for a payment; sometimes for another one, or as another execution.
    pub(super) fn retry(&mut self) -> Result<(), Broken> {
        let Some(waiting) = self.random.one_of(self.model.approvals.all()).cloned() else {
            return Ok(());
        };
        let more = i64::from(self.random.once_in(3));
        let execution = match self.random.once_in(8) {
            true => self.any_execution().unwrap_or(waiting.execution),
            false => waiting.execution,
        };
        let stands_on = Some(waiting.pending);
        self.ask_as(execution, OfficeRequest::Pay { cents: waiting.cents + more, stands_on }, None)
    }

    /// An officer says something about a payment, or somebody who is none does.
    pub(super) fn approve(&mut self) -> Result<(), Broken> {
        let Some(waiting) = self.random.one_of(self.model.approvals.all()).cloned() else {
            return Ok(());
        };
        if self.is_full {
            return Ok(());
        }
        let life_ms = i64::try_from(self.random.below(12 * MINUTE_MS)).unwrap_or(0);
        let at = self.last_at().max(self.now.wall_ms);
        let expires_ms = at + life_ms;
        let approves = !self.random.once_in(7);
        let is_officer = !self.random.once_in(5);
        let word = OfficerWord { expires_ms, approves };
        let approval = Approval { pending: waiting.pending, approves, expires_ms };
        let signed = self.authority.approve(approval, is_officer)?;
        let is_taken = is_officer && self.model.approvals.takes(&waiting.pending, word, at);
        let (ticket, before) = (self.ticket(), self.model.log.len());
        self.tell(Input::Approve { ticket, approval: Box::new(signed) })?;
        let is_on_record = self.model.log.len() > before;
        holds(is_on_record == is_taken, Law::Closed, || {
            format!("an officer's word is on record: {is_on_record}, must be: {is_taken}")
        })?;
        if is_taken {
            let index = u64::try_from(before).unwrap_or(u64::MAX);
            self.model.happened(index, Event::Word(waiting.pending, word));
        }
        Ok(())
    }
}
