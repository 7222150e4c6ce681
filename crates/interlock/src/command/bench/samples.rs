use std::time::Duration;

/// Times of one kind. The first request for a percentile sorts them.
#[derive(Debug, Default)]
pub(super) struct Samples {
    times: Vec<Duration>,
    is_sorted: bool,
}

impl Samples {
    /// One more.
    pub(super) fn push(&mut self, time: Duration) {
        self.is_sorted = false;
        self.times.push(time);
    }

    /// Those of another caller too.
    pub(super) fn extend(&mut self, other: Samples) {
        self.is_sorted = false;
        self.times.extend(other.times);
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.times.len()).unwrap_or(u32::MAX)
    }

    /// The time that this many of a thousand do not exceed, in microseconds.
    pub(super) fn per_mille_us(&mut self, per_mille: usize) -> f64 {
        if !self.is_sorted {
            self.times.sort_unstable();
            self.is_sorted = true;
        }
        let last = self.times.len().saturating_sub(1);
        let at = self.times.len().saturating_mul(per_mille) / 1_000;
        self.times.get(at.min(last)).map_or(0.0, |time| micros(*time))
    }
}

/// Microseconds, to the tenth.
pub(super) fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut samples = Samples::default();
        for micros in (1..=1_000).rev() {
            samples.push(Duration::from_micros(micros));
        }
        let at = [0, 500, 990, 1_000].map(|per_mille| samples.per_mille_us(per_mille));
        assert_eq!(at, [1.0, 501.0, 991.0, 1_000.0]);
        assert_eq!(samples.count(), 1_000);
    }

    #[test]
    fn no_samples_have_no_times() {
        assert_eq!(Samples::default().per_mille_us(500).to_bits(), 0.0_f64.to_bits());
    }
}
