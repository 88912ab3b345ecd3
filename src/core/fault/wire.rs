//! The settings of a fault as attributes of the control API: read and written as its declaration says.

use super::attributes::{AttributeReader, Attributes, bad, milliseconds, thousandths};
use super::{Effect, ToxicError, effect};
use crate::model::{Attribute, FaultKind, Setting, SettingKind, Settings};
use crate::units::{Duration, Rate};
use serde_json::{Value, json};

/// The most events a second.
const RATE_MOST: f64 = 1e6;
/// The most KB a second.
const BYTES_MOST: f64 = 1e9;
/// The most a minute.
const A_MINUTE_MOST: u64 = 1_000_000_000;
/// The most dollars.
const MONEY_MOST: f64 = 1e9;
/// Events a second, in thousandths.
const THOUSANDTHS_MOST: u64 = 1_000_000_000;

impl Effect {
    /// Reads the attributes of the type `toxic`.
    pub(super) fn read(toxic: &str, fields: &mut AttributeReader) -> Result<Self, ToxicError> {
        let unknown = || ToxicError::Type { kind: toxic.to_owned() };
        let kind = effect::kinds().find(|kind| kind.toxic == Some(toxic)).ok_or_else(unknown)?;
        let settings = kind.attributes.iter().map(|attribute| read(attribute, fields)).collect::<Result<Vec<_>, _>>()?;
        let read = Self::with(kind, &Settings(settings)).ok_or_else(unknown)?;
        read.refused().map_or(Ok(read), Err)
    }

    /// The attributes as they are written in JSON.
    pub fn attributes(&self) -> Attributes {
        let kind: &FaultKind = self.of_kind();
        let settings = self.settings();
        let written = |(attribute, setting): (&Attribute, &Option<Setting>)| {
            Some((attribute.on_wire.to_owned(), written(attribute, setting.as_ref()?)))
        };
        kind.attributes.iter().zip(&settings.0).filter_map(written).collect()
    }
}

/// One setting; its default where it is not there.
fn read(attribute: &Attribute, fields: &mut AttributeReader) -> Result<Option<Setting>, ToxicError> {
    let name = attribute.on_wire;
    let given = match attribute.kind {
        SettingKind::Whole { least, most } => within(attribute, fields.whole(name, most)?, least)?,
        SettingKind::AMinute => within(attribute, fields.whole(name, A_MINUTE_MOST)?, 1)?,
        SettingKind::Time => fields.milliseconds(name)?.map(Setting::Time),
        SettingKind::SomeTime(least) => match fields.milliseconds(name)? {
            Some(time) if time < least => return Err(wrong(attribute)),
            time => time.map(Setting::Time),
        },
        SettingKind::Seconds => fields.number(name, 1e9)?.map(|after| Setting::Time(Duration::from_nanos((after * 1e9).round() as u64))),
        SettingKind::Rate => match fields.number(name, RATE_MOST)?.map(|rate| (rate * 1e3).round() / 1e3) {
            None => None,
            Some(rate) => Some(Setting::Rate(Rate::per_second(rate).ok_or_else(|| wrong(attribute))?)),
        },
        SettingKind::Bytes => fields.number(name, BYTES_MOST)?.map(|rate| Setting::Whole((rate * 1e3).round() as u64)),
        SettingKind::Word(words) => match fields.word(name)? {
            None => None,
            Some(word) => Some(Setting::Word(words.iter().find(|known| **known == word).ok_or_else(|| wrong(attribute))?)),
        },
        SettingKind::Url => fields.word(name)?.map(Setting::Text),
        SettingKind::Factor { least, most } => {
            let factor = fields.number(name, most as f64 / 1e3)?.map(|factor| (factor * 1e3).round() as u64);
            within(attribute, factor, least)?
        }
        SettingKind::Money => match fields.number(name, MONEY_MOST)?.map(|dollars| (dollars * 1e9).round() as u64) {
            Some(0) => return Err(wrong(attribute)),
            nanos => nanos.map(Setting::Whole),
        },
    };
    match given.or_else(|| attribute.default.map(|default| default())) {
        None if attribute.required => Err(wrong(attribute)),
        setting => Ok(setting),
    }
}

fn within(attribute: &Attribute, number: Option<u64>, least: u64) -> Result<Option<Setting>, ToxicError> {
    match number {
        Some(number) if number < least => Err(wrong(attribute)),
        number => Ok(number.map(Setting::Whole)),
    }
}

/// What is said of a value that is missing or cannot be.
fn wrong(attribute: &Attribute) -> ToxicError {
    let usual = || match attribute.kind {
        SettingKind::Word(words) => format!("write one of {}", words.join(", ")),
        SettingKind::Url => "write a URL, scheme and host".to_owned(),
        _ => "write a number".to_owned(),
    };
    bad(attribute.on_wire, if attribute.hint.is_empty() { usual() } else { attribute.hint.to_owned() })
}

fn written(attribute: &Attribute, setting: &Setting) -> Value {
    match setting {
        Setting::Whole(bytes) if attribute.kind == SettingKind::Bytes => json!(thousandths(*bytes)),
        Setting::Whole(nanos) if attribute.kind == SettingKind::Money => json!(*nanos as f64 / 1e9),
        Setting::Whole(factor) if matches!(attribute.kind, SettingKind::Factor { .. }) => json!(thousandths(*factor)),
        Setting::Whole(number) => json!(number),
        Setting::Time(time) if attribute.kind == SettingKind::Seconds => json!(time.as_secs_f64()),
        Setting::Time(time) => json!(milliseconds(*time)),
        Setting::Rate(rate) => json!(thousandths(in_thousandths(*rate))),
        Setting::Word(word) => json!(word),
        Setting::Text(text) => json!(text),
    }
}

/// Events in 1000 s: at least one, at most a billion.
pub(super) fn in_thousandths(rate: Rate) -> u64 {
    ((rate.as_per_second() * 1e3).round() as u64).clamp(1, THOUSANDTHS_MOST)
}
