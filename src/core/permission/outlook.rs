//! What permits a drill and what will stand in its way, in words: for whoever looks before it runs. Nothing is asked of anybody, and no file is
//! read that lies outside the project.

use super::approval::needed;
use super::freeze::{calendars_within, name_of};
use super::limits::allowed;
use super::timetable::{Timetable, takes};
use crate::model::DrillPlan;
use crate::units::{explained, with_causes};
use chrono::{DateTime, Utc};
use std::path::Path;

/// A line with what it is about.
pub type OutlookLine = (&'static str, String);

/// The lines: whose approval, what is allowed, which freeze comes next, whether it would begin now and else when.
pub fn outlook(plan: &DrillPlan, root: &Path, now: DateTime<Utc>) -> Vec<OutlookLine> {
    let allow = &plan.environment.allow;
    let mut lines: Vec<OutlookLine> = Vec::new();
    lines.extend(needed(&plan.environment).map(|needed| ("approval", format!("{}; `--yes` does not approve", needed.told()))));
    let limits = allowed(allow);
    if !limits.is_empty() {
        lines.push(("allowed", limits.join("; ")));
    }
    let mut read = Vec::new();
    for (source, calendar) in calendars_within(allow, root) {
        match calendar.map(|read| (read.name, read.calendar)) {
            Some((_, Ok(calendar))) => read.push(calendar),
            Some((name, Err(problem))) => {
                lines.push(("freezes", format!("{name} cannot be read, which stops every drill: {}", with_causes(&problem))));
            }
            None => lines.push(("freezes", format!("{} is asked when the drill begins, and not here", name_of(&source)))),
        }
    }
    if allow.hours.is_empty() && read.is_empty() {
        return lines;
    }
    let known = !read.is_empty();
    let timetable = Timetable::new(&plan.environment_name, allow.hours.clone(), read);
    match timetable.next_freeze(now) {
        Ok(Some(freeze)) => {
            lines.push(("freezes", format!("the next is {}: from {} until {}", freeze.told(), freeze.begin_told(), freeze.end_told())));
        }
        Ok(None) if known => lines.push(("freezes", "none in the next year".to_owned())),
        Ok(None) => {}
        Err(problem) => lines.push(("freezes", problem.to_string())),
    }
    match timetable.permits(now, takes(plan)) {
        Ok(()) => lines.push(("now", "it would be allowed to begin".to_owned())),
        Err(refused) => lines.push(("now", explained(&refused).replace("\n\nhint: ", "; "))),
    }
    lines
}
