//! What an agent asks of the executions that descend from its own: that one begins, or ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::execution::Grant;

/// The body of `POST /v1/executions`: an agent wants a sub-agent, which is a delegated execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildRequest {
    /// The workload that the agent speaks for.
    pub workload: String,
    /// The delegated execution of that workload that the agent speaks for; missing for the
    /// workload's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The registered workload of the new execution.
    pub to: String,
    /// What the new execution may do at most: no more than the agent's own may.
    pub grant: Grant,
    /// The arguments that policy sees: a JSON object as text, which is on record as it is.
    pub arguments: String,
}

/// The reply of `POST /v1/executions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildReply {
    /// The id of the new execution.
    pub execution: String,
    /// The index of the decision's record.
    pub record: u64,
}

/// The body of `POST /v1/executions/{execution}/end`: who wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildEnd {
    /// The workload that the agent speaks for.
    pub workload: String,
    /// The delegated execution of that workload that the agent speaks for; missing for the
    /// workload's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// The reply of `POST /v1/executions/{execution}/end`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndedChild {
    /// The id of the execution that has ended, with all that descended from it.
    pub execution: String,
}
