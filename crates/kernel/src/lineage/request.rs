use policy::{Entity, Request};
use proof::json::{Span, Value, object};

/// The canonical form of a request: what the commitment `request` hides.
pub(crate) fn request_value(request: &Request) -> Value {
    object([
        ("action", Value::from(request.action.as_str())),
        ("input", Value::from(request.input.as_str())),
        ("principal", entity_value(&request.principal)),
        ("resource", entity_value(&request.resource)),
    ])
}

/// Reads a request back from the bytes that [`request_value`] gave; none where they are no request.
pub(crate) fn request_of(bytes: &[u8]) -> Option<Request> {
    let mut members = Span::parse(bytes).ok()?.members()?;
    let action = members.next_if("action")?.string()?.into_owned();
    let input = members.next_if("input")?.string()?.into_owned();
    let principal = entity_of(members.next_if("principal")?)?;
    let resource = entity_of(members.next_if("resource")?)?;
    members.is_empty().then_some(Request { principal, action, resource, input })
}

fn entity_of(span: Span<'_>) -> Option<Entity> {
    let mut members = span.members()?;
    let id = members.next_if("id")?.string()?.into_owned();
    let properties = members.next_if("properties")?.string()?.into_owned();
    let kind = members.next_if("type")?.string()?.into_owned();
    members.is_empty().then_some(Entity { kind, id, properties })
}

fn entity_value(entity: &Entity) -> Value {
    object([
        ("id", Value::from(entity.id.as_str())),
        ("properties", Value::from(entity.properties.as_str())),
        ("type", Value::from(entity.kind.as_str())),
    ])
}

#[cfg(test)]
mod tests;
