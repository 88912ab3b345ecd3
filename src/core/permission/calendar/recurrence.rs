//! Recurrence rules (RFC 5545, section 3.3.10), expanded by the crate `rrule` as clocks on the wall show them: a zone turns the times into moments
//! afterwards. So each kind of zone works alike, those among them that a calendar defines itself.

use crate::units::Problem;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};

/// More occurrences than any freeze has: one an hour for eleven years.
const MOST: usize = 100_000;

/// All occurrences of a rule from `start` until `last`, in order. `local` tells what the event's clock shows at a moment.
///
/// # Errors
/// Where the rule cannot be read, or has too many occurrences.
pub(super) fn occurrences(
    rule: &str,
    start: NaiveDateTime,
    last: NaiveDateTime,
    local: impl Fn(DateTime<Utc>) -> NaiveDateTime,
) -> Result<Vec<NaiveDateTime>, Problem> {
    let wrong = |why: String| Problem::new(format!("the rule `{rule}` cannot be read: {why}"));
    let mut parts = Vec::new();
    for part in rule.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| wrong(format!("`{part}` has no value")))?;
        match name.to_ascii_uppercase().as_str() {
            "UNTIL" => {
                let until = until(value, &local).ok_or_else(|| wrong(format!("`{value}` is no date")))?;
                if until < start {
                    return Ok(vec![start]);
                }
                parts.push(format!("UNTIL={}Z", until.format("%Y%m%dT%H%M%S")));
            }
            "FREQ" if ["SECONDLY", "MINUTELY"].iter().any(|often| value.eq_ignore_ascii_case(often)) => {
                return Err(wrong("no freeze comes back every minute".to_owned()));
            }
            name => parts.push(format!("{name}={}", value.to_ascii_uppercase())),
        }
    }
    let begin = start.and_utc().with_timezone(&Tz::UTC);
    let read = parts.join(";").parse::<RRule<Unvalidated>>().and_then(|rule| rule.validate(begin));
    let rule_of = read.map_err(|error| wrong(error.to_string()))?;
    // (Limited: a rule that never comes about ends by itself.)
    let set = RRuleSet::new(begin).rrule(rule_of).limit();
    let mut found = Vec::new();
    for at in &set {
        let at = at.naive_utc();
        if at > last {
            break;
        }
        found.push(at);
        if found.len() > MOST {
            return Err(wrong(format!("it comes about more than {MOST} times")));
        }
    }
    Ok(found)
}

/// Until when, as the event's clock shows it. A day is meant whole.
fn until(value: &str, local: &impl Fn(DateTime<Utc>) -> NaiveDateTime) -> Option<NaiveDateTime> {
    let value = value.trim();
    if let Ok(day) = chrono::NaiveDate::parse_from_str(value, "%Y%m%d") {
        return day.and_hms_opt(23, 59, 59);
    }
    let text = value.trim_end_matches(['Z', 'z']);
    let at = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok()?;
    Some(if text.len() < value.len() { local(at.and_utc()) } else { at })
}

/// The length of time of RFC 5545, section 3.3.6: days, which follow the clock on the wall, and seconds, which do not.
pub(super) fn duration(text: &str) -> Option<(TimeDelta, TimeDelta)> {
    let text = text.trim().to_ascii_uppercase();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (mut days, mut seconds, mut number, mut is_time, mut parts) = (0_i64, 0_i64, String::new(), false, 0);
    for letter in rest.strip_prefix('P')?.chars() {
        match letter {
            '0'..='9' if number.len() < 9 => number.push(letter),
            'T' if !is_time && number.is_empty() => is_time = true,
            _ => {
                let amount: i64 = std::mem::take(&mut number).parse().ok()?;
                parts += 1;
                match (letter, is_time) {
                    ('W', false) => days += amount * 7,
                    ('D', false) => days += amount,
                    ('H', true) => seconds += amount * 3600,
                    ('M', true) => seconds += amount * 60,
                    ('S', true) => seconds += amount,
                    _ => return None,
                }
            }
        }
    }
    (number.is_empty() && parts > 0).then_some(())?;
    Some((TimeDelta::try_days(sign * days)?, TimeDelta::try_seconds(sign * seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    fn days(rule: &str) -> Result<Vec<String>, Problem> {
        let found = occurrences(rule, at("2026-12-01 18:00"), at("2027-03-01 00:00"), |at| at.naive_utc() + TimeDelta::hours(1))?;
        Ok(found.into_iter().map(|at| at.format("%m-%d").to_string()).collect())
    }

    #[test]
    fn rules_are_expanded_until_their_end_by_the_events_own_clock() {
        assert_eq!(days("FREQ=WEEKLY;COUNT=3").unwrap(), ["12-01", "12-08", "12-15"]);
        assert_eq!(days("freq=weekly;until=20261208T170000Z").unwrap(), ["12-01", "12-08"]);
        assert_eq!(days("FREQ=WEEKLY;UNTIL=20261208T165959Z").unwrap(), ["12-01"]);
        assert_eq!(days("FREQ=WEEKLY;UNTIL=20261208").unwrap(), ["12-01", "12-08"]);
        assert_eq!(days("FREQ=WEEKLY;UNTIL=20250101").unwrap(), ["12-01"]);
        assert_eq!(days("FREQ=MONTHLY;BYDAY=-1FR").unwrap(), ["12-25", "01-29", "02-26"]);
        assert!(days("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_rule_or_comes_too_often_is_told() {
        for (rule, told) in [
            ("FREQ=SOMETIMES", "cannot be read"),
            ("WEEKLY", "`WEEKLY` has no value"),
            ("FREQ=DAILY;UNTIL=tomorrow", "`tomorrow` is no date"),
            ("FREQ=MINUTELY", "no freeze comes back every minute"),
            ("FREQ=DAILY;BYMONTH=13", "cannot be read"),
        ] {
            let error = days(rule).unwrap_err().message;
            assert!(error.contains(told), "{rule}: {error}");
        }
        let error = occurrences("FREQ=HOURLY", at("1990-01-01 00:00"), at("2026-01-01 00:00"), |at| at.naive_utc()).unwrap_err();
        assert!(error.message.contains("more than 100000 times"), "{error}");
    }

    #[test]
    fn lengths_of_time_have_days_by_the_clock_and_seconds() {
        let read = |text: &str| duration(text).map(|(days, rest)| (days.num_days(), rest.num_seconds()));
        assert_eq!(read("P1DT2H3M4S"), Some((1, 7384)));
        assert_eq!((read("P2W"), read("PT15M"), read("-P1D")), (Some((14, 0)), Some((0, 900)), Some((-1, 0))));
        for odd in ["", "P", "PT", "1D", "P1H", "PT1D", "P1", "PTT1H", "P9999999999999D"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
