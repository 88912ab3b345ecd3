//! What the body of a call to the control API says. A field that means nothing where it stands is refused by name, and not left out without
//! a word: no matter who wrote it wanted something.
//!
//! As a plain Toxiproxy it is left out as Shopify's server does, for its clients send more than it reads, and a warning says so. What answers show
//! beside that (`touched`, `applied`, Shopify's `Logger`) may be sent back.

use super::proxy_view::RawProxy;
use super::server_context::ApiFlavor;
use crate::api::{ApiError, ProxyRequest};
use crate::fault::{RawToxic, Stray};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a proxy is asked for by.
const PROXY: [&str; 8] = ["name", "listen", "upstream", "enabled", "toxics", "dialect", "tls", "hosts"];
/// Those among them that Shopify's server does not know.
const OURS: [&str; 3] = ["dialect", "tls", "hosts"];
/// What Shopify's server shows of its own works.
const SHOWN: [&str; 1] = ["Logger"];

/// A parsed body of a call, and the fields of it that were ignored. Callers are told of those in a warning.
#[derive(Debug)]
pub(super) struct CallBody<T> {
    pub(super) asked: T,
    /// In words, a line each.
    pub(super) left_out: Vec<String>,
}

/// A proxy with its toxics.
///
/// # Errors
/// Where the body is none, or a field means nothing.
pub(super) fn proxy(body: &[u8], flavor: ApiFlavor) -> Result<CallBody<RawProxy>, ApiError> {
    read_proxy(json(body)?, flavor)
}

/// A list of proxies.
///
/// # Errors
/// As in [`proxy`].
pub(super) fn proxies(body: &[u8], flavor: ApiFlavor) -> Result<CallBody<Vec<RawProxy>>, ApiError> {
    let values: Vec<Value> = json(body)?;
    let mut all = CallBody { asked: Vec::with_capacity(values.len()), left_out: Vec::new() };
    for value in values {
        let CallBody { asked, left_out } = read_proxy(value, flavor)?;
        all.asked.push(asked);
        all.left_out.extend(left_out);
    }
    Ok(all)
}

/// A toxic, or a change of one.
///
/// # Errors
/// As in [`proxy`].
pub(super) fn toxic(body: &[u8], flavor: ApiFlavor) -> Result<CallBody<RawToxic>, ApiError> {
    read_toxic(json(body)?, flavor, "")
}

fn read_proxy(mut value: Value, flavor: ApiFlavor) -> Result<CallBody<RawProxy>, ApiError> {
    let mut left_out = Vec::new();
    let whose = value["name"].as_str().map(|name| format!(" of the proxy `{}`", name.escape_debug())).unwrap_or_default();
    if let Some(object) = value.as_object() {
        for (field, value) in object.iter().filter(|(field, _)| !SHOWN.contains(&field.as_str())) {
            let is_known = PROXY.contains(&field.as_str()) && (flavor == ApiFlavor::Lifeboat || !OURS.contains(&field.as_str()));
            if !is_known {
                let stray = RawToxic::misplaced(field, value).unwrap_or_else(|| Stray::among(field, &PROXY, "a proxy"));
                refuse_or_tell(stray, flavor, &whose, &mut left_out)?;
            }
        }
    }
    let toxics = value.get_mut("toxics").map(Value::take);
    let mut asked = RawProxy { request: typed(value)?, toxics: Vec::new() };
    if flavor == ApiFlavor::Plain {
        asked.request = ProxyRequest { dialect: None, tls: None, hosts: None, ..asked.request };
    }
    if let Some(toxics) = toxics.filter(|toxics| !toxics.is_null()) {
        let toxics: Vec<Value> = typed(toxics)?;
        if flavor == ApiFlavor::Plain && !toxics.is_empty() {
            left_out.push(format!("the toxics{whose} were not created: add each at /proxies/NAME/toxics"));
            return Ok(CallBody { asked, left_out });
        }
        let mut read = Vec::with_capacity(toxics.len());
        for toxic in toxics {
            read.push(read_toxic(toxic, flavor, &whose)?.asked);
        }
        asked.toxics = read;
    }
    Ok(CallBody { asked, left_out })
}

fn read_toxic(value: Value, flavor: ApiFlavor, whose: &str) -> Result<CallBody<RawToxic>, ApiError> {
    let mut left_out = Vec::new();
    for stray in value.as_object().into_iter().flat_map(RawToxic::strays) {
        refuse_or_tell(stray, flavor, whose, &mut left_out)?;
    }
    Ok(CallBody { asked: typed(value)?, left_out })
}

fn refuse_or_tell(stray: Stray, flavor: ApiFlavor, whose: &str, left_out: &mut Vec<String>) -> Result<(), ApiError> {
    let Stray { field, hint } = stray;
    let problem = format!("unknown field `{}`{whose}", field.escape_debug());
    if flavor == ApiFlavor::Lifeboat {
        return Err(ApiError::bad_request(format!("bad request body: {problem}")).with_hint(hint));
    }
    left_out.push(format!("{problem}: {hint}"));
    Ok(())
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(bad)
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(bad)
}

fn bad(error: serde_json::Error) -> ApiError {
    // A configuration may be any file that somebody named, by mistake or not.
    ApiError::bad_request(format!("bad request body: {}", crate::redact::unquoted(&error.to_string())))
}
