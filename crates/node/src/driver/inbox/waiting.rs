//! What waits for the kernel, in the order in which it is obeyed, and what of it is refused.
//!
//! First what officers ordered; then the kernel's own; then what sessions ask, in turns by workload
//! ([`Turns`]). Who wants to begin a session comes last, in turns by OS user, with one turn in
//! [`REQUESTS_PER_JOIN`] so that those who are there do not keep out those who come.
//!
//! While much of large messages is on its way to the disk, no further one is taken: small ones of
//! others would wait behind it for the disk ([`LARGE_BYTES_IN_FLIGHT_MAX`]).
//!
//! A request that waits too long is refused, and so is one for which there is no room. A workload
//! that fills its share is refused what is beyond it; where all together are too many, the workload
//! with the most is refused, so that none pays for another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::turns::{Load, Turns, Waiter};
use crate::driver::{Command, Joining};
use crate::limits::{
    JOIN_WAIT_MS_MAX, JOINS_MAX, JOINS_PER_USER_MAX, LARGE_BYTES_IN_FLIGHT_MAX,
    REQUEST_WAIT_MS_MAX, REQUESTS_BYTES_MAX, REQUESTS_MAX, REQUESTS_PER_JOIN,
    REQUESTS_PER_WORKLOAD_BYTES_MAX, REQUESTS_PER_WORKLOAD_MAX,
};

const REQUEST_WAIT: Duration = Duration::from_millis(REQUEST_WAIT_MS_MAX);
const JOIN_WAIT: Duration = Duration::from_millis(JOIN_WAIT_MS_MAX);

/// What may wait for one workload, and for all.
const OF_WORKLOAD: Load =
    Load { count: REQUESTS_PER_WORKLOAD_MAX, bytes: REQUESTS_PER_WORKLOAD_BYTES_MAX };
const OF_ALL: Load = Load { count: REQUESTS_MAX, bytes: REQUESTS_BYTES_MAX };

#[derive(Default)]
pub(super) struct Waiting {
    orders: VecDeque<Command>,
    own: Own,
    asked: Turns<Arc<str>, Command>,
    joins: Turns<u32, Command>,
    /// Turns of sessions since one that joined.
    since_join: usize,
    /// The kernel's thread waits for a command.
    pub(super) is_asleep: bool,
    /// Nothing more is heard.
    pub(super) is_closed: bool,
}

/// The kernel's own. Of each kind one is enough.
#[derive(Default)]
struct Own {
    /// The log is durable up to there.
    durable: Option<u64>,
    is_tick_due: bool,
    is_keep_up_due: bool,
}

/// The command that comes next.
pub(super) enum Next {
    /// It is to be obeyed; so many wait behind it.
    Obeyed(Command, usize),
    /// It waited too long.
    Refused(Command),
}

impl Waiting {
    /// How many can be obeyed now.
    pub(super) fn len(&self) -> usize {
        let asked = self.asked.len().saturating_add(self.joins.len());
        asked.saturating_add(self.orders.len()).saturating_add(self.own.len())
    }

    #[cfg(test)]
    pub(super) fn has_order(&self) -> bool {
        !self.orders.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// So many bytes of large messages are on their way to the disk. What is left is obeyed however
    /// much that is, once nothing more is heard.
    pub(super) fn set_large_in_flight(&mut self, bytes: usize) {
        let is_limited = bytes > 0 && !self.is_closed;
        let left = LARGE_BYTES_IN_FLIGHT_MAX.saturating_sub(bytes);
        self.asked.limit(if is_limited { left } else { usize::MAX });
    }

    /// Whether a message of so many bytes must wait.
    pub(super) fn holds_back(&self, bytes: usize) -> bool {
        self.asked.holds_back(bytes)
    }

    pub(super) fn push_order(&mut self, command: Command) {
        self.orders.push_back(command);
    }

    /// Has a command wait; what is refused in its place, or it itself.
    pub(super) fn push(&mut self, command: Command, now: Instant) -> Vec<Command> {
        let Some(command) = self.own.push(command) else { return Vec::new() };
        match command {
            Command::Join(Joining { os_user, .. }) => self.push_join(os_user, command, now),
            command => self.push_asked(command, now),
        }
    }

    fn push_join(&mut self, os_user: u32, command: Command, now: Instant) -> Vec<Command> {
        let is_full = self.joins.load_of(&os_user).count >= JOINS_PER_USER_MAX
            || self.joins.load().count >= JOINS_MAX
            || self.asked.load().plus(0).exceeds(OF_ALL);
        if is_full || is_late(self.joins.oldest_of(&os_user), JOIN_WAIT, now) {
            return vec![command];
        }
        let waits = Waiter { what: command, bytes: 0, is_refusable: true, since: now };
        self.joins.push(&os_user, waits);
        Vec::new()
    }

    fn push_asked(&mut self, command: Command, now: Instant) -> Vec<Command> {
        let (bytes, is_refusable) = (command.bytes(), matches!(command, Command::Request { .. }));
        let of = Arc::clone(command.of());
        if is_refusable && !self.takes(&of, bytes, now) {
            return vec![command];
        }
        let waits = Waiter { what: command, bytes, is_refusable, since: now };
        self.asked.push(&of, waits);
        self.make_room()
    }

    /// Whether there is room for a request of this workload, and those before it were served in
    /// time.
    pub(super) fn takes(&self, of: &Arc<str>, bytes: usize, now: Instant) -> bool {
        let would_be = self.asked.load_of(of).plus(bytes);
        let is_full = would_be.exceeds(OF_WORKLOAD) || self.is_largest_of_too_many(would_be, bytes);
        !is_full && !is_late(self.asked.oldest_of(of), REQUEST_WAIT, now)
    }

    /// Whether all together would be too many, and a line of this load the largest.
    fn is_largest_of_too_many(&self, line: Load, bytes: usize) -> bool {
        let all = self.asked.load().plus(bytes);
        let is_largest = |by: fn(Load) -> usize| {
            self.asked.largest(by).is_none_or(|(_, largest)| by(largest) < by(line))
        };
        (all.count > OF_ALL.count && is_largest(|load| load.count))
            || (all.bytes > OF_ALL.bytes && is_largest(|load| load.bytes))
    }

    /// Takes out of the largest lines what came last, until what waits is not too much.
    fn make_room(&mut self) -> Vec<Command> {
        let mut out = Vec::new();
        while self.asked.load().exceeds(OF_ALL) {
            let is_by_bytes = self.asked.load().bytes > OF_ALL.bytes;
            let by = |load: Load| if is_by_bytes { load.bytes } else { load.count };
            let largest = self.asked.largest(by).map(|(of, _)| Arc::clone(of));
            match largest.and_then(|of| self.asked.take_newest(&of)) {
                Some(command) => out.push(command),
                None => break,
            }
        }
        out
    }

    /// Takes what is next.
    pub(super) fn next(&mut self, now: Instant) -> Option<Next> {
        let first = self.orders.pop_front().or_else(|| self.own.take());
        if let Some(command) = first {
            return Some(Next::Obeyed(command, self.len()));
        }
        let (waits, longest) = self.take_turn()?;
        let is_late = waits.is_refusable && is_late(Some(waits.since), longest, now);
        Some(match is_late {
            true => Next::Refused(waits.what),
            false => Next::Obeyed(waits.what, self.len()),
        })
    }

    /// What sessions ask, or who comes next; and how long it may have waited.
    fn take_turn(&mut self) -> Option<(Waiter<Command>, Duration)> {
        if self.since_join < REQUESTS_PER_JOIN
            && let Some(asked) = self.asked.take()
        {
            self.since_join = self.since_join.saturating_add(1);
            return Some((asked, REQUEST_WAIT));
        }
        self.since_join = 0;
        let joins = self.joins.take().map(|waits| (waits, JOIN_WAIT));
        joins.or_else(|| Some((self.asked.take()?, REQUEST_WAIT)))
    }

    /// Takes out what has waited too long.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<Command> {
        let requests = now.checked_sub(REQUEST_WAIT).map(|then| self.asked.take_older(then));
        let joins = now.checked_sub(JOIN_WAIT).map(|then| self.joins.take_older(then));
        requests.into_iter().chain(joins).flatten().collect()
    }

    /// When something will have waited too long.
    pub(super) fn late_at(&self) -> Option<Instant> {
        let requests = self.asked.oldest().and_then(|since| since.checked_add(REQUEST_WAIT));
        let joins = self.joins.oldest().and_then(|since| since.checked_add(JOIN_WAIT));
        requests.into_iter().chain(joins).min()
    }
}

impl Own {
    fn len(&self) -> usize {
        usize::from(self.durable.is_some())
            .saturating_add(usize::from(self.is_tick_due))
            .saturating_add(usize::from(self.is_keep_up_due))
    }

    /// Gives back what is not the kernel's own.
    fn push(&mut self, command: Command) -> Option<Command> {
        match command {
            // What is durable up to there is so up to here.
            Command::Durable { size } => self.durable = self.durable.max(Some(size)),
            Command::Tick => self.is_tick_due = true,
            Command::KeepUp => self.is_keep_up_due = true,
            command => return Some(command),
        }
        None
    }

    fn take(&mut self) -> Option<Command> {
        if let Some(size) = self.durable.take() {
            return Some(Command::Durable { size });
        }
        if std::mem::take(&mut self.is_tick_due) {
            return Some(Command::Tick);
        }
        std::mem::take(&mut self.is_keep_up_due).then_some(Command::KeepUp)
    }
}

/// Whether what waits since then has waited for longer than it may.
fn is_late(since: Option<Instant>, longest: Duration, now: Instant) -> bool {
    since.is_some_and(|since| now.saturating_duration_since(since) >= longest)
}
