//! Executions that ended are erased, and the power goes meanwhile.

use kernel::step::Input;
use record::lineage::ErasedFor;

use super::World;
use crate::broken::{Broken, Law, holds};
use crate::model::Event;

impl World {
    /// Somebody wants an ended execution erased; sometimes one that goes on, never was, or is
    /// erased already. Now and then the power goes while that is written, or before its key is
    /// gone.
    pub(super) fn erase(&mut self) -> Result<(), Broken> {
        if self.is_full {
            return Ok(());
        }
        let ended: Vec<String> = self.model.over.keys().cloned().collect();
        let execution = match self.random.below(10) {
            0 => Some("nobody".to_owned()),
            1 => self.any_execution(),
            _ => self.random.one_of(&ended).cloned(),
        };
        let Some(execution) = execution else { return Ok(()) };
        let is_over = self.model.over.get(&execution) == Some(&None);
        let is_new = is_over && !self.model.is_kept(&execution);
        let (ticket, before, reason) = (self.ticket(), self.model.log.len(), ErasedFor::Asked);
        self.tell(Input::Erase { ticket, execution: execution.clone(), os_user: 0, reason })?;
        let is_on_record = self.model.log.len() > before;
        holds(is_on_record == is_new, Law::Closed, || {
            format!("the erasure of {execution} is on record: {is_on_record}, must be: {is_new}")
        })?;
        self.keys_hold()?;
        if is_new && self.random.once_in(3) {
            return self.erase_without_power();
        }
        // One that was on record before: its record may be durable already.
        let size = self.node.ledger.size();
        self.tell(Input::Durable { size })
    }

    fn erase_without_power(&mut self) -> Result<(), Broken> {
        let operation = self.device.operations() + self.random.below(12);
        self.device.lose_power_at(Some(operation));
        let (kind, crashes) = (self.any_crash(), self.crashes);
        self.commit(usize::MAX)?;
        if self.crashes == crashes { self.die(kind) } else { Ok(()) }
    }

    /// An erasure is on record: of what ended, and once.
    pub(super) fn erasing(&mut self, index: u64, execution: &str) -> Result<(), Broken> {
        holds(self.model.over.get(execution) == Some(&None), Law::Closed, || {
            format!("{execution} is erased, and has not ended or was erased before")
        })?;
        self.node.destroy_early(execution);
        self.model.happened(index, Event::Erased(execution.to_owned()));
        Ok(())
    }

    /// What came of an erasure that was asked for.
    pub(super) fn erased(
        &self,
        execution: &str,
        result: Result<u64, &'static str>,
    ) -> Result<(), Broken> {
        let is_so = match result {
            Ok(index) => {
                let on_record = self.model.over.get(execution).copied().flatten();
                on_record == Some(index) && index < self.node.ledger.size()
            }
            Err("execution.live") => self.model.executions.contains_key(execution),
            Err("execution.line") => self.model.is_kept(execution),
            Err("execution.unknown") => execution == "nobody",
            Err(_) => false,
        };
        holds(is_so, Law::Durable, || format!("{execution} is said to be erased: {result:?}"))
    }

    /// An execution that began has its key until the record that erases it is durable. From the
    /// next start on at the latest nothing is left of it.
    pub(super) fn keys_hold(&self) -> Result<(), Broken> {
        let there = self.node.keys.readable().map_err(Broken::run)?;
        let over = self.model.over.iter();
        let size = self.node.ledger.size();
        let is_durable = |index: &Option<u64>| index.is_some_and(|index| index < size);
        let kept = over.clone().filter(|(_, erased)| !is_durable(erased)).map(|(id, _)| id);
        let lost = self.model.executions.keys().chain(kept).find(|id| !there.contains(*id));
        holds(lost.is_none(), Law::Durable, || {
            format!("the key of {lost:?} is gone, and no durable record says that it was erased")
        })
    }

    /// Of what was erased nothing is left.
    pub(super) fn keys_gone(&self) -> Result<(), Broken> {
        let there = self.node.keys.executions().map_err(Broken::run)?;
        let is_erased = |id: &&String| self.model.over.get(*id).is_some_and(Option::is_some);
        let left = there.iter().find(is_erased);
        holds(left.is_none(), Law::Closed, || format!("{left:?} was erased, and its key is there"))
    }
}
