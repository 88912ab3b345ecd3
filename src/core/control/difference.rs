//! What a control API shows, held against what was wanted of it.

use crate::api::{ProxyRecord, ProxyRequest, ToxicRecord};
use crate::fault::Toxic;
use serde_json::{Value, json};

/// Why a proxy that stands there is not the one that is wanted.
#[derive(Debug)]
pub(super) enum Occupied {
    /// Something breaks it already.
    Toxics(Vec<String>),
    /// It carries nothing.
    Disabled,
    /// It is another one.
    Other { what: &'static str, is: String, wanted: String },
}

/// Why a proxy that stands there cannot be taken as the one that is wanted; `None` where it can.
pub(super) fn occupied(proxy: &ProxyRecord, wanted: &ProxyRequest) -> Option<Occupied> {
    if !proxy.toxics.is_empty() {
        return Some(Occupied::Toxics(proxy.toxics.iter().map(|toxic| toxic.name.clone()).collect()));
    }
    let any_port = wanted.listen.as_ref().is_some_and(|listen| listen.ends_with(":0"));
    let (shown, asked) = (json!(proxy), json!(ProxyRequest { listen: wanted.listen.clone().filter(|_| !any_port), ..wanted.clone() }));
    let other = |key: &&str| !asked[*key].is_null() && shown[*key] != asked[*key];
    let told = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let what = ["upstream", "listen", "dialect", "tls", "hosts"].into_iter().find(other);
    what.map(|what| Occupied::Other { what, is: told(&shown[what]), wanted: told(&asked[what]) })
        .or_else(|| (!proxy.enabled).then_some(Occupied::Disabled))
}

/// True where a proxy leads where it shall, and carries everything. Where it listens it has chosen itself.
pub(super) fn is_well(proxy: &ProxyRecord, wanted: &ProxyRequest) -> bool {
    occupied(proxy, &ProxyRequest { listen: None, ..wanted.clone() }).is_none()
}

/// True where a toxic is in force as it was asked for.
pub(super) fn is_shown(there: &ToxicRecord, wanted: &Toxic) -> bool {
    (there.name.as_str(), there.kind.as_str(), there.stream.as_str()) == (wanted.name.as_str(), wanted.kind(), wanted.stream.word())
        && agree(&json!(wanted.toxicity), &json!(there.toxicity))
        && agree(&json!(wanted.attributes()), &json!(there.attributes))
}

/// True where everything that was wanted is shown; numbers by value, because servers write `1` and `1.0` as they like.
fn agree(wanted: &Value, shown: &Value) -> bool {
    match (wanted, shown) {
        (Value::Object(wanted), Value::Object(shown)) => {
            wanted.iter().all(|(key, value)| shown.get(key).is_some_and(|shown| agree(value, shown)))
        }
        (Value::Number(wanted), Value::Number(shown)) => wanted.as_f64() == shown.as_f64(),
        _ => wanted == shown,
    }
}
