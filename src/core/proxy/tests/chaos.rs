//! Random toxics, injected, changed and healed at random moments on connections that carry numbered bytes in both directions: nothing is
//! lost, changed or reordered that no active toxic declares.

use super::*;
use tokio::task::JoinSet;

/// Cases, each with a proxy, a connection, bytes both ways and a few toxics.
const CASES: u64 = 2_000;
/// Cases at once: a case mostly waits.
const AT_ONCE: usize = 48;

/// What a case has done to its connection.
#[derive(Debug, Default)]
struct Declared {
    /// A toxic may have ended it.
    ends: bool,
    /// What a limit lets pass downstream, where it holds from before the first byte.
    limit: Option<usize>,
}

/// Bytes that tell their places.
fn numbered(random: &mut ChaCha8Rng) -> Vec<u8> {
    let most = if random.random_bool(0.2) { 30_000 } else { 1_500 };
    (0..random.random_range(0..most)).flat_map(u32::to_be_bytes).collect()
}

/// A toxic that delays, slices, or takes nobody.
fn harmless(random: &mut ChaCha8Rng) -> Value {
    let (mut toxicity, few) = (1.0, random.random_range(0..4));
    let (kind, attributes) = match random.random_range(0..9) {
        0 | 1 => ("latency", json!({"latency": few, "jitter": few})),
        2 => ("bandwidth", json!({"rate": random.random_range(500..9000)})),
        3 => ("slicer", json!({"average_size": random.random_range(40..900), "size_variation": 30, "delay": few})),
        4 => ("slow_close", json!({"delay": few})),
        5 => ("noop", json!({})),
        // It holds everything, and is healed before its time.
        6 => ("reset_peer", json!({"timeout": 600_000})),
        7 => ("bandwidth", json!({"rate": 0})),
        _ => {
            toxicity = 0.0;
            match few {
                0 => ("limit_data", json!({"bytes": 1})),
                1 => ("reset_peer", json!({})),
                2 => ("blackhole", json!({})),
                _ => ("timeout", json!({"timeout": 1})),
            }
        }
    };
    json!({"type": kind, "attributes": attributes, "toxicity": toxicity})
}

/// A toxic that ends connections.
fn deadly(random: &mut ChaCha8Rng) -> Value {
    let few = random.random_range(0..4);
    match random.random_range(0..6) {
        0 => json!({"type": "limit_data", "attributes": {"bytes": random.random_range(0..9_000)}}),
        1 => json!({"type": "reset_peer", "attributes": {"timeout": few}}),
        2 => json!({"type": "timeout", "attributes": {"timeout": few}}),
        3 => json!({"type": "reset"}),
        4 => json!({"type": "blackhole"}),
        _ => json!({"type": "refuse"}),
    }
}

struct Case {
    random: ChaCha8Rng,
    base: String,
    http: reqwest::Client,
    declared: Declared,
}

impl Case {
    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> u16 {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        soon(request.send()).await.unwrap().status().as_u16()
    }

    async fn inject(&mut self, name: &str, mut toxic: Value) {
        toxic["name"] = json!(name);
        if self.random.random_bool(0.5) && toxic["stream"].is_null() {
            toxic["stream"] = json!("upstream");
        }
        if self.random.random_bool(0.1) {
            toxic["ttl_ms"] = json!(self.random.random_range(1..6));
        }
        assert_eq!(self.call("POST", "/toxics", Some(&toxic)).await, 200, "{toxic}");
    }

    async fn rest(&mut self) {
        if self.random.random_bool(0.7) {
            tokio::time::sleep(Duration::from_micros(self.random.random_range(0..3_000))).await;
        }
    }

    /// Injects, changes and heals, and leaves nothing behind.
    async fn play(&mut self) {
        for turn in 0..self.random.random_range(1..5) {
            let (name, other) = (format!("t{turn}"), format!("u{turn}"));
            let dies = self.random.random_bool(0.12);
            self.declared.ends |= dies;
            let toxic = if dies { deadly(&mut self.random) } else { harmless(&mut self.random) };
            self.inject(&name, toxic).await;
            self.rest().await;
            if self.random.random_bool(0.4) {
                let toxic = harmless(&mut self.random);
                self.inject(&other, toxic).await;
                self.rest().await;
            }
            if self.random.random_bool(0.2) {
                // 200, or 404 where its lease has ended, or 400 where the type has no latency.
                let _ = self.call("PATCH", &format!("/toxics/{name}"), Some(&json!({"attributes": {"latency": 1}}))).await;
            }
            for name in if self.random.random_bool(0.5) { [&name, &other] } else { [&other, &name] } {
                let _ = self.call("DELETE", &format!("/toxics/{name}"), None).await;
            }
        }
    }
}

/// Writes in pieces, then ends its direction. A connection that was ended is no failure here.
async fn write(mut half: tokio::net::tcp::OwnedWriteHalf, bytes: Vec<u8>, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(random.random_range(1..9_000)));
        if half.write_all(now).await.is_err() {
            return;
        }
        rest = later;
        if random.random_bool(0.3) {
            tokio::time::sleep(Duration::from_micros(random.random_range(0..1_500))).await;
        }
    }
    let _ = half.shutdown().await;
}

/// What came, and whether it ended as a stream ends.
async fn read(mut half: tokio::net::tcp::OwnedReadHalf) -> (Vec<u8>, bool) {
    let mut came = Vec::new();
    let whole = half.read_to_end(&mut came).await.is_ok();
    (came, whole)
}

async fn case(seed: u64, api: String, http: reqwest::Client) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (up, down) = (numbered(&mut random), numbered(&mut random));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let asked = json!({"name": format!("p{seed}"), "upstream": listener.local_addr().unwrap().to_string()});
    let created: Value = soon(soon(http.post(format!("{api}/proxies")).json(&asked).send()).await.unwrap().json()).await.unwrap();
    let mut case = Case { random, base: format!("{api}/proxies/p{seed}"), http, declared: Declared::default() };
    if case.random.random_bool(0.1) {
        let limit = case.random.random_range(0..20_000);
        let toxic = json!({"type": "limit_data", "stream": "downstream", "name": "limit", "attributes": {"bytes": limit}});
        assert_eq!(case.call("POST", "/toxics", Some(&toxic)).await, 200);
        case.declared.limit = Some(limit);
    }
    let gateway = soon(TcpStream::connect(created["listen"].as_str().unwrap())).await.unwrap();
    let (provider, _) = soon(listener.accept()).await.unwrap();
    let ((gateway_in, gateway_out), (provider_in, provider_out)) = (gateway.into_split(), provider.into_split());
    let writers = [tokio::spawn(write(gateway_out, up.clone(), seed)), tokio::spawn(write(provider_out, down.clone(), seed ^ 0xff))];
    let readers = [tokio::spawn(read(provider_in)), tokio::spawn(read(gateway_in))];
    case.play().await;
    let [at_provider, at_gateway] = readers;
    let (at_provider, at_gateway) = (soon(at_provider).await.unwrap(), soon(at_gateway).await.unwrap());
    let Declared { ends, limit } = case.declared;
    let prefix = |came: &[u8], sent: &[u8]| sent.starts_with(came);
    assert!(prefix(&at_provider.0, &up), "case {seed}: what reached the provider is not what was sent");
    assert!(prefix(&at_gateway.0, &down), "case {seed}: what reached the gateway is not what was sent");
    let is_limited = limit.is_some_and(|limit| limit <= down.len() && !(limit == 0 && down.is_empty()));
    if let (Some(limit), false) = (limit, ends) {
        assert_eq!(at_gateway.0.len(), down.len().min(limit), "case {seed}: the limit lets exactly so much pass");
    }
    if !ends && !is_limited {
        assert!(at_provider == (up, true), "case {seed}: the provider got {} bytes", at_provider.0.len());
        assert!(at_gateway == (down, true), "case {seed}: the gateway got {} bytes", at_gateway.0.len());
    }
    for writer in writers {
        soon(writer).await.unwrap();
    }
    assert_eq!(case.call("DELETE", "", None).await, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_cases_of_random_toxics_lose_change_and_reorder_nothing_undeclared() {
    let rig = Rig::empty().await;
    let api = format!("http://{}", rig.proxy.api());
    let mut running = JoinSet::new();
    for seed in 0..CASES {
        if running.len() == AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(case(seed, api.clone(), rig.http.clone()));
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    soon(rig.proxy.stop()).await;
}
