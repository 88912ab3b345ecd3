//! The binomial distribution, exactly: how often chance alone gives so many of so many.

/// The probability that at most `k` of `n` happen where each does with probability `p`.
pub fn at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    // Each term from the one before it, as logarithms: the first of them may be smaller than a number can be.
    let odds = (p / (1.0 - p)).ln();
    let mut term = n as f64 * (-p).ln_1p();
    let mut sum = term.exp();
    for i in 0..k {
        term += ((n - i) as f64 / (i + 1) as f64).ln() + odds;
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::at_most;

    #[test]
    fn its_values_are_those_of_the_tables() {
        for (k, n, p, wanted) in [
            (0, 10, 0.5, 0.000_976_562_5),
            (5, 10, 0.5, 0.623_046_875),
            // 0.98¹⁰⁰, and with one of them.
            (0, 100, 0.02, 0.132_619_555_9),
            (1, 100, 0.02, 0.403_271_710_8),
            (2, 20, 0.1, 0.676_926_805_1),
            (3, 3, 0.9, 1.0),
            (1, 3, 1.0, 0.0),
            (0, 3, 0.0, 1.0),
        ] {
            assert!((at_most(k, n, p) - wanted).abs() < 1e-9, "{k} of {n} at {p}: {}", at_most(k, n, p));
        }
        // e⁻²⁰⁰⁰ is no number, and half of the distribution lies below its middle.
        assert!((at_most(2000, 1_000_000, 0.002) - 0.505_9).abs() < 1e-3);
    }
}
