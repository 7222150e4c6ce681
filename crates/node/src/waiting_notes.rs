//! Says on the node's standard error that requests wait for officers.

use std::sync::{Mutex, PoisonError};

use crate::clock::wall_ms;
use crate::limits::WAITING_NOTE_MS_MIN;

/// When a line was written last, and how many requests were only counted since.
static SAID: Mutex<Said> = Mutex::new(Said { at: i64::MIN, unsaid: 0 });

/// One request is named in a while, since an agent may ask as often as it likes; the others are
/// counted.
struct Said {
    /// When something was said last, in milliseconds since the Unix epoch.
    at: i64,
    /// Requests since then that were not.
    unsaid: u64,
}

impl Said {
    /// Whether something may be said now. A clock that steps back keeps nothing unsaid.
    fn is_due(&mut self, now: i64) -> bool {
        let is_due = now < self.at || now.saturating_sub(self.at) >= WAITING_NOTE_MS_MIN;
        if is_due {
            self.at = now;
        }
        is_due
    }

    /// The line about a new request; none where it is only counted.
    fn of_request(&mut self, now: i64, request: &str) -> Option<String> {
        if !self.is_due(now) {
            self.unsaid = self.unsaid.saturating_add(1);
            return None;
        }
        Some(match std::mem::take(&mut self.unsaid) {
            0 => request.to_owned(),
            more => format!("{request}, and {}", of_others(more)),
        })
    }

    /// The line about requests that were only counted; none where there are none, or it is not due.
    fn of_unsaid(&mut self, now: i64) -> Option<String> {
        if self.unsaid == 0 || !self.is_due(now) {
            return None;
        }
        let more = of_others(std::mem::take(&mut self.unsaid));
        Some(format!("{more} for approval (`interlock approvals list` shows them)"))
    }
}

fn of_others(count: u64) -> String {
    match count {
        1 => "1 more request waits".to_owned(),
        count => format!("{count} more requests wait"),
    }
}

/// Says that a request waits.
pub(crate) fn say_waiting(workload: &str, what: &str, pending: &str) {
    let short: String = pending.chars().take(8).collect();
    let request = format!(
        "`{workload}` waits for approval of {what}: {pending} (`interlock approvals show DOMAIN {short}`)"
    );
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner).of_request(wall_ms(), &request);
    said.into_iter().for_each(crate::say);
}

/// Says how many requests wait that were not named.
pub(crate) fn say_unsaid() {
    let said = SAID.lock().unwrap_or_else(PoisonError::into_inner).of_unsaid(wall_ms());
    said.into_iter().for_each(crate::say);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_a_second_is_named_and_the_others_are_counted() {
        let mut said = Said { at: i64::MIN, unsaid: 0 };
        assert_eq!(said.of_request(10_000, "one").as_deref(), Some("one"));
        assert_eq!(said.of_unsaid(10_500), None, "nothing is unsaid");
        assert_eq!(
            (said.of_request(10_001, "two"), said.of_request(10_999, "three")),
            (None, None)
        );
        assert_eq!(said.of_unsaid(10_999), None, "not yet");
        let unsaid = said.of_unsaid(11_000).unwrap();
        assert!(unsaid.starts_with("2 more requests wait for approval"), "{unsaid}");
        assert_eq!(said.of_request(11_500, "four"), None);
        let next = said.of_request(12_000, "five");
        assert_eq!(next.as_deref(), Some("five, and 1 more request waits"));
        assert_eq!(
            said.of_request(9_000, "six").as_deref(),
            Some("six"),
            "a clock that steps back"
        );
    }
}
