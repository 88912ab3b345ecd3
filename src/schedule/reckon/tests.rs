//! What becomes of starts: on time, late, kept and missed, whatever the clock does.

use super::*;
use crate::schedule::{example, starts};
use crate::units::Duration;

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// A store that does what it is told, and refuses to do anything twice.
struct Book {
    schedule: DrillSchedule,
    since: DateTime<Utc>,
    looked: Option<DateTime<Utc>>,
    kept: Vec<Occurrence>,
    runs: Vec<ManualRun>,
}

impl Book {
    fn new(rule: &str, since: &str) -> Self {
        let schedule = DrillSchedule { window: Duration::from_secs(7_200), ..example(rule) };
        Self { schedule, since: at(since), looked: None, kept: Vec::new(), runs: Vec::new() }
    }

    /// A look; `stands` says what stands in the way of a beginning.
    fn look(&mut self, now: DateTime<Utc>, stands: impl Fn(DateTime<Utc>) -> Option<MissReason>) -> usize {
        let acts = reckon(&self.schedule, &self.kept, &self.runs, self.since, self.looked, now);
        for act in &acts {
            match act.clone() {
                Act::Enter(occurrence) => {
                    assert!(self.kept.iter().all(|other| other.due != occurrence.due), "{} is entered twice", occurrence.due);
                    self.kept.push(occurrence);
                }
                Act::Begin { due, end } => {
                    let one = self.one(due);
                    match stands(now) {
                        Some(reason) => (one.reason, one.told) = (Some(reason), reason.word().to_owned()),
                        None => {
                            (one.state, one.end, one.began, one.reason) = (OccurrenceState::Over, Some(end), Some(now), None);
                            one.drills = vec![format!("drill-{}", due.timestamp())];
                        }
                    }
                }
                Act::Close { due, end, reason, drills, told } => {
                    let one = self.one(due);
                    (one.state, one.end, one.reason, one.drills, one.told) = (OccurrenceState::Over, Some(end), reason, drills, told);
                }
                Act::Ask { due } => self.one(due).state = OccurrenceState::Asked,
            }
        }
        self.looked = Some(now);
        acts.len()
    }

    fn one(&mut self, due: DateTime<Utc>) -> &mut Occurrence {
        let one = self.kept.iter_mut().find(|each| each.due == due).expect("it was entered");
        assert!(one.state != OccurrenceState::Over, "{due} is over already");
        one
    }

    /// Looks every so many minutes.
    fn looks(&mut self, from: &str, until: &str, minutes: i64, stands: impl Fn(DateTime<Utc>) -> Option<MissReason>) {
        let mut now = at(from);
        while now < at(until) {
            self.look(now, &stands);
            now += TimeDelta::minutes(minutes);
        }
    }

    fn ran(&mut self, drill: &str, when: &str) {
        let (scenario, environment) = (self.schedule.scenarios[0].clone(), self.schedule.environment.clone());
        self.runs.push(ManualRun { drill: drill.to_owned(), scenario, environment, at: at(when), counts: true });
    }

    fn told(&self) -> Vec<String> {
        let told = |each: &Occurrence| {
            let reason = each.reason.map_or_else(String::new, |reason| format!(" {}", reason.word()));
            let began =
                each.began.filter(|began| *began > each.due).map_or_else(String::new, |began| began.format(" at %d %H:%M").to_string());
            let end = each.end.map_or("open", |end| end.word());
            format!("{} {end}{reason}{began}", each.due.format("%m-%d %H:%M"))
        };
        self.kept.iter().map(told).collect()
    }
}

fn free(_: DateTime<Utc>) -> Option<MissReason> {
    None
}

#[test]
fn each_start_begins_on_time_after_its_jitter() {
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.schedule.jitter = Duration::from_secs(1_800);
    let begins = begins(&book.schedule, at("2026-03-02T10:00"));
    assert!(begins > at("2026-03-02T10:00") && begins < at("2026-03-02T10:30"));
    book.looks("2026-03-01T12:00", "2026-03-04T12:00", 1, free);
    let minute = ((begins - at("2026-03-02T10:00")).num_seconds() + 59) / 60;
    assert_eq!(book.told(), (2..=4).map(|day| format!("03-0{day} 10:00 started at 0{day} 10:{minute:02}")).collect::<Vec<_>>());
}

#[test]
fn what_stands_in_the_way_is_why_it_was_missed_and_the_newest_alone_is_caught_up() {
    let frozen = |from: &'static str, until: &'static str| move |now| (at(from) <= now && now < at(until)).then_some(MissReason::Freeze);
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.looks("2026-03-01T12:00", "2026-03-06T12:00", 5, frozen("2026-03-02T00:00", "2026-03-04T15:00"));
    assert_eq!(
        book.told(),
        [
            "03-02 10:00 missed freeze",
            "03-03 10:00 missed freeze",
            "03-04 10:00 late at 04 15:00",
            "03-05 10:00 started",
            "03-06 10:00 started"
        ]
    );
    // Within its window it is on time.
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.looks("2026-03-01T12:00", "2026-03-02T23:00", 5, frozen("2026-03-02T00:00", "2026-03-02T11:00"));
    assert_eq!(book.told(), ["03-02 10:00 started at 02 11:00"]);
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.schedule.if_missed = IfMissed::Skip;
    book.looks("2026-03-01T12:00", "2026-03-04T23:00", 5, frozen("2026-03-02T00:00", "2026-03-03T15:00"));
    assert_eq!(book.told(), ["03-02 10:00 missed freeze", "03-03 10:00 missed freeze", "03-04 10:00 started"]);
}

#[test]
fn somebody_is_asked_once_and_until_the_next_is_due() {
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.schedule.if_missed = IfMissed::Ask;
    let frozen = |now: DateTime<Utc>| (now < at("2026-03-02T15:00")).then_some(MissReason::Lock);
    book.looks("2026-03-01T12:00", "2026-03-02T20:00", 5, frozen);
    assert_eq!(book.kept[0].state, OccurrenceState::Asked);
    assert_eq!(book.look(at("2026-03-02T20:00"), free), 0, "it is asked once");
    book.looks("2026-03-02T20:00", "2026-03-03T20:00", 5, free);
    assert_eq!(book.told(), ["03-02 10:00 missed lock", "03-03 10:00 started"]);
    assert_eq!(book.kept[0].told, "lock; nobody answered before the next one was due");
}

#[test]
fn a_month_without_a_scheduler_is_a_row_each_and_one_drill() {
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.looks("2026-03-01T12:00", "2026-03-03T12:00", 5, free);
    let before = book.kept.len();
    book.look(at("2026-04-03T09:00"), free);
    assert_eq!(book.kept.len() - before, 31 - 1);
    let missed = book.kept.iter().filter(|each| each.reason == Some(MissReason::DaemonDown)).count();
    assert_eq!((missed, book.told().last().unwrap().as_str()), (29, "04-02 10:00 late at 03 09:00"));
    assert_eq!(book.kept[before].told, "no scheduler has looked since 2026-03-03 11:55 UTC");
    // Where it was looked at, and this one was not known, its file was not valid.
    book.looked = Some(at("2026-04-06T11:00"));
    book.look(at("2026-04-07T09:00"), free);
    assert_eq!(
        book.told()[before + 30..],
        ["04-03 10:00 missed invalid", "04-04 10:00 missed invalid", "04-05 10:00 missed invalid", "04-06 10:00 late at 07 09:00"]
    );
}

#[test]
fn a_month_of_minutes_is_entered_at_once_and_a_longer_time_in_parts() {
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T00:00");
    book.schedule.when = crate::schedule::read_cron("* * * * *", crate::units::ZoneName::utc()).unwrap();
    book.schedule.window = Duration::from_secs(60);
    let acts = reckon(&book.schedule, &[], &[], book.since, None, at("2026-03-31T00:00"));
    assert_eq!(acts.len(), 43_200 + 1, "all are entered, and the newest begins");
    assert!(matches!(acts.last(), Some(Act::Begin { end: OccurrenceEnd::Started, .. })), "{:?}", acts.last());
    // Two months: the first part is missed whole, for it holds no newest one.
    let first = reckon(&book.schedule, &[], &[], book.since, None, at("2026-05-01T00:00"));
    assert_eq!(first.len(), ENTERED_MAX);
    assert!(first.iter().all(|act| matches!(act, Act::Enter(each) if each.end == Some(OccurrenceEnd::Missed))));
    let Some(Act::Enter(last)) = first.last() else { panic!() };
    let second = reckon(&book.schedule, std::slice::from_ref(last), &[], book.since, None, at("2026-05-01T00:00"));
    assert_eq!(first.len() + second.len(), 61 * 1440 + 1);
}

#[test]
fn a_clock_that_jumps_makes_nothing_twice_and_loses_nothing() {
    // A day forth and back again, at noon on the third.
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.looks("2026-03-01T12:00", "2026-03-03T12:00", 5, free);
    book.looks("2026-03-04T12:00", "2026-03-04T13:00", 5, free);
    book.looks("2026-03-03T13:00", "2026-03-06T12:00", 5, free);
    assert_eq!(
        book.told(),
        ["03-02 10:00 started", "03-03 10:00 started", "03-04 10:00 late at 04 12:00", "03-05 10:00 started", "03-06 10:00 started"]
    );
    // A day back.
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.looks("2026-03-01T12:00", "2026-03-04T11:00", 5, free);
    book.looks("2026-03-03T09:00", "2026-03-06T12:00", 5, free);
    assert_eq!(book.told(), (2..=6).map(|day| format!("03-0{day} 10:00 started")).collect::<Vec<_>>());
    // Into its own past, while one is due and frozen: it stays due, and ends once.
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    let frozen = |now: DateTime<Utc>| (now < at("2026-03-02T10:30")).then_some(MissReason::Freeze);
    book.looks("2026-03-01T12:00", "2026-03-02T10:20", 5, frozen);
    book.looks("2026-03-02T08:00", "2026-03-02T13:00", 5, frozen);
    assert_eq!(book.told(), ["03-02 10:00 started at 02 10:30"]);
}

#[test]
fn a_drill_by_hand_keeps_the_occurrence_of_its_cycle_and_no_other() {
    let quarterly = || {
        let mut book = Book::new("second Tuesday of every quarter, 10:00 UTC", "2026-01-01T00:00");
        book.schedule.cadence = Some(Duration::from_secs(110 * 86_400));
        book
    };
    let ends = |runs: &[(&str, &str)]| {
        let mut book = quarterly();
        runs.iter().for_each(|(drill, when)| book.ran(drill, when));
        book.looks("2026-01-01T00:00", "2026-08-01T00:00", 60, free);
        book.told()
    };
    // 13 January, 14 April, 14 July. The day before counts.
    assert_eq!(ends(&[("a", "2026-04-13T09:00")]), ["01-13 10:00 started", "04-14 10:00 kept", "07-14 10:00 started"]);
    // The day after the last one does not count for the next; nor does one whose cadence ends before the one after (14 July less 110 days is 26 March).
    for early in ["2026-01-14T09:00", "2026-03-25T09:00"] {
        assert_eq!(ends(&[("a", early)])[1], "04-14 10:00 started", "{early}");
    }
    assert_eq!(ends(&[("a", "2026-03-26T11:00")])[1], "04-14 10:00 kept");
    // One drill keeps one occurrence.
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.ran("a", "2026-03-02T09:00");
    book.looks("2026-03-01T12:00", "2026-03-03T20:00", 5, free);
    assert_eq!(book.told(), ["03-02 10:00 kept", "03-03 10:00 started"]);
    assert_eq!(book.kept[0].drills, ["a"]);
    // One that ran while nobody looked, and one that ends the waiting for a freeze.
    let mut book = quarterly();
    book.ran("a", "2026-04-20T09:00");
    book.looks("2026-01-01T00:00", "2026-02-01T00:00", 60, free);
    book.looks("2026-05-01T00:00", "2026-05-02T00:00", 60, free);
    assert_eq!(book.told(), ["01-13 10:00 started", "04-14 10:00 kept at 20 09:00"]);
    let mut book = quarterly();
    book.schedule.if_missed = IfMissed::Skip;
    book.ran("a", "2026-04-20T09:00");
    book.looks("2026-01-01T00:00", "2026-02-01T00:00", 60, free);
    book.looks("2026-05-01T00:00", "2026-05-02T00:00", 60, free);
    assert_eq!(book.told(), ["01-13 10:00 started", "04-14 10:00 missed daemon-down"], "where nothing runs late, its window has ended");
}

#[test]
fn all_scenarios_must_have_been_drilled_there_and_count() {
    let mut book = Book::new("every day 10:00 UTC", "2026-03-01T12:00");
    book.schedule.scenarios.push("scenarios/other.yaml".to_owned());
    book.ran("a", "2026-03-02T08:00");
    let acts = |book: &Book| reckon(&book.schedule, &[], &book.runs, book.since, None, at("2026-03-02T10:05"));
    let is_kept = |book: &Book| matches!(&acts(book)[..], [Act::Enter(each)] if each.end == Some(OccurrenceEnd::Kept));
    assert!(!is_kept(&book));
    let other = ManualRun { drill: "b".into(), scenario: "scenarios/other.yaml".into(), ..book.runs[0].clone() };
    for (run, kept) in [
        (ManualRun { counts: false, ..other.clone() }, false),
        (ManualRun { environment: "staging".into(), ..other.clone() }, false),
        (other, true),
    ] {
        book.runs.truncate(1);
        book.runs.push(run);
        assert_eq!(is_kept(&book), kept, "{:?}", book.runs);
    }
}

#[test]
fn however_often_it_is_asked_the_starts_are_those_of_the_rule() {
    let mut book = Book::new("every day 02:30 Europe/Berlin", "2026-03-20T00:00");
    book.looks("2026-03-20T00:00", "2026-04-05T00:00", 7, free);
    let due: Vec<DateTime<Utc>> = book.kept.iter().map(|each| each.due).collect();
    assert_eq!(due, starts(&book.schedule, at("2026-03-20T00:00"), at("2026-04-05T00:00")));
}
