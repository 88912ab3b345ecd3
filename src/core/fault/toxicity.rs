//! Which connections or requests a partial fault takes.

use crate::units::Seed;

/// True where a fault of this toxicity (0 to 1) takes the connection or request of this number. The same seed takes the
/// same ones; a toxicity of 0 takes none and of 1 all.
pub fn bites(toxicity: f64, seed: Seed, number: u64) -> bool {
    // SplitMix64 at place `number`: 53 bits of it are a fraction from 0 up to, not including, 1.
    let mut bits = seed.0.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    ((bits >> 11) as f64) / ((1u64 << 53) as f64) < toxicity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_never_bites_one_always_and_a_half_about_half() {
        let count = |toxicity| (0..10_000).filter(|number| bites(toxicity, Seed(3), *number)).count();
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        // Five standard deviations of a binomial with n = 10,000 and p = 0.5.
        assert!(count(0.5).abs_diff(5000) < 250, "{}", count(0.5));
    }
}
