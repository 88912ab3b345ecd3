//! From the text of a rule to a rule that is understood.

use super::cron::CronFields;
use super::words;
use crate::model::{DuePattern, DueRule};
use crate::units::{ParseError, ZoneName};

/// Reads a rule in words. Its zone stands at its end, or is given.
///
/// # Errors
/// Where it is not understood, or names no zone or two.
pub fn read_rule(text: &str, zone: Option<ZoneName>) -> Result<DueRule, ParseError> {
    let told = words::read(text)?;
    let zone = match (told.zone, zone) {
        (Some(own), Some(given)) => {
            let problem = format!("the zone is told twice, as `{own}` and as `{given}`");
            return Err(ParseError { problem, hint: "take one of them away".to_owned() });
        }
        (Some(zone), None) | (None, Some(zone)) => zone,
        (None, None) => {
            let hint = format!("write whose clock it is, for example `{} Europe/Berlin`, or `UTC`", text.trim());
            return Err(ParseError { problem: format!("`{}` has no time zone", text.trim()), hint });
        }
    };
    Ok(DueRule { text: told.text, zone, rule: told.pattern })
}

/// Reads five fields of cron, by the clocks of a zone.
///
/// # Errors
/// Where they are not five plain fields.
pub fn read_cron(text: &str, zone: ZoneName) -> Result<DueRule, ParseError> {
    CronFields::read(text)?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(DueRule { text: text.clone(), zone, rule: DuePattern::Cron(text) })
}

/// True where fields of cron tell a day of the month and a day of the week: each of them is enough, which is seldom meant.
pub fn is_either_day(rule: &DueRule) -> bool {
    match &rule.rule {
        DuePattern::Cron(text) => CronFields::read(text).is_ok_and(|fields| fields.is_either_day()),
        DuePattern::Days { .. } => false,
    }
}
