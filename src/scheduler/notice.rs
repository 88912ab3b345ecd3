//! Notices of drills that this process runs, made of what is known of them. Those of occurrences are made of their schedules
//! ([`Notice`]'s own constructors).

use super::running_drill::{EndedDrill, RunningDrill};
use crate::history::{Event, Guarded};
use crate::model::NoticeKind;
use crate::schedule::{CutoverBounds, Notice, NoticeSubject};
use crate::units::Duration;
use chrono::{DateTime, Utc};

impl RunningDrill {
    /// What notices of it are about.
    pub fn notice_subject(&self) -> NoticeSubject {
        NoticeSubject {
            drill: Some(self.id.clone()),
            service: Some(self.plan.workloads.leading().service_name.clone()),
            scenario: Some(self.plan.scenario.name.clone()),
            environment: Some(self.plan.environment_name.clone()),
            ..NoticeSubject::default()
        }
    }

    /// It began.
    pub fn started_notice(&self, now: DateTime<Utc>) -> Notice {
        let about = self.notice_subject();
        let told = format!("{} began on {}.", self.plan.scenario.name, self.plan.environment_name);
        Notice::of_drill(NoticeKind::Started, about, "", told, now)
    }

    /// Each guard that has tripped so far.
    pub fn guard_notices(&self, now: DateTime<Utc>) -> Vec<Notice> {
        let live = self.live.borrow().clone();
        let tripped = live.notable.iter().filter_map(|stamped| match &stamped.event {
            Event::GuardTripped(tripped) => Some(tripped),
            _ => None,
        });
        tripped.enumerate().map(|(place, tripped)| self.guard_notice(place, tripped, now)).collect()
    }

    fn guard_notice(&self, place: usize, tripped: &Guarded, now: DateTime<Utc>) -> Notice {
        let about = NoticeSubject { reason: Some(tripped.guard.clone()), ..self.notice_subject() };
        let told = format!("A guard stops {} on {}: {}.", self.plan.scenario.name, self.plan.environment_name, tripped.guard);
        Notice::of_drill(NoticeKind::Guard, about, &place.to_string(), told, now)
    }

    /// It ended, with its verdict or without one.
    pub fn verdict_notice(&self, ended: &EndedDrill, now: DateTime<Utc>) -> Notice {
        let mut about = self.notice_subject();
        let name = format!("{} on {}", self.plan.scenario.name, self.plan.environment_name);
        let told = match &ended.finished {
            Err(problem) => {
                about.reason = Some(problem.lines().next().unwrap_or_default().to_owned());
                format!("{name} ended without a verdict: {}.", about.reason.as_deref().unwrap_or_default())
            }
            Ok(finished) => {
                let verdict = &finished.judged.verdict;
                let cutover = verdict.measures.as_ref().filter(|_| !verdict.only_rotates).map(|measures| measures.cutover);
                about.verdict = Some(verdict.verdict.to_string());
                about.cutover = cutover.map(|interval| CutoverBounds::of_nanos(interval.lo, interval.hi));
                about.objective_ms = Some(verdict.terms.rto.nanos() / 1_000_000);
                about.reason = finished.stopped.as_ref().map(|_| "stopped".to_owned());
                let measured = match (about.cutover.and_then(|cutover| cutover.upper_ms), cutover) {
                    (Some(within), _) => format!("; cut over within {}", shown(within)),
                    (None, Some(interval)) => format!("; no cutover within {}", shown(interval.lo / 1_000_000)),
                    (None, None) => String::new(),
                };
                let stopped = if finished.stopped.is_some() { ", and was stopped before its end" } else { "" };
                format!("{name}: {}{measured}, of {} promised{stopped}.", verdict.verdict, verdict.terms.rto)
            }
        };
        Notice::of_drill(NoticeKind::Verdict, about, "", told, now)
    }
}

fn shown(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
