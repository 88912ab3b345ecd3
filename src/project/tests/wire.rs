//! How requests go over the wire: what good and bad words about it get.

use super::*;
use crate::model::{Connections, HttpVersion, PlainRequest, RequestKind};
use crate::units::Duration;

const TRAFFIC: &str = "traffic: {rate: 50/s}";

fn said(path: &str, good: &str, bad: &str, parts: &[&str]) {
    let said = Files::new().spoil(path, good, bad).check();
    for part in parts {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

#[test]
fn plain_requests_and_how_they_go_are_read() {
    let files = Files::new();
    let traffic = "\
traffic:
  rate: 50/s
  request: http
  path: /health?deep=1
  body: ping
  expect: {status: 204, contains: ok}
  connections: 20
  http: 2
  timeouts: {connect: 1s, first_byte: 5s, idle: 2s}
  headers: {x-tenant: blue, Authorization: \"Bearer ${credential.azure-swedencentral}\"}";
    files.spoil(SCENARIO_PATH, TRAFFIC, traffic);
    let address = "support-chat: {url: \"https://gw.example/v1\"";
    let ways = ", keys_from: [\"env:A\", \"env:B\"], ca: tests/ca.pem, proxy: \"http://127.0.0.1:3128\"";
    files.spoil(INVENTORY_PATH, address, &format!("{address}{ways}"));
    files.spoil(INVENTORY_PATH, "openai-eu: {dialect: openai,", "openai-eu: {dialect: openai, base_url: \"https://b.example\",");
    files.spoil(INVENTORY_PATH, "faults_on: [openai-eu], max_rate: 20/s", "max_rate: 50/s");
    let (project, _) = Project::open(files.root());
    let (plan, _) = project.plan(&files.scenario(), "staging").unwrap();
    let traffic = &plan.workloads.leading().workload;
    assert_eq!(traffic.request, RequestKind::Http);
    let errand = PlainRequest { path: "/health?deep=1".into(), send: Some("ping".into()), status: 204, contains: Some("ok".into()) };
    assert_eq!(traffic.errand, Some(errand));
    let wire = &traffic.wire;
    assert_eq!(
        (wire.connections, wire.http, wire.timeouts.idle),
        (Connections::AtMost(20), HttpVersion::Two, Some(Duration::from_secs(2)))
    );
    assert_eq!(wire.headers["Authorization"], "Bearer ${credential.azure-swedencentral}", "never its value");
    let service = &plan.environment.services["support-chat"];
    assert_eq!((service.keys_from.len(), service.ca.as_deref()), (2, Some("tests/ca.pem")));
    let json = serde_json::to_string(traffic).unwrap();
    assert_eq!(&serde_json::from_str::<crate::model::Workload>(&json).unwrap(), traffic);
}

#[test]
fn what_is_no_way_to_ask_is_found() {
    let scenario = |bad: &str, parts: &[&str]| said(SCENARIO_PATH, TRAFFIC, &format!("traffic: {{rate: 50/s, {bad}}}"), parts);
    scenario("path: /health", &["`path` is not a key of the traffic"]);
    scenario("request: http, path: health", &["`health` is not a path", "for example `/health`"]);
    scenario("request: http, expect: ok", &["what is expected is a status", "write `expect: {status: 200, contains: ok}`"]);
    scenario("request: http, expect: {status: 99}", &["`99` is not a whole number from 200 to 599"]);
    scenario("request: tcp, path: /", &["`path` is not a key of the traffic"]);
    scenario("connections: many", &["`many` says nothing about connections", "`pooled`, `per-request`"]);
    scenario("connections: 0", &["`0` says nothing about connections"]);
    scenario("http: 3", &["`3` is not allowed here", "`1` or `2`"]);
    scenario("timeouts: {connect: 0s}", &["this must be longer than zero"]);
    scenario("headers: {Authorization: Bearer abc}", &["a secret in `authorization` must not stand in a file", "${credential.PROVIDER}"]);
    scenario("headers: {host: other}", &["`host` belongs to the connection"]);
    scenario("headers: {\"a b\": c}", &["`a b` is not the name of a header"]);
    scenario("headers: {x-key: \"${credential.nobody}\"}", &["`${credential.nobody}` names no provider"]);
    let address = "{url: \"https://gw.example/v1\"}";
    let service = |bad: &str, parts: &[&str]| {
        said(INVENTORY_PATH, address, &format!("{{url: \"https://gw.example/v1\", {bad}}}"), parts);
    };
    service("proxy: \"https://127.0.0.1:1/x\"", &["is not a forward proxy", "write `http://HOST:PORT`"]);
    service("key_from: \"env:A\", keys_from: [\"env:B\"]", &["one key and several cannot both be sent"]);
}

#[test]
fn a_body_that_takes_the_limit_away_is_found_where_it_stands() {
    let files = Files::new();
    let address = "support-chat: {url: \"https://gw.example/v1\"";
    files.spoil(INVENTORY_PATH, address, &format!("{address}, body: {{max_tokens: null}}"));
    files.spoil(INVENTORY_PATH, "max_rate: 20/s", "max_spend: 1 USD");
    for said in [files.check(), files.plan("staging")] {
        assert!(said.contains("nothing bounds the tokens of a request with this `body:`, and the environment `staging` allows"), "{said}");
        assert!(said.contains("--> runbooks/inventory.yaml:19:"), "{said}");
    }
    assert!(files.plan("staging").contains("error: nothing bounds"));
    files.spoil(INVENTORY_PATH, "max_tokens: null", "max_tokens: null, max_completion_tokens: 64");
    assert!(!files.plan("staging").contains("nothing bounds"));
}

#[test]
fn a_key_that_may_stand_somewhere_is_listed_once() {
    let said = Files::new().spoil(SCENARIO_PATH, TRAFFIC, "traffic: {rate: 50/s, zzzzzzzz: 1}").check();
    let hint = said.lines().find(|line| line.contains("it may have")).unwrap();
    for key in ["rate", "arrivals", "speed", "repeat", "headers"] {
        assert!(hint.matches(&format!("`{key}`")).count() <= 1, "{hint}");
    }
}

#[test]
fn bad_requests_in_a_row_may_be_any_number() {
    for number in ["4000000000", "4294967295"] {
        let files = Files::new();
        files.spoil(SCENARIO_PATH, "objectives: {", &format!("objectives: {{max_consecutive_bad: {number}, "));
        files.check();
    }
}

#[test]
fn what_a_service_wants_of_its_clients_is_read() {
    use crate::model::{Complete, SecretSource, StreamEnd, UsageReport};
    use serde_json::json;
    let address = "support-chat: {url: \"https://gw.example/v1\"";
    let files = Files::new();
    let wants = ", model: chat-large, headers: {x-team: drills, authorization: \"Bearer ${credential.azure-swedencentral}\"}, \
                 headers_from: {x-gateway-token: \"env:GATEWAY_TOKEN\"}, stream_ends_with: finish_reason, usage: absent, \
                 body: {max_tokens: null, max_completion_tokens: 64, metadata: {team: [drills, true, 1.5]}}";
    files.spoil(INVENTORY_PATH, address, &format!("{address}{wants}"));
    files.spoil(INVENTORY_PATH, "openai-eu: {dialect: openai,", "openai-eu: {dialect: openai, base_url: \"https://b.example\",");
    files.spoil(INVENTORY_PATH, "faults_on: [openai-eu], max_rate: 20/s", "max_rate: 50/s");
    let (project, findings) = Project::open(files.root());
    let plan = project.plan(&files.scenario(), "staging");
    let Some((plan, _)) = plan.as_ref().ok() else { panic!("{findings:?} {plan:?}") };
    let service = &plan.environment.services["support-chat"];
    assert_eq!(service.model.as_deref(), Some("chat-large"));
    assert_eq!(service.headers_from["x-gateway-token"], "GATEWAY_TOKEN");
    let complete = Complete { stream_ends_with: StreamEnd::FinishReason, usage: UsageReport::Absent };
    assert_eq!(service.complete, complete);
    let body = json!({"max_tokens": null, "max_completion_tokens": 64, "metadata": {"team": ["drills", true, 1.5]}});
    assert_eq!(serde_json::to_value(&service.body).unwrap(), body);
    let text = serde_json::to_string(service).unwrap();
    assert_eq!(&serde_json::from_str::<crate::model::ServiceBinding>(&text).unwrap(), service);
    let secrets = SecretSource::of_drill(plan);
    assert!(secrets.contains(&SecretSource::Key("env:GATEWAY_TOKEN".into())));
    assert!(secrets.contains(&SecretSource::Written("team".into(), "drills".into())));

    let told = |bad: &str, parts: &[&str]| said(INVENTORY_PATH, address, &format!("{address}, {bad}"), parts);
    told("headers: {Authorization: Bearer sk-1}", &["a secret in `authorization` must not stand in a file"]);
    told("headers: {x-lifeboat-request: a}", &["`x-lifeboat-request` is how the fault proxies know a request"]);
    told("headers_from: {x-token: GATEWAY_TOKEN}", &["this does not name an environment variable"]);
    told("headers_from: {host: \"env:A\"}", &["`host` belongs to the connection"]);
    told("headers: {x-gateway-token: abcdef}", &["a secret in `x-gateway-token` must not", "headers_from: {NAME: \"env:…\"}"]);
    told("headers: {X-Team: a}, headers_from: {x-team: \"env:A\"}", &["the header `x-team` is told twice", "keep one of them"]);
    told("headers: {X-Team: a, x-team: b}", &["the header `x-team` is told twice"]);
    told("body: {metadata: {\"api_key\": hunter2-horse}}", &["a secret in `api_key` must not stand in a file", "headers_from: {NAME:"]);
    told("body: {extra: [{accessToken: [hunter2-horse]}]}", &["a secret in `accessToken` must not stand in a file"]);
    told("body: \'{\"password\": \"hunter2-horse\"}\'", &["a secret in `password` must not stand in a file"]);
    told("body: {user: \"of ${service.key}, \"}", &["`${service.key}` would be sent as it stands here", "headers_from: {NAME:"]);
    for bad in ["headers: {x-gateway-token: hunter2-horse}", "body: {extra: [{accessToken: [hunter2-horse]}], password: hunter2-horse}"] {
        let said = Files::new().spoil(INVENTORY_PATH, address, &format!("{address}, {bad}")).check();
        assert!(said.contains("must not stand in a file") && !said.contains("hunter2"), "{said}");
    }
    for good in ["headers: {x-tenant: blue, idempotency-key: a}", "body: {max_completion_tokens: 64, prompt_cache_key: a, token: null}"] {
        let said = Files::new().spoil(INVENTORY_PATH, address, &format!("{address}, {good}")).check();
        assert!(!said.contains("error"), "{said}");
    }
    told("body: {messages: []}", &["`messages` is what the drill itself asks", "what is asked proves who answered"]);
    told("body: {model: m}", &["write `model: …` beside `body:`"]);
    told("body: \'[1]\'", &["these are not the parameters of a body"]);
    told("stream_ends_with: finish-reason", &["`finish-reason` is not allowed here", "finish_reason"]);
    told("usage: none", &["`none` is not allowed here", "absent"]);
}
