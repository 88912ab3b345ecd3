//! HAProxy: `log-format` lines, by default that of `option httplog`. Its moments without a zone are those of the host's clock, and are
//! taken as they stand. When a request began, and not its connection, is [`session`](super::session)'s to find out.

use super::access::{Access, FieldMeaning, LogLayout};
use super::record::ImportError;
use super::session::SessionTimer;
use super::source::RecordSource;
use super::template::{Template, TemplatePiece, ValueForm, form_of_header};
use crate::units::Problem;

/// `option httplog` to the termination state; what follows varies with what is captured.
const HTTPLOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac";
const HINT: &str = "give the log-format line that it was written by: --log-format '%ci:%cp [%tr] %b/%s %Ta %ST %tsc'";

/// # Errors
/// Where the format line cannot be used.
pub(super) fn format(line: Option<&str>, served_by: Option<&str>) -> Result<Access, ImportError> {
    let template = pieces(line.unwrap_or(HTTPLOG), served_by).and_then(Template::of).map_err(ImportError::Template)?;
    Access::new(RecordSource::Haproxy, LogLayout::Line(template), HINT)
}

fn sense(name: &str) -> Option<FieldMeaning> {
    Some(match name {
        "tr" | "trg" | "trl" => FieldMeaning::Came,
        "t" | "T" | "Tl" | "Ts" => FieldMeaning::Session(SessionTimer::Accepted),
        "ms" => FieldMeaning::Session(SessionTimer::Millis),
        "Th" => FieldMeaning::Session(SessionTimer::Handshake),
        "Ti" => FieldMeaning::Session(SessionTimer::Idle),
        "Tq" => FieldMeaning::Session(SessionTimer::Asked),
        "TR" => FieldMeaning::Session(SessionTimer::Received),
        "Ta" => FieldMeaning::Session(SessionTimer::Active),
        "Tt" => FieldMeaning::Session(SessionTimer::Total),
        _ if name.starts_with("request_date") => FieldMeaning::Came,
        _ if name.starts_with("accept_date") => FieldMeaning::Session(SessionTimer::Accepted),
        "ST" => FieldMeaning::Status,
        "b" => FieldMeaning::Group,
        "s" => FieldMeaning::Served,
        "ts" | "tsc" => FieldMeaning::Termination,
        _ => return None,
    })
}

/// What HAProxy writes for a field that stands in no quotes.
fn form(name: &str) -> ValueForm {
    match name {
        "T" | "Tl" | "trg" | "trl" => ValueForm::Stamp,
        "r" | "hr" | "hs" => ValueForm::Text,
        "B" | "U" | "ac" | "fc" | "bc" | "sc" | "sq" | "bq" | "rc" | "rt" | "ms" | "Tw" | "Tc" | "Tr" | "Td" => ValueForm::Number,
        _ => form_of_header(name),
    }
}

fn pieces(line: &str, served_by: Option<&str>) -> Result<Vec<TemplatePiece<FieldMeaning>>, Problem> {
    // In a configuration blanks may be escaped.
    let line = line.replace("\\ ", " ");
    let (mut pieces, mut rest, mut found) = (Vec::new(), line.as_str(), false);
    let mut all_quoted = false;
    while let Some(start) = rest.find('%') {
        pieces.push(TemplatePiece::Text(rest[..start].to_owned()));
        let mut after = &rest[start + 1..];
        if let Some(next) = after.strip_prefix('%') {
            pieces.push(TemplatePiece::Text("%".into()));
            rest = next;
            continue;
        }
        let mut quoted = all_quoted;
        if let Some(flags) = after.strip_prefix('{') {
            let (flags, field) =
                flags.split_once('}').ok_or_else(|| Problem::new("a brace is not closed").hint("flags are written as %{+Q}r"))?;
            (quoted, after) = (quoted && !flags.contains("-Q") || flags.contains("+Q"), field);
        }
        let (name, next) = match after.strip_prefix('[') {
            Some(expression) => expression
                .split_once(']')
                .ok_or_else(|| Problem::new("a bracket is not closed").hint("an expression is written as %[src]"))?,
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
        let usual = sense(name).filter(|sense| !matches!(sense, FieldMeaning::Served | FieldMeaning::Group) || served_by.is_none());
        let form = if quoted { ValueForm::Word } else { form(name) };
        pieces.push(TemplatePiece::Field(format!("%{name}"), form, if asked { Some(FieldMeaning::Served) } else { usual }));
        rest = next;
    }
    pieces.push(TemplatePiece::Text(rest.to_owned()));
    match served_by.filter(|_| !found) {
        Some(field) => {
            Err(Problem::new(format!("it has no field `{field}`")).hint("name one of its fields with --served-by, for example s or b"))
        }
        None => Ok(pieces),
    }
}
