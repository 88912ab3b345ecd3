//! A web page in the browser of whoever runs Lifeboat: by a name that leads to loopback now (rebinding), and straight across origins. It
//! reads, posts in every disguise that browsers allow, submits forms, embeds and listens. It is in Debian's Firefox and Chromium, because
//! they differ: one lets a page say that it is another program.

use super::bounds::patient;
use super::capture::Capture;
use super::rebound::{Browser, Rebound};
use crate::support::{Project, Standing, echo_http};
use serde_json::{Value, json};
use std::net::TcpListener;

fn port(address: &str) -> u16 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// A page in this browser, before the control API of `lifeboat proxy`.
fn aims_at_the_control_api(browser: Browser) {
    let (standing, capture) = (Standing::start(&[]), Capture::start());
    standing.proxy("first", &echo_http());
    standing.proxy("second", &echo_http());
    assert_eq!(standing.call("POST", "/proxies/first/toxics", r#"{"name": "ours", "type": "latency"}"#).0, 200);
    let before = standing.call("GET", "/proxies", "").1;
    let told = Rebound::to(port(&standing.api)).visited_by(browser, "control", &capture.address);
    assert!(told.sent >= 60, "it sent {} bodies only", told.sent);
    assert_eq!(told.read, Vec::<String>::new(), "what the page could read");
    let (after, of_the_page) = (standing.call("GET", "/proxies", "").1, |name: &str| name.starts_with("page-"));
    let made: Vec<&String> = after.as_object().unwrap().keys().filter(|name| of_the_page(name)).collect();
    assert_eq!(made, Vec::<&String>::new(), "proxies that the page created");
    assert_eq!(without_moments(after), without_moments(before), "what the page changed");
    capture.got_nothing();
}

/// Leases run out and counters count, whoever looks.
fn without_moments(mut proxies: Value) -> Value {
    for proxy in proxies.as_object_mut().unwrap().values_mut() {
        for toxic in proxy["toxics"].as_array_mut().unwrap() {
            let fields = toxic.as_object_mut().unwrap();
            fields.retain(|name, _| ["name", "type", "attributes", "stream", "toxicity"].contains(&name.as_str()));
        }
    }
    proxies
}

/// A page in this browser, before the alert receiver of a drill whose runbook waits for an alert.
fn aims_at_the_alerts(browser: Browser) {
    let (project, capture) = (Project::quick(), Capture::start());
    // A port that was free a moment ago is almost surely free now.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    project.environment("listening", &format!("alerts: {{listen: \"127.0.0.1:{port}\"}}"));
    patient(&project);
    project.runbook("on-detection", &["name: Never, run: [touch, never], timeout: 20s, undo: none"]);
    project.edit("runbooks/answer.yaml", "{fails: 3 in a row}", "{alert: ServiceSlow}");
    // It ends when the page has tried everything.
    project.edit("scenarios/quick.yaml", "for: 7500ms", "for: 5m");
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "listening", "--out", "drill", "--yes"]);
    drill.until("blackhole on first active");
    let told = Rebound::to(port).visited_by(browser, "alerts", &capture.address);
    drill.signal(2);
    drill.finish();
    assert!(told.sent >= 20, "it sent {} bodies only", told.sent);
    let events = project.events("drill");
    let of_kind = |kind: &str| events.iter().filter_map(|event| event.get(kind).cloned()).collect::<Vec<Value>>();
    assert_eq!(of_kind("alert_received"), Vec::<Value>::new(), "alerts that the page sent");
    assert!(of_kind("runbook_started").is_empty() && !project.path("never").exists(), "the page started the runbook");
    assert_eq!(json!(told.read), json!([]), "what the page could read");
}

#[test]
fn a_page_in_firefox_drives_no_control_api() {
    aims_at_the_control_api(Browser::Firefox);
}

#[test]
fn a_page_in_chromium_drives_no_control_api() {
    aims_at_the_control_api(Browser::Chromium);
}

#[test]
fn a_page_in_firefox_starts_no_runbook() {
    aims_at_the_alerts(Browser::Firefox);
}

#[test]
fn a_page_in_chromium_starts_no_runbook() {
    aims_at_the_alerts(Browser::Chromium);
}
