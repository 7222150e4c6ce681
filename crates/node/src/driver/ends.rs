//! The ends of transitions, and what is appended to the log.

use std::thread;
use std::time::{Duration, Instant};

use kernel::step::{Effect, Input, Ticket};
use ledger::{AppendError, Committed, Disk, Entry};
use record::lineage::Completion;

use super::{Command, Driver, End, SettledReply, halt};
use crate::clock;
use crate::limits::{QUICK_COMMIT_US, TOGETHER_MAX};

impl<D: Disk> Driver<D> {
    pub(super) fn outcome(&mut self, ticket: Ticket, end: End, reply: SettledReply) {
        let Ok(entropy) = clock::entropy() else { return };
        let (outcome, message, output) = end;
        self.waiting.open.remove(&ticket);
        if !self.has_space_for(message.len()) {
            // The result cannot be kept, so it is not handed on: who knows how it ended.
            let outcome = Completion::UNKNOWN;
            self.step(Input::Outcome { ticket, outcome, message: vec![], output: None, entropy });
            return;
        }
        self.waiting.outcomes.insert(ticket, reply);
        let input = Input::Outcome { ticket, outcome, message, output, entropy };
        let effects = self.kernel.step(self.clock.now(), input);
        // Nobody waits for the record of an end that is settled at once, or whose message is
        // withheld.
        let is_told =
            |effect: &Effect| matches!(effect, Effect::Settled { .. } | Effect::Withheld { .. });
        let is_awaited = !effects.iter().any(is_told);
        for effect in effects {
            self.carry_out_for(is_awaited, effect);
        }
    }

    pub(super) fn append(&mut self, index: u64, entry: Entry, is_awaited: bool) {
        let (mailbox, stepping) = (self.mailbox.clone(), thread::current().id());
        let done = move |outcome: Result<Committed, AppendError>| match outcome {
            Ok(_) => {
                let durable = Command::Durable { size: index.saturating_add(1) };
                if thread::current().id() == stepping {
                    // INVARIANT: a thread that steps the kernel and commits takes what waits
                    // afterwards.
                    mailbox.inbox.push_quietly(durable);
                } else {
                    mailbox.tell(durable);
                }
            }
            // Space was there when it was asked for: whatever this is, the log cannot be gone on
            // with.
            Err(why) => halt(&format!("record {index} was not kept: {why}")),
        };
        self.keeping.count(&entry);
        let bytes = entry.record.len().saturating_add(entry.sealed.len());
        if let Some(bytes) = self.in_flight.append(index, bytes) {
            self.mailbox.inbox.set_large_in_flight(bytes);
        }
        let entries = vec![entry];
        // What was decided must be kept: only `request` and `join` ask for space, before they
        // decide.
        let appended = if is_awaited && self.behind == 0 && self.waiting.is_one() {
            // One caller, and nobody behind it: it waits for the disk on this thread.
            let begun = Instant::now();
            let appended = self.log.append_here(entries, Some(index), done);
            self.is_quick = begun.elapsed() <= Duration::from_micros(QUICK_COMMIT_US);
            appended
        } else if is_awaited && !has_company(self.behind, self.together) {
            self.together = 0;
            self.log.append_reserved(entries, Some(index), done)
        } else {
            self.together = self.together.saturating_add(usize::from(is_awaited));
            self.log.append_unhurried(entries, Some(index), done)
        };
        if let Err(why) = appended {
            halt(&format!("record {index} was not kept: {why}"));
        }
    }

    /// Has the log commit what waits for others, where no command is left to bring them.
    pub(super) fn hurry(&mut self) {
        if self.behind == 0 && std::mem::take(&mut self.together) > 0 {
            self.log.hurry();
        }
    }
}

/// Whether a record may wait for those of the commands behind: a sync costs as much for several as
/// for one.
fn has_company(behind: usize, together: usize) -> bool {
    behind > 0 && together.saturating_add(1) < TOGETHER_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_waits_for_others_that_are_to_come() {
        assert!(has_company(1, 0) && has_company(100, TOGETHER_MAX - 2));
        assert!(!has_company(100, TOGETHER_MAX - 1), "enough for a sync");
        assert!(!has_company(0, 0) && !has_company(0, TOGETHER_MAX - 2), "nobody is to come");
    }
}
