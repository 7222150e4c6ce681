use policy::{Entity, Request};
use proof::json::{Span, Value, object};
use record::members::{MalformedRecord, members};

/// The canonical form of a request: what the commitment `request` hides.
pub(crate) fn request_value(request: &Request) -> Value {
    object([
        ("action", Value::from(request.action.as_str())),
        ("input", Value::from(request.input.as_str())),
        ("principal", entity_value(&request.principal)),
        ("resource", entity_value(&request.resource)),
    ])
}

/// Reads a request back from the bytes that [`request_value`] gave.
pub(crate) fn request_of(bytes: &[u8]) -> Result<Request, MalformedRecord> {
    match Span::object(bytes).and_then(request_at) {
        Some(request) => Ok(request),
        // Anything that is not read in place: the reader of values has the last word, and names the
        // fault.
        None => request_of_value(&Value::parse(bytes)?),
    }
}

fn request_at(span: Span<'_>) -> Option<Request> {
    let mut members = span.members()?;
    let action = members.next_if("action")?.string()?.into_owned();
    let input = members.next_if("input")?.string()?.into_owned();
    let principal = entity_at(members.next_if("principal")?)?;
    let resource = entity_at(members.next_if("resource")?)?;
    members.is_empty().then_some(Request { principal, action, resource, input })
}

fn entity_at(span: Span<'_>) -> Option<Entity> {
    let mut members = span.members()?;
    let id = members.next_if("id")?.string()?.into_owned();
    let properties = members.next_if("properties")?.string()?.into_owned();
    let kind = members.next_if("type")?.string()?.into_owned();
    members.is_empty().then_some(Entity { kind, id, properties })
}

/// Reads what [`request_value`] gave.
pub(crate) fn request_of_value(value: &Value) -> Result<Request, MalformedRecord> {
    let members = members(value, &["action", "input", "principal", "resource"])?;
    Ok(Request {
        principal: entity_of(members.value("principal")?)?,
        action: members.str("action")?.to_owned(),
        resource: entity_of(members.value("resource")?)?,
        input: members.str("input")?.to_owned(),
    })
}

fn entity_value(entity: &Entity) -> Value {
    object([
        ("id", Value::from(entity.id.as_str())),
        ("properties", Value::from(entity.properties.as_str())),
        ("type", Value::from(entity.kind.as_str())),
    ])
}

fn entity_of(value: &Value) -> Result<Entity, MalformedRecord> {
    let members = members(value, &["id", "properties", "type"])?;
    Ok(Entity {
        kind: members.str("type")?.to_owned(),
        id: members.str("id")?.to_owned(),
        properties: members.str("properties")?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
