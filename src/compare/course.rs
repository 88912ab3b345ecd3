//! The course of a comparison: every prompt asked of every candidate right after each other, a few prompts at once, in an order that the seed draws;
//! after each prompt it is looked whether the order is known or the money is spent.

use super::asking::{AskedOnce, ask, spent};
use super::candidate::Candidate;
use super::estimate::most;
use super::scorer::Scorer;
use crate::asking::AskedProvider;
use crate::console::WorkProgress;
use crate::evaluation::{
    AnswerSample, CandidateFacts, CompareMeasure, ComparisonEnd, EvaluationPrompt, PromptTurn, Standings, measures, turns,
};
use crate::units::{Money, Problem, Seed};
use reqwest::Client;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is compared, and for how long.
#[derive(Debug, Clone)]
pub struct CompareOrder {
    /// Who is asked.
    pub candidates: Vec<Candidate>,
    /// What.
    pub prompts: Vec<EvaluationPrompt>,
    /// How often every prompt is asked at the most.
    pub rounds: u32,
    /// How many prompts are asked at the most, in all rounds.
    pub limit: Option<u64>,
    /// What may be spent.
    pub ceiling: Option<Money>,
    /// Draws the order of asking.
    pub seed: Seed,
    /// How long an answer may take.
    pub within: Duration,
    /// How many prompts are under way at once.
    pub at_once: usize,
    /// By what the order must be known to end before its time.
    pub until: Vec<CompareMeasure>,
    /// What scores answers.
    pub scorer: Scorer,
}

/// What came of it.
#[derive(Debug)]
pub struct CompareCourse {
    /// Every answer, in the order of asking.
    pub answers: Vec<AnswerSample>,
    /// Why it ended.
    pub ended: ComparisonEnd,
    /// What was spent, as far as is known.
    pub spent: Money,
    /// Answers that commands could not score.
    pub unscored: u64,
}

impl CompareOrder {
    /// What is told of the candidates.
    pub fn facts(&self) -> Vec<CandidateFacts> {
        self.candidates.iter().map(|candidate| candidate.facts.clone()).collect()
    }

    /// By what they can be compared.
    pub fn measures(&self) -> Vec<CompareMeasure> {
        measures(&self.facts(), self.prompts.iter().any(|prompt| !prompt.expects.is_empty()))
    }

    /// How many prompts are asked at the most, in all rounds.
    pub fn total(&self) -> u64 {
        let all = self.prompts.len() as u64 * u64::from(self.rounds);
        self.limit.map_or(all, |limit| limit.min(all))
    }

    /// Asks until it is known, done, spent, or somebody stops it.
    ///
    /// # Errors
    /// Where no request can be sent from here.
    pub async fn run(self, work: &WorkProgress, mut stop: watch::Receiver<bool>) -> Result<CompareCourse, Problem> {
        let client = AskedProvider::client()?;
        let names: Vec<String> = self.candidates.iter().map(|candidate| candidate.asked.name.clone()).collect();
        work.begin(format!("comparing {}", names.join(", ")), self.total());
        let mut under_way = TurnsUnderWay::new(Standings::new(&names, &self.measures()));
        let mut all = turns(self.seed, self.rounds, self.prompts.len(), self.candidates.len()).take(self.total() as usize).enumerate();
        let order = Arc::new(self);
        let mut tasks = JoinSet::new();
        let mut ended = None;
        loop {
            while ended.is_none() && tasks.len() < order.at_once {
                let Some((place, turn)) = all.next() else {
                    ended = Some(if order.limit.is_some_and(|limit| limit <= place_of(&under_way)) {
                        ComparisonEnd::Limit
                    } else {
                        ComparisonEnd::Rounds
                    });
                    break;
                };
                if !under_way.reserve(place, order.most_of(&turn), order.ceiling) {
                    ended = Some(ComparisonEnd::Budget);
                    break;
                }
                tasks.spawn(asked(Arc::clone(&order), client.clone(), place, turn));
            }
            if tasks.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => {
                    ended = Some(ComparisonEnd::Stopped);
                    break;
                }
                Some(done) = tasks.join_next() => {
                    work.add(1);
                    // A task ends by itself or with a panic, which has ended the process.
                    if let Ok((place, answers)) = done {
                        under_way.take(place, answers, &order);
                    }
                    if ended.is_none() && !order.until.is_empty() && under_way.standings.is_known(&order.until) {
                        ended = Some(ComparisonEnd::Known);
                    }
                }
            }
        }
        tasks.shutdown().await;
        work.end();
        Ok(under_way.done(ended.unwrap_or(ComparisonEnd::Rounds)))
    }

    /// The most that a turn can cost.
    fn most_of(&self, turn: &PromptTurn) -> Money {
        let prompt = &self.prompts[turn.prompt];
        self.candidates.iter().filter_map(|candidate| most(candidate, prompt)).fold(Money::ZERO, Money::plus)
    }
}

/// How many turns were begun.
fn place_of(under_way: &TurnsUnderWay) -> u64 {
    under_way.begun
}

/// Asks one prompt of all candidates, one after the other.
async fn asked(order: Arc<CompareOrder>, client: Client, place: usize, turn: PromptTurn) -> (usize, Vec<AskedOnce>) {
    let mut answers = Vec::with_capacity(turn.candidates.len());
    for (number, candidate) in (1_u64..).zip(&turn.candidates) {
        let candidate = &order.candidates[*candidate];
        let mut once = ask(candidate, &order.prompts[turn.prompt], &client, &order.scorer, order.within).await;
        once.sample.round = turn.round;
        once.sample.number = (place * turn.candidates.len()) as u64 + number;
        answers.push(once);
    }
    (place, answers)
}

/// What is known so far.
struct TurnsUnderWay {
    standings: Standings,
    /// Answers of turns, by their places.
    answers: BTreeMap<usize, Vec<AnswerSample>>,
    /// What turns that are under way can cost.
    reserved: BTreeMap<usize, Money>,
    begun: u64,
    spent: Money,
    unscored: u64,
}

impl TurnsUnderWay {
    const fn new(standings: Standings) -> Self {
        Self { standings, answers: BTreeMap::new(), reserved: BTreeMap::new(), begun: 0, spent: Money::ZERO, unscored: 0 }
    }

    /// Whether a turn that costs this at the most may begin.
    fn reserve(&mut self, place: usize, most: Money, ceiling: Option<Money>) -> bool {
        let planned = self.reserved.values().copied().fold(self.spent.plus(most), Money::plus);
        if ceiling.is_some_and(|ceiling| planned > ceiling) {
            return false;
        }
        self.reserved.insert(place, most);
        self.begun += 1;
        true
    }

    fn take(&mut self, place: usize, answers: Vec<AskedOnce>, order: &CompareOrder) {
        self.reserved.remove(&place);
        for once in &answers {
            let candidate = order.candidates.iter().find(|candidate| candidate.asked.name == once.sample.candidate);
            let prompt = order.prompts.iter().find(|prompt| prompt.id == once.sample.prompt);
            let most = candidate.zip(prompt).and_then(|(candidate, prompt)| most(candidate, prompt));
            self.spent = self.spent.plus(spent(&once.sample, most.unwrap_or(Money::ZERO)));
            self.unscored += u64::from(once.unscored);
        }
        let samples: Vec<AnswerSample> = answers.into_iter().map(|once| once.sample).collect();
        self.standings.add(&samples);
        self.answers.insert(place, samples);
    }

    fn done(self, ended: ComparisonEnd) -> CompareCourse {
        CompareCourse { answers: self.answers.into_values().flatten().collect(), ended, spent: self.spent, unscored: self.unscored }
    }
}
