//! What users of one workload felt, and what gateway and providers did: objectives that were missed, nearly missed or are open, and what no
//! objective is about.

use super::{finding, identity, knobs, spending};
use crate::model::{FindingId, FindingSeverity, LossBudget};
use crate::report::digest::{FlowTraces, STORM, Trace};
use crate::report::model::{ReportFinding, Suggestion, Text};
use crate::report::sections::objectives;
use crate::report::sections::subject::Subject;
use crate::report::words::advice::hint;
use crate::report::words::because::because;
use crate::report::words::wording::{capital, span};
use crate::report::words::{credential, recovery, rescue};
use crate::units::{Duration, counted, grouped};
use crate::verdict::{Decision, Measures, ObjectiveName, ObjectiveVerdict, OutageObjective, Reason};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<ReportFinding> {
    let mut found: Vec<ReportFinding> = Vec::new();
    if let Some(measures) = &subject.verdict.measures {
        let user = UserView { subject, measures, traces: subject.traces(), gateway: subject.gateway_name() };
        found.extend(subject.verdict.objectives.iter().filter_map(|objective| user.objective(objective)));
        let seen = if subject.verdict.only_rotates { Vec::new() } else { user.seen() };
        for next in seen.into_iter().chain(spending::findings(subject)) {
            // What an objective is about already is told with it.
            if !found.iter().any(|other| (&other.id, &other.about) == (&next.id, &next.about)) {
                found.push(next);
            }
        }
    }
    found.extend(identity::findings(subject));
    found.extend(open(subject));
    let (gateway, gauge) = (subject.gateway(), gauge(subject));
    for finding in &mut found {
        let kind = finding.kind();
        let known = || kind.and_then(|kind| knobs::suggestion(gateway, kind, &gauge));
        finding.suggestion = finding.suggestion.take().or_else(known).or_else(|| kind.and_then(identity::suggestion));
        finding.about = match (subject.name(), finding.about.take()) {
            (Some(workload), Some(about)) => Some(format!("{workload}, {about}")),
            (name, about) => about.or_else(|| name.map(str::to_owned)),
        };
    }
    found
}

/// What settings follow from.
fn gauge(subject: &Subject<'_>) -> knobs::Gauge {
    let before = &subject.workload.periods[0].latency_ms;
    let slowest = (before.len() >= 20).then(|| Duration::from_millis(before.value_at_quantile(0.99)));
    knobs::Gauge::of(slowest, subject.verdict.terms.slo, subject.verdict.terms.failback)
}

/// True where what was measured is within a limit, and less than a fifth of it was left.
pub(super) const fn is_near(measured: i64, limit: i64) -> bool {
    limit > 0 && measured <= limit && measured >= limit / 5 * 4
}

/// Why the verdict is open, where no objective says so.
fn open(subject: &Subject<'_>) -> Option<ReportFinding> {
    let verdict = subject.verdict;
    let id = match verdict.reason.filter(|reason| !reason.is_told_by_objectives())? {
        Reason::Stopped => FindingId::DrillStopped,
        Reason::BaselineUnstable => FindingId::BaselineUnsteady,
        Reason::FaultNotEffective => FindingId::FaultWithoutEffect,
        Reason::DriverLag => FindingId::DriverLate,
        _ => FindingId::VerdictOpen,
    };
    let says = Text::outside(capital(&because(verdict))).then(".");
    let mut open = finding(id, FindingSeverity::Medium, says);
    if id == FindingId::BaselineUnsteady {
        open = open.shown_by(&subject.traces().bad_before);
    }
    let advice = hint(verdict).map(|hint| Text::outside(capital(&hint)).then("."));
    open.suggestion = advice.map(|text| Suggestion { gateway: None, setting: None, value: None, text });
    Some(open)
}

/// What to do where traffic did not move in time, and only prices had changed.
const PRICES_FAIL_NOBODY: &str =
    "A price fails nobody, so no gateway moves by itself: let an alert on what answers cost begin the runbook sooner.";

/// One workload as its users and its gateway saw the fault.
struct UserView<'a> {
    subject: &'a Subject<'a>,
    measures: &'a Measures,
    traces: FlowTraces,
    /// As its makers write it, at the beginning of a sentence.
    gateway: &'static str,
}

impl UserView<'_> {
    /// An objective that was missed, nearly missed, or that the evidence does not decide.
    fn objective(&self, objective: &ObjectiveVerdict) -> Option<ReportFinding> {
        if credential::tells(objective.name) {
            return None;
        }
        let terms = objectives::terms(self.subject, objective.name, self.measures);
        let (name, promised, measured) = (objective.name, terms.promised, terms.measured);
        let ObjectiveName::Outage(kind) = name else { return None };
        let mut found = match objective.verdict {
            Decision::Met => self.nearly(kind)?,
            Decision::Missed => {
                let says = format!("The objective {name}, {promised}, was missed: {measured}.");
                finding(missed(kind), FindingSeverity::High, Text::outside(says))
            }
            _ => {
                let says = format!("The objective {name}, {promised}, is undecided: {measured}.");
                finding(FindingId::ObjectiveUndecided, FindingSeverity::Medium, Text::outside(says)).about(Some(name.word()))
            }
        };
        if kind == OutageObjective::Rescued && objective.verdict == Decision::Missed {
            found.says = found.says.then(" ").then(self.rescued());
        }
        if kind == OutageObjective::Rto && self.subject.digest.started.as_ref().is_some_and(|started| started.plan.only_prices()) {
            found.suggestion = Some(Suggestion { gateway: None, setting: None, value: None, text: PRICES_FAIL_NOBODY.into() });
        }
        found.objective = Some(name.to_string());
        Some(self.shown(found, kind))
    }

    /// The same with what shows it.
    fn shown(&self, found: ReportFinding, kind: OutageObjective) -> ReportFinding {
        let traces = &self.traces;
        match kind {
            OutageObjective::Rto | OutageObjective::Stability if traces.lost.count > 0 => found.shown_by(&traces.lost),
            OutageObjective::Rto | OutageObjective::Stability => found.shown_by(&traces.late),
            OutageObjective::Lost => found.shown_by(&traces.lost),
            OutageObjective::Truncated => found.shown_by(&traces.truncated),
            OutageObjective::Duplicates => found.shown_by(&traces.duplicates),
            OutageObjective::Rescued => found.shown_by(&self.asked()),
            OutageObjective::Failback => found.shown_by(&traces.lost_after),
            OutageObjective::Residency => identity::outside(found, self.subject),
            OutageObjective::Overshoot
            | OutageObjective::Rpo
            | OutageObjective::Capacity
            | OutageObjective::Parity
            | OutageObjective::Spend => found,
        }
    }

    /// It was met with little to spare.
    fn nearly(&self, kind: OutageObjective) -> Option<ReportFinding> {
        let (terms, measures) = (&self.subject.verdict.terms, self.measures);
        let words = |name| {
            let words = objectives::terms(self.subject, name, measures);
            Text::outside(format!(
                "The objective {name}, {}, was met with less than a fifth of it to spare: {}.",
                words.promised, words.measured
            ))
        };
        let near = |id, says| Some(finding(id, FindingSeverity::Low, says));
        match kind {
            OutageObjective::Rto if is_near(recovery::gate(self.subject.verdict, measures).hi?, terms.rto.nanos()) => {
                near(FindingId::NearMissRto, words(ObjectiveName::RTO))
            }
            OutageObjective::Failback if is_near(measures.failback?.hi?, terms.failback?.nanos()) => {
                near(FindingId::NearMissFailback, words(ObjectiveName::FAILBACK))
            }
            OutageObjective::Lost => {
                let limit = match terms.lost? {
                    LossBudget::Requests(count) => count as f64,
                    LossBudget::Share(share) => share.get() * self.subject.verdict.evidence.during_fault as f64,
                };
                let lost = (measures.lost + measures.lost_in_flight) as f64;
                (lost > 0.0 && lost >= limit * 0.8).then(|| near(FindingId::NearMissLost, words(ObjectiveName::LOST)))?
            }
            _ => None,
        }
    }

    /// What was seen that no objective is about.
    fn seen(&self) -> Vec<ReportFinding> {
        let each = [
            self.dead_primary_asked(),
            self.requests_lost(),
            self.late_answers(),
            self.truncated(),
            self.duplicates(),
            self.retry_storm(),
            self.failback_hurt(),
        ];
        each.into_iter().flatten().chain(self.retry_after_ignored()).chain(self.standby_slow()).collect()
    }

    fn due(&self) -> u64 {
        self.subject.verdict.evidence.during_fault
    }

    /// The providers of the service.
    fn providers(&self) -> &[String] {
        self.subject.workload.named.as_ref().map_or(&[], |named| named.service.providers.as_slice())
    }

    /// Attempts that faults touched at the providers of the service.
    fn asked(&self) -> Trace {
        let broken = self.providers().iter().filter_map(|provider| self.subject.digest.traces.broken.get(provider));
        broken.map(|broken| &broken.asked).max_by_key(|asked| asked.count).cloned().unwrap_or_default()
    }

    /// What the rescued waited, in a sentence.
    fn rescued(&self) -> Text {
        let told = self.measures.rescued.as_ref().filter(|rescued| rescued.requests > 0).map(rescue::told);
        told.map_or_else(Text::default, |told| Text::outside(format!("{}.", capital(&told))))
    }

    /// Whoever is broken was still asked once another had taken over, by more than a probe now and then.
    fn dead_primary_asked(&self) -> Option<ReportFinding> {
        let rescued = self.measures.rescued.as_ref()?;
        let (cut, hold) = (self.measures.cutover.hi?, self.subject.verdict.terms.hold.nanos());
        let digest = self.subject.digest;
        let (since, fault) = (digest.after_fault(cut)?, digest.fault_span()?);
        let lasted = fault.1?.saturating_sub(fault.0).max(1);
        let due_after = self.due() as f64 * (1.0 - (cut.max(0) as f64 / lasted as f64).min(1.0));
        let each = self.subject.broken().into_iter().map(|provider| (provider, digest.at.asked_in_vain_since(provider, since)));
        let often = each.max_by_key(|(_, count)| *count).filter(|(_, count)| *count >= 3 && *count as f64 > due_after * 0.02);
        let late = rescued.to_the_end || rescued.until.is_some_and(|until| until.0 > cut + hold);
        if often.is_none() && !(rescued.by_connection && late && rescued.requests as f64 > rescued.of as f64 * 0.05) {
            return None;
        }
        let asked = often.map_or_else(Text::default, |(provider, count)| {
            let times = format!(" {} times after another provider had taken over.", grouped(count));
            Text::own(format!("{} asked ", self.gateway)).then(Text::outside(provider)).then(times)
        });
        let waited = self.rescued();
        let pause = if asked.is_empty() || waited.is_empty() { "" } else { " " };
        let found = finding(FindingId::DeadPrimaryAsked, FindingSeverity::Medium, asked.then(pause).then(waited));
        Some(found.shown_by(&self.asked()))
    }

    fn requests_lost(&self) -> Option<ReportFinding> {
        let lost = self.measures.lost + self.measures.lost_in_flight;
        let promised = self.subject.verdict.terms.lost.is_some();
        let during =
            format!("{} of {} that were due during the fault were lost", grouped(self.measures.lost), counted(self.due(), "request"));
        let says = match (self.measures.lost, self.measures.lost_in_flight) {
            (0, 1) => "1 request that was under way when the fault began was lost.".to_owned(),
            (0, count) => format!("{} that were under way when the fault began were lost.", counted(count, "request")),
            (_, 0) => format!("{during}."),
            (_, count) => format!("{during}, and {} more that had been sent before it.", grouped(count)),
        };
        let found = finding(FindingId::RequestsLost, FindingSeverity::Medium, says).shown_by(&self.traces.lost);
        (lost > 0 && !promised).then_some(found)
    }

    fn late_answers(&self) -> Option<ReportFinding> {
        let (late, due) = (self.measures.late, self.due());
        if late == 0 || (late as f64) < due as f64 * 0.05 {
            return None;
        }
        let nobody = if self.measures.lost + self.measures.lost_in_flight == 0 { ", although nobody got an error" } else { "" };
        let slo = span(self.subject.verdict.terms.slo);
        let says =
            format!("{} of {} that were due during the fault waited longer than {slo}{nobody}.", grouped(late), counted(due, "request"));
        let severity = if self.subject.verdict.verdict == Decision::Met { FindingSeverity::Low } else { FindingSeverity::Medium };
        Some(finding(FindingId::LateAnswers, severity, says).shown_by(&self.traces.late))
    }

    fn truncated(&self) -> Option<ReportFinding> {
        let (all, in_flight) = (self.measures.truncated, self.measures.truncated_in_flight);
        let when = match in_flight {
            0 => String::new(),
            count if count == all => ", all of them under way when the fault began".to_owned(),
            count => format!(", {} of them under way when the fault began", grouped(count)),
        };
        let says = format!("{} ended before {} whole{when}.", counted(all, "answer"), if all == 1 { "it was" } else { "they were" });
        let found = finding(FindingId::TruncatedStreams, FindingSeverity::Medium, says).shown_by(&self.traces.truncated);
        (all > 0 && self.subject.verdict.terms.truncated.is_none()).then_some(found)
    }

    fn duplicates(&self) -> Option<ReportFinding> {
        let count = self.measures.duplicates.filter(|count| *count > 0)?;
        let says =
            format!("Providers answered {} more than was asked: the same request was executed more than once.", counted(count, "request"));
        let found = finding(FindingId::DuplicateAnswers, FindingSeverity::Medium, says).shown_by(&self.traces.duplicates);
        self.subject.verdict.terms.duplicates.is_none().then_some(found)
    }

    fn retry_storm(&self) -> Option<ReportFinding> {
        let (each, dispatched) = (self.measures.amplification?, self.measures.dispatched?);
        if each < 3.0 || self.due() < 20 {
            return None;
        }
        let stormy = match self.traces.stormy.count {
            0 => String::new(),
            count => format!("; {} were tried {STORM} times or more", grouped(count)),
        };
        let says = format!(
            "The proxies saw {} for {} that were due during the fault, {each:.2} each{stormy}.",
            counted(dispatched.attempts, "attempt"),
            counted(self.due(), "request")
        );
        Some(finding(FindingId::RetryStorm, FindingSeverity::Medium, says).shown_by(&self.traces.stormy))
    }

    fn failback_hurt(&self) -> Option<ReportFinding> {
        let lost = self.measures.failback_lost;
        let says = format!("{} {} lost after the fault was healed.", counted(lost, "request"), if lost == 1 { "was" } else { "were" });
        let found = finding(FindingId::FailbackHurt, FindingSeverity::Medium, says).shown_by(&self.traces.lost_after);
        (lost > 0).then_some(found)
    }

    fn retry_after_ignored(&self) -> Vec<ReportFinding> {
        let digest = self.subject.digest;
        let service = self.subject.workload.named.as_ref().map(|named| named.service_name.as_str()).unwrap_or_default();
        // Each replica finds out by itself.
        let few = 3 * digest.started.as_ref().map_or(1, |started| started.plan.replicas_of(service).max(1)) as u64;
        let mut found = Vec::new();
        for provider in self.subject.broken() {
            let retry = digest.at.of(provider).and_then(|seen| seen.retry).filter(|retry| retry.sooner >= few);
            let Some(retry) = retry else { continue };
            let says = Text::outside(provider).then(format!(
                " asked for a pause of {} (`Retry-After`), and {} of its {} came sooner.",
                span(retry.after),
                grouped(retry.sooner),
                counted(retry.told, "attempt")
            ));
            let one = finding(FindingId::RetryAfterIgnored, FindingSeverity::Medium, says).about(Some(provider));
            let traces = digest.traces.broken.get(provider).map(|broken| Trace { count: retry.sooner, ..broken.ignored.clone() });
            found.push(one.shown_by(&traces.unwrap_or_default()));
        }
        found
    }

    fn standby_slow(&self) -> Vec<ReportFinding> {
        let flows = &self.subject.digest.flows;
        let place = flows.iter().position(|flow| std::ptr::eq(flow, self.subject.workload)).unwrap_or(0);
        let pace = |provider: &String| self.subject.digest.traces.paces.get(&place).and_then(|paces| paces.get(provider));
        let Some((primary, standbys)) = self.providers().split_first() else { return Vec::new() };
        let Some(usual) = pace(primary).map(|pace| &pace.before).filter(|before| before.len() >= 20) else { return Vec::new() };
        let usual = usual.value_at_quantile(0.5);
        let slow = |provider: &String| {
            let during = pace(provider).map(|pace| &pace.during).filter(|during| during.len() >= 20)?;
            let median = during.value_at_quantile(0.5);
            (median >= 2 * usual && median >= usual + 100).then_some(median)
        };
        let words = |ms: u64| span(Duration::from_millis(ms));
        let each = standbys.iter().filter_map(|provider| Some((provider, slow(provider)?))).map(|(provider, median)| {
            let says = Text::outside(provider)
                .then(format!(" took {} for half of its answers during the fault; ", words(median)))
                .then(Text::outside(primary))
                .then(format!(" had taken {} before.", words(usual)));
            finding(FindingId::StandbySlow, FindingSeverity::Low, says).about(Some(provider.as_str()))
        });
        each.collect()
    }
}

/// What an objective that was missed is called.
const fn missed(objective: OutageObjective) -> FindingId {
    match objective {
        OutageObjective::Rto => FindingId::RtoMissed,
        OutageObjective::Stability => FindingId::Relapse,
        OutageObjective::Lost => FindingId::RequestsLost,
        OutageObjective::Truncated => FindingId::TruncatedStreams,
        OutageObjective::Duplicates => FindingId::DuplicateAnswers,
        OutageObjective::Overshoot => FindingId::StandbyOverloaded,
        OutageObjective::Rescued => FindingId::DeadPrimaryAsked,
        OutageObjective::Failback => FindingId::FailbackMissed,
        OutageObjective::Rpo => FindingId::WritesLost,
        OutageObjective::Capacity => FindingId::StandbyTooSmall,
        OutageObjective::Residency => FindingId::ResidencyMissed,
        OutageObjective::Parity => FindingId::ParityMissed,
        OutageObjective::Spend => FindingId::BudgetExceeded,
    }
}
