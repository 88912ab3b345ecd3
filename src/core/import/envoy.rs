//! Envoy: text access logs by their format line, by default Envoy's own or Istio's, and JSON access logs: by the usual names of their keys, or by
//! the `json_format` where that is given as the format line.

use super::access::{Access, FieldMeaning, LogLayout};
use super::record::ImportError;
use super::source::RecordSource;
use super::template::{Template, TemplatePiece, ValueForm, form_of_header};
use crate::units::Problem;
use serde_json::Value;

const DEFAULT: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% \
%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \
\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\"";
/// Istio's, of <https://istio.io/latest/docs/tasks/observability/logs/access-log/>.
const ISTIO: &str = "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% \
%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% \"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% \
%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \
\"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% \
%REQUESTED_SERVER_NAME% %ROUTE_NAME%";
const HINT: &str =
    "give the format that it was written by: --log-format '[%START_TIME%] %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION% %UPSTREAM_HOST%'";

/// # Errors
/// Where the format line cannot be used.
pub(super) fn format(line: Option<&str>, served_by: Option<&str>) -> Result<Access, ImportError> {
    let of_line = |line: &str| pieces(line, served_by).and_then(Template::of);
    let shape = match line {
        Some(json) if json.trim_start().starts_with('{') => keys(json, served_by).map(LogLayout::Keys),
        Some(line) => of_line(line).map(LogLayout::Line),
        None => {
            // A field that is asked for stands in one of them, or is a key.
            let known = |line: &str| pieces(line, served_by).or_else(|_| pieces(line, None)).and_then(Template::whole);
            known(DEFAULT).and_then(|own| Ok(LogLayout::Either(vec![own, known(ISTIO)?], usual_keys(served_by))))
        }
    };
    Access::new(RecordSource::Envoy, shape.map_err(ImportError::Template)?, HINT)
}

fn sense(name: &str) -> Option<FieldMeaning> {
    Some(match name {
        "START_TIME" => FieldMeaning::Came,
        "DURATION" => FieldMeaning::Took(6),
        "RESPONSE_DURATION" => FieldMeaning::Head(6),
        "RESPONSE_CODE" => FieldMeaning::Status,
        "RESPONSE_FLAGS" | "RESPONSE_FLAGS_LONG" => FieldMeaning::Flags,
        "UPSTREAM_HOST" => FieldMeaning::Served,
        _ => return None,
    })
}

/// What Envoy writes for an operator, with its argument.
fn form(name: &str, operator: &str) -> ValueForm {
    match name {
        "BYTES_RECEIVED" | "BYTES_SENT" | "DURATION" | "RESPONSE_DURATION" | "RESPONSE_CODE" | "REQUEST_DURATION" => ValueForm::Number,
        "REQ" | "RESP" | "TRAILER" if operator.contains("SERVICE-TIME") => ValueForm::Number,
        "REQ" | "RESP" | "TRAILER" => form_of_header(operator),
        "UPSTREAM_TRANSPORT_FAILURE_REASON" | "LOCAL_REPLY_BODY" => ValueForm::Text,
        "START_TIME" if operator.contains(' ') => ValueForm::Text,
        _ => ValueForm::Word,
    }
}

/// The keys that nearly everybody gives to JSON access logs: the operators in small letters.
fn usual_keys(served_by: Option<&str>) -> Vec<(String, FieldMeaning)> {
    let mut keys: Vec<(String, FieldMeaning)> =
        ["START_TIME", "DURATION", "RESPONSE_DURATION", "RESPONSE_CODE", "RESPONSE_FLAGS", "UPSTREAM_HOST"]
            .iter()
            .filter_map(|name| Some((name.to_lowercase(), sense(name)?)))
            .collect();
    if let Some(field) = served_by {
        keys.retain(|(_, sense)| *sense != FieldMeaning::Served);
        keys.push((field.to_owned(), FieldMeaning::Served));
    }
    keys
}

/// The keys of a `json_format`.
fn keys(json: &str, served_by: Option<&str>) -> Result<Vec<(String, FieldMeaning)>, Problem> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(json)
        .map_err(|error| Problem::new(format!("it is not JSON: {error}")).hint("give the object under `json_format`, as JSON"))?;
    let mut keys = Vec::new();
    for (key, value) in &object {
        let operator = value.as_str().unwrap_or_default().trim_matches('%');
        let name = operator.split('(').next().unwrap_or_default();
        let asked = served_by == Some(key);
        let usual = sense(name).filter(|sense| *sense != FieldMeaning::Served || served_by.is_none());
        if let Some(sense) = if asked { Some(FieldMeaning::Served) } else { usual } {
            keys.push((key.clone(), sense));
        }
    }
    match served_by.filter(|field| !object.contains_key(*field)) {
        Some(field) => Err(Problem::new(format!("it has no key `{field}`")).hint("name one of its keys with --served-by")),
        None => Ok(keys),
    }
}

fn pieces(line: &str, served_by: Option<&str>) -> Result<Vec<TemplatePiece<FieldMeaning>>, Problem> {
    let (mut pieces, mut rest, mut found) = (Vec::new(), line.trim_end_matches("\\n"), false);
    while let Some(start) = rest.find('%') {
        pieces.push(TemplatePiece::Text(rest[..start].to_owned()));
        let after = &rest[start + 1..];
        if let Some(next) = after.strip_prefix('%') {
            pieces.push(TemplatePiece::Text("%".into()));
            rest = next;
            continue;
        }
        let words = after.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')).unwrap_or(after.len());
        let name = &after[..words];
        // An argument in brackets may hold per cent signs itself: %START_TIME(%Y-%m-%d)%.
        let from = if after[words..].starts_with('(') {
            words
                + after[words..]
                    .find(')')
                    .ok_or_else(|| Problem::new("a bracket is not closed").hint("an operator is %NAME% or %NAME(ARGUMENT)%"))?
        } else {
            words
        };
        let end = from
            + after[from..]
                .find('%')
                .ok_or_else(|| Problem::new("a per cent sign is not closed").hint("an operator is %NAME% or %NAME(ARGUMENT)%"))?;
        let asked = served_by.is_some_and(|field| field == name || field == &after[..end]);
        found |= asked;
        let usual = sense(name).filter(|sense| *sense != FieldMeaning::Served || served_by.is_none());
        let operator = &after[..end];
        pieces.push(TemplatePiece::Field(
            format!("%{operator}%"),
            form(name, operator),
            if asked { Some(FieldMeaning::Served) } else { usual },
        ));
        rest = &after[end + 1..];
    }
    pieces.push(TemplatePiece::Text(rest.to_owned()));
    match served_by.filter(|_| !found) {
        Some(field) => Err(Problem::new(format!("it has no field `{field}`"))
            .hint("name one of its operators with --served-by, for example UPSTREAM_CLUSTER")),
        None => Ok(pieces),
    }
}
