use policy::{Request, Semantics, canonical};
use proof::digest::Digest;
use proof::json::{Value, object};
use record::lineage::{Decided, MessageDirection};

use super::Transition;

/// The exact request, so that an approval covers the approved action only: the canonical object of
/// upstream server, method, tool and its definition where one was listed, principal, arguments, and
/// the remaining parameters. Arguments and parameters count by their values from [`Semantics::V4`]
/// on, by their bytes before.
pub(crate) fn intent(
    asked: &Transition,
    request: &Request,
    semantics: Semantics,
) -> Option<Vec<u8>> {
    // Only a tool call can be asked for again by the record that it waits on.
    let can_wait = asked.direction == MessageDirection::ToServer && asked.delegates.is_none();
    let tool = asked.tool.as_deref().filter(|_| can_wait)?;
    let call = IntendedCall {
        server: &asked.server,
        method: &asked.method,
        tool,
        definition: asked.definition,
        arguments: &request.input,
        extra_params: &asked.extra_params,
    };
    Some(match semantics >= Semantics::V4 {
        true => call.by_value(request),
        false => call.to_bytes(request),
    })
}

/// The digest of the intent behind a recorded decision, if it is of the record's own header and
/// request. Both forms are tried: neither can be that of another request.
pub(crate) fn intent_of(decided: &Decided, request: &Request, opened: &[u8]) -> Option<Digest> {
    let value = Value::parse(opened).ok()?;
    let extra_params = value.get("besides")?.as_str()?;
    let call = IntendedCall {
        server: &decided.server,
        method: &decided.method,
        tool: decided.tool.as_deref()?,
        definition: decided.facts.definition,
        arguments: &request.input,
        extra_params,
    };
    (call.to_bytes(request) == opened || call.by_value(request) == opened)
        .then(|| Digest::of(opened))
}

/// A tool call as its intent names it.
#[derive(Clone, Copy)]
struct IntendedCall<'a> {
    server: &'a str,
    method: &'a str,
    tool: &'a str,
    definition: Option<Digest>,
    /// JSON text.
    arguments: &'a str,
    /// JSON text.
    extra_params: &'a str,
}

impl IntendedCall<'_> {
    fn by_value(&self, request: &Request) -> Vec<u8> {
        let (arguments, extra_params) = (canonical(self.arguments), canonical(self.extra_params));
        IntendedCall { arguments: &arguments, extra_params: &extra_params, ..*self }
            .to_bytes(request)
    }

    fn to_bytes(self, request: &Request) -> Vec<u8> {
        let Self { server, method, tool, definition, arguments, extra_params } = self;
        let members = [
            ("arguments", Value::from(arguments)),
            ("besides", Value::from(extra_params)),
            ("method", Value::from(method)),
            ("principal", Value::from(request.principal.id.as_str())),
            ("server", Value::from(server)),
            ("tool", Value::from(tool)),
        ];
        let definition = definition.map(|digest| ("definition", digest.to_value()));
        object(members.into_iter().chain(definition)).to_bytes()
    }
}
