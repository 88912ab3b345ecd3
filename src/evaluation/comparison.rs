//! A comparison: all that is told of candidates that were asked the same prompts, computed from the answers. Its form is that of `comparison.json`.

use super::bounds::{BoundedQuantile, CountedShare};
use super::change::MeasureChange;
use super::measure::CompareMeasure;
use super::sample::AnswerSample;
use super::standings::{PairOrder, Standings};
use super::volume::Volume;
use crate::history::FormatVersion;
use crate::model::{Price, words};
use crate::units::{Money, Seed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the form that this build writes. Keys are only ever added to it.
pub const COMPARISON_FORMAT: FormatVersion = FormatVersion { major: 1, minor: 0 };

words! {
    /// Why a comparison ended.
    ComparisonEnd {
        /// Every order that was asked for is shown.
        Known = "order known",
        /// Every round is through.
        Rounds = "rounds done",
        /// As many prompts were asked as were allowed.
        Limit = "limit reached",
        /// The next prompt might have cost more than was allowed.
        Budget = "budget spent",
        /// A person wanted it to end.
        Stopped = "stopped",
    }
}

/// What was compared, and how: all but the answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ComparisonHead {
    /// The version of this form.
    pub format: FormatVersion,
    /// The version of Lifeboat that made it.
    pub lifeboat: String,
    /// Its folder's name.
    pub id: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The environment.
    pub environment: String,
    /// The seed of the order of asking.
    pub seed: Seed,
    /// What made the hashes its own, in hexadecimal.
    pub salt: String,
    /// The files of prompts.
    pub files: Vec<String>,
    /// How many prompts there are.
    pub prompts: u64,
    /// How many of them expect something.
    pub expecting: u64,
    /// Rounds that were planned.
    pub rounds: u32,
    /// The volume for which a month's cost is told, as `100,000/day`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// Requests a month at that volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_a_month: Option<f64>,
    /// What decided when it could end.
    pub until: Vec<CompareMeasure>,
    /// Why it ended.
    pub ended: ComparisonEnd,
    /// What was spent, as far as prices and tokens are known.
    pub spent: Money,
    /// Answers that a command was to score and could not.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unscored: u64,
    /// The most that might be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Money>,
}

const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CandidateFacts {
    /// Its name in the inventory.
    pub name: String,
    /// How it speaks.
    pub dialect: String,
    /// The model that was asked for.
    pub model: String,
    /// Where it is, as the inventory says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What a million tokens of the prompt cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_price: Option<Money>,
    /// What a million tokens of the answer cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_price: Option<Money>,
    /// Where the prices are from, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_source: Option<String>,
}

impl CandidateFacts {
    /// With this price.
    #[must_use]
    pub fn priced(self, price: Option<&Price>) -> Self {
        let source = price.map(|price| price.source.clone()).filter(|source| !source.is_empty());
        Self { input_price: price.map(|price| price.input), output_price: price.map(|price| price.output), price_source: source, ..self }
    }
}

/// Percentiles of times in milliseconds, each with the bounds between which the true one lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MeasuredTimes {
    /// The median.
    pub p50: BoundedQuantile,
    /// The 95th percentile.
    pub p95: BoundedQuantile,
    /// The 99th.
    pub p99: BoundedQuantile,
}

impl MeasuredTimes {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |quantile| BoundedQuantile::of(&values, quantile);
        Some(Self { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)? })
    }
}

/// A candidate, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ComparedCandidate {
    /// Who it is.
    pub who: CandidateFacts,
    /// Answers of requests.
    pub availability: CountedShare,
    /// Why there was none, and how often.
    pub failures: BTreeMap<String, u64>,
    /// Until the first token.
    pub first_token_ms: Option<MeasuredTimes>,
    /// Until the end.
    pub end_ms: Option<MeasuredTimes>,
    /// Tokens a second, the median.
    pub tokens_a_second: Option<BoundedQuantile>,
    /// Tokens of a prompt, the mean.
    pub input_tokens: Option<f64>,
    /// Tokens of an answer, the mean.
    pub output_tokens: Option<f64>,
    /// What a request costs, the mean, in dollars.
    pub request_usd: Option<f64>,
    /// What a month costs at the volume.
    pub month: Option<Money>,
    /// Prompts that were answered right, of those that expect something and were answered.
    pub quality: Option<CountedShare>,
    /// The mean score, where scores are more than right and wrong.
    pub score: Option<f64>,
    /// Prompts that were refused.
    pub refusals: CountedShare,
    /// Prompts to which it gave another answer when it was asked again.
    pub unlike_itself: Option<CountedShare>,
}

/// To how many prompts two candidates answer differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerDifference {
    /// One.
    pub one: String,
    /// The other.
    pub other: String,
    /// Prompts to which their answers differ, of those that both answered.
    pub differing: CountedShare,
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Comparison {
    /// What was compared.
    #[serde(rename = "comparison")]
    pub head: ComparisonHead,
    /// Each candidate, in the order in which they were named.
    pub candidates: Vec<ComparedCandidate>,
    /// Every two of them by every measure.
    pub order: Vec<PairOrder>,
    /// How their answers differ.
    pub differences: Vec<AnswerDifference>,
    /// The comparison that it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// What changed since that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<MeasureChange>,
}

impl Comparison {
    /// Computes everything from the answers.
    pub fn of(head: ComparisonHead, who: Vec<CandidateFacts>, answers: &[AnswerSample], volume: Option<Volume>) -> Self {
        let names: Vec<String> = who.iter().map(|who| who.name.clone()).collect();
        let mut standings = Standings::new(&names, &measures(&who, head.expecting > 0));
        for group in groups(answers) {
            standings.add(group);
        }
        let differences = differences(&names, answers);
        let candidates = who.into_iter().map(|who| ComparedCandidate::of(who, answers, volume)).collect();
        Self { head, candidates, order: standings.order(), differences, against: None, changes: Vec::new() }
    }

    /// The candidate of this name.
    pub fn candidate(&self, name: &str) -> Option<&ComparedCandidate> {
        self.candidates.iter().find(|candidate| candidate.who.name == name)
    }

    /// Whether anything can be said: at least two candidates answered something, or the only one.
    pub fn says_something(&self) -> bool {
        let answered = self.candidates.len() - self.silent().len();
        answered >= self.candidates.len().clamp(1, 2)
    }

    /// The candidates that answered nothing at all.
    pub fn silent(&self) -> Vec<&str> {
        let silent = self.candidates.iter().filter(|candidate| candidate.availability.hits == 0);
        silent.map(|candidate| candidate.who.name.as_str()).collect()
    }

    /// Whether anything got worse since the one that it was held against.
    pub fn has_regressed(&self) -> bool {
        self.changes.iter().any(MeasureChange::is_worse)
    }
}

/// What candidates can be compared by: their cost where every price is known, their quality where something is expected.
pub fn measures(who: &[CandidateFacts], expects: bool) -> Vec<CompareMeasure> {
    let priced = who.iter().all(|who| who.input_price.is_some());
    let says = |measure: &CompareMeasure| match measure {
        CompareMeasure::Cost => priced,
        CompareMeasure::Quality => expects,
        _ => true,
    };
    CompareMeasure::ALL.into_iter().filter(says).collect()
}

/// The answers to one prompt in one round, one such group after the other.
fn groups(answers: &[AnswerSample]) -> impl Iterator<Item = &[AnswerSample]> {
    answers.chunk_by(|one, other| one.round == other.round && one.prompt == other.prompt)
}

/// The first answer of a candidate to each prompt.
fn firsts<'a>(answers: &'a [AnswerSample], name: &str) -> BTreeMap<&'a str, &'a AnswerSample> {
    let mut firsts = BTreeMap::new();
    for answer in answers.iter().filter(|answer| answer.candidate == name && answer.is_answered()) {
        firsts.entry(answer.prompt.as_str()).or_insert(answer);
    }
    firsts
}

fn differences(names: &[String], answers: &[AnswerSample]) -> Vec<AnswerDifference> {
    let mut found = Vec::new();
    for (place, one) in names.iter().enumerate() {
        for other in &names[place + 1..] {
            let (first, second) = (firsts(answers, one), firsts(answers, other));
            let both: Vec<bool> = first.iter().filter_map(|(prompt, answer)| Some(answer.said != second.get(prompt)?.said)).collect();
            let differing = CountedShare::of(both.iter().filter(|differs| **differs).count() as u64, both.len() as u64);
            found.push(AnswerDifference { one: one.clone(), other: other.clone(), differing });
        }
    }
    found
}

impl ComparedCandidate {
    fn of(who: CandidateFacts, answers: &[AnswerSample], volume: Option<Volume>) -> Self {
        let all: Vec<&AnswerSample> = answers.iter().filter(|answer| answer.candidate == who.name).collect();
        let answered: Vec<&AnswerSample> = all.iter().copied().filter(|answer| answer.is_answered()).collect();
        let mut failures = BTreeMap::new();
        for word in all.iter().filter_map(|answer| answer.failed.clone()) {
            *failures.entry(word).or_insert(0) += 1;
        }
        let times = |of: fn(&AnswerSample) -> Option<f64>| answered.iter().filter_map(|answer| of(answer)).collect::<Vec<f64>>();
        let mut paces = times(AnswerSample::pace);
        paces.sort_by(f64::total_cmp);
        let first = firsts(answers, &who.name);
        let scored: Vec<&AnswerSample> = first.values().copied().filter(|answer| answer.right.is_some()).collect();
        let count = |list: &[&AnswerSample], is: fn(&AnswerSample) -> bool| list.iter().filter(|answer| is(answer)).count() as u64;
        let scores: Vec<f64> = scored.iter().filter_map(|answer| answer.score).collect();
        let request_usd = mean(&times(|answer| answer.cost.map(|cost| cost.as_nanos() as f64 / 1e9)));
        let all_first: Vec<&AnswerSample> = first.values().copied().collect();
        Self {
            availability: CountedShare::of(answered.len() as u64, all.len() as u64),
            failures,
            first_token_ms: MeasuredTimes::of(times(|answer| answer.first_token_ms)),
            end_ms: MeasuredTimes::of(times(|answer| answer.whole_ms)),
            tokens_a_second: BoundedQuantile::of(&paces, 0.5),
            input_tokens: mean(&times(|answer| answer.input_tokens.map(|tokens| tokens as f64))),
            output_tokens: mean(&times(|answer| answer.output_tokens.map(|tokens| tokens as f64))),
            request_usd,
            month: volume.zip(request_usd).and_then(|(volume, one)| volume.cost(one)),
            quality: (!scored.is_empty())
                .then(|| CountedShare::of(count(&scored, |answer| answer.right == Some(true)), scored.len() as u64)),
            score: mean(&scores).filter(|_| scores.iter().any(|score| *score > 0.0 && *score < 1.0)),
            refusals: CountedShare::of(count(&all_first, |answer| answer.refused), all_first.len() as u64),
            unlike_itself: unlike_itself(&answered),
            who,
        }
    }
}

/// Prompts to which the same candidate gave more than one answer, of those that were answered more than once.
fn unlike_itself(answered: &[&AnswerSample]) -> Option<CountedShare> {
    let mut each: BTreeMap<&str, (u64, BTreeSet<Option<&str>>)> = BTreeMap::new();
    for answer in answered {
        let (count, said) = each.entry(answer.prompt.as_str()).or_default();
        *count += 1;
        said.insert(answer.said.as_deref());
    }
    let again: Vec<bool> = each.values().filter(|(count, _)| *count > 1).map(|(_, said)| said.len() > 1).collect();
    (!again.is_empty()).then(|| CountedShare::of(again.iter().filter(|differs| **differs).count() as u64, again.len() as u64))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The form of `comparison.json`, for machines.
pub fn comparison_schema() -> serde_json::Value {
    let mut schema =
        schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Comparison>();
    schema.insert("title".to_owned(), "A comparison of Lifeboat".into());
    let told = "What `lifeboat compare` writes as `comparison.json`. Names that end in `_ms` are milliseconds. Keys are only ever added.";
    schema.insert("description".to_owned(), told.into());
    schema.to_value()
}
