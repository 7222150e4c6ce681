//! Temporal conditions whose cost does not grow with the window.
//!
//! A condition of a common shape (`formerly`, `previous`, `since`, counts and sums, over events
//! that are told apart by what they share with the current request) is compiled to a check of a few
//! *streams*. A stream keeps, per key, what answers for every window: the last event, or times with
//! running sums. Asking takes a look-up and a binary search; conditions that look at the same
//! events share a stream. Conditions of any other shape go to `dogwood-local-engine`, which is fed
//! only where there are such.
//!
//! Looking does not touch: [`state::MonitorState::matches_of`] says what an event would be to the
//! streams, were it the next one, and [`state::MonitorState::take`] takes it.
//!
//! Architecture invariant: a monitor gives Dogwood's own verdicts, also where timestamps tie, sums
//! overflow or fields are missing. What can't be compiled so is left to the local engine, never
//! approximated.

mod check;
mod compile;
mod encoding;
mod evaluate;
mod key;
pub(crate) mod plan;
mod scope;
mod series;
pub(crate) mod state;

use dogwood_language::{
    DecisionLeafMap, Error, Event, EventSignature, TemporalBindings, TemporalEngine, TemporalField,
    cedar::Schema,
};
use dogwood_local_engine::{LocalTemporalEngine, TickRate};

use plan::Plan;
use state::MonitorState;

/// Monitors and, for what has none, the local engine, behind Dogwood's seam. Timestamps are
/// seconds.
#[derive(Default)]
pub struct MonitorEngine {
    plan: Plan,
    state: MonitorState,
    rest: Option<LocalTemporalEngine>,
    leaves: Option<DecisionLeafMap>,
    latest: Option<Event>,
}

impl std::fmt::Debug for MonitorEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "temporal::Engine({} of {} conditions)", self.served(), self.conditions())
    }
}

impl MonitorEngine {
    /// How many conditions it was prepared for.
    #[must_use]
    pub fn conditions(&self) -> usize {
        self.plan.served().saturating_add(self.plan.rest.len())
    }

    /// How many of them have a monitor.
    #[must_use]
    pub fn served(&self) -> usize {
        self.plan.served()
    }
}

impl TemporalEngine for MonitorEngine {
    fn prepare(
        &mut self,
        leaves: &[TemporalField],
        schema: &Schema,
        events: &[EventSignature],
    ) -> Result<(), Error> {
        self.plan = Plan::new(leaves.iter(), 1);
        self.state = MonitorState::new(&self.plan);
        self.rest = local(&self.plan, schema, events, TickRate::SECONDS)?;
        self.leaves = Some(DecisionLeafMap::build(leaves, schema));
        self.latest = None;
        Ok(())
    }

    fn observe(&mut self, event: &Event) {
        // An event is taken when the next one comes: until then it is the newest.
        if let Some(latest) = self.latest.replace(event.clone()) {
            let matches = self.state.matches_of(&self.plan, &latest);
            self.state.take(&self.plan, matches);
        }
        if let Some(rest) = &mut self.rest {
            rest.observe(event);
        }
    }

    fn evaluate(&mut self) -> Result<TemporalBindings, String> {
        let event = self.latest.as_ref().ok_or("no event observed")?;
        let mut bindings = match &mut self.rest {
            Some(rest) => rest.evaluate()?,
            None => TemporalBindings::new(),
        };
        let matches = self.state.matches_of(&self.plan, event);
        let needed = self.leaves.as_ref().and_then(|leaves| leaves.needed_for(event));
        for id in self.plan.leaves.keys() {
            bindings.insert(id.clone(), false);
        }
        let ids = self.plan.leaves.keys();
        let ids = ids.filter(|id| needed.as_ref().is_none_or(|needed| needed.contains(*id)));
        bindings.extend(self.state.holds(&self.plan, event, &matches, ids));
        Ok(bindings)
    }
}

/// The local engine for the conditions without a monitor, if there are any.
pub(crate) fn local(
    plan: &Plan,
    schema: &Schema,
    events: &[EventSignature],
    rate: TickRate,
) -> Result<Option<LocalTemporalEngine>, Error> {
    if plan.rest.is_empty() {
        return Ok(None);
    }
    let mut engine = LocalTemporalEngine::new().with_tick_rate(rate);
    engine.prepare(&plan.rest, schema, events)?;
    Ok(Some(engine))
}

#[cfg(test)]
mod tests;
