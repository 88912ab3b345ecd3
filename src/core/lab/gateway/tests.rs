//! The gateway against providers that hang, refuse, cut and recover. Upstreams are small servers whose behaviour is switched.

use super::super::rig::{Got, ask, ask_for, ask_with, client, loopback, quick};
use super::super::server::full;
use super::super::{KeyState, SimulatedProvider};
use super::*;
use crate::history::Breaker::{Closed, HalfOpen, Open};
use crate::model::CredentialKind;
use crate::units::{Duration, Explained, Fingerprint, Seed};
use bytes::Bytes;
use hyper::body::Frame;
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

/// How a switched upstream behaves, instead of a status to answer with.
const HANGS: u16 = 1;
const CUTS_MID_BODY: u16 = 2;

/// A provider whose behaviour a test switches.
struct Switched {
    server: LabServer,
    behaviour: Arc<AtomicU16>,
    asked: Arc<AtomicU32>,
}

impl Switched {
    fn start(behaviour: u16) -> Self {
        let (behaviour, asked) = (Arc::new(AtomicU16::new(behaviour)), Arc::new(AtomicU32::new(0)));
        let server = LabServer::start("switched", loopback(), {
            let (behaviour, asked) = (Arc::clone(&behaviour), Arc::clone(&asked));
            move |request| {
                let (behaviour, asked) = (Arc::clone(&behaviour), Arc::clone(&asked));
                async move {
                    whole_body(request.into_body(), LONGEST).await.unwrap();
                    asked.fetch_add(1, Ordering::SeqCst);
                    match behaviour.load(Ordering::SeqCst) {
                        HANGS => std::future::pending().await,
                        CUTS_MID_BODY => Response::new(CutBody { polls: 0 }.boxed_unsync()),
                        status => Response::builder().status(status).body(full(r#"{"error":{"code":"as_told"}}"#)).unwrap(),
                    }
                }
            }
        });
        Self { server: server.unwrap(), behaviour, asked }
    }

    fn upstream(&self, name: &str) -> Upstream {
        upstream(name, Dialect::OpenAi, format!("http://{}/v1", self.server.address()))
    }

    fn becomes(&self, behaviour: u16) {
        self.behaviour.store(behaviour, Ordering::SeqCst);
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// One event, a pause in which it leaves, then a cut.
struct CutBody {
    polls: u32,
}

impl hyper::body::Body for CutBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.polls += 1;
        match self.polls {
            1 => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: {\"choices\":[]}\n\n"))))),
            2 => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            _ => Poll::Ready(Some(Err("cut".into()))),
        }
    }
}

fn upstream(name: &str, dialect: Dialect, base_url: String) -> Upstream {
    Upstream {
        name: name.into(),
        dialect,
        base_url,
        key: "sk-upstream".into(),
        kind: CredentialKind::ApiKey,
        store: None,
        model: "gpt-4o".into(),
        embedding_model: "text-3".into(),
    }
}

/// A standby that works.
fn standby() -> (SimulatedProvider, Upstream) {
    let provider = SimulatedProvider::start("standby", &quick(Dialect::AzureOpenAi), "sk-upstream".into(), Seed(1), loopback()).unwrap();
    let upstream = upstream("standby", Dialect::AzureOpenAi, provider.base_url());
    (provider, upstream)
}

/// An address that nothing listens on: the system gave it a moment ago and will not give it again so soon.
fn dead(name: &str) -> Upstream {
    let address = std::net::TcpListener::bind(loopback()).unwrap().local_addr().unwrap();
    upstream(name, Dialect::OpenAi, format!("http://{address}/v1"))
}

fn settings(try_timeout_ms: u64, failures: u32, cooldown_ms: u64) -> GatewaySettings {
    let breaker = crate::model::BreakerSettings { failures, cooldown: Duration::from_millis(cooldown_ms), probes: 2 };
    GatewaySettings { try_timeout: Duration::from_millis(try_timeout_ms), retries: 0, breaker, ..GatewaySettings::default() }
}

/// So long that no test sees its end.
const FOR_EVER: u64 = 3_600_000;

fn gateway(settings: GatewaySettings, upstreams: impl Into<Vec<Upstream>>) -> ReferenceGateway {
    ReferenceGateway::start(&settings, upstreams.into(), "sk-client".into(), loopback()).unwrap()
}

async fn send(gateway: &ReferenceGateway, id: u64) -> Got {
    ask(Dialect::OpenAi, &gateway.base_url(), "sk-client", id, true).await
}

fn states(moves: &mut mpsc::UnboundedReceiver<Move>) -> Vec<history::Breaker> {
    std::iter::from_fn(|| moves.try_recv().ok()).map(|made| made.breaker).collect()
}

#[tokio::test]
async fn those_that_share_the_load_take_turns_and_a_standby_waits_behind_them() {
    let (one, other) = (Switched::start(200), Switched::start(200));
    let (provider, second) = standby();
    let upstreams = vec![one.upstream("one"), other.upstream("other"), second];
    let settings = settings(3000, 1, FOR_EVER);
    let gateway = ReferenceGateway::start_shared(&settings, upstreams, 2, "sk-client".into(), loopback()).unwrap();
    for id in 0..10 {
        assert_eq!(send(&gateway, id).await.provider(), if id % 2 == 0 { "one" } else { "other" });
    }
    one.becomes(503);
    for id in 10..20 {
        assert_eq!(send(&gateway, id).await.provider(), "other", "its share has moved");
    }
    assert_eq!((one.asked(), other.asked()), (6, 15), "the first failure opened its breaker");
    other.becomes(503);
    assert_eq!(send(&gateway, 20).await.provider(), "standby");
    assert_eq!(provider.attempts().len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_dead_primary_is_rescued_by_the_standby_and_left_alone_after_its_failures() {
    let (provider, second) = standby();
    let gateway = gateway(settings(3000, 3, FOR_EVER), [dead("primary"), second]);
    let mut moves = gateway.moves();
    for id in 0..5 {
        let got = send(&gateway, id).await;
        assert_eq!((got.status, got.judgement(), got.provider()), (200, Ok(()), "standby"), "{id}");
    }
    let status = gateway.status();
    assert_eq!((&status["providers"][0]["tries"], &status["providers"][0]["breaker"]), (&json!(3), &json!("open")), "{status}");
    assert_eq!((&status["providers"][1]["ok"], &status["providers"][1]["failed"]), (&json!(5), &json!(0)), "{status}");
    assert_eq!(states(&mut moves), [Open]);
    assert_eq!(states(&mut gateway.moves()), [Open], "who listens late hears of it too");
    let attempts = provider.attempts();
    assert_eq!(attempts.iter().map(|entry| entry.mark.unwrap().id).collect::<Vec<_>>(), [0, 1, 2, 3, 4], "marks are passed on");
    assert!(attempts.iter().all(|entry| entry.key == Fingerprint::of("sk-upstream")), "the client's key is not");
    gateway.stop().await;
}

#[tokio::test]
async fn a_try_that_fails_moves_on_whatever_the_failure_is() {
    for (behaviour, said) in [(401, "status 401 (as_told)"), (403, "status 403"), (408, "408"), (429, "429"), (500, "500"), (503, "503")] {
        let primary = Switched::start(behaviour);
        let (_provider, second) = standby();
        let both = gateway(settings(3000, 9, FOR_EVER), [primary.upstream("primary"), second]);
        assert_eq!(send(&both, 1).await.provider(), "standby", "{said}");
        let alone = gateway(settings(3000, 1, FOR_EVER), [primary.upstream("primary")]);
        let got = send(&alone, 2).await;
        let text = String::from_utf8(got.body.clone()).unwrap();
        assert!(got.status == 502 && text.contains(said) && text.contains("no_provider_answered"), "{text}");
        let text = String::from_utf8(send(&alone, 3).await.body).unwrap();
        assert!(text.contains("primary: not tried, its breaker is open"), "{text}");
    }
    // Cut before the headers: a listener that takes each connection, reads a little and closes.
    let listener = tokio::net::TcpListener::bind(loopback()).await.unwrap();
    let cutting = upstream("primary", Dialect::OpenAi, format!("http://{}/v1", listener.local_addr().unwrap()));
    let closing = tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            socket.readable().await.unwrap();
            let _ = socket.try_read(&mut [0; 16]);
        }
    });
    let text = String::from_utf8(send(&gateway(settings(3000, 9, FOR_EVER), [cutting]), 1).await.body).unwrap();
    assert!(text.contains("connection cut before an answer"), "{text}");
    closing.abort();
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_not_the_providers_fault() {
    for status in [400, 404, 422] {
        let primary = Switched::start(status);
        let (_provider, second) = standby();
        let gateway = gateway(settings(3000, 1, FOR_EVER), [primary.upstream("primary"), second]);
        let got = send(&gateway, 1).await;
        assert_eq!((got.status, got.provider(), got.body.as_slice()), (status, "primary", &br#"{"error":{"code":"as_told"}}"#[..]));
        assert_eq!(gateway.status()["providers"][0]["ok"], 1);
    }
}

#[tokio::test]
async fn retries_stay_on_the_provider_as_far_as_its_breaker_lets_them() {
    let primary = Switched::start(503);
    let (_provider, second) = standby();
    let gateway = gateway(GatewaySettings { retries: 2, ..settings(3000, 4, FOR_EVER) }, [primary.upstream("primary"), second]);
    assert_eq!(send(&gateway, 1).await.provider(), "standby");
    assert_eq!(primary.asked(), 3);
    assert_eq!(send(&gateway, 2).await.provider(), "standby");
    assert_eq!(primary.asked(), 4, "the fourth failure opened the breaker");
}

#[tokio::test]
async fn with_a_primary_that_hangs_the_breaker_opens_one_try_timeout_after_the_fifth_dispatch() {
    const TRY: u64 = 300;
    let primary = Switched::start(HANGS);
    let (_provider, second) = standby();
    let gateway = gateway(settings(TRY, 5, FOR_EVER), [primary.upstream("primary"), second]);
    let (mut moves, client) = (gateway.moves(), client());
    let mut sent = Vec::new();
    let mut tasks = Vec::new();
    // 50 requests a second until the breaker must be open, on an even schedule.
    let start = tokio::time::Instant::now();
    for id in 0..25u64 {
        tokio::time::sleep_until(start + std::time::Duration::from_millis(20 * id)).await;
        let (client, url) = (client.clone(), gateway.base_url());
        sent.push(HostTime::now());
        tasks.push(tokio::spawn(async move { ask_with(&client, Dialect::OpenAi, &url, "sk-client", id, true).await }));
    }
    let mut slow = 0;
    for task in tasks {
        let got = task.await.unwrap();
        assert_eq!((got.judgement(), got.provider()), (Ok(()), "standby"));
        slow += u32::from(got.headers_after >= std::time::Duration::from_millis(TRY));
    }
    let opened = moves.recv().await.unwrap();
    assert_eq!((opened.breaker, opened.provider.as_str()), (Open, "primary"));
    let after = std::time::Duration::from_nanos(opened.at.since(sent[4]));
    // Never earlier: the fifth try was dispatched after it was sent, and timers are not early. Later by what a busy machine takes to
    // connect and to wake up: 200 ms is far more than that, and far less than another 5 dispatches and a timeout.
    let wanted = std::time::Duration::from_millis(TRY);
    assert!(after >= wanted && after < wanted + std::time::Duration::from_millis(200), "{after:?}");
    assert_eq!(u64::from(slow), gateway.status()["providers"][0]["tries"].as_u64().unwrap(), "who tried the primary paid, nobody else");
    assert_eq!(states(&mut moves), [], "late failures of the same outage move nothing");
}

#[tokio::test]
async fn half_open_lets_one_probe_through_and_traffic_returns_when_the_primary_does() {
    let primary = Switched::start(503);
    let (_provider, second) = standby();
    let gateway = gateway(settings(3000, 1, 50), [primary.upstream("primary"), second]);
    let mut moves = gateway.moves();
    assert_eq!(send(&gateway, 0).await.provider(), "standby");
    let opened = moves.recv().await.unwrap();
    // The probe hangs; everybody else goes to the standby meanwhile.
    primary.becomes(HANGS);
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let (url, key) = (gateway.base_url(), "sk-client");
    let probe = tokio::spawn(async move { ask(Dialect::OpenAi, &url, key, 1, true).await });
    let half = moves.recv().await.unwrap();
    assert!(half.breaker == HalfOpen && half.at.since(opened.at) >= 50_000_000, "not before the cooldown is over");
    for id in 2..6 {
        assert_eq!(send(&gateway, id).await.provider(), "standby");
    }
    assert_eq!(gateway.status()["providers"][0]["tries"], 2, "one request and one probe");
    // A client that hangs up frees the probe's place, so the next request probes; two good ones close the breaker.
    primary.becomes(200);
    probe.abort();
    let closed = async {
        let mut id = 6;
        while gateway.status()["providers"][0]["breaker"] != "closed" {
            send(&gateway, id).await;
            id += 1;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), closed).await.expect("probes pass one after another");
    assert_eq!(moves.recv().await.unwrap().breaker, Closed);
    assert_eq!(send(&gateway, 99).await.provider(), "primary", "failback");
    assert_eq!(states(&mut moves), []);
}

#[tokio::test]
async fn a_cut_stream_is_passed_on_as_a_cut() {
    let primary = Switched::start(CUTS_MID_BODY);
    let gateway = gateway(settings(3000, 5, FOR_EVER), [primary.upstream("primary")]);
    let got = send(&gateway, 1).await;
    assert!(got.status == 200 && got.cut && !got.body.is_empty(), "{got:?}");
    assert_eq!(gateway.status()["providers"][0]["failed"], 0, "headers came");
}

#[tokio::test]
async fn a_key_that_is_revoked_at_the_primary_moves_traffic() {
    let primary = SimulatedProvider::start("primary", &quick(Dialect::OpenAi), "sk-upstream".into(), Seed(1), loopback()).unwrap();
    let (_provider, second) = standby();
    let gateway = gateway(settings(3000, 2, FOR_EVER), [upstream("primary", Dialect::OpenAi, primary.base_url()), second]);
    assert_eq!(send(&gateway, 1).await.provider(), "primary");
    primary.set_key("sk-upstream", KeyState::Revoked);
    for id in 2..5 {
        assert_eq!(send(&gateway, id).await.provider(), "standby");
    }
    assert_eq!(primary.attempts().iter().map(|entry| entry.status).collect::<Vec<_>>(), [200, 401, 401]);
}

#[tokio::test]
async fn connections_to_providers_are_used_again() {
    let accepted = Arc::new(AtomicU32::new(0));
    let (provider, _) = standby();
    // A relay that counts connections.
    let listener = tokio::net::TcpListener::bind(loopback()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let target = provider.base_url().replace("http://", "");
    let relay = tokio::spawn({
        let accepted = Arc::clone(&accepted);
        async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Ordering::SeqCst);
                let mut far = tokio::net::TcpStream::connect(&target).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        }
    });
    let gateway = gateway(settings(3000, 5, FOR_EVER), [upstream("standby", Dialect::AzureOpenAi, url)]);
    for id in 0..10 {
        assert_eq!(send(&gateway, id).await.judgement(), Ok(()));
    }
    // The pool takes a connection back after its answer was read: a request that comes sooner may open a second one.
    assert!(accepted.load(Ordering::SeqCst) <= 3, "{accepted:?}");
    relay.abort();
}

#[tokio::test]
async fn the_gateways_own_pages_and_refusals() {
    let gateway = gateway(settings(3000, 5, FOR_EVER), [dead("primary")]);
    let root = gateway.base_url().replace("/v1", "");
    let client = client();
    assert_eq!(client.get(format!("{root}/health")).send().await.unwrap().status(), 200);
    let status: Value = client.get(format!("{root}/status")).send().await.unwrap().json().await.unwrap();
    assert_eq!(status, gateway.status());
    assert_eq!(client.get(format!("{root}/nowhere")).send().await.unwrap().status(), 404);
    assert_eq!(ask(Dialect::OpenAi, &gateway.base_url(), "sk-wrong", 1, true).await.status, 401);
    let post = |body: Vec<u8>| client.post(format!("{root}/v1/chat/completions")).bearer_auth("sk-client").body(body).send();
    assert_eq!(post(b"{oops".to_vec()).await.unwrap().status(), 400);
    assert_eq!(post(vec![b' '; LONGEST + 1]).await.unwrap().status(), 413);
    let wrong = ReferenceGateway::start(
        &GatewaySettings::default(),
        vec![upstream("p", Dialect::OpenAi, "nowhere".into())],
        "k".into(),
        loopback(),
    );
    assert!(wrong.unwrap_err().hint().is_some());
    let foreign = vec![upstream("p", Dialect::Anthropic, "http://127.0.0.1:1".into())];
    let foreign = ReferenceGateway::start(&GatewaySettings::default(), foreign, "k".into(), loopback()).unwrap_err().to_string();
    assert!(foreign.starts_with("the reference gateway cannot use `p`, because that speaks `anthropic`"), "{foreign}");
    let started = Instant::now();
    gateway.stop().await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "idle connections do not hold it up");
}

#[tokio::test]
async fn responses_and_vectors_are_passed_on_to_who_has_them_and_vectors_to_their_own_model() {
    for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi] {
        let mut there = quick(dialect);
        there.models.insert("embeddings".to_owned(), "text-3".to_owned());
        let provider = SimulatedProvider::start("there", &there, "sk-upstream".into(), Seed(1), loopback()).unwrap();
        let upstreams = vec![dead("gone"), upstream("there", dialect, provider.base_url())];
        let gateway = ReferenceGateway::start(&GatewaySettings::default(), upstreams, "sk-client".into(), loopback()).unwrap();
        for (operation, streamed, model) in [
            (Operation::Responses, false, "gpt-4o"),
            (Operation::Responses, true, "gpt-4o"),
            (Operation::Embeddings, false, "text-3"),
            (Operation::Chat, true, "gpt-4o"),
        ] {
            let got = ask_for(Dialect::OpenAi, operation, &gateway.base_url(), "sk-client", streamed).await;
            assert_eq!((got.judgement(), got.provider()), (Ok(()), "there"), "{dialect} {operation} {streamed}");
            assert_eq!(provider.attempts().pop().unwrap().model, model, "{dialect} {operation}");
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_web_page_neither_reads_the_status_nor_lets_keys_be_read_again() {
    let provider = Switched::start(200);
    let gateway =
        ReferenceGateway::start(&GatewaySettings::default(), vec![provider.upstream("first")], "sk-clients".into(), loopback()).unwrap();
    let root = gateway.base_url().trim_end_matches("/v1").to_owned();
    for (method, path) in [("GET", "/status"), ("POST", "/reload"), ("POST", "/v1/reload"), ("POST", "/v1/prefer/first")] {
        for page in
            [Some(("origin", "https://evil.example")), Some(("sec-fetch-site", "same-origin")), Some(("host", "evil.example")), None]
        {
            let request = client().request(method.parse().unwrap(), format!("{root}{path}"));
            let request = page.map_or(request.try_clone().unwrap(), |(name, value)| request.header(name, value));
            let status = request.send().await.unwrap().status();
            assert_eq!(status == 403, page.is_some(), "{method} {path} {page:?}: {status}");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn who_is_preferred_is_tried_first_and_the_others_after_it() {
    let (first, second) = (Switched::start(200), Switched::start(200));
    let gateway = gateway(settings(3000, 5, FOR_EVER), vec![first.upstream("first"), second.upstream("second")]);
    let root = gateway.base_url();
    let prefer = async |name: &str| client().post(format!("{root}/prefer/{name}")).send().await.unwrap().status().as_u16();
    let serves = async || send(&gateway, 1).await.provider().to_owned();
    assert_eq!(serves().await, "first");
    assert_eq!((prefer("second").await, serves().await.as_str()), (200, "second"));
    second.becomes(500);
    assert_eq!((prefer("nobody").await, serves().await.as_str()), (404, "first"), "the preferred one fails, and nobody else is preferred");
    second.becomes(200);
    assert_eq!((prefer("").await, serves().await.as_str()), (200, "first"));
    gateway.stop().await;
}
