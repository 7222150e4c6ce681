//! Why an evaluation's context is not read.

use crate::error::PrepareError;
use crate::nearest::suggestion;

/// Why an evaluation's context is not read. Names members and types, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// It is not JSON of one meaning, or no object.
    #[error("`context` {0}")]
    InputValue(String),
    /// A part that is not an object.
    #[error("`{whose}` is {found}, not an object")]
    NoObject {
        /// The part.
        whose: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A member of the wrong type.
    #[error("`{whose}.{name}` is {found}, not {wanted}")]
    Member {
        /// The part.
        whose: &'static str,
        /// The member.
        name: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A member that means nothing.
    #[error("`{whose}.{name}` means nothing here{}", suggestion(nearest.as_deref()))]
    UnknownMember {
        /// The part.
        whose: &'static str,
        /// The member.
        name: String,
        /// The known name that may have been meant.
        nearest: Option<String>,
    },
    /// `history` is no array.
    #[error("`context.history` is {found}, not an array")]
    HistoryNoArray {
        /// What it is.
        found: &'static str,
    },
    /// `labels` or `resource_labels` is no array.
    #[error("labels are {found}, not an array")]
    LabelsNoArray {
        /// What it is.
        found: &'static str,
    },
    /// A label that the bundle does not declare.
    #[error("a label is not one that the bundle declares")]
    UnknownLabel,
    /// `tool` names no tool of the action.
    #[error("`context.tool` is no `SERVER/TOOL` that stands for the action")]
    Tool,
    /// `approved` is no array.
    #[error("`context.approved` is {found}, not an array of roles")]
    ApprovedNoArray {
        /// What it is.
        found: &'static str,
    },
    /// `approved` holds something else than roles.
    #[error("`context.approved` names roles, one for each officer")]
    Approved,
    /// A negative use of a meter.
    #[error("`context.meters.{meter}` is negative")]
    Negative {
        /// The meter.
        meter: String,
    },
    /// `grant` is no grant.
    #[error(
        "`context.grant` has `actions` (sorted), `calls_max`, `depth_max`, `until_ms`, or none of them"
    )]
    Grant,
    /// `facts.assurance` is unknown.
    #[error("`context.facts.assurance` is not an assurance")]
    Assurance,
    /// `facts.definition` is no digest.
    #[error("`context.facts.definition` is not a digest")]
    Definition,
    /// `facts.trust` is unknown.
    #[error("`context.facts.trust` is not a trust state")]
    Trust,
    /// An event lacks a member.
    #[error("`context.history[].{name}` is missing")]
    EventMember {
        /// The member.
        name: &'static str,
    },
    /// An event's resource is no entity.
    #[error("`context.history[].resource` is not {{type, id}}")]
    EventResource,
    /// An event that is no response has an output.
    #[error("`context.history[].output` belongs to a response")]
    EventOutput,
    /// An event of an unknown kind.
    #[error("`context.history[].event` is one of `request`, `response`, `error`")]
    EventKind,
    /// The bundle's temporal conditions can't be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
}
