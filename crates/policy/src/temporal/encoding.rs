//! The monitors' state as bytes, and back: what a start goes on from instead of every event.
//!
//! The same state has the same bytes. Numbers are LEB128, negative ones by zigzag; times follow one
//! another as differences.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::series::{Distinct, Latest, Series};
use super::state::MonitorState;

const LATEST: u8 = 0;
const NOTHING: u8 = 1;
const EVERY: u8 = 2;
const COUNT: u8 = 3;
const DISTINCT: u8 = 4;

impl MonitorState {
    /// The state as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut into = StateWriter(Vec::new());
        into.count(self.events);
        into.count(self.streams.len());
        for stream in &self.streams {
            into.count(stream.len());
            for (key, series) in stream {
                into.bytes(key);
                series.encode(&mut into);
            }
        }
        into.0
    }

    /// The state that has exactly these bytes, of this plan.
    pub(crate) fn decode(plan: &Plan, bytes: &[u8]) -> Option<MonitorState> {
        let mut from = StateReader(bytes);
        let events = from.count()?;
        if from.count()? != plan.streams.len() {
            return None;
        }
        let mut streams = Vec::new();
        for spec in &plan.streams {
            let mut stream = BTreeMap::new();
            for _ in 0..from.count()? {
                let key: Box<[u8]> = from.bytes()?.into();
                let series = Series::decode(&mut from)?;
                // Another kind of series than the stream keeps would answer nothing, whatever
                // happened.
                if !series.is_alike(&Series::new(&spec.measure)) {
                    return None;
                }
                stream.insert(key, series);
            }
            streams.push(stream);
        }
        from.0.is_empty().then_some(MonitorState { events, streams })
    }
}

impl Series {
    fn encode(&self, into: &mut StateWriter) {
        match self {
            Series::Latest(None) => into.0.push(NOTHING),
            Series::Latest(Some(Latest { index, time, run })) => {
                into.0.push(LATEST);
                into.count(*index);
                into.integer(i128::from(*time));
                into.count(*run);
            }
            Series::Every(times, sums) => {
                into.0.push(EVERY);
                into.times(times);
                into.sums(sums);
            }
            Series::Count(times) => {
                into.0.push(COUNT);
                into.times(times);
            }
            Series::Distinct(distinct) => {
                into.0.push(DISTINCT);
                let Distinct { times, tree, last } = &**distinct;
                into.times(times);
                into.sums(tree);
                into.count(last.len());
                for (value, place) in last {
                    into.bytes(value);
                    into.count(*place);
                }
            }
        }
    }

    fn decode(from: &mut StateReader<'_>) -> Option<Series> {
        Some(match from.byte()? {
            NOTHING => Series::Latest(None),
            LATEST => {
                let (index, time, run) = (from.count()?, from.time(0)?, from.count()?);
                Series::Latest(Some(Latest { index, time, run }))
            }
            EVERY => {
                let times = from.times()?;
                let sums = from.sums(times.len())?;
                Series::Every(times, sums)
            }
            COUNT => Series::Count(from.times()?),
            DISTINCT => {
                let times = from.times()?;
                let tree = from.sums(times.len())?;
                let mut last = BTreeMap::new();
                for _ in 0..from.count()? {
                    let (value, place) = (from.bytes()?.into(), from.count()?);
                    last.insert(value, place);
                }
                Series::Distinct(Box::new(Distinct { times, tree, last }))
            }
            _ => return None,
        })
    }

    fn is_alike(&self, other: &Series) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

struct StateWriter(Vec<u8>);

impl StateWriter {
    fn unsigned(&mut self, mut number: u128) {
        loop {
            let low = u8::try_from(number & 0x7f).unwrap_or_default();
            number >>= 7;
            if number == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    fn integer(&mut self, number: i128) {
        self.unsigned(number.unsigned_abs().wrapping_shl(1) | u128::from(number < 0));
    }

    fn count(&mut self, count: usize) {
        self.unsigned(u128::try_from(count).unwrap_or(u128::MAX));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn times(&mut self, times: &[i64]) {
        self.count(times.len());
        let mut last = 0_i128;
        for time in times {
            let time = i128::from(*time);
            self.integer(time.saturating_sub(last));
            last = time;
        }
    }

    /// As many as there are times. No sum of so many weights comes near the ends of its type.
    fn sums(&mut self, sums: &[i128]) {
        let mut last = 0_i128;
        for sum in sums {
            self.integer(sum.saturating_sub(last));
            last = *sum;
        }
    }
}

struct StateReader<'b>(&'b [u8]);

impl<'b> StateReader<'b> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn unsigned(&mut self) -> Option<u128> {
        // Most numbers are small, and arithmetic of 64 bits takes less time.
        let first = self.byte()?;
        if first < 0x80 {
            return Some(u128::from(first));
        }
        let (mut number, mut shift) = (u128::from(first & 0x7f), 7_u32);
        loop {
            let byte = self.byte()?;
            let part = u128::from(byte & 0x7f);
            let placed = part.checked_shl(shift)?;
            if placed >> shift != part {
                return None;
            }
            number |= placed;
            if byte < 0x80 {
                return Some(number);
            }
            shift = shift.checked_add(7)?;
        }
    }

    fn integer(&mut self) -> Option<i128> {
        let number = self.unsigned()?;
        let magnitude = i128::try_from(number >> 1).ok()?;
        Some(if number & 1 == 1 { magnitude.checked_neg()? } else { magnitude })
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.unsigned()?).ok()
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let count = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn time(&mut self, last: i64) -> Option<i64> {
        i64::try_from(i128::from(last).checked_add(self.integer()?)?).ok()
    }

    fn times(&mut self) -> Option<Vec<i64>> {
        let count = self.count()?;
        // A number takes a byte at least, so that nothing is made room for that is not there.
        let mut times = Vec::with_capacity(count.min(self.0.len()));
        let mut last = 0;
        for _ in 0..count {
            last = self.time(last)?;
            times.push(last);
        }
        Some(times)
    }

    fn sums(&mut self, count: usize) -> Option<Vec<i128>> {
        let mut sums = Vec::with_capacity(count.min(self.0.len()));
        let mut last = 0_i128;
        for _ in 0..count {
            last = last.checked_add(self.integer()?)?;
            sums.push(last);
        }
        Some(sums)
    }
}
