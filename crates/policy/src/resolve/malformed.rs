//! Why a request does not fit a bundle's schema.

use crate::bundle::entities::EntityError;
use crate::bundle::names::NameError;
use crate::json::JsonError;
use crate::limits::{INPUT_BYTES_MAX, NAME_BYTES_MAX, PROPERTIES_BYTES_MAX};
use crate::typed::{CedarError, Misfit};

/// Why a request is malformed. Names members and types, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a name is longer than {NAME_BYTES_MAX} bytes")]
    LongName,
    #[error("the action, or a type or id of principal or resource, is empty")]
    EmptyName,
    #[error("`input` is longer than {INPUT_BYTES_MAX} bytes")]
    LongInput,
    #[error("`properties` are longer than {PROPERTIES_BYTES_MAX} bytes")]
    LongProperties,
    #[error("the time lies outside 0 to 2^53 - 1 milliseconds")]
    Time,
    #[error("the time can't be written as a datetime")]
    Datetime,
    #[error("`input` {0}")]
    Input(JsonError),
    #[error(transparent)]
    Argument(#[from] Misfit),
    #[error(transparent)]
    Name(#[from] NameError),
    /// Principal or resource does not fit.
    #[error("`{at}`: {why}")]
    Entity { at: String, why: EntityError },
    #[error(transparent)]
    Properties(#[from] EntityError),
    #[error(transparent)]
    Cedar(#[from] CedarError),
    #[error("the action does not apply to principals of type `{kind}`")]
    PrincipalType { kind: String },
    #[error("the action does not apply to resources of type `{kind}`")]
    ResourceType { kind: String },
    #[error("the arguments can't be evaluated")]
    Arguments,
    /// An attribute that is required is stated by nobody.
    #[error("`{entity}.{attribute}` is missing")]
    Attribute { entity: &'static str, attribute: String },
    #[error("principal and resource do not fit the schema's entities")]
    Entities,
    /// Cedar's own validation refuses it.
    #[error("the request does not fit the schema")]
    Schema,
    /// An event of the past is bound to no moment.
    #[error("what ended is not asked for again")]
    Ended,
    /// An evaluation whose context does not hold a request, with the reason.
    #[error("{0}")]
    Evaluation(String),
}
