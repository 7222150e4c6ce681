use proof::json::{Value, object};

use crate::Grant;
use crate::members::{MalformedRecord, members, name, wrong};

/// Where a delegated execution comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// The execution that delegated.
    pub parent: String,
    /// The most that the new one may do.
    pub grant: Grant,
}

/// A request to delegate: to a workload, with a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationRequest {
    /// The registered workload of the new execution.
    pub workload: String,
    /// The most that it may do.
    pub grant: Grant,
}

/// Who ended an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The execution that had delegated to it, or one above that.
    Parent,
    /// An officer, by a governance record.
    Officer,
}

impl EndedBy {
    /// The name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Officer => "officer",
        }
    }

    /// Reads the name in records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Parent, Self::Officer].into_iter().find(|one| one.as_str() == text)
    }
}

impl Delegation {
    /// The form in which records and snapshots hold it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        object([("grant", self.grant.to_value()), ("parent", Value::from(self.parent.as_str()))])
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When a member is missing, unknown or of another kind.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["grant", "parent"])?;
        let grant = grant(members.value("grant")?)?;
        Ok(Self { parent: name(&members, "parent")?, grant })
    }
}

impl DelegationRequest {
    /// The form in which records and snapshots hold it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        object([
            ("grant", self.grant.to_value()),
            ("workload", Value::from(self.workload.as_str())),
        ])
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When a member is missing, unknown or of another kind.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["grant", "workload"])?;
        let grant = grant(members.value("grant")?)?;
        Ok(Self { workload: name(&members, "workload")?, grant })
    }
}

fn grant(value: &Value) -> Result<Grant, MalformedRecord> {
    let shape = "an object of `actions`, `calls_max`, `depth_max` and `until_ms`";
    Grant::from_value(value).ok_or_else(|| wrong("grant", shape))
}
