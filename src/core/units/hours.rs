//! Hours of the week: `Mon-Thu 09:00-16:00 Europe/Berlin`.
//!
//! A moment lies in them where the clock on the wall of that zone shows such a day and such a time. So an hour that summer time leaves out is in
//! none of them, and one that comes twice is in them both times. A range over midnight (`22:00-04:00`) belongs to the day on which it begins.
//!
//! What this file does not do: know a clock, or when summer time begins.

use super::{ParseError, ZoneName, text_form};
use std::fmt;
use std::str::FromStr;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const FULL: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Hours of the week in one time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekHours {
    /// Which days, Monday first.
    days: [bool; 7],
    /// Ranges in minutes of the day, the end not in it; one whose end is not after its beginning goes over midnight.
    ranges: Vec<(u16, u16)>,
    /// Whose clock.
    zone: ZoneName,
}

impl WeekHours {
    /// Whose clock it is.
    pub const fn zone(&self) -> &ZoneName {
        &self.zone
    }

    /// True where a clock in that zone shows this: a day, 0 for Monday, and a minute of it.
    pub fn holds(&self, day: usize, minute: u16) -> bool {
        let before = (day + 6) % 7;
        self.ranges.iter().any(|&(from, to)| {
            if from < to {
                self.days[day % 7] && (from..to).contains(&minute)
            } else {
                self.days[day % 7] && minute >= from || self.days[before] && minute < to
            }
        })
    }

    /// The minutes of a day at which a range begins or ends, midnight among them.
    pub fn edges(&self) -> impl Iterator<Item = u16> {
        self.ranges.iter().flat_map(|(from, to)| [*from, *to]).filter(|edge| *edge < DAY).chain([0])
    }
}

impl fmt::Display for WeekHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times: Vec<String> = self.ranges.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect();
        write!(f, "{} {} {}", days(self.days), times.join(","), self.zone)
    }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Runs of three days and more as a range.
fn days(days: [bool; 7]) -> String {
    if days == [true; 7] {
        return "daily".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut day = 0;
    while day < 7 {
        let end = (day..7).find(|other| !days[*other]).unwrap_or(7);
        match end - day {
            0 => {}
            1 => parts.push(DAYS[day].to_owned()),
            2 => parts.extend([DAYS[day].to_owned(), DAYS[day + 1].to_owned()]),
            _ => parts.push(format!("{}-{}", DAYS[day], DAYS[end - 1])),
        }
        day = end.max(day + 1);
    }
    parts.join(",")
}

/// What is told of every mistake that does not tell more itself.
const FORM: &str = "write days, times and a time zone, for example `Mon-Thu 09:00-16:00 Europe/Berlin`";

fn wrong(problem: String, hint: &str) -> ParseError {
    ParseError { problem, hint: hint.to_owned() }
}

impl FromStr for WeekHours {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // Blanks around `-` and behind `,` separate nothing.
        let mut tight = text.trim().replace(['\u{2013}', '\u{2014}'], "-");
        for (loose, close) in [(" -", "-"), ("- ", "-"), (" ,", ","), (", ", ",")] {
            while tight.contains(loose) {
                tight = tight.replace(loose, close);
            }
        }
        let mut parts = tight.split_whitespace();
        let (Some(days), Some(times)) = (parts.next(), parts.next()) else {
            return Err(wrong(format!("`{text}` does not say which hours of the week"), FORM));
        };
        let days = read_days(days)?;
        let ranges = times.split(',').map(read_range).collect::<Result<Vec<_>, _>>()?;
        let zone = parts.collect::<Vec<_>>().join(" ");
        if zone.is_empty() {
            let hint = format!("write whose clock it is, for example `{} Europe/Berlin`, or `UTC`", text.trim());
            return Err(wrong(format!("`{text}` has no time zone"), &hint));
        }
        Ok(Self { days, ranges, zone: zone.parse()? })
    }
}

fn read_days(text: &str) -> Result<[bool; 7], ParseError> {
    if ["daily", "everyday"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok([true; 7]);
    }
    let mut found = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (read_day(first)?, read_day(last)?);
        // `Fri-Mon` goes over Sunday.
        for step in 0..=(last + 7 - first) % 7 {
            found[(first + step) % 7] = true;
        }
    }
    Ok(found)
}

fn read_day(text: &str) -> Result<usize, ParseError> {
    let plain = text.trim().to_lowercase();
    let known = (0..7).find(|day| DAYS[*day].to_lowercase() == plain || FULL[*day] == plain);
    known.ok_or_else(|| {
        let meant = (0..7).find(|day| plain.len() >= 2 && FULL[*day].starts_with(&plain));
        let hint = match meant {
            Some(day) => format!("write `{}`", DAYS[day]),
            None => format!("write `Mon`, `Tue` and so on, a range such as `Mon-Thu`, or `daily`; {FORM}"),
        };
        wrong(format!("`{text}` is not a day of the week"), &hint)
    })
}

fn read_range(text: &str) -> Result<(u16, u16), ParseError> {
    let ends = text
        .split_once('-')
        .ok_or_else(|| wrong(format!("`{text}` is not a range of hours"), "write from when until when, for example `09:00-16:00`"))?;
    let (from, to) = (read_time(ends.0)?, read_time(ends.1)?);
    if from == DAY {
        return Err(wrong(format!("`{text}` begins at the end of a day"), "let it begin at `00:00` of the next day"));
    }
    if from == to {
        return Err(wrong(format!("`{text}` begins and ends at the same time"), "write `00:00-24:00` for the whole day"));
    }
    Ok((from, to))
}

fn read_time(text: &str) -> Result<u16, ParseError> {
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let is_number = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| text.parse::<u16>().ok();
        let (hours, minutes) =
            (number(hours).filter(|_| is_number(hours, 2))?, number(minutes).filter(|_| minutes.len() == 2 && is_number(minutes, 2))?);
        let whole = hours * 60 + minutes;
        (minutes < 60 && whole <= DAY).then_some(whole)
    };
    read().ok_or_else(|| {
        let hour = text.trim().parse::<u16>().ok().filter(|hour| *hour <= 24);
        let hint = match hour {
            Some(hour) => format!("write `{hour:02}:00`"),
            None => "write hours and minutes of a day of 24 hours, for example `09:00` or `16:30`".to_owned(),
        };
        wrong(format!("`{text}` is not a time of the day"), &hint)
    })
}

text_form!(
    WeekHours,
    r"^(daily|[A-Z][a-z]{2}([,-][A-Z][a-z]{2})*) [0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}(,[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2})* \S+$",
    "Hours of the week, as `Mon-Thu 09:00-16:00 Europe/Berlin`.",
    WeekHours::clone
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_written_in_one_form() {
        for (typed, told) in [
            ("Mon-Thu 09:00-16:00 Europe/Berlin", "Mon-Thu 09:00-16:00 Europe/Berlin"),
            ("mon - thursday  9:00 - 16:00 Europe/Berlin", "Mon-Thu 09:00-16:00 Europe/Berlin"),
            ("Mon, Wed, Fri 09:00-12:00, 13:00-16:00 UTC", "Mon,Wed,Fri 09:00-12:00,13:00-16:00 UTC"),
            ("Fri-Mon 22:00-04:00 +02:00", "Mon,Fri-Sun 22:00-04:00 +02:00"),
            ("daily 00:00-24:00 UTC+1", "daily 00:00-24:00 +01:00"),
        ] {
            let read: WeekHours = typed.parse().unwrap_or_else(|error| panic!("{typed}: {error}"));
            assert_eq!(read.to_string(), told);
            assert_eq!(told.parse::<WeekHours>().unwrap(), read, "{told}");
        }
    }

    #[test]
    fn a_range_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let nights: WeekHours = "Mon-Thu 22:00-04:00 UTC".parse().unwrap();
        let (mon, thu, fri, sun) = (0, 3, 4, 6);
        assert!(nights.holds(mon, 22 * 60) && nights.holds(thu, 23 * 60 + 59) && nights.holds(fri, 3 * 60 + 59));
        assert!(!nights.holds(fri, 4 * 60) && !nights.holds(fri, 22 * 60) && !nights.holds(mon, 0) && !nights.holds(sun, 23 * 60));
        let day: WeekHours = "Sun 00:00-24:00 UTC".parse().unwrap();
        assert!(day.holds(sun, 0) && day.holds(sun, 1439) && !day.holds(mon, 0));
    }

    #[test]
    fn a_mistake_is_told_with_what_to_write() {
        for (typed, problem, hint) in [
            ("09:00-16:00", "`09:00-16:00` does not say which hours of the week", "Mon-Thu 09:00-16:00 Europe/Berlin"),
            ("Mon-Thu 09:00-16:00", "`Mon-Thu 09:00-16:00` has no time zone", "`Mon-Thu 09:00-16:00 Europe/Berlin`"),
            ("Mo-Thu 09:00-16:00 UTC", "`Mo` is not a day of the week", "write `Mon`"),
            ("Mittwoch 09:00-16:00 UTC", "`Mittwoch` is not a day of the week", "`Mon-Thu`"),
            ("Mon 9-16 UTC", "`9` is not a time of the day", "write `09:00`"),
            ("Mon 09:00-25:00 UTC", "`25:00` is not a time of the day", "`16:30`"),
            ("Mon 09:60-10:00 UTC", "`09:60` is not a time of the day", "`16:30`"),
            ("Mon 09:00 UTC", "`09:00` is not a range of hours", "`09:00-16:00`"),
            ("Mon 09:00-09:00 UTC", "`09:00-09:00` begins and ends at the same time", "`00:00-24:00`"),
            ("Mon 24:00-04:00 UTC", "`24:00-04:00` begins at the end of a day", "`00:00`"),
            ("Mon 09:00-16:00 Europe/Berln", "`Europe/Berln` is not a time zone", "`Europe/Berlin`"),
        ] {
            let error = typed.parse::<WeekHours>().unwrap_err();
            assert_eq!(error.problem, problem);
            assert!(error.hint.contains(hint), "{typed}: {}", error.hint);
        }
    }
}
