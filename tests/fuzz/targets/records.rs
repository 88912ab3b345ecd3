//! Any bytes as the record of a load generator: they are read or refused, and what was read can be judged. And any requests, written as a
//! generator writes them with any exception: they are read as they were.
#![no_main]

#[path = "../oracle.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use lifeboat::import::{ImportSettings, LoadModel, RecordSource, read};
use oracle::{Asked, ZERO, comes_back, holds, requests};

/// A cell as RFC 4180 has it.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// An exception that says something.
fn exception(data: &[u8]) -> String {
    format!("x{}", String::from_utf8_lossy(data).chars().take(80).collect::<String>())
}

fn locust(asked: &Asked, divider: char, exception: &str) -> String {
    let (sent, error) = (ZERO + asked.sent, if asked.good { String::new() } else { cell(exception) });
    format!("{}.{:03}{divider}POST{divider}{}{divider}{error}\n", sent / 1000, sent % 1000, asked.took)
}

fn vegeta(asked: &Asked, exception: &str) -> String {
    let (sent, error) = ((ZERO + asked.sent) * 1_000_000, if asked.good { String::new() } else { cell(exception) });
    format!("{sent},{},{},0,2,{error},b2s=,,0,GET,http://x/,\n", asked.status(), asked.took * 1_000_000)
}

fuzz_target!(|data: &[u8]| {
    let [which, fault, text @ ..] = data else { return };
    let sources = [RecordSource::K6, RecordSource::Oha, RecordSource::Vegeta, RecordSource::Locust];
    let source = sources[usize::from(*which) % sources.len()];
    let pace = (source == RecordSource::K6 && which & 128 != 0).then_some(LoadModel::Open);
    let settings = ImportSettings { source, pace, template: None, served_by: None, since: None, until: None };
    if which & 32 != 0 && matches!(source, RecordSource::Vegeta | RecordSource::Locust) {
        // What holds a row of the same hour is that row, as far as anybody can tell.
        if text[..text.len() / 2].windows(5).any(|part| part == b"17951") {
            return;
        }
        let (exception, requests) = (exception(&text[..text.len() / 2]), requests(&text[text.len() / 2..]));
        let divider = [',', ';', '\t'][usize::from(*fault) % 3];
        let lines: String = match source {
            RecordSource::Vegeta => requests.iter().map(|asked| vegeta(asked, &exception)).collect(),
            _ => {
                let head = ["start_time", "request_type", "response_time", "exception"].join(&divider.to_string());
                std::iter::once(head + "\n").chain(requests.iter().map(|asked| locust(asked, divider, &exception))).collect()
            }
        };
        comes_back(&lines, &settings, &requests);
        return;
    }
    let served_by = (source != RecordSource::Oha && which & 64 != 0).then(|| "served".to_owned());
    let settings = ImportSettings { served_by, ..settings };
    let Ok(record) = read(text, &settings) else { return };
    let fault = i64::from(*fault) * 100_000_000;
    holds(text, &settings, record, fault, fault / 7);
});
