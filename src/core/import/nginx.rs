//! nginx: `log_format` lines, by default `combined`, which tells whole seconds and no durations.

use super::access::{Access, FieldMeaning, LogLayout};
use super::record::ImportError;
use super::source::RecordSource;
use super::template::{Template, TemplatePiece, ValueForm, form_of_header};
use crate::units::Problem;

const COMBINED: &str =
    r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
const HINT: &str = "give the log_format line that it was written by: --log-format '$msec $request_time $status $upstream_addr'";

/// # Errors
/// Where the format line cannot be used.
pub(super) fn format(line: Option<&str>, served_by: Option<&str>) -> Result<Access, ImportError> {
    let template = pieces(line.unwrap_or(COMBINED), served_by).and_then(Template::of).map_err(ImportError::Template)?;
    Access::new(RecordSource::Nginx, LogLayout::Line(template), HINT)
}

fn sense(name: &str) -> Option<FieldMeaning> {
    Some(match name {
        // All of them are taken when the line is written, at the request's end.
        "msec" | "time_local" | "time_iso8601" => FieldMeaning::Ended,
        "request_time" => FieldMeaning::Took(9),
        "upstream_response_time" => FieldMeaning::Answered(9),
        "upstream_header_time" => FieldMeaning::Headed(9),
        "status" => FieldMeaning::Status,
        "upstream_addr" => FieldMeaning::Served,
        _ => return None,
    })
}

/// What nginx writes for a variable: <https://nginx.org/en/docs/varindex.html>. Those of upstreams hold a value for each server that was
/// asked, and ` : ` between groups of servers.
fn form(name: &str) -> ValueForm {
    let header = ["upstream_http_", "sent_http_", "http_"].iter().find_map(|prefix| name.strip_prefix(prefix));
    match name {
        _ if header.is_some() => header.map_or(ValueForm::Word, form_of_header),
        "upstream_cache_status" => ValueForm::Word,
        _ if name.starts_with("upstream_cookie_") || name.starts_with("cookie_") => ValueForm::Text,
        _ if name.starts_with("upstream_") => ValueForm::List,
        "proxy_add_x_forwarded_for" => ValueForm::List,
        "time_local" => ValueForm::Stamp,
        "request" | "request_body" | "content_type" | "date_local" | "date_gmt" | "ssl_client_s_dn" | "ssl_client_i_dn" => ValueForm::Text,
        "body_bytes_sent"
        | "bytes_sent"
        | "request_length"
        | "connection"
        | "connection_requests"
        | "status"
        | "msec"
        | "pid"
        | "request_time" => ValueForm::Number,
        _ => ValueForm::Word,
    }
}

fn pieces(line: &str, served_by: Option<&str>) -> Result<Vec<TemplatePiece<FieldMeaning>>, Problem> {
    let (mut pieces, mut rest, mut found) = (Vec::new(), line, false);
    while let Some(start) = rest.find('$') {
        pieces.push(TemplatePiece::Text(rest[..start].to_owned()));
        let after = &rest[start + 1..];
        let (name, next) = match after.strip_prefix('{') {
            Some(braced) => {
                braced.split_once('}').ok_or_else(|| Problem::new("a brace is not closed").hint("a variable is $name or ${name}"))?
            }
            None => after.split_at(after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len())),
        };
        let asked = served_by.is_some_and(|field| field.trim_start_matches('$') == name);
        found |= asked;
        let usual = sense(name).filter(|sense| *sense != FieldMeaning::Served || served_by.is_none());
        pieces.push(TemplatePiece::Field(format!("${name}"), form(name), if asked { Some(FieldMeaning::Served) } else { usual }));
        rest = next;
    }
    pieces.push(TemplatePiece::Text(rest.to_owned()));
    match served_by.filter(|_| !found) {
        Some(field) => Err(Problem::new(format!("it has no field `{field}`"))
            .hint("name one of its variables with --served-by, for example upstream_addr")),
        None => Ok(pieces),
    }
}
