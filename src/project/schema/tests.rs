//! The forms of the schema are those that the readers read: each key that a reader asks for is in its form, and each key of a form is one that it
//! asks for.

use super::*;
use crate::project::fields::asked_for;
use std::collections::{BTreeMap, BTreeSet};

/// A file in which every map with fixed keys stands once; what is wrong in it does not matter, since readers read on.
const INVENTORY: &str = r#"version: 1
contacts:
  oncall: {name: A}
  b: {name: A, pagerduty: {key: "env:A"}}
  c: {name: A, opsgenie: {key: "env:A"}}
  d: {name: A, statuspage: {page: a, token: "env:A"}}
  e: {name: A, instatus: {page: a, token: "env:A"}}
mail: {server: "smtp://m.example:25", from: a@b.example}
secrets: {s: {from: "env:A"}}
credentials:
  a: {kind: api-key, from: "env:A", issuer: {kind: openai}}
  b: {kind: api-key, from: "env:A", issuer: {kind: azure}}
  c: {kind: api-key, from: "env:A", issuer: {kind: iam}}
  d: {kind: api-key, from: "env:A", issuer: {kind: google}}
  e: {kind: api-key, from: "env:A", issuer: {kind: command}}
secrets:
  a: {from: "env:A"}
stores:
  a: {kind: vault, address: "https://v.example", login: {approle: {role_id: a, secret_id: "env:A"}}}
  b: {kind: vault, address: "https://v.example", login: {kubernetes: {role: a, token: "env:A"}}}
  c: {kind: vault, address: "https://v.example", login: {token: "env:A"}}
  d: {kind: aws-secretsmanager}
  e: {kind: kubernetes}
  f: {kind: command}
providers:
  a: {dialect: openai, price: {input: 1 USD}, simulation: {models: {m: {}}, limits: {}, refuses: [{user: a}], capacity: {}}, contract: {ends: 2027-03-31}, retires: {m: 2027-03-31}}
services:
  a: {providers: [a], objectives: {slo: {complete: 1s}, rpo: {requests_lost: 1%}, rescued: {at_most: 1%}}, business: {}}
  b: {providers: {share: [a]}, objectives: {slo: {first_token: 1s}}}
environments:
  a:
    gateway: {breaker: {}}
    start: {ready: "http://a.example"}
    services: {a: {url: "http://a.example", reset: {run: [a]}}}
    proxies: {a: {}}
    control: {url: "http://a.example"}
    lever: {file: a}
    locks: {folder: a}
    alerts: {listen: "127.0.0.1:1"}
    prometheus: {url: "http://a.example"}
    allow: {}
    protected: true
    approvals: {of: [{contact: a}]}
    configuration: {nginx: a}
    sabotage: [{run: [a]}]
evidence:
  witness: {url: "https://tsa.example/tsr"}
  ship: [{folder: a}, {s3: {bucket: a, lock: {mode: compliance}}}]
serve: {webhooks: [{url: "https://h.example"}], oidc: {}}
schedules:
  - {schedule: b}
"#;

const SCHEDULE: &str = "version: 1\nschedule: a\nscenarios: [a]\napproval: {by: [a]}\nnotify: {to: [a]}\n";

const SCENARIOS: [&str; 4] = [
    r#"version: 1
scenario: a
service: a
traffic: {rate: [{at: 0s, rate: 1/s}], bursts: {every: 1s}, expect: {}, timeouts: {}, max_tokens: {input: 1}, steps: {}}
timeline:
  faults:
    - {on: a, fault: {status: {code: 503, only: {header: a}, match: {}, shape: {form: ramp}}}, for: 1s}
    - {on: a, fault: {status: {code: 503, shape: {form: flap}}}, for: 1s}
    - {on: a, fault: {status: {code: 503, shape: {form: pulse}}}, for: 1s}
abort_when: [{for: 1s, service: a, success_below: 1%}, {query: {promql: up}}, {url: "http://a.example"}, {latency: {p95: 1s}}, {spend_above: 1 USD}]
overlay: [{as: a, promql: up}, {as: b, csv: a.csv}]
parity: [{name: a, prompt: a}, {name: b, tokens: 1}]
keep: prompts
"#,
    "version: 1\nscenario: b\nservice: a\ntraffic: [{workload: a, request: http, expect: {}}, {workload: b, request: tcp, expect: x}]\n",
    "version: 1\nscenario: c\nservice: a\ntraffic: {request: http, expect: {}}\n",
    "version: 1\nscenario: d\nservice: a\ntraffic: {request: tcp, expect: x}\n",
];

const RUNBOOK: &str = r#"version: 1
runbook: a
start: by-hand
parameters: {p: {default: x}}
detect: {fails: 3 in a row, request: {to: "http://a.example"}}
reaction: {p50: 1s}
escalate: [{after: 1s}]
updates: [{every: 1s}, {at_end: true}]
steps:
  - {name: a, run: {command: [a]}, backoff: {up_to: 1s}, undo: {run: [a]}, on_failure: {goto: a}, when: {value: a, is: b}}
  - {name: b, http: {get: "http://a.example", expect: {}}, when: {value: a, is_not: b}}
  - {name: c, confirm: {question: a}, when: {step: a, ended: done}}
  - {name: d, switch: {file: a.yaml}}
  - {name: e, switch: {kubernetes: a/b/c}}
  - {name: f, notify: {slack: "env:A"}}
  - {name: g, rotate: {take: a}}
  - {name: h, canary: {shift: {run: [a]}, worse_by: {errors: 1%}}}
  - {name: i, parallel: [{name: a, run: [a]}]}
  - {name: j, include: a.yaml}
  - {name: n, manual: {do: a}}
  - {name: o, ask: {question: a}}
  - {name: k, wait_until: {latency: p95 below 2s over 10s}}
  - {name: m, stop_here: {end: well}, when: "true", on_success: {goto: a}}
  - {name: l, wait_until: {promql: up, above: 1}}
  - {name: n, manual: {do: a}}
  - {name: o, ask: {question: a}}
"#;

const ALL: [ProjectFile; 5] =
    [ProjectFile::Scenario, ProjectFile::Runbook, ProjectFile::Inventory, ProjectFile::Findings, ProjectFile::Schedule];

#[test]
fn every_key_that_is_read_is_in_the_schema_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("runbooks/inventory.yaml", INVENTORY);
    write("runbooks/a.yaml", RUNBOOK);
    write("schedules/a.yaml", SCHEDULE);
    SCENARIOS.iter().enumerate().for_each(|(place, text)| write(&format!("scenarios/{place}.yaml"), text));
    let read = asked_for(|| {
        drop(crate::project::check(folder.path(), &[], "2026-11-20"));
        drop(crate::project::ReviewFile::from_bytes(b"version: 1\nfindings: [{id: a}]\n".to_vec(), "findings.yaml"));
    });
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (what, keys) in &read {
        asked.entry(what).or_default().extend(keys);
    }
    // Two places call what they expect alike, and the form of one holds the keys of both.
    if let Some(more) = asked.get("what is expected").cloned() {
        asked.entry("what is expected of an answer").or_default().extend(more);
    }
    assert_eq!(asked.remove("this fault").map(|keys| keys.is_superset(&["probability", "match", "shape"].into())), Some(true));
    for (what, keys) in &asked {
        let form = FORMS.iter().find(|form| form.what == *what).unwrap_or_else(|| panic!("{what} has no form"));
        let known: BTreeSet<&str> = form.keys().map(|(key, _)| key.trim_end_matches('!')).collect();
        assert_eq!(known, *keys, "{what}");
    }
    let unread: Vec<&str> = FORMS.iter().map(|form| form.what).filter(|what| !what.is_empty() && !asked.contains_key(what)).collect();
    assert!(unread.is_empty(), "these were never read: {unread:?}");
}

#[test]
fn every_form_that_is_named_is_there_and_every_one_is_used() {
    for file in ALL {
        let text = project_schema(file).to_string();
        for reference in text.split("#/$defs/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(text.contains(&format!("\"{reference}\":{{")), "{reference}");
        }
    }
    let all = ALL.map(|file| project_schema(file).to_string()).concat();
    for form in FORMS.iter().filter(|form| form.name != "aim") {
        assert!(all.contains(&format!("\"{}\":{{", form.name)), "{}", form.name);
    }
}
