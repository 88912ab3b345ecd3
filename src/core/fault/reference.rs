//! The reference of all faults, from their declarations.

use super::attributes::thousandths;
use super::kinds;
use crate::model::{Attribute, FaultKind, Setting, SettingKind};
use crate::units::{ByteRate, Money};
use std::fmt::Write;

/// Every fault of scenarios with its settings, as Markdown.
pub fn reference() -> String {
    let mut text = String::from("| fault | settings | what it does |\n|---|---|---|\n");
    for kind in kinds() {
        if let Some(word) = kind.word {
            // A String takes every text.
            let _ = writeln!(text, "| `{word}` | {} | {} |", settings(kind), kind.about.trim());
        }
    }
    text
}

fn settings(kind: &FaultKind) -> String {
    let told = |attribute: &Attribute| {
        let about = attribute.about.trim().trim_end_matches('.');
        let needed = match attribute.default {
            _ if attribute.required => ", required".to_owned(),
            Some(default) => format!(", {} by default", usual(attribute, &default())),
            None => String::new(),
        };
        format!("`{}`: {about} ({}{needed})", attribute.name, values(attribute))
    };
    kind.attributes.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// Which values a setting takes.
fn values(attribute: &Attribute) -> String {
    match attribute.kind {
        SettingKind::Whole { least, most } => format!("{least} to {most}"),
        SettingKind::AMinute => "a rate such as `60/min`".to_owned(),
        SettingKind::Time | SettingKind::SomeTime(_) | SettingKind::Seconds => "a time such as `30s`".to_owned(),
        SettingKind::Rate => "a rate such as `5/s`".to_owned(),
        SettingKind::Bytes => "a rate such as `64KB/s`".to_owned(),
        SettingKind::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        SettingKind::Url => "a URL".to_owned(),
        SettingKind::Factor { .. } => "a factor such as `1.5`".to_owned(),
        SettingKind::Money => "an amount such as `0.10 USD`".to_owned(),
    }
}

/// A default as a scenario would say it.
fn usual(attribute: &Attribute, setting: &Setting) -> String {
    let typed = match setting {
        Setting::Whole(bytes) if attribute.kind == SettingKind::Bytes => {
            ByteRate::bytes_per_second(*bytes).map_or_else(|| "0".to_owned(), |rate| rate.to_string().replace(' ', ""))
        }
        Setting::Whole(nanos) if attribute.kind == SettingKind::Money => Money::from_nanos(*nanos).to_string(),
        Setting::Whole(factor) if matches!(attribute.kind, SettingKind::Factor { .. }) => thousandths(*factor).to_string(),
        Setting::Whole(number) => number.to_string(),
        Setting::Time(time) => time.typed(),
        Setting::Rate(rate) => rate.to_string(),
        Setting::Word(word) => (*word).to_owned(),
        Setting::Text(text) => text.clone(),
    };
    format!("`{typed}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_every_fault_its_settings_and_their_bounds() {
        let text = reference();
        for word in crate::fault::words() {
            assert_eq!(text.matches(&format!("\n| `{word}` |")).count(), 1, "{word}");
        }
        assert!(text.contains("`code`: The status (400 to 599, required)"), "{text}");
        assert!(text.contains("`jitter`: Largest deviation") && text.contains("(a time such as `30s`, `0s` by default)"), "{text}");
    }
}
