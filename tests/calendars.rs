//! Freezes of calendars, against Python's `icalendar` with `recurring-ical-events`: other people's reading of the same standard.

use crate::support::python;
use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use lifeboat::permission::{Calendar, Period};
use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};

/// The first day that is looked at, and how many: two changes of clocks in Europe, and two in America.
const FROM: (i32, u32, u32) = (2026, 1, 1);
const DAYS: i64 = 400;

/// Zones as calendars name them, and Windows'.
const ZONES: [&str; 6] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "W. Europe Standard Time", "Eastern Standard Time"];

fn day_word(date: NaiveDate) -> &'static str {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][chrono::Datelike::weekday(&date).num_days_from_monday() as usize]
}

/// A rule that its first day keeps, as both standards and programs want it.
fn rule(random: &mut ChaCha8Rng, first: NaiveDate, is_day: bool) -> String {
    let word = day_word(first);
    let other = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].choose(random).unwrap();
    let nth = chrono::Datelike::day0(&first) / 7 + 1;
    let (day, month) = (chrono::Datelike::day(&first), chrono::Datelike::month(&first));
    let mut rule = match random.random_range(0..7) {
        0 => format!("FREQ=DAILY;INTERVAL={}", random.random_range(1..9)),
        1 => format!("FREQ=WEEKLY;BYDAY={word}"),
        2 if other != &word => format!("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY={word},{other}"),
        3 => format!("FREQ=MONTHLY;BYMONTHDAY={day}"),
        4 => format!("FREQ=MONTHLY;BYDAY={nth}{word}"),
        5 => format!("FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={day}"),
        _ => format!("FREQ=WEEKLY;INTERVAL={}", random.random_range(1..4)),
    };
    match random.random_range(0..3) {
        0 => rule += &format!(";COUNT={}", random.random_range(1..30)),
        1 => {
            let last = first.checked_add_days(Days::new(random.random_range(0..300))).unwrap();
            rule += &if is_day { format!(";UNTIL={}", last.format("%Y%m%d")) } else { format!(";UNTIL={}T120000Z", last.format("%Y%m%d")) };
        }
        _ => {}
    }
    rule
}

/// A calendar of some events in some of the forms that exports have.
fn calendar(random: &mut ChaCha8Rng) -> String {
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nX-WR-TIMEZONE:Europe/Berlin\r\n".to_owned();
    for number in 0..random.random_range(1..4) {
        let first = NaiveDate::from_ymd_opt(2025, 10, 1).unwrap().checked_add_days(Days::new(random.random_range(0..400))).unwrap();
        let is_day = random.random_bool(0.3);
        let zone = ZONES.choose(random).unwrap();
        let begin = first.and_hms_opt(random.random_range(0..24), [0, 15, 30][random.random_range(0..3)], 0).unwrap();
        let time = |name: &str, at: NaiveDateTime| match is_day {
            true => format!("{name};VALUE=DATE:{}\r\n", at.format("%Y%m%d")),
            false => format!("{name};TZID={zone}:{}\r\n", at.format("%Y%m%dT%H%M%S")),
        };
        let length = if is_day { TimeDelta::days(random.random_range(1..5)) } else { TimeDelta::minutes(15 * random.random_range(1..200)) };
        let uid = format!("UID:{number}\r\nDTSTAMP:20260101T000000Z\r\n");
        text += &format!("BEGIN:VEVENT\r\n{uid}SUMMARY:e{number}\r\n{}{}", time("DTSTART", begin), time("DTEND", begin + length));
        if random.random_bool(0.7) {
            let weekly = random.random_bool(0.4);
            let rule = if weekly { "FREQ=WEEKLY;COUNT=20".to_owned() } else { rule(random, first, is_day) };
            text += &format!("RRULE:{rule}\r\n");
            let week = |place: u64| begin + TimeDelta::weeks(place as i64);
            if weekly {
                text += &time("EXDATE", week(2));
                text += "END:VEVENT\r\n";
                let moved = week(3) + TimeDelta::days(1);
                text += &format!(
                    "BEGIN:VEVENT\r\n{uid}SUMMARY:moved\r\n{}{}{}END:VEVENT\r\n",
                    time("RECURRENCE-ID", week(3)),
                    time("DTSTART", moved),
                    time("DTEND", moved + length)
                );
                text += &format!(
                    "BEGIN:VEVENT\r\n{uid}SUMMARY:off\r\nSTATUS:CANCELLED\r\n{}{}{}",
                    time("RECURRENCE-ID", week(5)),
                    time("DTSTART", week(5)),
                    time("DTEND", week(5) + length)
                );
            }
        }
        text += "END:VEVENT\r\n";
    }
    text + "END:VCALENDAR\r\n"
}

#[test]
fn freezes_are_those_that_others_find_in_the_same_calendars() {
    let mut random = ChaCha8Rng::seed_from_u64(17);
    let calendars: Vec<String> = (0..300).map(|_| calendar(&mut random)).collect();
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calendars/oracle.py");
    let mut oracle = Command::new(python("calendars", "tests/calendars/requirements.txt").join("python"));
    let mut oracle = oracle.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked = json!({"calendars": calendars, "from": [FROM.0, FROM.1, FROM.2], "days": DAYS}).to_string();
    let mut stdin = oracle.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()).unwrap());
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let theirs: Vec<Vec<[i64; 2]>> = serde_json::from_slice(&output.stdout).unwrap();
    let within = Period::of(Utc.with_ymd_and_hms(FROM.0, FROM.1, FROM.2, 0, 0, 0).unwrap(), TimeDelta::days(DAYS));
    let mut count = 0;
    for (text, theirs) in calendars.iter().zip(theirs) {
        let read = Calendar::read("x.ics", text.as_bytes(), None).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
        let mut ours: Vec<[i64; 2]> =
            read.freezes(within).unwrap().iter().map(|freeze| [freeze.period.from.timestamp(), freeze.period.until.timestamp()]).collect();
        ours.sort_unstable();
        count += ours.len();
        assert_eq!(ours, theirs, "\n{text}");
    }
    assert!(count > 3000, "too few occurrences to say anything: {count}");
}
