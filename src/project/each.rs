//! `for_each`: a step, or an include, once for each item of a list. It is written out before it is read, so that whoever walks the runbook
//! knows only steps: `Drain: eu`, `Drain: us`.

use super::parameter::fill;
use super::reader::TreeReader;
use super::tree::{Key, Node, NodeKind};
use super::vocabulary::pick;
use crate::model::Inventory;
use std::collections::BTreeMap;

/// The most items.
const ITEMS_MAX: usize = 100;
/// The lists of the inventory that may be named.
const LISTS: [&str; 4] = ["providers", "services", "standbys", "credentials"];

/// Writes out the steps of a runbook that stand for several. `path` is the runbook's from the project's root.
pub(super) fn write_out(reader: &TreeReader<'_>, root: &mut Node, inventory: Option<&Inventory>, path: &str) {
    let NodeKind::Map(entries) = &mut root.kind else { return };
    let Some((_, Node { kind: NodeKind::List(steps), .. })) = entries.iter_mut().find(|(key, _)| key.text == "steps") else { return };
    let mut all = Vec::new();
    for step in std::mem::take(steps) {
        match &step.kind {
            NodeKind::Map(keys) if keys.iter().any(|(key, _)| key.text == "for_each") => {
                all.extend(each(reader, &step, inventory, path).unwrap_or_else(|| vec![without(&step)]));
            }
            _ => all.push(step),
        }
    }
    *steps = all;
}

/// A step without what says how often.
fn without(step: &Node) -> Node {
    let NodeKind::Map(entries) = &step.kind else { return step.clone() };
    let kept = entries.iter().filter(|(key, _)| !matches!(key.text.as_str(), "for_each" | "at_most"));
    Node { kind: NodeKind::Map(kept.cloned().collect()), spot: step.spot }
}

fn each(reader: &TreeReader<'_>, step: &Node, inventory: Option<&Inventory>, path: &str) -> Option<Vec<Node>> {
    let list = step.at(&["for_each"])?;
    let items = items(reader, list, inventory, path)?;
    let at_once = match step.at(&["at_most"]) {
        Some(node) => usize::try_from(reader.count(node, 1)?).ok()?,
        None => 1,
    };
    let several = ["include", "parallel", "stop_here"].into_iter().find(|key| step.at(&[key]).is_some());
    if let (Some(key), true) = (several, at_once > 1) {
        reader.error(list.spot, format!("`{key}` cannot be done several times at once"), "take `at_most` away");
    }
    let one = without(step);
    let name = step.at(&["name"]).and_then(Node::as_text).unwrap_or_default().to_owned();
    let named = |item: &str, name: String| {
        let mut copy = one.clone();
        fill(&mut copy, &BTreeMap::from([("each".to_owned(), item.to_owned())]));
        rename(&mut copy, name);
        copy
    };
    // Where the name says which one it is, it needs nothing more.
    let full = |item: &str| if name.contains("${each}") { name.replace("${each}", item) } else { format!("{name}: {item}") };
    if at_once == 1 || several.is_some() {
        return Some(items.iter().map(|item| named(item, full(item))).collect());
    }
    let group = name.replace("${each}", "each");
    let key = |text: &str| Key { text: text.to_owned(), spot: list.spot };
    let of = |kind| Node { kind, spot: step.spot };
    let groups = items.chunks(at_once).map(|some| {
        let steps = some.iter().map(|item| named(item, item.clone())).collect();
        of(NodeKind::Map(vec![(key("name"), of(NodeKind::Text(group.clone()))), (key("parallel"), of(NodeKind::List(steps)))]))
    });
    Some(groups.collect())
}

fn rename(step: &mut Node, name: String) {
    let NodeKind::Map(entries) = &mut step.kind else { return };
    if let Some((_, node)) = entries.iter_mut().find(|(key, _)| key.text == "name") {
        node.kind = NodeKind::Text(name);
    }
}

/// A list, or the name of one of the inventory.
fn items(reader: &TreeReader<'_>, node: &Node, inventory: Option<&Inventory>, path: &str) -> Option<Vec<String>> {
    let NodeKind::Text(name) = &node.kind else {
        let items = reader.list(node, &|reader, node| reader.words(node))?;
        if items.len() > ITEMS_MAX {
            reader.error(
                node.spot,
                format!("this list has {} items, and may have {ITEMS_MAX}", items.len()),
                "write a program for so many",
            );
            return None;
        }
        if let Some(twice) = items.iter().enumerate().find_map(|(place, item)| items[..place].contains(item).then_some(item)) {
            reader.error(node.spot, format!("`{twice}` stands in this list twice"), "take one of them away");
            return None;
        }
        return (!items.is_empty()).then_some(items);
    };
    if !LISTS.contains(&name.as_str()) {
        let hint = format!("{}; or a list of your own, `[eu, us]`", pick(name, LISTS.into_iter()));
        reader.error(node.spot, format!("`{name}` is not a list of the inventory"), hint);
        return None;
    }
    // What could not be read is told of elsewhere.
    let inventory = inventory?;
    let all: Vec<String> = match name.as_str() {
        "providers" => inventory.providers.keys().cloned().collect(),
        "services" => inventory.services.keys().cloned().collect(),
        "credentials" => inventory.credentials.keys().cloned().collect(),
        _ => {
            let is_named = inventory.services.values().any(|service| service.runbook.as_deref() == Some(path));
            let own = inventory.services.values().filter(|service| !is_named || service.runbook.as_deref() == Some(path));
            let mut all: Vec<String> = own.flat_map(|service| service.providers.iter().skip(1).cloned()).collect();
            all.sort();
            all.dedup();
            all
        }
    };
    if all.is_empty() {
        reader.error(node.spot, format!("the inventory has no {name}"), "declare one, or write a list of your own");
        return None;
    }
    Some(all)
}
