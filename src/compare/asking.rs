//! One prompt asked of one candidate, once: nothing is tried again, since what a user would wait for is part of what is measured.

use super::candidate::Candidate;
use super::scorer::{KeepPolicy, Scorer};
use crate::dialect::{ChatAnswer, ChatReader, chat_request};
use crate::evaluation::{AnswerSample, EvaluationPrompt};
use crate::units::Money;
use reqwest::Client;
use std::time::{Duration, Instant};

/// What became of it, and whether a command that was to score it could not.
#[derive(Debug)]
pub(super) struct AskedOnce {
    pub(super) sample: AnswerSample,
    pub(super) unscored: bool,
}

/// Asks, reads and scores.
pub(super) async fn ask(candidate: &Candidate, prompt: &EvaluationPrompt, client: &Client, scorer: &Scorer, within: Duration) -> AskedOnce {
    let key = candidate.asked.key.as_ref().map_or("none", |key| key.expose());
    let request = chat_request(candidate.asked.dialect, &prompt.chat, &candidate.asked.model, true, key);
    let began = Instant::now();
    let text = prompt.text();
    let mut sample = AnswerSample {
        prompt: prompt.id.clone(),
        asked: scorer.salt.name(&text),
        candidate: candidate.asked.name.clone(),
        prompt_text: (scorer.keep == KeepPolicy::Prompts).then_some(text),
        ..AnswerSample::default()
    };
    let answered = match candidate.asked.ask(client, &request, within).await {
        Err(_) => Err(if began.elapsed() >= within { "timeout" } else { "no-answer" }.to_owned()),
        Ok(pieces) => {
            let mut reader = ChatReader::new(candidate.asked.dialect, pieces.status, pieces.header("content-type"));
            pieces.pieces.iter().for_each(|piece| reader.feed(piece.after, &piece.bytes));
            sample.whole_ms = Some(milliseconds(pieces.end));
            reader.finish(pieces.end, pieces.broken.is_some()).map_err(|failure| failure.word)
        }
    };
    match answered {
        Err(word) => {
            (sample.failed, sample.whole_ms) = (Some(word), None);
            AskedOnce { sample, unscored: false }
        }
        Ok(answer) => scored(sample, &answer, candidate, prompt, scorer).await,
    }
}

async fn scored(
    mut sample: AnswerSample,
    answer: &ChatAnswer,
    candidate: &Candidate,
    prompt: &EvaluationPrompt,
    scorer: &Scorer,
) -> AskedOnce {
    sample.first_token_ms = answer.first_token.map(milliseconds);
    if let Some(tokens) = answer.tokens {
        (sample.input_tokens, sample.output_tokens) = (Some(tokens.input), Some(tokens.output));
        sample.cost = candidate.price.as_ref().map(|price| price.of(tokens.input, tokens.output));
    }
    sample.finish.clone_from(&answer.finish);
    sample.refused = answer.refused;
    sample.said = Some(scorer.said(answer));
    sample.answer_text = (scorer.keep == KeepPolicy::Prompts).then(|| answer.text.clone());
    let score = scorer.score(prompt, answer).await;
    if let Ok(Some(score)) = score {
        (sample.right, sample.score) = (Some(score.right), Some(score.score));
    }
    AskedOnce { sample, unscored: score.is_err() }
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// What a request has cost; the most that it can, where nobody knows.
pub(super) fn spent(sample: &AnswerSample, most: Money) -> Money {
    sample.cost.unwrap_or(if sample.is_answered() { most } else { Money::ZERO })
}
