//! The one number from which all randomness of a drill is drawn.

use super::{ParseError, text_form};
use std::fmt;
use std::str::FromStr;

/// A drill's seed. Recorded in the history, printed, and settable with `--seed`. Text form: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// A seed for one use of randomness within the drill, so that drawing more for one purpose never shifts another.
    #[must_use]
    pub fn derive(self, purpose: &str) -> Self {
        // FNV-1a over the purpose, mixed with the seed by SplitMix64's finaliser (Steele et al., OOPSLA 2014).
        let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut mixed = self.0 ^ hash;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        u64::from_str_radix(text.trim(), 16)
            .map(Self)
            .map_err(|_| ParseError::new(format!("`{text}` is not a seed"), "write up to 16 hexadecimal digits, for example 2a"))
    }
}

text_form!(Seed, r"^[0-9a-f]{16}$", "The seed of a run: 16 hexadecimal digits.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_draw_apart() {
        let seed: Seed = "2a".parse().unwrap();
        assert_ne!(seed.derive("traffic"), seed.derive("lab"));
        assert_eq!(seed.derive("traffic"), seed.derive("traffic"));
        assert_eq!(seed.to_string(), "000000000000002a");
    }
}
