//! In which order prompts are asked of whom: each prompt of every candidate right after each other, in an order of its own, so that neither the hour
//! of the day nor who is asked first favours anybody.

use crate::units::Seed;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// A prompt's turn in a round: which prompt, and the candidates in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptTurn {
    /// The round, from 1.
    pub round: u32,
    /// The prompt's place in the list.
    pub prompt: usize,
    /// The candidates' places in theirs.
    pub candidates: Vec<usize>,
}

/// All turns of so many rounds, in an order that the seed draws.
pub fn turns(seed: Seed, rounds: u32, prompts: usize, candidates: usize) -> impl Iterator<Item = PromptTurn> {
    (1..=rounds).flat_map(move |round| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.derive(&format!("round {round}")).0);
        let mut order: Vec<usize> = (0..prompts).collect();
        order.shuffle(&mut rng);
        let turn = |prompt: usize| {
            let mut each: Vec<usize> = (0..candidates).collect();
            each.shuffle(&mut rng);
            PromptTurn { round, prompt, candidates: each }
        };
        order.into_iter().map(turn).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_asked_everything_once_a_round_and_first_as_often_as_anybody() {
        let all: Vec<PromptTurn> = turns(Seed(1), 2, 300, 3).collect();
        assert_eq!(all.len(), 600);
        let mut prompts: Vec<usize> = all[..300].iter().map(|turn| turn.prompt).collect();
        assert_ne!(prompts, (0..300).collect::<Vec<_>>());
        prompts.sort_unstable();
        assert_eq!(prompts, (0..300).collect::<Vec<_>>());
        for candidate in 0..3 {
            let first = all.iter().filter(|turn| turn.candidates[0] == candidate).count();
            // 200 of 600 are expected; beyond four standard deviations it is no shuffle.
            assert!((154..=246).contains(&first), "{first}");
        }
        assert_eq!(all, turns(Seed(1), 2, 300, 3).collect::<Vec<_>>());
    }
}
