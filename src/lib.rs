//! Lifeboat: failover drills for services that depend on AI models.
//!
//! A drill is a **history**: an append-only list of events, each stamped once with one clock. The engine only *makes*
//! histories. Verdicts and reports are **pure functions of a history**, so any verdict can be recomputed later, by someone
//! else, from the file.
//!
//! ```text
//!  inventory, scenario, runbook ─project─► DrillPlan ──drill──► history.jsonl ──history──► Verdict ──► report.html, verdict.json
//!       (YAML, CSV)                        (valid)   engine     (evidence)      verdict               report
//! ```
//!
//! # Layout
//!
//! Rooms stand on floors, and a room uses only rooms on lower floors. Within a room no two files use each other in a circle. `tests/tidy.rs`
//! holds the source to both.
//!
//! Two crates hold them. Whatever carries a drill's requests, judges them and what that stands on is `lifeboat-core` (`src/core/`), which is
//! compiled beside the libraries that only the rest needs. The rest is this crate (`src/`). It hands the other's rooms on: `crate::verdict` is the
//! same room in both.
//!
//! | floor | room | what lives there |
//! |---|---|---|
//! | 0 | [`units`] | durations, rates, ratios, money, seeds, fingerprints, secrets and their text forms |
//! | 1 | [`model`] | valid plain data: inventory, scenario, runbook, fault, objectives, plan |
//! | 1 | [`host`] | files for their owner alone, and the environment of the programs that Lifeboat starts |
//! | 1 | [`expression`] | conditions in CEL: read, checked, looked at |
//! | 1 | [`redact`] | what programs print and people write, without secrets |
//! | 1 | [`signing`] | signatures by Ed25519: key files, DSSE envelopes |
//! | 2 | [`history`] | events, their line format, and what is folded from them |
//! | 2 | [`process`] | programs that Lifeboat starts: groups, supervision, captured output, their end |
//! | 2 | [`run_folder`] | the folder that a drill or an execution leaves; of each file whether it is evidence, secret or scratch |
//! | 2 | [`web`] | the one way to reqwest's HTTP client, for whatever is neither traffic nor proxied: it follows no redirect |
//! | 2 | [`dialect`] | how providers speak: requests, answers, streams, errors. Bytes in, bytes out |
//! | 2 | [`peer`] | whether a client that has closed its writing side still waits for an answer |
//! | 3 | [`fault`] | one small file a fault: what it decides, seeded, no sockets |
//! | 3 | [`schedule`] | when drills are due, and what becomes of each time that they were |
//! | 4 | [`project`] | a project's YAML and CSV → model, the only room that knows their form; findings with file, line, value, hint |
//! | 5 | [`api`] | the records of the fault proxy's control API, typed once for the proxy and its client |
//! | 5 | [`permission`] | whether a drill may begin here and now: hours, freezes, approvals, the lever, locks, trust |
//! | 5 | [`price`] | list prices, and the most that a drill can cost |
//! | 5 | [`verdict`] | `judge`: evidence → verdict |
//! | 5 | [`import`] | what others recorded (k6, oha, Vegeta, Locust, access logs) → evidence, with the claims that it cannot support |
//! | 5 | [`gateway`] | configurations of LiteLLM, Portkey, Envoy, HAProxy and nginx, read into one form |
//! | 5 | [`evaluation`] | answers held against what was expected of them: prompts, scores, what the counts support |
//! | 5 | [`journal`] | the drill's clock; stamps events as they happen and appends them; publishes the state so far |
//! | 5 | [`secret`] | where credentials' values are kept: environment, files, commands, Vault, AWS, Kubernetes |
//! | 5 | [`listen`] | what our own HTTP servers share: who may call, how long a request may take, how many may be open |
//! | 6 | [`alert`] | the team's own alerts, as monitoring systems post them: parsed by their form, and recorded |
//! | 6 | [`proxy`] | the fault proxy: connections, requests and answers on their way, faults with their leases, the control API |
//! | 6 | [`control`] | the client of that control API; every inject and heal is read back |
//! | 6 | [`traffic`] | schedule (pure due times), pacing, open-loop dispatch, clients |
//! | 6 | [`step`] | what each kind of runbook step does; undo |
//! | 6 | [`lab`] | simulated providers and the reference gateway |
//! | 6 | [`report`] | verdict + history → report model → bytes |
//! | 6 | [`evidence`] | manifest, seals, signature, witness, bundle: made and verified |
//! | 6 | [`asking`] | one question to a provider itself, outside of any drill |
//! | 6 | [`init`] | a project to begin with |
//! | 6 | [`console`] | the state of a drill so far → terminal |
//! | 7 | [`drill`] | the conductor: phases, one select loop, cancellation, healing |
//! | 7 | [`store`] | the index of past drills, schedules and findings; the only room that knows SQL |
//! | 7 | [`compare`] | candidates side by side on the team's own prompts |
//! | 7 | [`readiness`] | whether every hop is alive today |
//! | 8 | [`coverage`] | what was drilled and what was not, and the control ledger |
//! | 8 | [`exercise`] | drill → judge → report: plain data in, so that any program can run one; the command line only asks and prints |
//! | 8 | [`execution`] | a runbook walked for real: resumed after a crash, undone, rehearsed |
//! | 9 | [`scheduler`] | drills without anybody at a terminal: those that run, and the loop that begins what is due |
//! | 9 | [`proof`] | negative controls: copies that are broken on purpose must go red |
//! | 10 | [`serve`] | the page, the HTTP API and metrics |
//! | 11 | [`cli`] | one file a command; exit codes |
//!
//! What is absent matters as much: `units`, `model`, `history`, `dialect`, `fault`, `project`, `price`, `verdict`, `import`, `report`, `schedule`, `coverage`, `gateway` and `evaluation` hold no async
//! code, clock, environment variable or unseeded randomness (only `project` opens files: those that it reads); no other room on floors 6 and 7
//! but `store`, which reads what they left, sees `verdict` or `report`.
//!
//! # Where to begin
//!
//! Ten files, in this order, follow one drill from its file to its verdict:
//!
//! 1. `model/plan.rs`: everything that one drill needs, as plain data
//! 2. `project/opened_project.rs`: how a project's YAML becomes that
//! 3. `exercise/mod.rs`: drill → judge → report
//! 4. `drill/conductor.rs`: the phases of a drill, and the one way out of it
//! 5. `traffic/worker.rs`: a request from when it is due to its outcome
//! 6. `proxy/exchange.rs`: the same request between gateway and provider, and what a fault does to it
//! 7. `history/event.rs`: what is recorded of all that
//! 8. `history/fold.rs`: from events to evidence
//! 9. `verdict/mod.rs`: from evidence to a verdict
//! 10. `report/model/`: what a report says, before it is a page
//!
//! | to find | look at |
//! |---|---|
//! | where an objective such as the RTO is held against what was measured | `verdict/objectives.rs` |
//! | how cutover, restore and failback are measured | `verdict/measures.rs` |
//! | what a provider answers to an error, a 429 for example | `dialect/provider/`, a file a provider |
//! | what stops a drill for safety | `model/guard.rs`, `history/guard/`, `drill/guard/` |
//! | whether users are served well again after a drill | `history/health.rs`, `drill/health.rs` |
//! | what a fault does | `fault/`, a file a fault; those on whole connections act in `proxy/fault_set.rs`, those at a key's issuer in `drill/faults.rs` |
//! | where a fault's lease ends by itself, is set, is renewed | `expire` of `proxy/proxy_actor.rs`; `proxy/toxic_entry.rs`; `drill/faults.rs` |
//! | what stops drills from outside, and keeps them apart | `permission/lever.rs`, `permission/locks.rs`, `exercise/permit.rs` |
//! | what a killed drill left, and what becomes of it | `execution/leftover.rs`, `cli/leftovers.rs` |
//! | where secrets are taken out of texts | `redact/redactor.rs` |
//! | what is on disk, and which versions of it can be read | `history/format/` (`version.rs`), `verdict/record/` |
//! | what a report says, and in which form | `report/model/`; a section a file of `report/sections/`, a format a file of `report/render/` |
//! | what is to be looked into, and which setting of a gateway would mend it | `report/findings/`, `report/findings/knobs.rs` |
//! | what several drills together support | `verdict/repeats.rs` |
//! | exit codes | `cli/exit.rs` |
//! | when a difference between candidates is shown | `evaluation/pair_test.rs`, `evaluation/standings.rs` |
//!
//! To **add a fault**: one file in `fault/`, and one line in its list; `fault/mod.rs` says how. **A step** of runbooks: its data in
//! `model/runbook.rs`, its YAML in `project/step.rs`, what it does in a file of `step/`; the compiler asks for the rest, because steps are a closed
//! enum. **A dialect**: `dialect/mod.rs` says how. **A store** of credentials: its address in `model/store.rs`, its YAML in `project/store.rs`, and a file
//! of `secret/` with a `Store`, opened in `secret/open.rs`, and its form on disk in `history/format/store.rs`.
//! **A section or a format** of reports: a file of `report/sections/` or `report/render/`; `report/mod.rs` says how.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | provider | a place that serves models, or anything else over HTTP or tcp |
//! | service | what users ask, with its providers in order: the primary, then its standbys |
//! | gateway | what stands between a service's users and its providers, and fails over; the lab has one of ours |
//! | environment | where a drill runs: addresses, keys, limits |
//! | scenario | what goes wrong: traffic, faults on a timeline, objectives |
//! | runbook | who does what about it, as steps |
//! | plan | all of that for one drill, resolved and checked |
//! | workload | one stream of requests with its own rate, service and objectives; one of them leads |
//! | due | when a request is to be sent, whatever became of others (an open model); latency counts from then |
//! | lag | how late the generator sent a request |
//! | mark | what a request carries so that proxies recognise it |
//! | fault proxy | our proxy before a provider: it plays faults, and sees who served |
//! | lease | the time after which a fault ends by itself unless it is renewed |
//! | guard | what stops a drill for safety: a limit on its own traffic, another service, or somebody outside who says stop |
//! | inject, heal | a fault begins or ends, counted from when the proxy confirms it |
//! | toxic | a fault as the control API names it, as Toxiproxy does |
//! | history | the events of a drill, appended as they happen; the evidence |
//! | fold | a value computed from events one after the other |
//! | evidence | what a history says of requests and faults, ready to be judged |
//! | cutover, restore | a standby serves well and holds; anyone does |
//! | failback | the primary serves again after the heal |
//! | verdict | met, missed, inconclusive or void, for each objective and in all |
//! | trial | one drill of several of the same scenario (`run --repeat`) |
//! | finding | something that a drill showed and somebody should look into |
//! | digest | what a report shows of a history, folded while it is read |
//! | execution | a runbook walked in a real incident |
//! | candidate | a provider that is compared with others on a team's own prompts |
//! | shown | of a difference between candidates: so clear that chance explains it in one comparison of twenty at the most |

pub mod alert;
pub mod asking;
pub mod cli;
pub mod compare;
pub mod console;
pub mod coverage;
pub mod drill;
pub mod evaluation;
pub mod evidence;
pub mod execution;
pub mod exercise;
pub mod expression;
pub mod gateway;
pub mod init;
pub mod price;
pub mod project;
pub mod proof;
pub mod readiness;
pub mod report;
#[cfg(test)]
#[path = "../tests/support/rotation_story.rs"]
#[allow(dead_code, reason = "the tests of the verdict use all of it")]
mod rotation_story;
pub mod schedule;
pub mod scheduler;
pub mod serve;
pub mod step;
pub mod store;

pub use lifeboat_core::{
    api, control, dialect, fault, history, host, import, journal, lab, listen, model, peer, permission, process, proxy, redact, run_folder,
    secret, signing, traffic, units, verdict, web,
};
