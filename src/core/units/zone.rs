//! The name of a time zone: one of the time zone database (`Europe/Berlin`), `UTC`, or a fixed distance from it (`+02:00`).
//!
//! What this file does not do: tell a time. Whoever has a clock (room `permission`) does.

use super::{ParseError, closest, text_form};
use std::fmt;
use std::str::FromStr;

/// The name of a time zone that is known. Text form: `Europe/Berlin`, `UTC`, `+02:00`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneName(String);

/// The largest distance from UTC that any place keeps, in minutes.
const FARTHEST: i32 = 14 * 60;

impl ZoneName {
    /// UTC.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Minutes east of UTC, where that never changes by its own name; `None` for a place, whose summer time comes and goes.
    pub fn fixed_minutes(&self) -> Option<i32> {
        if self.0 == "UTC" { Some(0) } else { distance(&self.0) }
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ZoneName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        if ["UTC", "Z", "GMT"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
            return Ok(Self::utc());
        }
        let upper = text.to_ascii_uppercase();
        let after = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT")).unwrap_or(&upper);
        if let Some(minutes) = distance(after) {
            let (sign, size) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
            return Ok(Self(if minutes == 0 { "UTC".to_owned() } else { format!("{sign}{:02}:{:02}", size / 60, size % 60) }));
        }
        if names().any(|name| name == text) {
            return Ok(Self(text.to_owned()));
        }
        let hint = match meant(text) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "write a name of the time zone database such as `Europe/Berlin` (an abbreviation such as `CEST` does not say when summer time begins), `UTC`, or a distance such as `+02:00`".to_owned(),
        };
        Err(ParseError { problem: format!("`{text}` is not a time zone"), hint })
    }
}

/// `+2`, `+02`, `+0200`, `+02:00`: minutes.
fn distance(text: &str) -> Option<i32> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits = &text[1..];
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number =
        |text: &str| text.parse::<i32>().ok().filter(|_| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let distance = hours * 60 + minutes;
    (minutes < 60 && distance <= FARTHEST).then_some(sign * distance)
}

fn names() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// The name that was probably meant: in other letters, as a city alone, or mistyped.
fn meant(text: &str) -> Option<&'static str> {
    let plain = |text: &str| text.trim().to_lowercase().replace(' ', "_");
    let (text, city) = (plain(text), |name: &'static str| name.rsplit('/').next().unwrap_or(name));
    if let Some(same) = names().find(|name| plain(name) == text) {
        return Some(same);
    }
    if let Some(of_city) = names().find(|name| plain(city(name)) == text && name.contains('/') && !name.starts_with("Etc/")) {
        return Some(of_city);
    }
    match text.split_once('/') {
        Some((region, _)) => {
            let near: Vec<&str> = names().filter(|name| plain(name).starts_with(&format!("{region}/"))).collect();
            closest(&text, near.into_iter()).or_else(|| {
                // The region is mistyped, and the city is right.
                let wanted = text.rsplit('/').next().unwrap_or_default();
                names().find(|name| name.contains('/') && plain(city(name)) == wanted)
            })
        }
        None if text.len() > 3 => {
            let first = text.chars().next()?;
            let near: Vec<&str> =
                names().filter(|name| name.contains('/')).map(city).filter(|city| city.to_lowercase().starts_with(first)).collect();
            let near = closest(&text, near.into_iter())?;
            names().find(|name| city(name) == near)
        }
        None => None,
    }
}

text_form!(
    ZoneName,
    r"^([A-Za-z_+\-0-9]+(/[A-Za-z_+\-0-9]+)*|[+-][0-9]{2}:[0-9]{2})$",
    "A time zone, as `Europe/Berlin`, `UTC`, `+02:00`.",
    ZoneName::clone
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_place_utc_or_a_distance() {
        let read = |text: &str| text.parse::<ZoneName>().unwrap().to_string();
        assert_eq!(read("Europe/Berlin"), "Europe/Berlin");
        assert_eq!(["UTC", "utc", "Z", "GMT", "UTC+0", "+00:00"].map(read), ["UTC"; 6].map(str::to_owned));
        assert_eq!(["+2", "+02", "+0200", "+02:00", "UTC+2", "GMT+02:00"].map(read), ["+02:00"; 6].map(str::to_owned));
        assert_eq!((read("-03:30"), "-03:30".parse::<ZoneName>().unwrap().fixed_minutes()), ("-03:30".to_owned(), Some(-210)));
        assert_eq!("Europe/Berlin".parse::<ZoneName>().unwrap().fixed_minutes(), None);
    }

    #[test]
    fn what_is_no_zone_is_told_with_what_was_meant() {
        let hint = |text: &str| text.parse::<ZoneName>().unwrap_err().hint;
        for (typed, meant) in [
            ("europe/berlin", "Europe/Berlin"),
            ("Europe/Berln", "Europe/Berlin"),
            ("Berlin", "Europe/Berlin"),
            ("berlni", "Europe/Berlin"),
            ("Europ/Berlin", "Europe/Berlin"),
            ("America/New York", "America/New_York"),
        ] {
            assert_eq!(hint(typed), format!("did you mean `{meant}`?"), "{typed}");
        }
        for odd in ["CEST", "+15:00", "+2:5", "+02:60", "", "+", "Mars/Olympus", "ü"] {
            assert!(hint(odd).starts_with("write a name of the time zone database"), "{odd}: {}", hint(odd));
        }
    }
}
