//! The first line of a history, in any format.
//!
//! The first key of its event is `format`, by which the rest is read. What older formats wrote is turned into what this build writes, so that only
//! the newest has to know the model.

use super::format_1::StartedRecord1;
use super::record::Recorded;
use super::started::{ExecutionStartedRecord, StartedRecord};
use super::version::{FORMAT, FormatVersion, WrittenBy};
use crate::history::{ExecutionStarted, Started};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The form on disk of a first event, as the newest format has it.
pub(super) trait FirstRecord: Recorded<Self::Facts> + Serialize + DeserializeOwned {
    /// The event.
    type Facts;
    /// Its form in format 1.
    type Format1: Into<Self> + DeserializeOwned;
    /// Where it says which format its history has.
    fn format(&mut self) -> &mut FormatVersion;
}

impl FirstRecord for StartedRecord {
    type Facts = Started;
    type Format1 = StartedRecord1;

    fn format(&mut self) -> &mut FormatVersion {
        &mut self.format
    }
}

/// An execution begins in format 1 as it does now, but that nobody is named.
impl FirstRecord for ExecutionStartedRecord {
    type Facts = ExecutionStarted;
    type Format1 = Self;

    fn format(&mut self) -> &mut FormatVersion {
        &mut self.format
    }
}

/// Writes a first event in the newest format, and reads it in any.
pub(super) struct FirstLine<R>(PhantomData<R>);

impl<R: schemars::JsonSchema> schemars::JsonSchema for FirstLine<R> {
    fn schema_name() -> Cow<'static, str> {
        R::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = R::json_schema(generator);
        // The record itself does not read it: it decides by which record the rest is read.
        let format = generator.subschema_for::<FormatVersion>().to_value();
        let whole = schema.ensure_object();
        if let Some(properties) = whole.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
            properties.insert("format".to_owned(), format);
        }
        if let Some(required) = whole.get_mut("required").and_then(serde_json::Value::as_array_mut) {
            required.insert(0, "format".into());
        }
        schema
    }
}

impl<R: FirstRecord> FirstLine<R> {
    pub(super) fn serialize<S: Serializer>(facts: &R::Facts, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = R::record(facts);
        *record.format() = FORMAT;
        record.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<R::Facts, D::Error> {
        deserializer.deserialize_map(FirstVisitor::<R>(PhantomData))
    }
}

struct FirstVisitor<R>(PhantomData<R>);

impl<'de, R: FirstRecord> Visitor<'de> for FirstVisitor<R> {
    type Value = R::Facts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what a history begins with: an object whose first key is `format`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R::Facts, A::Error> {
        if map.next_key::<&str>()? != Some("format") {
            return Err(A::Error::custom("the first key of a first event is `format`"));
        }
        let version: FormatVersion = map.next_value()?;
        let rest = MapAccessDeserializer::new(map);
        let mut record = match version.major {
            1 => R::Format1::deserialize(rest)?.into(),
            major if major == FORMAT.major => R::deserialize(rest)?,
            _ => return Err(A::Error::custom(format_args!("this build reads {}, and not {version}", FormatVersion::readable()))),
        };
        *record.format() = version;
        Ok(record.restore())
    }
}

/// Who wrote a history, by its first line; `None` where that says nothing of it.
pub(crate) fn writer_of(first: &[u8]) -> Option<WrittenBy> {
    #[derive(Deserialize)]
    struct FirstHead {
        format: FormatVersion,
        lifeboat: String,
    }
    #[derive(Deserialize)]
    struct LineHead {
        #[serde(alias = "execution_started")]
        started: FirstHead,
    }
    let LineHead { started: FirstHead { format, lifeboat } } = serde_json::from_slice(first).ok()?;
    Some(WrittenBy { lifeboat, format })
}
