//! Requests whose part of the drill may not be known yet: when a fault was in force is told a little later than it was.
//!
//! At the heaviest traffic a million of them wait, so they are kept packed. What this file does not do: know when a request is settled (`mod`).

use crate::history::{Outcome, PackedQueue, RequestDone};
use std::borrow::Cow;
use std::collections::VecDeque;

/// So many words for what went wrong are told apart; others wait beside.
const WORDS: usize = 250;

/// Of the last number of a row: the line is known.
const HAS_LINE: u64 = 1;
/// The first content came.
const HAS_PROOF: u64 = 2;
/// The outcome's place among all stands above these.
const OUTCOME: u32 = 2;
/// The word's place stands above that: 0 where there is none.
const WORD: u32 = 5;

/// When it was told of, its line, then what is known of it, and what the flags above say.
type UnsettledRow = [u64; 8];

/// Requests in the order in which they were told of.
#[derive(Debug, Clone, Default)]
pub(super) struct UnsettledRequests {
    rows: PackedQueue<8>,
    words: Vec<Cow<'static, str>>,
    /// Words beyond those, in the order of their requests.
    others: VecDeque<Cow<'static, str>>,
}

impl UnsettledRequests {
    /// A request was told of at this moment, in this line.
    pub(super) fn push(&mut self, told: u64, line: Option<u64>, done: &RequestDone) {
        let word = self.word(done);
        let flags = if line.is_some() { HAS_LINE } else { 0 } | if done.proof.is_some() { HAS_PROOF } else { 0 };
        let flags = flags | ((done.outcome as u64) << OUTCOME) | (word << WORD);
        let (line, proof) = (line.unwrap_or(0), done.proof.unwrap_or(0));
        self.rows.push([told, line, done.id, done.due, done.lag, proof, done.done, flags]);
    }

    /// The next that was told of before this moment, with its line.
    #[inline]
    pub(super) fn pop_before(&mut self, moment: u64) -> Option<(Option<u64>, RequestDone)> {
        self.rows.pop_if(|[told, ..]| *told < moment).map(|row| self.read(row))
    }

    /// The next of all, with its line.
    pub(super) fn pop(&mut self) -> Option<(Option<u64>, RequestDone)> {
        self.rows.pop_if(|_| true).map(|row| self.read(row))
    }

    /// The place of the word for why a request failed, from 1; 0 where there is none.
    fn word(&mut self, done: &RequestDone) -> u64 {
        let Some(why) = &done.why else { return 0 };
        let place = self.words.iter().position(|known| known == why).unwrap_or(self.words.len());
        if place == WORDS {
            self.others.push_back(why.clone());
        } else if place == self.words.len() {
            self.words.push(why.clone());
        }
        place as u64 + 1
    }

    fn read(&mut self, [_, line, id, due, lag, proof, done, flags]: UnsettledRow) -> (Option<u64>, RequestDone) {
        let why = (flags >> WORD).checked_sub(1).and_then(|place| match self.words.get(place as usize) {
            Some(word) => Some(word.clone()),
            None => self.others.pop_front(),
        });
        let outcome = Outcome::ALL[(flags >> OUTCOME & 7) as usize % Outcome::ALL.len()];
        let proof = (flags & HAS_PROOF > 0).then_some(proof);
        ((flags & HAS_LINE > 0).then_some(line), RequestDone { id, due, lag, proof, done, outcome, why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back_as_they_were_told() {
        let told = |number: u64| {
            let why = match number % 5 {
                0 => None,
                1 => Some("refused".into()),
                // More words than are told apart.
                _ => Some(format!("word {}", number % 900).into()),
            };
            let outcome = Outcome::ALL[number as usize % Outcome::ALL.len()];
            let proof = (!number.is_multiple_of(3)).then_some(number * 7);
            RequestDone { id: number << 20, due: number * 1_000, lag: number % 11, proof, done: number * 9, outcome, why }
        };
        let line = |number: u64| (!number.is_multiple_of(13)).then_some(number + 2);
        let mut unsettled = UnsettledRequests::default();
        let mut expected = 0..;
        for number in 0..6_000 {
            unsettled.push(number, line(number), &told(number));
            // Three of four that came are taken out again.
            while let Some(taken) = unsettled.pop_before(number * 3 / 4) {
                let place = expected.next().unwrap();
                assert!(place < number * 3 / 4 && taken == (line(place), told(place)), "{place}: {taken:?}");
            }
        }
        while let Some(taken) = unsettled.pop() {
            let place = expected.next().unwrap();
            assert_eq!(taken, (line(place), told(place)));
        }
        assert_eq!((expected.next(), unsettled.others.len()), (Some(6_000), 0));
    }
}
