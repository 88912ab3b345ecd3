//! Where the seconds went: the moments from the fault to the return of the primary, each with when it was, how long it took since the one before,
//! and who says so.
//!
//! All on one clock, which begins when the fault was in force. On the way to the goal (the cutover, or the restoration where that is what was
//! promised) each moment has a share of the time. What this file does not do: measure; the times are the verdict's and the history's own.

use super::subject::Subject;
use super::way::{Moment, arranged};
use crate::history::{Event, Stamped};
use crate::model::{Action, Gate, Runbook, StartMode, StepEnd};
use crate::report::digest::{AlertSeen, Digest};
use crate::report::model::{Block, Section, SectionKind, StageTime, Text, Waterfall, WaterfallMoment};
use crate::report::words::nature::nameless;
use crate::report::words::wording::{length, span};
use crate::report::words::{recovery, share};
use crate::verdict::{Interval, Measures};

/// So many alerts are told one by one.
const ALERTS: usize = 5;

/// Who tells of the edges of a fault that nobody drilled.
const STATED: &str = "the person who stated it";

/// The section about one workload; nothing where nothing was measured, or nothing was broken.
pub(in crate::report) fn section(subject: &Subject<'_>) -> Option<Section> {
    let waterfall = waterfall(subject)?;
    Some(Section::new(SectionKind::Waterfall, "Where the seconds went").with(Block::Waterfall(waterfall)))
}

/// The moments of one workload's outage.
pub(in crate::report) fn waterfall(subject: &Subject<'_>) -> Option<Waterfall> {
    let measures = subject.verdict.measures.as_ref().filter(|_| !subject.verdict.only_rotates)?;
    let way = Way { subject, digest: subject.digest, measures };
    let goal = if subject.verdict.terms.gate == Gate::Cutover && !nameless(subject.verdict) {
        WaterfallMoment::CutOver
    } else {
        WaterfallMoment::Restored
    };
    let mut moments = vec![way.fault(), way.hurt()];
    moments.extend(way.alerts());
    moments.extend(way.answer());
    moments.extend(way.service(goal));
    moments.extend(way.return_of_the_primary());
    let promised = subject.verdict.reason != Some(crate::verdict::Reason::ObjectivesNotTold);
    let budget = promised.then(|| subject.verdict.terms.rto.nanos());
    Some(arranged(moments, goal, budget))
}

/// True where a step of it changes something outside, so that it may bring service back.
pub(in crate::report) fn changes_something(runbook: &Runbook) -> bool {
    runbook.steps.iter().any(|step| !step.reads && changes(&step.action))
}

fn changes(action: &Action) -> bool {
    !action.only_reads() && !matches!(action, Action::Notify(_) | Action::SwitchBack(_))
}

/// What is known of the way from a fault to the return of the primary.
struct Way<'a> {
    subject: &'a Subject<'a>,
    digest: &'a Digest,
    measures: &'a Measures,
}

impl Way<'_> {
    /// A moment of the history, from when the fault was in force.
    fn since_fault(&self, at: u64) -> i64 {
        self.digest.since_fault(at)
    }

    fn exactly(&self, at: u64) -> Option<StageTime> {
        let at = self.since_fault(at);
        Some(StageTime { lo_ns: at, hi_ns: Some(at) })
    }

    fn find(&self, wanted: impl Fn(&Event) -> bool) -> Option<&Stamped> {
        self.digest.notable.iter().find(|stamped| wanted(&stamped.event))
    }

    fn fault(&self) -> Moment {
        let first = self.find(|event| matches!(event, Event::FaultConfirmed(_)));
        let issued =
            first.is_some_and(|stamped| matches!(&stamped.event, Event::FaultConfirmed(fault) if self.digest.of_credential(fault.fault)));
        let source = match issued {
            true => "the issuer, checked",
            false if self.digest.started.is_none() => STATED,
            false => "the proxy, checked",
        };
        Moment::at(WaterfallMoment::FaultActive, "the fault is active", Some(StageTime { lo_ns: 0, hi_ns: Some(0) }), source).on_the_way("")
    }

    fn hurt(&self) -> Moment {
        let first = self.subject.workload.hurt.first_due.map(|due| self.since_fault(due).max(0));
        let at = first.map(|first| StageTime { lo_ns: first, hi_ns: Some(first) });
        let source = if at.is_some() { "traffic: when it was due" } else { "no request failed or was late" };
        Moment::at(WaterfallMoment::FirstHurt, "the first request that failed or was late", at, source)
            .on_the_way("went by before any request was hurt")
    }

    /// What the team's own monitoring said, and how much later that was than the first request that was hurt.
    fn alerts(&self) -> Vec<Moment> {
        let listened = self.digest.started.as_ref().is_some_and(|started| started.plan.environment.alerts.is_some());
        let alerts = self.digest.alerts();
        if alerts.is_empty() && listened {
            return vec![Moment::at(WaterfallMoment::Alerted, "an alert of the team's own", None, "none arrived before the drill ended")];
        }
        let hurt = self.subject.workload.hurt.first_due.map(|due| self.since_fault(due).max(0));
        let mut told: Vec<Moment> = alerts.iter().flat_map(|(name, alert)| self.of_alert(name, alert, hurt)).collect();
        told.sort_by_key(|moment| moment.at.map(|at| at.lo_ns));
        told.truncate(ALERTS);
        told
    }

    /// When its rule let it fire, as its sender says, and when it was received: between the two lie grouping and delivery.
    fn of_alert(&self, name: &str, alert: &AlertSeen, hurt: Option<i64>) -> Vec<Moment> {
        let label = |what: &str| Text::own("the alert ").then(Text::outside(name)).then(what.to_owned());
        let moment = |what: &str, at, source: String| Moment::at(WaterfallMoment::Alerted, label(what), at, source);
        let since = self.since_fault(alert.at);
        if since < 0 {
            let before = length(alert.fired_before_fault(self.digest).unwrap_or(since.unsigned_abs()));
            return vec![moment(" arrives", None, format!("it fired already {before} before the fault, and so tells nothing of it"))];
        }
        let fired = alert.fired.map(|fired| self.digest.since_fault(0).saturating_add(fired));
        let early = alert.fired_before_fault(self.digest);
        let (way, clock) = match (alert.way(), early) {
            (_, Some(early)) => {
                let of = "by its sender's clock: it tells of something else, or that clock is behind";
                (String::new(), format!("; it fired {} before the fault {of}", length(early)))
            }
            (Some(way), None) if way < 0 => {
                (String::new(), format!("; its sender's clock is at least {} ahead of this host's", length(way.unsigned_abs())))
            }
            (Some(way), None) => (format!(", {} after it fired: grouping and delivery", length(way.unsigned_abs())), String::new()),
            (None, None) => (String::new(), String::new()),
        };
        let late = hurt
            .filter(|hurt| since > *hurt)
            .map(|hurt| format!(", {:.2} s after the first request was hurt", (since - hurt) as f64 / 1e9))
            .unwrap_or_default();
        let arrives = moment(" arrives", self.exactly(alert.at), format!("{}, when Lifeboat received it{late}{way}{clock}", alert.source));
        let fired = fired.filter(|fired| early.is_none() && *fired >= 0 && *fired <= since);
        let fires = fired.map(|fired| {
            let at = Some(StageTime { lo_ns: fired, hi_ns: Some(fired) });
            moment(" fires", at, format!("{}, by its own clock: when its rule had held for long enough", alert.source))
        });
        fires.into_iter().chain([arrives]).collect()
    }

    /// Who noticed, decided and acted: the team by its runbook, or the gateway by itself.
    fn answer(&self) -> Vec<Moment> {
        let runbook = self.digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref());
        let began = self.digest.notable.iter().find_map(|stamped| match &stamped.event {
            Event::RunbookStarted(started) => Some((stamped.t, started.because.as_str())),
            _ => None,
        });
        let (Some(runbook), Some(began)) = (runbook, began) else { return self.by_itself(runbook).into_iter().collect() };
        let teams = [self.noticed(runbook, began), self.decided(runbook), self.acted(runbook)];
        if self.leads(runbook) {
            return teams.into_iter().chain(self.standby_asked()).collect();
        }
        // The gateway was faster, or the runbook only looks on.
        let count = if changes_something(runbook) { teams.len() } else { 1 };
        self.by_itself(None).into_iter().chain(teams.into_iter().take(count).map(Moment::beside)).collect()
    }

    /// Whether it was the runbook that brought service back, or was on the way to it.
    fn leads(&self, runbook: &Runbook) -> bool {
        let acted = self.act(runbook).map(|(at, _)| self.since_fault(at));
        match (acted, recovery::gate(self.subject.verdict, self.measures).hi) {
            (Some(acted), Some(goal)) => acted <= goal,
            (Some(_), None) => true,
            (None, goal) => changes_something(runbook) && goal.is_none(),
        }
    }

    fn noticed(&self, runbook: &Runbook, (at, because): (u64, &str)) -> Moment {
        let (label, source) = match runbook.start {
            StartMode::OnDetection => ("the runbook notices it", Text::own("the runbook: ").then(Text::outside(because))),
            StartMode::WithTheFault => {
                ("the runbook starts", "the runbook: it starts with the fault, so noticing is no part of this drill".into())
            }
            StartMode::ByHand => ("a person starts the runbook", "the person at the terminal".into()),
        };
        Moment::at(WaterfallMoment::Detected, label, self.exactly(at), source).on_the_way("went by before the runbook started")
    }

    /// The first step that changes something, and when it was done.
    fn act<'r>(&self, runbook: &'r Runbook) -> Option<(u64, &'r str)> {
        let of_kind = |wanted: &dyn Fn(&Action) -> bool| {
            self.digest.notable.iter().find_map(|stamped| match &stamped.event {
                Event::StepFinished(step) if step.end == StepEnd::Done => {
                    let step = runbook.steps.get(step.step as usize)?;
                    (!step.reads && wanted(&step.action)).then_some((stamped.t, step.name.as_str()))
                }
                _ => None,
            })
        };
        let switches = |action: &Action| matches!(action, Action::Switch(_) | Action::Canary(_));
        of_kind(&switches).or_else(|| of_kind(&changes))
    }

    fn decided(&self, runbook: &Runbook) -> Moment {
        let acted = self.act(runbook).map_or(u64::MAX, |(at, _)| at);
        let asks = |step: u32| runbook.steps.get(step as usize).is_some_and(|step| step.action.asks_people());
        let (mut at, mut modelled) = (None, false);
        for stamped in self.digest.notable.iter().filter(|stamped| stamped.t <= acted) {
            match &stamped.event {
                Event::StepFinished(step) if step.end == StepEnd::Done && asks(step.step) => at = Some(stamped.t),
                Event::ReactionModelled(reaction) => {
                    modelled = true;
                    let end = stamped.t.saturating_add(reaction.length);
                    if reaction.step.is_none() && end <= acted {
                        at = Some(end);
                    }
                }
                _ => {}
            }
        }
        let source = match (at.is_some(), modelled) {
            (true, true) => "modelled: how long people take was drawn from the seed, and not measured",
            (true, false) => "the answer of the person who was asked",
            (false, _) if runbook.steps.iter().any(|step| step.action.asks_people()) => "nobody answered before the drill ended",
            (false, _) => "nobody was asked: the runbook goes on without an answer",
        };
        let at = at.and_then(|at| self.exactly(at));
        Moment::at(WaterfallMoment::Decided, "people have decided", at, source).on_the_way("went by while people decided")
    }

    fn acted(&self, runbook: &Runbook) -> Moment {
        let act = self.act(runbook);
        let label =
            act.map_or_else(|| "the runbook acts".into(), |(_, name)| Text::own("the runbook has done: ").then(Text::outside(name)));
        let source = if act.is_some() { "the end of that step" } else { "no step that changes anything was done" };
        let at = act.and_then(|(at, _)| self.exactly(at));
        Moment::at(WaterfallMoment::Acted, label, at, source).on_the_way("went by before the runbook had acted")
    }

    fn dispatch(&self) -> Option<StageTime> {
        self.measures.first_standby_dispatch.map(|dispatch| StageTime { lo_ns: dispatch.0, hi_ns: Some(dispatch.0) })
    }

    fn standby_asked(&self) -> Option<Moment> {
        let at = self.dispatch()?;
        Some(
            Moment::at(WaterfallMoment::StandbyAsked, "first request to a standby", Some(at), "its proxy")
                .on_the_way("went by before the gateway sent a request to a standby"),
        )
    }

    /// The gateway's own way: that it noticed shows when it asks another provider.
    fn by_itself(&self, runbook: Option<&Runbook>) -> Option<Moment> {
        if self.measures.share.is_some() && runbook.is_none() {
            return None;
        }
        let at = self.dispatch();
        let (label, source) = match (at, runbook) {
            (Some(_), _) => ("the gateway asks a standby, by itself", Text::own("the standby's proxy: its first request")),
            (None, Some(runbook)) => {
                ("the runbook notices it", Text::own("it did not: ").then(Text::outside(runbook.detect.to_string())).then(" did not come"))
            }
            (None, None) if !self.subject.verdict.evidence.attempts_seen => {
                ("the gateway asks a standby, by itself", "no proxy saw who was asked".into())
            }
            (None, None) => ("the gateway asks a standby, by itself", "it asked none during the fault".into()),
        };
        Some(Moment::at(WaterfallMoment::Detected, label, at, source).on_the_way("went by before the gateway asked a standby"))
    }

    /// When users were served again, by whom, and whether it held.
    fn service(&self, goal: WaterfallMoment) -> Vec<Moment> {
        let (verdict, measures) = (self.subject.verdict, self.measures);
        let both = "traffic and proxy";
        let mut moments = Vec::new();
        // No answer comes before the first request.
        let asked = measures.first_standby_dispatch.map_or(0, |dispatch| dispatch.0);
        let first = measures.first_standby.map(|first| Interval { lo: first.hi.map_or(asked, |hi| hi.min(asked)).max(first.lo), ..first });
        if let Some(first) = first {
            let moment = Moment::at(WaterfallMoment::FirstStandby, "first good answer from a standby", Some(first.into()), both);
            moments.push(if goal == WaterfallMoment::CutOver {
                moment.on_the_way("went by until a standby, once asked, gave its first good answer")
            } else {
                moment
            });
        }
        let restored = Moment::at(WaterfallMoment::Restored, "service is good again", Some(measures.restore.into()), "traffic");
        moments.push(if goal == WaterfallMoment::Restored {
            restored.on_the_way("went by before service was good and stayed so")
        } else {
            restored
        });
        if !nameless(verdict) {
            moments.push(self.cut_over(goal));
        }
        if let Some(hi) = recovery::gate(verdict, measures).hi {
            let at = hi + verdict.terms.hold.nanos();
            let label = format!("that has held for {}", span(verdict.terms.hold));
            moments.push(Moment::at(WaterfallMoment::Stable, label, Some(StageTime { lo_ns: at, hi_ns: Some(at) }), "traffic"));
        }
        moments
    }

    fn cut_over(&self, goal: WaterfallMoment) -> Moment {
        let (verdict, measures) = (self.subject.verdict, self.measures);
        let label = measures.share.as_ref().map_or_else(|| "a standby has taken over".into(), |share| Text::outside(share::moved(share)));
        let served = measures.first_standby.is_some() || measures.share.is_some();
        // Where nothing asks for a cutover and it did not happen, no time says anything.
        let none = goal != WaterfallMoment::CutOver && measures.cutover.hi.is_none();
        let (at, source) = match (none, served) {
            (true, false) => (None, Text::own("no standby served, and none had to")),
            (true, true) => (None, format!("no standby served well for {}, and none had to", span(verdict.terms.hold)).into()),
            (false, _) => (Some(measures.cutover.into()), "traffic and proxy".into()),
        };
        let moment = Moment::at(WaterfallMoment::CutOver, label, at, source);
        let went = if measures.share.is_some() {
            "went by before nobody waited for it any more"
        } else {
            "went by before a standby served well and kept serving"
        };
        if goal == WaterfallMoment::CutOver { moment.on_the_way(went) } else { moment }
    }

    fn return_of_the_primary(&self) -> Vec<Moment> {
        let issued = |fault: u32| self.digest.of_credential(fault);
        let healed = self.digest.fault_span().and_then(|(from, until)| i64::try_from(until?.saturating_sub(from)).ok());
        let known = self.find(|event| matches!(event, Event::FaultHealed(fault) if !issued(fault.fault))).is_some();
        let Some(healed) = healed.filter(|_| known) else { return Vec::new() };
        let at = StageTime { lo_ns: healed, hi_ns: Some(healed) };
        let source = if self.digest.started.is_none() { STATED } else { "the proxy, checked" };
        let mut moments = vec![Moment::at(WaterfallMoment::Healed, "the fault is healed", Some(at), source)];
        let (verdict, measures) = (self.subject.verdict, self.measures);
        if measures.never_left && verdict.terms.failback.is_some() {
            let label = "the primary serves again";
            moments.push(Moment::at(WaterfallMoment::FailedBack, label, None, "not needed: the service never left its primary"));
        }
        if let Some(failback) = measures.failback.filter(|_| !nameless(verdict)) {
            let back = match &measures.share {
                Some(share) => Text::outside(share.of.join(" and ")).then(" has a share again"),
                None => "the primary serves again".into(),
            };
            let at = StageTime { lo_ns: failback.lo + healed, hi_ns: failback.hi.map(|hi| hi + healed) };
            let mut moment = Moment::at(WaterfallMoment::FailedBack, back.then(", and stays"), Some(at), "traffic and proxy");
            moment.took = Some(failback.into());
            moment.budget = verdict.terms.failback.map(crate::units::Duration::nanos);
            moments.push(moment);
        }
        moments
    }
}
