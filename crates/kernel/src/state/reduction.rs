//! Reductions that officers have signed and governance has not adopted yet: they hold from the
//! moment they reached the node.

use policy::Semantics;
use proof::json::{Value, number, object};
use record::governance::{Change, SignedProposal, Subject};
use record::members::{MalformedRecord, members};

use super::NodeState;
use crate::governance::GovernanceError;
use crate::limits::{REDUCTION_BYTES_MAX, REDUCTIONS_MAX};

/// A signed halt or lowered trust that acted before it was in the governance log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeldReduction {
    proposal: Value,
    change: Change,
    /// Size of the governance that was adopted when it came.
    since: u64,
}

impl HeldReduction {
    /// The item in a snapshot: `all` where the whole domain was halted in the place of the signed
    /// change.
    pub(super) fn to_item(&self) -> Value {
        let Self { proposal, change, since } = self;
        let is_all = signed_of(proposal).is_none_or(|signed| signed.proposal.change != *change);
        let (all, since) = (Value::Bool(is_all), number(*since));
        object([("all", all), ("proposal", proposal.clone()), ("since", since)])
    }

    pub(super) fn from_item(item: &Value) -> Result<Self, MalformedRecord> {
        let members = members(item, &["all", "proposal", "since"])?;
        let proposal = members.value("proposal")?.clone();
        let signed = SignedProposal::from_value(&proposal)?;
        let all = Change::HaltOrdered { subject: Subject::Domain };
        let change = if members.bool("all")? { all } else { signed.proposal.change };
        Ok(Self { proposal, change, since: members.count("since")? })
    }
}

/// Whether a change takes away no less than another one about the same.
fn takes_as_much(change: &Change, other: &Change) -> bool {
    match (change, other) {
        (Change::HaltOrdered { .. }, Change::HaltOrdered { .. }) => true,
        (Change::TrustChanged { trust, .. }, Change::TrustChanged { trust: other, .. }) => {
            trust >= other
        }
        _ => false,
    }
}

fn signed_of(proposal: &Value) -> Option<SignedProposal> {
    SignedProposal::from_value(proposal).ok()
}

impl NodeState {
    /// Whether a change that an officer signed acts at once. The node's own clock judges its life.
    /// False where the proposal reduces nothing that governance and the node hold: it waits for
    /// governance.
    ///
    /// # Errors
    /// When the proposal is not acceptable under the adopted governance.
    pub(crate) fn acts_at_once(
        &self,
        clock: i64,
        signed: &SignedProposal,
    ) -> Result<bool, GovernanceError> {
        let change = &signed.proposal.change;
        if let Change::TrustChanged { subject, trust } = change
            && self
                .worst_reduction(std::slice::from_ref(subject))
                .0
                .is_some_and(|held| *trust < held)
        {
            return Ok(false);
        }
        if !self.governance.is_reduction(change) {
            return Ok(false);
        }
        if signed.to_value().to_bytes().len() > REDUCTION_BYTES_MAX {
            return Err(GovernanceError::TooLong(REDUCTION_BYTES_MAX));
        }
        self.governance.check(clock, signed)?;
        self.governance.check_owed(self.governance.at(), signed)?;
        Ok(true)
    }

    /// Folds a reduction that acted. False where the proposal is none.
    ///
    /// # Errors
    /// When it was not acceptable under the adopted governance, whatever the time.
    pub(super) fn apply_reduction(
        &mut self,
        signed: &SignedProposal,
    ) -> Result<bool, GovernanceError> {
        let change = &signed.proposal.change;
        if !self.governance.is_reduction(change) {
            return Ok(false);
        }
        self.governance.check_owed(self.governance.at(), signed)?;
        // Where no more can be remembered one by one, everything stops: a lack of room never gives
        // anything back.
        let change = match self.reductions.len() < REDUCTIONS_MAX {
            true => change.clone(),
            false => Change::HaltOrdered { subject: Subject::Domain },
        };
        let since = self.governance.position().size;
        let reduction = HeldReduction { proposal: signed.to_value(), change, since };
        if !self.reductions.contains(&reduction) {
            self.reductions.push(reduction);
        }
        Ok(true)
    }

    /// The reductions that hold on this node and are not in governance, as they were signed, in the
    /// order of their arrival.
    pub fn reductions(&self) -> impl Iterator<Item = SignedProposal> {
        self.reductions.iter().filter_map(|reduction| signed_of(&reduction.proposal))
    }

    /// The reductions that hold on this node and are not in governance, as they take effect: where
    /// no more could be remembered one by one, everything is halted.
    pub fn held_reductions(&self) -> impl Iterator<Item = &Change> {
        self.reductions.iter().map(|reduction| &reduction.change)
    }

    /// Governance has adopted a change. It replaces the same reduction, and those before which an
    /// officer saw the state that they had left. An older change of the same subject gives nothing
    /// back. From [`Semantics::V4`] on, neither does one that takes away less and has too few
    /// signatures.
    pub(super) fn settle_reductions(&mut self, adopted: &SignedProposal) {
        let (change, value) = (&adopted.proposal.change, adopted.to_value());
        let (about, based_on) = (change.about(), adopted.proposal.based_on.size);
        let is_any_enough =
            self.bundle.semantics() < Semantics::V4 || self.governance.is_signed_by_quorum(adopted);
        self.reductions.retain(|reduction| {
            let is_itself = reduction.proposal == value;
            let is_later = reduction.change.about() == about && based_on > reduction.since;
            let is_enough = is_any_enough || takes_as_much(change, &reduction.change);
            !(is_itself || is_later && is_enough)
        });
    }

    /// The worst that reductions say of these subjects: a trust state, and whether one is halted.
    pub(super) fn worst_reduction(&self, subjects: &[Subject]) -> (Option<record::Trust>, bool) {
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
