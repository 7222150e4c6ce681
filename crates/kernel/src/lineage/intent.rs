use policy::{Request, Semantics, canonical};
use proof::digest::Digest;
use proof::json::{Value, object};

use super::{Decided, Direction, Transition};

/// What exactly is asked for, so that what was approved is what is done: the canonical object of upstream server, method,
/// tool and its definition where one was listed, principal, the arguments, and what else the message says. Arguments and the rest
/// count by their values from [`Semantics::V4`] on, by their bytes before.
pub(crate) fn intent(
    asked: &Transition,
    request: &Request,
    semantics: Semantics,
) -> Option<Vec<u8>> {
    // Only a tool call can be asked for again by the record that it waits on.
    let can_wait = asked.direction == Direction::ToServer && asked.hands_on.is_none();
    let tool = asked.tool.as_deref().filter(|_| can_wait)?;
    let call = (asked.server.as_str(), asked.method.as_str(), tool);
    let said = Said { arguments: &request.input, besides: &asked.besides };
    Some(match semantics >= Semantics::V4 {
        true => said.by_value((call, asked.definition), request),
        false => said.bytes((call, asked.definition), request),
    })
}

/// The digest of the intent behind a decision on record, if that is of its own header and request: in either form, of which
/// neither is another request's.
pub(crate) fn intent_of(decided: &Decided, request: &Request, opened: &[u8]) -> Option<Digest> {
    let value = Value::parse(opened).ok()?;
    let besides = value.get("besides")?.as_str()?;
    let call = (decided.server.as_str(), decided.method.as_str(), decided.tool.as_deref()?);
    let of = (call, decided.facts.definition);
    let said = Said { arguments: &request.input, besides };
    (said.bytes(of, request) == opened || said.by_value(of, request) == opened)
        .then(|| Digest::of(opened))
}

type Call<'a> = (&'a str, &'a str, &'a str);

/// What a call says, as JSON text.
struct Said<'a> {
    arguments: &'a str,
    besides: &'a str,
}

impl Said<'_> {
    fn by_value(&self, of: (Call<'_>, Option<Digest>), request: &Request) -> Vec<u8> {
        let (arguments, besides) = (canonical(self.arguments), canonical(self.besides));
        Said { arguments: &arguments, besides: &besides }.bytes(of, request)
    }

    fn bytes(
        &self,
        ((server, method, tool), definition): (Call<'_>, Option<Digest>),
        request: &Request,
    ) -> Vec<u8> {
        let members = [
            ("arguments", Value::from(self.arguments)),
            ("besides", Value::from(self.besides)),
            ("method", Value::from(method)),
            ("principal", Value::from(request.principal.id.as_str())),
            ("server", Value::from(server)),
            ("tool", Value::from(tool)),
        ];
        let definition = definition.map(|digest| ("definition", digest.to_value()));
        object(members.into_iter().chain(definition)).to_bytes()
    }
}
