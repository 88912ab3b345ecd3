//! Moments on a way, in order: how long each took since the one before, which part of the whole that is, and where most of the time went.
//!
//! What this file does not do: know where moments come from (`waterfall`).

use crate::report::model::{StageTime, Text, Waterfall, WaterfallMoment, WaterfallStage};

/// A moment, before it has its place.
pub(super) struct Moment {
    moment: WaterfallMoment,
    label: Text,
    pub(super) at: Option<StageTime>,
    source: Text,
    /// Since the moment before, where that is told by the verdict itself.
    pub(super) took: Option<StageTime>,
    /// Time that is allowed for it, where that is not the whole way's; held against `took`.
    pub(super) budget: Option<i64>,
    /// For a part of the way to the goal: what the time up to it was for, as the end of a sentence.
    went: Option<&'static str>,
}

impl Moment {
    /// One beside the way.
    pub(super) fn at(moment: WaterfallMoment, label: impl Into<Text>, at: Option<StageTime>, source: impl Into<Text>) -> Self {
        Self { moment, label: label.into(), at, source: source.into(), took: None, budget: None, went: None }
    }

    /// The same as a part of the way to the goal: the time up to it counts, and this is what it was for.
    pub(super) fn on_the_way(self, went: &'static str) -> Self {
        Self { went: Some(went), ..self }
    }

    /// The same beside the way.
    pub(super) fn beside(self) -> Self {
        Self { went: None, ..self }
    }

    /// Whether it is this one.
    pub(super) fn is(&self, moment: WaterfallMoment) -> bool {
        self.moment == moment
    }

    /// When it had happened; `None` where it was not seen.
    fn end(&self) -> Option<i64> {
        self.at?.hi_ns
    }
}

/// All of them in order, with what each took.
pub(super) fn arranged(moments: Vec<Moment>, goal: WaterfallMoment, budget: Option<i64>) -> Waterfall {
    let moments = in_order(moments);
    let end = moments.iter().find(|moment| moment.moment == goal).and_then(Moment::end);
    let (mut before, mut arrived): (Option<StageTime>, bool) = (None, false);
    let mut stages: Vec<WaterfallStage> = Vec::new();
    let mut largest: Option<Part> = None;
    for moment in moments {
        let (mut took, mut share) = (moment.took, None);
        if let (Some(went), false, Some(at)) = (moment.went, arrived, moment.at.filter(|at| at.hi_ns.is_some())) {
            took = took.or_else(|| before.map(|before| between(before, at)));
            share = before.zip(end).and_then(|(before, end)| part(before, at, end));
            before = Some(at);
            if let Some((share, took)) = share.zip(took).filter(|(share, _)| largest.as_ref().is_none_or(|most| *share > most.share)) {
                largest = Some(Part { share, took, went });
            }
        }
        let budget_ns = moment.budget.or_else(|| budget.filter(|_| moment.went.is_some() && !arrived));
        arrived |= moment.moment == goal;
        let Moment { moment, label, at, source, .. } = moment;
        stages.push(WaterfallStage { moment, label, at, took, share, budget_ns, source });
    }
    let summary = match end {
        Some(end) => largest.map(|part| part.told(end)).unwrap_or_default(),
        None => unfinished(&stages),
    };
    Waterfall { stages, goal, budget_ns: budget, summary }
}

/// Those that were seen in the order of time, the others where they would have come.
fn in_order(mut moments: Vec<Moment>) -> Vec<Moment> {
    moments.sort_by_key(|moment| moment.moment);
    let (mut seen, unseen): (Vec<Moment>, Vec<Moment>) = moments.into_iter().partition(|moment| moment.end().is_some());
    seen.sort_by_key(|moment| (moment.end(), moment.moment));
    for moment in unseen {
        let place = seen.iter().rposition(|earlier| earlier.moment <= moment.moment).map_or(0, |place| place + 1);
        seen.insert(place, moment);
    }
    seen
}

/// From one moment to the next, as far as both are known.
fn between(before: StageTime, at: StageTime) -> StageTime {
    let lo_ns = (at.lo_ns - before.hi_ns.unwrap_or(at.lo_ns)).max(0);
    StageTime { lo_ns, hi_ns: at.hi_ns.map(|hi| (hi - before.lo_ns).max(lo_ns)) }
}

fn part(before: StageTime, at: StageTime, end: i64) -> Option<f64> {
    let took = (at.hi_ns? - before.hi_ns?).max(0);
    (end > 0).then(|| took as f64 / end as f64)
}

/// No sentence where the largest part is smaller than this.
const MOST: f64 = 0.4;
/// Nor where the whole way took less, in nanoseconds.
const LEAST: i64 = 500_000_000;

/// A part of the way.
struct Part {
    share: f64,
    took: StageTime,
    went: &'static str,
}

impl Part {
    /// That most of the time went there, where it certainly did: a part is as uncertain as both of its ends, and what may be less than a third of the
    /// whole is not told.
    fn told(&self, end: i64) -> Text {
        if self.share < MOST || end < LEAST || self.took.lo_ns.saturating_mul(3) < end {
            return Text::default();
        }
        let whole = end as f64 / 1e9;
        format!("{:.1} of {whole:.1} s {}.", self.share * whole, self.went).into()
    }
}

/// The last that was seen on a way that did not lead to its goal.
fn unfinished(stages: &[WaterfallStage]) -> Text {
    let on_the_way = |stage: &&WaterfallStage| {
        let answers = WaterfallMoment::Detected..=WaterfallMoment::FirstStandby;
        answers.contains(&stage.moment) && stage.at.is_some_and(|at| at.hi_ns.is_some())
    };
    let Some(last) = stages.iter().rfind(on_the_way) else { return Text::default() };
    let at = last.at.and_then(|at| at.hi_ns).unwrap_or(0) as f64 / 1e9;
    Text::own("The last step on the way that was seen: ").then(last.label.clone()).then(format!(", {at:.2} s after the fault."))
}
