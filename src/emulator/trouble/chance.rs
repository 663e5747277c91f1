//! Random choices that repeat: every one comes from a generator that starts at a number the tester can give again.

/// A generator of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number. This is Steele, Lea and Flood's `SplitMix64`.
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number from 0 to `limit - 1`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        if limit < 2 { 0 } else { self.draw() % limit }
    }

    /// Whether something happens that does so with this probability.
    #[expect(clippy::cast_precision_loss, reason = "32 bits fit into the mantissa")]
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        ((self.draw() >> 32) as f64) < probability * 4_294_967_296.0
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// One number out of several, always the same for the same ones: a choice that need not be remembered.
pub(crate) fn settled(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |before, part| mix(before.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(*part)))
}
