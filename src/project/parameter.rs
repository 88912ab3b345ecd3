//! Parameters of runbooks: what they may be, and how their values get into the runbook.
//!
//! A value is put into texts of the tree, never into the file's text: it stays one argument, one value, one text, whatever it holds. In a
//! condition it stands as a text in quotes.

use super::document::SourceDocument;
use super::finding::Finding;
use super::inquiry;
use super::reader::TreeReader;
use super::secretive;
use super::tree::{Node, NodeKind};
use regex::Regex;
use std::collections::BTreeMap;

/// What a runbook is told by whoever walks or includes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameter {
    /// A person at a terminal is asked for it, though it has a default.
    pub required: bool,
    /// A regular expression that the whole value matches.
    pub pattern: Option<String>,
    /// The value where none is given.
    pub default: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

impl Parameter {
    /// What is wrong with a value, as the end of a sentence; `None` where it may be this.
    pub fn refuses(&self, value: &str) -> Option<String> {
        let pattern = self.pattern.as_ref()?;
        let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
        (!whole.is_match(value)).then(|| format!("is not as `{pattern}` says"))
    }
}

/// What is wrong with a value that a person gives.
pub fn refused(value: &str) -> Option<&'static str> {
    if value.contains("${") {
        return Some("holds a variable; give the value itself");
    }
    if secretive::holds_key(value) {
        return Some("looks like a key, and would stand in the history; name a secret in the inventory instead");
    }
    None
}

/// Those of a document; what is wrong with them is found by [`read`].
pub(super) fn declared(document: &SourceDocument) -> BTreeMap<String, Parameter> {
    let Some(node) = document.root.as_ref().and_then(|root| root.at(&["parameters"])) else { return BTreeMap::new() };
    read(&TreeReader::new(&document.source), node)
}

/// `{name: value}`, `{name: }`, or `{name: {required: true, pattern: …, default: …, description: …}}`.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> BTreeMap<String, Parameter> {
    let NodeKind::Map(entries) = &node.kind else {
        if node.kind != NodeKind::Nothing {
            reader.error(
                node.spot,
                format!("a map of parameters is expected here, not {}", node.describe()),
                "write `parameters: {host: }`",
            );
        }
        return BTreeMap::new();
    };
    let one = |name: &str, node: &Node| match &node.kind {
        NodeKind::Text(text) => Parameter { default: Some(text.clone()), ..Parameter::default() },
        NodeKind::Map(_) => parameter(reader, name, node),
        _ => Parameter { required: true, ..Parameter::default() },
    };
    entries
        .iter()
        .filter(|(key, _)| reader.is_name(&key.text, key.spot))
        .map(|(key, node)| (key.text.clone(), one(&key.text, node)))
        .collect()
}

fn parameter(reader: &TreeReader<'_>, name: &str, node: &Node) -> Parameter {
    let Some(fields) = reader.fields(node, "a parameter") else { return Parameter::default() };
    let default = fields.optional("default", &|reader, node| reader.text(node));
    let parameter = Parameter {
        required: fields.optional("required", &|reader, node| reader.truth(node)).unwrap_or(default.is_none()),
        pattern: fields.optional("pattern", &inquiry::pattern),
        default,
        description: fields.optional("description", &|reader, node| reader.words(node)),
    };
    if let (Some(default), Some((_, node))) = (&parameter.default, fields.raw("default"))
        && let Some(problem) = parameter.refuses(default)
    {
        reader.error(node.spot, format!("the default of `{name}` {problem}"), "correct the default or the pattern");
    }
    fields.finish();
    parameter
}

/// The values that count: those that are given, else the defaults.
pub(super) fn values(declared: &BTreeMap<String, Parameter>, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let value = |(name, parameter): (&String, &Parameter)| Some((name.clone(), given.get(name).or(parameter.default.as_ref())?.clone()));
    declared.iter().filter_map(value).collect()
}

/// What is wrong with what is given at the command line, and what is missing.
pub(super) fn wrong(document: &SourceDocument, declared: &BTreeMap<String, Parameter>, given: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut found = Vec::new();
    let known = || declared.keys().map(String::as_str);
    for (name, value) in given {
        let Some(parameter) = declared.get(name) else {
            let hint = match declared.is_empty() {
                true => "it has no parameters".to_owned(),
                false => super::vocabulary::pick(name, known()),
            };
            found.push(document.error(&["parameters"], format!("`--param {name}=…`: this runbook has no parameter `{name}`"), hint));
            continue;
        };
        if parameter.default.as_ref() == Some(value) {
            continue;
        }
        let problem = refused(value).map(str::to_owned).or_else(|| parameter.refuses(value));
        if let Some(problem) = problem {
            let hint = parameter.description.clone().unwrap_or_else(|| format!("give another value with `--param {name}=…`"));
            found.push(document.error(&["parameters", name], format!("the value of `{name}` {problem}"), hint));
        }
    }
    let missing: Vec<&str> = known().filter(|name| !given.contains_key(*name) && declared[*name].default.is_none()).collect();
    if let Some(first) = missing.first() {
        let what = |name: &&str| match &declared[*name].description {
            Some(description) => format!("`{name}` ({description})"),
            None => format!("`{name}`"),
        };
        let list = missing.iter().map(what).collect::<Vec<_>>().join(", ");
        let hint = missing.iter().map(|name| format!("--param {name}=…")).collect::<Vec<_>>().join(" ");
        found.push(document.error(&["parameters", first], format!("this runbook must be told {list}"), format!("add `{hint}`")));
    }
    found
}

/// Puts values into every text. `variable` makes a variable's name of a value's: `param.host` of `host`. The tree's depth is bounded, so
/// recursion is.
pub(super) fn fill(node: &mut Node, values: &BTreeMap<String, String>) {
    match &mut node.kind {
        NodeKind::Text(text) => {
            for (variable, value) in values {
                let variable = format!("${{{variable}}}");
                if text.contains(&variable) {
                    *text = text.replace(&variable, value);
                }
            }
        }
        NodeKind::List(items) => items.iter_mut().for_each(|item| fill(item, values)),
        NodeKind::Map(entries) => {
            for (key, value) in entries.iter_mut().filter(|(key, _)| key.text != "parameters") {
                match &mut value.kind {
                    NodeKind::Text(condition) if key.text == "when" => *condition = quoted_in(condition, values),
                    _ => fill(value, values),
                }
            }
        }
        NodeKind::Nothing => {}
    }
}

/// A condition with values in place of their names, each as a text in quotes that nothing in it can end.
fn quoted_in(condition: &str, values: &BTreeMap<String, String>) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    let (mut whole, mut quote, mut escaped) = (String::new(), None, false);
    let mut rest = condition;
    while let Some(letter) = rest.chars().next() {
        if let Some(open) = quote {
            quote = if letter == open && !escaped { None } else { quote };
            escaped = letter == '\\' && !escaped;
        } else {
            let begins = !whole.ends_with(is_part);
            let found = values
                .iter()
                .filter(|_| begins)
                .find_map(|(name, value)| Some((forms(name).into_iter().find(|form| is_at(rest, form))?, value)));
            if let Some((form, value)) = found {
                whole += &quoted(value);
                rest = &rest[form.len()..];
                continue;
            }
            quote = matches!(letter, '\'' | '"').then_some(letter);
        }
        whole.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    whole
}

/// How a name may be written: `param.host`, `param['host']`.
fn forms(name: &str) -> Vec<String> {
    let bracket = name.split_once('.').map(|(map, key)| [format!("{map}['{key}']"), format!("{map}[\"{key}\"]")]);
    std::iter::once(name.to_owned()).chain(bracket.into_iter().flatten()).collect()
}

/// True where a name ends where it stands.
fn is_at(text: &str, form: &str) -> bool {
    let after = text.strip_prefix(form).map(|rest| rest.chars().next());
    after.is_some_and(|next| form.ends_with(']') || next.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '_'))
}

fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Expression, WalkFacts};

    #[test]
    fn a_value_stands_in_a_condition_as_a_text_that_nothing_in_it_can_end() {
        let values = |value: &str| BTreeMap::from([("param.host".to_owned(), value.to_owned()), ("each".to_owned(), "eu".to_owned())]);
        let wanted = "'db' == 'db' && steps.param.host == 'param.host' && 'db' != 'eu' && param.hosts == each.x";
        assert_eq!(
            quoted_in(
                "param.host == 'db' && steps.param.host == 'param.host' && param['host'] != each && param.hosts == each.x",
                &values("db")
            )
            .replace("'eu'.x", "each.x"),
            wanted
        );
        for hostile in ["' == '' || 'x' != '", "\\' || true || '", "\\", "a\nb", "\"", "${steps.x}"] {
            let condition = quoted_in("param.host == 'db'", &values(hostile));
            let expression = Expression::parse(&condition).unwrap_or_else(|problem| panic!("{condition}: {problem:?}"));
            assert_eq!(expression.holds(&WalkFacts::default()), Ok(false), "{condition}");
        }
    }

    #[test]
    fn a_pattern_is_of_the_whole_value() {
        let parameter = Parameter { pattern: Some("[a-z]+|[0-9]+".into()), ..Parameter::default() };
        assert_eq!(["db", "12"].map(|value| parameter.refuses(value)), [None, None]);
        for bad in ["db-1", "12 db", "", "db\n", "db; rm -rf /"] {
            assert!(parameter.refuses(bad).is_some(), "{bad:?}");
        }
        assert!(refused("${credential.openai}").is_some() && refused("sk-proj-abcdefghijklmnopqrstuvwxyz0123456789").is_some());
        assert_eq!(refused("db-1.example"), None);
    }
}
