//! Shopify's toxics on real sockets: both directions, bytes and exchanges, in order, removed at any moment; and its API's manners.

use super::*;

/// A proxy `p` before a provider that the test plays itself, with one connection through it.
async fn pair(rig: &Rig) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let (_, created) = rig.call("POST", "/proxies", Some(json!({"name": "p", "upstream": upstream}))).await;
    let gateway = soon(TcpStream::connect(created["listen"].as_str().unwrap())).await.unwrap();
    let (provider, _) = soon(listener.accept()).await.unwrap();
    (gateway, provider)
}

async fn add(rig: &Rig, toxic: Value) {
    let (status, told) = rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
    assert_eq!(status, 200, "{told}");
}

async fn rest(socket: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut came = Vec::new();
    soon(socket.read_to_end(&mut came)).await.map(|_| came)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency_acts_on_the_stream_that_it_is_for() {
    for dialect in ["tcp", "openai"] {
        let rig = Rig::start(dialect).await;
        let mut wire = rig.link().await;
        wire.ask("/echo").await;
        for stream in ["upstream", "downstream"] {
            add(&rig, json!({"name": "t", "type": "latency", "stream": stream, "attributes": {"latency": 120}})).await;
            let began = Instant::now();
            wire.ask("/echo").await;
            // Both together would be 240 ms; a busy machine adds less than the rest.
            assert!(began.elapsed() >= Duration::from_millis(120), "{dialect} {stream}: {:?}", began.elapsed());
            assert_eq!(rig.heal().await["touched"], 1, "{dialect} {stream}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_lets_exactly_its_bytes_pass_and_closes() {
    for stream in ["upstream", "downstream"] {
        let rig = Rig::empty().await;
        let (mut gateway, mut provider) = pair(&rig).await;
        add(&rig, json!({"type": "slicer", "stream": stream, "attributes": {"average_size": 100, "size_variation": 30}})).await;
        add(&rig, json!({"type": "limit_data", "stream": stream, "attributes": {"bytes": 1500}})).await;
        let (from, to) = if stream == "upstream" { (&mut gateway, &mut provider) } else { (&mut provider, &mut gateway) };
        from.write_all(&[9; 4000]).await.unwrap();
        assert_eq!(rest(to).await.unwrap().len(), 1500, "{stream}");
        assert!(rest(from).await.is_ok_and(|came| came.is_empty()), "the other side is closed too");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeout_loses_what_comes_and_closes_in_its_time_or_when_removed() {
    let rig = Rig::empty().await;
    let (mut gateway, mut provider) = pair(&rig).await;
    add(&rig, json!({"name": "t", "type": "timeout"})).await;
    provider.write_all(b"lost").await.unwrap();
    gateway.write_all(b"passes").await.unwrap();
    let mut came = [0; 6];
    soon(provider.read_exact(&mut came)).await.unwrap();
    assert_eq!(&came, b"passes", "the other direction is not concerned");
    Wire(gateway).is_silent().await;
    rig.heal().await;
    assert!(rest(&mut provider).await.unwrap().is_empty());
    let (_, shown) = rig.call("DELETE", "/proxies/p", None).await;
    assert_eq!(shown, Value::Null);
    let (mut gateway, mut provider) = pair(&rig).await;
    let began = Instant::now();
    add(&rig, json!({"name": "t", "type": "timeout", "stream": "upstream", "attributes": {"timeout": 150}})).await;
    gateway.write_all(b"lost").await.unwrap();
    assert!(rest(&mut provider).await.unwrap().is_empty() && rest(&mut gateway).await.unwrap().is_empty());
    assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_comes_in_its_time_hits_both_sides_and_can_be_interrupted() {
    let rig = Rig::empty().await;
    let (mut gateway, mut provider) = pair(&rig).await;
    add(&rig, json!({"name": "t", "type": "reset_peer", "attributes": {"timeout": 60_000}})).await;
    provider.write_all(b"held").await.unwrap();
    assert!(timeout(SILENCE, gateway.read(&mut [0])).await.is_err());
    let began = Instant::now();
    rig.heal().await;
    let mut came = [0; 4];
    soon(gateway.read_exact(&mut came)).await.unwrap();
    assert_eq!(&came, b"held");
    assert!(began.elapsed() < Duration::from_secs(10), "its minute was waited for");
    add(&rig, json!({"name": "t", "type": "reset_peer", "stream": "upstream", "attributes": {"timeout": 100}})).await;
    let began = Instant::now();
    gateway.write_all(b"hello").await.unwrap();
    assert_eq!(rest(&mut gateway).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(rest(&mut provider).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_close_keeps_a_half_closed_connection_whole() {
    let rig = Rig::empty().await;
    let (mut gateway, mut provider) = pair(&rig).await;
    add(&rig, json!({"name": "t", "type": "slow_close", "attributes": {"delay": 150}})).await;
    let began = Instant::now();
    provider.write_all(b"bye").await.unwrap();
    provider.shutdown().await.unwrap();
    assert_eq!(rest(&mut gateway).await.unwrap(), b"bye");
    assert!(began.elapsed() >= Duration::from_millis(150));
    gateway.write_all(b"still here").await.unwrap();
    gateway.shutdown().await.unwrap();
    assert_eq!(rest(&mut provider).await.unwrap(), b"still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_of_the_provider_is_passed_on_as_a_reset() {
    let rig = Rig::empty().await;
    let (mut gateway, provider) = pair(&rig).await;
    socket2::SockRef::from(&provider).set_linger(Some(Duration::ZERO)).unwrap();
    drop(provider);
    assert_eq!(rest(&mut gateway).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_toxicity_takes_whole_connections_and_zero_takes_none() {
    for (toxicity, bounds) in [(0.0, 0..=0), (0.5, 20..=80), (1.0, 100..=100)] {
        let rig = Rig::start("tcp").await;
        add(&rig, json!({"type": "limit_data", "toxicity": toxicity, "attributes": {"bytes": 0, "seed": 3}})).await;
        let mut taken = 0;
        for _ in 0..100 {
            let mut wire = rig.link().await;
            wire.0.write_all(b"GET /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
            taken += u64::from(rest(&mut wire.0).await.is_ok_and(|came| came.is_empty()));
        }
        assert!(bounds.contains(&taken), "{toxicity}: {taken}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn populate_keeps_what_is_the_same_and_replaces_what_differs() {
    let rig = Rig::empty().await;
    let two =
        |upstream: &str, listen: &str| json!([{"name": "a", "listen": listen, "upstream": upstream}, {"name": "b", "upstream": "h:2"}]);
    let (status, made) = rig.call("POST", "/populate", Some(two("h:1", "127.0.0.1:0"))).await;
    assert_eq!((status, made["proxies"].as_array().unwrap().len()), (201, 2), "{made}");
    let listen = made["proxies"][0]["listen"].as_str().unwrap().to_owned();
    rig.call("POST", "/proxies/a/toxics", Some(json!({"type": "noop"}))).await;
    let (_, again) = rig.call("POST", "/populate", Some(two("h:1", &listen.replace("127.0.0.1", "localhost")))).await;
    assert_eq!(again["proxies"][0]["toxics"][0]["name"], "noop_downstream", "{again}");
    let (_, other) = rig.call("POST", "/populate", Some(two("h:7", &listen))).await;
    assert_eq!((&other["proxies"][0]["upstream"], &other["proxies"][0]["toxics"]), (&json!("h:7"), &json!([])), "{other}");
    let (status, partly) = rig
        .call("POST", "/populate", Some(json!([{"name": "c", "upstream": "h:1"}, {"name": "d", "upstream": "h:1", "listen": listen}])))
        .await;
    assert!(status == 500 && partly["status"] == 500 && partly["proxies"][0]["name"] == "c", "{partly}");
    let (status, none) = rig.call("POST", "/populate", Some(json!([{"name": "e", "upstream": "h:1"}, {"name": "f"}]))).await;
    assert!(status == 400 && none["error"] == "missing required field: upstream at proxy 2" && none["proxies"] == json!([]), "{none}");
    assert_eq!(rig.call("GET", "/proxies/e", None).await.0, 404, "nothing is made of a list with a mistake");
}

/// Whether the metrics say, for both directions, that everything that was received was sent.
async fn counts_agree(rig: &Rig) -> bool {
    let answer = rig.http.get(format!("http://{}/metrics", rig.proxy.api())).send().await.unwrap();
    assert!(answer.headers().contains_key("x-toxiproxy-request-id"));
    let text = answer.text().await.unwrap();
    let value = |name: &str, direction: &str| -> u64 {
        let line = text.lines().find(|line| line.starts_with(name) && line.contains(&format!("direction=\"{direction}\"")));
        line.expect(&text).rsplit(' ').next().unwrap().parse().unwrap()
    };
    let both = ["upstream", "downstream"]
        .map(|direction| (value("toxiproxy_proxy_received_bytes_total", direction), value("toxiproxy_proxy_sent_bytes_total", direction)));
    both.iter().all(|(received, sent)| received == sent && *sent > 50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passed_is_counted_in_prometheus_words() {
    for dialect in ["tcp", "openai"] {
        let rig = Rig::start(dialect).await;
        rig.ask("/echo").await;
        // An answer is counted once it was written, which may be a moment after it was read: the counts are looked at until they agree.
        soon(async { while !counts_agree(&rig).await {} }).await;
    }
}

#[tokio::test]
async fn in_the_plain_manner_nothing_is_added() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ProxySettings { flavor: ApiFlavor::Plain, ..ProxySettings::at(([127, 0, 0, 1], 0).into()) };
    let proxy = Proxy::start_with(settings).await.unwrap();
    let rig = Rig { proxy, ..Rig::empty().await };
    assert_eq!(rig.call("GET", "/version", None).await.1.as_object().unwrap().keys().collect::<Vec<_>>(), ["version"]);
    let (_, made) = rig.call("POST", "/proxies", Some(json!({"name": "p", "upstream": "h:1", "dialect": "openai"}))).await;
    assert_eq!(made.as_object().unwrap().len(), 5, "{made}");
    let toxic = json!({"type": "latency", "attributes": {"latency": 5}, "ttl_ms": 1});
    let (_, made) = rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
    assert_eq!(made.as_object().unwrap().len(), 5, "{made}");
    assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(json!({"type": "blackhole"}))).await.0, 400);
    assert_eq!(rig.call("GET", "/events", None).await.0, 404);
    assert_eq!(rig.call("DELETE", "/proxies/p/toxics/latency_downstream", None).await.0, 204, "no lease has ended it");
}
