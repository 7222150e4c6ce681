//! What of a text a history keeps: long strings by their digest.
//!
//! Conditions compare strings for equality and in no other way. So a string that is replaced by one
//! that stands for it alone gives the same answers, as long as it is replaced everywhere: in events
//! as they come, and in texts that are kept.

use std::sync::Arc;

use crate::bundle::Bundle;
use crate::event_string::event_string;
use crate::json::InputValue;
use crate::limits::HISTORY_STRING_BYTES_MAX;
use crate::request::Request;
use crate::semantics::Semantics;

/// Whether long strings are replaced under this bundle: from the fourth version of the decider on.
pub(crate) fn replaces(bundle: &Bundle) -> bool {
    bundle.semantics() >= Semantics::V4
}

/// The JSON text that is kept of one.
pub(crate) fn text(bundle: &Bundle, text: &str) -> Box<str> {
    if !replaces(bundle) || text.len() <= HISTORY_STRING_BYTES_MAX {
        return text.into();
    }
    match InputValue::parse_output(text) {
        Ok(members) => InputValue::Object(members).map_strings(&event_string).to_text().into(),
        // It is no event under any bundle, whatever it says.
        Err(_) => "".into(),
    }
}

/// Whether a text that came in has a string that could stand for another one.
pub(crate) fn is_forged(text: &str) -> bool {
    fn begins_so(value: &InputValue) -> bool {
        match value {
            InputValue::String(text) => text.starts_with('\0'),
            InputValue::Array(items) => items.iter().any(begins_so),
            InputValue::Object(members) => members.values().any(begins_so),
            _ => false,
        }
    }
    text.contains("\\u0000")
        && InputValue::parse_output(text).is_ok_and(|members| members.values().any(begins_so))
}

/// The request that is kept of one until it ends.
pub(crate) fn kept(bundle: &Bundle, request: &Arc<Request>) -> Arc<Request> {
    if !replaces(bundle) || request.input.len() <= HISTORY_STRING_BYTES_MAX {
        return Arc::clone(request);
    }
    Arc::new(Request {
        principal: request.principal.clone(),
        action: request.action.clone(),
        resource: request.resource.clone(),
        input: text(bundle, &request.input).into(),
    })
}

#[cfg(test)]
mod tests;
