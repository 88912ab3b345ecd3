//! `latency`: every chunk is late by `latency` ± `jitter` milliseconds, counted from its arrival. Order is kept.
//!
//! A chunk's delay does not count from when the chunk before it left: latency must not become a rate limit.

use super::contract::{FaultEffect, fault};
use super::{ByteStage, ChunkFate, PlainMeans};
use crate::model::{ActsOn, Attribute, FailureMode, Mistake, Setting, SettingKind};
use crate::units::{Duration, Seed};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fault! {
    /// Every byte from the provider is late by `latency` ± `jitter` (uniform); order is kept.
    Latency { word: Some("latency"), toxic: Some("latency"), acts_on: ActsOn::Bytes, on_requests: "{stall: {for: 2s}}" }
    settings {
        /// Mean delay.
        latency: Duration = Attribute::new("latency", SettingKind::Time).required().or(|| Setting::Time(Duration::ZERO)).example("2s"),
        /// Largest deviation from it. No chunk is early: a delay below zero is none.
        jitter: Duration = Attribute::new("jitter", SettingKind::Time).or(|| Setting::Time(Duration::ZERO)),
    }
}

impl FaultEffect for Latency {
    fn mode(&self) -> Option<FailureMode> {
        Some(FailureMode::BrownOut)
    }

    fn stage(&self, seed: Seed, _now: u64, _passed: u64) -> Box<dyn ByteStage> {
        let random = ChaCha8Rng::seed_from_u64(seed.0);
        Box::new(Lateness { latency: self.latency.as_nanos(), jitter: self.jitter.as_nanos(), random })
    }

    fn on_plain(&self) -> PlainMeans {
        PlainMeans::Itself
    }

    fn told(&self) -> String {
        let Self { latency, jitter } = self;
        if *jitter == Duration::ZERO { format!(" {latency}") } else { format!(" {latency} ± {jitter}") }
    }

    fn mistake(&self) -> Option<Mistake> {
        let Self { latency, jitter } = *self;
        (jitter > latency).then(|| Mistake {
            setting: Some("jitter"),
            message: format!("the jitter must not exceed the latency: {jitter} is more than {latency}"),
            hint: format!("write at most `{}`", latency.typed()),
        })
    }
}

/// Draws the delay of one chunk after another.
#[derive(Debug)]
pub(super) struct Lateness {
    latency: u64,
    jitter: u64,
    random: ChaCha8Rng,
}

impl ByteStage for Lateness {
    fn chunk(&mut self, at: u64, bytes: usize) -> ChunkFate {
        let spread = self.jitter.saturating_mul(2);
        let drawn = if spread == 0 { 0 } else { self.random.random_range(0..=spread) };
        let late = self.latency.saturating_add(drawn).saturating_sub(self.jitter);
        ChunkFate::Pass { bytes, due: at.saturating_add(late) }
    }

    fn room(&self) -> usize {
        4 << 20
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_within_the_jitter_and_repeat_with_the_seed() {
        let draw = |latency, jitter, seed| {
            let toxic = Latency { latency: Duration::from_millis(latency), jitter: Duration::from_millis(jitter) };
            let mut stage = toxic.stage(Seed(seed), 0, 0);
            let due = |_| match stage.chunk(7, 1) {
                ChunkFate::Pass { bytes: 1, due } => due - 7,
                other => panic!("{other:?}"),
            };
            (0..200).map(due).collect::<Vec<u64>>()
        };
        assert!(draw(10, 0, 1).iter().all(|late| *late == 10_000_000));
        assert!(draw(10, 4, 1).iter().all(|late| (6_000_000..=14_000_000).contains(late)));
        assert!(draw(0, 4, 1).contains(&0) && draw(0, 4, 1).iter().all(|late| *late <= 4_000_000));
        assert_eq!(draw(10, 4, 1), draw(10, 4, 1));
        assert_ne!(draw(10, 4, 1), draw(10, 4, 2));
    }
}
