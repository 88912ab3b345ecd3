//! Rules in words: `second Tuesday of every quarter, 10:00 Europe/Berlin`.
//!
//! ```text
//! rule   = days [,] [at] TIME {, TIME} [ZONE]
//! days   = every day | every weekday | every DAY {, DAY}
//!        | every N weeks on DAY {, DAY} [from YYYY-MM-DD]          (else counted from the week of Monday, 1 January 2024)
//!        | ORDINAL {, ORDINAL} KIND of every SPAN | … of MONTH {, MONTH} | every SPAN [,] [on] ORDINAL … KIND
//!        | DATE {, DATE} | every year [,] [on] DATE {, DATE}       (1 March, March 1)
//! KIND   = DAY | weekday | day        (a weekday is a day from Monday to Friday)
//! SPAN   = month | quarter | half-year | year                     (quarters begin in January, April, July and October)
//! ```
//!
//! `and` stands wherever a comma does, `the` anywhere. What is not said like this is refused: a rule that is understood half is worse than none.

use super::due_days::number;
use crate::model::{DayOfSpan, DueDays, DuePattern, DueSpan};
use crate::units::{ParseError, ZoneName, closest};
use chrono::NaiveDate;

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
const SPANS: [&str; 4] = ["month", "quarter", "half-year", "year"];
const OTHERS: [&str; 10] = ["every", "day", "weekday", "weeks", "week", "on", "of", "from", "last", "and"];

/// The longest run of weeks.
const WEEKS_MAX: u32 = 104;

/// What is told where nothing more can be.
const FORM: &str = "write for example `second Tuesday of every quarter, 10:00 Europe/Berlin`, `every Monday, 09:30 UTC`, `every 2 weeks on Wednesday, 08:00 UTC`, \
                    `1 March and 1 September, 10:00 UTC`, or five fields under `cron:`; `lifeboat help schedules` tells all forms";

/// A rule in words: its text without a zone, what it means, and its zone where it names one.
pub(super) struct ToldRule {
    pub(super) text: String,
    pub(super) pattern: DuePattern,
    pub(super) zone: Option<ZoneName>,
}

fn wrong(problem: impl Into<String>, hint: impl Into<String>) -> ParseError {
    ParseError { problem: problem.into(), hint: hint.into() }
}

/// Reads a rule.
///
/// # Errors
/// What is not understood, with how it is said.
pub(super) fn read(text: &str) -> Result<ToldRule, ParseError> {
    let text = text.trim();
    let spaced = text.replace(',', " , ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() == 5
        && fields.iter().all(|field| !field.contains(':') && field.starts_with(|first: char| first.is_ascii_digit() || first == '*'))
    {
        return Err(wrong(
            format!("`{text}` is five fields of cron"),
            format!("write `cron: \"{text}\"`, and whose clock it is: `zone: Europe/Berlin`"),
        ));
    }
    let is_time = |word: &&str| word.contains(':') && word.starts_with(|first: char| first.is_ascii_digit());
    let Some(first) = words.iter().position(is_time) else {
        return Err(untimed(text, &words));
    };
    let (days, rest) = words.split_at(first);
    let mut at = Vec::new();
    let mut zone = rest.len();
    for (place, word) in rest.iter().enumerate() {
        match *word {
            time if is_time(&time) => at.push(minute(time)?),
            "," | "and" | "at" => {}
            _ => {
                zone = place;
                break;
            }
        }
    }
    at.sort_unstable();
    at.dedup();
    let zone_text = rest[zone..].join(" ");
    let mut said: Vec<&str> = days.to_vec();
    while said.last().is_some_and(|last| [",", "at"].contains(&last.to_lowercase().as_str())) {
        said.pop();
    }
    let days = DayPhrase::of(&said).days()?;
    let zone = if zone_text.is_empty() { None } else { Some(zone_text.parse()?) };
    let told = if zone.is_none() { text } else { text.strip_suffix(zone_text.as_str()).unwrap_or(text).trim_end() };
    Ok(ToldRule { text: told.to_owned(), pattern: DuePattern::Days { days, at }, zone })
}

/// Where no time of the day is told.
fn untimed(text: &str, words: &[&str]) -> ParseError {
    let twelve = words.iter().find(|word| {
        let word = word.to_lowercase();
        word.len() > 2 && (word.ends_with("am") || word.ends_with("pm")) && word.starts_with(|first: char| first.is_ascii_digit())
    });
    if let Some(twelve) = twelve {
        return wrong(format!("`{twelve}` is not a time of the day"), "write it by 24 hours, for example `09:30` or `16:00`");
    }
    // A word that nobody knows is the mistake, and not also the time that is missing.
    match DayPhrase::of(words).days() {
        Err(error) if error.hint.starts_with("did you mean") => error,
        _ => wrong(format!("`{text}` does not say at which time of the day"), FORM),
    }
}

/// `09:30`, as minutes after midnight.
fn minute(text: &str) -> Result<u16, ParseError> {
    let number = |part: &str, most: u16| part.parse::<u16>().ok().filter(|number| (1..=2).contains(&part.len()) && *number <= most);
    let read =
        text.split_once(':').and_then(|(hour, minute)| Some(number(hour, 23)? * 60 + number(minute, 59).filter(|_| minute.len() == 2)?));
    read.ok_or_else(|| wrong(format!("`{text}` is not a time of the day"), "write hours and minutes, for example `09:30` or `16:00`"))
}

/// The words that tell the days, and how far they were read.
struct DayPhrase {
    words: Vec<String>,
    at: usize,
}

impl DayPhrase {
    fn of(words: &[&str]) -> Self {
        let plain = words.iter().map(|word| word.to_lowercase()).filter(|word| word != "the");
        // A comma and `and` say the same; both together, it once.
        let mut kept: Vec<String> = Vec::new();
        for word in plain {
            let word = if word == "and" { ",".to_owned() } else { word };
            if word != "," || kept.last().is_some_and(|last| last != ",") {
                kept.push(word);
            }
        }
        Self { words: kept, at: 0 }
    }

    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    /// Goes on where the next word is this one.
    fn takes(&mut self, word: &str) -> bool {
        let is = self.peek() == Some(word);
        self.at += usize::from(is);
        is
    }

    /// The next word as what `read` makes of it.
    fn take<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = read(self.peek()?)?;
        self.at += 1;
        Some(value)
    }

    /// One or more with commas between them.
    fn list<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut found = Vec::new();
        while let Some(value) = self.take(&read) {
            found.push(value);
            let before = self.at;
            if !self.takes(",") {
                break;
            }
            // A comma behind the last one ends the list.
            if self.peek().and_then(&read).is_none() {
                self.at = before;
                break;
            }
        }
        found
    }

    /// All of it, as days.
    fn days(mut self) -> Result<DueDays, ParseError> {
        if self.words.is_empty() {
            return Err(wrong("this does not say on which days", FORM));
        }
        let days = self.rule()?;
        match self.peek() {
            None => Ok(days),
            Some(_) => Err(self.lost()),
        }
    }

    fn rule(&mut self) -> Result<DueDays, ParseError> {
        if self.takes("daily") {
            return Ok(weekly(1, (0..7).collect(), DueDays::FIRST_WEEK));
        }
        if self.takes("every") || self.takes("each") {
            return self.every();
        }
        let start = self.at;
        match self.dates() {
            Ok(Some(dates)) => Ok(dates),
            Ok(None) => self.counted(),
            // `15th of May, August and November` begins like a date.
            Err(error) => {
                self.at = start;
                self.counted().map_err(|_| error)
            }
        }
    }

    /// Days that are counted within a span: `second Tuesday of every quarter`.
    fn counted(&mut self) -> Result<DueDays, ParseError> {
        let days = self.days_of_span()?;
        if !self.takes("of") && !self.takes("in") {
            return Err(self.lost());
        }
        if self.takes("every") || self.takes("each") {
            let Some(span) = self.span() else { return Err(self.lost()) };
            return Ok(DueDays::Within { span, days });
        }
        let mut months = self.list(month);
        if months.is_empty() {
            return Err(self.lost());
        }
        months.sort_unstable();
        months.dedup();
        Ok(DueDays::Within { span: DueSpan::Months(months), days })
    }

    /// Behind `every`.
    fn every(&mut self) -> Result<DueDays, ParseError> {
        if self.takes("day") {
            return Ok(weekly(1, (0..7).collect(), DueDays::FIRST_WEEK));
        }
        if self.takes("weekday") || self.takes("workday") {
            return Ok(weekly(1, (0..5).collect(), DueDays::FIRST_WEEK));
        }
        let on = self.list(weekday);
        if !on.is_empty() {
            return Ok(weekly(1, on, DueDays::FIRST_WEEK));
        }
        if let Some(span) = self.span() {
            let _ = self.takes(",");
            let _ = self.takes("on");
            if span == DueSpan::Years
                && let Some(dates) = self.dates()?
            {
                return Ok(dates);
            }
            return Ok(DueDays::Within { span, days: self.days_of_span()? });
        }
        let before = self.at;
        let every = if self.takes("other") { Some(2) } else { self.take(|word| word.parse::<u32>().ok()) }.unwrap_or(1);
        if !self.takes("weeks") && !self.takes("week") {
            self.at = before;
            return Err(self.lost());
        }
        if !(1..=WEEKS_MAX).contains(&every) {
            return Err(wrong(format!("`every {every} weeks` is no rule"), format!("write a number of weeks from 1 to {WEEKS_MAX}")));
        }
        let _ = self.takes("on");
        let on = self.list(weekday);
        if on.is_empty() {
            return Err(self.lost());
        }
        let _ = self.takes(",");
        let from = if self.takes("from") { Some(self.day_of_year()?) } else { None };
        Ok(weekly(every, on, from.unwrap_or(DueDays::FIRST_WEEK)))
    }

    fn day_of_year(&mut self) -> Result<i32, ParseError> {
        let date = self
            .take(|word| NaiveDate::parse_from_str(word, "%Y-%m-%d").ok())
            .filter(|date| (1970..2200).contains(&chrono::Datelike::year(date)));
        date.map(number).ok_or_else(|| {
            let word = self.peek().unwrap_or("from");
            wrong(format!("`{word}` is not a date"), "write `from 2026-01-07`: the week of that day is the first")
        })
    }

    /// Every month, quarter and so on.
    fn span(&mut self) -> Option<DueSpan> {
        self.take(|word| {
            Some(match word {
                "month" => DueSpan::Months((1..=12).collect()),
                "quarter" => DueSpan::Quarters,
                "half-year" | "half" => DueSpan::Halves,
                "year" => DueSpan::Years,
                _ => return None,
            })
        })
    }

    /// `second Tuesday`, `first and third Monday`, `last weekday`, `15th`, `day 15`.
    fn days_of_span(&mut self) -> Result<Vec<DayOfSpan>, ParseError> {
        if self.takes("day") {
            let days = self.list(|word| word.parse::<i8>().ok().filter(|day| (1..=31).contains(day)));
            return if days.is_empty() { Err(self.lost()) } else { Ok(days.into_iter().map(DayOfSpan::Any).collect()) };
        }
        let mut found = Vec::new();
        loop {
            let ordinals = self.list(ordinal);
            if ordinals.is_empty() {
                return Err(self.lost());
            }
            let _ = self.takes("working");
            if let Some(day) = self.take(weekday) {
                found.extend(ordinals.into_iter().map(|nth| DayOfSpan::OfWeek { nth, day }));
            } else if self.takes("weekday")
                || self.takes("workday")
                || self.words.get(self.at.wrapping_sub(1)).is_some_and(|word| word == "working")
            {
                let _ = self.takes("day");
                found.extend(ordinals.into_iter().map(DayOfSpan::Working));
            } else {
                let _ = self.takes("day");
                found.extend(ordinals.into_iter().map(DayOfSpan::Any));
            }
            // `second Tuesday and fourth Thursday`.
            let before = self.at;
            if !self.takes(",") || self.peek().and_then(ordinal).is_none() {
                self.at = before;
                return Ok(found);
            }
        }
    }

    /// `1 March and 1 September`, `March 1`; `None` where no date stands here.
    fn dates(&mut self) -> Result<Option<DueDays>, ParseError> {
        let mut found = Vec::new();
        loop {
            let before = self.at;
            let Some((month, day)) = self.date() else {
                if found.is_empty() {
                    self.at = before;
                    return Ok(None);
                }
                return Err(self.lost());
            };
            if NaiveDate::from_ymd_opt(2024, u32::from(month), u32::from(day)).is_none() {
                let name = capital(MONTHS[usize::from(month) - 1]);
                return Err(wrong(
                    format!("there is no {day} {name}, so this would never be due"),
                    format!("write `last day of {name}`, or a day that there is"),
                ));
            }
            found.push((month, day));
            if !self.takes(",") {
                break;
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(Some(DueDays::Dates(found)))
    }

    fn date(&mut self) -> Option<(u8, u8)> {
        let day = |word: &str| {
            ordinal(word).or_else(|| word.parse().ok()).and_then(|day| u8::try_from(day).ok()).filter(|day| (1..=31).contains(day))
        };
        if let Some(month) = self.take(month) {
            return Some((month, self.take(day)?));
        }
        let day = self.take(|word| word.starts_with(|first: char| first.is_ascii_digit()).then(|| day(word))?)?;
        let _ = self.takes("of");
        Some((self.take(month)?, day))
    }

    /// What is not understood: the word at which it ended, and what was probably meant.
    fn lost(&self) -> ParseError {
        let Some(word) = self.words.get(self.at) else {
            let said = self.words.join(" ").replace(" ,", ",");
            return wrong(format!("`{said}` does not say on which days"), FORM);
        };
        let all = || DAYS.into_iter().chain(MONTHS).chain(ORDINALS).chain(SPANS).chain(OTHERS);
        let is_known = all().any(|known| known == word) || word == "," || ordinal(word).is_some() || word.parse::<u32>().is_ok();
        let meant =
            if is_known { None } else { closest(word, all()).filter(|meant| meant.chars().count().abs_diff(word.chars().count()) < 3) };
        let shown = if word == "," { self.words.get(self.at + 1).unwrap_or(word) } else { word };
        match meant {
            Some(meant) => {
                let is_name = DAYS.contains(&meant) || MONTHS.contains(&meant);
                let meant = if is_name { capital(meant) } else { meant.to_owned() };
                wrong(format!("`{word}` is not understood in a rule"), format!("did you mean `{meant}`?"))
            }
            None => wrong(format!("`{shown}` is not understood at its place in this rule"), FORM),
        }
    }
}

fn weekly(every: u32, mut on: Vec<u8>, from: i32) -> DueDays {
    on.sort_unstable();
    on.dedup();
    DueDays::Weeks { every, on, from }
}

/// A name in full, or its first three letters.
fn named(word: &str, names: &[&str]) -> Option<usize> {
    names.iter().position(|name| *name == word || word.len() == 3 && name.starts_with(word))
}

/// 0 for Monday.
fn weekday(word: &str) -> Option<u8> {
    u8::try_from(named(word, &DAYS)?).ok()
}

/// 1 for January.
fn month(word: &str) -> Option<u8> {
    u8::try_from(named(word, &MONTHS)? + 1).ok()
}

/// `first` to `fifth`, `1st` to `31st`; -1 for `last`.
fn ordinal(word: &str) -> Option<i8> {
    if word == "last" {
        return Some(-1);
    }
    if let Some(place) = ORDINALS.iter().position(|ordinal| *ordinal == word) {
        return i8::try_from(place + 1).ok();
    }
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
    digits.parse().ok().filter(|day| (1..=31).contains(day) && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests;
