//! What governs, and the changes to it that officers sign.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RecordJson;

/// A prefix of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The log's origin.
    pub origin: String,
    /// How many records it has.
    pub size: u64,
    /// The root of its Merkle tree, in lower-case hexadecimal.
    pub root: String,
}

/// A trust state, from best to worst.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nothing speaks against the subject.
    Trusted,
    /// Something is amiss; the subject goes on where the bundle lets it.
    Degraded,
    /// Nothing new is permitted.
    Suspended,
    /// Nothing is permitted again.
    Revoked,
}

impl Trust {
    /// Its word, as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Degraded => "degraded",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// At which size of the governance log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GovernanceQuery {
    /// How many records count; all of them where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// The reply of `GET /v1/governance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// The prefix that this is the fold of: what a change is signed on.
    pub position: Position,
    /// The time of its last record, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What governs. Officers alone see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<GovernanceState>,
}

/// The fold of a prefix of the governance log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GovernanceState {
    /// The domain's name; missing before the first record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The newest version of the decider that bundles may name.
    pub semantics: u64,
    /// SHA-256 of the bundle that decides, in lower-case hexadecimal; missing before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// Who has which role.
    pub roles: Vec<Role>,
    /// The registered workloads.
    pub workloads: Vec<Workload>,
    /// The registered nodes.
    pub nodes: Vec<Node>,
    /// Every trust state that was ever set.
    pub trust: Vec<TrustState>,
    /// The halts in force.
    pub halts: Vec<String>,
}

/// A role: so many of these officers sign together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub role: String,
    /// How many must sign.
    pub threshold: u64,
    /// The officers' keys: C2SP `vkey` lines.
    pub keys: Vec<String>,
}

/// A registered workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Its name in the domain.
    pub workload: String,
    /// The OS user (uid) whose processes may speak for it.
    pub os_user: u32,
    /// The zone it lives in.
    pub zone: String,
}

/// A registered node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name in the domain.
    pub node: String,
    /// The key that signs its lineage checkpoints: a C2SP `vkey` line.
    pub key: String,
}

/// The trust state of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustState {
    /// Whose: `domain`, `zone:NAME`, `node:NAME`, `workload:NAME` or `execution:ID`.
    pub subject: String,
    /// The state.
    pub trust: Trust,
}

/// The reply of `GET /v1/halts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Halts {
    /// The halts in force on this node.
    pub halts: Vec<Halt>,
}

/// A halt in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Halt {
    /// Whom: `domain`, `zone:NAME`, `node:NAME`, `workload:NAME` or `execution:ID`.
    pub subject: String,
    /// Whether the governance log has it. It acts in either case.
    #[serde(rename = "recorded")]
    pub is_recorded: bool,
}

/// The media type of a reply of `POST /v1/governance` in two lines of JSON, for a client that
/// accepts it. The first line comes at once: what the order stopped, as a [`ProposalReply`] without
/// `position`. The second is the whole [`ProposalReply`], or a problem. Only changes that take
/// something away are answered so.
pub const PROGRESS_TYPE: &str = "application/jsonl";

/// The body of `POST /v1/governance`: a change that officers signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalRequest {
    /// The signed proposal: a governance record without `at` and `v`.
    pub proposal: RecordJson,
    /// The bundle that it publishes, as base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
}

/// The reply of `POST /v1/governance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalReply {
    /// The governance log with the change. Missing where the node acts on an order that is not on
    /// record yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// What the node stopped, where the change takes something away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<Acting>,
}

/// What an order stopped, and whether anything here is called what it names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acting {
    /// Executions that it stopped.
    pub executions: u64,
    /// Sessions that it cut.
    pub sessions: u64,
    /// Servers that it stopped with them.
    pub servers: u64,
    /// Those of them that still end: the node has ordered it, and a process that they started may
    /// still be there. All others are gone.
    pub ending: u64,
    /// Whether the domain or this node knows anything of that name. An order acts in either case.
    #[serde(rename = "known")]
    pub is_known: bool,
    /// Subjects with similar names, where nothing has that name.
    pub near: Vec<String>,
}
