//! The wire form of a fault in the control API: Shopify's toxics where it has them, our own names where it has not.
//!
//! | fault | type | attributes |
//! |---|---|---|
//! | refuse | `refuse` (ours) | |
//! | blackhole | `timeout` | `timeout` (ms), only 0: until it is removed |
//! | reset | `reset_peer` | `timeout` (ms), only 0: at once |
//! | latency | `latency` | `latency`, `jitter` (ms) |
//! | bandwidth | `bandwidth` | `rate` (KB/s, 1 KB = 1000 bytes) |
//! | status | `http_status` (ours) | `code`, `retry_after` (s) |
//! | stall | `http_stall` (ours) | `hold_ms`; without it until it is removed |
//! | credential revoked | `credential_revoked` (ours) | |
//!
//! Every type also takes `seed`, a number or 16 hexadecimal digits, for what it draws at random.

use crate::model::{Fault, words};
use crate::units::{ByteRate, Duration, Seed};
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

/// A toxic's attributes as they stand in JSON.
pub type Attributes = Map<String, Value>;

words! {
    /// The direction that a toxic is registered for.
    Stream {
        /// From the provider to the gateway.
        Downstream = "downstream",
        /// From the gateway to the provider.
        Upstream = "upstream",
    }
}

/// Why a toxic is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToxicError {
    /// Its type has no meaning here.
    #[error("invalid toxic type: `{kind}`\n\nhint: write one of {}", TYPES.join(", "))]
    Type {
        /// As it was written.
        kind: String,
    },
    /// Its stream is no direction, or not one that it can act in.
    #[error("stream was invalid, can be either upstream or downstream: {0}")]
    Stream(String),
    /// A value is missing or cannot be.
    #[error("invalid attribute `{name}`: {problem}")]
    Attribute {
        /// The attribute's name.
        name: String,
        /// What is wrong and what to write.
        problem: String,
    },
}

fn bad(name: &str, problem: impl Into<String>) -> ToxicError {
    ToxicError::Attribute { name: name.to_owned(), problem: problem.into() }
}

const TYPES: [&str; 8] = ["refuse", "timeout", "reset_peer", "latency", "bandwidth", "http_status", "http_stall", "credential_revoked"];

/// A toxic as it stands in a request, before it is checked.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RawToxic {
    /// Its name; `<type>_<stream>` where absent.
    pub name: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its direction; downstream where absent.
    pub stream: Option<String>,
    /// The share of connections or requests that it takes; 1 where absent.
    pub toxicity: Option<f64>,
    /// Its attributes.
    pub attributes: Option<Attributes>,
    /// The lease in milliseconds; without one it holds until it is removed.
    pub ttl_ms: Option<u64>,
}

/// A valid toxic.
#[derive(Debug, Clone, PartialEq)]
pub struct Toxic {
    /// Unique within its proxy.
    pub name: String,
    /// As registered. Faults on whole connections and requests act in both directions.
    pub stream: Stream,
    /// The share of connections or requests that it takes, from 0 to 1.
    pub toxicity: f64,
    /// The seed of its randomness, where one was given.
    pub seed: Option<Seed>,
    /// What it does.
    pub fault: Fault,
}

impl Toxic {
    /// A toxic that takes everything.
    pub fn of(name: impl Into<String>, fault: Fault) -> Self {
        Self { name: name.into(), stream: Stream::Downstream, toxicity: 1.0, seed: None, fault }
    }

    /// Checks a toxic from a request.
    ///
    /// # Errors
    /// Where its type, stream, toxicity or an attribute is unknown, missing or absurd.
    pub fn parse(raw: &RawToxic) -> Result<Self, ToxicError> {
        let kind = raw.kind.as_deref().unwrap_or_default();
        let stream = raw.stream.as_deref().unwrap_or("downstream");
        let stream = Stream::from_word(stream).ok_or_else(|| ToxicError::Stream(format!("`{stream}`")))?;
        let toxicity = raw.toxicity.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&toxicity) {
            return Err(bad("toxicity", "write a number from 0 to 1"));
        }
        let empty = Attributes::new();
        let mut fields = Fields { left: raw.attributes.as_ref().unwrap_or(&empty).clone() };
        let seed = fields.seed()?;
        let fault = fields.fault(kind)?;
        if let Some(name) = fields.left.keys().next() {
            return Err(bad(name, format!("the type `{kind}` has no such attribute")));
        }
        if stream == Stream::Upstream && matches!(fault, Fault::Latency { .. } | Fault::Bandwidth { .. }) {
            return Err(ToxicError::Stream(format!("`{kind}` acts downstream only in this version")));
        }
        if fault == Fault::Refuse && toxicity > 0.0 && toxicity < 1.0 {
            return Err(bad("toxicity", "`refuse` closes the listener for everybody; write 1 or leave it out"));
        }
        let name = raw.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{kind}_{stream}"));
        Ok(Self { name, stream, toxicity, seed, fault })
    }

    /// The same toxic with what a later request changes: toxicity, and single attributes.
    ///
    /// # Errors
    /// As in [`Toxic::parse`].
    pub fn changed(&self, change: &RawToxic) -> Result<Self, ToxicError> {
        let mut attributes = self.attributes();
        attributes.extend(change.attributes.clone().unwrap_or_default());
        Self::parse(&RawToxic {
            name: Some(self.name.clone()),
            kind: Some(self.kind().to_owned()),
            stream: Some(self.stream.word().to_owned()),
            toxicity: Some(change.toxicity.unwrap_or(self.toxicity)),
            attributes: Some(attributes),
            ttl_ms: None,
        })
    }

    /// The type's name.
    pub const fn kind(&self) -> &'static str {
        match self.fault {
            Fault::Refuse => "refuse",
            Fault::Blackhole => "timeout",
            Fault::Reset => "reset_peer",
            Fault::Latency { .. } => "latency",
            Fault::Bandwidth { .. } => "bandwidth",
            Fault::Status { .. } => "http_status",
            Fault::Stall { .. } => "http_stall",
            Fault::CredentialRevoked => "credential_revoked",
        }
    }

    /// The attributes as they are written in JSON.
    pub fn attributes(&self) -> Attributes {
        let mut attributes = attributes(&self.fault);
        if let Some(seed) = self.seed {
            attributes.insert("seed".into(), json!(seed.to_string()));
        }
        attributes
    }

    /// The seed of what it draws: the given one, else one drawn from its name.
    pub fn seed(&self) -> Seed {
        self.seed.unwrap_or_else(|| Seed(0).derive(&self.name))
    }
}

/// The attributes of a fault as they are written in JSON.
pub fn attributes(fault: &Fault) -> Attributes {
    let value = match fault {
        Fault::Refuse | Fault::CredentialRevoked => json!({}),
        Fault::Blackhole | Fault::Reset => json!({"timeout": 0}),
        Fault::Latency { latency, jitter } => json!({"latency": milliseconds(*latency), "jitter": milliseconds(*jitter)}),
        Fault::Bandwidth { rate } => json!({"rate": thousandths(rate.as_bytes_per_second())}),
        Fault::Status { code, retry_after: None } => json!({"code": code}),
        Fault::Status { code, retry_after: Some(after) } => json!({"code": code, "retry_after": after.as_nanos().div_ceil(1_000_000_000)}),
        Fault::Stall { hold: None } => json!({}),
        Fault::Stall { hold: Some(hold) } => json!({"hold_ms": milliseconds(*hold)}),
    };
    match value {
        Value::Object(attributes) => attributes,
        _ => Attributes::new(),
    }
}

/// Whole milliseconds as an integer, because Shopify's server reads nothing else; a fraction where there is one.
fn milliseconds(duration: Duration) -> Number {
    let nanos = duration.as_nanos();
    let fraction = || Number::from_f64(nanos as f64 / 1e6).unwrap_or_else(|| 0.into());
    if nanos.is_multiple_of(1_000_000) { (nanos / 1_000_000).into() } else { fraction() }
}

/// A thousandth, as an integer where it is one.
fn thousandths(bytes: u64) -> Number {
    let fraction = || Number::from_f64(bytes as f64 / 1e3).unwrap_or_else(|| 0.into());
    if bytes.is_multiple_of(1000) { (bytes / 1000).into() } else { fraction() }
}

/// Attributes that have not been read yet.
struct Fields {
    left: Attributes,
}

impl Fields {
    fn fault(&mut self, kind: &str) -> Result<Fault, ToxicError> {
        Ok(match kind {
            "refuse" => Fault::Refuse,
            "timeout" => self.zero_timeout(Fault::Blackhole)?,
            "reset_peer" => self.zero_timeout(Fault::Reset)?,
            "latency" => {
                let latency = self.milliseconds("latency")?.unwrap_or_default();
                let jitter = self.milliseconds("jitter")?.unwrap_or_default();
                Fault::Latency { latency, jitter }
            }
            "bandwidth" => {
                let rate = self.number("rate", 1e9)?.ok_or_else(|| bad("rate", "write a number of KB/s"))?;
                let rate = ByteRate::bytes_per_second((rate * 1e3).round() as u64);
                Fault::Bandwidth { rate: rate.ok_or_else(|| bad("rate", "write more than 0; a link that carries nothing is `timeout`"))? }
            }
            "http_status" => {
                let code = self.number("code", 1e9)?.ok_or_else(|| bad("code", "write a status from 400 to 599"))?;
                if !(400.0..600.0).contains(&code) || code.fract() != 0.0 {
                    return Err(bad("code", "write a status from 400 to 599"));
                }
                let retry_after = self.number("retry_after", 1e9)?.map(|after| Duration::from_nanos((after * 1e9).round() as u64));
                Fault::Status { code: code as u16, retry_after }
            }
            "http_stall" => Fault::Stall { hold: self.milliseconds("hold_ms")? },
            "credential_revoked" => Fault::CredentialRevoked,
            _ => return Err(ToxicError::Type { kind: kind.to_owned() }),
        })
    }

    fn zero_timeout(&mut self, fault: Fault) -> Result<Fault, ToxicError> {
        match self.number("timeout", 1e12)? {
            None | Some(0.0) => Ok(fault),
            Some(_) => Err(bad("timeout", "only 0 is known in this version")),
        }
    }

    fn milliseconds(&mut self, name: &str) -> Result<Option<Duration>, ToxicError> {
        Ok(self.number(name, 86_400_000.0)?.map(|number| Duration::from_nanos((number * 1e6).round() as u64)))
    }

    /// A number from 0 to `most`; absent and `null` are the same.
    fn number(&mut self, name: &str, most: f64) -> Result<Option<f64>, ToxicError> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_f64()
                .filter(|number| (0.0..=most).contains(number))
                .map(Some)
                .ok_or_else(|| bad(name, format!("write a number from 0 to {most}"))),
        }
    }

    fn seed(&mut self) -> Result<Option<Seed>, ToxicError> {
        match self.left.remove("seed") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(|seed| Some(Seed(seed))).ok_or_else(|| bad("seed", "write a whole number")),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| bad("seed", "write up to 16 hexadecimal digits")),
            Some(_) => Err(bad("seed", "write a whole number or hexadecimal digits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> RawToxic {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_fault_reads_back_from_its_wire_form() {
        for fault in [
            Fault::Refuse,
            Fault::Blackhole,
            Fault::Reset,
            Fault::Latency { latency: Duration::from_millis(100), jitter: Duration::from_micros(1500) },
            Fault::Bandwidth { rate: ByteRate::bytes_per_second(64_500).unwrap() },
            Fault::Status { code: 503, retry_after: Some(Duration::from_secs(30)) },
            Fault::Status { code: 429, retry_after: None },
            Fault::Stall { hold: Some(Duration::from_secs(2)) },
            Fault::Stall { hold: None },
            Fault::CredentialRevoked,
        ] {
            let toxic = Toxic { seed: Some(Seed(42)), ..Toxic::of("one", fault) };
            let raw = RawToxic {
                name: Some("one".into()),
                kind: Some(toxic.kind().into()),
                attributes: Some(toxic.attributes()),
                ..RawToxic::default()
            };
            assert_eq!(Toxic::parse(&raw), Ok(toxic));
        }
        assert_eq!(Value::Object(attributes(&Fault::Blackhole)).to_string(), r#"{"timeout":0}"#);
    }

    #[test]
    fn defaults_are_shopifys() {
        let toxic = Toxic::parse(&raw(r#"{"type":"latency","attributes":{"latency":100}}"#)).unwrap();
        assert_eq!((toxic.name.as_str(), toxic.stream, toxic.toxicity), ("latency_downstream", Stream::Downstream, 1.0));
        let slower = toxic.changed(&raw(r#"{"attributes":{"jitter":5}}"#)).unwrap();
        assert_eq!(slower.fault, Fault::Latency { latency: Duration::from_millis(100), jitter: Duration::from_millis(5) });
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (text, word) in [
            (r#"{"type":"gremlin"}"#, "gremlin"),
            (r#"{}"#, "invalid toxic type"),
            (r#"{"type":"latency","stream":"sideways"}"#, "sideways"),
            (r#"{"type":"latency","toxicity":2}"#, "toxicity"),
            (r#"{"type":"latency","toxicity":-0.1}"#, "toxicity"),
            (r#"{"type":"latency","attributes":{"latency":-1}}"#, "latency"),
            (r#"{"type":"latency","attributes":{"latency":1e300}}"#, "latency"),
            (r#"{"type":"latency","attributes":{"latency":"soon"}}"#, "latency"),
            (r#"{"type":"latency","attributes":{"latencyy":1}}"#, "latencyy"),
            (r#"{"type":"latency","stream":"upstream"}"#, "downstream only"),
            (r#"{"type":"bandwidth"}"#, "rate"),
            (r#"{"type":"bandwidth","attributes":{"rate":0}}"#, "rate"),
            (r#"{"type":"http_status","attributes":{"code":200}}"#, "code"),
            (r#"{"type":"timeout","attributes":{"timeout":5}}"#, "timeout"),
            (r#"{"type":"refuse","toxicity":0.5}"#, "toxicity"),
            (r#"{"type":"latency","attributes":{"seed":-4}}"#, "seed"),
        ] {
            let error = Toxic::parse(&raw(text)).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
