//! The client against an embedded proxy, and against a stand-in for a plain Toxiproxy that stores what it is told.

use super::*;
use crate::api::{ProxyEvent, ToxicChange};
use crate::fault::{
    Bandwidth, Blackhole, Corrupt, CredentialRevoked, Cut, EmptyAnswer, EndEarly, ErrorEvent, KeepAlive, Latency, Malformed, RateLimit,
    Refuse, Refused, Reset, SlowStream, Stall, StallMidstream, Status, WrongModel,
};
use crate::journal::HostTime;
use crate::model::{Aim, Dialect, Fault, FaultShape, Match, Only, ProxyBinding, Refusal, RetryForm};
use crate::proxy::Proxy;
use crate::units::{Duration, Explained, Fingerprint, explained};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TTL: Duration = Duration::from_secs(60);

/// Tells a hang from a busy machine.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), what).await.expect("this should not take twenty seconds")
}

fn faults() -> Vec<Fault> {
    vec![
        Refuse.into(),
        Blackhole.into(),
        Reset.into(),
        Latency { latency: Duration::from_millis(100), jitter: Duration::from_micros(2500) }.into(),
        Bandwidth { bytes_per_second: 64_000 }.into(),
        Status { code: 503, retry_after: Some(Duration::from_secs(3)), retry_form: Some(RetryForm::Date) }.into(),
        RateLimit { requests: Some(60), tokens: Some(90_000) }.into(),
        Stall { hold: None }.into(),
        Stall { hold: Some(Duration::from_secs(2)) }.into(),
        CredentialRevoked.into(),
        StallMidstream { after: 5, hold: Some(Duration::from_secs(2)) }.into(),
        SlowStream { rate: "100/min".parse().unwrap() }.into(),
        KeepAlive { after: 2, every: Duration::from_millis(500) }.into(),
        Cut { after: 5 }.into(),
        EndEarly { after: 5 }.into(),
        ErrorEvent { after: 5, error: Some(Refusal::Overloaded) }.into(),
        Malformed { after: 5 }.into(),
        EmptyAnswer.into(),
        WrongModel.into(),
        Corrupt.into(),
        Refused { error: Refusal::Quota, retry_after: Some(Duration::from_millis(1500)), retry_form: None }.into(),
    ]
}

async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// An embedded proxy with one proxy `azure` in front of a provider that says yes.
async fn embedded() -> (Proxy, Control, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let provider = serve(Router::new().fallback(async || "yes")).await;
    let proxy = Proxy::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let control = Control::connect(&proxy.api().to_string()).await.unwrap();
    let opened = control.create("azure", &ProxyBinding::default(), &provider, Dialect::AzureOpenAi).await.unwrap();
    (proxy, control, opened.listen)
}

fn at(listen: &str) -> ProxyBinding {
    ProxyBinding { listen: Some(listen.into()), ..ProxyBinding::default() }
}

/// One request on a connection of its own; everything that comes back, or the error.
async fn ask(listen: &str) -> std::io::Result<String> {
    let mut wire = TcpStream::connect(listen).await?;
    wire.write_all(b"GET / HTTP/1.1\r\nhost: h\r\napi-key: sk-one\r\nconnection: close\r\n\r\n").await?;
    let mut came = String::new();
    soon(wire.read_to_string(&mut came)).await.map(|_| came)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_injected_read_back_and_healed() {
    let (proxy, control, listen) = embedded().await;
    assert!(control.is_lifeboat() && control.boot_id() == Some(&crate::journal::boot_id()));
    let aim = Aim {
        probability: crate::units::Ratio::new(0.3),
        only: Some(Only::Header("x-drill: *".into())),
        matching: Match { model: Some("gpt-*".into()), key: Some(crate::units::Fingerprint(7)), ..Match::default() },
        shape: FaultShape::Flap { on: Duration::from_secs(2), off: Duration::from_micros(1500) },
    };
    for fault in faults() {
        let aim = if fault.needs_http() { aim.clone() } else { Aim::default() };
        let injected = control.inject("azure", &fault, &aim, TTL).await.unwrap();
        assert!(injected.lo <= injected.hi && injected.toxic.starts_with(fault.word()));
        control.renew("azure", &injected.toxic, TTL).await.unwrap();
        let healed = control.heal("azure", &injected.toxic).await.unwrap();
        assert!(injected.hi <= healed.lo && healed.lo <= healed.hi);
        assert_eq!((healed.touched, healed.expired), (Some(0), false), "{fault}");
        assert!(ask(&listen).await.unwrap().ends_with("yes"), "{fault}");
    }
    let injected = control.inject("azure", &CredentialRevoked.into(), &Aim::default(), TTL).await.unwrap();
    assert!(ask(&listen).await.unwrap().starts_with("HTTP/1.1 401"));
    assert_eq!(control.heal("azure", &injected.toxic).await.unwrap().touched, Some(1));
    control.inject("azure", &Refuse.into(), &Aim::default(), TTL).await.unwrap();
    control.heal_all().await.unwrap();
    assert!(ask(&listen).await.unwrap().ends_with("yes"));
    control.remove("azure").await.unwrap();
    assert!(ask(&listen).await.is_err());
    soon(proxy.stop()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_nobody_renews_is_healed_as_expired() {
    let (_proxy, control, listen) = embedded().await;
    let (hello, mut events) = control.events().await.unwrap();
    assert!(matches!(hello, ProxyEvent::Hello { .. }), "{hello:?}");
    let injected = control
        .inject("azure", &Status { code: 500, retry_after: None, retry_form: None }.into(), &Aim::default(), Duration::from_millis(400))
        .await
        .unwrap();
    assert!(ask(&listen).await.unwrap().starts_with("HTTP/1.1 500"));
    let expired = loop {
        if let Some(ProxyEvent::Fault(change)) = soon(events.next()).await.unwrap()
            && change.change == ToxicChange::Expired
        {
            break change;
        }
    };
    let healed = control.heal("azure", &injected.toxic).await.unwrap();
    assert_eq!(
        healed,
        Healed { lo: HostTime(expired.lo.0), hi: HostTime(expired.hi.0), touched: Some(1), expired: true, spared: None, unmeasured: None }
    );
    let late = control.renew("azure", &injected.toxic, TTL).await.unwrap_err();
    assert!(matches!(late, ControlError::Refused { status: 404, .. }), "{late}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sight_is_read_until_the_proxy_ends() {
    let (proxy, control, listen) = embedded().await;
    let (_, mut events) = control.events().await.unwrap();
    ask(&listen).await.unwrap();
    let Some(ProxyEvent::Exchange(seen)) = soon(events.next()).await.unwrap() else { panic!("no exchange") };
    assert_eq!((seen.proxy.as_str(), seen.status, seen.cut, seen.touched), ("azure", 200, false, false));
    assert_eq!((seen.key, seen.id), (Some(Fingerprint::of("sk-one")), None));
    let injected = control.inject("azure", &Blackhole.into(), &Aim::default(), TTL).await.unwrap();
    let Some(ProxyEvent::Fault(change)) = soon(events.next()).await.unwrap() else { panic!("no fault") };
    assert_eq!((change.lo.0, change.hi.0, change.change), (injected.lo.0, injected.hi.0, ToxicChange::Applied));
    soon(proxy.stop()).await;
    while let Ok(Some(_)) = soon(events.next()).await {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_tcp_service_connections_and_bytes_are_seen() {
    let (_proxy, control, _) = embedded().await;
    let provider = serve(Router::new().fallback(async || "yes")).await;
    let opened = control.create("bytes", &ProxyBinding::default(), provider.strip_prefix("http://").unwrap(), Dialect::Tcp).await.unwrap();
    let (_, mut events) = control.events().await.unwrap();
    let mut next = async || loop {
        if let Some(ProxyEvent::Connection(seen)) = soon(events.next()).await.unwrap() {
            return (seen.proxy, seen.up, seen.down, seen.cut, seen.touched);
        }
    };
    let answer = ask(&opened.listen).await.unwrap();
    let request = "GET / HTTP/1.1\r\nhost: h\r\napi-key: sk-one\r\nconnection: close\r\n\r\n".len() as u64;
    assert_eq!(next().await, ("bytes".into(), request, answer.len() as u64, false, false));
    // One that is open and has carried something is taken, and counts.
    let mut open = TcpStream::connect(&opened.listen).await.unwrap();
    open.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    soon(open.read_exact(&mut [0; 12])).await.unwrap();
    control.inject("bytes", &Refuse.into(), &Aim::default(), TTL).await.unwrap();
    let (_, up, down, cut, touched) = next().await;
    assert!(up == 27 && down > 12 && cut && touched, "{up} {down} {cut} {touched}");
}

#[tokio::test]
async fn what_is_refused_is_told_apart_from_what_is_unknown() {
    let (_proxy, control, listen) = embedded().await;
    let twice = control.create("azure", &ProxyBinding::default(), "http://h:1", Dialect::OpenAi).await.unwrap_err();
    assert!(matches!(&twice, ControlError::Taken { proxy, .. } if proxy == "azure"), "{twice}");
    let taken = explained(&control.create("other", &at(&listen), "http://h:1", Dialect::OpenAi).await.unwrap_err());
    assert!(taken.contains(&listen) && taken.contains("hint:"), "{taken}");
    let missing = control.heal("nobody", "x").await.unwrap_err();
    assert!(matches!(missing, ControlError::Refused { status: 404, .. }), "a proxy that is missing was never healed: {missing}");

    // Answers the version, then cuts every connection once it has read a request.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        for turn in 0.. {
            let (mut wire, _) = listener.accept().await.unwrap();
            let _ = wire.read(&mut [0; 4096]).await;
            if turn == 0 {
                let version = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 19\r\n\r\n{\"version\":\"2.9.0\"}";
                wire.write_all(version.as_bytes()).await.unwrap();
            }
        }
    });
    let control = Control::connect(&url).await.unwrap();
    let cut = control.inject("p", &Reset.into(), &Aim::default(), TTL).await.unwrap_err();
    assert!(matches!(cut, ControlError::Unknown { .. }), "{cut}");
}

#[tokio::test]
async fn an_address_without_a_control_api_is_named_with_a_hint() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let error = Control::connect(&gone).await.unwrap_err();
    assert!(matches!(error, ControlError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&gone) && error.hint().is_some(), "{error}");
    let other = serve(Router::new()).await;
    let error = Control::connect(&other).await.unwrap_err();
    assert!(matches!(error, ControlError::NotControl { .. }) && error.to_string().contains(&other), "{error}");
    assert!(error.is_of_nobody());
    let hangs = ControlError::NotControl { url: other, problem: AnswerProblem::Silence };
    assert!(!hangs.is_of_nobody(), "one that hangs may come back");
    assert!(matches!(Control::connect("not an address").await, Err(ControlError::NotControl { .. })));
}

/// One proxy as a plain Toxiproxy keeps it. `deaf` accepts toxics and forgets their latency.
#[derive(Debug, Clone)]
struct Plain {
    proxy: Arc<Mutex<Value>>,
    deaf: bool,
}

impl Plain {
    async fn start(deaf: bool) -> (Self, Control) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let plain = Self { proxy: Arc::default(), deaf };
        let routes = Router::new()
            .route("/version", get(async || Json(json!({"version": "2.9.0"}))))
            .route("/proxies", get(Self::list).post(Self::update))
            .route("/proxies/p", get(Self::show).post(Self::update))
            .route("/proxies/p/toxics", post(Self::add))
            .route("/proxies/p/toxics/{name}", get(Self::toxic).delete(Self::delete))
            .with_state(plain.clone());
        let control = Control::connect(&serve(routes).await).await.unwrap();
        let listen = control.create("p", &at("127.0.0.1:7"), "http://api.example", Dialect::OpenAi).await.unwrap();
        assert_eq!(listen, Opened { listen: "127.0.0.1:7".into(), was_there: false });
        (plain, control)
    }

    async fn list(State(plain): State<Self>) -> Json<Value> {
        Json(json!({"p": plain.proxy.lock().unwrap().clone()}))
    }

    async fn show(State(plain): State<Self>) -> Json<Value> {
        Json(plain.proxy.lock().unwrap().clone())
    }

    async fn update(State(plain): State<Self>, body: Bytes) -> Json<Value> {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let mut proxy = plain.proxy.lock().unwrap();
        if proxy.is_null() {
            *proxy = json!({"toxics": []});
        }
        body.as_object().unwrap().iter().for_each(|(key, value)| proxy[key] = value.clone());
        Json(proxy.clone())
    }

    async fn add(State(plain): State<Self>, body: Bytes) -> Json<Value> {
        let mut toxic: Value = serde_json::from_slice(&body).unwrap();
        if plain.deaf {
            toxic["attributes"]["latency"] = json!(0);
        }
        plain.proxy.lock().unwrap()["toxics"].as_array_mut().unwrap().push(toxic.clone());
        Json(toxic)
    }

    async fn toxic(State(plain): State<Self>, Path(name): Path<String>) -> Result<Json<Value>, StatusCode> {
        let proxy = plain.proxy.lock().unwrap();
        let toxic = proxy["toxics"].as_array().unwrap().iter().find(|toxic| toxic["name"] == name.as_str());
        toxic.cloned().map(Json).ok_or(StatusCode::NOT_FOUND)
    }

    async fn delete(State(plain): State<Self>, Path(name): Path<String>) -> StatusCode {
        let mut proxy = plain.proxy.lock().unwrap();
        let toxics = proxy["toxics"].as_array_mut().unwrap();
        let before = toxics.len();
        toxics.retain(|toxic| toxic["name"] != name.as_str());
        if toxics.len() < before { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
    }

    fn shown(&self) -> Value {
        self.proxy.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_plain_toxiproxy_plays_what_it_can_and_the_rest_is_named() {
    let (plain, control) = Plain::start(false).await;
    assert!(!control.is_lifeboat() && control.boot_id().is_none());
    assert_eq!(plain.shown()["upstream"], "api.example:80");
    for fault in faults() {
        let injected = control.inject("p", &fault, &Aim::default(), TTL).await;
        if fault.needs_http() {
            let error = injected.unwrap_err().to_string();
            assert!(error.contains(fault.word()) && error.contains(&control.url()), "{error}");
            continue;
        }
        let injected = injected.unwrap();
        let shown = plain.shown();
        let streams: Vec<&str> = shown["toxics"].as_array().unwrap().iter().filter_map(|toxic| toxic["stream"].as_str()).collect();
        match fault.word() {
            "refuse" => assert_eq!(shown["enabled"], false),
            "blackhole" => assert_eq!(streams, ["downstream", "upstream"], "both directions"),
            _ => assert_eq!(streams, ["downstream"]),
        }
        control.renew("p", &injected.toxic, TTL).await.unwrap();
        let healed = control.heal("p", &injected.toxic).await.unwrap();
        assert_eq!((healed.touched, healed.expired), (None, false));
        assert!(injected.lo <= injected.hi && injected.hi <= healed.lo && healed.lo <= healed.hi);
        let shown = plain.shown();
        assert!(shown["enabled"] == true && shown["toxics"] == json!([]), "{shown}");
    }
    assert!(control.heal("p", "latency-1").await.unwrap().expired);
    assert!(matches!(control.events().await, Err(ControlError::Unsupported { .. })));
    let tls = control.create("q", &at(""), "https://api.example", Dialect::OpenAi).await.unwrap_err();
    assert!(matches!(tls, ControlError::Unsupported { .. }), "{tls}");
}

#[tokio::test]
async fn what_was_asked_for_is_unhealed_until_a_read_back_shows_it_gone() {
    let (_plain, control) = Plain::start(false).await;
    let blackhole = control.inject("p", &Blackhole.into(), &Aim::default(), TTL).await.unwrap();
    let refuse = control.inject("p", &Refuse.into(), &Aim::default(), TTL).await.unwrap();
    assert_eq!(control.unhealed().len(), 2);
    control.heal("p", &refuse.toxic).await.unwrap();
    assert_eq!(control.unhealed(), [("p".to_owned(), blackhole.toxic.clone())]);
    control.heal("p", &blackhole.toxic).await.unwrap();
    assert_eq!(control.unhealed(), []);
    // Of one whose read-back showed something else it is not known whether it is in force.
    let (_deaf, control) = Plain::start(true).await;
    let late = Fault::from(Latency { latency: Duration::from_millis(100), jitter: Duration::ZERO });
    control.inject("p", &late, &Aim::default(), TTL).await.unwrap_err();
    assert_eq!(control.unhealed().len(), 1);
    control.heal_all().await.unwrap_err();
    assert_eq!(control.unhealed().len(), 1, "a heal that was refused has healed nothing");
}

#[tokio::test]
async fn a_proxy_that_is_somebody_s_own_is_named_with_what_is_on_it_and_nobody_is_told_to_delete_it() {
    let (proxy, control, _) = embedded().await;
    let api = format!("http://{}", proxy.api());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post =
        async |path: &str, body: Value| assert!(http.post(format!("{api}{path}")).json(&body).send().await.unwrap().status().is_success());
    let again = async |upstream: &str| {
        explained(&control.create("a1", &ProxyBinding::default(), upstream, Dialect::OpenAi).await.map(|_| ()).unwrap_err())
    };
    control.create("a1", &ProxyBinding::default(), "http://127.0.0.1:1", Dialect::OpenAi).await.unwrap();
    let elsewhere = again("http://127.0.0.1:2").await;
    assert!(elsewhere.contains("its `upstream` is http://127.0.0.1:1 where this drill needs http://127.0.0.1:2"), "{elsewhere}");
    post("/proxies/a1", json!({"enabled": false})).await;
    let disabled = again("http://127.0.0.1:1").await;
    assert!(disabled.contains("a1 is disabled"), "{disabled}");
    post("/proxies/a1/toxics", json!({"type": "latency", "name": "mine"})).await;
    let toxic = again("http://127.0.0.1:1").await;
    assert!(toxic.contains("a1 has the toxic `mine`") && toxic.contains("lifeboat heal --control"), "{toxic}");
    for told in [elsewhere, disabled, toxic] {
        assert!(told.contains("hint: ") && !told.contains("DELETE") && !told.contains("remove"), "{told}");
    }
}

#[tokio::test]
async fn a_fault_that_the_read_back_does_not_show_is_an_error() {
    let (_plain, control) = Plain::start(true).await;
    let late = Fault::from(Latency { latency: Duration::from_millis(100), jitter: Duration::ZERO });
    let error = control.inject("p", &late, &Aim::default(), TTL).await.unwrap_err();
    assert!(matches!(error, ControlError::NotShown { .. }), "{error}");
}

#[tokio::test]
async fn a_control_api_that_is_not_called_so_says_what_to_set() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let proxy = Proxy::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let api = proxy.api();
    // Whoever stands between may call it by a name that nobody has told the proxy.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let between = serve(Router::new().fallback(async move || {
        let answer = soon(http.get(format!("http://{api}/version")).header("host", "drills.example").send()).await.unwrap();
        (answer.status(), soon(answer.text()).await.unwrap())
    }))
    .await;
    let told = explained(&Control::connect(&between).await.map(|_| ()).unwrap_err());
    assert!(told.contains("(status 403)") && told.contains("this server is not known as `drills.example`"), "{told}");
    assert!(told.contains("hint: ") && told.contains("--api-host NAME"), "{told}");
}
