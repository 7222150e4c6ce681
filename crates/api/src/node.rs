//! How the node stands, and whether it commits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::governance::{Position, TrustState};

/// The reply of `GET /health`: the node commits. A node that does not answers with `unhealthy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Always true: a node that commits nothing answers with a problem.
    #[serde(rename = "healthy")]
    pub is_healthy: bool,
    /// How long ago the newest probe record was on stable storage, in milliseconds.
    pub committed_ago_ms: u64,
}

/// The reply of `GET /v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The node's name in its domain.
    pub node: String,
    /// SHA-256 of the bundle that decides, in lower-case hexadecimal.
    pub bundle: String,
    /// Executions that go on.
    pub executions: u64,
    /// How much of the governance log the node has adopted.
    pub governance: Position,
    /// Records of its lineage log.
    pub records: u64,
    /// Whether it could verify the governance log. It permits nothing where it could not.
    #[serde(rename = "verified")]
    pub is_verified: bool,
    /// Bytes that must be free on the node's disk before agents are served again. Missing where
    /// there is room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_wanted_bytes: Option<u64>,
    /// Whom the governance log says that officers halted. Officers alone see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halted: Option<Vec<String>>,
    /// Whom the governance log trusts less than wholly. Officers alone see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Vec<TrustState>>,
    /// Orders that act here and that the governance log does not have. Officers alone see them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reductions: Option<Vec<Reduction>>,
}

/// An order that acts here and that the governance log does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// What it is about: `halt workload:agent`.
    pub about: String,
    /// Why the governance log can never take it. The node submits it again where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}
