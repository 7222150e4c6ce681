use std::collections::{BTreeMap, BTreeSet};

use proof::json::{Object, Value, is_key, number, object};
use proof::note::VerifierKey;

use crate::limits::{ROLE_KEYS_MAX, ROLES_MAX};
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
}

#[cfg(test)]
mod tests;
