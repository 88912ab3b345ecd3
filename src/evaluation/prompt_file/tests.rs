//! Files of prompts in each form, and what is said of those that are wrong.

use super::*;
use crate::dialect::{ChatAnswer, ChatForm, ChatRole};
use crate::evaluation::scored;
use crate::units::Explained;

#[derive(Debug)]
struct BesideFiles;

impl OpenFile for BesideFiles {
    fn open(&self, path: &str) -> Result<String, String> {
        match path {
            "two.txt" => Ok("What is {{a}}?\n---\nSay {{a}}.\n".to_owned()),
            "chat.json" => Ok(r#"[{"role": "system", "content": "Be {{a}}"}, {"role": "user", "content": "Hi \"{{a}}\""}]"#.to_owned()),
            _ => Err("there is no such file".to_owned()),
        }
    }
}

fn read(text: &str) -> Result<Vec<EvaluationPrompt>, UnreadPrompt> {
    read_prompts(&[PromptFile { name: "prompts/a.jsonl", text, open: &BesideFiles }], IdealMatch::Begins)
}

fn is_right(prompt: &EvaluationPrompt, answer: &str) -> bool {
    let answer = ChatAnswer { text: answer.to_owned(), ..ChatAnswer::default() };
    scored(&prompt.expects, &answer, &|_| None).unwrap().right
}

#[test]
fn our_own_lines_are_read() {
    let prompts = read(
        r#"{"id": "one", "system": "Be short.", "prompt": "Capital of France?", "expect": [{"icontains": "paris"}, {"not": {"contains": "Rome"}}], "max_tokens": 20, "temperature": 0}

{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}], "json": {"type": "object"}, "expect": {"json_schema": {"required": ["x"]}}, "tools": [{"type": "function", "function": {"name": "t"}}]}
"#,
    )
    .unwrap();
    let [one, two] = prompts.as_slice() else { panic!("{prompts:?}") };
    assert_eq!((one.id.as_str(), one.chat.max_tokens, one.chat.temperature), ("one", 20, Some(0.0)));
    assert_eq!(one.chat.messages.iter().map(|said| said.role).collect::<Vec<_>>(), [ChatRole::System, ChatRole::User]);
    assert!(is_right(one, "PARIS") && !is_right(one, "Paris, not Rome"));
    assert_eq!((two.id.as_str(), two.chat.messages[0].text.as_str(), two.place.as_str()), ("line-3", "ab", "prompts/a.jsonl:3"));
    assert!(matches!(two.chat.form, ChatForm::Schema(_)) && two.chat.tools[0].name == "t" && is_right(two, r#"{"x": 1}"#));
}

#[test]
fn samples_of_openais_evals_are_read_as_they_are() {
    let text = r#"{"input": [{"role": "system", "content": "Answer."}, {"role": "user", "content": "2+2?"}], "ideal": ["4", "four"]}
{"input": "Say hi", "ideal": "hi"}"#;
    let prompts = read(text).unwrap();
    assert!(is_right(&prompts[0], "four.") && !is_right(&prompts[0], "It is four") && is_right(&prompts[1], "hi there"));
    let file = PromptFile { name: "a", text, open: &BesideFiles };
    let within = read_prompts(&[file], IdealMatch::Includes).unwrap();
    assert!(is_right(&within[0], "It is four"));
}

const PROMPTFOO: &str = r#"
description: a config as teams have it
prompts:
  - "Translate into {{language}}: {{text}}"
  - file://chat.json
providers: [openai:gpt-4o]
defaultTest:
  vars: {a: kind}
  assert:
    - {type: not-contains, value: sorry}
tests:
  - description: French
    vars: {language: French, text: Hello}
    assert:
      - {type: icontains, value: bonjour}
      - type: regex
        value: "[a-z]"
  - vars:
      language: [German, Dutch]
      text: Hello
    assert:
      - {type: contains-any, value: [Hallo, "Guten {{text}}"]}
      - {type: is-json, value: {type: string}}
"#;

#[test]
fn promptfoos_configurations_are_read_as_they_are() {
    let prompts = read(PROMPTFOO).unwrap();
    let ids: Vec<&str> = prompts.iter().map(|prompt| prompt.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "test-1-prompt-1 French",
            "test-1-prompt-2 French",
            "test-2-prompt-1 #1",
            "test-2-prompt-1 #2",
            "test-2-prompt-2 #1",
            "test-2-prompt-2 #2"
        ]
    );
    assert_eq!(prompts[0].chat.messages[0].text, "Translate into French: Hello");
    assert_eq!((prompts[1].chat.messages[0].text.as_str(), prompts[1].chat.messages[1].text.as_str()), ("Be kind", "Hi \"kind\""));
    assert!(is_right(&prompts[0], "Bonjour") && !is_right(&prompts[0], "bonjour, sorry"));
    assert!(is_right(&prompts[3], "\"Guten Hello\"") && !is_right(&prompts[3], "Guten Hello"));
    let two = read("prompts: ['file://two.txt']\ntests:\n- vars: {a: b}\n").unwrap();
    assert_eq!(two.iter().map(|prompt| prompt.chat.messages[0].text.as_str()).collect::<Vec<_>>(), ["What is b?", "Say b."]);
}

/// What is wrong, the line, and what to write.
#[test]
fn what_is_wrong_is_told_with_its_line_and_what_to_write() {
    for (text, line, problem, hint) in [
        ("{\"prompt\": 1}", 1, "`prompt` is not a text", "write `\"prompt\": \"…\"`"),
        ("{\"prompt\": \"a\"}\n{oops}", 2, "this line is no JSON", "write one object a line"),
        ("{\"promt\": \"a\"}", 1, "unknown key `promt`", "did you mean `prompt`?"),
        ("{\"prompt\": \"a\", \"expect\": {\"containz\": \"b\"}}", 1, "unknown key `containz`", "did you mean `contains`?"),
        ("{\"prompt\": \"a\", \"expect\": {\"regex\": \"(\"}}", 1, "the regular expression cannot be read", "no look-around"),
        ("{\"prompt\": \"a\", \"expect\": {\"json_schema\": {\"type\": 7}}}", 1, "the JSON schema is none", "json-schema.org"),
        ("{\"prompt\": \"a\", \"expect\": {\"command\": \"x\"}}", 1, "a command is a program", "[\"./score.py\""),
        ("{\"prompt\": \"a\", \"expect\": {\"number\": {\"value\": 1, \"tolerance\": \"x\"}}}", 1, "the tolerance is no number", "2%"),
        ("{\"messages\": [{\"role\": \"robot\", \"content\": \"a\"}]}", 1, "`robot` is nobody", "write system, user or assistant"),
        ("{\"id\": \"a\", \"prompt\": \"a\"}\n{\"id\": \"a\", \"prompt\": \"b\"}", 2, "there are two prompts `a`", "`id` of its own"),
        ("", 0, "there is no prompt in it", "on a line"),
        (
            "prompts: [a]\ntests:\n  - assert:\n      - {type: llm-rubric, value: x}\n",
            4,
            "the assertion `llm-rubric`",
            "a command in JSONL",
        ),
        (
            "prompts: [a]\ntests:\n  - assert:\n      - {type: contain, value: x}\n",
            4,
            "the assertion `contain`",
            "did you mean `contains`?",
        ),
        ("prompts: [a]\ntests:\n  - assert:\n      - {type: latency, threshold: 5}\n", 4, "`threshold` of an assertion", "leave it out"),
        ("prompts: ['{{a | upper}}']\ntests:\n  - vars: {a: b}\n", 3, "more than the name of a variable", "plain {{names}}"),
        ("prompts: ['file://p.py']\n", 1, "made by a program", ".txt, .md or .json"),
        ("prompts: ['file://none.txt']\n", 1, "cannot be read: there is no such file", "beside this one"),
        ("prompts: [a]\nscenarios: [b]\n", 2, "`scenarios` is not known here", "one of `tests`"),
        ("questions: [a]\n", 0, "prompts", "write `prompts: […]`"),
    ] {
        let error = read(text).unwrap_err();
        let told = (error.line, error.problem.contains(problem), error.hint().unwrap().contains(hint));
        assert!(told == (if line == 0 { error.line } else { line }, true, true), "{text}\n{error:?}");
    }
}
