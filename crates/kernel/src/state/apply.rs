//! The fold: how a record changes the state. Live steps, replays and starts all use
//! [`NodeState::apply`].
//!
//! Two inputs come before a record and are not in it alone. A decision adds its request to the
//! history while it is made ([`NodeState::decide`]), live and in a replay. Governance is a log of
//! its own ([`NodeState::adopt`]): its records are folded before the lineage record that says how
//! far.

use policy::ResolvedRequest;
use proof::digest::Digest;
use record::Labels;
use record::lineage::{Body, Charged, Completion, Decided, Delegation, LineageRecord, Link};

use super::{
    Execution, NodeState, OpenTransition, RetainedRequest, TransitionRef, Unreadable,
    WaitingRequest,
};
use crate::lineage::seen;

/// The committed inputs that the fold of a record needs, as far as they can be read.
pub(crate) enum CommittedInputs {
    /// The record says all.
    Nothing,
    /// The inputs of a decision.
    Decided {
        /// The request, as it was read for its decision.
        resolved: Result<ResolvedRequest, Unreadable>,
        /// Digest of its intent, where it waits for approval.
        intent: Option<Digest>,
    },
    /// The JSON text of the structured result that ended a transition, if there was one.
    Completed(Result<Option<String>, Unreadable>),
}

/// The end of a permitted transition, as its record says it.
struct RecordedEnd<'a> {
    transition: TransitionRef<'a>,
    outcome: Completion,
    /// JSON text of its structured result, as far as it can be read.
    output: Result<Option<String>, Unreadable>,
    charges: &'a [Charged],
    labels: &'a Labels,
}

/// A record that the state before it can't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record does not follow from the state before it")]
pub(crate) struct Unfounded;

impl NodeState {
    /// Folds one record.
    ///
    /// # Errors
    /// [`Unfounded`], and the state is not to be gone on with.
    pub(crate) fn apply(
        &mut self,
        record: &LineageRecord,
        digest: Digest,
        behind: CommittedInputs,
    ) -> Result<(), Unfounded> {
        let at = record.header.at;
        let mut intent_on_record = None;
        match (&record.body, &record.header.link) {
            (
                Body::Adopted { .. }
                | Body::Refused { .. }
                | Body::ClockStepped { .. }
                | Body::Snapshot(_),
                None,
            ) => {}
            (Body::Erased { execution, .. }, None) => {
                self.erase(execution).then_some(()).ok_or(Unfounded)?;
            }
            (Body::Ordered { proposal }, None) => {
                let is_reduction = self.apply_reduction(proposal) == Ok(true);
                is_reduction.then_some(()).ok_or(Unfounded)?;
            }
            (Body::Started { workload, os_user, delegation }, Some(link)) => {
                let delegation = delegation.as_deref().cloned();
                self.start(&link.execution, workload, *os_user, delegation)?;
            }
            (Body::Delegated { decided_seq, .. }, Some(link)) => {
                let end = RecordedEnd {
                    transition: TransitionRef::new(&link.execution, *decided_seq),
                    outcome: Completion::Result,
                    output: Ok(None),
                    charges: &[],
                    labels: &Labels::NONE,
                };
                self.finish(at, end)?;
            }
            (Body::Approved(approval), Some(link)) => {
                let of = self.may_approve(at, approval);
                (of.as_ref() == Ok(&link.execution)).then_some(()).ok_or(Unfounded)?;
            }
            // Its end follows below: it has a last record first.
            (Body::Ended { .. }, Some(link)) => {
                self.execution(&link.execution).ok_or(Unfounded)?;
            }
            (Body::Decided(decided), Some(link)) => {
                let CommittedInputs::Decided { resolved, intent } = behind else {
                    return Err(Unfounded);
                };
                intent_on_record = intent;
                self.decided(link, decided, resolved)?;
            }
            (Body::Withheld { decided_seq, .. }, Some(link)) => {
                self.execution(&link.execution).ok_or(Unfounded)?;
                self.withhold(at, TransitionRef::new(&link.execution, *decided_seq));
                self.give_back(&link.execution, *decided_seq);
            }
            (Body::Completed { decided_seq, outcome, charges, labels, .. }, Some(link)) => {
                let CommittedInputs::Completed(output) = behind else { return Err(Unfounded) };
                let transition = TransitionRef::new(&link.execution, *decided_seq);
                let outcome = *outcome;
                self.finish(at, RecordedEnd { transition, outcome, output, charges, labels })?;
            }
            _ => return Err(Unfounded),
        }
        self.admit(&record.header, digest);
        self.apply_admitted(record, intent_on_record);
        Ok(())
    }

    /// The part of the fold that comes after the record has its place in the log and in its
    /// execution's chain: it refers to the record by its digest, or removes the execution.
    fn apply_admitted(&mut self, record: &LineageRecord, intent: Option<Digest>) {
        let at = record.header.at;
        match (&record.body, &record.header.link) {
            (Body::Ended { .. }, Some(link)) => self.end(&link.execution, at),
            (Body::Approved(approval), Some(link)) => {
                self.record_vote(&link.execution, at, approval);
            }
            (Body::Decided(decided), Some(link)) => {
                self.note_approval(link, at, decided, intent);
            }
            _ => {}
        }
    }
}

impl NodeState {
    fn start(
        &mut self,
        id: &str,
        workload: &str,
        os_user: u32,
        delegation: Option<Delegation>,
    ) -> Result<(), Unfounded> {
        if self.execution(id).is_some() {
            return Err(Unfounded);
        }
        self.begin(id, workload, os_user, delegation);
        Ok(())
    }

    /// A decision: what it permits is open from here on.
    fn decided(
        &mut self,
        link: &Link,
        decided: &Decided,
        resolved: Result<ResolvedRequest, Unreadable>,
    ) -> Result<(), Unfounded> {
        let (id, seq) = (link.execution.as_str(), link.seq);
        self.execution(id).ok_or(Unfounded)?;
        let labels = decided.decision.labels().ok_or(Unfounded)?;
        let lost = resolved.as_ref().err().copied();
        if decided.decision.verdict() == Some("permit") {
            let asked = resolved.ok().map(RetainedRequest::Formed);
            let (delegates, direction) = (decided.delegates.clone(), decided.direction);
            let opened = OpenTransition { asked, delegates, direction };
            self.permit(id, seq, opened, decided.charges.clone());
        }
        if let Some(why) = lost {
            self.lose_history(id, why);
        }
        self.begin_labels(id, seq, &labels);
        Ok(())
    }

    /// The end of a permitted transition: it is open no more.
    fn finish(&mut self, at: i64, end: RecordedEnd<'_>) -> Result<(), Unfounded> {
        let RecordedEnd { transition, outcome, output, charges, labels } = end;
        let TransitionRef { execution: id, seq } = transition;
        self.use_up(transition, at, charges);
        self.execution(id).ok_or(Unfounded)?;
        let output = output.unwrap_or_else(|why| {
            self.lose_history(id, why);
            None
        });
        let was_open = self.complete(at, transition, &seen(outcome, output));
        // Where the history is lost, so is what was open.
        let follows = was_open || !self.is_intact(id);
        self.end_labels(id, seq, outcome == Completion::Result, labels);
        follows.then_some(()).ok_or(Unfounded)
    }

    /// A request that waits for approval is known by the digest of its record, which is the newest
    /// of its execution.
    fn note_approval(&mut self, link: &Link, at: i64, decided: &Decided, intent: Option<Digest>) {
        let id = link.execution.as_str();
        if let (Some(retry), Some("permit")) = (&decided.retry, decided.decision.verdict()) {
            self.use_approval(id, &retry.pending);
        }
        let head = self.execution(id).and_then(Execution::head).filter(|_| decided.waits());
        if let Some(pending) = head {
            let index = self.size.saturating_sub(1);
            let asked = WaitingRequest::new(pending, index, at, decided.decision.awaits(), intent);
            self.wait(id, asked);
        }
    }
}

#[cfg(test)]
mod tests;
