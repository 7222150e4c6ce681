//! The grammar of `@approval`: `2 of finance within 10m`.

use proof::json::is_key;
use record::ApprovalRule;

use super::meters::duration_ms;
use crate::limits::{APPROVAL_WITHIN_MS_MAX, APPROVERS_MAX, ROLE_BYTES_MAX};

/// Why the value of an `@approval` is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ApprovalSyntaxError {
    #[error("`@approval` is written `2 of finance within 10m`")]
    Grammar,
    #[error("`@approval` asks for 1 to {APPROVERS_MAX} officers")]
    Count,
    #[error("a role is named with a-z, 0-9 and _, a letter first")]
    Role,
    #[error("`@approval` waits for a number of `s`, `m`, `h` or `d`, at most 7 days")]
    Duration,
}

/// Reads the value of an `@approval`.
///
/// # Errors
/// [`ApprovalSyntaxError`] where it is not of that form.
pub(super) fn parse(text: &str) -> Result<ApprovalRule, ApprovalSyntaxError> {
    let words: Vec<&str> = text.split(' ').collect();
    let [count, "of", role, "within", duration] = words[..] else {
        return Err(ApprovalSyntaxError::Grammar);
    };
    let digits = count.bytes().all(|byte| byte.is_ascii_digit()) && !count.starts_with('0');
    let count = count.parse().ok().filter(|count| digits && (1..=APPROVERS_MAX).contains(count));
    let Some(count) = count else {
        return Err(ApprovalSyntaxError::Count);
    };
    // Roles are members of records.
    if role.len() > ROLE_BYTES_MAX || !is_key(role) {
        return Err(ApprovalSyntaxError::Role);
    }
    let within = duration_ms(duration).filter(|ms| (1..=APPROVAL_WITHIN_MS_MAX).contains(ms));
    let Some(within_ms) = within else {
        return Err(ApprovalSyntaxError::Duration);
    };
    Ok(ApprovalRule { role: role.to_owned(), count, within_ms })
}

#[cfg(test)]
mod tests;
