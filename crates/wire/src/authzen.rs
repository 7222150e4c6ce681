//! The body of an access evaluation request of OpenID AuthZEN Authorization API 1.0.
//!
//! Members that the specification does not name are ignored, as its certification scenario demands
//! (c-2-2-9, "the PDP MUST ignore unrecognised fields in the request body without error"), but not
//! in silence: their names are given in [`EvaluationRequest::ignored`], so that a misspelt
//! `context` can be seen. A known name in another case is refused, since some readers would take it
//! for the member.

#[cfg(test)]
mod tests;

use crate::Error;
use crate::json::Value;
use crate::limits::AUTHZEN_NAME_BYTES_MAX;
use crate::shape::Shape;

/// One access evaluation request: the 4-tuple of section 6.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationRequest {
    /// Who asks.
    pub subject: Entity,
    /// The action that is asked for.
    pub action: Action,
    /// On what.
    pub resource: Entity,
    /// The environment: the text of a JSON object, as it was written.
    pub context: Option<String>,
    /// The names of members that the specification does not have: those of the body, then those of
    /// the subject (`subject.foo`), the action and the resource.
    pub ignored: Vec<String>,
}

/// A subject or a resource: sections 5.1 and 5.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its type.
    pub kind: String,
    /// Its id within the type.
    pub id: String,
    /// The text of a JSON object, as it was written.
    pub properties: Option<String>,
}

/// An action: section 5.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// The text of a JSON object, as it was written.
    pub properties: Option<String>,
}

impl EvaluationRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// The text is not accepted by [`crate::json`], or a member is missing, too long, of the wrong
    /// type, or known by a name in another case.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(&Value::parse(bytes)?)
    }

    /// Reads a body out of a larger text.
    ///
    /// # Errors
    /// As [`EvaluationRequest::parse`].
    pub fn read(value: &Value<'_>) -> Result<Self, Error> {
        let body = Shape::of(value)?;
        let mut ignored = body.others(&["subject", "action", "resource", "context"]);
        let (subject, others) = entity(body, "subject")?;
        ignored.extend(others);
        let (action, others) = action(body)?;
        ignored.extend(others);
        let (resource, others) = entity(body, "resource")?;
        ignored.extend(others);
        Ok(Self { subject, action, resource, context: text(body, "context")?, ignored })
    }
}

/// A subject or a resource, and the names of its members that are ignored.
fn entity(body: Shape<'_, '_>, name: &str) -> Result<(Entity, Vec<String>), Error> {
    let shape = Shape::of(body.required(name)?).map_err(|error| error.named(name))?;
    let entity = Entity {
        kind: shape.name("type", AUTHZEN_NAME_BYTES_MAX)?.to_owned(),
        id: shape.name("id", AUTHZEN_NAME_BYTES_MAX)?.to_owned(),
        properties: text(shape, "properties")?,
    };
    Ok((entity, within(name, &shape.others(&["type", "id", "properties"]))))
}

fn action(body: Shape<'_, '_>) -> Result<(Action, Vec<String>), Error> {
    let shape = Shape::of(body.required("action")?).map_err(|error| error.named("action"))?;
    let action = Action {
        name: shape.name("name", AUTHZEN_NAME_BYTES_MAX)?.to_owned(),
        properties: text(shape, "properties")?,
    };
    Ok((action, within("action", &shape.others(&["name", "properties"]))))
}

fn within(object: &str, names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("{object}.{name}")).collect()
}

fn text(shape: Shape<'_, '_>, name: &str) -> Result<Option<String>, Error> {
    Ok(shape.object(name)?.map(|value| value.raw().to_owned()))
}
