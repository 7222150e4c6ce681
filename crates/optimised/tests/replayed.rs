//! Many decisions are derived again, before and after a part of them is erased.

#[cfg(test)]
#[path = "replayed/at_length.rs"]
mod at_length;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use other parts of it")]
#[path = "../../node/tests/support/mod.rs"]
mod support;
