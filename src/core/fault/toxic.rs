//! A toxic as the control API knows it: name, stream, toxicity, and what it does.

use super::attributes::{AttributeReader, Attributes, bad};
use super::toxic_error::ToxicError;
use super::{Effect, Matched, bites, check_name, matching, reach, shape, toxics};
use crate::model::{ActsOn, Taken};
use crate::model::{Aim, FaultShape, words};
use crate::units::closest;
use crate::units::{Ratio, Seed};
use serde::{Deserialize, Serialize};
use serde_json::json;

words! {
    /// The direction that a toxic is registered for.
    Stream {
        /// From the provider to the gateway.
        Downstream = "downstream",
        /// From the gateway to the provider.
        Upstream = "upstream",
    }
}

impl ToxicError {
    /// What to write instead, where the error does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Type { kind } => {
                let meant = closest(kind, toxics()).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
                Some(format!("{meant}`{}` is not one of {}", kind.escape_debug(), toxics().collect::<Vec<_>>().join(", ")))
            }
            Self::Stream { stream } => Some(format!("`{stream}` is neither")),
            Self::Name { .. } | Self::Unknown { .. } | Self::Attribute { .. } => None,
        }
    }
}

/// A toxic as it stands in a request, before it is checked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RawToxic {
    /// Its name; `<type>_<stream>` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its direction; downstream where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The share of connections or requests that it takes; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toxicity: Option<f64>,
    /// Its attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// The lease in milliseconds; without one it holds until it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
}

/// A valid toxic.
#[derive(Debug, Clone, PartialEq)]
pub struct Toxic {
    /// Unique within its proxy.
    pub name: String,
    /// As registered. Toxics on whole connections and on requests take no notice of it.
    pub stream: Stream,
    /// The share of connections or requests that it takes, from 0 to 1.
    pub toxicity: f64,
    /// The seed of its randomness, where one was given.
    pub seed: Option<Seed>,
    /// Which requests it takes, and what share of them apart from its toxicity.
    pub aim: Aim,
    /// What it does.
    pub effect: Effect,
}

impl Toxic {
    /// A toxic that takes everything.
    pub fn of(name: impl Into<String>, effect: Effect) -> Self {
        Self { name: name.into(), stream: Stream::Downstream, toxicity: 1.0, seed: None, aim: Aim::default(), effect }
    }

    /// Checks a toxic from a request.
    ///
    /// # Errors
    /// Where its type, stream, toxicity or an attribute is unknown, missing or absurd.
    pub fn parse(raw: &RawToxic) -> Result<Self, ToxicError> {
        let kind = raw.kind.as_deref().unwrap_or_default();
        let stream = raw.stream.as_deref().filter(|stream| !stream.is_empty()).unwrap_or("downstream");
        // Shopify's server reads it in any case.
        let stream = Stream::from_word(&stream.to_lowercase()).ok_or_else(|| ToxicError::Stream { stream: stream.to_owned() })?;
        let toxicity = raw.toxicity.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&toxicity) {
            return Err(bad("toxicity", "write a number from 0 to 1"));
        }
        let mut fields = AttributeReader::of(raw.attributes.clone().unwrap_or_default());
        let seed = fields.seed()?;
        let effect = Effect::read(kind, &mut fields)?;
        let aim = if effect.needs_http() { read_aim(&mut fields)? } else { Aim::default() };
        if !effect.needs_http() && fields.map("only")?.is_some() {
            let problem =
                format!("`{kind}` acts on whole connections, which all requests share; only one on requests or answers can be limited");
            return Err(bad("only", problem));
        }
        fields.end(kind)?;
        if effect.acts_on() == ActsOn::Connections(Taken::Refused) && toxicity > 0.0 && toxicity < 1.0 {
            return Err(bad("toxicity", "`refuse` closes the listener for everybody; write 1 or leave it out"));
        }
        let name = raw.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{kind}_{stream}"));
        check_name(&name).map_err(|problem| ToxicError::Name { problem })?;
        Ok(Self { name, stream, toxicity, seed, aim, effect })
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
    pub fn kind(&self) -> &'static str {
        self.effect.kind()
    }

    /// The attributes as they are written in JSON.
    pub fn attributes(&self) -> Attributes {
        let mut attributes = self.effect.attributes();
        if let Some(seed) = self.seed {
            attributes.insert("seed".into(), json!(seed.to_string()));
        }
        if let Some(probability) = self.aim.probability {
            attributes.insert("probability".into(), json!(probability.get()));
        }
        if let Some(only) = &self.aim.only {
            attributes.insert("only".into(), reach::attributes(only).into());
        }
        if !self.aim.matching.is_anything() {
            attributes.insert("match".into(), matching::attributes(&self.aim.matching).into());
        }
        if self.aim.shape != FaultShape::Step {
            attributes.insert("shape".into(), shape::attributes(self.aim.shape).into());
        }
        attributes
    }

    /// True where it takes this request, of this number, which came so many nanoseconds after the toxic was put in force.
    pub fn takes(&self, number: u64, since: u64, request: &dyn Matched) -> bool {
        let probability = self.aim.probability.map_or(1.0, Ratio::get) * shape::share(self.aim.shape, since);
        bites(self.toxicity * probability, self.seed(), number)
            && self.may_touch(request)
            && matching::takes(&self.effect, &self.aim.matching, request)
    }

    /// True where nothing keeps it from touching this request: it is one of those that it is limited to, or it is limited to none.
    pub fn may_touch(&self, request: &dyn Matched) -> bool {
        self.aim.only.as_ref().is_none_or(|only| reach::holds(only, self.seed(), request))
    }

    /// True where what it does with this request depends on its body, which is only known once it has come.
    pub fn asks_for_body(&self, request: &dyn Matched) -> bool {
        let is_of_requests = self.effect.needs_http();
        is_of_requests
            && self.may_touch(request)
            && (self.effect.reads_body() || self.aim.matching.asks_for_body())
            && matching::takes_head(&self.effect, &self.aim.matching, request)
    }

    /// The seed of what it draws: the given one, else one drawn from its name.
    pub fn seed(&self) -> Seed {
        self.seed.unwrap_or_else(|| Seed(0).derive(&self.name))
    }
}

fn read_aim(fields: &mut AttributeReader) -> Result<Aim, ToxicError> {
    Ok(Aim {
        probability: fields.number("probability", 1.0)?.and_then(Ratio::new),
        only: fields.map("only")?.map(reach::read).transpose()?,
        matching: fields.map("match")?.map(matching::read).transpose()?.unwrap_or_default(),
        shape: fields.map("shape")?.map(shape::read).transpose()?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::matching::tests::Example;
    use crate::fault::tests::samples;
    use crate::fault::{Latency, kinds};
    use crate::model::Match;
    use crate::units::Duration;

    fn raw(text: &str) -> RawToxic {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_effect_reads_back_from_its_wire_form() {
        let played = kinds().filter(|kind| kind.toxic.is_some()).flat_map(samples);
        let effects: Vec<Effect> = played.map(|fault| Effect::of(&fault).unwrap()).collect();
        let shapes = [
            json!({"form": "ramp", "over_ms": 1500}),
            json!({"form": "grey"}),
            json!({"form": "flap", "on_ms": 1, "off_ms": 2.5}),
            json!({"form": "pulse", "for_ms": 3}),
        ];
        let map = |value: &serde_json::Value| serde_json::from_value::<Attributes>(value.clone()).unwrap();
        for (effect, shape) in effects.into_iter().zip(shapes.iter().cycle()) {
            let mut toxic = Toxic { seed: Some(Seed(42)), ..Toxic::of("one", effect) };
            if toxic.effect.needs_http() {
                let matching = json!({"model": "gpt-*", "stream": true, "header": "x-team: blue", "method": "POST", "path": "/v1/*"});
                let (matching, shape) = (matching::read(map(&matching)).unwrap(), shape::read(map(shape)).unwrap());
                let only = reach::read(map(&json!({"sessions": 0.5, "by": "x-session", "seed": "000000000000002a"}))).ok();
                toxic.aim = Aim { probability: Ratio::new(0.25), only, matching, shape };
            }
            let raw = RawToxic {
                name: Some("one".into()),
                kind: Some(toxic.kind().into()),
                attributes: Some(toxic.attributes()),
                ..RawToxic::default()
            };
            assert_eq!(Toxic::parse(&raw), Ok(toxic));
        }
    }

    #[test]
    fn the_share_follows_the_shape_and_takes_the_same_requests_again() {
        let mut toxic = Toxic { seed: Some(Seed(7)), ..Toxic::of("one", Effect::Corrupt(crate::fault::Corrupt)) };
        toxic.aim.probability = Ratio::new(0.5);
        toxic.aim.shape = FaultShape::Ramp { over: Duration::from_nanos(100) };
        let taken = |since| (0..2000).filter(|number| toxic.takes(*number, since, &Example::default())).collect::<Vec<_>>();
        let [none, quarter, half] = [0, 50, 1000].map(taken);
        // Five standard deviations of binomials with n = 2000.
        assert!(
            none.is_empty() && quarter.len().abs_diff(500) < 100 && half.len().abs_diff(1000) < 115,
            "{} {}",
            quarter.len(),
            half.len()
        );
        assert!(quarter.iter().all(|number| half.contains(number)), "as it grows it takes more, never others");
        let nobody = Toxic { aim: Aim { matching: Match { stream: Some(true), ..Match::default() }, ..Aim::default() }, ..toxic.clone() };
        assert!(!nobody.takes(0, 1000, &Example::default()) && nobody.takes(0, 0, &Example { streamed: true, ..Example::default() }));
    }

    #[test]
    fn defaults_are_shopifys() {
        let toxic = Toxic::parse(&raw(r#"{"type":"latency","attributes":{"latency":100}}"#)).unwrap();
        assert_eq!((toxic.name.as_str(), toxic.stream, toxic.toxicity), ("latency_downstream", Stream::Downstream, 1.0));
        let slower = toxic.changed(&raw(r#"{"attributes":{"jitter":5}}"#)).unwrap();
        let late = Latency { latency: Duration::from_millis(100), jitter: Duration::from_millis(5) };
        assert_eq!(slower.effect, Effect::Latency(late));
        let up = Toxic::parse(&raw(r#"{"type":"timeout","stream":"Upstream","toxicity":null}"#)).unwrap();
        assert_eq!((up.name.as_str(), up.stream, up.attributes()["timeout"].as_u64()), ("timeout_upstream", Stream::Upstream, Some(0)));
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
            (r#"{"type":"bandwidth","attributes":{"rate":-1}}"#, "rate"),
            (r#"{"type":"limit_data","attributes":{"bytes":1.5}}"#, "whole"),
            (r#"{"type":"slicer","attributes":{"average_size":5,"size_variation":6}}"#, "size_variation"),
            (r#"{"type":"slow_close","attributes":{"delay":-5}}"#, "delay"),
            (r#"{"type":"reset_peer","attributes":{"timeout":true}}"#, "timeout"),
            (r#"{"type":"http_status","attributes":{"code":200}}"#, "code"),
            (r#"{"type":"http_error","attributes":{"error":"bored"}}"#, "content-filter"),
            (r#"{"type":"cut","attributes":{"probability":1.5}}"#, "probability"),
            (r#"{"type":"cut","attributes":{"match":{"modle":"m"}}}"#, "modle"),
            (r#"{"type":"cut","attributes":{"match":{"key":"sk-secret"}}}"#, "fingerprint"),
            (r#"{"type":"latency","attributes":{"match":{}}}"#, "match"),
            (r#"{"type":"latency","attributes":{"only":{"header":"x-drill: *"}}}"#, "whole connections"),
            (r#"{"type":"tls","attributes":{"problem":"expired","only":{"header":"x-drill: *"}}}"#, "whole connections"),
            (r#"{"type":"cut","attributes":{"after":-1}}"#, "after"),
            (r#"{"type":"slow_stream","attributes":{"rate":0}}"#, "rate"),
            (r#"{"type":"keep_alive","attributes":{"every_ms":0}}"#, "every_ms"),
            (r#"{"type":"tls"}"#, "wrong-name"),
            (r#"{"type":"cut","attributes":{"match":{"header":"Authorization: Bearer sk"}}}"#, "fingerprint"),
            (r#"{"type":"cut","attributes":{"shape":{"form":"spiral"}}}"#, "ramp"),
            (r#"{"type":"cut","attributes":{"shape":{"form":"ramp"}}}"#, "over_ms"),
            (r#"{"type":"cut","attributes":{"shape":{"form":"flap","on_ms":1,"off_ms":0}}}"#, "off_ms"),
            (r#"{"type":"cut","attributes":{"shape":{"form":"grey","over_ms":1}}}"#, "over_ms"),
            (r#"{"type":"latency","attributes":{"shape":{"form":"grey"}}}"#, "shape"),
            (r#"{"type":"http_status","attributes":{"code":503,"retry_form":"soon"}}"#, "date"),
            (r#"{"type":"rate_limit"}"#, "requests"),
            (r#"{"type":"rate_limit","attributes":{"requests":0}}"#, "requests"),
            (r#"{"type":"rate_limit","attributes":{"tokens":1.5}}"#, "tokens"),
            (r#"{"type":"refuse","toxicity":0.5}"#, "toxicity"),
            (r#"{"type":"latency","attributes":{"seed":-4}}"#, "seed"),
        ] {
            let error = Toxic::parse(&raw(text)).unwrap_err();
            let told = format!("{error} {}", error.hint().unwrap_or_default());
            assert!(told.contains(word), "{text}: {told}");
        }
    }
}
