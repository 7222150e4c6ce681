//! Messages of MCP other than tool calls: the actions that they stand for, and what of them is an
//! action's input.
//!
//! Which method a message has is the protocol's to say: the enforcement point looks it up in the
//! protocol's table, and a method that is not there stands for an action that no schema can
//! declare, whatever its name is. From the fourth version of the decider on, the params of a
//! message are the action's input.

use std::collections::BTreeMap;

use crate::json::InputValue;
use crate::typed::RecordType;

/// The action that a message stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageAction<'a> {
    /// Its name: the method; after `server/` where a server sends it, after `answer/` where it
    /// answers a server's request.
    pub name: &'a str,
    /// Whether the protocol's table has the method, from this sender.
    pub is_known: bool,
}

/// The actions of what a client says. `tools/call` is none: calling a tool is the tool's action.
pub const OF_CLIENTS: [&str; 21] = [
    "completion/complete",
    "initialize",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/initialized",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tools/list",
];

/// The actions of what a server says.
pub const OF_SERVERS: [&str; 17] = [
    "server/elicitation/create",
    "server/notifications/cancelled",
    "server/notifications/elicitation/complete",
    "server/notifications/message",
    "server/notifications/progress",
    "server/notifications/prompts/list_changed",
    "server/notifications/resources/list_changed",
    "server/notifications/resources/updated",
    "server/notifications/tasks/status",
    "server/notifications/tools/list_changed",
    "server/ping",
    "server/roots/list",
    "server/sampling/createMessage",
    "server/tasks/cancel",
    "server/tasks/get",
    "server/tasks/list",
    "server/tasks/result",
];

/// The actions of a client's answers to what a server asks.
pub const OF_ANSWERS: [&str; 8] = [
    "answer/elicitation/create",
    "answer/ping",
    "answer/roots/list",
    "answer/sampling/createMessage",
    "answer/tasks/cancel",
    "answer/tasks/get",
    "answer/tasks/list",
    "answer/tasks/result",
];

/// The params of a message that name something at the server.
#[must_use]
pub(crate) fn naming(action: &str) -> &'static [&'static str] {
    match action {
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => &["uri"],
        "prompts/get" => &["name"],
        "completion/complete" => &["ref"],
        _ => &[],
    }
}

/// Before the name of a method that the protocol does not have.
pub(crate) const UNKNOWN: &str = "unknown:";

/// Whether a message of the protocol stands for the action of that name.
#[must_use]
pub fn is_action(name: &str) -> bool {
    [&OF_CLIENTS[..], &OF_SERVERS[..], &OF_ANSWERS[..]].concat().contains(&name)
}

/// Whether a message says more than the schema declares. Integers by which it names another message
/// say nothing.
pub(crate) fn says_more(declared: &RecordType, input: &BTreeMap<String, InputValue>) -> bool {
    let is_id = |name: &str, json: &InputValue| {
        ["progressToken", "requestId"].contains(&name)
            && matches!(json, InputValue::Integer(_) | InputValue::Whole(_))
    };
    input.iter().any(|(name, json)| !is_id(name, json) && declared.leaves_out(name, json))
}

#[cfg(test)]
mod tests;
