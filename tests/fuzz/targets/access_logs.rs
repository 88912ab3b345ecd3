//! Any first line as the format of an access log and the rest as the log: the format is refused or used, the log is read or refused, and
//! what was read can be judged. And any requests, written in a gateway's format with any name in the midst: they are read as they were.
#![no_main]

#[path = "../oracle.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use lifeboat::import::{ImportSettings, RecordSource, read};
use oracle::{Asked, comes_back, holds, requests};

/// What a client may call itself, as a gateway writes it between quotes.
fn name(data: &[u8]) -> String {
    String::from_utf8_lossy(data).chars().filter(|letter| !letter.is_control() && *letter != '"').take(40).collect()
}

fn nginx(asked: &Asked, divider: &str, name: &str) -> String {
    let (servers, took) = if asked.rescued {
        (format!("10.0.0.1:443{divider}10.0.0.2:443"), format!("0.001{divider}0.002"))
    } else {
        ("10.0.0.1:443".to_owned(), "0.001".to_owned())
    };
    let (seconds, millis) = (asked.took / 1000, asked.took % 1000);
    format!("{} \"{name}\" [gw] {servers} {took} {seconds}.{millis:03} {} x\n", asked.end(), asked.status())
}

const NGINX: &str =
    "$msec \"$http_user_agent\" [$proxy_upstream_name] $upstream_addr $upstream_response_time $request_time $status $req_id";

fuzz_target!(|data: &[u8]| {
    let [which, fault, text @ ..] = data else { return };
    let sources = [RecordSource::Nginx, RecordSource::Haproxy, RecordSource::Envoy];
    let source = sources[usize::from(*which) % sources.len()];
    let settings = |template: Option<String>| ImportSettings { source, pace: None, template, served_by: None, since: None, until: None };
    if which & 64 != 0 {
        let (name, requests) = (name(&text[..text.len() / 2]), requests(&text[text.len() / 2..]));
        let divider = if fault & 1 == 0 { ", " } else { " : " };
        let (template, lines): (_, Vec<String>) = match source {
            RecordSource::Nginx => (Some(NGINX.to_owned()), requests.iter().map(|asked| nginx(asked, divider, &name)).collect()),
            RecordSource::Haproxy => {
                let line = |asked: &Asked| format!("20/Nov/2026:{} \"{name}\" {} 0/0/{}\n", asked.clock(), asked.status(), asked.took);
                (Some("%t %{+Q}r %ST %Th/%Ti/%Ta".to_owned()), requests.iter().map(line).collect())
            }
            _ => {
                let line = |asked: &Asked| {
                    let more = if fault & 2 == 0 { "" } else { " a b c d e f" };
                    let details = if more.is_empty() { "" } else { " via_upstream - \"-\"" };
                    format!(
                        "[2026-11-20T{}Z] \"POST /v1 HTTP/1.1\" {} -{details} 11 5 {} 40 \"-\" \"{name}\" \"id\" \"gw\" \"10.0.0.2:443\"{more}\n",
                        asked.clock(),
                        asked.status(),
                        asked.took
                    )
                };
                (None, requests.iter().map(line).collect())
            }
        };
        comes_back(&lines.concat(), &settings(template), &requests);
        return;
    }
    let (template, log) = match text.iter().position(|byte| *byte == b'\n') {
        Some(end) if which & 128 != 0 => (Some(String::from_utf8_lossy(&text[..end]).into_owned()), &text[end + 1..]),
        _ => (None, text),
    };
    let settings = settings(template);
    let Ok(record) = read(log, &settings) else { return };
    holds(log, &settings, record, i64::from(*fault) * 100_000_000, 0);
});
