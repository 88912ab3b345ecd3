//! An execution whose runbook was mended on the way, told as if its last runbook had been walked from the beginning: so a report has one
//! number for each step.

use super::event::{Event, Stamped};
use super::read::History;
use crate::model::Runbook;
use std::borrow::Cow;

impl History {
    /// With every step at its place in the runbook that was in force at the end. Steps that are not in it any more come behind its own.
    pub fn as_mended(&self) -> Cow<'_, Self> {
        let Some(Event::ExecutionStarted(started)) = self.events.first().map(|first| &first.event) else { return Cow::Borrowed(self) };
        let mut mends =
            self.events.iter().filter_map(|stamped| if let Event::Mended(mended) = &stamped.event { Some(mended) } else { None });
        let Some(last) = mends.next_back() else { return Cow::Borrowed(self) };
        let mut plan = last.plan.clone();
        let mut places = places(&started.plan.runbook, &mut plan.runbook);
        let mut events: Vec<Stamped> = Vec::new();
        for stamped in &self.events {
            let mut stamped = stamped.clone();
            if let Event::Mended(mended) = &stamped.event {
                places = self::places(&mended.plan.runbook, &mut plan.runbook);
            }
            if let Some(step) = stamped.event.step_mut() {
                *step = places.get(*step as usize).copied().unwrap_or(*step);
            }
            events.push(stamped);
        }
        if let Some(Event::ExecutionStarted(started)) = events.first_mut().map(|first| &mut first.event) {
            started.plan = plan;
        }
        Cow::Owned(Self { events, torn: self.torn })
    }
}

/// Where a runbook's steps are in another, which is given those that it lacks.
fn places(runbook: &Runbook, all: &mut Runbook) -> Vec<u32> {
    let known = runbook.places_in(all);
    let place = |(step, known): (usize, Option<usize>)| {
        let place = known.unwrap_or_else(|| {
            all.steps.push(runbook.steps[step].clone());
            all.steps.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    };
    known.into_iter().enumerate().map(place).collect()
}
