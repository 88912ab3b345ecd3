//! The form that a planned fault has in a history: the word alone where its kind has no settings, else a map with the word as its one key.
//! Settings have the text forms that users type. What a history says besides is left unread; what it does not say has its default.

use super::attributes::thousandths;
use super::schema::recorded_schema;
use super::{kind_of, words};
use crate::model::{Attribute, Fault, Setting, SettingKind, Settings};
use crate::units::{ByteRate, Money};
use serde::de::Error as _;
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

impl schemars::JsonSchema for Fault {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fault".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        recorded_schema()
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.kind().attributes.is_empty() {
            return serializer.serialize_str(self.word());
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.word(), &RecordedSettings(self))?;
        map.end()
    }
}

/// The settings of a fault as a history has them.
struct RecordedSettings<'f>(&'f Fault);

impl Serialize for RecordedSettings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (attribute, setting) in self.0.kind().attributes.iter().zip(&self.0.settings().0) {
            match setting {
                None if attribute.left_out => {}
                None => map.serialize_entry(attribute.recorded, &Value::Null)?,
                Some(setting) => {
                    let value = recorded(attribute, setting).map_err(S::Error::custom)?;
                    map.serialize_entry(attribute.recorded, &value)?;
                }
            }
        }
        map.end()
    }
}

fn recorded(attribute: &Attribute, setting: &Setting) -> serde_json::Result<Value> {
    match setting {
        Setting::Whole(bytes) if attribute.kind == SettingKind::Bytes => serde_json::to_value(ByteRate::bytes_per_second(*bytes)),
        Setting::Whole(nanos) if attribute.kind == SettingKind::Money => serde_json::to_value(Money::from_nanos(*nanos)),
        Setting::Whole(factor) if matches!(attribute.kind, SettingKind::Factor { .. }) => Ok(json!(thousandths(*factor))),
        Setting::Whole(number) => Ok(json!(number)),
        Setting::Time(time) => serde_json::to_value(time),
        Setting::Rate(rate) => serde_json::to_value(rate),
        Setting::Word(word) => Ok(json!(word)),
        Setting::Text(text) => Ok(json!(text)),
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (word, settings) = match Value::deserialize(deserializer)? {
            Value::String(word) => (word, Map::new()),
            Value::Object(map) if map.len() == 1 => match map.into_iter().next() {
                Some((word, Value::Object(settings))) => (word, settings),
                _ => return Err(D::Error::custom("a fault's settings are a map")),
            },
            _ => return Err(D::Error::custom("a fault is a word, or a map with one")),
        };
        let unknown = || D::Error::custom(format!("unknown fault `{word}`, expected one of {}", words().collect::<Vec<_>>().join(", ")));
        let kind = kind_of(&word).ok_or_else(unknown)?;
        let settings = kind.attributes.iter().map(|attribute| restored(attribute, &settings).map_err(D::Error::custom));
        Ok(Self::new(kind, Settings(settings.collect::<Result<_, _>>()?)))
    }
}

/// What a history says of a setting.
fn restored(attribute: &Attribute, settings: &Map<String, Value>) -> Result<Option<Setting>, String> {
    let name = attribute.recorded;
    let Some(value) = settings.get(name).filter(|value| !value.is_null()) else {
        return match attribute.default {
            Some(default) if !attribute.required => Ok(Some(default())),
            _ if attribute.required => Err(format!("missing field `{name}`")),
            _ => Ok(None),
        };
    };
    let value = value.clone();
    let read = match attribute.kind {
        SettingKind::Whole { .. } | SettingKind::AMinute => serde_json::from_value(value).map(Setting::Whole),
        SettingKind::Time | SettingKind::SomeTime(_) | SettingKind::Seconds => serde_json::from_value(value).map(Setting::Time),
        SettingKind::Rate => serde_json::from_value(value).map(Setting::Rate),
        SettingKind::Bytes => serde_json::from_value::<ByteRate>(value).map(|rate| Setting::Whole(rate.as_bytes_per_second())),
        SettingKind::Word(words) => {
            let known = words.iter().find(|word| value == **word);
            return known.map(|word| Some(Setting::Word(word))).ok_or_else(|| format!("unknown word {value} for `{name}`"));
        }
        SettingKind::Url => serde_json::from_value(value).map(Setting::Text),
        SettingKind::Factor { .. } => {
            serde_json::from_value::<f64>(value).map(|factor| Setting::Whole((factor.max(0.0) * 1e3).round() as u64))
        }
        SettingKind::Money => serde_json::from_value::<Money>(value).map(|money| Setting::Whole(money.as_nanos())),
    };
    read.map(Some).map_err(|error| format!("`{name}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::samples;

    #[test]
    fn every_fault_reads_back_from_a_history() {
        for fault in crate::fault::kinds().filter(|kind| kind.word.is_some()).flat_map(samples) {
            let line = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&line).unwrap(), fault, "{line}");
        }
    }

    /// Lines of histories that were written before faults were declared in files of their own.
    #[test]
    fn the_forms_of_format_1_stay() {
        for line in [
            r#""blackhole""#,
            r#"{"latency":{"latency":"2s","jitter":"500ms"}}"#,
            r#"{"bandwidth":{"rate":"64KB/s"}}"#,
            r#"{"status":{"code":503,"retry_after":null}}"#,
            r#"{"status":{"code":429,"retry_after":"30s","retry_form":"date"}}"#,
            r#"{"stall":{"hold":null}}"#,
            r#"{"stall-midstream":{"after":2,"hold":"30s"}}"#,
            r#"{"slow-stream":{"rate":"2.5/s"}}"#,
            r#"{"keep-alive":{"after":1,"every":"1s"}}"#,
            r#"{"error-event":{"after":3}}"#,
            r#"{"error-event":{"after":3,"error":"quota"}}"#,
            r#"{"refused":{"error":"quota","retry_after":null}}"#,
            r#"{"rate-limit":{"requests":60,"tokens":null}}"#,
            r#"{"tls":{"problem":"expired"}}"#,
            r#"{"revoke":{"propagation":"2s"}}"#,
            r#""dns-failure""#,
        ] {
            let fault: Fault = serde_json::from_str(line).unwrap();
            let again: Value = serde_json::to_value(&fault).unwrap();
            assert_eq!(again, serde_json::from_str::<Value>(line).unwrap(), "{line}");
        }
        // Left unsaid, or said besides.
        assert!(serde_json::from_str::<Fault>(r#"{"stall":{}}"#).is_ok());
        assert!(serde_json::from_str::<Fault>(r#"{"cut":{"after":1,"beyond":2}}"#).is_ok());
        for wrong in [r#"{"status":{}}"#, r#""melted""#, r#"{"tls":{"problem":"odd"}}"#, "3"] {
            assert!(serde_json::from_str::<Fault>(wrong).is_err(), "{wrong}");
        }
    }
}
