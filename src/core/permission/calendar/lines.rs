//! The lines of an iCalendar file (RFC 5545, section 3.1): unfolded before they are decoded, since some exports fold in the middle of a letter,
//! and seen to be whole, so that half a calendar is not taken for one.
//!
//! The parser of the crate `icalendar` reads what stands in them; what would only confuse it, or make it go too deep, is told here by its line.

use crate::units::Problem;

/// Components in components; calendars have three.
const DEEPEST: usize = 16;

/// The texts for the parser, one of each calendar in the file: one content line a line.
///
/// # Errors
/// Where it is no calendar, or not a whole one.
pub(super) fn contents(bytes: &[u8]) -> Result<Vec<String>, Problem> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = unfolded(bytes);
    let first = lines.first().map_or("", |(_, line)| line.as_str());
    if !first.eq_ignore_ascii_case("BEGIN:VCALENDAR") {
        let page = first.trim_start().starts_with('<');
        let what =
            if page { "this is a web page, and no calendar" } else { "this is no calendar: it does not begin with `BEGIN:VCALENDAR`" };
        let hint = if page {
            "use the address of the calendar in iCal format (.ics), which needs no login"
        } else {
            "export it as iCalendar (.ics)"
        };
        return Err(Problem::new(what).hint(hint));
    }
    let (mut inside, mut calendars): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for (number, line) in &lines {
        let wrong = |what: String| Err(Problem::new(format!("line {number} {what}")).hint("export the calendar again"));
        let Some(place) = line.find([':', ';']) else { return wrong("is no property".to_owned()) };
        let (name, rest) = (&line[..place], &line[place..]);
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
            return wrong("is no property".to_owned());
        }
        let value = rest.strip_prefix(':').map(str::trim_end);
        match (name.to_ascii_uppercase().as_str(), value) {
            ("BEGIN", Some(component)) if inside.len() < DEEPEST => inside.push(component),
            ("BEGIN", Some(_)) => return wrong(format!("is more than {DEEPEST} components deep")),
            ("END", Some(component)) if inside.last() == Some(&component) => drop(inside.pop()),
            ("END", Some(component)) => return wrong(format!("ends `{component}`, which did not begin there")),
            ("BEGIN" | "END", None) => return wrong("is no property".to_owned()),
            _ if inside.is_empty() => return wrong("stands outside the calendar".to_owned()),
            _ => {}
        }
        if inside.len() == 1 && name.eq_ignore_ascii_case("BEGIN") {
            calendars.push(String::new());
        }
        if let Some(calendar) = calendars.last_mut() {
            // The parser looks for the end of a line as the standard has it.
            *calendar += line.trim_end();
            *calendar += "\r\n";
        }
    }
    if let Some(component) = inside.last() {
        return Err(
            Problem::new(format!("it ends inside `{component}`, so the rest is missing")).hint("export or download the calendar again")
        );
    }
    Ok(calendars)
}

/// Content lines, each with the number of its first line in the file; empty ones are left out.
fn unfolded(bytes: &[u8]) -> Vec<(usize, String)> {
    let mut whole: Vec<(usize, Vec<u8>)> = Vec::new();
    for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), whole.last_mut()) {
            (Some(b' ' | b'\t'), Some((_, last))) => last.extend_from_slice(&line[1..]),
            (None, _) => {}
            _ => whole.push((place + 1, line.to_vec())),
        }
    }
    whole.into_iter().map(|(number, line)| (number, String::from_utf8_lossy(&line).replace('\r', " "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        contents(text.as_bytes()).unwrap_err().message
    }

    #[test]
    fn folded_lines_are_put_together_even_in_the_middle_of_a_letter() {
        let folded = b"BEGIN:VCALENDAR\r\nSUMMARY:Weih\xc3\r\n \xa4cht\n\t en\r\nEND:VCALENDAR\r\n";
        assert_eq!(contents(folded).unwrap(), ["BEGIN:VCALENDAR\r\nSUMMARY:Weih\u{e4}cht en\r\nEND:VCALENDAR\r\n"]);
        let two = contents(b"\xef\xbb\xbfBEGIN:VCALENDAR\n\nEND:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR").unwrap();
        assert_eq!(two, ["BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"; 2]);
    }

    #[test]
    fn what_is_no_whole_calendar_is_told_by_its_line() {
        assert_eq!(told(""), "this is no calendar: it does not begin with `BEGIN:VCALENDAR`");
        assert_eq!(told("<!DOCTYPE html>\n<html>"), "this is a web page, and no calendar");
        assert_eq!(told("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x"), "it ends inside `VEVENT`, so the rest is missing");
        assert_eq!(told("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR"), "line 3 ends `VCALENDAR`, which did not begin there");
        assert_eq!(told("BEGIN:VCALENDAR\nSUMMARY:a\n b\nrubbish\nEND:VCALENDAR"), "line 4 is no property");
        assert_eq!(told("BEGIN:VCALENDAR\n:x\nEND:VCALENDAR"), "line 2 is no property");
        assert_eq!(told("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:y"), "line 3 stands outside the calendar");
        let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:A\n".repeat(100_000));
        assert_eq!(told(&deep), "line 17 is more than 16 components deep");
    }
}
