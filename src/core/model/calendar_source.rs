//! Where a calendar is found: `file:freezes.ics`, `https://calendar.example/freezes.ics`, or `env:NAME` with the variable that holds such an
//! address, since the private address of a calendar is a secret itself.

use crate::units::{ParseError, text_form};
use std::fmt;
use std::str::FromStr;

/// Where a calendar is found, by its text form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CalendarSource {
    /// A file, by its path from the project's root.
    File(String),
    /// An address of the web.
    Url(String),
    /// The environment variable that holds such an address.
    Variable(String),
}

impl fmt::Display for CalendarSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{path}"),
            Self::Url(url) => f.write_str(url),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

impl FromStr for CalendarSource {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let wrong = |problem: String, hint: String| Err(ParseError { problem, hint });
        if let Some(path) = text.strip_prefix("file:").map(str::trim) {
            if path.is_empty() || path.starts_with("//") {
                return wrong(
                    format!("`{text}` names no file"),
                    "write its path from the project's root, for example `file:freezes.ics`".into(),
                );
            }
            return Ok(Self::File(path.to_owned()));
        }
        if let Some(name) = text.strip_prefix("env:") {
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name || name.starts_with(|letter: char| letter.is_ascii_digit()) {
                return wrong(
                    format!("`{text}` names no environment variable"),
                    "write `env:NAME`, and let NAME hold the calendar's address".into(),
                );
            }
            return Ok(Self::Variable(name.to_owned()));
        }
        // What calendars call their own scheme is the web's.
        let url = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("webcal") || scheme.eq_ignore_ascii_case("webcals") => {
                format!("https://{rest}")
            }
            _ => text.to_owned(),
        };
        let host = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        if host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) {
            return Ok(Self::Url(url));
        }
        let hint = match text.contains("://") {
            false if text.to_lowercase().ends_with(".ics") => format!("write `file:{text}`"),
            _ => "write `file:freezes.ics`, `https://…`, or `env:NAME` with the variable that holds a private address".to_owned(),
        };
        wrong(format!("`{text}` does not say where a calendar is found"), hint)
    }
}

text_form!(
    CalendarSource,
    r"^(file:.+|https?://.+|env:[A-Za-z_][A-Za-z0-9_]*)$",
    "Where a calendar is found, as `file:freezes.ics`, `https://…`, `env:NAME`.",
    CalendarSource::clone
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_is_a_file_an_address_or_a_variable_that_holds_one() {
        let read = |text: &str| text.parse::<CalendarSource>();
        assert_eq!(read("file:a/b.ics"), Ok(CalendarSource::File("a/b.ics".into())));
        assert_eq!(read("webcal://c.example/x.ics"), Ok(CalendarSource::Url("https://c.example/x.ics".into())));
        assert_eq!(read("env:FREEZES"), Ok(CalendarSource::Variable("FREEZES".into())));
        for odd in ["freezes.ics", "file:", "file:///etc/x", "env:", "env:1", "ftp://x/y", "https://", ""] {
            assert!(read(odd).is_err(), "{odd}");
        }
        assert_eq!(read("freezes.ics").unwrap_err().hint, "write `file:freezes.ics`");
    }
}
