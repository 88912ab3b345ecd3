//! Whose turn it is among several that share the requests of a service: its replicas, and the keys of its clients.
//!
//! Turns are drawn from the drill's seed: of as many requests as there are takers each has one, in an order that is drawn again every time.
//! So all are asked alike often and nobody waits long, and what has two kinds of turns (three keys, three replicas) meets in every pair. Taken
//! in order, they would go in lockstep. Histories of older builds were taken in order.

use super::{number_of, workload_of};
use crate::units::Seed;

/// See the head of this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// `None` where they are taken in order.
    seed: Option<Seed>,
    count: usize,
}

impl Turns {
    /// The purpose of the turns of replicas.
    pub const REPLICAS: &'static str = "replicas";
    /// The purpose of the turns of clients' keys.
    pub const KEYS: &'static str = "keys";

    /// Among how many.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Drawn for one purpose, among so many.
    pub fn drawn(seed: Seed, purpose: &str, count: usize) -> Self {
        Self { seed: Some(seed.derive(purpose)), count }
    }

    /// In order, among so many.
    pub const fn in_order(count: usize) -> Self {
        Self { seed: None, count }
    }

    /// Whose turn the request of this identifier is, counted from 0.
    pub fn of(&self, id: u64) -> usize {
        let count = self.count.max(1) as u64;
        let (round, place) = (number_of(id) / count, (number_of(id) % count) as usize);
        let Some(seed) = self.seed.filter(|_| count > 1) else { return place };
        let mut state = seed.derive(&format!("workload {}, round {round}", workload_of(id))).0;
        let mut order: Vec<usize> = (0..self.count).collect();
        // Fisher and Yates, with SplitMix64.
        for last in (1..self.count).rev() {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^= bits >> 31;
            order.swap(last, (bits % (last as u64 + 1)) as usize);
        }
        order[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::request_id;

    #[test]
    fn every_key_meets_every_replica_about_as_often() {
        let (keys, replicas) = (Turns::drawn(Seed(7), "keys", 3), Turns::drawn(Seed(7), "replicas", 3));
        let mut met = [[0; 3]; 3];
        for number in 0..9000 {
            met[keys.of(number)][replicas.of(number)] += 1;
        }
        // Six standard deviations of a binomial count with n = 9000 and p = 1/9 are 179.
        assert!(met.iter().flatten().all(|count| (821..=1179).contains(count)), "{met:?}");
    }

    #[test]
    fn nobody_waits_for_two_rounds_and_a_seed_draws_the_same_again() {
        for count in [1, 2, 3, 7] {
            let turns = Turns::drawn(Seed(7), "replicas", count);
            let all: Vec<usize> = (0..700).map(|number| turns.of(number)).collect();
            for round in all.chunks_exact(count) {
                let mut sorted = round.to_vec();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            }
            assert_eq!(all, (0..700).map(|number| Turns::drawn(Seed(7), "replicas", count).of(number)).collect::<Vec<_>>());
            if count > 1 {
                assert_ne!(all, (0..700).map(|number| Turns::drawn(Seed(8), "replicas", count).of(number)).collect::<Vec<_>>());
                assert_ne!(all, (0..700).map(|number| turns.of(request_id(1, number))).collect::<Vec<_>>());
            }
        }
        let before: Vec<usize> = (0..6).map(|number| Turns::in_order(3).of(request_id(2, number))).collect();
        assert_eq!(before, [0, 1, 2, 0, 1, 2]);
        assert_eq!(Turns::in_order(0).of(5), 0);
    }
}
