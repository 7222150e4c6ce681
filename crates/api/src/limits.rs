//! Every limit of this crate, with what happens when it is reached.

/// Items that one page holds at most: executions or records. A reply with more names the cursor of
/// the next page.
pub const PAGE_ITEMS_MAX: u16 = 256;
