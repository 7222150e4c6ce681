//! Requests that wait for officers, and the officers' votes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RecordJson;

/// Which requests `GET /v1/approvals` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingQuery {
    /// Those whose id begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
}

/// The reply of `GET /v1/approvals`: requests that wait, and those that did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingPage {
    /// The origin of the node's lineage log: an approval is signed for it.
    pub origin: String,
    /// The requests. Workloads and their executions take turns, so that none hides another's.
    pub requests: Vec<PendingRequest>,
    /// How many more there are. Each is shown to who asks for it by the beginning of its id.
    pub left_out: u64,
}

/// A request that waits for officers, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingRequest {
    /// Its id: SHA-256 of the pending record, in lower-case hexadecimal.
    pub pending: String,
    /// The index of that record.
    pub record: u64,
    /// Its execution.
    pub execution: String,
    /// The execution's workload.
    pub workload: String,
    /// Server and tool; missing where the record cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<String>,
    /// When it was asked, in milliseconds since the Unix epoch.
    pub asked_ms: i64,
    /// Until when an approval counts, in milliseconds since the Unix epoch.
    pub until_ms: i64,
    /// `waits`, `approved`, `used`, `expired` or `denied`.
    pub state: String,
    /// The id of an older request of the execution that asks for the same and still waits: an approval of that one is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Whether the approved request was made.
    #[serde(rename = "used")]
    pub is_used: bool,
    /// Whose approval it needs: {`count`, `role`, `within_ms`}.
    pub awaits: Vec<RecordJson>,
    /// Who must still sign.
    pub still: Vec<MissingVotes>,
    /// The votes so far.
    pub approvals: Vec<Vote>,
}

/// Who must still sign for one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingVotes {
    /// The role.
    pub role: String,
    /// How many signatures are missing.
    pub missing: u64,
    /// The names of the keys that may sign.
    pub keys: Vec<String>,
}

/// An officer's vote on a pending request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The officer's key: a C2SP `vkey` line.
    pub key: String,
    /// `permit` or `refuse`.
    pub verdict: String,
    /// When it was recorded, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// When it stops counting, in milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// The body of `POST /v1/approvals`: an officer's signed vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteRequest {
    /// The signed approval, as `approval.given` has it in spec/records.md.
    pub approval: RecordJson,
}

/// The reply of `POST /v1/approvals`: the vote is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteReply {
    /// The index of its record in the lineage log.
    pub record: u64,
}
