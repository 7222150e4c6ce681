//! Strings as events hold them: a long one is replaced by its digest.

use std::borrow::Cow;

use proof::digest::Digest;

use crate::limits::HISTORY_STRING_BYTES_MAX;

/// A string as events have it. Nothing says what stands for another one: it begins with a NUL,
/// which is refused in requests, and a result with a string that does is unreadable (`is_forged` in
/// the history).
pub(crate) fn event_string(text: &str) -> Cow<'_, str> {
    if text.len() <= HISTORY_STRING_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("\0{}", Digest::of(text.as_bytes())))
}
