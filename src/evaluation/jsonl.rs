//! Prompts as JSON, one a line: Lifeboat's own form, and the samples of OpenAI's evals.
//!
//! ```text
//!  own    {"id": "capital", "messages": [{"role": "user", "content": "…"}], "expect": [{"contains": "Paris"}], "max_tokens": 50}
//!  evals  {"input": [{"role": "user", "content": "…"}], "ideal": "Paris"}        (`openai/evals`, docs/build-eval.md)
//! ```

use super::expectation::{AnswerExpectation, AnswerSchema, LetterCase, Tolerance};
use super::place::{PromptPlace, UnreadPrompt};
use super::prompt::{EvaluationPrompt, USUAL_TOKENS};
use crate::dialect::{Chat, ChatForm, ChatMessage, ChatRole, ChatTool};
use serde_json::{Map, Value};

/// How the `ideal` of OpenAI's evals is held against an answer; its files do not say it themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdealMatch {
    /// The answer begins with it, as the class `Match` has it.
    #[default]
    Begins,
    /// It stands in the answer, as the class `Includes` has it.
    Includes,
}

const KEYS: [&str; 9] = ["id", "messages", "prompt", "system", "expect", "max_tokens", "temperature", "tools", "json"];
/// Kinds of expectations, as they are written.
const EXPECTS: [&str; 11] =
    ["contains", "icontains", "equals", "starts_with", "regex", "json_schema", "json", "tool", "number", "command", "not"];

/// Reads all lines. `number` counts the prompts before.
pub(super) fn read(file: &str, text: &str, ideal: IdealMatch) -> Result<Vec<EvaluationPrompt>, UnreadPrompt> {
    let mut prompts = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let place = PromptPlace { file, line };
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| place.wrong(format!("this line is no JSON: {error}"), "write one object a line"))?;
        let fields = place.object(&value, "a prompt", "write {\"messages\": […], \"expect\": […]}")?;
        let mut prompt = if fields.contains_key("input") { sample(place, fields, ideal)? } else { own(place, fields)? };
        if prompt.id.is_empty() {
            prompt.id = format!("line-{line}");
        }
        prompts.push(prompt);
    }
    Ok(prompts)
}

fn own(place: PromptPlace<'_>, fields: &Map<String, Value>) -> Result<EvaluationPrompt, UnreadPrompt> {
    place.only(fields, &KEYS)?;
    let mut said = match (fields.get("messages"), fields.get("prompt")) {
        (Some(list), None) => messages(place, list)?,
        (None, Some(text)) => vec![ChatMessage { role: ChatRole::User, text: place.text(text, "prompt")? }],
        (None, None) => {
            return Err(
                place.wrong("nothing is asked", "write \"prompt\": \"…\" or \"messages\": [{\"role\": \"user\", \"content\": \"…\"}]")
            );
        }
        (Some(_), Some(_)) => return Err(place.wrong("both `prompt` and `messages`", "write one of them")),
    };
    if let Some(system) = fields.get("system") {
        said.insert(0, ChatMessage { role: ChatRole::System, text: place.text(system, "system")? });
    }
    let expects = match fields.get("expect") {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(|each| expectation(place, each)).collect::<Result<_, _>>()?,
        Some(one) => vec![expectation(place, one)?],
    };
    let max_tokens = match fields.get("max_tokens") {
        None => USUAL_TOKENS,
        Some(value) => value
            .as_u64()
            .filter(|tokens| *tokens > 0)
            .ok_or_else(|| place.wrong("`max_tokens` is not a count", "write how many tokens may come back, as \"max_tokens\": 200"))?,
    };
    let temperature = match fields.get("temperature") {
        None => None,
        Some(value) => Some(
            value
                .as_f64()
                .filter(|number| (0.0..=2.0).contains(number))
                .ok_or_else(|| place.wrong("`temperature` is not a number from 0 to 2", "write \"temperature\": 0"))?,
        ),
    };
    let id = fields.get("id").map(|id| place.text(id, "id")).transpose()?.unwrap_or_default();
    let tools = fields.get("tools").map(|list| tools(place, list)).transpose()?.unwrap_or_default();
    let form = match fields.get("json") {
        None | Some(Value::Bool(false)) => ChatForm::Text,
        Some(Value::Bool(true)) => ChatForm::Json,
        Some(schema @ Value::Object(_)) => ChatForm::Schema(schema.clone()),
        Some(_) => return Err(place.wrong("`json` is neither true nor a schema", "write \"json\": true")),
    };
    let chat = Chat { messages: said, tools, form, max_tokens, temperature };
    Ok(EvaluationPrompt { id, chat, expects, place: format!("{}:{}", place.file, place.line) })
}

/// The messages of a conversation.
pub(super) fn messages(place: PromptPlace<'_>, list: &Value) -> Result<Vec<ChatMessage>, UnreadPrompt> {
    const FORM: &str = "write [{\"role\": \"user\", \"content\": \"…\"}]";
    let list = list.as_array().filter(|list| !list.is_empty()).ok_or_else(|| place.wrong("the messages are no list of any", FORM))?;
    let one = |said: &Value| {
        let fields = place.object(said, "a message", FORM)?;
        let role = fields.get("role").and_then(Value::as_str).unwrap_or_default();
        let role = match role {
            "developer" => ChatRole::System,
            other => ChatRole::from_word(other)
                .ok_or_else(|| place.wrong(format!("`{role}` is nobody in a conversation"), "write system, user or assistant"))?,
        };
        let text = match fields.get("content") {
            Some(Value::String(text)) => text.clone(),
            // Parts, of which only texts are sent.
            Some(Value::Array(parts)) => {
                let text = |part: &Value| part["text"].as_str().map(str::to_owned);
                let texts: Option<Vec<String>> = parts.iter().map(text).collect();
                texts.map(|texts| texts.concat()).ok_or_else(|| place.wrong("a part of a message is no text", "write texts only"))?
            }
            _ => return Err(place.wrong("a message has no `content`", FORM)),
        };
        Ok(ChatMessage { role, text })
    };
    let said = list.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    if said.iter().all(|said| said.role == ChatRole::System) {
        return Err(place.wrong("nobody but the system says anything", FORM));
    }
    Ok(said)
}

/// Tools, as OpenAI's API has them or without the wrapper around each.
fn tools(place: PromptPlace<'_>, list: &Value) -> Result<Vec<ChatTool>, UnreadPrompt> {
    const FORM: &str = "write \"tools\": [{\"name\": \"weather\", \"parameters\": {\"type\": \"object\"}}]";
    let list = list.as_array().ok_or_else(|| place.wrong("`tools` is no list", FORM))?;
    let one = |tool: &Value| {
        let fields = place.object(tool.get("function").unwrap_or(tool), "a tool", FORM)?;
        let name = place.text(fields.get("name").ok_or_else(|| place.wrong("a tool has no name", FORM))?, "name")?;
        let description = fields.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
        let parameters = fields.get("parameters").cloned().unwrap_or_else(|| serde_json::json!({"type": "object", "properties": {}}));
        Ok(ChatTool { name, description, parameters })
    };
    list.iter().map(one).collect()
}

/// One expectation: an object of one key, but for a tool's arguments.
fn expectation(place: PromptPlace<'_>, value: &Value) -> Result<AnswerExpectation, UnreadPrompt> {
    let fields = place.object(value, "an expectation", "write {\"contains\": \"…\"}")?;
    place.only(fields, &EXPECTS)?;
    let (Some((kind, wanted)), 1) = (fields.iter().next(), fields.len()) else {
        return Err(place
            .wrong("an expectation has one key", "write each in an object of its own, as [{\"contains\": \"a\"}, {\"contains\": \"b\"}]"));
    };
    let text = || place.text(wanted, kind);
    Ok(match kind.as_str() {
        "contains" => AnswerExpectation::Contains(text()?, LetterCase::Counts),
        "icontains" => AnswerExpectation::Contains(text()?, LetterCase::Ignored),
        "equals" => AnswerExpectation::Equals(if wanted.is_string() { text()? } else { wanted.to_string() }),
        "starts_with" => AnswerExpectation::StartsWith(text()?),
        "regex" => pattern(place, &text()?)?,
        "json_schema" => AnswerExpectation::Json(Some(schema(place, wanted)?)),
        "json" => AnswerExpectation::Json(None),
        "tool" => tool(place, wanted)?,
        "number" => number(place, wanted)?,
        "command" => command(place, wanted)?,
        _ => AnswerExpectation::Not(Box::new(expectation(place, wanted)?)),
    })
}

/// A regular expression.
pub(super) fn pattern(place: PromptPlace<'_>, text: &str) -> Result<AnswerExpectation, UnreadPrompt> {
    let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
    built.map(AnswerExpectation::Regex).map_err(|error| {
        let text = error.to_string();
        let why = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it cannot be read").trim().trim_start_matches("error: ");
        place
            .wrong(format!("the regular expression cannot be read: {why}"), "write it as the crate `regex` has it; it knows no look-around")
    })
}

/// A schema.
pub(super) fn schema(place: PromptPlace<'_>, schema: &Value) -> Result<AnswerSchema, UnreadPrompt> {
    AnswerSchema::new(schema).map_err(|error| place.wrong(format!("the JSON schema is none: {error}"), "see https://json-schema.org"))
}

fn tool(place: PromptPlace<'_>, wanted: &Value) -> Result<AnswerExpectation, UnreadPrompt> {
    if let Some(name) = wanted.as_str() {
        return Ok(AnswerExpectation::Tool(name.to_owned(), None));
    }
    const FORM: &str = "write {\"tool\": \"weather\"} or {\"tool\": {\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}}";
    let fields = place.object(wanted, "`tool`", FORM)?;
    place.only(fields, &["name", "arguments"])?;
    let name = place.text(fields.get("name").ok_or_else(|| place.wrong("`tool` has no name", FORM))?, "name")?;
    Ok(AnswerExpectation::Tool(name, fields.get("arguments").cloned()))
}

fn number(place: PromptPlace<'_>, wanted: &Value) -> Result<AnswerExpectation, UnreadPrompt> {
    const FORM: &str = "write {\"number\": {\"value\": 3.14, \"tolerance\": 0.01}}, or a tolerance of \"2%\"";
    if let Some(value) = wanted.as_f64() {
        return Ok(AnswerExpectation::Number(value, Tolerance::Absolute(0.0)));
    }
    let fields = place.object(wanted, "`number`", FORM)?;
    place.only(fields, &["value", "tolerance"])?;
    let value = fields.get("value").and_then(Value::as_f64).ok_or_else(|| place.wrong("`number` has no value", FORM))?;
    let share = |text: &str| text.strip_suffix('%')?.trim().parse::<f64>().ok().map(|percent| Tolerance::Relative(percent / 100.0));
    let tolerance = match fields.get("tolerance") {
        None => Some(Tolerance::Absolute(0.0)),
        Some(Value::String(text)) => share(text),
        Some(other) => other.as_f64().map(Tolerance::Absolute),
    };
    let is_sane = |tolerance: &Tolerance| matches!(tolerance, Tolerance::Absolute(most) | Tolerance::Relative(most) if *most >= 0.0);
    Ok(AnswerExpectation::Number(value, tolerance.filter(is_sane).ok_or_else(|| place.wrong("the tolerance is no number", FORM))?))
}

fn command(place: PromptPlace<'_>, wanted: &Value) -> Result<AnswerExpectation, UnreadPrompt> {
    let words = wanted.as_array().filter(|words| !words.is_empty());
    let words: Option<Vec<String>> = words.and_then(|words| words.iter().map(|word| word.as_str().map(str::to_owned)).collect());
    let form = || place.wrong("a command is a program and its arguments", "write {\"command\": [\"./score.py\", \"--strict\"]}");
    words.map(AnswerExpectation::Command).ok_or_else(form)
}

/// A sample of OpenAI's evals.
fn sample(place: PromptPlace<'_>, fields: &Map<String, Value>, ideal: IdealMatch) -> Result<EvaluationPrompt, UnreadPrompt> {
    let said = match fields.get("input") {
        Some(Value::String(text)) => vec![ChatMessage { role: ChatRole::User, text: text.clone() }],
        Some(list) => messages(place, list)?,
        None => Vec::new(),
    };
    let ideals: Option<Vec<String>> = match fields.get("ideal") {
        Some(Value::String(text)) => Some(vec![text.clone()]),
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(|each| each.as_str().map(str::to_owned)).collect(),
        None => Some(Vec::new()),
        Some(_) => None,
    };
    let ideals = ideals.ok_or_else(|| place.wrong("`ideal` is neither a text nor a list of texts", "write \"ideal\": \"…\""))?;
    let each = |text: String| match ideal {
        IdealMatch::Begins => AnswerExpectation::StartsWith(text),
        IdealMatch::Includes => AnswerExpectation::Contains(text, LetterCase::Counts),
    };
    let expects: Vec<AnswerExpectation> = ideals.into_iter().map(each).collect();
    let expects = if expects.is_empty() { expects } else { vec![AnswerExpectation::Any(expects)] };
    let chat = Chat { messages: said, max_tokens: USUAL_TOKENS, ..Chat::default() };
    Ok(EvaluationPrompt { id: String::new(), chat, expects, place: format!("{}:{}", place.file, place.line) })
}
