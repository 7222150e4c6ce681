//! Executions that go on: their tree, labels, meters and trust.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::governance::Trust;
use crate::meter::MeterAccount;

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
    /// Those after this id: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most; as many as a page holds where this is missing.
    #[schemars(range(min = 1, max = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
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
