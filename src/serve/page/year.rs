//! A year as twelve months of days, for eyes: each start with what became of it, freezes shaded. What it shows stands in words in the table below it.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Months by name.
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// What became of a start, or will. The later, the more it is to be seen: of several on one day the last of these is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum YearMark {
    /// Still to come.
    Planned,
    /// It began on time.
    Started,
    /// A drill that somebody ran by hand counts for it.
    Kept,
    /// Its drills run.
    Running,
    /// It began late.
    Late,
    /// It is due, or somebody is asked.
    Due,
    /// It was missed.
    Missed,
}

impl YearMark {
    /// All of them, as the key shows them.
    const ALL: [(Self, &'static str); 7] = [
        (Self::Planned, "planned"),
        (Self::Started, "started"),
        (Self::Kept, "kept by a manual run"),
        (Self::Running, "running"),
        (Self::Late, "late"),
        (Self::Due, "due now"),
        (Self::Missed, "missed"),
    ];

    const fn class(self) -> &'static str {
        match self {
            Self::Planned => "at planned",
            Self::Started | Self::Kept => "at good",
            Self::Running => "at neutral",
            Self::Late | Self::Due => "at open",
            Self::Missed => "at bad",
        }
    }

    /// A mark that differs in its form, for those who see no colours.
    const fn drawn(self) -> &'static str {
        match self {
            Self::Planned => "",
            Self::Started => "M2 6.5 5 9.5 10 3",
            Self::Kept => "M6 2V10M2 6H10",
            Self::Running => "M4 2.5 9 6 4 9.5Z",
            Self::Late => "M6 2V6.5L9 8.5",
            Self::Due => "M6 2V7M6 9.2V10.2",
            Self::Missed => "M3 3 9 9M9 3 3 9",
        }
    }
}

/// A time in which nothing may run, as days, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrozenDays {
    /// The first day.
    pub(super) from: NaiveDate,
    /// The last day.
    pub(super) until: NaiveDate,
    /// What it is called.
    pub(super) name: String,
}

/// The months of a year.
pub(super) fn year(year: i32, starts: &[(NaiveDate, YearMark)], frozen: &[FrozenDays], today: NaiveDate) -> Markup {
    let mut marks: BTreeMap<NaiveDate, YearMark> = BTreeMap::new();
    for (day, mark) in starts {
        let shown = marks.entry(*day).or_insert(*mark);
        *shown = (*shown).max(*mark);
    }
    html! {
        div.year aria-hidden="true" {
            @for (month, name) in (1..).zip(MONTHS) {
                div.month {
                    p { (name) }
                    div.days {
                        @for letter in ["M", "T", "W", "T", "F", "S", "S"] { span.head { (letter) } }
                        @for blank in blanks(year, month) { (blank) }
                        @for day in days(year, month) { (cell(day, marks.get(&day).copied(), is_frozen(frozen, day), day == today)) }
                    }
                }
            }
        }
        (key(marks.values().copied(), !frozen.is_empty()))
    }
}

fn days(year: i32, month: u32) -> impl Iterator<Item = NaiveDate> {
    (1..=31).filter_map(move |day| NaiveDate::from_ymd_opt(year, month, day))
}

/// What stands before the first day: weeks begin on Monday.
fn blanks(year: i32, month: u32) -> impl Iterator<Item = Markup> {
    let first = NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |day| day.weekday().num_days_from_monday());
    (0..first).map(|_| html! { span {} })
}

fn is_frozen(frozen: &[FrozenDays], day: NaiveDate) -> bool {
    frozen.iter().any(|each| each.from <= day && day <= each.until)
}

fn cell(day: NaiveDate, mark: Option<YearMark>, frozen: bool, today: bool) -> Markup {
    let mut class = mark.map_or("", YearMark::class).to_owned();
    for (is, word) in [(frozen && mark.is_none(), " frozen"), (today, " today")] {
        class += if is { word } else { "" };
    }
    let class = Some(class.trim()).filter(|class| !class.is_empty());
    html! { span class=[class] { (day.day()) @if let Some(mark) = mark { (drawn(mark)) } } }
}

fn drawn(mark: YearMark) -> Markup {
    html! { @if !mark.drawn().is_empty() { svg viewBox="0 0 12 12" aria-hidden="true" focusable="false" { path d=(mark.drawn()) {} } } }
}

/// What the marks mean, of those that are there.
fn key(marks: impl Iterator<Item = YearMark>, frozen: bool) -> Markup {
    let shown: Vec<YearMark> = marks.collect();
    html! {
        ul.key aria-hidden="true" {
            @for (mark, word) in YearMark::ALL {
                @if shown.contains(&mark) { li { span.days { span class=(mark.class()) { "1" (drawn(mark)) } } (word) } }
            }
            @if frozen { li { span.days { span.frozen { "1" } } "freeze" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_day_of_a_year_is_there_once_in_its_column() {
        let markup = year(2028, &[], &[], day("2028-02-29")).into_string();
        assert_eq!(markup.matches("class=\"month\"").count(), 12);
        // 366 days, 7 heads a month, and what stands before each first day: 5 of January (a Saturday) and so on.
        let blanks: u32 = (1..=12).map(|month| NaiveDate::from_ymd_opt(2028, month, 1).unwrap().weekday().num_days_from_monday()).sum();
        assert_eq!(markup.matches("<span").count(), 366 + 12 * 7 + usize::try_from(blanks).unwrap());
        assert!(markup.contains("<span class=\"today\">29</span>"), "{markup}");
    }

    #[test]
    fn of_several_starts_of_a_day_the_gravest_is_shown_and_freezes_are_shaded() {
        let starts =
            [(day("2026-05-12"), YearMark::Started), (day("2026-05-12"), YearMark::Missed), (day("2026-08-11"), YearMark::Planned)];
        let frozen = [FrozenDays { from: day("2026-12-20"), until: day("2026-12-31"), name: "Year's end".into() }];
        let markup = year(2026, &starts, &frozen, day("2026-06-01")).into_string();
        assert!(markup.contains("<span class=\"at bad\">12<svg") && markup.contains("<span class=\"at planned\">11</span>"), "{markup}");
        assert_eq!(markup.matches("class=\"frozen\"").count(), 12 + 1);
        assert!(markup.contains("missed") && !markup.contains("</span>started"));
    }
}
