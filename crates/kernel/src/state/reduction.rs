//! What officers have taken away and governance does not say yet: it holds from the moment it reached the node.

use proof::json::{Value, number, object};

use super::NodeState;
use crate::governance::{Change, GovernanceError, SignedProposal, Subject};
use crate::limits::REDUCTIONS_MAX;
use crate::members::{Malformed, members};

/// A signed halt or lowered trust that acted before it was in the governance log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reduction {
    proposal: Value,
    change: Change,
    /// Size of the governance that was adopted when it came.
    since: u64,
}

impl Reduction {
    /// As it stands in a snapshot: `all` where everything was halted in the place of what was signed.
    pub(super) fn to_item(&self) -> Value {
        let Self { proposal, change, since } = self;
        let is_all = signed_of(proposal).is_none_or(|signed| signed.proposal.change != *change);
        let (all, since) = (Value::Bool(is_all), number(*since));
        object([("all", all), ("proposal", proposal.clone()), ("since", since)])
    }

    pub(super) fn from_item(item: &Value) -> Result<Self, Malformed> {
        let members = members(item, &["all", "proposal", "since"])?;
        let proposal = members.value("proposal")?.clone();
        let signed = SignedProposal::from_value(&proposal)?;
        let all = Change::HaltOrdered { subject: Subject::Domain };
        let change = if members.bool("all")? { all } else { signed.proposal.change };
        Ok(Self { proposal, change, since: members.count("since")? })
    }
}

fn signed_of(proposal: &Value) -> Option<SignedProposal> {
    SignedProposal::from_value(proposal).ok()
}

impl NodeState {
    /// Takes away at once what an officer signed. False where the proposal is no reduction: it waits for governance.
    ///
    /// # Errors
    /// When the proposal is not acceptable under the adopted governance.
    pub(crate) fn reduce(
        &mut self,
        at: i64,
        signed: &SignedProposal,
    ) -> Result<bool, GovernanceError> {
        let change = &signed.proposal.change;
        if !self.governance.is_reduction(change) {
            return Ok(false);
        }
        self.governance.check(at.max(self.governance.at()), signed)?;
        // Where no more can be remembered one by one, everything stops: never is something given back for lack of room.
        let change = match self.reductions.len() < REDUCTIONS_MAX {
            true => change.clone(),
            false => Change::HaltOrdered { subject: Subject::Domain },
        };
        let since = self.governance.position().size;
        let reduction = Reduction { proposal: signed.to_value(), change, since };
        if !self.reductions.contains(&reduction) {
            self.reductions.push(reduction);
        }
        Ok(true)
    }

    /// What holds on this node and is not in governance, as it was signed and in the order in which it came.
    pub fn reductions(&self) -> impl Iterator<Item = SignedProposal> {
        self.reductions.iter().filter_map(|reduction| signed_of(&reduction.proposal))
    }

    /// Governance has adopted a change: it stands in the place of the reduction that it is, and of those before which an
    /// officer saw the state that they had left. An older change of the same subject gives nothing back.
    pub(super) fn settle_reductions(&mut self, adopted: &SignedProposal) {
        let (about, value) = (adopted.proposal.change.about(), adopted.to_value());
        let based_on = adopted.proposal.based_on.size;
        self.reductions.retain(|reduction| {
            let is_itself = reduction.proposal == value;
            let is_later = reduction.change.about() == about && based_on > reduction.since;
            !is_itself && !is_later
        });
    }

    /// The worst that reductions say of these subjects: a trust state, and whether one is halted.
    pub(super) fn reduced(&self, subjects: &[Subject]) -> (Option<policy::Trust>, bool) {
        let (mut worst, mut is_halted) = (None, false);
        for reduction in &self.reductions {
            match &reduction.change {
                Change::HaltOrdered { subject } => is_halted |= subjects.contains(subject),
                Change::TrustChanged { subject, trust } if subjects.contains(subject) => {
                    worst = worst.max(Some(*trust));
                }
                _ => {}
            }
        }
        (worst, is_halted)
    }
}

#[cfg(test)]
mod tests;
