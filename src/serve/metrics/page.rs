//! What was observed, as the text that Prometheus reads. Pure.
//!
//! How many series there can be is bounded: labels are names of the project's files, and of each kind only the first so many are told.

use super::observed::MetricFacts;
use crate::verdict::Decision;
use chrono::{DateTime, Utc};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// Of drills, schedules and targets no more than so many are told.
const MOST: usize = 500;

/// The forms of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextForm {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' own, 0.0.4.
    Prometheus,
}

impl TextForm {
    /// What a caller wants that sends this `Accept`.
    pub(super) fn wanted(accept: Option<&str>) -> Self {
        if accept.is_some_and(|accept| accept.contains("application/openmetrics-text")) { Self::OpenMetrics } else { Self::Prometheus }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
        }
    }
}

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// The whole text.
pub(super) fn page(observed: &MetricFacts, form: TextForm) -> Result<String, std::fmt::Error> {
    let mut page = MetricPage(Registry::default());
    page.build();
    page.drills(observed);
    page.schedules(observed);
    page.notices(observed);
    page.readiness(observed);
    let mut written = String::new();
    match form {
        TextForm::OpenMetrics => text::encode(&mut written, &page.0)?,
        TextForm::Prometheus => prometheus_text::encode(&mut written, &page.0)?,
    }
    Ok(written)
}

struct MetricPage(Registry);

impl MetricPage {
    /// A metric. The library ends `help` with a full stop.
    fn gauge(&mut self, name: &str, help: &str) -> Gauges {
        let family = Gauges::default();
        self.0.register(format!("lifeboat_{name}"), help, family.clone());
        family
    }

    fn build(&mut self) {
        let family = self.gauge("build_info", "The version that answers, as a label");
        set(&family, vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0);
    }

    fn drills(&mut self, observed: &MetricFacts) {
        let last = self.gauge("drill_last_timestamp_seconds", "When the last drill of a scenario began, in seconds since 1970");
        let verdict =
            self.gauge("drill_verdict", "1 for the verdict of the last drill of a scenario, 0 for the others; all 0 where it has none");
        let cutover =
            self.gauge("drill_cutover_seconds", "Bounds of the cutover of the last drill; the upper one is +Inf where none was seen");
        let objective = self.gauge("drill_objective_seconds", "The recovery time objective of the last drill");
        for drill in observed.facts.last.iter().take(MOST) {
            let labels = || {
                let (scenario, environment) = (drill.scenario.clone(), drill.environment.clone());
                vec![("scenario", scenario), ("environment", environment), ("service", drill.service.clone())]
            };
            let with = |name: &'static str, value: &str| {
                let mut labels = labels();
                labels.push((name, value.to_owned()));
                labels
            };
            set(&last, labels(), seconds(drill.started));
            for word in Decision::WORDS {
                set(&verdict, with("verdict", word), truth(drill.verdict.map(Decision::word) == Some(*word)));
            }
            if let Some(interval) = drill.cutover {
                set(&cutover, with("bound", "lower"), interval.lo as f64 / 1e9);
                set(&cutover, with("bound", "upper"), interval.hi.map_or(f64::INFINITY, |hi| hi as f64 / 1e9));
            }
            if let Some(promised) = drill.objective {
                set(&objective, labels(), promised.std().as_secs_f64());
            }
        }
        let running = self.gauge("drill_running", "How many drills this process runs");
        set(&running, Labels::new(), observed.running as f64);
    }

    fn schedules(&mut self, observed: &MetricFacts) {
        let overdue = self.gauge("schedule_overdue", "1 for a schedule that was not kept for longer than its cadence");
        let never = self.gauge("schedule_never_kept", "1 for a schedule that nothing has kept yet");
        let next = self.gauge("schedule_next_timestamp_seconds", "When a schedule is due next, in seconds since 1970");
        let kept = self.gauge("schedule_kept_timestamp_seconds", "When a drill last kept a schedule, in seconds since 1970");
        let due = self.gauge("schedule_due_timestamp_seconds", "By when a schedule must be kept again, in seconds since 1970");
        for facts in observed.facts.schedules.iter().take(MOST) {
            let (standing, labels) = (&facts.standing, || vec![("schedule", facts.schedule.name.clone())]);
            set(&overdue, labels(), truth(standing.overdue.is_some()));
            set(&never, labels(), truth(standing.never));
            for (family, at) in [(&next, standing.next), (&kept, standing.last_kept), (&due, facts.until())] {
                if let Some(at) = at {
                    set(family, labels(), seconds(at));
                }
            }
        }
        let look = self
            .gauge("scheduler_last_look_timestamp_seconds", "When the schedules were last looked at with success, in seconds since 1970");
        if let Some(at) = observed.facts.looked {
            set(&look, Labels::new(), seconds(at));
        }
    }

    fn notices(&mut self, observed: &MetricFacts) {
        let deliveries = self.gauge("notice_deliveries", "Notices to webhooks and contacts, by what became of them");
        for count in observed.deliveries.iter().take(MOST) {
            let labels = vec![("target", count.target.clone()), ("state", count.state.word().to_owned())];
            set(&deliveries, labels, count.count as f64);
        }
        let unaddressed = self.gauge("notice_unaddressed", "Notices that have no receivers yet");
        set(&unaddressed, Labels::new(), observed.unaddressed as f64);
    }
}

impl MetricPage {
    /// Hops of which nobody could tell are not told.
    fn readiness(&mut self, observed: &MetricFacts) {
        let ready =
            self.gauge("hop_ready", "1 for a provider of a service that could take over when it was asked last, 0 for one that could not");
        for hop in observed.hops.iter().take(MOST) {
            let Some(is_ready) = hop.state.is_ready() else { continue };
            for service in &hop.services {
                let labels = vec![("service", service.clone()), ("provider", hop.hop.clone()), ("environment", hop.environment.clone())];
                set(&ready, labels, truth(is_ready));
            }
        }
        let last =
            self.gauge("ready_last_round_timestamp_seconds", "When the hops of an environment were asked last, in seconds since 1970");
        for round in observed.rounds.iter().take(MOST) {
            set(&last, vec![("environment", round.environment.clone())], seconds(round.at));
        }
    }
}

fn set(family: &Gauges, labels: Labels, value: f64) {
    family.get_or_create(&labels).set(value);
}

fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DrillSchedule;
    use crate::model::HopState;
    use crate::schedule::ScheduleStanding;
    use crate::scheduler::{DrillFacts, ScheduleFacts};
    use crate::store::{DeliveryCount, DeliveryState, HopRecord, RoundRecord};
    use serde_json::json;

    fn observed(schedules: usize) -> MetricFacts {
        let at = DateTime::from_timestamp_millis(1_800_000_000_500).unwrap();
        let drill = json!({
            "id": "d", "kind": "drill", "folder": "/d", "host": "h", "service": "chat \"x\"\n", "services": [], "scenario": "azure", "title": "",
            "environment": "staging", "started": at, "ended": null, "state": "over", "verdict": "missed",
            "cutover": {"lo_ms": 41_500.0, "hi_ms": null}, "objective_ms": 30_000.0, "plan": "", "modes": [], "findings": 0, "who": "",
            "reason": "", "trials": 1,
        });
        let facts = |place: usize| {
            let schedule: DrillSchedule = serde_json::from_value(json!({
                "name": format!("quarterly-{place}"), "scenarios": ["a"], "environment": "staging",
                "when": crate::schedule::read_rule("every day 07:00 UTC", None).unwrap(), "window": "1h", "jitter": "0s",
                "if_missed": "skip", "overlap": "skip", "cadence": "90d", "approval": null, "notify": {"before": null, "to": [], "after": []},
            }))
            .unwrap();
            let standing = ScheduleStanding { next: Some(at), last_kept: None, overdue: Some(at), never: true };
            ScheduleFacts { schedule, known: Vec::new(), standing, owners: Vec::new() }
        };
        let facts = DrillFacts {
            schedules: (0..schedules).map(facts).collect(),
            last: vec![serde_json::from_value(drill).unwrap()],
            looked: Some(at),
        };
        MetricFacts {
            facts,
            running: 1,
            deliveries: vec![DeliveryCount { target: "webhook:ops".to_owned(), state: DeliveryState::Failed, count: 2 }],
            unaddressed: 0,
            hops: [("first", HopState::Warned), ("second", HopState::Dead), ("third", HopState::Unknown)]
                .map(|(hop, state)| hop_in(hop, state, at))
                .into(),
            rounds: vec![RoundRecord { environment: "prod".to_owned(), at, requests: 3, tokens: 41, most: 1 }],
        }
    }

    fn hop_in(hop: &str, state: HopState, at: DateTime<Utc>) -> HopRecord {
        HopRecord {
            environment: "prod".to_owned(),
            hop: hop.to_owned(),
            at,
            state,
            reason: None,
            told: String::new(),
            services: vec!["chat".to_owned(), "search".to_owned()],
            since: at,
            changed: true,
        }
    }

    #[test]
    fn a_page_tells_what_was_observed() {
        let text = page(&observed(1), TextForm::Prometheus).unwrap();
        for line in [
            "lifeboat_drill_cutover_seconds{scenario=\"azure\",environment=\"staging\",service=\"chat \\\"x\\\"\\n\",bound=\"upper\"} +Inf",
            "lifeboat_drill_verdict{scenario=\"azure\",environment=\"staging\",service=\"chat \\\"x\\\"\\n\",verdict=\"missed\"} 1",
            "lifeboat_schedule_overdue{schedule=\"quarterly-0\"} 1",
            "lifeboat_scheduler_last_look_timestamp_seconds 1800000000.5",
            "lifeboat_hop_ready{service=\"chat\",provider=\"first\",environment=\"prod\"} 1",
            "lifeboat_hop_ready{service=\"search\",provider=\"second\",environment=\"prod\"} 0",
            "lifeboat_ready_last_round_timestamp_seconds{environment=\"prod\"} 1800000000.5",
            "lifeboat_notice_deliveries{target=\"webhook:ops\",state=\"failed\"} 2",
        ] {
            assert!(text.lines().any(|told| told.replace(".0", "") == line.replace(".0", "")), "{line}\n{text}");
        }
        assert!(!text.contains("schedule_kept_timestamp_seconds{"), "what is not known is not told");
        assert!(!text.contains("provider=\"third\""), "of a hop nobody could tell");
        assert!(page(&observed(1), TextForm::OpenMetrics).unwrap().ends_with("# EOF\n"));
    }

    #[test]
    fn how_many_series_there_are_is_bounded() {
        let text = page(&observed(2 * MOST), TextForm::Prometheus).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with("lifeboat_schedule_overdue{")).count(), MOST);
    }

    #[test]
    fn who_asks_for_open_metrics_gets_it() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
        assert_eq!(TextForm::wanted(Some(prometheus)), TextForm::OpenMetrics);
        assert_eq!((TextForm::wanted(None), TextForm::wanted(Some("*/*"))), (TextForm::Prometheus, TextForm::Prometheus));
    }
}
