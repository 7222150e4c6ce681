use std::fmt::Write as _;

use super::Id;
use crate::json::Value;

/// The bytes of an error response, without a line's end. The id is echoed as its own bytes. There
/// is none with the id `null`: no client of MCP can tell which of its requests that answers.
pub fn error_response(id: &Id, code: i64, message: &str, data: Option<&Value<'_>>) -> Vec<u8> {
    let id = id.raw();
    let data = data.map(|data| format!(",\"data\":{}", data.raw())).unwrap_or_default();
    let message = quoted(message);
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":{message}{data}}}}}"
    )
    .into_bytes()
}

/// The bytes of a response with this result, which must be an object's bytes; without a line's end.
pub fn result_response(id: &Id, result: &Value<'_>) -> Vec<u8> {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}}", id.raw(), result.raw()).into_bytes()
}

/// A JSON string that this crate accepts, but for NUL, which becomes U+FFFD.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push('\u{FFFD}'),
            '\u{1}'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}
