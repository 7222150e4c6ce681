//! Why a value does not have the type that the schema declares, or can't be handed to Cedar.

use crate::nearest::suggestion;

/// Why a value does not fit the schema. Names members and types, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    /// Another kind of value.
    #[error("`{at}` is {found}, the schema says {expected}")]
    Kind { at: String, found: &'static str, expected: String },
    /// A member that is not declared.
    #[error("`{at}` is not in the schema{}", suggestion(nearest.as_deref()))]
    Undeclared { at: String, nearest: Option<String> },
    /// A member that is required.
    #[error("`{at}` is missing")]
    Missing { at: String },
    /// A number with more places than a decimal has.
    #[error(
        "`{at}` is {found}, the schema says {expected}: a bundle that takes finer numbers leaves the member undeclared, with `undeclared_arguments = \"bind\"`, or declares a string"
    )]
    FineNumber { at: String, found: &'static str, expected: String },
    /// A text that is none of Cedar's extension values.
    #[error("`{at}` is not {expected}")]
    Extension { at: String, expected: String },
    /// An entity of another type.
    #[error("`{at}` is an entity of another type than `{expected}`")]
    EntityType { at: String, expected: String },
}

/// Why Cedar can't be given a value or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CedarError {
    #[error("a record repeats a member")]
    RepeatedMember,
    #[error("`{name}` is not the name of an entity type")]
    TypeName { name: String },
    #[error("an attribute can't be evaluated")]
    Attribute,
}
