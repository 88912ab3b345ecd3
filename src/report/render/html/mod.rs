//! A report as one page that needs nothing else: it loads nothing, runs nothing, and reads on paper and on a phone as on a desk.
//!
//! ```text
//!  mod        the page: header, first screen, contents, sections, footer
//!  opening    the first screen: the verdict, the picture, what to do next, the numbers
//!  block      every kind of block, and sections within sections
//!  table      rows and columns
//!  waterfall  where the seconds went, as bars in a table
//!  finding    cards
//!  place      where in the page blocks stand
//!  phrase     texts, kept from being read as markup
//!  page.css   how it looks
//! ```
//!
//! What it does not do: say anything about the drill. Its own words are labels, and how to check the page.

mod block;
mod finding;
mod opening;
mod phrase;
mod place;
mod table;
#[cfg(test)]
mod tests;
mod waterfall;

use crate::model::HistoryForm;
use crate::report::model::{Report, ReportIdentity, ReportKind, Section};
use crate::report::render::svg::STYLE;
use crate::units::one_line;
use block::ids;
use maud::{DOCTYPE, Markup, PreEscaped, html};
pub use phrase::badge;
use phrase::text;
use place::PagePlace;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const CSS: &str = include_str!("page.css");

/// Nothing is loaded and nothing is run, whatever should get into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Letters of the title that the foot of a printed page has room for.
const FOOT: usize = 70;

/// The whole report as a page.
pub fn html(report: &Report) -> String {
    let title = format!("{}: {}", one_line(&report.title.plain()), report.status.word);
    let ids = ids(&report.sections.iter().collect::<Vec<_>>(), "");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "Lifeboat " (one_line(report.identity.lifeboat.as_deref().unwrap_or_default())) };
                title { (title) }
                style { (PreEscaped(CSS)) (PreEscaped(STYLE)) (PreEscaped(running_foot(&title, &report.identity))) }
            }
            body {
                a.skip href="#report" { "Skip to the report" }
                header { (head(report)) }
                main #report {
                    (opening::first_screen(report, &ids))
                    @if report.sections.len() > 1 { (contents(&report.sections, &ids)) }
                    div.rest { (sections(report, &ids)) }
                }
                footer { (foot(&report.identity)) }
            }
        }
    };
    page.into_string() + "\n"
}

/// What the report is about, and how that ended.
fn head(report: &Report) -> Markup {
    let identity = &report.identity;
    let kind = match report.kind {
        ReportKind::Drill => "Failover drill",
        ReportKind::Execution => "Runbook, walked for real",
        ReportKind::Incident => "Incident",
        ReportKind::Comparison => "Two drills compared",
        ReportKind::Repeats => "Repeated drills",
        ReportKind::Candidates => "Providers compared",
    };
    html! {
        p.kicker {
            span { (kind) }
            @if let Some(incident) = &identity.incident { span { bdi { (one_line(incident)) } } }
            @if let Some(scenario) = &identity.scenario { span { bdi { (one_line(scenario)) } } }
            @if let Some(environment) = &identity.environment { span { "environment " bdi { (one_line(environment)) } } }
            @if let Some(started) = &identity.started_at { span { (moment(started)) } }
        }
        h1 { (text(&report.title)) }
    }
}

/// A moment of RFC 3339 as people write it; as it is where it is something else.
fn moment(stated: &str) -> Markup {
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit() || "-:".contains(letter));
    let parts = stated.split_once('T').filter(|(day, _)| day.len() == 10 && digits(day));
    match parts.and_then(|(day, time)| Some((day, time.get(..5).filter(|time| digits(time))?))) {
        Some((day, minute)) if stated.ends_with("+00:00") || stated.ends_with('Z') => {
            html! { time datetime=(stated) { (day) " " (minute) " UTC" } }
        }
        _ => html! { bdi { (one_line(stated)) } },
    }
}

/// Links to the sections.
fn contents(sections: &[Section], ids: &[String]) -> Markup {
    html! {
        nav aria-labelledby="contents" {
            h2 #contents { "Contents" }
            ul {
                @for (section, id) in sections.iter().zip(ids) {
                    li {
                        a href={ "#" (id) } { (text(&section.title)) }
                        @if let Some(status) = &section.status { ": " (status.word) }
                    }
                }
            }
        }
    }
}

fn sections(report: &Report, ids: &[String]) -> Markup {
    let mut titles: BTreeMap<String, usize> = BTreeMap::new();
    report.sections.iter().for_each(|section| *titles.entry(section.title.plain()).or_default() += 1);
    html! {
        @for (section, id) in report.sections.iter().zip(ids) {
            // Of two landmarks with one name neither helps.
            @let label = (titles[&section.title.plain()] == 1).then(|| format!("{id}-title"));
            section id=(id) aria-labelledby=[label] { (block::section(section, &PagePlace::of(id, 2, &section.title))) }
        }
    }
}

/// How this page can be checked.
fn foot(identity: &ReportIdentity) -> Markup {
    html! {
        @if let Some(hash) = &identity.history_sha256 {
            @let is_packed = identity.history_form == Some(HistoryForm::Compressed);
            p {
                "Everything on this page is computed from " code { "history.jsonl" }
                @if is_packed { ", which is kept compressed," } @else { "," }
                " whose SHA-256 is " code { (one_line(hash)) } ". Check it with "
                code { @if is_packed { (HistoryForm::Compressed.printed()) " | sha256sum" } @else { "sha256sum history.jsonl" } }
                ", and compute the verdict again with " code { "lifeboat judge" } "."
            }
        }
        p {
            "Written by Lifeboat"
            @if let Some(version) = &identity.lifeboat { " " bdi { (one_line(version)) } }
            ". The page loads nothing and runs nothing."
        }
    }
}

/// The foot of each printed page: what it is of, and which page.
fn running_foot(title: &str, identity: &ReportIdentity) -> String {
    let short: String = title.chars().take(FOOT).collect();
    let short = if short.len() < title.len() { short + "…" } else { short };
    let hash = identity.history_sha256.as_ref().map(|hash| format!(" · history {}", hash.chars().take(12).collect::<String>()));
    let left = css_text(&(short + &hash.unwrap_or_default()));
    format!("@page{{@bottom-left{{content:\"{left}\"}}}}")
}

/// A text within quotes of a style sheet: whatever is no plain letter or figure is written as its number, so that nothing ends it.
fn css_text(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            ' ' | 'a'..='z' | 'A'..='Z' | '0'..='9' => safe.push(letter),
            // Writing to a string cannot fail. The blank ends the number.
            letter => drop(write!(safe, "\\{:x} ", u32::from(letter))),
        }
    }
    safe
}
