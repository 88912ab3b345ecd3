//! Histories that are odd, made by hand from one that a drill recorded.

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A history, an event a line.
#[derive(Clone)]
pub(super) struct Story {
    pub(super) lines: Vec<Value>,
}

const SECOND: u64 = 1_000_000_000;
const HOUR: u64 = 3_600 * SECOND;

/// A line as histories have it: `t` first, and in the first event `format`, which a map does not keep.
fn written(line: &Value) -> String {
    let (kind, event) = line.as_object().unwrap().iter().find(|(key, _)| *key != "t").unwrap();
    let mut event = event.clone();
    let format = if kind == "started" { event.as_object_mut().unwrap().remove("format") } else { None };
    let body = event.to_string();
    let body = format.map_or_else(|| body.clone(), |format| format!("{{\"format\":{format},{}", &body[1..]));
    format!("{{\"t\":{},\"{kind}\":{body}}}", line["t"])
}

impl Story {
    /// The shipped drill, as it was recorded once.
    pub(super) fn recorded() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills/format-2.0/azure-outage/history.jsonl.gz");
        let mut text = String::new();
        GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        Self { lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() }
    }

    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| written(line) + "\n").collect()
    }

    pub(super) fn plan(&mut self) -> &mut Value {
        &mut self.lines[0]["started"]["plan"]
    }

    /// The kinds of its events, each once, in the order in which they come.
    pub(super) fn kinds(&self) -> Vec<String> {
        let mut kinds = Vec::new();
        for line in &self.lines {
            let kind = line.as_object().unwrap().keys().find(|key| *key != "t").unwrap();
            if !kinds.contains(kind) {
                kinds.push(kind.clone());
            }
        }
        kinds
    }

    /// Its beginning, until within the first line of a kind; whole lines only where `torn` is false.
    pub(super) fn broken_off(&self, kind: &str, torn: bool) -> String {
        let place = self.lines.iter().position(|line| line.get(kind).is_some()).unwrap();
        let whole: String = self.lines[..place].iter().map(|line| written(line) + "\n").collect();
        let last = written(&self.lines[place]);
        if torn { whole + last.get(..last.len() / 2).unwrap_or_default() } else { whole + &last + "\n" }
    }

    /// Without its requests and what the proxies saw.
    pub(super) fn without_requests(mut self) -> Self {
        self.lines.retain(|line| line.get("request").is_none() && line.get("served").is_none() && line.get("overdue").is_none());
        let last = self.lines.len() - 1;
        self.lines[last]["finished"]["requests"] = json!(0);
        self
    }

    /// Every text that is one of these names, in any of its events, called otherwise.
    pub(super) fn named(self, new: &str) -> Self {
        const NAMES: [&str; 9] = [
            "azure-swedencentral",
            "support-chat",
            "azure-outage",
            "Azure OpenAI stops answering",
            "fail-over-to-standby",
            "ai-platform-oncall",
            "third quarter",
            "ann",
            "See that the standby serves",
        ];
        fn renamed(value: &mut Value, new: &str) {
            match value {
                Value::String(text) if NAMES.contains(&text.as_str()) => *text = format!("{new} {text}"),
                Value::String(text) if text.ends_with("seen in the traffic") => *text = format!("{new}\n{text}"),
                Value::Array(items) => items.iter_mut().for_each(|item| renamed(item, new)),
                Value::Object(fields) => {
                    for name in NAMES {
                        if let Some(field) = fields.remove(name) {
                            fields.insert(format!("{new} {name}"), field);
                        }
                    }
                    fields.values_mut().for_each(|field| renamed(field, new));
                }
                _ => {}
            }
        }
        let mut story = self;
        story.lines.iter_mut().for_each(|line| renamed(line, new));
        story
    }

    /// Its service has its primary alone.
    pub(super) fn alone(mut self) -> Self {
        self.plan()["workloads"]["each"][0]["service"]["providers"] = json!(["azure-swedencentral"]);
        self.plan()["providers"].as_object_mut().unwrap().remove("openai-eu");
        self.lines.retain(|line| line["served"]["by"] != "openai-eu");
        self
    }

    /// So many workloads, each with a part of its requests.
    pub(super) fn crowded(mut self, count: u64) -> Self {
        let first = self.plan()["workloads"]["each"][0].clone();
        let named = |place: u64| {
            let mut each = first.clone();
            each["name"] = json!(format!("workload-{place}"));
            each
        };
        self.plan()["workloads"]["each"] = (0..count).map(named).collect();
        let mut next = vec![0_u64; count as usize];
        let mut moved = std::collections::BTreeMap::new();
        let mut number = |id: u64| {
            *moved.entry(id).or_insert_with(|| {
                let workload = id % count;
                let place = next[workload as usize];
                next[workload as usize] += 1;
                workload << 40 | place
            })
        };
        for line in &mut self.lines {
            for kind in ["request", "served", "overdue"] {
                if let Some(id) = line.get(kind).and_then(|event| event["id"].as_u64()) {
                    line[kind]["id"] = json!(number(id));
                }
            }
        }
        let last = self.lines.len() - 1;
        self.lines[last]["finished"]["by_workload"] = json!(next);
        self
    }

    /// A drill of this length, with so many requests, a third of them while the primary is broken; of those every other is lost.
    pub(super) fn lasting(mut self, length: u64, requests: u64) -> Self {
        let third = length / 3;
        let typed = format!("{}ms", third / 1_000_000);
        let rate = requests as f64 / (length as f64 / SECOND as f64);
        self.plan()["scenario"]["timeline"]["baseline"] = json!(typed);
        self.plan()["scenario"]["timeline"]["watch"] = json!(typed);
        self.plan()["scenario"]["timeline"]["faults"][0]["length"] = json!(typed);
        self.plan()["workloads"]["each"][0]["workload"]["rate"] = json!(format!("{}/h", (rate * 3_600.0).round()));
        let first = self.lines[0].clone();
        let on = "azure-swedencentral";
        let mut lines = vec![first, json!({"t": 3_000_000, "phase": {"name": "baseline"}})];
        for id in 0..requests {
            let due = 3_000_000 + length / requests * id;
            let broken = (third..2 * third).contains(&due);
            let (by, took) = (if broken { "openai-eu" } else { on }, 20_000_000);
            if broken && id % 2 == 0 {
                lines.push(json!({"t": due + took, "request": {"id": id, "due": due, "late": 9, "done": took, "outcome": "error", "why": "status-503"}}));
                continue;
            }
            lines.push(json!({"t": due + took, "served": {"id": id, "by": by, "at": due + 1_000_000, "took": took - 2_000_000}}));
            lines
                .push(json!({"t": due + took, "request": {"id": id, "due": due, "late": 9, "proof": took, "done": took, "outcome": "ok"}}));
        }
        lines.push(json!({"t": third, "fault_requested": {"fault": 0, "on": on, "what": "blackhole"}}));
        lines.push(json!({"t": third + 2, "fault_confirmed": {"fault": 0, "on": on, "lo": third, "hi": third + 1}}));
        lines.push(json!({"t": 2 * third, "fault_healed": {"fault": 0, "on": on, "lo": 2 * third, "hi": 2 * third + 1, "touched": 9}}));
        lines.push(json!({"t": length + HOUR, "finished": {"observed_until": length, "requests": requests}}));
        lines[1..].sort_by_key(|line| line["t"].as_u64().unwrap());
        lines[0]["t"] = json!(0);
        Self { lines }
    }
}
