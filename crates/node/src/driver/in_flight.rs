//! Large records on their way to the disk.

use std::collections::VecDeque;

use crate::limits::LARGE_BYTES_MIN;

/// Records of large messages that are appended and not durable yet.
#[derive(Default)]
pub(super) struct InFlight {
    /// The message that is being obeyed is a large one. What it makes of records counts, and no
    /// other: what never waits keeps nobody waiting.
    is_large: bool,
    /// The size that the log has with each of them, and their bytes.
    records: VecDeque<(u64, usize)>,
    bytes: usize,
}

impl InFlight {
    /// A message of so many bytes is obeyed from here on.
    pub(super) fn obey(&mut self, message_bytes: usize) {
        self.is_large = message_bytes >= LARGE_BYTES_MIN;
    }

    /// A record of so many bytes is appended. The bytes that are on their way then, where it is of
    /// a large message.
    pub(super) fn append(&mut self, index: u64, bytes: usize) -> Option<usize> {
        if !self.is_large {
            return None;
        }
        self.records.push_back((index.saturating_add(1), bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        Some(self.bytes)
    }

    /// The log is durable up to this size. The bytes that are left, where one of them is there now.
    pub(super) fn settle(&mut self, size: u64) -> Option<usize> {
        let before = self.records.len();
        while let Some((_, bytes)) = self.records.pop_front_if(|(with, _)| *with <= size) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        (self.records.len() < before).then_some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_records_count_until_they_are_durable() {
        let mut in_flight = InFlight::default();
        in_flight.obey(LARGE_BYTES_MIN - 1);
        assert_eq!(in_flight.append(4, 3 * LARGE_BYTES_MIN), None);
        assert_eq!(in_flight.settle(5), None);
        in_flight.obey(LARGE_BYTES_MIN);
        assert_eq!(in_flight.append(5, LARGE_BYTES_MIN), Some(LARGE_BYTES_MIN));
        assert_eq!(in_flight.append(7, 2 * LARGE_BYTES_MIN), Some(3 * LARGE_BYTES_MIN));
        assert_eq!(in_flight.settle(5), None, "the record before it is");
        assert_eq!(in_flight.settle(7), Some(2 * LARGE_BYTES_MIN));
        assert_eq!(in_flight.settle(8), Some(0));
        assert_eq!(in_flight.settle(9), None);
    }
}
