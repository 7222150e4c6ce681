//! Whose turn it is. What waits stands in a line of its own for each workload, and the lines take
//! turns by bytes.
//!
//! This is start-time fair queueing (Goyal, Vin and Cheng, 1996): each line has a start, the one
//! with the least is next, and what is taken moves its start on by what it costs. A line in which
//! nothing waited starts at most [`TURN_CREDIT_BYTES`] before the turn that is taken: who asks now
//! and then goes before those who ask all the time, and waits for no round of all of them, as it
//! would with a deficit round robin.
//!
//! What two lines are given while something waits in both differs by at most what one costs of
//! each, and the credit.
//!
//! Where a large message must wait, its line keeps its start, small ones of others pass it, and no
//! large one does.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use crate::limits::{LARGE_BYTES_MIN, TURN_BYTES, TURN_CREDIT_BYTES};

/// Bytes of a message that never waits for large ones.
const SMALL_BYTES_MAX: usize = LARGE_BYTES_MIN - 1;

/// Something that waits for its turn.
pub(super) struct Waiter<T> {
    pub(super) what: T,
    /// Bytes of its message.
    pub(super) bytes: usize,
    /// It may be refused; what takes back or ends something may not.
    pub(super) is_refusable: bool,
    pub(super) since: Instant,
}

/// How much waits that may be refused.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn plus(self, bytes: usize) -> Self {
        Self { count: self.count.saturating_add(1), bytes: self.bytes.saturating_add(bytes) }
    }

    fn less(self, bytes: usize) -> Self {
        Self { count: self.count.saturating_sub(1), bytes: self.bytes.saturating_sub(bytes) }
    }

    pub(super) fn exceeds(self, most: Self) -> bool {
        self.count > most.count || self.bytes > most.bytes
    }
}

struct TurnQueue<T> {
    waits: VecDeque<Waiter<T>>,
    load: Load,
    /// Start, and among equal ones who came there first.
    place: TurnKey,
}

type TurnKey = (u64, u64);

/// Lines by whom they are of.
pub(super) struct Turns<K, T> {
    lines: BTreeMap<K, TurnQueue<T>>,
    /// Lines in which something waits, in the order of their turns.
    waiting: BTreeMap<TurnKey, K>,
    /// Lines in which nothing waits and that are ahead of others still.
    resting: BTreeMap<TurnKey, K>,
    load: Load,
    len: usize,
    /// Start of the last turn.
    now: u64,
    /// How many places were given out.
    places: u64,
    /// Bytes of the largest message whose turn can come.
    bytes_max: usize,
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self {
            lines: BTreeMap::new(),
            waiting: BTreeMap::new(),
            resting: BTreeMap::new(),
            load: Load::default(),
            len: 0,
            now: 0,
            places: 0,
            bytes_max: usize::MAX,
        }
    }
}

impl<K: Ord + Clone, T> Turns<K, T> {
    /// How many wait whose turn can come.
    pub(super) fn len(&self) -> usize {
        if self.bytes_max == usize::MAX {
            return self.len;
        }
        self.ready().filter_map(|(_, of)| self.lines.get(of)).map(|line| line.waits.len()).sum()
    }

    /// From here on a line that begins with a message of more bytes waits, and lets small ones
    /// pass.
    pub(super) fn limit(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max.max(SMALL_BYTES_MAX);
    }

    /// Whether a message of so many bytes that comes now would wait.
    pub(super) fn holds_back(&self, bytes: usize) -> bool {
        bytes > SMALL_BYTES_MAX && (bytes > self.bytes_max || self.len > 0)
    }

    /// Lines whose turn can come, in its order.
    fn ready(&self) -> impl Iterator<Item = (&TurnKey, &K)> {
        let mut is_large_waiting = false;
        self.waiting.iter().filter(move |(_, of)| {
            let bytes = self.lines.get(of).and_then(TurnQueue::first_bytes).unwrap_or_default();
            let is_ready =
                bytes <= SMALL_BYTES_MAX || (bytes <= self.bytes_max && !is_large_waiting);
            is_large_waiting |= !is_ready;
            is_ready
        })
    }

    /// What waits in all lines together, and may be refused.
    pub(super) fn load(&self) -> Load {
        self.load
    }

    /// What waits in one line, and may be refused.
    pub(super) fn load_of(&self, of: &K) -> Load {
        self.lines.get(of).map_or(Load::default(), |line| line.load)
    }

    /// Since when something waits in a line that may be refused.
    pub(super) fn oldest_of(&self, of: &K) -> Option<Instant> {
        self.lines.get(of).and_then(TurnQueue::oldest)
    }

    /// Since when something waits that may be refused.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.waiting.values().filter_map(|of| self.oldest_of(of)).min()
    }

    /// The line with most of what may be refused, by this measure.
    pub(super) fn largest(&self, by: impl Fn(Load) -> usize) -> Option<(&K, Load)> {
        let loads = self.waiting.values().map(|of| (of, self.load_of(of)));
        loads.max_by_key(|(_, load)| by(*load))
    }

    /// Puts something at the end of a line.
    pub(super) fn push(&mut self, of: &K, waits: Waiter<T>) {
        self.len = self.len.saturating_add(1);
        if waits.is_refusable {
            self.load = self.load.plus(waits.bytes);
        }
        let earliest = self.now.saturating_sub(TURN_CREDIT_BYTES);
        let new =
            || TurnQueue { waits: VecDeque::new(), load: Load::default(), place: (earliest, 0) };
        let line = self.lines.entry(of.clone()).or_insert_with(new);
        if line.waits.is_empty() {
            self.resting.remove(&line.place);
            self.places = self.places.saturating_add(1);
            line.place = (line.place.0.max(earliest), self.places);
            self.waiting.insert(line.place, of.clone());
        }
        line.push(waits);
    }

    /// Takes what is next.
    pub(super) fn take(&mut self) -> Option<Waiter<T>> {
        let place = *self.ready().next()?.0;
        let of = self.waiting.remove(&place)?;
        self.now = self.now.max(place.0);
        let line = self.lines.get_mut(&of)?;
        let taken = line.waits.pop_front()?;
        self.len = self.len.saturating_sub(1);
        if taken.is_refusable {
            self.load = self.load.less(taken.bytes);
            line.load = line.load.less(taken.bytes);
        }
        self.places = self.places.saturating_add(1);
        line.place = (place.0.saturating_add(cost(taken.bytes)), self.places);
        let is_waiting = !line.waits.is_empty();
        let lines = if is_waiting { &mut self.waiting } else { &mut self.resting };
        lines.insert(line.place, of);
        self.forget_rested();
        Some(taken)
    }

    /// Takes out, of what may be refused, all that waits since then or longer.
    pub(super) fn take_older(&mut self, than: Instant) -> Vec<T> {
        let is_old = |line: &TurnQueue<T>| line.oldest().is_some_and(|oldest| oldest <= than);
        let lines = self.lines.iter().filter(|(_, line)| is_old(line));
        let old: Vec<K> = lines.map(|(of, _)| of.clone()).collect();
        old.iter().flat_map(|of| self.take_out(of, |waits| waits.since <= than)).collect()
    }

    /// Takes out what came last to a line and may be refused.
    pub(super) fn take_newest(&mut self, of: &K) -> Option<T> {
        let line = self.lines.get(of)?;
        let newest = line.waits.iter().rposition(|waits| waits.is_refusable)?;
        let mut at = 0..;
        self.take_out(of, |_| at.next() == Some(newest)).pop()
    }

    /// Takes out of a line what may be refused and is so. Nobody's turn comes later for it.
    fn take_out(&mut self, of: &K, mut is_so: impl FnMut(&Waiter<T>) -> bool) -> Vec<T> {
        let Some(line) = self.lines.get_mut(of) else { return Vec::new() };
        let mut out = Vec::new();
        let mut kept = VecDeque::with_capacity(line.waits.len());
        for waits in std::mem::take(&mut line.waits) {
            // Asked of each: it may count them.
            if is_so(&waits) && waits.is_refusable {
                self.len = self.len.saturating_sub(1);
                self.load = self.load.less(waits.bytes);
                line.load = line.load.less(waits.bytes);
                out.push(waits.what);
            } else {
                kept.push_back(waits);
            }
        }
        line.waits = kept;
        if line.waits.is_empty() && self.waiting.remove(&line.place).is_some() {
            self.resting.insert(line.place, of.clone());
        }
        out
    }

    /// Lines that are ahead of nobody any more are as new ones.
    fn forget_rested(&mut self) {
        let earliest = self.now.saturating_sub(TURN_CREDIT_BYTES);
        while let Some(rested) = self.resting.first_entry()
            && rested.key().0 <= earliest
        {
            self.lines.remove(&rested.remove());
        }
    }
}

impl<T> TurnQueue<T> {
    fn push(&mut self, waits: Waiter<T>) {
        if waits.is_refusable {
            self.load = self.load.plus(waits.bytes);
        }
        self.waits.push_back(waits);
    }

    /// Bytes of the message that is next.
    fn first_bytes(&self) -> Option<usize> {
        self.waits.front().map(|waits| waits.bytes)
    }

    fn oldest(&self) -> Option<Instant> {
        self.waits.iter().find(|waits| waits.is_refusable).map(|waits| waits.since)
    }
}

/// What a turn costs.
pub(super) fn cost(bytes: usize) -> u64 {
    TURN_BYTES.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
