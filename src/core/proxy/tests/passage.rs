//! What passes: whole, in order, as it comes, late or slowly where a fault says so.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_pass_whole_and_name_the_provider_as_host() {
    let rig = Rig::start("openai").await;
    let mut wire = rig.link().await;
    for _ in 0..3 {
        let (status, body) = wire.ask("/echo/a?b=c").await;
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &told["uri"], &told["host"]), (200, &json!("/echo/a?b=c"), &json!(rig.upstream.to_string())));
    }
    // Beyond what is read ahead, with and without a length.
    for size in [10, 1 << 20, 3 << 20] {
        let url = format!("http://{}/echo", rig.listen);
        let sent = rig.http.post(url).body(vec![b'x'; size]).send();
        let told: Value = soon(soon(sent).await.unwrap().json()).await.unwrap();
        assert_eq!(told["length"], size);
    }
    rig.proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_pass_chunk_by_chunk() {
    let rig = Rig::start("openai").await;
    let mut wire = rig.link().await;
    wire.send("/stream").await;
    let stream = rig.provider.stream(1).await;
    for chunk in ["data: one\n\n", "data: two\n\n"] {
        // The next chunk exists only after this one was read: a buffer anywhere would hang here.
        stream.send(chunk.into()).await.unwrap();
        wire.until(chunk).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency_is_added_on_open_connections_and_what_waits_comes_at_once_when_it_is_healed() {
    for dialect in ["openai", "tcp"] {
        let rig = Rig::start(dialect).await;
        let mut wire = rig.link().await;
        wire.ask("/echo").await;
        rig.inject("latency", json!({"latency": 200, "jitter": 50})).await;
        let began = Instant::now();
        wire.ask("/echo").await;
        assert!(began.elapsed() >= Duration::from_millis(150), "{:?}", began.elapsed());
        assert_eq!(rig.heal().await["touched"], 1);

        rig.inject("latency", json!({"latency": 80_000_000})).await;
        wire.send("/echo").await;
        wire.is_silent().await;
        rig.heal().await;
        assert_eq!(wire.answer().await.0, 200, "a day's latency ends when it is removed");
        assert_eq!(wire.ask("/echo").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency_is_not_a_rate_limit_and_bandwidth_is() {
    let rig = Rig::start("openai").await;
    rig.inject("latency", json!({"latency": 100})).await;
    let mut wire = rig.link().await;
    wire.send("/stream").await;
    let stream = rig.provider.stream(1).await;
    let began = Instant::now();
    for _ in 0..50 {
        stream.send("data: x\n\n".into()).await.unwrap();
        // Each chunk is a write of its own.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stream.send("data: last\n\n".into()).await.unwrap();
    wire.until("data: last").await;
    // One delay after another would be five seconds.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    rig.heal().await;
    rig.inject("bandwidth", json!({"rate": 1})).await;
    let began = Instant::now();
    stream.send(vec![b'y'; 500].into()).await.unwrap();
    stream.send("data: end\n\n".into()).await.unwrap();
    wire.until("data: end").await;
    assert!(began.elapsed() >= Duration::from_millis(450), "500 bytes at 1 KB/s: {:?}", began.elapsed());
    assert_eq!(rig.heal().await["touched"], 1);
}

/// Whatever comes and goes, the gateway reads exactly the bytes that the provider wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_byte_is_lost_or_reordered_by_latency_and_bandwidth_at_any_moment() {
    for seed in 0..12u64 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let rig = Rig::empty().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap().to_string();
        let (_, created) = rig.call("POST", "/proxies", Some(json!({"name": "p", "upstream": upstream}))).await;
        let mut gateway = soon(TcpStream::connect(created["listen"].as_str().unwrap())).await.unwrap();
        let (mut provider, _) = soon(listener.accept()).await.unwrap();
        let numbered: Vec<u8> = (0..200_000u32).flat_map(u32::to_be_bytes).collect();
        let sent = numbered.clone();
        let mut gaps = ChaCha8Rng::seed_from_u64(seed ^ 0xff);
        let writing = tokio::spawn(async move {
            let mut rest = &sent[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(gaps.random_range(1..20_000)));
                provider.write_all(now).await.unwrap();
                rest = later;
                tokio::time::sleep(Duration::from_micros(gaps.random_range(0..3000))).await;
            }
            // The end of the stream is a fact as well: it must come after the last byte, however late that is.
            provider.shutdown().await.unwrap();
        });
        let reading = tokio::spawn(async move {
            let mut came = Vec::new();
            soon(gateway.read_to_end(&mut came)).await.unwrap();
            came
        });
        while !reading.is_finished() {
            let (kind, attributes) = match random.random_range(0..3) {
                0 => ("latency", json!({"latency": 30, "jitter": 30, "seed": seed})),
                1 => ("latency", json!({"latency": 3})),
                _ => ("bandwidth", json!({"rate": random.random_range(200..4000)})),
            };
            rig.inject(kind, attributes).await;
            tokio::time::sleep(Duration::from_millis(random.random_range(0..30))).await;
            if random.random_bool(0.3) {
                let more = json!({"name": "second", "type": "latency", "attributes": {"latency": 10, "jitter": 10}, "ttl_ms": 15});
                rig.call("POST", "/proxies/p/toxics", Some(more)).await;
            }
            rig.heal().await;
        }
        soon(writing).await.unwrap();
        let came = soon(reading).await.unwrap();
        assert!(came == numbered, "seed {seed}: {} of {} bytes, or others", came.len(), numbered.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_answer_is_whole_although_the_connection_ends_with_it() {
    let rig = Rig::start("openai").await;
    let mut reader = Reader::open(&rig).await;
    rig.inject("latency", json!({"latency": 100})).await;
    let mut wire = rig.link().await;
    wire.0.write_all(b"GET /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(wire.answer().await.0, 200);
    wire.end().await.unwrap();
    let seen = reader.exchange().await;
    assert_eq!((&seen["cut"], &seen["touched"]), (&json!(false), &json!(true)));
    // It is whole when its last byte left, not when the provider had answered.
    assert!(seen["took"].as_u64().unwrap() >= 100_000_000, "{seen}");
}
