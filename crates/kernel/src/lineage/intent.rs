use policy::Request;
use proof::digest::Digest;
use proof::json::{Value, object};

use super::{Decided, Direction, Transition};

/// What exactly is asked for, so that what was approved is what is done: the canonical object of upstream server, method,
/// tool and its definition where one was listed, principal, the arguments as their bytes, and what else the message says.
pub(crate) fn intent(asked: &Transition, request: &Request) -> Option<Vec<u8>> {
    // Only a tool call can be asked for again by the record that it waits on.
    let can_wait = asked.direction == Direction::ToServer && asked.hands_on.is_none();
    let tool = asked.tool.as_deref().filter(|_| can_wait)?;
    let call = (asked.server.as_str(), asked.method.as_str(), tool);
    Some(bytes((call, asked.definition), request, &asked.besides))
}

/// The digest of the intent behind a decision on record, if that is of its own header and request.
pub(crate) fn intent_of(decided: &Decided, request: &Request, opened: &[u8]) -> Option<Digest> {
    let value = Value::parse(opened).ok()?;
    let besides = value.get("besides")?.as_str()?;
    let call = (decided.server.as_str(), decided.method.as_str(), decided.tool.as_deref()?);
    (bytes((call, decided.facts.definition), request, besides) == opened)
        .then(|| Digest::of(opened))
}

type Call<'a> = (&'a str, &'a str, &'a str);

fn bytes(
    ((server, method, tool), definition): (Call<'_>, Option<Digest>),
    request: &Request,
    besides: &str,
) -> Vec<u8> {
    let members = [
        ("arguments", Value::from(request.input.as_str())),
        ("besides", Value::from(besides)),
        ("method", Value::from(method)),
        ("principal", Value::from(request.principal.id.as_str())),
        ("server", Value::from(server)),
        ("tool", Value::from(tool)),
    ];
    let definition = definition.map(|digest| ("definition", digest.to_value()));
    object(members.into_iter().chain(definition)).to_bytes()
}
