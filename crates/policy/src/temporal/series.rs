//! The events of one stream and one key, reduced to enough to answer for any window, in
//! logarithmic time.

use std::collections::BTreeMap;

use super::check::Measure;

/// An event that belongs to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeriesEntry {
    /// The event's index in the history.
    pub(super) index: usize,
    pub(super) time: i64,
    /// The summand: 1, or a field's value, or 0 where that is no integer.
    pub(super) weight: i64,
    /// What has to be different for it to count, if that matters.
    pub(super) value: Box<[u8]>,
}

/// The last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Latest {
    pub(super) index: usize,
    pub(super) time: i64,
    /// From this event on, every event of the history belonged to the stream, up to the last one.
    pub(super) run: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Series {
    Latest(Option<Latest>),
    /// Times, and the sum of the weights up to and including each.
    Every(Vec<i64>, Vec<i128>),
    /// Times alone: every weight is 1.
    Count(Vec<i64>),
    Distinct(Box<Distinct>),
}

impl Series {
    pub(super) fn new(measure: &Measure) -> Series {
        match measure {
            Measure::Latest => Series::Latest(None),
            Measure::Every { sum: None } => Series::Count(Vec::new()),
            Measure::Every { sum: Some(_) } => Series::Every(Vec::new(), Vec::new()),
            Measure::Distinct { .. } => Series::Distinct(Box::default()),
        }
    }

    pub(super) fn push(&mut self, entry: SeriesEntry) {
        match self {
            Series::Latest(latest) => *latest = Some(after(*latest, &entry)),
            Series::Count(times) => times.push(entry.time),
            Series::Every(times, sums) => {
                let sum = sums.last().copied().unwrap_or_default();
                times.push(entry.time);
                sums.push(sum.saturating_add(i128::from(entry.weight)));
            }
            Series::Distinct(distinct) => distinct.push(entry),
        }
    }

    /// The last event, were `next` the newest.
    pub(super) fn latest(&self, next: Option<&SeriesEntry>) -> Option<Latest> {
        let Series::Latest(latest) = self else { return None };
        match next {
            Some(next) => Some(after(*latest, next)),
            None => *latest,
        }
    }

    /// The sum of the weights from `floor` on, were `next` the newest event. The newest event is in
    /// every window.
    pub(super) fn total(&self, floor: i64, next: Option<&SeriesEntry>) -> i128 {
        let added = next.map_or(0, |next| i128::from(next.weight));
        match self {
            Series::Latest(_) => 0,
            Series::Count(times) => {
                let before = times.partition_point(|time| *time < floor);
                i128::try_from(times.len().saturating_sub(before))
                    .unwrap_or(i128::MAX)
                    .saturating_add(added)
            }
            Series::Every(times, sums) => {
                let before = times.partition_point(|time| *time < floor);
                let dropped = before.checked_sub(1).and_then(|last| sums.get(last)).copied();
                let all = sums.last().copied().unwrap_or_default();
                all.saturating_sub(dropped.unwrap_or_default()).saturating_add(added)
            }
            Series::Distinct(distinct) => distinct.total(floor, next),
        }
    }
}

fn after(latest: Option<Latest>, next: &SeriesEntry) -> Latest {
    let run = match latest {
        Some(latest) if latest.index.checked_add(1) == Some(next.index) => latest.run,
        _ => next.index,
    };
    Latest { index: next.index, time: next.time, run }
}

/// Events of which only the last of each value counts. A binary indexed tree (Fenwick 1994) over
/// the events in order holds the weights of those that count.
#[derive(Debug, Clone, Default)]
pub(super) struct Distinct {
    pub(super) times: Vec<i64>,
    pub(super) tree: Vec<i128>,
    /// The place of the last event of each value.
    pub(super) last: BTreeMap<Box<[u8]>, usize>,
}

impl Distinct {
    fn push(&mut self, entry: SeriesEntry) {
        let weight = i128::from(entry.weight);
        let place = self.times.len();
        self.times.push(entry.time);
        self.append(weight);
        if let Some(earlier) = self.last.insert(entry.value, place) {
            self.add(earlier, weight.saturating_neg());
        }
    }

    fn total(&self, floor: i64, next: Option<&SeriesEntry>) -> i128 {
        let before = self.times.partition_point(|time| *time < floor);
        let held = self.up_to(self.times.len()).saturating_sub(self.up_to(before));
        let new =
            next.filter(|next| self.last.get(&next.value).is_none_or(|place| *place < before));
        held.saturating_add(new.map_or(0, |next| i128::from(next.weight)))
    }

    fn append(&mut self, weight: i128) {
        let node = self.tree.len().saturating_add(1);
        let (mut sum, mut step) = (weight, 1);
        while step < lowest_bit(node) {
            sum = sum.saturating_add(self.node(node.saturating_sub(step)));
            step = step.saturating_mul(2);
        }
        self.tree.push(sum);
    }

    /// Adds to the weight of the event at a place.
    fn add(&mut self, place: usize, weight: i128) {
        let mut node = place.saturating_add(1);
        while let Some(sum) = node.checked_sub(1).and_then(|at| self.tree.get_mut(at)) {
            *sum = sum.saturating_add(weight);
            node = node.saturating_add(lowest_bit(node));
        }
    }

    /// The sum of the weights of the first `count` events.
    fn up_to(&self, count: usize) -> i128 {
        let (mut node, mut sum) = (count, 0_i128);
        while node > 0 {
            sum = sum.saturating_add(self.node(node));
            node = node.saturating_sub(lowest_bit(node));
        }
        sum
    }

    fn node(&self, node: usize) -> i128 {
        node.checked_sub(1).and_then(|at| self.tree.get(at)).copied().unwrap_or_default()
    }
}

fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

#[cfg(test)]
mod tests;
