//! Steps of the wall clock are on record: records continue at the log's time, and their readers see
//! why.

use record::lineage::Body;

use super::{Effect, Kernel, Now};
use crate::limits::CLOCK_STEP_MS;

/// Furthest that a record can say a clock stepped, in milliseconds.
const FURTHEST_MS: i64 = 1 << 52;

impl Kernel {
    /// A clock that is behind the log when the node starts.
    pub(super) fn record_clock_behind(&mut self, now: Now) -> Vec<Effect> {
        let behind_ms = now.wall_ms.saturating_sub(self.state.time(now.wall_ms));
        self.record_step(now, behind_ms)
    }

    /// How far the wall clock went besides the time that passed since the last tick.
    pub(super) fn record_clock(&mut self, now: Now) -> Vec<Effect> {
        let before = std::mem::replace(&mut self.clock, now);
        let passed_ns = now.monotonic_ns.saturating_sub(before.monotonic_ns);
        let passed_ms = i64::try_from(passed_ns / 1_000_000).unwrap_or(i64::MAX);
        let expected = before.wall_ms.saturating_add(passed_ms);
        self.record_step(now, now.wall_ms.saturating_sub(expected))
    }

    fn record_step(&mut self, now: Now, by_ms: i64) -> Vec<Effect> {
        if by_ms.saturating_abs() < CLOCK_STEP_MS {
            return Vec::new();
        }
        let by_ms = by_ms.clamp(-FURTHEST_MS, FURTHEST_MS);
        vec![self.append(now, None, Body::ClockStepped { by_ms }, Vec::new())]
    }
}

#[cfg(test)]
mod tests;
