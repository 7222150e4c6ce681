//! Sessions of agents with upstream servers: connections that are upgraded to MCP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a session begins.
pub const PATH: &str = "/v1/sessions";

/// The protocol that a request asks for in `Upgrade` (RFC 9110, section 7.8). After the reply 101
/// both sides write messages of MCP, one a line.
pub const PROTOCOL: &str = "interlock-mcp";

/// The header of the reply 101 with the execution that the session belongs to.
pub const EXECUTION_HEADER: &str = "interlock-execution";

/// The header of the reply 101 with how strongly the enforcement point binds the client.
pub const ASSURANCE_HEADER: &str = "interlock-assurance";

/// What `POST /v1/sessions` joins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionQuery {
    /// The upstream server, by its name in the node's configuration.
    pub server: String,
    /// The workload that the client speaks for.
    pub workload: String,
    /// The delegated execution of that workload; missing for the workload's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}
