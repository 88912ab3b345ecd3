//! Any bytes as the record of a load generator: they are read or refused, and what was read can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::import::{Moment, Pace, Settings, Source, Told, evidence, read};
use lifeboat::verdict::judge;

fuzz_target!(|data: &[u8]| {
    let [which, fault, record @ ..] = data else { return };
    let sources = [Source::K6, Source::Oha, Source::Vegeta, Source::Locust];
    let source = sources[usize::from(*which) % sources.len()];
    let pace = (source == Source::K6 && which & 128 != 0).then_some(Pace::Open);
    let served_by = (source != Source::Oha && which & 64 != 0).then(|| "served".to_owned());
    let settings = Settings { source, pace, template: None, served_by, since: None, until: None };
    let Ok(record) = read(record, &settings) else { return };
    let _ = record.outline();
    let fault = i64::from(*fault) * 100_000_000;
    let told = Told {
        providers: vec!["first".into(), "second".into()],
        fault: Some(Moment::After(fault)),
        uncertainty: fault / 7,
        ..Told::default()
    };
    if let Ok(evidence) = evidence(record, &told) {
        let _ = judge(&evidence);
    }
});
