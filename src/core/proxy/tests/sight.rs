//! What is seen of exchanges, whole and cut.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_are_seen_with_their_mark_and_fingerprint_and_never_the_secret() {
    let rig = Rig::start("openai").await;
    let mut reader = Reader::open(&rig).await;
    let url = format!("http://{}/echo", rig.listen);
    let (mark, before) = (Mark { drill: 9, id: 77 }, HostTime::now());
    let sent = rig.http.post(&url).header("authorization", "Bearer sk-secret").header(MARK_HEADER, mark.to_string());
    soon(soon(sent.send()).await.unwrap().bytes()).await.unwrap();
    let seen = reader.exchange().await;
    let key = Fingerprint::of("sk-secret").to_string();
    assert_eq!((&seen["drill"], &seen["id"], &seen["key"], &seen["status"]), (&json!(9), &json!(77), &json!(key), &json!(200)));
    assert_eq!(
        (&seen["cut"], &seen["touched"], &seen["stream"], &seen["proxy"]),
        (&json!(false), &json!(false), &json!(false), &json!("p"))
    );
    assert!((before.0..HostTime::now().0).contains(&seen["at"].as_u64().unwrap()));
    assert!(!seen.to_string().contains("secret"));
    assert_eq!(seen["posts"], true, "a request to a model is one: {seen}");
    assert!(seen.get("request").is_none(), "what bears a mark is told by its number: {seen}");

    // A gateway that drops the header leaves the mark in the body.
    soon(rig.http.post(&url).body(format!("say {}", mark.in_body())).send()).await.unwrap();
    let seen = reader.exchange().await;
    assert_eq!((&seen["id"], seen.get("request")), (&json!(77), None));

    rig.inject("credential_revoked", json!({})).await;
    rig.ask("/echo?key=secret").await;
    let seen = reader.exchange().await;
    assert_eq!(seen["request"], "GET /echo", "of others it is told what they asked, without what may be a secret");
    assert_eq!((&seen["status"], &seen["touched"], &seen["cut"]), (&json!(401), &json!(true), &json!(false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_when_a_fault_comes_ends_cut_and_touched() {
    for kind in ["blackhole", "reset", "refuse"] {
        let rig = Rig::start("openai").await;
        let mut reader = Reader::open(&rig).await;
        let (mut streaming, mut waiting, mut leaving) = (rig.link().await, rig.link().await, rig.link().await);
        streaming.send("/stream").await;
        let stream = rig.provider.stream(1).await;
        stream.send("data: one\n\n".into()).await.unwrap();
        streaming.until("data: one").await;
        waiting.send("/never").await;
        leaving.send("/never").await;
        soon(async {
            while rig.provider.asked() < 3 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(leaving);
        let seen = reader.exchange().await;
        assert_eq!((&seen["cut"], &seen["touched"]), (&json!(true), &json!(false)), "the gateway left: {seen}");

        assert_eq!(rig.inject(kind, json!({})).await["touched"], 2, "{kind}");
        let mut statuses: Vec<u64> = Vec::new();
        for _ in 0..2 {
            let seen = reader.exchange().await;
            assert_eq!((&seen["cut"], &seen["touched"]), (&json!(true), &json!(true)), "{kind}: {seen}");
            statuses.push(seen["status"].as_u64().unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [0, 200], "one had no answer yet, one was streaming");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_gone_is_told_and_seen() {
    let rig = Rig::empty().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asked = json!({"name": "p", "upstream": format!("http://{gone}"), "dialect": "openai"});
    let (_, created) = rig.call("POST", "/proxies", Some(asked)).await;
    let rig = Rig { listen: created["listen"].as_str().unwrap().to_owned(), ..rig };
    let mut reader = Reader::open(&rig).await;
    assert_eq!(rig.ask("/echo").await.0, 502);
    let seen = reader.exchange().await;
    assert_eq!((&seen["status"], &seen["cut"]), (&json!(0), &json!(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_provider_breaks_off_is_broken_off_for_the_gateway_too() {
    let rig = Rig::empty().await;
    let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", provider.local_addr().unwrap());
    let (_, created) = rig.call("POST", "/proxies", Some(json!({"name": "p", "upstream": upstream, "dialect": "http"}))).await;
    let rig = Rig { listen: created["listen"].as_str().unwrap().to_owned(), ..rig };
    let mut reader = Reader::open(&rig).await;
    let mut wire = rig.link().await;
    wire.send("/echo").await;
    let (mut asked, _) = soon(provider.accept()).await.unwrap();
    soon(asked.read(&mut [0; 4096])).await.unwrap();
    asked.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
    wire.until("half").await;
    drop(asked);
    wire.end().await.unwrap();
    let seen = reader.exchange().await;
    assert_eq!((&seen["status"], &seen["cut"], &seen["touched"]), (&json!(200), &json!(true), &json!(false)));
}
