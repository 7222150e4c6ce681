//! The clocks of this machine, as the node reads them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use kernel::step::Now;

use crate::limits::WALL_MS_MAX;

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

/// Milliseconds since the Unix epoch, as far as a record can say them: 0 for a clock that stands
/// before it, and [`WALL_MS_MAX`] for one beyond the year 9999.
#[must_use]
pub fn wall_ms() -> i64 {
    wall_ms_at(SystemTime::now())
}

fn wall_ms_at(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(WALL_MS_MAX).min(WALL_MS_MAX)
}

/// 32 fresh bytes from the operating system.
pub(crate) fn entropy() -> Result<[u8; 32], crate::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|why| crate::Error::entropy(&why))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_outside_of_what_records_can_say_stands_at_its_end() {
        let max = u64::try_from(WALL_MS_MAX).unwrap();
        for (ms, told) in [(0, 0), (1_234, 1_234), (max, max), (max + 1, max), (2 * max, max)] {
            let at = UNIX_EPOCH + Duration::from_millis(ms);
            assert_eq!(wall_ms_at(at), i64::try_from(told).unwrap());
        }
        assert_eq!(wall_ms_at(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }
}
