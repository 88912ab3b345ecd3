//! HAProxy: `log-format` lines, by default that of `option httplog`. Its moments without a zone are those of the host's clock, and are
//! taken as they stand. When a request began, and not its connection, is [`session`](super::session)'s to find out.

use super::Source;
use super::access::{Access, Sense, Shape};
use super::record::ImportError;
use super::session::Timer;
use super::template::{Form, Piece, Template, form_of_header};

/// `option httplog` to the termination state; what follows varies with what is captured.
const HTTPLOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac";
const HINT: &str = "give the log-format line that it was written by: --log-format '%ci:%cp [%tr] %b/%s %Ta %ST %tsc'";

/// # Errors
/// Where the format line cannot be used.
pub(super) fn format(line: Option<&str>, served_by: Option<&str>) -> Result<Access, ImportError> {
    let template = pieces(line.unwrap_or(HTTPLOG), served_by).and_then(Template::of).map_err(ImportError::Template)?;
    Access::new(Source::Haproxy, Shape::Line(template), HINT)
}

fn sense(name: &str) -> Option<Sense> {
    Some(match name {
        "tr" | "trg" | "trl" => Sense::Came,
        "t" | "T" | "Tl" | "Ts" => Sense::Session(Timer::Accepted),
        "ms" => Sense::Session(Timer::Millis),
        "Th" => Sense::Session(Timer::Handshake),
        "Ti" => Sense::Session(Timer::Idle),
        "Tq" => Sense::Session(Timer::Asked),
        "TR" => Sense::Session(Timer::Received),
        "Ta" => Sense::Session(Timer::Active),
        "Tt" => Sense::Session(Timer::Total),
        _ if name.starts_with("request_date") => Sense::Came,
        _ if name.starts_with("accept_date") => Sense::Session(Timer::Accepted),
        "ST" => Sense::Status,
        "b" => Sense::Group,
        "s" => Sense::Served,
        "ts" | "tsc" => Sense::Termination,
        _ => return None,
    })
}

/// What HAProxy writes for a field that stands in no quotes.
fn form(name: &str) -> Form {
    match name {
        "T" | "Tl" | "trg" | "trl" => Form::Stamp,
        "r" | "hr" | "hs" => Form::Text,
        "B" | "U" | "ac" | "fc" | "bc" | "sc" | "sq" | "bq" | "rc" | "rt" | "ms" | "Tw" | "Tc" | "Tr" | "Td" => Form::Number,
        _ => form_of_header(name),
    }
}

fn pieces(line: &str, served_by: Option<&str>) -> Result<Vec<Piece<Sense>>, String> {
    // In a configuration blanks may be escaped.
    let line = line.replace("\\ ", " ");
    let (mut pieces, mut rest, mut found) = (Vec::new(), line.as_str(), false);
    let mut all_quoted = false;
    while let Some(place) = rest.find('%') {
        pieces.push(Piece::Text(rest[..place].to_owned()));
        let mut after = &rest[place + 1..];
        if let Some(next) = after.strip_prefix('%') {
            pieces.push(Piece::Text("%".into()));
            rest = next;
            continue;
        }
        let mut quoted = all_quoted;
        if let Some(flags) = after.strip_prefix('{') {
            let (flags, field) = flags.split_once('}').ok_or("a brace is not closed\n\nhint: flags are written as %{+Q}r")?;
            (quoted, after) = (quoted && !flags.contains("-Q") || flags.contains("+Q"), field);
        }
        let (name, next) = match after.strip_prefix('[') {
            Some(expression) => expression.split_once(']').ok_or("a bracket is not closed\n\nhint: an expression is written as %[src]")?,
            None => after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len())),
        };
        // `%{+Q}o` sets flags and writes nothing.
        if name == "o" {
            all_quoted = quoted;
            rest = next.trim_start();
            continue;
        }
        let asked = served_by.is_some_and(|field| field.trim_start_matches('%').trim_matches(['[', ']']) == name);
        found |= asked;
        let usual = sense(name).filter(|sense| !matches!(sense, Sense::Served | Sense::Group) || served_by.is_none());
        let form = if quoted { Form::Word } else { form(name) };
        pieces.push(Piece::Field(format!("%{name}"), form, if asked { Some(Sense::Served) } else { usual }));
        rest = next;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    match served_by.filter(|_| !found) {
        Some(field) => Err(format!("it has no field `{field}`\n\nhint: name one of its fields with --served-by, for example s or b")),
        None => Ok(pieces),
    }
}
