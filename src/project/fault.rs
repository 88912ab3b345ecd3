//! Faults: `{blackhole: {}}`, `{status: {code: 503}}`, or the bare word where nothing needs saying. Those on requests and answers also take
//! `probability`, `only`, `match` and `shape` beside their own settings.
//!
//! What this file does not do: know a fault. Which there are, and which settings each has, is declared in the room `fault`.

use super::aim;
use super::fields::MapFields;
use super::reader::TreeReader;
use super::tree::{Node, NodeKind};
use super::vocabulary::{meant, pick};
use crate::fault::{kind_of, words};
use crate::model::{Aim, Attribute, Fault, FaultKind, Setting, SettingKind, Settings};
use crate::units::{ByteRate, Duration, Money, Rate};

/// The largest rate limit, a minute.
const MOST_A_MINUTE: f64 = 1e9;

/// Reads one fault, and which requests it takes.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node) -> Option<(Fault, Aim)> {
    let nothing = Node { kind: NodeKind::Map(Vec::new()), spot: node.spot };
    match &node.kind {
        NodeKind::Text(word) => of_word(reader, word, node, &nothing),
        NodeKind::Map(entries) if entries.len() == 1 => {
            let (key, value) = &entries[0];
            let named = Node { kind: NodeKind::Text(key.text.clone()), spot: key.spot };
            of_word(reader, &key.text, &named, if value.kind == NodeKind::Nothing { &nothing } else { value })
        }
        _ => {
            let usual = || "write `{blackhole: {}}` or `{status: {code: 503}}`".into();
            reader.error(node.spot, "a fault is one word with its settings", of_type(node).unwrap_or_else(usual));
            None
        }
    }
}

/// `{type: latency, latency: 2s}`, as other tools write it, in the form that is read here.
fn of_type(node: &Node) -> Option<String> {
    let word = ["type", "kind", "name", "fault", "toxic"].iter().find_map(|key| node.at(&[key])?.as_text())?;
    let word = meant(word, words())?;
    let settings = kind_of(word).and_then(FaultKind::main).map(|main| {
        let given = node.at(&[main.name]).and_then(Node::as_text).unwrap_or(main.example);
        format!("{}: {given}", main.name)
    });
    Some(format!("write `{{{word}: {{{}}}}}`", settings.unwrap_or_default()))
}

fn of_word(reader: &TreeReader<'_>, word: &str, named: &Node, settings: &Node) -> Option<(Fault, Aim)> {
    let Some(kind) = kind_of(word) else {
        reader.error(named.spot, format!("`{word}` is not a fault"), pick(word, words()));
        return None;
    };
    if let NodeKind::Text(text) = &settings.kind {
        reader.error(settings.spot, format!("the settings of `{word}` are expected here, not a text"), in_settings(kind, word, text));
        return None;
    }
    let fields = reader.fields(settings, "this fault")?;
    let fault = of_kind(&fields, kind, named);
    let aim = if fault.is_none() || kind.needs_http() { aim::read(&fields) } else { Aim::default() };
    if !kind.needs_http() {
        aim::unlimited(&fields, kind);
    }
    fields.finish();
    Some((fault?, aim))
}

/// A text in the place of settings, as the setting that was meant.
fn in_settings(kind: &FaultKind, word: &str, text: &str) -> String {
    let Some(main) = kind.main() else { return format!("write `{{{word}: {{}}}}`") };
    // `{latency: 1000}` is in milliseconds where that is how faults are written.
    let is_bare = main.kind == SettingKind::Time && main.required && text.parse::<u64>().is_ok();
    format!("write `{{{word}: {{{}: {text}{}}}}}`", main.name, if is_bare { "ms" } else { "" })
}

/// The fault of this kind with its settings; `None` where one is missing that must be there.
fn of_kind(fields: &MapFields<'_>, kind: &'static FaultKind, named: &Node) -> Option<Fault> {
    let (mut settings, mut is_sound, mut is_whole) = (Vec::new(), true, true);
    for attribute in kind.attributes {
        let read = |reader: &TreeReader<'_>, node: &Node| setting(reader, node, attribute);
        let given = if attribute.required { fields.required(attribute.name, &read) } else { fields.optional(attribute.name, &read) };
        is_whole &= given.is_some() || !attribute.required;
        is_sound &= given.is_some() || fields.has_none(&[attribute.name]);
        settings.push(given.or_else(|| attribute.default.filter(|_| !attribute.required).map(|default| default())));
    }
    let fault = Fault::new(kind, Settings(settings));
    if let Some(mistake) = (kind.mistake)(fault.settings()).filter(|_| is_sound && is_whole) {
        let spot = mistake.setting.and_then(|name| fields.raw(name)).map_or(named.spot, |(_, node)| node.spot);
        fields.reader.error(spot, mistake.message, mistake.hint);
    }
    is_whole.then_some(fault)
}

/// One setting, as its declaration says.
fn setting(reader: &TreeReader<'_>, node: &Node, attribute: &Attribute) -> Option<Setting> {
    match attribute.kind {
        SettingKind::Whole { least, most } => reader.number(node, least, most).map(Setting::Whole),
        SettingKind::AMinute => a_minute(reader, node).map(Setting::Whole),
        SettingKind::Time | SettingKind::Seconds => reader.quantity::<Duration>(node).map(Setting::Time),
        SettingKind::SomeTime(least) => reader.time(node).map(|time| Setting::Time(time.max(least))),
        SettingKind::Rate => reader.quantity::<Rate>(node).map(Setting::Rate),
        SettingKind::Bytes => reader.quantity::<ByteRate>(node).map(|rate| Setting::Whole(rate.as_bytes_per_second())),
        SettingKind::Word(words) => {
            let known = |text: &str| words.iter().copied().find(|word| *word == text);
            reader.word(node, words, known).map(Setting::Word)
        }
        SettingKind::Url => reader.url(node).map(Setting::Text),
        SettingKind::Factor { least, most } => factor(reader, node, least, most).map(Setting::Whole),
        SettingKind::Money => money(reader, node).map(Setting::Whole),
    }
}

/// How many times as much, in thousandths.
fn factor(reader: &TreeReader<'_>, node: &Node, least: u64, most: u64) -> Option<u64> {
    let text = reader.text(node)?;
    let factor =
        text.parse::<f64>().ok().map(|factor| (factor * 1e3).round()).filter(|factor| (least as f64..=most as f64).contains(factor));
    if factor.is_none() {
        let (least, most) = (least as f64 / 1e3, most as f64 / 1e3);
        reader.error(
            node.spot,
            format!("`{text}` is not a factor from {least} to {most}"),
            "write how many times as much, for example `1.5`",
        );
    }
    factor.map(|factor| factor as u64)
}

/// An amount above nothing, in billionths of a dollar.
fn money(reader: &TreeReader<'_>, node: &Node) -> Option<u64> {
    let money = reader.quantity::<Money>(node)?;
    if money == Money::ZERO {
        reader.error(node.spot, "an amount is more than nothing here", "write US dollars, for example `0.10 USD`");
        return None;
    }
    Some(money.as_nanos())
}

/// How many a minute.
pub(super) fn a_minute(reader: &TreeReader<'_>, node: &Node) -> Option<u64> {
    let rate = (reader.quantity::<Rate>(node)?.as_per_second() * 60.0).round();
    if !(1.0..=MOST_A_MINUTE).contains(&rate) {
        reader.error(node.spot, "a limit is from 1 to a billion a minute", "write a rate such as `60/min`");
        return None;
    }
    Some(rate as u64)
}
