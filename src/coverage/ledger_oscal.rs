//! The control ledger as OSCAL's assessment results: a finding a cell, an observation a drill, a risk a deferral.
//!
//! Identifiers of cells, drills and deferrals are made of their names and quarters, so that they are the same in next quarter's document; that of the
//! document is made of all that it says. Done and late are satisfied; what is open or deferred is not, with a remark and a property that say so.
//!
//! What this file does not do: map services to anybody's controls; whoever keeps a control catalogue does.

use super::ledger::{Ledger, LedgerCell, LedgerDrill, LedgerRow, LedgerState};
use crate::report::{OSCAL_VERSION, oscal_props, oscal_token};
use crate::schedule::Deferral;
use crate::units::{one_line, sha256_hex};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

impl Ledger {
    /// As assessment results in JSON.
    pub fn to_oscal(&self) -> String {
        let whole = format!("document:{}", sha256_hex(self.to_json().as_bytes()));
        let span = match (self.quarters.first(), self.quarters.last()) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            _ => "no quarter".to_owned(),
        };
        let title = format!("Control ledger of failover drills, {span}");
        let plan = id("plan");
        super::cell_text::json_text(&json!({"assessment-results": {
            "uuid": id(&whole),
            "metadata": {
                "title": title,
                "last-modified": moment(self.at),
                "version": self.at.format("%Y-%m-%d").to_string(),
                "oscal-version": OSCAL_VERSION,
                "props": oscal_props(vec![("kind", "ledger".to_owned()), ("lifeboat", env!("CARGO_PKG_VERSION").to_owned())]),
            },
            "import-ap": {"href": format!("#{plan}"), "remarks": "What is due is in the project's schedules and follows from its services' criticality."},
            "results": [self.result(&title)],
            "back-matter": {"resources": [{
                "uuid": plan,
                "title": "The inventory and the schedules of the project",
                "description": "Which services there are, and when which drills are due.",
                "rlinks": [{"href": "runbooks/inventory.yaml"}],
            }]},
        }}))
    }

    fn result(&self, title: &str) -> Value {
        let cells = || self.rows.iter().flat_map(|row| row.cells.iter().map(move |cell| (row, cell))).filter(|(_, cell)| asks(cell));
        let drills: BTreeMap<&str, &LedgerDrill> =
            cells().flat_map(|(_, cell)| &cell.drills).map(|drill| (drill.id.as_str(), drill)).collect();
        let start = self.quarters.first().map_or(self.at, |quarter| quarter.start()).min(self.at);
        let end = self.quarters.last().map_or(self.at, |quarter| quarter.end()).min(self.at);
        let mut result = json!({
            "uuid": id(&format!("result:{title}")),
            "title": title,
            "description": format!("{}.", self.summary()),
            "start": moment(start),
            "end": moment(end),
            "reviewed-controls": {
                "description": "Which controls a drill gives evidence for is for the reader to say.",
                "control-selections": [{"description": "All that concern continuity and recovery.", "include-all": {}}],
            },
        });
        // What would be empty is left out: OSCAL's lists have at least one item.
        let deferrals: BTreeMap<String, &Deferral> =
            cells().filter_map(|(_, cell)| cell.deferral.as_ref()).map(|deferral| (deferral_id(deferral), deferral)).collect();
        let lists: [(&str, Vec<Value>); 3] = [
            ("observations", drills.values().map(|drill| observation(drill)).collect()),
            ("risks", deferrals.into_iter().map(|(id, deferral)| risk(&id, deferral)).collect()),
            ("findings", cells().map(|(row, cell)| finding(row, cell)).collect()),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            result[name] = list.into();
        }
        result
    }
}

/// True where an auditor has something to look at.
const fn asks(cell: &LedgerCell) -> bool {
    !matches!(cell.state, LedgerState::Unrecorded | LedgerState::NotDue)
}

fn observation(drill: &LedgerDrill) -> Value {
    let verdict = drill.verdict.map_or_else(|| "none".to_owned(), |verdict| verdict.to_string());
    let facts = [
        ("drill", drill.id.clone()),
        ("verdict", verdict.clone()),
        ("scenario", one_line(&drill.scenario)),
        ("environment", one_line(&drill.environment)),
        ("begun-by", one_line(&drill.who)),
        ("plan-sha256", drill.plan.clone()),
        ("evidence-sha256", drill.evidence.clone().unwrap_or_default()),
    ];
    let hash = drill.evidence.as_ref().map_or_else(String::new, |hash| format!(", whose manifest has the SHA-256 {hash}"));
    json!({
        "uuid": id(&format!("drill:{}", drill.id)),
        "title": one_line(&drill.id),
        "description": format!("A drill of {} in {}: verdict {verdict}.", one_line(&drill.scenario), one_line(&drill.environment)),
        "props": oscal_props(facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()),
        "methods": ["TEST"],
        "collected": moment(drill.ended.unwrap_or(drill.started)),
        "relevant-evidence": [{"href": format!("drills/{}", oscal_token(&drill.id)), "description": format!("The folder of the drill{hash}")}],
    })
}

fn risk(id: &str, deferral: &Deferral) -> Value {
    let facts = vec![("deferred-by", deferral.by.clone()), ("deferred-until", deferral.until.to_string())];
    json!({
        "uuid": id,
        "title": format!("{} {} deferred in {}", deferral.subject, one_line(&deferral.name), deferral.quarter),
        "description": deferral.told(),
        "statement": format!("What was due in {} was not drilled then. Why: {}", deferral.quarter, deferral.why),
        "props": oscal_props(facts),
        "status": "deviation-approved",
        "deadline": format!("{}T23:59:59Z", deferral.until),
    })
}

fn finding(row: &LedgerRow, cell: &LedgerCell) -> Value {
    let (state, reason) = match cell.state {
        LedgerState::Done | LedgerState::Late => ("satisfied", "pass"),
        LedgerState::Missed => ("not-satisfied", "fail"),
        LedgerState::Open | LedgerState::Deferred | LedgerState::Unrecorded | LedgerState::NotDue => ("not-satisfied", "other"),
    };
    let name = format!("{} {} in {}", row.kind, one_line(&row.name), cell.quarter);
    let sentence = one_line(&cell.sentence());
    let mut status = json!({"state": state, "reason": reason});
    match cell.state {
        LedgerState::Open => status["remarks"] = "Open: it is still to come.".into(),
        LedgerState::Deferred | LedgerState::Late => status["remarks"] = sentence.clone().into(),
        _ => {}
    }
    let facts = [("ledger", cell.state.word().replace(' ', "-")), ("quarter", cell.quarter.to_string()), ("kind", row.kind.to_string())];
    let criticality = row.criticality.map(|criticality| ("criticality", criticality.to_string()));
    let mut finding = json!({
        "uuid": id(&format!("cell:{}:{}:{}", row.kind, row.name, cell.quarter)),
        "title": name,
        "description": format!("{name}: {sentence}"),
        "props": oscal_props(facts.into_iter().chain(criticality).collect()),
        "target": {"type": "objective-id", "target-id": oscal_token(&format!("{}.{}.{}", row.kind, row.name, cell.quarter)), "status": status},
    });
    let drills: Vec<Value> = cell.drills.iter().map(|drill| json!({"observation-uuid": id(&format!("drill:{}", drill.id))})).collect();
    if !drills.is_empty() {
        finding["related-observations"] = drills.into();
    }
    if let Some(deferral) = &cell.deferral {
        finding["related-risks"] = json!([{"risk-uuid": deferral_id(deferral)}]);
    }
    finding
}

fn deferral_id(deferral: &Deferral) -> String {
    id(&format!("deferral:{}:{}:{}:{}", deferral.subject, deferral.name, deferral.quarter, deferral.made.timestamp_millis()))
}

fn id(part: &str) -> String {
    let ours = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"urn:lifeboat:ledger");
    Uuid::new_v5(&ours, part.as_bytes()).hyphenated().to_string()
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
