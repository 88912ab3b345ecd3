//! Prompts and tests as promptfoo's configurations have them (`promptfooconfig.yaml`): each prompt with each test's variables, and its assertions.
//!
//! What is known: `prompts` (texts, conversations as JSON, `file://` of either), `tests` with `vars` and `assert`, `defaultTest`, `{{names}}` in
//! both, and the assertions of [`super::promptfoo_assert`]. What would change the meaning and is not known is refused with its line. Providers of
//! the file are passed over: `lifeboat compare` is told which candidates to ask.

use super::jsonl::messages;
use super::place::{PromptPlace, UnreadPrompt};
use super::prompt::{EvaluationPrompt, USUAL_TOKENS};
use super::promptfoo_assert::assertion;
use super::template::{combinations, filled};
use crate::dialect::{Chat, ChatMessage, ChatRole};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// The most prompts that lists of variables may come to.
const MOST: usize = 10_000;

#[derive(Debug, Deserialize)]
struct PromptfooFile {
    prompts: Vec<Spanned<Value>>,
    #[serde(default)]
    tests: Vec<Spanned<PromptfooTest>>,
    #[serde(default, rename = "defaultTest")]
    default_test: PromptfooTest,
    #[serde(default)]
    scenarios: Option<Spanned<Value>>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptfooTest {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    vars: BTreeMap<String, Value>,
    #[serde(default, rename = "assert")]
    asserts: Vec<Spanned<Value>>,
    #[serde(default)]
    threshold: Option<Spanned<f64>>,
    #[serde(default)]
    options: BTreeMap<String, Spanned<Value>>,
}

/// A prompt before its variables have values.
struct PromptTemplate {
    line: u64,
    said: Vec<ChatMessage>,
}

/// Reads a configuration. `open` reads the files that it names.
pub(super) fn read(file: &str, text: &str, open: &dyn Fn(&str) -> Result<String, String>) -> Result<Vec<EvaluationPrompt>, UnreadPrompt> {
    let config: PromptfooFile = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        let why = error.to_string();
        let why = why.lines().next().unwrap_or("it cannot be read").to_owned();
        PromptPlace { file, line }.wrong(why, "write `prompts: […]` and `tests: [{vars: {…}, assert: [{type: contains, value: …}]}]`")
    })?;
    if let Some(scenarios) = &config.scenarios {
        let place = PromptPlace { file, line: scenarios.referenced.line() };
        return Err(place.wrong("`scenarios` is not known here", "write each of them as one of `tests`"));
    }
    let mut templates = Vec::new();
    for prompt in &config.prompts {
        let place = PromptPlace { file, line: prompt.referenced.line() };
        templates.extend(template(place, &prompt.value, open)?);
    }
    let mut prompts = Vec::new();
    let only = PromptfooTest::default();
    let tests: Vec<(u64, &PromptfooTest)> = config.tests.iter().map(|test| (test.referenced.line(), &test.value)).collect();
    let tests = if tests.is_empty() { vec![(0, &only)] } else { tests };
    for (number, (line, test)) in (1..).zip(tests) {
        test.is_known(file)?;
        for (which, prompt) in (1..).zip(&templates) {
            let id = if templates.len() > 1 { format!("test-{number}-prompt-{which}") } else { format!("test-{number}") };
            let place = PromptPlace { file, line: if line > 0 { line } else { prompt.line } };
            prompts.extend(asked(place, &id, prompt, test, &config.default_test)?);
            if prompts.len() > MOST {
                return Err(place.wrong(format!("lists of variables come to more than {MOST} prompts"), "write fewer values"));
            }
        }
    }
    Ok(prompts)
}

impl PromptfooTest {
    /// Refuses what would change what is counted.
    fn is_known(&self, file: &str) -> Result<(), UnreadPrompt> {
        if let Some(threshold) = &self.threshold {
            let place = PromptPlace { file, line: threshold.referenced.line() };
            return Err(
                place.wrong("`threshold` of a test is not known here", "leave it out: an answer is right where every assertion holds")
            );
        }
        if let Some((name, value)) =
            self.options.iter().find(|(name, _)| ["transform", "postprocess", "prefix", "suffix"].contains(&name.as_str()))
        {
            let place = PromptPlace { file, line: value.referenced.line() };
            return Err(
                place.wrong(format!("`{name}` of a test is not known here"), "write it into the prompt, or score with a command in JSONL")
            );
        }
        Ok(())
    }
}

/// The prompts that an entry of `prompts` stands for.
fn template(
    place: PromptPlace<'_>,
    entry: &Value,
    open: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Vec<PromptTemplate>, UnreadPrompt> {
    let text = match entry {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.get("raw").is_some_and(Value::is_string) => fields["raw"].as_str().unwrap_or_default().to_owned(),
        Value::Object(fields) if fields.get("id").is_some_and(Value::is_string) => fields["id"].as_str().unwrap_or_default().to_owned(),
        _ => return Err(place.wrong("a prompt is no text", "write the prompt, or file://NAME")),
    };
    let Some(path) = text.strip_prefix("file://") else { return Ok(vec![conversation(place, &text)?]) };
    let kind = path.rsplit_once('.').map_or("", |(_, kind)| kind);
    if !["txt", "md", "json", "j2"].contains(&kind) {
        return Err(place.wrong(format!("prompts in `{path}` are made by a program"), "name a .txt, .md or .json file"));
    }
    let read = open(path).map_err(|error| place.wrong(format!("`{path}` cannot be read: {error}"), "name a file beside this one"))?;
    if kind != "txt" {
        return Ok(vec![conversation(place, &read)?]);
    }
    let each = read.split("\n---\n").map(str::trim).filter(|text| !text.is_empty());
    each.map(|text| conversation(place, text)).collect()
}

/// A conversation as JSON, or a text that a user says.
fn conversation(place: PromptPlace<'_>, text: &str) -> Result<PromptTemplate, UnreadPrompt> {
    let list = serde_json::from_str::<Value>(text).ok().filter(|value| value[0]["role"].is_string());
    let said = match list {
        Some(list) => messages(place, &list)?,
        None => vec![ChatMessage { role: ChatRole::User, text: text.trim().to_owned() }],
    };
    Ok(PromptTemplate { line: place.line, said })
}

/// The prompts of a test: one, or one for each choice where variables are lists.
fn asked(
    place: PromptPlace<'_>,
    id: &str,
    prompt: &PromptTemplate,
    test: &PromptfooTest,
    usual: &PromptfooTest,
) -> Result<Vec<EvaluationPrompt>, UnreadPrompt> {
    let mut vars = usual.vars.clone();
    vars.extend(test.vars.clone());
    if let Some((name, value)) = vars.iter().find(|(_, value)| value.as_str().is_some_and(|text| text.starts_with("file://"))) {
        let value = value.as_str().unwrap_or_default();
        return Err(place.wrong(format!("the variable `{name}` is in a file, {value}"), "write its value"));
    }
    let all = combinations(&vars);
    let several = all.len() > 1;
    let hint = "write plain {{names}} of `vars`";
    let one = |(number, values): (usize, BTreeMap<String, Value>)| {
        let said = prompt.said.iter().map(|said| {
            let text = filled(&said.text, &values).map_err(|problem| place.wrong(problem, hint))?;
            Ok(ChatMessage { role: said.role, text })
        });
        let messages = said.collect::<Result<Vec<_>, UnreadPrompt>>()?;
        let asserts = usual.asserts.iter().chain(&test.asserts);
        let expects = asserts.map(|each| assertion(PromptPlace { line: each.referenced.line(), ..place }, &each.value, &values));
        let expects = expects.collect::<Result<Vec<_>, _>>()?;
        let chat = Chat { messages, max_tokens: USUAL_TOKENS, ..Chat::default() };
        let id =
            test.description.clone().filter(|told| !told.trim().is_empty()).map_or_else(|| id.to_owned(), |told| format!("{id} {told}"));
        let id = if several { format!("{id} #{number}") } else { id };
        Ok(EvaluationPrompt { id, chat, expects, place: format!("{}:{}", place.file, place.line) })
    };
    (1..).zip(all).map(one).collect()
}
