use std::time::{SystemTime, UNIX_EPOCH};

/// The seed of a push.
const PUSH_SEED: u64 = 2026;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
pub(crate) struct Random(u64);

impl Random {
    /// From `INTERLOCK_TEST_SEED`; else from the clock where `INTERLOCK_DEEP` is set, and always
    /// the same in a push, which must not fail for what it did not change. Prints the seed, so that
    /// a failure can be had again.
    pub(crate) fn seeded() -> Random {
        let given = std::env::var("INTERLOCK_TEST_SEED").ok().map(|text| text.parse().unwrap());
        let seed = given.unwrap_or_else(|| match std::env::var_os("INTERLOCK_DEEP") {
            Some(_) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                u64::try_from(since.as_micros()).unwrap()
            }
            None => PUSH_SEED,
        });
        println!("seed: INTERLOCK_TEST_SEED={seed}");
        Random(seed)
    }

    /// Another sequence of the same seed.
    pub(crate) fn split(&mut self) -> Random {
        Random(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy, const N: usize>(&mut self, these: [T; N]) -> T {
        these[usize::try_from(self.below(N as u64)).unwrap()]
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
