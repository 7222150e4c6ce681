use policy::Outcome;

use super::{Effect, Kernel, Now, Ticket};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::lineage::{Body, Completion, Sealed};

/// How a permitted transition ended.
pub(super) struct End {
    pub(super) outcome: Completion,
    pub(super) message: Vec<u8>,
    pub(super) output: Option<String>,
}

impl Kernel {
    /// Puts the end of a permitted transition on record. A ticket that is not open (answered twice,
    /// never asked) changes nothing and is counted. One whose message brings labels is settled once they are durable.
    pub(super) fn settle(
        &mut self,
        now: Now,
        ticket: Ticket,
        end: End,
        entropy: &[u8; 32],
    ) -> Vec<Effect> {
        let Some((execution, seq)) = self.open.remove(&ticket) else {
            self.count_refusals("refused.input", 1);
            return vec![Effect::Unsettled { ticket }];
        };
        let index = self.state.size();
        let (append, brings_labels) = self.complete(now, (&execution, seq), end, entropy);
        if brings_labels {
            self.settling.push_back((index, ticket));
            return vec![append];
        }
        vec![append, Effect::Settled { ticket }]
    }

    /// After a crash nobody knows how the open transitions ended: they stay charged, are completed as
    /// `unknown`, and are never sent again.
    pub(super) fn complete_unknown(&mut self, now: Now) -> Vec<Effect> {
        let open: Vec<(String, u64)> = self
            .state
            .executions()
            .flat_map(|(id, execution)| execution.open().map(|seq| (id.to_owned(), seq)))
            .collect();
        let open = open.iter();
        open.map(|(id, seq)| self.complete_as(now, (id, *seq), Completion::UNKNOWN)).collect()
    }

    /// Ends an open transition of which no message came.
    pub(super) fn complete_as(
        &mut self,
        now: Now,
        transition: (&str, u64),
        outcome: Completion,
    ) -> Effect {
        let end = End { outcome, message: Vec::new(), output: None };
        self.complete(now, transition, end, &[0; 32]).0
    }

    /// Results whose labels are durable.
    pub(super) fn release_results(&mut self, size: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some((_, ticket)) = self.settling.pop_front_if(|(index, _)| *index < size) {
            effects.push(Effect::Settled { ticket });
        }
        effects
    }

    /// The end on record, and whether it brings labels.
    fn complete(
        &mut self,
        now: Now,
        (execution, seq): (&str, u64),
        end: End,
        entropy: &[u8; 32],
    ) -> (Effect, bool) {
        let mut sealed = Sealed::default();
        let output = end.output.filter(|text| text.len() <= MESSAGE_BYTES_MAX);
        let outcome = outcome(end.outcome, output.clone());
        let charges = self.state.settled(execution, seq, output.as_deref());
        let labels = self.state.detected((execution, seq), Some(&end.message), None);
        let ended = (end.outcome, charges.clone(), labels.clone());
        let body = Body::completed(seq, ended, (end.message, output), &mut sealed, entropy);
        let at = self.state.time(now.wall_ms);
        if let Some(known) = self.state.execution_mut(execution) {
            known.complete(at, seq, &outcome);
        }
        let is_result = end.outcome == Completion::Result;
        self.state.end_labels(execution, seq, is_result, &labels);
        self.state.use_up((execution, seq), at, &charges);
        (self.append(now, Some(execution), body, sealed.to_bytes()), !labels.is_empty())
    }
}

/// What policy sees of an end.
pub(crate) fn outcome(completion: Completion, output: Option<String>) -> Outcome {
    match completion {
        Completion::Result => Outcome::Result(output),
        Completion::Error => Outcome::Error,
        Completion::Sent | Completion::Unknown { .. } => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests;
