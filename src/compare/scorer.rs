//! What is made of an answer: its scores, those of commands among them, and the salted hashes that stand for what it says.
//!
//! A command gets `{"prompt": {"id", "messages"}, "answer": {"text", "tool_calls", "finish_reason"}}` on its standard input. It ends with 0 where the
//! answer is right and 1 where it is wrong, or says so, and how good it is, in JSON on its last line. Any other end is the command's own trouble: the
//! answer is not scored.

use crate::dialect::ChatAnswer;
use crate::evaluation::{AnswerScore, CommandScore, EvaluationPrompt, normalised, scored};
use crate::process::{GRACE, Program, RunOptions, Supervision, can_start};
use crate::redact::Redactor;
use crate::units::{Problem, Salt, Secret};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How long a command may take.
const WITHIN: Duration = Duration::from_secs(60);

/// Whether prompts and answers are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepPolicy {
    /// As salted hashes alone.
    Hashes,
    /// As they are.
    Prompts,
}

/// What scores answers.
#[derive(Debug, Clone)]
pub struct Scorer {
    /// Where commands run: the project's root.
    pub root: PathBuf,
    /// What makes hashes those of this comparison.
    pub salt: Salt,
    /// Whether texts are kept.
    pub keep: KeepPolicy,
}

/// Why an answer could not be scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unscored;

impl Scorer {
    /// Whether every command of these prompts is there.
    ///
    /// # Errors
    /// Names the first that is not, and where it is named.
    pub fn can_score(&self, prompts: &[EvaluationPrompt]) -> Result<(), Problem> {
        for prompt in prompts {
            for program in prompt.commands().into_iter().filter_map(<[String]>::first) {
                can_start(program, &self.root).map_err(|error| {
                    Problem::new(format!("{}: {error}", prompt.place)).hint("commands run in the project's root; make it executable")
                })?;
            }
        }
        Ok(())
    }

    /// The score of an answer; `None` where nothing is expected of it.
    pub(super) async fn score(&self, prompt: &EvaluationPrompt, answer: &ChatAnswer) -> Result<Option<AnswerScore>, Unscored> {
        let mut said: BTreeMap<Vec<String>, CommandScore> = BTreeMap::new();
        for argv in prompt.commands() {
            let score = self.asked(argv, prompt, answer).await?;
            said.insert(argv.to_vec(), score);
        }
        Ok(scored(&prompt.expects, answer, &|argv| said.get(argv).copied()))
    }

    /// What stands for what an answer says.
    pub(super) fn said(&self, answer: &ChatAnswer) -> String {
        self.salt.name(&normalised(answer))
    }

    async fn asked(&self, argv: &[String], prompt: &EvaluationPrompt, answer: &ChatAnswer) -> Result<CommandScore, Unscored> {
        let program = Program {
            argv: argv.to_vec(),
            folder: self.root.clone(),
            pass: Vec::new(),
            env: Vec::new(),
            supervision: Supervision::Unsupervised,
            grace: GRACE,
        };
        let input = Secret::new(json!({"prompt": prompt.told(), "answer": told(answer)}).to_string());
        let redactor = Redactor::default();
        let options = RunOptions { input: Some(&input), within: Some(WITHIN), ..RunOptions::new(&redactor) };
        let run = program.run(options).await.map_err(|_| Unscored)?;
        if !run.is_done(&[0, 1]) {
            return Err(Unscored);
        }
        Ok(CommandScore::of(run.is_done(&[0]), &run.stdout.value()))
    }
}

/// An answer as a command gets it.
fn told(answer: &ChatAnswer) -> Value {
    let arguments = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!(text));
    let calls: Vec<Value> = answer.calls.iter().map(|call| json!({"name": call.name, "arguments": arguments(&call.arguments)})).collect();
    json!({"text": answer.text, "tool_calls": calls, "finish_reason": answer.finish, "refused": answer.refused})
}
