//! What only shows when a schedule is laid beside the project and the calendar: names and files that are not there, times that never come or come
//! too often, hours in which nothing may begin.
//!
//! What this file does not do: read schedules, or look at the calendars of freezes, which need not be files (`lifeboat schedule preview` does).

use super::finding::Finding;
use super::inside::{self, NamedFile};
use super::inventory::{name_hint, unknown};
use super::opened_project::Project;
use super::schedule::PlacedSchedule;
use super::shape::{self, FileKind};
use super::{check, document::SourceDocument};
use crate::model::DuePattern;
use crate::schedule::{is_either_day, is_ever_due, is_ever_open, start_gaps, told_local};
use crate::units::{Duration, closest};

/// Everything that is wrong or doubtful about a schedule that was understood.
pub(super) fn of(project: &Project, placed: &PlacedSchedule<'_>) -> Vec<Finding> {
    let mut found = scenarios(project, placed);
    if project.declared().is_some() {
        found.extend(names(project, placed));
    }
    found.extend(times(project, placed));
    found
}

/// Scenarios that are not there, are something else, or stand there twice.
fn scenarios(project: &Project, placed: &PlacedSchedule<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let all = &placed.schedule.scenarios;
    for (place, path) in all.iter().enumerate() {
        let index = place.to_string();
        let at = ["scenarios", index.as_str()];
        if all[..place].contains(path) {
            found.push(placed.error(&at, format!("`{path}` is drilled already"), "name another scenario, or take it away"));
            continue;
        }
        let named = inside::named(&project.root, path);
        if let Some((message, hint)) = inside::wrong(&named, "scenario", path) {
            found.push(placed.error(&at, message, hint));
        } else if matches!(named, NamedFile::File(_)) {
            let kind = SourceDocument::open(&project.root.join(path), &project.root).root.as_ref().and_then(shape::kind_of);
            if let Some(kind) = kind.filter(|kind| *kind != FileKind::Scenario) {
                let message = format!("`{path}` is {}, and a scenario is expected here", kind.named());
                found.push(placed.error(&at, message, "name a scenario, for example `scenarios/outage.yaml`"));
            }
        } else {
            let there: Vec<String> = check::files_below(&project.root.join("scenarios"))
                .iter()
                .filter_map(|file| Some(file.strip_prefix(&project.root).ok()?.to_string_lossy().into_owned()))
                .collect();
            let hint = match closest(path, there.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write the scenario's path from the project's root, for example `scenarios/outage.yaml`".into(),
            };
            found.push(placed.error(&at, format!("the scenario `{path}` does not exist"), hint));
        }
    }
    found
}

/// People and places that the inventory does not declare.
fn names(project: &Project, placed: &PlacedSchedule<'_>) -> Vec<Finding> {
    let (schedule, inventory) = (&placed.schedule, &project.inventory);
    let mut found = Vec::new();
    if !inventory.environments.contains_key(&schedule.environment) {
        let hint = name_hint(&schedule.environment, "an environment", inventory.environments.keys());
        let message = format!("`{}` is not an environment of this inventory", schedule.environment);
        found.push(placed.error(&["environment"], message, hint).about("environments", &schedule.environment));
    }
    let by = schedule.approval.iter().flat_map(|wish| &wish.by);
    let lists: [(&[&str], Vec<&String>); 3] = [
        (&["approval", "by"], by.collect()),
        (&["notify", "to"], schedule.notify.to.iter().collect()),
        (&["notify", "after"], schedule.notify.after.iter().collect()),
    ];
    for (keys, people) in lists {
        for (place, name) in people.into_iter().enumerate() {
            let place = place.to_string();
            let path: Vec<&str> = placed.at.iter().map(String::as_str).chain(keys.iter().copied()).chain([place.as_str()]).collect();
            found.extend(unknown(placed.document, &path, name, "a contact", &inventory.contacts));
        }
    }
    found
}

/// Times that never come, come too often or at hours in which nothing may begin.
fn times(project: &Project, placed: &PlacedSchedule<'_>) -> Vec<Finding> {
    let (schedule, key) = (&placed.schedule, placed.rule_key());
    if !is_ever_due(&schedule.when) {
        let message = format!("`{}` is never due: no such day comes within 50 years", schedule.when.text);
        return vec![placed.error(&[key], message, "write days that there are; `last day of February` is one")];
    }
    let mut found = Vec::new();
    if is_either_day(&schedule.when)
        && let DuePattern::Cron(text) = &schedule.when.rule
    {
        let fields: Vec<&str> = text.split(' ').collect();
        let message = format!(
            "cron takes either day: this is due on each day `{}` of the month, and on each day `{}` of the week",
            fields[2], fields[4]
        );
        let hint = "say it in words if both are meant, for example `when: second Tuesday of every quarter, 10:00 Europe/Berlin`";
        found.push(placed.error(&[key], message, hint).warning());
    }
    if let Some(hint) =
        (schedule.jitter >= schedule.window).then(|| format!("write a jitter below the window of `{}`", schedule.window.typed()))
    {
        let message = format!("a jitter of {} may begin it after its window of {}", schedule.jitter, schedule.window);
        found.push(placed.error(&["jitter"], message, hint));
    }
    found.extend(gaps(project, placed));
    let hours = project.inventory.environments.get(&schedule.environment).map(|place| &place.allow.hours);
    if let Some(hours) = hours.filter(|hours| !is_ever_open(&schedule.when, schedule.window, hours)) {
        let told: Vec<String> = hours.iter().map(|hours| format!("`{hours}`")).collect();
        let message = format!("it never could begin: `{}` allows drills {} alone", schedule.environment, told.join(" and "));
        found.push(placed.error(&[key], message, "choose a time within those hours, or a longer `window:`").warning());
    }
    found
}

/// What does not fit between two of its starts.
fn gaps(project: &Project, placed: &PlacedSchedule<'_>) -> Vec<Finding> {
    let schedule = &placed.schedule;
    let Some(gaps) = start_gaps(&schedule.when) else { return Vec::new() };
    let mut found = Vec::new();
    if schedule.window > gaps.shortest {
        let after = told_local(&schedule.when, gaps.shortest_after);
        let message =
            format!("a window of {} is longer than the {} from one start to the next (from {after} on)", schedule.window, gaps.shortest);
        found.push(placed.error(&["window"], message, format!("write `window: {}` or less", gaps.shortest.typed())));
    }
    if let Some(cadence) = schedule.cadence.filter(|cadence| *cadence < gaps.longest) {
        let message = format!("after {cadence} it is overdue, and up to {} pass from one start to the next", gaps.longest);
        let hint = format!("write `cadence: {}` or more, or let it be due more often", gaps.longest.typed());
        found.push(placed.error(&["cadence"], message, hint).warning());
    }
    // Only what comes often can come too often; the stories are read for that alone.
    const OFTEN: Duration = Duration::from_secs(2 * 86_400);
    if gaps.shortest < OFTEN {
        let length = |path: &String| {
            let (story, _) = project.file(path).map(|file| project.story(&file))?;
            Some(story?.scenario.scenario.timeline.total())
        };
        let takes = schedule.scenarios.iter().filter_map(length).fold(Duration::ZERO, Duration::plus);
        if takes > gaps.shortest {
            let message = format!("it is due every {}, and its drills take {takes}: most of its times would be missed", gaps.shortest);
            let hint = "let it be due less often";
            found.push(placed.error(&[placed.rule_key()], message, hint).warning());
        }
    }
    found
}
