//! Executions that go on: their tree, labels, meters and trust.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::SignedQuestion;
use crate::governance::Trust;
use crate::meter::MeterAccount;

/// Where names of executions are searched with an officer's key. Questions are signed for it.
pub const SEARCH_PATH: &str = "/v1/executions/search";

/// Which executions `GET /v1/executions` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionQuery {
    /// Those of this workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Those that this execution delegated to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Those whose id begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
    /// Those after this id: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most; as many as a page holds where this is missing.
    #[schemars(range(min = 1, max = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// The body of `POST /v1/executions/search`: the names of executions, for who has the key of any
/// role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionSearch {
    /// Who asks.
    pub question: SignedQuestion,
    /// Executions that go on and whose id begins so.
    pub beginning: String,
}

/// The reply of `POST /v1/executions/search`, in the order of ids: at most as many as a page holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionNames {
    /// The executions.
    pub executions: Vec<ExecutionName>,
}

/// An execution that goes on, by its name alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionName {
    /// Its id.
    pub execution: String,
    /// The workload it is a job of.
    pub workload: String,
}

/// Which executions `GET /v1/ended` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndedQuery {
    /// Those whose id begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
    /// Those after this id: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most; as many as a page holds where this is missing.
    #[schemars(range(min = 1, max = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// The reply of `GET /v1/ended`, in the order of ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndedPage {
    /// Executions that ended and were not erased.
    pub executions: Vec<EndedExecution>,
    /// What to ask for with `after`; missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An execution that ended and was not erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndedExecution {
    /// Its id.
    pub execution: String,
    /// When it ended, in milliseconds since the Unix epoch.
    pub ended_ms: i64,
    /// Whether its events still decide for an execution that goes on: it can't be erased before
    /// that one ends.
    #[serde(rename = "kept")]
    pub is_kept: bool,
}

/// The body of `POST /v1/erasures`: one execution, or all that ended before a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureRequest {
    /// This execution; either this or `ended_before_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// All that ended before this time, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_before_ms: Option<i64>,
    /// Those after this id: the last of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether nothing is erased, and the reply says what would be.
    #[serde(rename = "trial")]
    pub is_trial: bool,
}

/// The reply of `POST /v1/erasures`, in the order of ids. Where it has a thousand executions, there
/// may be more after the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasurePage {
    /// What came of each.
    pub executions: Vec<Erasure>,
}

/// What came of one execution that was to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// Its id.
    pub execution: String,
    /// The index of the record that says so; missing in a trial, and where it was not erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// Why it was not erased: `execution.live`, `execution.line`, `execution.unknown`,
    /// `refused.storage`, or `key.destroy` where that is on record and the key is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The reply of `GET /v1/executions`, in the order of ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecutionPage {
    /// The executions that the peer may see.
    pub executions: Vec<Execution>,
    /// What to ask for with `after`; missing on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The reply of `GET /v1/executions/{execution}`: one execution that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Execution {
    /// Its id.
    pub execution: String,
    /// The workload it is a job of.
    pub workload: String,
    /// The OS user (uid) that speaks for it.
    pub os_user: u32,
    /// The execution that delegated to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// How many records it has.
    pub records: u64,
    /// How many of its permitted transitions have not completed.
    pub open_transitions: u64,
    /// The labels of what it has touched.
    pub labels: Vec<String>,
    /// The worst trust state of the execution, of all above it, and of their workloads and zones.
    pub trust: Trust,
    /// Whether a halt covers it.
    #[serde(rename = "halted")]
    pub is_halted: bool,
    /// The code of what stops it now; missing where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<String>,
    /// What it may do at most.
    pub grant: Grant,
    /// How many calls of its grant are used.
    pub calls: u64,
    /// What it has used of meters that count by execution.
    pub meters: Vec<MeterAccount>,
}

/// What an execution may do at most. A bound that is missing bounds nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The actions that it may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Calls of the execution and of all below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_max: Option<u64>,
    /// Generations below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth_max: Option<u64>,
    /// When it ends, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}
