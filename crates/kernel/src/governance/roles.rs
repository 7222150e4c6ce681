use proof::note::VerifierKey;
use record::governance::{Change, POLICY, REGISTRAR, ROOT, Roles, SignedProposal, TRUST};

use super::{Governance, GovernanceError};
use crate::limits::OFFICER_NAME_BYTES_MAX;

/// How many officers of a role must sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Least {
    /// Any one: what is taken away.
    One,
    /// As many as the role says.
    Threshold,
}

impl Governance {
    /// Whether each key that a change makes an officer's has a short enough name. This is checked
    /// for new changes only, and never where a log is read: keys that a log has stay valid.
    ///
    /// # Errors
    /// [`GovernanceError::KeyName`] for the first one that is longer.
    pub fn check_key_names(&self, change: &Change) -> Result<(), GovernanceError> {
        let next = change.roles().into_iter().flat_map(Roles::iter);
        let is_officer = |key: &VerifierKey| {
            self.roles().is_some_and(|roles| roles.iter().any(|(_, role)| role.holds(key)))
        };
        let mut long = next
            .flat_map(|(_, role)| role.keys())
            .filter(|key| key.name().len() > OFFICER_NAME_BYTES_MAX && !is_officer(key));
        match long.next() {
            Some(key) => Err(GovernanceError::KeyName(key.name().chars().take(64).collect())),
            None => Ok(()),
        }
    }

    /// Whether the required officers have signed a change, and nobody else.
    ///
    /// Keys are judged by the roles before the change. A change of roles needs the root's quorum
    /// before it and, where root itself changes, after it.
    pub(super) fn check_signers(&self, signed: &SignedProposal) -> Result<(), GovernanceError> {
        let change = &signed.proposal.change;
        let next = change.roles();
        let roles = self.roles().or(next).ok_or(GovernanceError::Genesis)?;
        let has_role = |key: &&VerifierKey| {
            let all = roles.iter().chain(next.into_iter().flat_map(Roles::iter));
            all.into_iter().any(|(_, role)| role.holds(key))
        };
        // Whose keys they are is looked at before a signature is verified: anybody can send many.
        if !signed.signers().all(|key| has_role(&key)) {
            return Err(GovernanceError::Stranger);
        }
        let signers = signed.verified().ok_or(GovernanceError::Signature)?;
        if let Some(next) = next.filter(|next| next.get(ROOT) != roles.get(ROOT)) {
            check_role(next, ROOT, Least::Threshold, &signers)?;
        }
        // An officer of either role may sign a reduction.
        if self.is_reduction(change) && check_role(roles, ROOT, Least::One, &signers).is_ok() {
            return Ok(());
        }
        let (role, least) = self.signer_of(change);
        check_role(roles, role, least, &signers)
    }

    /// Whether as many officers have signed as must where trust is given back.
    pub(super) fn check_quorum_of_trust(
        &self,
        signed: &SignedProposal,
    ) -> Result<(), GovernanceError> {
        let roles = self.roles().ok_or(GovernanceError::Genesis)?;
        check_role(roles, TRUST, Least::Threshold, &signed.signers().collect::<Vec<_>>())
    }

    /// Whether so many have signed a change as would have to if it gave back.
    pub(crate) fn is_signed_by_quorum(&self, signed: &SignedProposal) -> bool {
        self.check_quorum_of_trust(signed).is_ok()
    }

    fn signer_of(&self, change: &Change) -> (&'static str, Least) {
        match change {
            Change::DomainCreated { .. }
            | Change::RolesChanged { .. }
            | Change::SemanticsAdopted { .. } => (ROOT, Least::Threshold),
            Change::BundlePublished { .. } => (POLICY, Least::Threshold),
            Change::WorkloadRegistered(_) | Change::NodeRegistered { .. } => {
                (REGISTRAR, Least::Threshold)
            }
            _ if self.is_reduction(change) => (TRUST, Least::One),
            _ => (TRUST, Least::Threshold),
        }
    }

    /// Whether a change only takes away: a halt, or a trust state that is no better than the one
    /// before.
    #[must_use]
    pub fn is_reduction(&self, change: &Change) -> bool {
        match change {
            Change::HaltOrdered { .. } => true,
            Change::TrustChanged { subject, trust } => {
                *trust >= self.trust(std::slice::from_ref(subject))
            }
            _ => false,
        }
    }
}

/// Whether so many officers of a role as it asks for are among these signers.
fn check_role(
    roles: &Roles,
    name: &'static str,
    least: Least,
    signers: &[&VerifierKey],
) -> Result<(), GovernanceError> {
    let role = roles.get(name).ok_or(GovernanceError::Genesis)?;
    let needed = match least {
        Least::One => 1,
        Least::Threshold => role.threshold(),
    };
    let have = signers.iter().filter(|key| role.holds(key)).count();
    let have = u64::try_from(have).unwrap_or(u64::MAX);
    let of = u64::try_from(role.keys().len()).unwrap_or(u64::MAX);
    let missing = GovernanceError::Unsigned { role: name, needed, of, have };
    if have >= needed { Ok(()) } else { Err(missing) }
}

#[cfg(test)]
mod tests;
