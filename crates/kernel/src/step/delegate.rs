use proof::digest::Digest;
use record::lineage::{Body, Completion, Delegation, DelegationRequest, EndedBy};

use super::prepare::execution_id;
use super::release::PendingAnswer;
use super::{Effect, Kernel, Now, Ticket};
use crate::limits::GRANT_BYTES_MAX;
use crate::lineage::Transition;
use crate::state::TransitionRef;

/// Precedes the entropy of a request, from which the id of a child is drawn, so that no salt shares
/// it.
const CHILD_CONTEXT: &[u8] = b"interlock.child.v1\n";

impl Kernel {
    /// The code of the refusal of a delegation before its decision, if it is refused.
    pub(super) fn delegation_refusal_code(
        &self,
        execution: &str,
        asked: &Transition,
    ) -> Option<&'static str> {
        let DelegationRequest { workload, grant } = asked.delegates.as_ref()?;
        // A request for an unregistered workload, or under a bundle that checks no grants, is
        // malformed.
        let looks_at_grants = self.state.bundle().semantics() >= policy::Semantics::V2;
        let is_known = self.state.governance().workload(workload).is_some();
        // The records of one that is longer could not be kept.
        let fits = || grant.to_value().to_bytes().len() <= GRANT_BYTES_MAX;
        if !looks_at_grants || !is_known || !fits() {
            Some("refused.input")
        } else if !self.state.may_have_children(execution) {
            Some("refused.quota")
        } else {
            self.executions.exceeded(self.state.root_user(execution)?)
        }
    }

    /// The id of the execution that a delegation begins, if it is permitted.
    pub(super) fn child_id(asked: &Transition, entropy: &[u8; 32]) -> Option<String> {
        asked.delegates.as_ref()?;
        let digest = Digest::of(&[CHILD_CONTEXT, entropy].concat());
        Some(execution_id(*digest.as_bytes()))
    }

    /// Carries a permitted and durable delegation out: its end is on record, and the child begins.
    pub(super) fn delegate(&mut self, now: Now, next: &PendingAnswer) -> Vec<Effect> {
        let delegates =
            self.state.execution(&next.execution).and_then(|one| one.delegates(next.seq));
        let (Some(DelegationRequest { workload, grant }), Some(child)) =
            (delegates.cloned(), &next.child)
        else {
            return Vec::new();
        };
        let Some(os_user) = self.state.governance().workload(&workload).map(|one| one.os_user)
        else {
            return Vec::new();
        };
        let delegated = Body::Delegated { decided_seq: next.seq, child: child.clone() };
        let delegated = self.append(now, Some(&next.execution), delegated, Vec::new());
        let delegation = Delegation { parent: next.execution.clone(), grant };
        let started = Body::Started { workload, os_user, delegation: Some(Box::new(delegation)) };
        let started = self.append(now, Some(child), started, Vec::new());
        self.state.root_user(child).into_iter().for_each(|user| self.executions.begins(user));
        vec![delegated, started, Effect::Delegated { ticket: next.ticket, child: child.clone() }]
    }

    /// An execution ends one that descends from it, with all below.
    pub(super) fn end_child(
        &mut self,
        now: Now,
        ticket: Ticket,
        execution: &str,
        child: &str,
    ) -> Vec<Effect> {
        if execution == child || !self.state.descends(child, execution) {
            self.count_refusals("refused.peer", 1);
            return vec![Effect::Ended { ticket, result: Err("refused.peer") }];
        }
        let family = self.state.family(child);
        let mut effects = self.end_all(now, &family, EndedBy::Parent);
        effects.push(Effect::Ended { ticket, result: Ok(()) });
        effects
    }

    /// Ends what an officer ended.
    pub(super) fn end_by_officer(&mut self, now: Now) -> Vec<Effect> {
        let ended = self.state.ended_by_officers();
        self.end_all(now, &ended, EndedBy::Officer)
    }

    /// Ends executions in this order. Waiting permits are withheld, and the ends of open
    /// transitions are unknown from here on.
    fn end_all(&mut self, now: Now, ids: &[String], by: EndedBy) -> Vec<Effect> {
        let mut effects = Vec::new();
        for id in ids {
            effects.extend(self.withhold_all(now, id));
            effects.extend(self.withhold_results(now, id));
            let open: Vec<u64> =
                self.state.execution(id).into_iter().flat_map(|one| one.open()).collect();
            self.open.retain(|_, (execution, _)| execution != id);
            for seq in open {
                effects.push(self.complete_as(
                    now,
                    TransitionRef::new(id, seq),
                    Completion::UNKNOWN,
                ));
            }
            self.state.root_user(id).into_iter().for_each(|user| self.executions.ends(user));
            effects.push(self.append(now, Some(id), Body::Ended { by }, Vec::new()));
        }
        effects
    }
}

#[cfg(test)]
mod tests;
