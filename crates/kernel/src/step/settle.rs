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
    /// never asked) changes nothing and is counted.
    pub(super) fn settle(
        &mut self,
        now: Now,
        ticket: Ticket,
        end: End,
        entropy: &[u8; 32],
    ) -> Vec<Effect> {
        let Some((execution, seq)) = self.open.remove(&ticket) else {
            self.count_refusals("refused.input", 1);
            return Vec::new();
        };
        let append = self.complete(now, (&execution, seq), end, entropy);
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
        open.map(|(id, seq)| self.complete_as(now, (id, *seq), Completion::Unknown)).collect()
    }

    /// Ends an open transition of which no message came.
    pub(super) fn complete_as(
        &mut self,
        now: Now,
        transition: (&str, u64),
        outcome: Completion,
    ) -> Effect {
        let end = End { outcome, message: Vec::new(), output: None };
        self.complete(now, transition, end, &[0; 32])
    }

    fn complete(
        &mut self,
        now: Now,
        (execution, seq): (&str, u64),
        end: End,
        entropy: &[u8; 32],
    ) -> Effect {
        let mut sealed = Sealed::default();
        let output = end.output.filter(|text| text.len() <= MESSAGE_BYTES_MAX);
        let outcome = outcome(end.outcome, output.clone());
        let charges = self.state.settled(execution, seq, output.as_deref());
        let ended = (end.outcome, charges.clone());
        let body = Body::completed(seq, ended, (end.message, output), &mut sealed, entropy);
        let at = self.state.time(now.wall_ms);
        if let Some(known) = self.state.execution_mut(execution) {
            known.complete(at, seq, &outcome);
        }
        self.state.end_labels(execution, seq, end.outcome == Completion::Result);
        self.state.use_up((execution, seq), at, &charges);
        self.append(now, Some(execution), body, sealed.to_bytes())
    }
}

/// What policy sees of an end.
pub(crate) fn outcome(completion: Completion, output: Option<String>) -> Outcome {
    match completion {
        Completion::Result => Outcome::Result(output),
        Completion::Error => Outcome::Error,
        Completion::Sent | Completion::Unknown => Outcome::Unknown,
    }
}
