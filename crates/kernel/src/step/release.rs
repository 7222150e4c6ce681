use record::lineage::Body;

use super::{Answer, Effect, Kernel, Now, Ticket};
use crate::limits::QUEUE_NS_MAX;

/// An answer that waits until its record is durable.
pub(super) struct PendingAnswer {
    pub(super) index: u64,
    pub(super) ticket: Ticket,
    pub(super) execution: String,
    pub(super) seq: u64,
    pub(super) queued_ns: u64,
    /// Of a delegation: the id of the execution that it begins.
    pub(super) child: Option<String>,
    pub(super) answer: Answer,
}

impl Kernel {
    /// Releases what is durable. A permit goes only if it is still valid; else it is withheld, on
    /// record, and the denial waits for that record in turn.
    pub(super) fn release(&mut self, now: Now, size: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(next) = self.pending.pop_front_if(|next| next.index < size) {
            match (&next.answer, self.objection(now, &next)) {
                (Answer::Permit { .. }, Some(code)) => effects.push(self.withhold(now, next, code)),
                (Answer::Permit { .. }, None) if next.child.is_some() => {
                    let carried_out = self.delegate(now, &next);
                    effects.extend(carried_out);
                    effects.push(Effect::Answer { ticket: next.ticket, answer: next.answer });
                }
                (Answer::Permit { .. }, None) => {
                    self.open.insert(next.ticket, (next.execution, next.seq));
                    effects.push(Effect::Answer { ticket: next.ticket, answer: next.answer });
                }
                _ => effects.push(Effect::Answer { ticket: next.ticket, answer: next.answer }),
            }
        }
        effects.extend(self.release_results(now, size));
        effects.extend(self.release_approvals(size));
        effects.extend(self.release_erasures(size));
        effects
    }

    /// Why a durable permit may not be released any more, if so.
    fn objection(&self, now: Now, next: &PendingAnswer) -> Option<&'static str> {
        let objection = self.state.objection(&next.execution);
        if objection.is_some() {
            objection
        } else if !self.may_still_delegate(next) {
            Some("identity.unregistered")
        } else if now.monotonic_ns.saturating_sub(next.queued_ns) > QUEUE_NS_MAX {
            Some("refused.overload")
        } else {
            None
        }
    }

    /// Whether the workload that a delegation starts is still registered; true for any other
    /// request.
    fn may_still_delegate(&self, next: &PendingAnswer) -> bool {
        let execution = self.state.execution(&next.execution);
        let delegates = execution.and_then(|execution| execution.delegates(next.seq));
        delegates.is_none_or(|to| self.state.governance().workload(&to.workload).is_some())
    }

    /// Withholds every permit of an execution that waits for the disk.
    pub(super) fn withhold_all(&mut self, now: Now, execution: &str) -> Vec<Effect> {
        let (withheld, kept): (Vec<PendingAnswer>, Vec<PendingAnswer>) =
            std::mem::take(&mut self.pending).into_iter().partition(|next| {
                next.execution == execution && matches!(next.answer, Answer::Permit { .. })
            });
        self.pending = kept.into();
        withheld.into_iter().map(|next| self.withhold(now, next, "execution.halted")).collect()
    }

    fn withhold(&mut self, now: Now, next: PendingAnswer, code: &'static str) -> Effect {
        let index = self.state.size();
        let body = Body::Withheld { decided_seq: next.seq, code: code.to_owned() };
        let append = self.append(now, Some(&next.execution), body, Vec::new());
        let answer =
            Answer::Deny { index, code: code.to_owned(), policies: Vec::new(), advice: Vec::new() };
        self.pending.push_back(PendingAnswer { index, answer, ..next });
        append
    }
}
