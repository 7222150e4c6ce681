use super::ToolCall;
use crate::Error;
use crate::json::{Member, Value};
use crate::shape::{Shape, wrong_type};

/// The member of `_meta` by which a call names the pending decision that it stands on.
pub const META_PENDING: &str = "interlock/pending";

impl<'v> ToolCall<'v, '_> {
    /// The pending decision that the call names.
    ///
    /// # Errors
    /// It is no string, or is named by letters of another case.
    pub fn pending(&self) -> Result<Option<&'v str>, Error> {
        let Some(meta) = self.meta else { return Ok(None) };
        let Some(named) = Shape::of(meta)?.optional(META_PENDING)? else { return Ok(None) };
        named.as_str().map(Some).ok_or_else(|| wrong_type(META_PENDING, named))
    }

    /// JSON text of all that the call says besides its name, its arguments and the pending
    /// decision: the bytes of each member as they were written, in the order of the text; `{}`
    /// where it says nothing more. A progress token and the context of a trace are left out: like
    /// the message's id they name this one message, and a client takes others for the next.
    #[must_use]
    pub fn besides(&self) -> String {
        let members = self.meta.and_then(Value::as_object).map(|meta| meta.members());
        let meta: Vec<String> = members
            .unwrap_or_default()
            .iter()
            .filter(|member| member.key() != META_PENDING && !names_the_message(member))
            .map(|member| format!("{}:{}", member.raw_key(), member.value().raw()))
            .collect();
        let meta = (!meta.is_empty()).then(|| format!("\"_meta\":{{{}}}", meta.join(",")));
        let task = self.task.map(|task| format!("\"task\":{}", task.raw()));
        let both: Vec<String> = meta.into_iter().chain(task).collect();
        format!("{{{}}}", both.join(","))
    }
}

/// Members of `_meta` that name one message: the progress token, and W3C Trace Context with
/// Baggage, which clients with OpenTelemetry put there.
const OF_THE_MESSAGE: [&str; 4] = ["progressToken", "traceparent", "tracestate", "baggage"];

/// A number or a text has no parts in which something could be asked for.
fn names_the_message(member: &Member<'_>) -> bool {
    let value = member.value();
    let is_one = value.as_str().is_some()
        || (member.key() == "progressToken" && value.as_number().is_some());
    OF_THE_MESSAGE.contains(&member.key()) && is_one
}
