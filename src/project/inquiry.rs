//! What a runbook waits for by asking somebody itself: `{promql: …, above: 0.99}`, `{tcp: "db:5432", in_a_row: 3}`.

use super::command;
use super::fields::MapFields;
use super::http_call;
use super::reader::TreeReader;
use super::tree::{Key, Node};
use super::vocabulary::listed;
use crate::model::{Inquiry, InquiryGoal, InquirySource, KubernetesObject, StoreKind};
use crate::units::Duration;
use regex::Regex;

/// Who may be asked.
pub(super) const SOURCES: [&str; 6] = ["run", "http", "promql", "dns", "tcp", "kubernetes"];
/// What their answers may have to be, and of whom that can be said.
const GOALS: [(&str, &[&str]); 12] = [
    ("succeeds", &["run", "http", "dns", "tcp"]),
    ("fails", &["run", "http", "dns", "tcp"]),
    ("exits", &["run"]),
    ("prints", &["run"]),
    ("matches", &["run", "http", "kubernetes"]),
    ("is", &["run", "http", "promql", "dns", "kubernetes"]),
    ("is_not", &["run", "http", "promql", "kubernetes"]),
    ("above", &["run", "http", "promql", "kubernetes"]),
    ("below", &["run", "http", "promql", "kubernetes"]),
    ("returns", &["promql"]),
    ("has", &["dns"]),
    ("condition", &["kubernetes"]),
];
/// What else may stand beside it.
const BESIDES: [(&str, &[&str]); 6] = [
    ("json", &["run", "http", "kubernetes"]),
    ("prometheus", &["promql"]),
    ("store", &["kubernetes"]),
    ("in_a_row", &SOURCES),
    ("every", &SOURCES),
    ("timeout", &SOURCES),
];
/// What a program prints would be looked for in the whole output anyway.
const OF_A_VALUE: [&str; 5] = ["matches", "is", "is_not", "above", "below"];

/// The keys that only go with somebody who is asked; `fails` and `succeeds` are of the traffic too.
fn own() -> impl Iterator<Item = &'static str> {
    GOALS.iter().skip(2).chain(&BESIDES).map(|(key, _)| *key)
}

/// Keys that go with nobody, because nobody is asked.
pub(super) fn none_of_it(fields: &MapFields<'_>) {
    let strays: Vec<&(Key, Node)> = own().filter_map(|key| fields.raw(key)).collect();
    if let Some((key, _)) = strays.first() {
        let hint = format!("say who is asked: {}", listed(SOURCES.into_iter()));
        fields.reader.error(key.spot, format!("`{}` is of an answer, and nobody is asked", key.text), hint);
    }
}

/// Reads what is asked of `word`, which is one of [`SOURCES`].
pub(super) fn read(fields: &MapFields<'_>, word: &'static str) -> Option<Inquiry> {
    let source = source(fields, word);
    let json = fields.optional("json", &|reader, node| reader.words(node));
    let given = goals(fields, word);
    let (mut expects, mut in_a_row) = (InquiryGoal::Good, None);
    if let Some(key) = given.first().copied() {
        if matches!(key, "succeeds" | "fails") {
            expects = if key == "fails" { InquiryGoal::Bad } else { InquiryGoal::Good };
            in_a_row = fields.optional(key, &super::condition::in_a_row);
        } else {
            expects = goal(fields, word, key)?;
        }
        if json.is_some() && !OF_A_VALUE.contains(&key) {
            let message = format!("`{key}` is of the whole answer, and `json` names a value in it");
            fields.reader.error(fields.spot, message, format!("take one of them away, or write {}", listed(OF_A_VALUE.into_iter())));
        }
        if word == "kubernetes" && json.is_none() && OF_A_VALUE.contains(&key) {
            let hint = format!("add the path of the value, for example `json: status.readyReplicas, {key}: …`");
            fields.reader.error(fields.spot, format!("`{key}` needs a value of the object"), hint);
        }
    }
    if let (Some(_), Some((key, _))) = (in_a_row, fields.raw("in_a_row")) {
        fields.reader.error(key.spot, "how many in a row is said twice", "take `in_a_row` away");
    }
    let in_a_row = fields.optional("in_a_row", &|reader, node| reader.count(node, 1)).or(in_a_row).unwrap_or(1);
    let (every, timeout) = usual(word);
    let every = fields.optional("every", &|reader, node| reader.time(node)).unwrap_or(every);
    let timeout = fields.optional("timeout", &|reader, node| reader.time(node)).unwrap_or(timeout);
    Some(Inquiry { of: source?, json, expects, in_a_row, every, timeout })
}

/// How often, and how long one try may take, where nothing is said.
const fn usual(word: &str) -> (Duration, Duration) {
    match word.as_bytes() {
        b"run" => (Duration::from_secs(5), Duration::from_secs(30)),
        b"promql" | b"kubernetes" => (Duration::from_secs(5), Duration::from_secs(10)),
        _ => (Duration::from_secs(1), Duration::from_secs(2)),
    }
}

/// The goals that are there and may be; at most one is used.
fn goals(fields: &MapFields<'_>, word: &'static str) -> Vec<&'static str> {
    let may = |key: &str| GOALS.iter().chain(&BESIDES).any(|(known, of)| *known == key && of.contains(&word));
    let mut found = Vec::new();
    for key in GOALS.iter().chain(&BESIDES).map(|(key, _)| *key) {
        let Some((at, _)) = fields.raw(key) else { continue };
        if may(key) {
            found.push((key, at));
            continue;
        }
        let known = GOALS.iter().chain(&BESIDES).filter(|(_, of)| of.contains(&word)).map(|(key, _)| *key);
        fields.reader.error(at.spot, format!("`{key}` does not go with `{word}`"), format!("beside `{word}` may stand {}", listed(known)));
    }
    found.retain(|(key, _)| GOALS.iter().any(|(goal, _)| goal == key));
    if let [(first, _), (second, at), ..] = &found[..] {
        let message = format!("`{first}` and `{second}` are two goals, and there may be one");
        fields.reader.error(at.spot, message, format!("take `{first}` or `{second}` away, or write two steps"));
    }
    found.into_iter().map(|(key, _)| key).collect()
}

fn source(fields: &MapFields<'_>, word: &'static str) -> Option<InquirySource> {
    match word {
        "run" => fields.optional(word, &command::read).map(InquirySource::Run),
        "http" => fields.optional(word, &http_call::read).map(InquirySource::Http),
        "promql" => {
            let query = fields.optional(word, &|reader, node| reader.words(node));
            let prometheus = fields.optional("prometheus", &|reader, node| reader.url(node));
            query.map(|query| InquirySource::Promql { query, prometheus })
        }
        "dns" => fields.optional(word, &|reader, node| reader.words(node)).map(InquirySource::Dns),
        "tcp" => fields.optional(word, &address).map(InquirySource::Tcp),
        _ => {
            let object = fields.optional(word, &object);
            let store = fields.optional("store", &|reader, node| reader.name(node));
            let store = store.unwrap_or_else(|| StoreKind::Kubernetes.word().to_owned());
            object.map(|object| InquirySource::Kubernetes { store, object })
        }
    }
}

fn goal(fields: &MapFields<'_>, word: &'static str, key: &'static str) -> Option<InquiryGoal> {
    let text = |reader: &TreeReader<'_>, node: &Node| reader.text(node);
    match key {
        "exits" => {
            let code = fields.optional(key, &|reader, node| reader.number(node, 0, 255));
            code.and_then(|code| u8::try_from(code).ok()).map(InquiryGoal::Exits)
        }
        "prints" => fields.optional(key, &|reader, node| reader.words(node)).map(InquiryGoal::Contains),
        // With a variable in it, only its value tells.
        "matches" => fields
            .optional(key, &|reader, node| {
                let is_open = node.as_text().is_some_and(|text| text.contains("${"));
                if is_open { reader.words(node) } else { pattern(reader, node) }
            })
            .map(InquiryGoal::Matches),
        "is" if word == "dns" => fields.optional(key, &ip).map(InquiryGoal::Is),
        "has" => fields.optional(key, &ip).map(InquiryGoal::Contains),
        "is" => fields.optional(key, &text).map(InquiryGoal::Is),
        "is_not" => fields.optional(key, &text).map(InquiryGoal::IsNot),
        "above" => fields.optional(key, &number).map(InquiryGoal::Above),
        "below" => fields.optional(key, &number).map(InquiryGoal::Below),
        "returns" => fields.optional(key, &|reader, node| {
            reader.word(node, &["something", "nothing"], |word| match word {
                "something" => Some(InquiryGoal::Something),
                "nothing" => Some(InquiryGoal::Nothing),
                _ => None,
            })
        }),
        _ => fields.optional(key, &|reader, node| reader.words(node)).map(InquiryGoal::Condition),
    }
}

/// A regular expression, as it was written.
pub(super) fn pattern(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.words(node)?;
    // What a parameter or a step gives is known only when it is walked.
    let given = text.contains("${");
    if let Some(error) = Regex::new(&text).err().filter(|_| !given) {
        let told = error.to_string();
        let why = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
        reader.error(
            node.spot,
            format!("this is no regular expression: {why}"),
            "write for example `\"[a-z0-9.-]+\"`, with a `\\` before a point that is meant as one",
        );
        return None;
    }
    Some(text)
}

fn number(reader: &TreeReader<'_>, node: &Node) -> Option<f64> {
    let text = reader.text(node)?;
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    if number.is_none() {
        reader.error(node.spot, format!("`{text}` is not a number"), "write a number such as `0.99`");
    }
    number
}

/// `HOST:PORT`.
fn address(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.words(node)?;
    let parts = text.rsplit_once(':').filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
    if parts.is_none() && !text.contains("${") {
        reader.error(node.spot, format!("`{text}` is not a host with a port"), "write for example `\"db.example:5432\"`");
        return None;
    }
    Some(text)
}

fn ip(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    // Whether it is one exactly, the resolver's answers will tell.
    let is_one = text.chars().all(|letter| letter.is_ascii_hexdigit() || matches!(letter, '.' | ':')) && text.contains(['.', ':']);
    if !is_one && !text.contains("${") {
        reader.error(node.spot, format!("`{text}` is not an address"), "write an IP address, for example `10.0.0.7`");
        return None;
    }
    Some(text)
}

/// `NAMESPACE/KIND/NAME`.
fn object(reader: &TreeReader<'_>, node: &Node) -> Option<KubernetesObject> {
    let text = reader.text(node)?;
    let object = KubernetesObject::looked_at(&text);
    if object.is_none() {
        let kinds = "deployment, statefulset, daemonset, pod, job, service, ingress, configmap";
        let hint = format!("write `NAMESPACE/KIND/NAME` with {kinds}, or a kind as `RESOURCE.VERSION.GROUP`");
        reader.error(node.spot, format!("`{text}` is not an object that can be looked at"), hint);
    }
    object
}
