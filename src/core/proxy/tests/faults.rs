//! Each fault on open, pooled and new connections.

use super::*;
use crate::fault::tests::samples;
use crate::fault::{Effect, kinds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blackhole_takes_idle_busy_and_new_connections_and_closes_them_when_healed() {
    for dialect in ["openai", "tcp"] {
        let rig = Rig::start(dialect).await;
        let (mut pooled, mut busy, mut idle) = (rig.link().await, rig.link().await, rig.link().await);
        pooled.ask("/echo").await;
        idle.ask("/echo").await;
        busy.send("/stream").await;
        let stream = rig.provider.stream(1).await;
        stream.send("data: one\n\n".into()).await.unwrap();
        busy.until("data: one").await;

        rig.inject("blackhole", json!({})).await;
        let asked = rig.provider.asked();
        let _ = stream.send("data: two\n\n".into()).await;
        pooled.send("/echo").await;
        let mut new = rig.link().await;
        new.send("/echo").await;
        busy.is_silent().await;
        pooled.is_silent().await;
        new.is_silent().await;
        assert_eq!(rig.provider.asked(), asked, "a request got through");

        let healed = rig.heal().await;
        assert_eq!(healed["touched"], 3, "the idle connection is not counted: {healed} ({dialect})");
        for wire in [&mut busy, &mut pooled, &mut new, &mut idle] {
            wire.end().await.unwrap();
        }
        assert_eq!(rig.provider.asked(), asked, "what was held was delivered");
        assert_eq!(rig.ask("/echo").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_gives_up_in_a_blackhole_is_let_go() {
    let rig = Rig::start("openai").await;
    rig.inject("blackhole", json!({})).await;
    let mut wire = rig.link().await;
    wire.send("/echo").await;
    wire.0.shutdown().await.unwrap();
    wire.is_silent().await;
    drop(wire);
    // It ends only with its last connection.
    soon(rig.proxy.drain(2 * LONG)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_hits_open_connections_at_once_and_new_ones_when_they_speak() {
    for dialect in ["openai", "tcp"] {
        let rig = Rig::start(dialect).await;
        let (mut pooled, mut unused) = (rig.link().await, rig.link().await);
        pooled.ask("/echo").await;
        rig.inject("reset", json!({})).await;
        assert_eq!(pooled.end().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let mut new = rig.link().await;
        new.is_silent().await;
        new.send("/echo").await;
        assert_eq!(new.end().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        // It had carried nothing: reset, but nobody was touched.
        assert_eq!(unused.end().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(rig.heal().await["touched"], 2, "{dialect}");
        assert_eq!(rig.ask("/echo").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_the_operating_systems_own_and_the_port_comes_back() {
    for dialect in ["openai", "tcp"] {
        let rig = Rig::start(dialect).await;
        let mut pooled = rig.link().await;
        pooled.ask("/echo").await;
        rig.inject("refuse", json!({})).await;
        pooled.end().await.unwrap();
        for _ in 0..3 {
            assert_eq!(soon(TcpStream::connect(&rig.listen)).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
        assert_eq!(rig.heal().await["touched"], 1);
        assert_eq!(rig.ask("/echo").await.0, 200);
        let (_, disabled) = rig.call("POST", "/proxies/p", Some(json!({"enabled": false}))).await;
        assert_eq!(disabled["enabled"], false);
        assert_eq!(soon(TcpStream::connect(&rig.listen)).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(rig.call("POST", "/reset", None).await.0, 204);
        assert_eq!(rig.ask("/echo").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_on_requests_answer_in_the_providers_words() {
    let rig = Rig::start("azure-openai").await;
    let mut wire = rig.link().await;
    wire.ask("/echo").await;
    let asked = rig.provider.asked();
    rig.inject("http_status", json!({"code": 429, "retry_after": 7})).await;
    wire.send("/echo").await;
    let head = wire.until("tier.\"}}").await;
    assert!(head.contains("429") && head.contains("retry-after: 7") && head.contains("retry-after-ms: 7000"), "{head}");
    assert_eq!(rig.heal().await["touched"], 1);
    rig.inject("credential_revoked", json!({})).await;
    let (status, body) = wire.ask("/echo").await;
    assert!(status == 401 && body.contains("Access denied"), "{status} {body}");
    assert_eq!(rig.provider.asked(), asked, "the provider was asked all the same");
    rig.heal().await;
    assert_eq!(wire.ask("/echo").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_is_used_up_spares_health_checks_and_a_dead_key_does_not() {
    let rig = Rig::start("openai").await;
    let asks = async || soon(rig.http.post(format!("http://{}/v1/chat/completions", rig.listen)).body("{}").send()).await.unwrap().status();
    for (kind, mut attributes, check) in [
        ("http_status", json!({"code": 429}), 200),
        ("http_error", json!({"error": "quota"}), 200),
        ("rate_limit", json!({"requests": 1}), 200),
        ("http_status", json!({"code": 429, "match": {"requests": "all"}}), 429),
        ("credential_revoked", json!({}), 401),
        ("http_status", json!({"code": 500}), 500),
    ] {
        attributes["seed"] = json!(1);
        let toxic = json!({"name": "t", "type": kind, "attributes": attributes});
        assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(toxic)).await.0, 200);
        // Of a rate of one a minute the first request is the last.
        let refused = [asks().await, asks().await].iter().filter(|status| !status.is_success()).count() as u64;
        assert_eq!((refused, rig.ask("/v1/models").await.0), (if kind == "rate_limit" { 1 } else { 2 }, check), "{kind} {attributes}");
        let touched = if check == 200 { refused } else { 3 };
        assert_eq!(rig.heal().await["touched"], touched, "{kind} {attributes}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_with_a_reason_answers_in_the_providers_place() {
    let rig = Rig::start("openai").await;
    let mut wire = rig.link().await;
    let reasons = [
        ("rate-limit", 429, "rate_limit_exceeded"),
        ("quota", 429, "insufficient_quota"),
        ("overloaded", 503, "server_is_overloaded"),
        ("expired", 401, "Your API key has expired"),
        ("forbidden", 403, "request_forbidden"),
        ("model-withdrawn", 404, "model_not_found"),
        ("content-filter", 400, "content_policy_violation"),
    ];
    for (word, status, code) in reasons {
        rig.inject("http_error", json!({"error": word})).await;
        let (got, body) = wire.ask("/echo").await;
        assert!(got == status && body.contains(code), "{word}: {got} {body}");
        assert_eq!(rig.heal().await["touched"], 1);
    }
    assert_eq!(rig.provider.asked(), 0, "the provider was asked all the same");
    assert_eq!(wire.ask("/echo").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_holds_the_answer_until_its_time_or_its_end() {
    let rig = Rig::start("openai").await;
    let mut wire = rig.link().await;
    wire.ask("/echo").await;
    rig.inject("http_stall", json!({})).await;
    let asked = rig.provider.asked();
    wire.send("/echo").await;
    wire.is_silent().await;
    assert_eq!(rig.provider.asked(), asked + 1, "the request reaches the provider");
    assert_eq!(rig.heal().await["touched"], 1);
    assert_eq!(wire.answer().await.0, 200);
    rig.inject("http_stall", json!({"hold_ms": 120})).await;
    let began = Instant::now();
    assert_eq!(wire.ask("/echo").await.0, 200);
    assert!(began.elapsed() >= Duration::from_millis(120));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_on_an_idle_proxy_touches_nothing() {
    let rig = Rig::start("openai").await;
    let _open = rig.link().await;
    // Those two need another place to stand.
    for kind in kinds().filter(|kind| kind.needs.is_none()) {
        let Some(effect) = samples(kind).last().and_then(Effect::of) else { continue };
        rig.inject(effect.kind(), effect.attributes().into()).await;
        assert_eq!(rig.heal().await["touched"], 0, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero_toxicity_never_bites_and_a_half_bites_about_half_the_requests() {
    let rig = Rig::start("openai").await;
    let toxic = |toxicity: f64| json!({"name": "t", "type": "http_status", "toxicity": toxicity, "attributes": {"code": 503, "seed": 5}});
    let mut wire = rig.link().await;
    for (toxicity, bounds) in [(0.0, 0..=0), (0.5, 60..=140), (1.0, 200..=200)] {
        rig.call("POST", "/proxies/p/toxics", Some(toxic(toxicity))).await;
        let mut bitten = 0;
        for _ in 0..200 {
            bitten += u64::from(wire.ask("/echo").await.0 == 503);
        }
        // Over five standard deviations of a binomial.
        assert!(bounds.contains(&bitten), "{toxicity}: {bitten}");
        assert_eq!(rig.heal().await["touched"], bitten);
    }
}
