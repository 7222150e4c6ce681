use policy::{CheckId, Decision, Request, Verdict};
use proof::digest::Digest;
use record::lineage::{Body, RecordedRetry, SignedApproval};

use super::{Answer, Effect, Kernel, Now, Ticket};
use crate::lineage::{Transition, intent};
use crate::state::{Execution, RetryRef};

/// The advice to an agent that calls a tool whose definition its session has not seen, while other
/// requests of it wait.
const UNDEFINED: &str = "an approval counts for the tool's definition too, and this session has not listed the server's tools: \
     ask for `tools/list`, then for the same again";

/// An approval whose record is not durable yet.
pub(super) struct PendingApproval {
    index: u64,
    ticket: Ticket,
}

impl Kernel {
    /// Records an officer's vote on a pending request. It is answered once the record is durable.
    pub(super) fn approve(
        &mut self,
        now: Now,
        ticket: Ticket,
        approval: Box<SignedApproval>,
    ) -> Vec<Effect> {
        let at = self.state.time(now.wall_ms);
        let execution = match self.state.may_approve(at, &approval) {
            Ok(execution) => execution,
            Err(why) => return vec![Effect::Approved { ticket, result: Err(why.code()) }],
        };
        let index = self.state.size();
        let append = self.append(now, Some(&execution), Body::Approved(approval), vec![]);
        self.approvals.push_back(PendingApproval { index, ticket });
        vec![append]
    }

    /// Approvals whose record is durable.
    pub(super) fn release_approvals(&mut self, size: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(PendingApproval { index, ticket }) =
            self.approvals.pop_front_if(|next| next.index < size)
        {
            effects.push(Effect::Approved { ticket, result: Ok(index) });
        }
        effects
    }

    /// The pending record that a request retries, with its intent: the one that it names; or else,
    /// from [`policy::Semantics::V4`] on, one of its execution with the same intent and all its
    /// approvals. Bundles that check no approvals skip this.
    pub(super) fn retry_ref(
        &self,
        execution: &str,
        at: i64,
        asked: &Transition,
        request: &Request,
    ) -> Option<RetryRef> {
        let semantics = self.state.bundle().semantics();
        if semantics < policy::Semantics::V2 {
            return None;
        }
        let intent = || Some(Digest::of(&intent(asked, request, semantics)?));
        match asked.pending {
            Some(pending) => Some(RetryRef { pending, intent: intent()? }),
            None if semantics >= policy::Semantics::V4 => {
                self.state.approved(execution, at, intent)
            }
            None => None,
        }
    }

    /// The retry as the record of a request names it.
    pub(super) fn recorded_retry(
        &self,
        execution: &str,
        retry_ref: Option<&RetryRef>,
    ) -> Option<RecordedRetry> {
        let pending = retry_ref?.pending;
        Some(RecordedRetry { pending, votes: self.state.vote_records(execution, &pending) })
    }

    /// The answer to a decision that is the execution's newest on record, unless it is a permit.
    pub(super) fn turn_down(
        &self,
        execution: &str,
        index: u64,
        decision: &Decision,
        is_undefined: bool,
    ) -> Answer {
        let policies = decision.policy_ids().map(str::to_owned).collect();
        let mut advice = self.agent_advice(decision);
        let known = self.state.execution(execution);
        // It is on record already, as the newest that waits.
        let asked = known.and_then(|known| known.waiting().last()).filter(|one| one.index == index);
        let lacks_approval = decision.code() == CheckId::ApprovalRequired.as_str();
        let intent = asked.and_then(|asked| asked.intent);
        let mut others = known.into_iter().flat_map(Execution::waiting);
        if is_undefined
            && lacks_approval
            && others.any(|one| one.intent != intent && !one.is_used())
        {
            advice.push(UNDEFINED.to_owned());
        }
        match (decision.verdict(), known.zip(asked)) {
            (Verdict::Pending, Some((known, asked))) => {
                let before = self.state.earlier_pending(known, asked, asked.at);
                let pending = before.unwrap_or(asked).pending;
                let awaits = decision.awaits().to_vec();
                Answer::Pending { index, pending, awaits, policies, advice }
            }
            _ => Answer::Deny { index, code: decision.code().to_owned(), policies, advice },
        }
    }

    /// The advice to the agent: the malformed part of its arguments, or the state of a retry, and
    /// the advice of the policies. Never policy text.
    fn agent_advice(&self, decision: &Decision) -> Vec<String> {
        let is_unapproved =
            decision.verdict() == Verdict::Deny && decision.code() == "approval.required";
        let last = decision.checks().last().filter(|_| is_unapproved);
        let is_malformed = decision.code() == "request.malformed";
        let first = decision.checks().first().filter(|_| is_malformed);
        let why = first.or(last).and_then(|check| check.why.clone());
        why.into_iter().chain(self.state.bundle().advice(decision)).collect()
    }
}

#[cfg(test)]
mod tests;
