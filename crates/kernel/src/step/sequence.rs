use std::sync::Arc;

use policy::{Decision, Verdict};
use proof::digest::Digest;
use record::Facts;
use record::lineage::RecordedRetry;

use super::release::PendingAnswer;
use super::{Answer, Effect, Kernel, NewRecord, Now, Ticket};
use crate::Prepared;
use crate::lineage::{DecisionParts, intent};
use crate::prepared::PreparedTransition;
use crate::state::{CommittedInputs, DecisionInputs};

/// A request that is to be decided.
pub(super) struct RequestInput<'a> {
    pub(super) ticket: Ticket,
    pub(super) execution: &'a str,
    pub(super) prepared: Prepared,
    /// 32 fresh bytes.
    pub(super) entropy: &'a [u8; 32],
}

/// A request that was decided, and has no place in the log yet.
struct DecidedRequest<'a> {
    ticket: Ticket,
    execution: &'a str,
    asked: PreparedTransition,
    facts: Facts,
    decision: &'a Decision,
    /// The pending decision that it names, as it goes on its record.
    retry: Option<RecordedRetry>,
}

impl Kernel {
    /// Decides and gives the decision its place in the log. The answer waits for the disk.
    pub(super) fn request(&mut self, now: Now, request: RequestInput<'_>) -> Vec<Effect> {
        let RequestInput { ticket, execution, prepared, entropy } = request;
        if let Some(code) = self.refusal_code(execution, prepared.transition()) {
            return self.refuse(ticket, code);
        }
        // The history holds it, and so does what is open.
        let bytes = prepared.transition().message.len().saturating_mul(2);
        if let Some(code) = self.exceeded_bytes(execution, bytes) {
            return self.refuse(ticket, code);
        }
        let workload = self.state.execution(execution).map(|known| known.workload().to_owned());
        let wanted = prepared.at(&workload.unwrap_or_default(), self.state.bundle(), entropy);
        let (asked, inspected) = (&wanted.transition, &wanted.inspected);
        let (at, assurance) = (self.state.time(now.wall_ms), asked.assurance);
        let facts = Facts { at, assurance, definition: asked.definition };
        let asks = asked.delegates.as_ref().map(|delegates| &delegates.grant);
        let retry_ref = self.retry_ref(execution, at, asked, inspected.resolved.request());
        let about = DecisionInputs {
            delegates: asks,
            retry_ref: retry_ref.as_ref(),
            tool: asked.called(),
            detected: inspected.detected.clone(),
        };
        let Some(decision) = self.state.decide(execution, &facts, &inspected.resolved, about)
        else {
            // Only an execution whose history is lost has no decision: it stays as it is.
            return self.refuse(ticket, "refused.peer");
        };
        let retry = self.recorded_retry(execution, retry_ref.as_ref());
        let decided =
            DecidedRequest { ticket, execution, asked: wanted, facts, decision: &decision, retry };
        self.sequence(now, decided, entropy)
    }

    fn sequence(
        &mut self,
        now: Now,
        decided: DecidedRequest<'_>,
        entropy: &[u8; 32],
    ) -> Vec<Effect> {
        let DecidedRequest { ticket, execution, asked, facts, decision, retry } = decided;
        let PreparedTransition { transition: asked, inspected, mut sealed } = asked;
        let index = self.state.size();
        let seq = self.state.execution(execution).map_or(0, crate::state::Execution::seq);
        let child = Self::child_id(&asked, entropy);
        let request = Arc::clone(inspected.resolved.request());
        let charges = self.state.charged(execution, decision.charges());
        let is_about_approval = decision.verdict() == Verdict::Pending || retry.is_some();
        let semantics = self.state.bundle().semantics();
        let intent = is_about_approval.then(|| intent(&asked, &request, semantics)).flatten();
        let intended = intent.as_deref().map(Digest::of);
        let is_undefined = asked.tool.is_some() && asked.definition.is_none();
        let judged = DecisionParts { facts, decision, charges, retry, intent };
        let body = judged.into_body(asked, &request, &mut sealed, entropy);
        let behind =
            CommittedInputs::Decided { resolved: Ok(inspected.resolved), intent: intended };
        let append = self.append_with(
            now,
            Some(execution),
            NewRecord { body, behind, sealed: sealed.to_bytes() },
        );
        let answer = match decision.verdict() {
            Verdict::Permit => Answer::Permit { index },
            _ => self.turn_down(execution, index, decision, is_undefined),
        };
        self.pending.push_back(PendingAnswer {
            index,
            ticket,
            execution: execution.to_owned(),
            seq,
            queued_ns: now.monotonic_ns,
            child,
            answer,
        });
        let mut effects = vec![append];
        if decision.engine_limit() {
            effects
                .push(Effect::Halt { why: "the decider met its engine's recursion limit".into() });
        }
        effects
    }

    pub(super) fn refuse(&mut self, ticket: Ticket, code: &'static str) -> Vec<Effect> {
        self.count_refusals(code, 1);
        vec![Effect::Answer { ticket, answer: Answer::Refused { code } }]
    }
}

#[cfg(test)]
mod tests;
