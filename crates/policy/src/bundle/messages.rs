//! The requests that messages of MCP other than tool calls stand for, and the actions of a schema
//! that are theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy_core::ast::EntityUID;

use super::manifest::Manifest;
use super::schema::{ActionShape, Shapes};
use super::{Bundle, SCHEMA};
use crate::error::{LoadCode, LoadError};
use crate::limits::INPUT_BYTES_MAX;
use crate::protocol::{MessageAction, UNKNOWN, is_action};
use crate::request::{Entity, Request};
use crate::semantics::Semantics;

impl Bundle {
    /// The request that a message other than a tool call stands for. `params` is a JSON object in
    /// text.
    ///
    /// From the fourth version of the decider on, it is the input as it is, but for params that are
    /// longer than [`INPUT_BYTES_MAX`] where the schema declares none: nothing could look at them.
    /// A method that the protocol does not have gives the action `unknown:METHOD`, which no schema
    /// can declare. Before that version the input is empty, and every method is an action of its
    /// name.
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

    /// Whether the action is that of a message whose params are read leniently: what the schema
    /// does not declare is bound by digest only, and does not make the message malformed.
    pub(crate) fn is_message(&self, action: &ActionShape) -> bool {
        self.messages.contains(&action.uid)
    }
}

/// The actions of messages, as far as no tool stands for them.
pub(crate) fn actions(manifest: &Manifest, shapes: &Shapes) -> BTreeSet<EntityUID> {
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

/// Whether anything of the action's context depends on its input.
pub(crate) fn looks_at_input(action: &ActionShape) -> bool {
    action.input().is_some_and(|input| !input.members.is_empty())
        || action.context.members.contains_key("undeclared")
}

/// What the fourth version of the decider does not load: actions by the names of methods that the
/// protocol does not have. What it alone supplies, where another version is asked for.
pub(crate) fn check(semantics: Semantics, shapes: &Shapes, schema: &Arc<str>) -> Vec<LoadError> {
    let is_later = semantics >= Semantics::V4;
    let wrong = |action: &ActionShape| {
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
            let error = LoadError::new(LoadCode::Schema, SCHEMA, message);
            Some(error.at(schema, offset, action.id.len()))
        })
        .collect()
}
