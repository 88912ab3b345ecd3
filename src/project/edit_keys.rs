//! A key added to a file of somebody else's, or taken out of it, so that every other byte stays. And a value given to a key of YAML that has none.
//!
//! What is written is read again, and must say what the old text said and the one change; else it is refused. Pure text to text.

use super::edit::{EditError, FileFormat, json_at, quoted, yaml_like};
use super::source::SourceText;
use super::splice::Splice;
use super::tree::{self, Key, Node, NodeKind};
use serde_json::Value;
use serde_saphyr::granit_parser::{Event, Parser};
use std::collections::BTreeMap;
use std::ops::Range;

/// What stands for an empty map of YAML.
const EMPTY_MAP: &str = "\0a map";

/// What a text says, by the paths to its values.
type FlatText = BTreeMap<Vec<String>, String>;

impl FileFormat {
    /// Adds a key with a value to a map that is there. In JSON and TOML a number, `true` and `false` are such unless `texts` is true; anything
    /// else is a text.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn added(self, text: &str, path: &[String], value: &str, texts: bool) -> Result<Splice, EditError> {
        let key = path.join(".");
        let Some((last, parent)) = path.split_last() else { return Err(EditError::Absent { key }) };
        let mut says = self.flat(text)?;
        if says.contains_key(path) {
            return Err(EditError::Present { key });
        }
        let splice = match self {
            Self::Yaml => add_to_yaml(text, parent, last, value)?,
            Self::Json => add_to_json(text, parent, last, value, texts)?,
            Self::Toml => add_to_toml(text, parent, last, value)?,
            Self::Env => add_to_env(text, path, value)
                .ok_or_else(|| EditError::KeyPlace { key: key.clone(), why: "its value needs quotes that this file has not" })?,
        };
        says.insert(path.to_vec(), value.to_owned());
        // An empty map is one by what stands in it.
        says.remove(parent);
        let mut said = self.flat(&splice.after())?;
        said.remove(parent);
        let is_so = splice.only_adds() && said == says;
        is_so.then_some(splice).ok_or(EditError::KeyPlace { key, why: "there is no place for it that leaves everything else as it is" })
    }

    /// Takes a key out that has one value.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn removed(self, text: &str, path: &[String]) -> Result<Splice, EditError> {
        let key = path.join(".");
        let value = self.find(text, path)?.range;
        let range = match self {
            Self::Yaml => yaml_entry(text, path, value),
            Self::Json => json_entry(text, value),
            Self::Toml => own_lines(text, value).filter(|range| !text[range.clone()].contains('{')),
            Self::Env => own_lines(text, value),
        };
        let why = "it does not stand on lines of its own, or is the only one of its map";
        let refused = || EditError::KeyPlace { key: key.clone(), why };
        let splice = Splice::new(text, range.ok_or_else(refused)?, "");
        let mut says = self.flat(text)?;
        says.remove(path);
        let mut said = self.flat(&splice.after()).map_err(|_| refused())?;
        // A map within brackets may be left empty; one without them would be none any more.
        let parent = &path[..path.len() - 1];
        if said.get(parent).is_some_and(|left| left == EMPTY_MAP || left == "{}") {
            said.remove(parent);
        }
        if said == says { Ok(splice) } else { Err(refused()) }
    }

    /// Gives a key of YAML that has none a value, before a comment that stands beside it.
    ///
    /// # Errors
    /// See [`EditError`]; [`EditError::Not`] where it has a value, or the text is not YAML.
    pub fn filled(self, text: &str, path: &[String], value: &str) -> Result<Splice, EditError> {
        let not = || EditError::Not { key: path.join("."), what: "nothing" };
        if self != Self::Yaml {
            return Err(not());
        }
        let root = yaml_tree(text)?;
        let (key, node) = root.as_ref().and_then(|root| entry(root, path)).ok_or_else(|| EditError::Absent { key: path.join(".") })?;
        if node.kind != NodeKind::Nothing {
            return Err(not());
        }
        let line = key.spot.offset..text[key.spot.offset..].find('\n').map_or(text.len(), |length| key.spot.offset + length);
        // The key itself may hold a colon, quoted or not: the first that ends it is followed by a blank or the end of the line.
        let from = line.start + key.text.len().min(line.len());
        let colon = text[from..line.end].char_indices().find_map(|(at, letter)| {
            let next = text[from + at + 1..line.end].chars().next();
            (letter == ':' && next.is_none_or(char::is_whitespace)).then_some(from + at)
        });
        let at = colon.ok_or_else(not)? + 1;
        let rest = &text[at..line.end];
        let written = yaml_like("", value);
        // Before `~` or `null` nothing can stand; those are replaced.
        let word = rest.trim_start();
        let said = ["~", "null", "Null", "NULL"]
            .into_iter()
            .find(|said| word.strip_prefix(said).is_some_and(|tail| tail.is_empty() || tail.starts_with(char::is_whitespace)));
        let splice = match said {
            Some(said) => {
                let start = line.end - word.len();
                Splice::new(text, start..start + said.len(), written)
            }
            None if rest.starts_with([' ', '\t']) => {
                let beside = if rest[1..].starts_with('#') { " " } else { "" };
                Splice::new(text, at + 1..at + 1, format!("{written}{beside}"))
            }
            None => Splice::new(text, at..at, format!(" {written}")),
        };
        let mut says = self.flat(text)?;
        says.insert(path.to_vec(), value.to_owned());
        let why = "there is no place for its value that leaves everything else as it is";
        if self.flat(&splice.after()).ok() == Some(says) { Ok(splice) } else { Err(EditError::KeyPlace { key: path.join("."), why }) }
    }

    /// Everything that a text says.
    fn flat(self, text: &str) -> Result<FlatText, EditError> {
        let mut found = FlatText::new();
        match self {
            Self::Yaml => {
                if let Some(root) = yaml_tree(text)? {
                    flat_node(&root, &mut Vec::new(), &mut found);
                }
            }
            Self::Json => {
                let root: Value =
                    serde_json::from_str(text).map_err(|error| EditError::Syntax { format: self.name(), problem: error.to_string() })?;
                flat_json(&root, &mut Vec::new(), &mut found);
            }
            Self::Toml => flat_toml(text, toml(text)?.as_item(), &mut Vec::new(), &mut found),
            Self::Env => {
                for line in text.lines() {
                    let bare = line.trim_start();
                    let bare = bare.strip_prefix("export ").map_or(bare, str::trim_start);
                    if let Some((key, _)) = bare.split_once('=').filter(|(key, _)| !key.starts_with('#')) {
                        let path = vec![key.trim_end().to_owned()];
                        let value = self.find(text, &path)?.value;
                        found.insert(path, value);
                    }
                }
            }
        }
        Ok(found)
    }
}

fn yaml_tree(text: &str) -> Result<Option<Node>, EditError> {
    let (root, findings) = tree::parse(&SourceText { path: String::new(), text: text.to_owned() });
    match findings.first() {
        Some(finding) => {
            let problem = format!("{} in line {}", finding.message, finding.line);
            Err(EditError::Syntax { format: FileFormat::Yaml.name(), problem })
        }
        None => Ok(root),
    }
}

fn toml(text: &str) -> Result<toml_edit::Document<&str>, EditError> {
    toml_edit::Document::parse(text)
        .map_err(|error| EditError::Syntax { format: FileFormat::Toml.name(), problem: error.message().to_owned() })
}

fn flat_node(node: &Node, path: &mut Vec<String>, found: &mut FlatText) {
    let mut within = |key: String, node: &Node| {
        path.push(key);
        flat_node(node, path, found);
        path.pop();
    };
    match &node.kind {
        NodeKind::Map(entries) if !entries.is_empty() => entries.iter().for_each(|(key, node)| within(key.text.clone(), node)),
        NodeKind::List(items) if !items.is_empty() => items.iter().enumerate().for_each(|(place, node)| within(place.to_string(), node)),
        NodeKind::Text(text) => drop(found.insert(path.clone(), text.clone())),
        NodeKind::Map(_) | NodeKind::List(_) | NodeKind::Nothing => drop(found.insert(path.clone(), format!("\0{}", node.describe()))),
    }
}

fn flat_json(value: &Value, path: &mut Vec<String>, found: &mut FlatText) {
    let mut within = |key: String, value: &Value| {
        path.push(key);
        flat_json(value, path, found);
        path.pop();
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => entries.iter().for_each(|(key, value)| within(key.clone(), value)),
        Value::Array(items) if !items.is_empty() => items.iter().enumerate().for_each(|(place, value)| within(place.to_string(), value)),
        Value::String(text) => drop(found.insert(path.clone(), text.clone())),
        other => drop(found.insert(path.clone(), other.to_string())),
    }
}

fn flat_toml(text: &str, item: &toml_edit::Item, path: &mut Vec<String>, found: &mut FlatText) {
    if let Some(table) = item.as_table_like() {
        for (key, item) in table.iter() {
            path.push(key.to_owned());
            flat_toml(text, item, path, found);
            path.pop();
        }
    } else if let Some(tables) = item.as_array_of_tables() {
        for (place, table) in tables.iter().enumerate() {
            path.push(place.to_string());
            flat_toml(text, &toml_edit::Item::Table(table.clone()), path, found);
            path.pop();
        }
    } else if let Some(value) = item.as_value() {
        let written = || value.span().map(|range| text[range].to_owned()).unwrap_or_default();
        found.insert(path.clone(), value.as_str().map_or_else(written, str::to_owned));
    }
}

/// A key and its value.
fn entry<'t>(root: &'t Node, path: &[String]) -> Option<(&'t Key, &'t Node)> {
    let (last, parent) = path.split_last()?;
    let parent: Vec<&str> = parent.iter().map(String::as_str).collect();
    let NodeKind::Map(entries) = &root.at(&parent)?.kind else { return None };
    entries.iter().find(|(key, _)| key.text == *last).map(|(key, node)| (key, node))
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn add_to_yaml(text: &str, parent: &[String], key: &str, value: &str) -> Result<Splice, EditError> {
    let root = yaml_tree(text)?;
    let path: Vec<&str> = parent.iter().map(String::as_str).collect();
    let written = format!("{}: {}", yaml_like("", key), yaml_like("", value));
    let Some(root) = root.filter(|root| root.kind != NodeKind::Nothing || !parent.is_empty()) else {
        return Ok(on_a_new_line(text, text.len(), &written));
    };
    let node = root.at(&path).ok_or_else(|| EditError::Absent { key: parent.join(".") })?;
    let NodeKind::Map(entries) = &node.kind else {
        return Err(EditError::NoMap { key: parent.join("."), what: node.describe() });
    };
    let Some((first, _)) = entries.first().filter(|_| !text[node.spot.offset..].starts_with('{')) else {
        let close = closing(text, node.spot.offset).ok_or_else(|| EditError::Absent { key: parent.join(".") })?;
        let end = text[..close].trim_end().len();
        let before = if entries.is_empty() {
            ""
        } else if text[..end].ends_with(',') {
            " "
        } else {
            ", "
        };
        return Ok(Splice::new(text, end..end, format!("{before}{written}")));
    };
    let start = text[..first.spot.offset].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[start..first.spot.offset].chars().count();
    let mut at = start;
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        let bare = line.trim_start_matches(' ');
        let is_its_own =
            at == start || line.len() - bare.len() >= indent && !(indent == 0 && (bare.starts_with("---") || bare.starts_with("...")));
        at += line.len();
        if bare.trim().is_empty() || bare.starts_with('#') {
            continue;
        }
        if !is_its_own {
            break;
        }
        end = at;
    }
    Ok(on_a_new_line(text, end, &format!("{}{written}", " ".repeat(indent))))
}

/// A line more, at the beginning of a line or at the end of a text whose last line is not ended.
fn on_a_new_line(text: &str, at: usize, line: &str) -> Splice {
    let end = line_end(text);
    let unended = at == text.len() && !text.is_empty() && !text.ends_with('\n');
    Splice::new(text, at..at, if unended { format!("{end}{line}") } else { format!("{line}{end}") })
}

/// Where the bracket stands that closes a map which begins there.
fn closing(text: &str, offset: usize) -> Option<usize> {
    let mut depth = None;
    for (event, span) in Parser::new_from_str(text).filter_map(Result::ok) {
        match event {
            Event::MappingStart(..) if span.start.byte_offset() == Some(offset) => depth = Some(0_usize),
            Event::MappingStart(..) => depth = depth.map(|depth| depth + 1),
            Event::MappingEnd if depth == Some(0) => {
                let end = span.end.byte_offset()?;
                return (0..=end).rev().find(|at| text[*at..].starts_with('}'));
            }
            Event::MappingEnd => depth = depth.map(|depth| depth - 1),
            _ => {}
        }
    }
    None
}

fn add_to_json(text: &str, parent: &[String], key: &str, value: &str, texts: bool) -> Result<Splice, EditError> {
    let raw = json_at(text, parent)?.get();
    let Some(body) = raw.strip_prefix('{').and_then(|raw| raw.strip_suffix('}')) else {
        return Err(EditError::NoMap { key: parent.join("."), what: if raw.starts_with('[') { "a list" } else { "one value" } });
    };
    let is_bare = !texts && matches!(serde_json::from_str(value), Ok(Value::Number(_) | Value::Bool(_)));
    let written = if is_bare { value.to_owned() } else { quoted(value) };
    let colon = if body.contains("\":") && !body.contains("\": ") { ":" } else { ": " };
    let pair = format!("{}{colon}{written}", quoted(key));
    let start = raw.as_ptr().addr() - text.as_ptr().addr() + 1;
    if body.trim().is_empty() {
        return Ok(Splice::new(text, start..start, pair));
    }
    let lead = &body[..body.len() - body.trim_start().len()];
    let lead = if lead.contains('\n') || colon == ":" { lead } else { " " };
    let at = start + body.trim_end().len();
    Ok(Splice::new(text, at..at, format!(",{lead}{pair}")))
}

fn add_to_toml(text: &str, parent: &[String], key: &str, value: &str) -> Result<Splice, EditError> {
    let absent = || EditError::Absent { key: parent.join(".") };
    let document = toml(text)?;
    let mut here = document.as_item();
    for key in parent {
        here = match key.parse::<usize>() {
            Ok(place) if here.is_array() || here.is_array_of_tables() => here.get(place),
            _ => here.get(key.as_str()),
        }
        .ok_or_else(absent)?;
    }
    let is_bare = value.parse::<i64>().is_ok() || value.parse::<bool>().is_ok() || value.contains('.') && value.parse::<f64>().is_ok();
    let name = if key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) { key.to_owned() } else { quoted(key) };
    let pair = format!("{name} = {}", if is_bare { value.to_owned() } else { quoted(value) });
    if let Some(table) = here.as_inline_table() {
        let close = here.span().ok_or_else(absent)?.end - 1;
        let end = text[..close].trim_end().len();
        return Ok(Splice::new(text, end..end, if table.is_empty() { format!(" {pair} ") } else { format!(", {pair}") }));
    }
    let table = here.as_table().ok_or_else(|| EditError::NoMap { key: parent.join("."), what: "one value or a list" })?;
    // Behind its last value, or behind its head; at the top of the file where that has neither.
    let ends = table.iter().filter_map(|(_, item)| Some(item.as_value()?.span()?.end));
    let head = || if parent.is_empty() { None } else { table.span().map(|range| range.start) };
    let Some(last) = ends.max().or_else(head) else { return Ok(on_a_new_line(text, 0, &pair)) };
    let at = text[last..].find('\n').map_or(text.len(), |length| last + length + 1);
    Ok(on_a_new_line(text, at, &pair))
}

fn add_to_env(text: &str, path: &[String], value: &str) -> Option<Splice> {
    let [name] = path else { return None };
    if !super::variable::is_environment_name(name) {
        return None;
    }
    Some(on_a_new_line(text, text.len(), &format!("{name}={}", super::edit::env_like("", value)?)))
}

/// The lines on which a value stands alone with its key, and a comment behind it.
fn own_lines(text: &str, value: Range<usize>) -> Option<Range<usize>> {
    let start = text[..value.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[value.end..].find('\n').map_or(text.len(), |length| value.end + length + 1);
    let rest = text[value.end..end].trim();
    (rest.is_empty() || rest.starts_with('#')).then_some(start..end)
}

fn yaml_entry(text: &str, path: &[String], value: Range<usize>) -> Option<Range<usize>> {
    let root = yaml_tree(text).ok()??;
    let key = entry(&root, path)?.0.spot.offset;
    let line = text[..key].rfind('\n').map_or(0, |at| at + 1);
    if text[line..key].trim().is_empty()
        && let Some(lines) = own_lines(text, line..value.end)
    {
        return Some(lines);
    }
    Some(one_of_several(text, key..value.end))
}

fn json_entry(text: &str, value: Range<usize>) -> Option<Range<usize>> {
    let before = text[..value.start].trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
    // The quote before it that no backslash stands before: within a text there is none.
    let is_open =
        |at: &usize| before.as_bytes()[*at] == b'"' && before[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0;
    let key = (0..before.len()).rev().find(is_open)?;
    Some(one_of_several(text, key..value.end))
}

/// With the comma behind it, or the one before it.
fn one_of_several(text: &str, entry: Range<usize>) -> Range<usize> {
    let behind = text[entry.end..].trim_start();
    if let Some(next) = behind.strip_prefix(',') {
        return entry.start..text.len() - next.trim_start().len();
    }
    match text[..entry.start].trim_end().strip_suffix(',') {
        Some(before) => before.len()..entry.end,
        None => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: &str) -> Vec<String> {
        key.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_key_is_added_where_it_belongs_and_every_other_byte_stays() {
        use FileFormat::{Env, Json, Toml, Yaml};
        for (format, text, key, value, wanted) in [
            (
                Yaml,
                "# top\nrouter:\n  primary: azure # now\n  # end\nother: x\n",
                "router.standby",
                "a b",
                "# top\nrouter:\n  primary: azure # now\n  standby: \"a b\"\n  # end\nother: x\n",
            ),
            (Yaml, "a: 1\nl:\n- x\n- y\n", "b", "2", "a: 1\nl:\n- x\n- y\nb: 2\n"),
            (Yaml, "a: 1", "b", "2", "a: 1\nb: 2"),
            (Yaml, "a: {b: 1}  # c\n", "a.c", "2", "a: {b: 1, c: 2}  # c\n"),
            (Yaml, "a: {}\r\nb: 1\r\n", "a.c", "2", "a: {c: 2}\r\nb: 1\r\n"),
            (Yaml, "l:\n  - name: x\n    n: 1\n  - name: y\n", "l.0.m", "2", "l:\n  - name: x\n    n: 1\n    m: 2\n  - name: y\n"),
            (Yaml, "# nothing\n", "a", "1", "# nothing\na: 1\n"),
            (Json, "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n", "c", "2", "{\n  \"a\": 1,\n  \"b\": \"x\",\n  \"c\": 2\n}\n"),
            (Json, "{\"a\":{}}", "a.b", "x", "{\"a\":{\"b\": \"x\"}}"),
            (Json, "{\"a\":1,\"b\":[{\"c\":1}]}", "b.0.d", "true", "{\"a\":1,\"b\":[{\"c\":1,\"d\":true}]}"),
            (
                Toml,
                "a = 1 # one\n\n[t]\nb = 'x'\n\n# next\n[u]\nc = 1\n",
                "t.d",
                "y",
                "a = 1 # one\n\n[t]\nb = 'x'\nd = \"y\"\n\n# next\n[u]\nc = 1\n",
            ),
            (Env, "# keys\nA=1\n", "B", "two words", "# keys\nA=1\nB=\"two words\"\n"),
            (Env, "A=1", "B", "2", "A=1\nB=2"),
        ] {
            let splice = format.added(text, &path(key), value, false).unwrap();
            assert_eq!(splice.after(), wanted);
            assert_eq!(splice.taken_back(wanted).unwrap(), text);
            assert_eq!(format.find(wanted, &path(key)).unwrap().value, value);
            assert_eq!(format.removed(wanted, &path(key)).unwrap().after().trim_end(), text.trim_end(), "{wanted}");
        }
        let refused = |format: FileFormat, text: &str, key: &str| format.added(text, &path(key), "x", false).unwrap_err().to_string();
        assert_eq!(refused(Yaml, "a: 1\n", "a"), "there is a value at `a` already");
        assert_eq!(refused(Yaml, "a: 1\n", "b.c"), "there is no value at `b`");
        assert_eq!(refused(Json, "{\"a\": [1]}", "a.c"), "`a` is a list, to which no key can be added");
        assert_eq!(refused(Env, "A=1\n", "A"), "there is a value at `A` already");
        assert_eq!(Json.added("{\"data\": {}}", &path("data.n"), "5", true).unwrap().after(), "{\"data\": {\"n\": \"5\"}}");
    }

    #[test]
    fn a_key_is_taken_out_with_its_line_and_comes_back_exactly() {
        use FileFormat::{Env, Json, Toml, Yaml};
        for (format, text, key, wanted) in [
            (Yaml, "a: 1\nb: 'x'   # why\nc: 3\n", "b", "a: 1\nc: 3\n"),
            (Yaml, "a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n"),
            (Yaml, "a: {b: 1, c: 2}\n", "a.c", "a: {b: 1}\n"),
            (Yaml, "a:\n  t: |\n    one\n    two\n  b: 1\n", "a.t", "a:\n  b: 1\n"),
            (Json, "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b", "{\n  \"a\": 1\n}\n"),
            (Json, "{\n  \"a\\\"\": 1,\n  \"b\": 2\n}\n", "a\"", "{\n  \"b\": 2\n}\n"),
            (Toml, "[t]\nb = 'x' # why\nc = 1\n", "t.b", "[t]\nc = 1\n"),
            (Env, "A=1\nexport B='x' # why\nC=3\n", "B", "A=1\nC=3\n"),
        ] {
            let splice = format.removed(text, &path(key)).unwrap();
            assert_eq!(splice.after(), wanted);
            assert_eq!(splice.taken_back(wanted).unwrap(), text);
        }
        for (format, text, key) in [(Yaml, "a:\n  b: 1\n", "a.b"), (Toml, "t = {a = 1, b = 2}\n", "t.a"), (Env, "A=1\nA=2\n", "A")] {
            assert!(format.removed(text, &path(key)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_comment_beside_an_empty_value_survives() {
        for (text, wanted) in [
            ("a:\n  key:   # why\nb: 1\n", "a:\n  key: x  # why\nb: 1\n"),
            ("a:\n  key: # why\n", "a:\n  key: x # why\n"),
            ("a:\n  key:\n  other: 1\n", "a:\n  key: x\n  other: 1\n"),
            ("a:\n  key: ~  # why\n", "a:\n  key: x  # why\n"),
            ("a:\n  key: null\n", "a:\n  key: x\n"),
            ("a:\n  \"key\":\t# why\n", "a:\n  \"key\":\tx # why\n"),
        ] {
            let splice = FileFormat::Yaml.filled(text, &path("a.key"), "x").unwrap();
            assert_eq!(splice.after(), wanted);
            assert_eq!(splice.taken_back(wanted).unwrap(), text);
        }
        let (edited, old) = FileFormat::Toml.replaced("key = \"\"  # why\n", &path("key"), "x").unwrap();
        assert_eq!((edited.as_str(), old.as_str()), ("key = \"x\"  # why\n", "\"\""));
        assert!(FileFormat::Yaml.filled("a: {key: 1}\n", &path("a.key"), "x").is_err());
    }
}
