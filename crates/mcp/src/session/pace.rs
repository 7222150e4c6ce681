use crate::limits::{
    SERVER_MESSAGES_BURST, SERVER_MESSAGES_PER_SECOND, SERVER_REFUSALS_BURST,
    SERVER_REFUSALS_PER_SECOND,
};

/// How many messages a server may still send on its own initiative.
pub(super) type MessagePace = Pace<SERVER_MESSAGES_BURST, SERVER_MESSAGES_PER_SECOND>;
/// How many refused lines a server may still send.
pub(super) type RefusalPace = Pace<SERVER_REFUSALS_BURST, SERVER_REFUSALS_PER_SECOND>;

/// A token bucket. A token is a thousandth of a message, so that one millisecond is worth
/// `PER_SECOND` of them.
#[derive(Debug)]
pub(super) struct Pace<const BURST: u64, const PER_SECOND: u64> {
    tokens: u64,
    at_ms: u64,
    /// Messages dropped since the bucket was last full.
    dropped: u64,
}

const MESSAGE: u64 = 1_000;

impl<const BURST: u64, const PER_SECOND: u64> Default for Pace<BURST, PER_SECOND> {
    fn default() -> Self {
        Self { tokens: Self::FULL, at_ms: 0, dropped: 0 }
    }
}

impl<const BURST: u64, const PER_SECOND: u64> Pace<BURST, PER_SECOND> {
    const FULL: u64 = BURST * MESSAGE;

    /// Whether one more message is within the pace, at this time of a clock that never steps back.
    pub(super) fn admits(&mut self, now_ms: u64) -> bool {
        let passed = now_ms.saturating_sub(self.at_ms);
        self.at_ms = self.at_ms.max(now_ms);
        let gained = passed.saturating_mul(PER_SECOND);
        self.tokens = self.tokens.saturating_add(gained).min(Self::FULL);
        if self.tokens == Self::FULL {
            self.dropped = 0;
        }
        match self.tokens.checked_sub(MESSAGE) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => {
                self.dropped = self.dropped.saturating_add(1);
                false
            }
        }
    }

    /// How many messages were dropped without a long enough pause.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
