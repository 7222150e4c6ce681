use record::lineage::{Body, Completion, Sealed};

use super::{Effect, Kernel, NewRecord, Now, Ticket};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::lineage::CompletionParts;
use crate::state::{CommittedInputs, TransitionRef};

/// How a permitted transition ended.
pub(super) struct ReportedEnd {
    pub(super) outcome: Completion,
    pub(super) message: Vec<u8>,
    pub(super) output: Option<String>,
    /// The code of what stops the execution, where the message goes nowhere for it.
    pub(super) withheld: Option<&'static str>,
}

/// An end whose message waits for its record.
pub(super) struct PendingCompletion {
    index: u64,
    ticket: Ticket,
    execution: String,
    /// `seq` of the decision that permitted it.
    seq: u64,
}

impl Kernel {
    /// Records the end of a permitted transition. A ticket that is not open (answered twice, never
    /// requested) changes nothing and is counted. A message that comes when the execution may not
    /// go on is withheld, and the record says so. One that later decisions can look at is settled
    /// once its record is durable.
    pub(super) fn settle(
        &mut self,
        now: Now,
        ticket: Ticket,
        end: ReportedEnd,
        entropy: &[u8; 32],
    ) -> Vec<Effect> {
        let Some((execution, seq)) = self.open.remove(&ticket) else {
            self.count_refusals("refused.input", 1);
            return vec![Effect::Unsettled { ticket }];
        };
        let index = self.state.size();
        self.count_result_bytes(&execution, end.output.as_ref().map_or(0, String::len));
        let has_message = !end.message.is_empty();
        let objection = self.state.objection(&execution).filter(|_| has_message);
        let is_about = self.state.is_looked_back_at(&execution, seq, end.outcome);
        let transition = TransitionRef::new(&execution, seq);
        let (append, counts) =
            self.complete(now, transition, ReportedEnd { withheld: objection, ..end }, entropy);
        if let Some(code) = objection {
            return vec![append, Effect::Withheld { ticket, code }];
        }
        if has_message && (counts || is_about) {
            self.settling.push_back(PendingCompletion { index, ticket, execution, seq });
            return vec![append];
        }
        vec![append, Effect::Settled { ticket }]
    }

    /// After a crash the ends of the open transitions are unknown: they stay charged, are completed
    /// as `unknown`, and are never sent again.
    pub(super) fn complete_unknown(&mut self, now: Now) -> Vec<Effect> {
        let open: Vec<(String, u64)> = self
            .state
            .executions()
            .flat_map(|(id, execution)| execution.open().map(|seq| (id.to_owned(), seq)))
            .collect();
        let open = open.iter().map(|(id, seq)| TransitionRef::new(id, *seq));
        open.map(|transition| self.complete_as(now, transition, Completion::UNKNOWN)).collect()
    }

    /// Ends an open transition of which no message came.
    pub(super) fn complete_as(
        &mut self,
        now: Now,
        transition: TransitionRef<'_>,
        outcome: Completion,
    ) -> Effect {
        let end = ReportedEnd { outcome, message: Vec::new(), output: None, withheld: None };
        self.complete(now, transition, end, &[0; 32]).0
    }

    /// Messages whose records are durable: each is forwarded, unless its execution may not go on
    /// any more.
    pub(super) fn release_results(&mut self, now: Now, size: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(next) = self.settling.pop_front_if(|next| next.index < size) {
            match self.state.objection(&next.execution) {
                Some(code) => effects.extend(self.withhold_result(now, next, code)),
                None => effects.push(Effect::Settled { ticket: next.ticket }),
            }
        }
        effects
    }

    /// Withholds the messages of an execution that wait for their records.
    pub(super) fn withhold_results(&mut self, now: Now, execution: &str) -> Vec<Effect> {
        let (withheld, kept): (Vec<PendingCompletion>, Vec<PendingCompletion>) =
            std::mem::take(&mut self.settling)
                .into_iter()
                .partition(|one| one.execution == execution);
        self.settling = kept.into();
        let withheld = withheld.into_iter();
        withheld.flat_map(|next| self.withhold_result(now, next, "execution.halted")).collect()
    }

    /// A message does not go on whose end is on record already: another record says so.
    fn withhold_result(
        &mut self,
        now: Now,
        next: PendingCompletion,
        code: &'static str,
    ) -> [Effect; 2] {
        let body = Body::Withheld { decided_seq: next.seq, code: code.to_owned() };
        let append = self.append(now, Some(&next.execution), body, Vec::new());
        [append, Effect::Withheld { ticket: next.ticket, code }]
    }

    /// The end on record, and whether it brings labels or charges, or takes labels away.
    fn complete(
        &mut self,
        now: Now,
        transition: TransitionRef<'_>,
        end: ReportedEnd,
        entropy: &[u8; 32],
    ) -> (Effect, bool) {
        let TransitionRef { execution, seq } = transition;
        let mut sealed = Sealed::default();
        let output = end.output.filter(|text| text.len() <= MESSAGE_BYTES_MAX);
        let charges = self.state.settled(execution, seq, output.as_deref());
        let labels = self.state.detected(transition, Some(&end.message), None);
        let is_result = end.outcome == Completion::Result;
        let declassifies = is_result && self.state.takes_labels_away(execution, seq);
        let counts = declassifies || !labels.is_empty() || !charges.is_empty();
        let ended = CompletionParts {
            decided_seq: seq,
            outcome: end.outcome,
            withheld: end.withheld.map(str::to_owned),
            charges,
            labels,
            message: end.message,
            output: output.clone(),
        };
        let body = ended.into_body(&mut sealed, entropy);
        let behind = CommittedInputs::Completed(Ok(output));
        let record = NewRecord { body, behind, sealed: sealed.to_bytes() };
        (self.append_with(now, Some(execution), record), counts)
    }
}

#[cfg(test)]
mod tests;
