//! The configuration of an environment's gateway, as a file of the project:
//!
//! ```yaml
//! configuration: {litellm: gateway/config.yaml}
//! ```
//!
//! What this file does not do: read it; `gateway` does.

use super::document::SourceDocument;
use super::finding::Finding;
use super::inside::{self, NamedFile};
use super::reader::TreeReader;
use super::source::{SourceText, Spot};
use super::tree::Node;
use crate::model::{Environment, GatewayConfiguration, GatewayKind};
use std::path::Path;

/// Reads it.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<GatewayConfiguration> {
    let fields = reader.fields(node, "a gateway's configuration")?;
    let files = [
        (GatewayKind::LiteLlm, fields.optional("litellm", &|reader, node| reader.words(node))),
        (GatewayKind::Portkey, fields.optional("portkey", &|reader, node| reader.words(node))),
        (GatewayKind::Envoy, fields.optional("envoy", &|reader, node| reader.words(node))),
        (GatewayKind::HaProxy, fields.optional("haproxy", &|reader, node| reader.words(node))),
        (GatewayKind::Nginx, fields.optional("nginx", &|reader, node| reader.words(node))),
    ];
    let mut found = files.into_iter().filter_map(|(kind, file)| file.map(|file| GatewayConfiguration { kind, file }));
    let (first, second) = (found.next(), found.next());
    if first.is_none() && node.is_map() {
        reader.error(node.spot, "this names no gateway's configuration", "write `configuration: {litellm: gateway/config.yaml}`");
    }
    if second.is_some() {
        reader.error(node.spot, "an environment has one gateway", "keep the configuration of the one that users reach first");
    }
    fields.finish();
    first
}

/// What is wrong with the file that it names.
pub(super) fn there(document: &SourceDocument, root: &Path, id: &str, environment: &Environment) -> Option<Finding> {
    let GatewayConfiguration { kind, file } = environment.configuration.as_ref()?;
    let named = inside::named(root, file);
    let wrong = inside::wrong(&named, "configuration", file).map(|(message, hint)| (message, hint.to_owned()));
    let absent = || {
        let hint = format!("write the path of the file that {} is started with, from the project's root", kind.name());
        matches!(named, NamedFile::Absent).then(|| (format!("there is no configuration `{file}`"), hint))
    };
    let (message, hint) = wrong.or_else(absent)?;
    Some(document.error(&["environments", id, "configuration", kind.word()], message, hint))
}

impl Finding {
    /// A warning at a line of a gateway's configuration, from 1; 0 is the file as a whole.
    pub fn of_configuration(path: &str, text: &str, line: usize, message: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
        let said = line.checked_sub(1).and_then(|index| text.lines().nth(index));
        let Some(said) = said else { return Self::of_file(path, message, hint).warning() };
        let indent = said.chars().take_while(|letter| letter.is_whitespace()).count();
        let offset = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let source = SourceText { path: path.to_owned(), text: text.to_owned() };
        let spot = Spot { line, column: indent + 1, length: said.trim().chars().count().max(1), offset };
        source.error(spot, message, hint).warning()
    }

    /// An error of a gateway's configuration as a whole.
    pub fn unreadable_configuration(path: &str, message: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
        Self::of_file(path, message, hint)
    }
}
