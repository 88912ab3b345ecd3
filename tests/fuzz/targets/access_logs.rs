//! Any first line as the format of an access log and the rest as the log: the format is refused or used, the log is read or refused, and
//! what was read can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lifeboat::import::{Moment, Settings, Source, Told, evidence, read};
use lifeboat::verdict::judge;

fuzz_target!(|data: &[u8]| {
    let [which, fault, text @ ..] = data else { return };
    let sources = [Source::Nginx, Source::Haproxy, Source::Envoy];
    let source = sources[usize::from(*which) % sources.len()];
    let (template, log) = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) if which & 128 != 0 => (Some(String::from_utf8_lossy(&text[..end]).into_owned()), &text[end + 1..]),
        _ => (None, text),
    };
    let settings = Settings { source, pace: None, template, served_by: None, since: None, until: None };
    let Ok(record) = read(log, &settings) else { return };
    let _ = record.outline();
    let fault = i64::from(*fault) * 100_000_000;
    let told = Told { providers: vec!["first".into(), "second".into()], fault: Some(Moment::After(fault)), ..Told::default() };
    if let Ok(evidence) = evidence(record, &told) {
        let _ = judge(&evidence);
    }
});
