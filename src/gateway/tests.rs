//! What is predicted: sums that were reckoned by hand.

use super::*;
use crate::model::{GatewayKind, GatewaySettings, Prediction};
use crate::units::Duration;

fn expected(slo: u64) -> Expected {
    Expected { slo: Duration::from_millis(slo), hold: Duration::from_secs(5), success: 0.95, rate: 20.0, streamed: true }
}

fn predicted(kind: GatewayKind, text: &str, shape: FailureShape, slo: u64) -> Prediction {
    predict(&read(kind, text).unwrap(), shape, &expected(slo))
}

fn seconds(prediction: &Prediction) -> Option<f64> {
    prediction.cutover.map(Duration::as_secs_f64)
}

fn litellm(router: &str, timeout: &str) -> String {
    format!(
        "model_list:\n- model_name: a\n  litellm_params: {{model: openai/x, {timeout}}}\n- model_name: b\n  litellm_params: {{model: openai/y}}\n\
         router_settings:\n  fallbacks: [{{a: [b]}}]\n{router}"
    )
}

#[test]
fn litellm_pays_for_retries_and_for_the_waits_around_them() {
    let quick = litellm("  num_retries: 0\n", "stream_timeout: 1.5");
    let told = predicted(GatewayKind::LiteLlm, &quick, FailureShape::NoAnswer, 2500);
    assert_eq!(seconds(&told), Some(1.55), "{told:?}");
    assert_eq!(told.because, "1.5 s + 50 ms until the next request = 1.55 s");
    assert_eq!(told.wait, Some(Duration::from_millis(1500)));
    assert_eq!(
        (told.changes[0].setting.as_str(), told.changes[0].line, told.changes[0].value.as_str()),
        ("litellm_params.stream_timeout", Some(3), "0.67")
    );
    // A status comes at once, but each of the two retries is waited for, and after the last one it waits once more.
    let usual = predicted(GatewayKind::LiteLlm, &litellm("  timeout: 2\n", ""), FailureShape::Status(503), 10_000);
    assert_eq!(usual.wait, Some(Duration::from_millis(1250 + 1750 + 2750)));
    // Nothing puts a group of one aside by itself.
    let slow = predicted(GatewayKind::LiteLlm, &litellm("  timeout: 2\n", ""), FailureShape::NoAnswer, 1500);
    assert_eq!((slow.cutover, slow.passed_on), (None, true), "{slow:?}");
    assert!(slow.because.contains("nothing leaves the provider alone"), "{}", slow.because);
    let policy =
        litellm("  num_retries: 0\n  timeout: 2\n  allowed_fails_policy: {TimeoutErrorAllowedFails: 4}\n  cooldown_time: 30\n", "");
    assert_eq!(seconds(&predicted(GatewayKind::LiteLlm, &policy, FailureShape::NoAnswer, 1500)), Some(2.25));
    let short = policy.replace("cooldown_time: 30", "cooldown_time: 2");
    let short = predicted(GatewayKind::LiteLlm, &short, FailureShape::NoAnswer, 1500);
    assert!(short.cutover.is_none() && short.because.contains("`router_settings.cooldown_time` on line 11"), "{}", short.because);
    assert!(short.then.is_some());
}

fn nginx(parameters: &str, next: &str) -> String {
    format!(
        "http {{ upstream u {{ server 10.0.0.1:80 {parameters}; server 10.0.0.2:80 backup; }}\n server {{ listen 80; location / {{\n proxy_pass http://u;\n\
         proxy_read_timeout 700ms;\n proxy_next_upstream {next}; }} }} }}\n"
    )
}

#[test]
fn nginx_passes_on_what_it_may() {
    let all = "error timeout http_503 non_idempotent";
    let told = predicted(GatewayKind::Nginx, &nginx("max_fails=3 fail_timeout=20s", all), FailureShape::NoAnswer, 1500);
    assert_eq!((seconds(&told), told.passed_on), (Some(0.75), true), "{told:?}");
    // A POST is not passed on without being told: then three must fail first.
    let lost = predicted(GatewayKind::Nginx, &nginx("max_fails=3 fail_timeout=20s", "error timeout"), FailureShape::NoAnswer, 1500);
    assert_eq!((seconds(&lost), lost.passed_on), (Some(0.85), false), "{lost:?}");
    assert_eq!(lost.because, "700 ms + 150 ms until 3 requests have met it = 850 ms");
    // A status that is not listed is an answer like any other.
    let unseen = predicted(GatewayKind::Nginx, &nginx("", "error timeout"), FailureShape::Status(503), 1500);
    assert_eq!(unseen.cutover, None);
    assert!(unseen.changes.iter().any(|change| change.setting == "proxy_next_upstream"), "{unseen:?}");
    // So many failures do not come together within so short a time.
    let many = predicted(GatewayKind::Nginx, &nginx("max_fails=50 fail_timeout=1s", "error timeout"), FailureShape::NoAnswer, 1500);
    assert_eq!(many.cutover, None, "{many:?}");
}

#[test]
fn haproxy_saves_no_request_by_a_backup() {
    let text = |server: &str| {
        format!(
            "defaults\n timeout connect 500ms\nfrontend f\n bind :80\n default_backend b\nbackend b\n timeout server 700ms\n retries 1\n \
             server a 10.0.0.1:80 {server}\n server z 10.0.0.2:80 backup\n"
        )
    };
    let observed = text("check inter 5s rise 4 observe layer7 error-limit 3 on-error mark-down");
    let told = predicted(GatewayKind::HaProxy, &observed, FailureShape::NoAnswer, 1500);
    assert_eq!((seconds(&told), told.passed_on), (Some(0.85), false), "{told:?}");
    // Connections come about, so that a check which asks nothing is content.
    let blind = predicted(GatewayKind::HaProxy, &text("check"), FailureShape::NoAnswer, 1500);
    assert_eq!(blind.cutover, None);
    let refused = predicted(GatewayKind::HaProxy, &text("check inter 1s fall 2"), FailureShape::Refused, 1500);
    assert_eq!(seconds(&refused), Some(3.0), "{refused:?}");
}

#[test]
fn portkey_pays_each_time() {
    let text = |timeout: &str| {
        format!(r#"{{"strategy": {{"mode": "fallback"}}, {timeout} "targets": [{{"provider": "openai"}}, {{"provider": "groq"}}]}}"#)
    };
    let told = predicted(GatewayKind::Portkey, &text(r#""request_timeout": 900,"#), FailureShape::NoAnswer, 1500);
    assert_eq!((seconds(&told), told.passed_on), (Some(0.95), true), "{told:?}");
    let open = predicted(GatewayKind::Portkey, &text(""), FailureShape::NoAnswer, 1500);
    assert_eq!((open.cutover, open.wait), (None, None));
    assert_eq!((open.changes[0].setting.as_str(), open.changes[0].value.as_str()), ("request_timeout", "750"));
    let late = predicted(GatewayKind::Portkey, &text(r#""request_timeout": 2000,"#), FailureShape::NoAnswer, 1500);
    assert_eq!(late.cutover, None, "{late:?}");
}

#[test]
fn the_reference_gateway_is_predicted_by_its_settings() {
    let settings = GatewaySettings { try_timeout: Duration::from_secs(3), ..GatewaySettings::default() };
    let mut setup = GatewaySetup::new(GatewayKind::Reference);
    let service = |names: &[&str]| crate::model::Service {
        owner: None,
        criticality: crate::model::Criticality::Recoverable,
        providers: names.iter().map(|name| (*name).to_owned()).collect(),
        sharing: 1,
        objectives: crate::model::DeclaredObjectives::default(),
        runbook: None,
        business: None,
        parity: Vec::new(),
    };
    assert_ne!(setup, of_reference(&settings, &service(&["a"])));
    setup = of_reference(&settings, &service(&["a", "b"]));
    let within = predict(&setup, FailureShape::NoAnswer, &expected(4000));
    assert_eq!(seconds(&within), Some(3.05));
    let late = predict(&setup, FailureShape::NoAnswer, &expected(2000));
    let failures = f64::from(settings.breaker.failures);
    if let Some(cutover) = late.cutover {
        assert!((cutover.as_secs_f64() - 3.0 - failures / 20.0).abs() < 1e-6, "{late:?}");
    }
}

#[test]
fn envoy_asks_the_same_again_unless_it_is_told_otherwise() {
    let text = |policy: &str| {
        format!(
            "static_resources:\n  listeners:\n  - address: {{socket_address: {{address: 0.0.0.0, port_value: 1}}}}\n    filter_chains: [{{filters: [{{typed_config: {{route_config: {{virtual_hosts: [{{routes: [\n\
             {{match: {{prefix: /}}, route: {{cluster: c, timeout: 0s, retry_policy: {{retry_on: 5xx, num_retries: 1, per_try_timeout: 0.7s{policy}}}}}}}]}}]}}}}}}]}}]\n  clusters:\n  - name: c\n    \
             outlier_detection: {{consecutive_5xx: 3}}\n    load_assignment:\n      endpoints:\n      - {{priority: 0, lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: a, port_value: 1}}}}}}}}]}}\n      \
             - {{priority: 1, lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: b, port_value: 1}}}}}}}}]}}\n"
        )
    };
    let moved = predicted(
        GatewayKind::Envoy,
        &text(", retry_priority: {name: p, typed_config: {update_frequency: 1}}"),
        FailureShape::NoAnswer,
        1500,
    );
    assert_eq!((seconds(&moved), moved.passed_on), (Some(0.775), true), "{moved:?}");
    let same = predicted(GatewayKind::Envoy, &text(""), FailureShape::NoAnswer, 1500);
    assert_eq!((seconds(&same), same.passed_on), (Some(0.85), false), "{same:?}");
}
