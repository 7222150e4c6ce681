//! Every limit of this crate, with what happens when it is reached.

/// Items that one page holds at most: executions or records. A reply with more names the cursor of
/// the next page.
pub const PAGE_ITEMS_MAX: u16 = 256;

/// How long a question is good that an officer's key signed, in milliseconds. One that is good for
/// longer is refused.
pub const QUESTION_MS_MAX: i64 = 60_000;
