//! One value in a file of somebody else's: where it stands, byte for byte, and how another would be written in its place, so that
//! everything around it stays as it is: comments, order, blanks. YAML, JSON, TOML and `.env`.
//!
//! Pure text to text. What this file does not do: read or write files, add keys that are not there (`edit_keys`), touch a list or a map, or choose one of several
//! documents (`part`).

use super::source::SourceText;
use super::tree::{self, NodeKind};
use serde_json::value::RawValue;
use serde_saphyr::granit_parser::{Event, Parser};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// The format of a settings file whose value a step replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// YAML; of several documents each by itself.
    Yaml,
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// Lines of `NAME=value`, as shells and containers read them.
    Env,
}

/// Why a value cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not what its name says.
    #[error("this is not {format}: {problem}")]
    Syntax {
        /// `YAML`, …
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// There is no such value.
    #[error("there is no value at `{key}`")]
    Absent {
        /// The path.
        key: String,
    },
    /// There is not exactly one such document.
    #[error("there {} {which}", if *.found == 0 { "is no".to_owned() } else { format!("are {found} of the") })]
    SourceDocument {
        /// Which.
        which: String,
        /// How many there are.
        found: usize,
    },
    /// Nobody said in which document.
    #[error("it has {count} documents\n\nhint: say which, with `document: 2` or `where: {{kind: ConfigMap}}`")]
    Several {
        /// How many there are.
        count: usize,
    },
    /// There is, but it is not one value.
    #[error("`{key}` is {what}, not one value")]
    Not {
        /// The path.
        key: String,
        /// What it is instead.
        what: &'static str,
    },
    /// There is one already.
    #[error("there is a value at `{key}` already")]
    Present {
        /// The path.
        key: String,
    },
    /// What should take in a key is no map.
    #[error("`{key}` is {what}, to which no key can be added")]
    NoMap {
        /// The path.
        key: String,
        /// What it is instead.
        what: &'static str,
    },
    /// It cannot be added or taken out so that everything else stays as it is.
    #[error("`{key}` cannot be added or taken out: {why}")]
    KeyPlace {
        /// The path.
        key: String,
        /// Why not.
        why: &'static str,
    },
    /// The new value cannot stand where the old one does.
    #[error("`{new}` cannot stand where `{key}` has a {kind}")]
    NodeKind {
        /// The path.
        key: String,
        /// What should be written.
        new: String,
        /// What stands there.
        kind: &'static str,
    },
}

/// Where a value stands in a text, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSpan {
    /// Its bytes, quotes included.
    pub range: Range<usize>,
    /// What they mean.
    pub value: String,
}

impl FileFormat {
    /// By a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => Some(Self::Yaml),
            Some("json") => Some(Self::Json),
            Some("toml") => Some(Self::Toml),
            Some("env") => Some(Self::Env),
            _ => (name == ".env" || name.starts_with(".env.")).then_some(Self::Env),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Toml => "TOML",
            Self::Env => "a file of `NAME=value` lines",
        }
    }

    /// Finds the value at a path of keys and places.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn find(self, text: &str, path: &[String]) -> Result<ValueSpan, EditError> {
        match self {
            Self::Yaml => in_yaml(text, path),
            Self::Json => in_json(text, path),
            Self::Toml => in_toml(text, path),
            Self::Env => in_env(text, path),
        }
    }

    /// A text with another value at a path, and the old value's bytes.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn replaced(self, text: &str, path: &[String], new: &str) -> Result<(String, String), EditError> {
        let place = self.find(text, path)?;
        let old = &text[place.range.clone()];
        let key = || path.join(".");
        let wrong = |kind| EditError::NodeKind { key: key(), new: new.to_owned(), kind };
        let written = match self {
            Self::Yaml => yaml_like(old, new),
            Self::Json if old.starts_with('"') => quoted(new),
            Self::Json => serde_json::from_str::<serde_json::Number>(new)
                .map(|number| number.to_string())
                .or_else(|_| serde_json::from_str::<Option<bool>>(new).map(|_| new.to_owned()))
                .map_err(|_| wrong("number, true, false or null"))?,
            Self::Toml if old.starts_with(['"', '\'']) => quoted(new),
            Self::Toml => new.to_owned(),
            Self::Env => env_like(old, new).ok_or_else(|| wrong("value of one line"))?,
        };
        let edited = format!("{}{written}{}", &text[..place.range.start], &text[place.range.end..]);
        // Whatever was written must be read as what was meant, in its place.
        match self.find(&edited, path) {
            Ok(seen) if seen.value == new && seen.range.start == place.range.start => Ok((edited, old.to_owned())),
            _ => Err(wrong("value of another kind")),
        }
    }

    /// A text with these very bytes at a path.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn restored(self, text: &str, path: &[String], bytes: &str) -> Result<String, EditError> {
        let range = self.find(text, path)?.range;
        Ok(format!("{}{bytes}{}", &text[..range.start], &text[range.end..]))
    }
}

fn absent(path: &[String]) -> EditError {
    EditError::Absent { key: path.join(".") }
}

fn in_yaml(text: &str, path: &[String]) -> Result<ValueSpan, EditError> {
    let wrong = |problem: String| EditError::Syntax { format: FileFormat::Yaml.name(), problem };
    let source = SourceText { path: String::new(), text: text.to_owned() };
    let (root, findings) = tree::parse(&source);
    if let Some(finding) = findings.first() {
        return Err(wrong(format!("{} in line {}", finding.message, finding.line)));
    }
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let node = root.as_ref().and_then(|root| root.at(&keys)).ok_or_else(|| absent(path))?;
    let NodeKind::Text(value) = &node.kind else {
        return Err(EditError::Not { key: path.join("."), what: node.describe() });
    };
    // The tree knows where a value begins; where it ends is asked of the parser.
    let mut events = Parser::new_from_str(text).filter_map(Result::ok);
    let end = events.find_map(|(event, span)| {
        let here = matches!(event, Event::Scalar(..)) && span.start.byte_offset() == Some(node.spot.offset);
        if here { span.end.byte_offset() } else { None }
    });
    let end = end.ok_or(EditError::Not { key: path.join("."), what: "an alias" })?;
    Ok(ValueSpan { range: node.spot.offset..end, value: value.clone() })
}

/// What stands at a path of a JSON text, a part of the text itself.
pub(super) fn json_at<'text>(text: &'text str, path: &[String]) -> Result<&'text RawValue, EditError> {
    let mut here: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    for key in path {
        let raw = here.get();
        here = if raw.starts_with('{') {
            serde_json::from_str::<BTreeMap<std::borrow::Cow<'_, str>, &RawValue>>(raw).map_err(not_json)?.remove(key.as_str())
        } else if raw.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(not_json)?;
            key.parse::<usize>().ok().and_then(|place| items.get(place).copied())
        } else {
            None
        }
        .ok_or_else(|| absent(path))?;
    }
    Ok(here)
}

fn not_json(error: serde_json::Error) -> EditError {
    EditError::Syntax { format: FileFormat::Json.name(), problem: error.to_string() }
}

fn in_json(text: &str, path: &[String]) -> Result<ValueSpan, EditError> {
    let raw = json_at(text, path)?.get();
    let value = match raw.as_bytes().first() {
        Some(b'{') => return Err(EditError::Not { key: path.join("."), what: "a map" }),
        Some(b'[') => return Err(EditError::Not { key: path.join("."), what: "a list" }),
        Some(b'"') => serde_json::from_str(raw).map_err(not_json)?,
        _ => raw.to_owned(),
    };
    // A raw value is a part of the text itself.
    let start = raw.as_ptr().addr() - text.as_ptr().addr();
    Ok(ValueSpan { range: start..start + raw.len(), value })
}

fn in_toml(text: &str, path: &[String]) -> Result<ValueSpan, EditError> {
    let document = toml_edit::Document::parse(text)
        .map_err(|error| EditError::Syntax { format: FileFormat::Toml.name(), problem: error.message().to_owned() })?;
    let mut here = document.as_item();
    for key in path {
        let inner = match key.parse::<usize>() {
            Ok(place) if here.is_array() || here.is_array_of_tables() => here.get(place),
            _ => here.get(key.as_str()),
        };
        here = inner.ok_or_else(|| absent(path))?;
    }
    let not = |what| EditError::Not { key: path.join("."), what };
    let value = match here.as_value() {
        Some(toml_edit::Value::String(value)) => value.value().clone(),
        Some(toml_edit::Value::Array(_)) => return Err(not("a list")),
        Some(toml_edit::Value::InlineTable(_)) | None => return Err(not("a map")),
        Some(other) => other.span().map(|range| text[range].to_owned()).unwrap_or_default(),
    };
    let range = here.span().ok_or_else(|| absent(path))?;
    Ok(ValueSpan { range, value })
}

/// The last line of a name counts, as it does for shells.
fn in_env(text: &str, path: &[String]) -> Result<ValueSpan, EditError> {
    let [name] = path else { return Err(absent(path)) };
    let mut found = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let bare = line.trim_start();
        let bare = bare.strip_prefix("export ").map_or(bare, str::trim_start);
        let Some((_, rest)) = bare.split_once('=').filter(|(key, _)| key.trim_end() == name) else { continue };
        let behind = start + line.len() - rest.len();
        let from = start + line.len() - rest.trim_start_matches([' ', '\t']).len();
        let rest = text[from..offset].trim_end_matches(['\n', '\r']);
        let (length, value) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => match rest[1..].find(quote) {
                Some(end) => (end + 2, rest[1..=end].to_owned()),
                None => {
                    let problem = format!("the quote of `{name}` is not closed on its line");
                    return Err(EditError::Syntax { format: FileFormat::Env.name(), problem });
                }
            },
            _ => {
                // A comment begins with a `#` behind a blank, also where there is no value before it.
                let after_blank = |place: usize| text[behind..from + place].ends_with([' ', '\t']);
                let end = rest.match_indices('#').find(|(place, _)| after_blank(*place)).map_or(rest.len(), |(place, _)| place);
                let value = rest[..end].trim_end();
                (value.len(), value.to_owned())
            }
        };
        // What is empty is filled in directly behind the `=`, so that blanks and comment stay what they are.
        let from = if length == 0 { behind } else { from };
        found = Some(ValueSpan { range: from..from + length, value });
    }
    found.ok_or_else(|| absent(path))
}

/// JSON's quotes and escapes are also those of YAML and of TOML's basic strings.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// In the quotes of the old value; without them only what nobody could take for something else.
pub(super) fn yaml_like(old: &str, new: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
    let inner = |c: char| plain(c) || c == ':' || c == '@' || c == '%';
    let is_plain = new.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '_' | '+'))
        && new.chars().all(inner)
        && !new.ends_with(':');
    match old.chars().next() {
        Some('\'') if !new.contains('\n') => format!("'{}'", new.replace('\'', "''")),
        Some('"' | '\'' | '|' | '>') => quoted(new),
        _ if is_plain || new.parse::<f64>().is_ok() => new.to_owned(),
        _ => quoted(new),
    }
}

/// In the quotes of the old value; in double ones where it needs some. `None` where no quotes could hold it.
pub(super) fn env_like(old: &str, new: &str) -> Option<String> {
    let plain = !new.is_empty() && new.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c));
    let holds = |quote: char| !new.contains([quote, '\n', '\r']) && (quote == '\'' || !new.contains(['\\', '$', '`']));
    let quote = match old.chars().next() {
        Some(quote @ ('"' | '\'')) if holds(quote) => quote,
        _ if plain => return Some(new.to_owned()),
        _ => ['"', '\''].into_iter().find(|quote| holds(*quote))?,
    };
    Some(format!("{quote}{new}{quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(key: &str) -> Vec<String> {
        key.split('.').map(str::to_owned).collect()
    }

    /// Replaces, asserts that only the value's bytes changed, and that the old ones come back exactly.
    #[track_caller]
    fn switch(format: FileFormat, text: &str, key: &str, new: &str, old_bytes: &str, new_bytes: &str) {
        let (edited, old) = format.replaced(text, &path(key), new).unwrap();
        assert_eq!(old, old_bytes);
        let place = format.find(text, &path(key)).unwrap();
        assert_eq!(edited, format!("{}{new_bytes}{}", &text[..place.range.start], &text[place.range.end..]));
        assert_eq!(format.restored(&edited, &path(key), &old).unwrap(), text);
    }

    #[test]
    fn yaml_keeps_its_comments_quotes_and_blanks() {
        let text = "# gateway é\nrouter:\n  primary:   azure   # was: openai\n  list: [ 'a b', \"c\" ,d]\n  port: 8080\nlast: x\n";
        switch(FileFormat::Yaml, text, "router.primary", "bedrock", "azure", "bedrock");
        switch(FileFormat::Yaml, text, "router.primary", "it's: #1", "azure", "\"it's: #1\"");
        switch(FileFormat::Yaml, text, "router.list.0", "it's", "'a b'", "'it''s'");
        switch(FileFormat::Yaml, text, "router.list.1", "say \"x\"", "\"c\"", "\"say \\\"x\\\"\"");
        switch(FileFormat::Yaml, text, "router.list.2", "e", "d", "e");
        switch(FileFormat::Yaml, text, "router.port", "9090", "8080", "9090");
        switch(FileFormat::Yaml, text, "last", "https://h:1/v1", "x", "https://h:1/v1");
        let absent = FileFormat::Yaml.replaced(text, &path("router.second"), "x").unwrap_err();
        assert_eq!(absent.to_string(), "there is no value at `router.second`");
        assert_eq!(FileFormat::Yaml.replaced(text, &path("router"), "x").unwrap_err().to_string(), "`router` is a map, not one value");
        assert!(FileFormat::Yaml.replaced("a: &x 1\nb: *x\n", &path("b"), "2").unwrap_err().to_string().contains("an alias"));
    }

    #[test]
    fn json_keeps_its_layout_and_its_kinds() {
        let text = "{\n\t\"a\" : { \"primary\": \"azure\\u0021\", \"n\":[1 , 2.5e3,true]}\r\n}\n";
        switch(FileFormat::Json, text, "a.primary", "be\"d", "\"azure\\u0021\"", "\"be\\\"d\"");
        switch(FileFormat::Json, text, "a.n.1", "7", "2.5e3", "7");
        switch(FileFormat::Json, text, "a.n.2", "false", "true", "false");
        assert!(FileFormat::Json.replaced(text, &path("a.n.0"), "seven").unwrap_err().to_string().contains("cannot stand where"));
        assert!(FileFormat::Json.find("{", &path("a")).is_err());
    }

    #[test]
    fn toml_and_env_keep_everything_else() {
        let text = "# top\n[gateway] # here\nprimary = 'azure' # now\nport=80\n[[pool]]\nname = \"a\"\n";
        switch(FileFormat::Toml, text, "gateway.primary", "bedrock", "'azure'", "\"bedrock\"");
        switch(FileFormat::Toml, text, "gateway.port", "81", "80", "81");
        switch(FileFormat::Toml, text, "pool.0.name", "b", "\"a\"", "\"b\"");
        assert!(FileFormat::Toml.replaced(text, &path("gateway.port"), "eighty").is_err());
        let text = "# keys\nexport PRIMARY=azure # note\r\nKEY='a b'\n  SPACED = \"x\"  \nEMPTY=\nPRIMARY2=z\n";
        switch(FileFormat::Env, text, "PRIMARY", "bedrock", "azure", "bedrock");
        switch(FileFormat::Env, text, "PRIMARY", "two words", "azure", "\"two words\"");
        switch(FileFormat::Env, text, "KEY", "c d", "'a b'", "'c d'");
        switch(FileFormat::Env, text, "SPACED", "y", "\"x\"", "\"y\"");
        switch(FileFormat::Env, text, "EMPTY", "full", "", "full");
        for (text, old, edited) in [
            ("MODE= # normal\n", "", "MODE=safe # normal\n"),
            ("MODE=\t# normal\r\n", "", "MODE=safe\t# normal\r\n"),
            ("MODE=#1\n", "#1", "MODE=safe\n"),
            ("MODE= a\t# b\n", "a", "MODE= safe\t# b\n"),
            ("MODE=  ", "", "MODE=safe  "),
        ] {
            switch(FileFormat::Env, text, "MODE", "safe", old, "safe");
            assert_eq!(FileFormat::Env.replaced(text, &path("MODE"), "safe").unwrap().0, edited, "{text:?}");
        }
        let text = "# keys\nKEY='a b'\n";
        assert!(FileFormat::Env.replaced(text, &path("KEY"), "a'b\"c").is_err());
        assert!(FileFormat::Env.find(text, &path("PRIM")).is_err());
    }

    proptest! {
        /// Whatever is in the file and whatever is written: nothing panics, and the old bytes come back exactly.
        #[test]
        fn every_text_is_refused_or_edited_and_restored(text in "\\PC{0,80}", new in "\\PC{0,20}", key in 0..4_usize) {
            let texts = [
                text.clone(),
                format!("# c\na: {text} \nb: x # y\n"),
                format!("a = {text}\nb = \"x\" # y\n"),
                format!("{{\"a\": {text}, \"b\" : \"x\"}}"),
            ];
            for format in [FileFormat::Yaml, FileFormat::Json, FileFormat::Toml, FileFormat::Env] {
                for text in &texts {
                    let path = path(["a", "b", "a.0", "b.c"][key]);
                    if let Ok((edited, old)) = format.replaced(text, &path, &new) {
                        prop_assert_eq!(&format.find(&edited, &path).unwrap().value, &new);
                        prop_assert_eq!(&format.restored(&edited, &path, &old).unwrap(), text);
                    }
                }
            }
        }
    }
}
