use std::collections::{BTreeMap, BTreeSet};

use proof::json::{Object, Value, is_key, number, object};
use proof::note::VerifierKey;

use super::{Change, Governance, GovernanceError, SignedProposal};
use crate::limits::{OFFICER_NAME_BYTES_MAX, ROLE_KEYS_MAX, ROLES_MAX};
use crate::members::{MalformedRecord, checked_name, members, wrong};

/// The role that assigns all roles, and adopts versions of the decider.
pub const ROOT: &str = "root";
/// The role that publishes bundles.
pub const POLICY: &str = "policy";
/// The role that registers workloads and nodes.
pub const REGISTRAR: &str = "registrar";
/// The role that gives trust back, lifts halts and ends executions; one officer of it takes away.
pub const TRUST: &str = "trust";

/// The roles that every domain has. All others are groups of approvers.
pub const REQUIRED_ROLES: [&str; 4] = [POLICY, REGISTRAR, ROOT, TRUST];

/// The officers of a role, and how many of them must sign. `api` mirrors it for clients under the
/// same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    threshold: u64,
    keys: Vec<VerifierKey>,
}

/// The roles of a domain, with their officers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeMap<String, Role>);

impl Role {
    /// A role of these officers, of whom `threshold` must sign. Each must be another person: no two
    /// keys have the same public key, even under different names.
    ///
    /// # Errors
    /// When the threshold is 0 or more than there are keys, or the keys repeat or are too many.
    pub fn new(threshold: u64, keys: Vec<VerifierKey>) -> Result<Self, MalformedRecord> {
        let distinct: BTreeSet<&[u8; 32]> = keys.iter().map(VerifierKey::public_key).collect();
        let count = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        if distinct.len() != keys.len() || keys.len() > ROLE_KEYS_MAX {
            Err(wrong("keys", "at most 32 keys, each another one"))
        } else if !(1..=count).contains(&threshold) {
            Err(wrong("threshold", "between 1 and the number of keys"))
        } else {
            Ok(Self { threshold, keys })
        }
    }

    /// How many of its officers must sign.
    #[must_use]
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    /// Its officers' keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Whether a key is one of its officers'.
    #[must_use]
    pub fn holds(&self, key: &VerifierKey) -> bool {
        self.keys.contains(key)
    }
}

impl Roles {
    /// These roles.
    ///
    /// # Errors
    /// When one of the four that every domain has is missing, a name is none, or they are too many.
    pub fn new(roles: BTreeMap<String, Role>) -> Result<Self, MalformedRecord> {
        if let Some(missing) = REQUIRED_ROLES.into_iter().find(|name| !roles.contains_key(*name)) {
            return Err(MalformedRecord::new(format!("the role `{missing}` is missing")));
        }
        if roles.len() > ROLES_MAX {
            return Err(wrong("roles", "at most 64 roles"));
        }
        // A role's name is a member's name in records. A name that canonical JSON does not allow
        // could be written, and never read.
        match roles.keys().find(|name| checked_name("role", name).is_err() || !is_key(name)) {
            Some(_) => Err(wrong("roles", "named with a-z, 0-9 and _, a letter first")),
            None => Ok(Self(roles)),
        }
    }

    /// All roles that a domain needs, for one officer.
    ///
    /// # Errors
    /// Never for one key; the type is that of [`Roles::new`].
    pub fn of_one(officer: &VerifierKey) -> Result<Self, MalformedRecord> {
        let role = Role::new(1, vec![officer.clone()])?;
        Self::new(REQUIRED_ROLES.map(|name| (name.to_owned(), role.clone())).into())
    }

    /// The role of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.0.get(name)
    }

    /// All roles, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.0.iter().map(|(name, role)| (name.as_str(), role))
    }

    pub(super) fn to_value(&self) -> Value {
        let one = |(name, role): (&String, &Role)| {
            let keys = role.keys.iter().map(|key| Value::from(key.to_string()));
            let role = object([
                ("keys", Value::Array(keys.collect())),
                ("threshold", number(role.threshold)),
            ]);
            (name.clone(), role)
        };
        Value::Object(self.0.iter().map(one).collect::<Object>())
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let roles = value.as_object().ok_or_else(|| wrong("roles", "an object"))?;
        let one = |(name, value): (&str, &Value)| {
            let members = members(value, &["keys", "threshold"])?;
            let key = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
            let keys: Option<Vec<VerifierKey>> = members.array("keys")?.iter().map(key).collect();
            let keys = keys.ok_or_else(|| wrong("keys", "verifier keys (vkey)"))?;
            Ok((name.to_owned(), Role::new(members.count("threshold")?, keys)?))
        };
        Self::new(roles.iter().map(one).collect::<Result<_, MalformedRecord>>()?)
    }

    /// Whether so many officers of a role as it asks for are among these signers.
    fn satisfied(
        &self,
        name: &'static str,
        least: Least,
        signers: &[&VerifierKey],
    ) -> Result<(), GovernanceError> {
        let role = self.get(name).ok_or(GovernanceError::Genesis)?;
        let needed = match least {
            Least::One => 1,
            Least::Threshold => role.threshold,
        };
        let have = signers.iter().filter(|key| role.holds(key)).count();
        let have = u64::try_from(have).unwrap_or(u64::MAX);
        let of = u64::try_from(role.keys.len()).unwrap_or(u64::MAX);
        let missing = GovernanceError::Unsigned { role: name, needed, of, have };
        if have >= needed { Ok(()) } else { Err(missing) }
    }
}

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
        let signers = signed.verified()?;
        if let Some(next) = next.filter(|next| next.get(ROOT) != roles.get(ROOT)) {
            next.satisfied(ROOT, Least::Threshold, &signers)?;
        }
        // An officer of either role may sign a reduction.
        if self.is_reduction(change) && roles.satisfied(ROOT, Least::One, &signers).is_ok() {
            return Ok(());
        }
        let (role, least) = self.signer_of(change);
        roles.satisfied(role, least, &signers)
    }

    /// Whether as many officers have signed as must where trust is given back.
    pub(super) fn check_quorum_of_trust(
        &self,
        signed: &SignedProposal,
    ) -> Result<(), GovernanceError> {
        let roles = self.roles().ok_or(GovernanceError::Genesis)?;
        roles.satisfied(TRUST, Least::Threshold, &signed.signers().collect::<Vec<_>>())
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

#[cfg(test)]
mod tests;
