//! Chance that can be repeated: it follows from a printed seed.

use std::time::{SystemTime, UNIX_EPOCH};

/// Draws numbers from one seed.
pub(crate) struct Chance(u64);

impl Chance {
    /// `MUSTER_SEED`, or another one each time; printed.
    pub(crate) fn from_environment() -> Self {
        let given = std::env::var("MUSTER_SEED").ok().and_then(|seed| seed.parse().ok());
        let drawn = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 & 0xffff_ffff;
        let seed = given.unwrap_or_else(drawn);
        println!("again: MUSTER_SEED={seed}");
        Self(seed)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
