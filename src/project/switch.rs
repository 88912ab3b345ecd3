//! What a `switch` changes: one value of a file, of one document of several in a file, or of a Kubernetes object.

use super::edit::FileFormat;
use super::fields::MapFields;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use crate::model::{DocumentSelector, KeyChange, KubernetesObject, StoreKind, Switch, Within};
use std::path::Path;

/// `{file: gateway.yaml, key: router.primary, to: …}` or `{kubernetes: NAMESPACE/KIND/NAME, key: …, to: …}`, in place of `to` also `add: …` or
/// `remove: true`; a key with points in it is written as a list.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<Switch> {
    let fields = reader.fields(node, "a switch")?;
    let within = match fields.exactly_one(&["file", "kubernetes"]) {
        Some("file") => file(&fields),
        Some(_) => {
            let object = fields.optional("kubernetes", &object);
            let store = fields.optional("store", &|reader, node| reader.name(node));
            let store = store.unwrap_or_else(|| StoreKind::Kubernetes.word().to_owned());
            object.map(|object| Within::Kubernetes { store, object })
        }
        None => None,
    };
    let key = fields.required("key", &|reader, node| match &node.kind {
        NodeKind::List(_) => reader.list(node, &|reader, node| reader.text(node)),
        _ => reader.words(node).map(|key| key.split('.').map(str::to_owned).collect()),
    });
    let change = change(&fields);
    let in_place = fields.optional("in_place", &|reader, node| reader.truth(node)).unwrap_or_default();
    if let (true, Some(Within::Kubernetes { .. }), Some((key, _))) = (in_place, &within, fields.raw("in_place")) {
        fields.reader.error(key.spot, "only a file is written in place", "take `in_place` away");
    }
    if let (Some(key), Some(Within::File { document: Some(DocumentSelector::Where(values)), .. })) = (&key, &within)
        && values.contains_key(&key.join("."))
    {
        let message = format!("the document is found by its `{}`, which is then another", key.join("."));
        fields.reader.error(fields.spot, message, "find it by another value, or by its place, `document: 2`");
    }
    fields.finish();
    let (change, to) = change?;
    Some(Switch { within: within?, key: key?, to, change, in_place })
}

/// What becomes of the key, and its new value.
fn change(fields: &MapFields<'_>) -> Option<(KeyChange, String)> {
    let value = |name| fields.optional(name, &|reader, node| reader.text(node));
    match fields.exactly_one(&["to", "add", "remove"])? {
        "to" => Some((KeyChange::Set, value("to")?)),
        "add" => Some((KeyChange::Add, value("add")?)),
        _ => {
            let removes = fields.optional("remove", &|reader, node| reader.truth(node))?;
            if let (false, Some((key, _))) = (removes, fields.raw("remove")) {
                fields.reader.error(key.spot, "a switch changes something", "write `remove: true`, or `to:` or `add:` with a value");
            }
            removes.then(|| (KeyChange::Remove, String::new()))
        }
    }
}

fn file(fields: &MapFields<'_>) -> Option<Within> {
    let file = fields.optional("file", &|reader, node| {
        let file = reader.words(node)?;
        let known = file.contains("${") || FileFormat::of(Path::new(&file)).is_some();
        if !known {
            reader.error(node.spot, format!("`{file}` cannot be switched"), "name a .yaml, .yml, .json, .toml or .env file");
        }
        known.then_some(file)
    });
    let number = fields.optional("document", &|reader, node| reader.number(node, 1, u64::MAX)).map(DocumentSelector::Number);
    let values = fields.optional("where", &|reader, node| {
        let values = reader.texts(node)?;
        if values.is_empty() {
            reader.error(node.spot, "this finds no document", "write values that only it has, for example `{kind: ConfigMap}`");
            return None;
        }
        Some(DocumentSelector::Where(values))
    });
    let several = [fields.raw("document"), fields.raw("where")];
    if let [Some((_, _)), Some((key, _))] = several {
        fields.reader.error(key.spot, "a document is found by its place or by its values", "take `document` or `where` away");
    }
    let document = number.or(values);
    let other = file.as_ref().is_some_and(|file| !file.contains("${") && FileFormat::of(Path::new(file)) != Some(FileFormat::Yaml));
    if let Some((key, _)) = several.into_iter().flatten().next().filter(|_| other) {
        fields.reader.error(key.spot, "only a YAML file has several documents", format!("take `{}` away", key.text));
    }
    Some(Within::File { file: file?, document })
}

/// `NAMESPACE/KIND/NAME`.
fn object(reader: &TreeReader<'_>, node: &Node) -> Option<KubernetesObject> {
    let text = reader.text(node)?;
    let object = KubernetesObject::parse(&text);
    if object.is_none() {
        let kinds: Vec<&str> = KubernetesObject::kinds().collect();
        let hint = format!(
            "write `NAMESPACE/KIND/NAME` with {}, or a kind as `RESOURCE.VERSION.GROUP`; keys in Secrets are for `rotate`",
            kinds.join(", ")
        );
        reader.error(node.spot, format!("`{text}` is not an object that can be switched"), hint);
    }
    object
}
