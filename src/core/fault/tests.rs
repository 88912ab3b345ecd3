//! What must hold of every fault of the list.

use super::{Effect, kinds};
use crate::model::{Attribute, Fault, FaultKind, Setting, SettingKind, Settings};
use crate::units::{Duration, Rate};
use std::collections::BTreeSet;

/// Faults of a kind: with everything said, and with nothing that may be left out.
pub(crate) fn samples(kind: &'static FaultKind) -> Vec<Fault> {
    let full = kind.attributes.iter().map(|attribute| Some(sample(attribute))).collect();
    let unsaid = |attribute: &Attribute| match attribute.required {
        true => Some(sample(attribute)),
        false => attribute.default.map(|default| default()),
    };
    let least = kind.attributes.iter().map(unsaid).collect();
    let all = [full, least].map(|settings| Fault::new(kind, Settings(settings)));
    all.into_iter().filter(|fault| (kind.mistake)(fault.settings()).is_none()).collect()
}

fn sample(attribute: &Attribute) -> Setting {
    match attribute.kind {
        SettingKind::Whole { least, most } => Setting::Whole(least.max(most.min(7))),
        SettingKind::AMinute | SettingKind::Bytes => Setting::Whole(64_500),
        SettingKind::Time | SettingKind::SomeTime(_) | SettingKind::Seconds => Setting::Time(Duration::from_millis(1500)),
        SettingKind::Rate => Setting::Rate(Rate::per_second(2.5).expect("it is above zero")),
        SettingKind::Word(words) => Setting::Word(words[1]),
        SettingKind::Factor { least, most } => Setting::Whole(least.max(most.min(2_500))),
        SettingKind::Money => Setting::Whole(64_500),
        SettingKind::Url => Setting::Text("https://elsewhere.example/v1".to_owned()),
    }
}

#[test]
fn every_declaration_is_whole() {
    let (mut words, mut toxics) = (BTreeSet::new(), BTreeSet::new());
    for kind in kinds() {
        assert!(kind.word.is_some() || kind.toxic.is_some(), "{kind:?} has no name");
        assert!(kind.word.is_none_or(|word| words.insert(word)) && kind.toxic.is_none_or(|toxic| toxics.insert(toxic)), "{kind:?}");
        assert!(
            kind.about.trim().ends_with('.') && kind.attributes.iter().all(|attribute| attribute.about.trim().ends_with('.')),
            "{kind:?}"
        );
        assert!(!samples(kind).is_empty(), "{kind:?} has no fault without a mistake");
        for fault in samples(kind) {
            assert_eq!(Effect::of(&fault).is_some(), kind.toxic.is_some(), "{fault:?}");
            assert!(fault.to_string().starts_with(fault.word()), "{fault}");
        }
    }
}

#[test]
fn every_fault_says_as_what_a_provider_fails() {
    use crate::model::FailureMode::{BrownOut, Credential, ModelWithdrawn, Outage, Price, Quota, RateLimit, SilentCorruption};
    let of = |word: &str, settings: Vec<Option<Setting>>| Fault::new(super::kind_of(word).unwrap(), Settings(settings)).mode();
    let plain: [(&str, _); 16] = [
        ("blackhole", Outage),
        ("refuse", Outage),
        ("reset", Outage),
        ("dns-failure", Outage),
        ("credential-revoked", Credential),
        ("wrong-model", ModelWithdrawn),
        ("empty-answer", SilentCorruption),
        ("corrupt", SilentCorruption),
        ("latency", BrownOut),
        ("slow-stream", BrownOut),
        ("rate-limit", RateLimit),
        ("cut", Outage),
        ("price-rise", Price),
        ("billing-spike", Price),
        ("quota-drained", Quota),
        ("spend-ceiling", Quota),
    ];
    for (word, mode) in plain {
        let kind = super::kind_of(word).unwrap();
        assert!(samples(kind).iter().all(|fault| fault.mode() == Some(mode)), "{word}");
    }
    let status = |code| of("status", vec![Some(Setting::Whole(code)), None, None]);
    assert_eq!([401, 402, 404, 429, 503].map(status), [Credential, Quota, ModelWithdrawn, RateLimit, Outage].map(Some));
    let refused = |word| of("refused", vec![Some(Setting::Word(word)), None, None]);
    assert_eq!(["quota", "overloaded", "expired"].map(refused), [Quota, Outage, Credential].map(Some));
    assert_eq!(refused("content-filter"), None);
    let stall = |hold: Option<u64>| of("stall", vec![hold.map(|hold| Setting::Time(Duration::from_secs(hold)))]);
    assert_eq!([stall(None), stall(Some(2))], [Some(Outage), Some(BrownOut)]);
}
