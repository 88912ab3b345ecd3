//! Five fields of cron: minute, hour, day of the month, month, day of the week, as crontab(5) has them and every scheduler takes them.
//!
//! What programs understand in different ways is refused, so that a schedule means the same here and where it is exported to: seconds and
//! years, `@daily`, `L`, `W`, `#`, `?`, and a step over all days beside another field of days. (There croner and croniter take either day, and
//! Debian's cron takes those on which both hold.)

use crate::units::ParseError;
use chrono::{Datelike, NaiveDate};
use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, Weekday};

/// Fields that were understood.
#[derive(Debug)]
pub(super) struct CronFields {
    cron: Cron,
    text: String,
}

/// The fields as messages name them, and a value of each.
const FIELDS: [(&str, &str); 5] = [
    ("a minute", "`0` to `59`, `*`, `*/15`"),
    ("an hour", "`0` to `23`, `9-17`, `*`"),
    ("a day of the month", "`1` to `31`, `8-14`, `*`"),
    ("a month", "`1` to `12`, `JAN` to `DEC`, `*/3`, `*`"),
    ("a day of the week", "`0` to `7` (both are Sunday), `MON-FRI`, `*`"),
];

/// What the names that some programs know stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

fn wrong(problem: String, hint: impl Into<String>) -> ParseError {
    ParseError { problem, hint: hint.into() }
}

impl CronFields {
    /// Reads five fields.
    ///
    /// # Errors
    /// Where they are not five, or one of them does not say what it should.
    pub(super) fn read(text: &str) -> Result<Self, ParseError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if let Some((_, meant)) = NICKNAMES.iter().find(|(name, _)| text.trim().eq_ignore_ascii_case(name)) {
            return Err(wrong(format!("`{}` is not five fields", text.trim()), format!("write `cron: \"{meant}\"`")));
        }
        if fields.len() != 5 {
            let hint = match fields.len() {
                6 | 7 => "write five fields, without seconds and years: minute, hour, day of the month, month, day of the week",
                _ => "write minute, hour, day of the month, month and day of the week, for example `cron: \"0 10 1 */3 *\"`",
            };
            return Err(wrong(format!("`{text}` is not five fields of cron"), hint));
        }
        for (place, field) in fields.iter().enumerate() {
            let letters = field.chars().all(|letter| letter.is_ascii_digit() || ",-*/".contains(letter));
            let is_known = letters || place > 2 && are_names(field, place);
            let mut alone = ["*"; 5];
            alone[place] = field;
            if !is_known || parser().parse(&alone.join(" ")).is_err() {
                let (what, values) = FIELDS[place];
                let beyond = field.to_ascii_uppercase().contains(['L', 'W', '#']) && !letters && [2, 4].contains(&place);
                let hint = if beyond {
                    "write it in words instead, for example `when: last Friday of every month, 16:00 Europe/Berlin`".to_owned()
                } else {
                    format!("write {values}, or several with `,` between them")
                };
                return Err(wrong(format!("`{field}` is not {what}"), hint));
            }
        }
        let steps = |field: &str| field.contains("*/");
        if steps(fields[2]) && fields[4] != "*" || steps(fields[4]) && fields[2] != "*" {
            let problem = format!("programs do not agree on which days `{} * {}` are", fields[2], fields[4]);
            return Err(wrong(problem, "write the days out, for example `1,15`, or say it in words under `when:`"));
        }
        let text = fields.join(" ");
        let cron =
            parser().parse(&text).map_err(|_| wrong(format!("`{text}` is not five fields of cron"), "write for example `0 10 1 */3 *`"))?;
        Ok(Self { cron, text })
    }

    /// True where the day of the month and the day of the week are both told: then either is enough.
    pub(super) fn is_either_day(&self) -> bool {
        self.field(2) != "*" && self.field(4) != "*"
    }

    /// True where it is due so and so often, and not at fixed times of the day: minutes or hours that begin with `*`, as cron(8) tells them.
    pub(super) fn is_interval(&self) -> bool {
        [0, 1].iter().any(|place| self.field(*place).contains('*'))
    }

    fn field(&self, place: usize) -> &str {
        self.text.split(' ').nth(place).unwrap_or("*")
    }

    /// True where a day is one of those that it names.
    pub(super) fn holds(&self, date: NaiveDate) -> bool {
        const DAYS: [Weekday; 7] =
            [Weekday::Sunday, Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday, Weekday::Saturday];
        let weekday = DAYS[date.weekday().num_days_from_sunday() as usize];
        let pattern = &self.cron.pattern;
        pattern.month_match(date.month()).unwrap_or(false)
            && pattern.day_match(date.year(), date.month(), date.day(), weekday).unwrap_or(false)
    }

    /// The minutes of a day that it names, in order.
    pub(super) fn minutes(&self) -> Vec<u16> {
        let (hours, minutes) = (self.cron.pattern.hours.values(), self.cron.pattern.minutes.values());
        hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect()
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

/// True where every word of a field is a name of a month or of a day of the week.
fn are_names(field: &str, place: usize) -> bool {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let names: &[&str] = if place == 3 { &MONTHS } else { &DAYS };
    let parts = field.split([',', '-', '/']);
    parts.into_iter().all(|part| {
        part.bytes().all(|letter| letter.is_ascii_digit() || letter == b'*') || names.contains(&part.to_ascii_uppercase().as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_five_plain_fields_is_told_with_what_to_write() {
        for (text, problem, hint) in [
            ("@daily", "`@daily` is not five fields", "`cron: \"0 0 * * *\"`"),
            ("0 0 10 * * 1", "is not five fields of cron", "without seconds"),
            ("10:00", "is not five fields of cron", "minute, hour"),
            ("61 * * * *", "`61` is not a minute", "`0` to `59`"),
            ("0 24 * * *", "`24` is not an hour", "`0` to `23`"),
            ("0 0 32 * *", "`32` is not a day of the month", "`1` to `31`"),
            ("0 0 * 13 *", "`13` is not a month", "`JAN`"),
            ("0 0 * * 8", "`8` is not a day of the week", "`MON-FRI`"),
            ("0 0 * * MOO", "`MOO` is not a day of the week", "`MON-FRI`"),
            ("JAN 0 * * *", "`JAN` is not a minute", "`0` to `59`"),
            ("0 0 L * *", "`L` is not a day of the month", "in words"),
            ("0 0 * * 2#2", "`2#2` is not a day of the week", "in words"),
            ("0 0 */2 * 1", "programs do not agree on which days `*/2 * 1` are", "write the days out"),
            ("0 0 * * ?", "`?` is not a day of the week", "`*`"),
            ("*/0 * * * *", "`*/0` is not a minute", "`*/15`"),
        ] {
            let error = CronFields::read(text).unwrap_err();
            assert!(error.problem.contains(problem) && error.hint.contains(hint), "{text}: {error:?}");
        }
    }

    #[test]
    fn plain_fields_are_understood() {
        let of = |text: &str| CronFields::read(text).unwrap();
        assert_eq!(of("0,30 9-10 * * 1-5").minutes(), [540, 570, 600, 630]);
        assert!(of("*/15 9 * * *").is_interval() && of("0 */2 * * *").is_interval() && !of("0-59/15 9 * * *").is_interval());
        assert!(of("0 10 8-14 * 2").is_either_day() && !of("0 10 8-14 * *").is_either_day());
        let holds = |text: &str, date: &str| of(text).holds(date.parse().unwrap());
        // Both days are told: either is enough.
        assert!(holds("0 10 8-14 * 2", "2026-11-08") && holds("0 10 8-14 * 2", "2026-11-17") && !holds("0 10 8-14 * 2", "2026-11-18"));
        assert!(holds("0 0 * FEB-MAR sun", "2026-03-01") && holds("0 0 * * 7", "2026-03-01") && !holds("0 0 * 2 7", "2026-03-01"));
    }
}
