//! YAML or JSON of a gateway → a tree of maps, lists and texts, each with its line.
//!
//! As gateways read it, not as Lifeboat's own files are read: tags are passed over, `<<` merges, of a key that is there twice the last one counts,
//! and tabs before JSON's lines are taken. Held here: at most 100 levels and 100 000 values, aliases counted as often as they are used.

use crate::units::Problem;
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

const DEPTH_MAX: usize = 100;
const VALUES_MAX: usize = 100_000;

/// A value of a configuration, and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ConfigNode {
    pub(super) value: ConfigValue,
    /// From 1.
    pub(super) line: usize,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ConfigValue {
    Map(Vec<(String, ConfigNode)>),
    List(Vec<ConfigNode>),
    Text(String),
    Nothing,
}

impl ConfigNode {
    /// The value at a path of keys; an index is written as a number.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        let inner = match &self.value {
            ConfigValue::Map(entries) => entries.iter().find(|(key, _)| key == first).map(|(_, node)| node),
            ConfigValue::List(items) => first.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        inner?.at(rest)
    }

    /// The same where something stands there.
    pub(super) fn some(&self, path: &[&str]) -> Option<&Self> {
        self.at(path).filter(|node| node.value != ConfigValue::Nothing)
    }

    /// A scalar, as it was written.
    pub(super) fn text(&self) -> Option<&str> {
        if let ConfigValue::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The scalar at a path.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.text()
    }

    /// A number that is not negative.
    pub(super) fn number(&self) -> Option<f64> {
        self.text()?.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0)
    }

    /// True where the text is a YAML or JSON truth.
    pub(super) fn is_true(&self) -> bool {
        self.text().is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on"))
    }

    /// The items of a list; none where it is none.
    pub(super) fn items(&self) -> &[Self] {
        if let ConfigValue::List(items) = &self.value { items } else { &[] }
    }

    /// The items at a path.
    pub(super) fn items_at(&self, path: &[&str]) -> &[Self] {
        self.at(path).map_or(&[], Self::items)
    }

    /// The entries of a map; none where it is none.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let ConfigValue::Map(entries) = &self.value { entries } else { &[] }
    }

    /// All values below it, itself first.
    pub(super) fn all(&self) -> Vec<&Self> {
        let (mut found, mut waiting) = (Vec::new(), vec![self]);
        while let Some(node) = waiting.pop() {
            found.push(node);
            match &node.value {
                ConfigValue::Map(entries) => waiting.extend(entries.iter().rev().map(|(_, node)| node)),
                ConfigValue::List(items) => waiting.extend(items.iter().rev()),
                _ => {}
            }
        }
        found
    }
}

/// A map or list whose end has not come yet.
struct OpenPart {
    node: ConfigNode,
    anchor: usize,
    key: Option<String>,
}

/// The tree of the first document of a text.
///
/// # Errors
/// Where it is neither YAML nor JSON, or larger than a gateway's configuration is.
pub(super) fn parse(text: &str) -> Result<ConfigNode, Problem> {
    // JSON may be indented by tabs, YAML may not; no string of JSON goes on in the next line.
    let is_json = text.trim_start().starts_with(['{', '[']);
    let spaced: String = if is_json { text.lines().map(spaced).collect() } else { text.to_owned() };
    let mut builder = TreeBuilder { open: Vec::new(), anchors: HashMap::new(), root: None, values: 0 };
    for event in Parser::new_from_str(&spaced) {
        let (event, span) = event.map_err(|error| {
            let line = error.marker().line();
            Problem::new(format!("this is neither YAML nor JSON: {}, on line {line}", error.info()))
                .hint("see the line, and those before it")
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event, span.start.line())?;
    }
    builder.root.ok_or_else(|| Problem::new("this configuration is empty").hint("name the file that the gateway is started with"))
}

/// A line whose leading tabs are blanks.
fn spaced(line: &str) -> String {
    let rest = line.trim_start_matches([' ', '\t']);
    format!("{}{rest}\n", " ".repeat(line.len() - rest.len()))
}

struct TreeBuilder {
    open: Vec<OpenPart>,
    anchors: HashMap<usize, (ConfigNode, usize)>,
    root: Option<ConfigNode>,
    values: usize,
}

impl TreeBuilder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.count(1, line)?;
                let nothing = style == ScalarStyle::Plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let value = if nothing { ConfigValue::Nothing } else { ConfigValue::Text(text.into_owned()) };
                self.add(ConfigNode { value, line }, anchor);
            }
            Event::Alias(id) => {
                let cost = self.anchors.get(&id).map_or(1, |(_, cost)| *cost);
                self.count(cost, line)?;
                let node = self.anchors.get(&id).map_or(ConfigNode { value: ConfigValue::Nothing, line }, |(node, _)| node.clone());
                self.add(node, 0);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(ConfigValue::List(Vec::new()), anchor, line)?,
            Event::MappingStart(_, anchor, _) => self.begin(ConfigValue::Map(Vec::new()), anchor, line)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(part) = self.open.pop() {
                    self.add(part.node, part.anchor);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, values: usize, line: usize) -> Result<(), Problem> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES_MAX || self.open.len() > DEPTH_MAX {
            let message = format!("this holds more than {VALUES_MAX} values, or more than {DEPTH_MAX} levels, on line {line}");
            return Err(Problem::new(message).hint("see that this is a gateway's configuration"));
        }
        Ok(())
    }

    fn begin(&mut self, value: ConfigValue, anchor: usize, line: usize) -> Result<(), Problem> {
        self.count(1, line)?;
        self.open.push(OpenPart { node: ConfigNode { value, line }, anchor, key: None });
        Ok(())
    }

    fn add(&mut self, node: ConfigNode, anchor: usize) {
        if anchor != 0 {
            let cost = node.all().len();
            self.values = self.values.saturating_add(cost);
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        let Some(part) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut part.node.value {
            ConfigValue::List(items) => items.push(node),
            ConfigValue::Map(entries) => match part.key.take() {
                None => part.key = Some(node.text().unwrap_or_default().to_owned()),
                Some(key) if key == "<<" => merge(entries, &node),
                Some(key) => {
                    entries.retain(|(known, _)| *known != key);
                    entries.push((key, node));
                }
            },
            _ => {}
        }
    }
}

/// What `<<` brings: a map, or several of which the first counts; what the map itself says comes before both.
fn merge(entries: &mut Vec<(String, ConfigNode)>, node: &ConfigNode) {
    let maps = if node.entries().is_empty() { node.items() } else { std::slice::from_ref(node) };
    for (key, value) in maps.iter().flat_map(ConfigNode::entries) {
        if !entries.iter().any(|(known, _)| known == key) {
            entries.push((key.clone(), value.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_have_lines_and_merge() {
        let tree = parse("a: &x {b: 1}\nc:\n  <<: *x\n  d: [1, 2]\nc2: ~\n").unwrap();
        assert_eq!((tree.text_at(&["c", "b"]), tree.at(&["c", "d", "1"]).unwrap().line), (Some("1"), 4));
        assert!(tree.some(&["c2"]).is_none());
        let json = parse("{\n\t\"a\": [\n\t\t{\"b\": 2.5}\n\t]\n}").unwrap();
        let node = json.at(&["a", "0", "b"]).unwrap();
        assert_eq!((node.number(), node.line), (Some(2.5), 3));
    }

    #[test]
    fn what_is_neither_is_refused_with_its_line() {
        assert!(parse("a: [1\nb: }").unwrap_err().message.contains("line"));
        assert!(parse("").is_err());
        let bomb = (0..20).fold("a0: &a0 [1]\n".to_owned(), |text, level| format!("{text}a{0}: &a{0} [*a{level}, *a{level}]\n", level + 1));
        assert!(parse(&bomb).unwrap_err().message.contains("values"));
    }
}
