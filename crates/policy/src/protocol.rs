//! Messages of MCP other than tool calls: the actions that they stand for, and what of them is an action's input.
//!
//! Which method a message has is the protocol's to say: the enforcement point looks it up in the protocol's table, and a
//! method that is not there stands for an action that no schema can declare, whatever its name is. From the fourth version of
//! the decider on, the params of a message are the action's input.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy_core::ast::EntityUID;

use crate::bundle::Bundle;
use crate::bundle::manifest::Manifest;
use crate::bundle::schema::{Action, Shapes};
use crate::error::{LoadCode, LoadError};
use crate::json::Json;
use crate::limits::INPUT_BYTES_MAX;
use crate::request::{Entity, Request};
use crate::semantics::Semantics;
use crate::typed::Record;

/// The action that a message stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageAction<'a> {
    /// Its name: the method; after `server/` where a server sends it, after `answer/` where it answers a server's request.
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
const UNKNOWN: &str = "unknown:";

/// Whether a message of the protocol stands for the action of that name.
#[must_use]
pub fn is_action(name: &str) -> bool {
    [&OF_CLIENTS[..], &OF_SERVERS[..], &OF_ANSWERS[..]].concat().contains(&name)
}

impl Bundle {
    /// The request that a message other than a tool call stands for. `params` is a JSON object in text.
    ///
    /// From the fourth version of the decider on, it is the input as it is, but for params that are longer than
    /// [`INPUT_BYTES_MAX`] where the schema declares none: nothing could look at them. A method that the protocol does not
    /// have gives the action `unknown:METHOD`, which no schema can declare. Before that version the input is empty, and
    /// every method is an action of its name.
    #[must_use]
    pub fn message_request(
        &self,
        principal: Entity,
        server: &str,
        message: MessageAction<'_>,
        params: &str,
    ) -> Request {
        let MessageAction { name, is_known } = message;
        let resource = Entity::new("Server", server);
        let has_params = self.semantics() >= Semantics::V4;
        let action =
            if is_known || !has_params { name.to_owned() } else { format!("{UNKNOWN}{name}") };
        let declares = || self.shapes.action(&action).is_some_and(|action| looks_at_input(action));
        let shown = has_params && (params.len() <= INPUT_BYTES_MAX || declares());
        let input = if shown { params } else { "{}" }.to_owned();
        Request { principal, action, resource, input }
    }

    /// Whether the action is that of a message whose params are read leniently: what the schema does not declare is bound
    /// by digest only, and does not make the message malformed.
    pub(crate) fn is_message(&self, action: &Action) -> bool {
        self.messages.contains(&action.uid)
    }
}

/// The actions of messages, as far as no tool stands for them.
pub(crate) fn messages(manifest: &Manifest, shapes: &Shapes) -> BTreeSet<EntityUID> {
    if manifest.semantics < Semantics::V4 {
        return BTreeSet::new();
    }
    let is_tool = |uid: &EntityUID| {
        let mut tools = manifest.tools.values().filter_map(|tool| shapes.action(&tool.action));
        tools.any(|action| action.uid == *uid)
    };
    let actions = shapes.actions().filter(|(_, action)| is_action(&action.id));
    actions.map(|(_, action)| action.uid.clone()).filter(|uid| !is_tool(uid)).collect()
}

/// Whether a message says more than the schema declares. Integers by which it names another message say nothing.
pub(crate) fn says_more(declared: &Record, input: &BTreeMap<String, Json>) -> bool {
    let is_id = |name: &str, json: &Json| {
        ["progressToken", "requestId"].contains(&name)
            && matches!(json, Json::Integer(_) | Json::Whole(_))
    };
    input.iter().any(|(name, json)| !is_id(name, json) && declared.leaves_out(name, json))
}

/// Whether anything of the action's context depends on its input.
pub(crate) fn looks_at_input(action: &Action) -> bool {
    action.input().is_some_and(|input| !input.members.is_empty())
        || action.context.members.contains_key("undeclared")
}

/// What the fourth version of the decider does not load: actions by the names of methods that the protocol does not have.
/// What it alone supplies, where another version is asked for.
pub(crate) fn check(semantics: Semantics, shapes: &Shapes, schema: &Arc<str>) -> Vec<LoadError> {
    let is_later = semantics >= Semantics::V4;
    let wrong = |action: &Action| {
        if is_later && action.id.starts_with(UNKNOWN) {
            return Some("bears a name that stands for unknown methods");
        }
        let has = |member: &str| action.context.members.contains_key(member);
        let early = !is_later && ["detected", "host", "undeclared"].into_iter().any(has);
        early.then_some(
            "has `context.detected`, `.host` or `.undeclared`: they need `semantics = 4`",
        )
    };
    shapes
        .actions()
        .filter_map(|(name, action)| {
            let message = format!("the action `{name}` {}", wrong(action)?);
            let offset = schema.find(&action.id).unwrap_or(0);
            let error = LoadError::new(LoadCode::Schema, crate::bundle::SCHEMA, message);
            Some(error.at(schema, offset, action.id.len()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
