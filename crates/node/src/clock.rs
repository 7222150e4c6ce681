//! The clocks of this machine, as the node reads them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use kernel::step::Now;

/// The node's two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Now {
        let monotonic_ns = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Now { wall_ms: wall_ms(), monotonic_ns }
    }
}

/// Milliseconds since the Unix epoch; 0 for a clock that stands before it.
#[must_use]
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// 32 fresh bytes from the operating system.
pub(crate) fn entropy() -> Result<[u8; 32], crate::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|why| crate::Error::entropy(&why))?;
    Ok(bytes)
}
