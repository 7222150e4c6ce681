//! Giving back what was taken away: it is judged on the worst of what governance and the node hold.

use record::Trust;
use record::governance::{Change, SignedProposal, Subject};

use super::{Governance, GovernanceError};

impl Governance {
    /// Whether this change gives nothing back that governance or the node withholds, neither with
    /// too few signatures nor by a detour. `held` are the reductions that act on the node and are
    /// not in governance.
    ///
    /// Raised trust needs as many officers as the role says. A workload does not leave a zone that
    /// is halted, or trusted less than the one it would move to.
    ///
    /// # Errors
    /// [`GovernanceError::Unsigned`] and [`GovernanceError::Leaves`].
    pub fn check_giving_back(
        &self,
        signed: &SignedProposal,
        held: &[Change],
    ) -> Result<(), GovernanceError> {
        match &signed.proposal.change {
            Change::TrustChanged { subject, trust } if *trust < self.worst_trust(subject, held) => {
                self.check_quorum_of_trust(signed)
            }
            Change::WorkloadRegistered(next) => {
                let Some(known) = self.workload(&next.name) else { return Ok(()) };
                let [from, to] = [&known.zone, &next.zone].map(|zone| Subject::Zone(zone.clone()));
                let is_halted = self.is_halted(std::slice::from_ref(&from))
                    || held.contains(&Change::HaltOrdered { subject: from.clone() });
                let is_freed = self.worst_trust(&from, held) > self.worst_trust(&to, held);
                if from != to && (is_halted || is_freed) {
                    let (workload, zone) = (next.name.clone(), known.zone.clone());
                    return Err(GovernanceError::Leaves { workload, zone });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The worst trust state of a subject that governance says or that is held on the node.
    fn worst_trust(&self, subject: &Subject, held: &[Change]) -> Trust {
        let of = |change: &Change| match change {
            Change::TrustChanged { subject: of, trust } if of == subject => Some(*trust),
            _ => None,
        };
        let held = held.iter().filter_map(of).max().unwrap_or(Trust::Trusted);
        self.trust(std::slice::from_ref(subject)).max(held)
    }
}

#[cfg(test)]
mod tests;
