//! The control API: its errors, leases, the stamps of a change, and its end.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_ends_by_itself_unless_it_is_renewed() {
    let rig = Rig::start("openai").await;
    let mut reader = Reader::open(&rig).await;
    let toxic = json!({"name": "t", "type": "http_status", "attributes": {"code": 503}, "ttl_ms": 600});
    rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1500) {
        let (status, renewed) = rig.call("PATCH", "/proxies/p/toxics/t", Some(json!({"ttl_ms": 600}))).await;
        assert_eq!(status, 200, "{renewed}");
        assert_eq!(rig.ask("/echo").await.0, 503, "the renewed lease ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = loop {
        let event = reader.next().await;
        if event["fault"]["change"] == "expired" {
            break event;
        }
    };
    assert_eq!(rig.ask("/echo").await.0, 200, "{ended}");
    let (status, gone) = rig.call("DELETE", "/proxies/p/toxics/t", None).await;
    assert!(status == 404 && gone["expired"]["touched"] == ended["fault"]["touched"], "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_after_hi_are_affected_and_answers_before_lo_are_not() {
    for (kind, attributes) in [("http_status", json!({"code": 503})), ("reset", json!({}))] {
        let rig = Arc::new(Rig::start("openai").await);
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let rig = rig.clone();
                tokio::spawn(async move {
                    let mut seen = Vec::new();
                    let mut wire = rig.link().await;
                    let until = Instant::now() + Duration::from_millis(400);
                    while Instant::now() < until {
                        let sent = HostTime::now();
                        let _ = wire.0.write_all(b"GET /echo HTTP/1.1\r\nhost: h\r\n\r\n").await;
                        let mut came = [0; 1024];
                        let good = soon(wire.0.read(&mut came)).await.is_ok_and(|n| came[..n].starts_with(b"HTTP/1.1 200"));
                        seen.push((sent.0, HostTime::now().0, good));
                        if !good {
                            wire = rig.link().await;
                        }
                    }
                    seen
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(150)).await;
        let applied = rig.inject(kind, attributes).await["applied"].clone();
        let (lo, hi) = (applied["lo"].as_u64().unwrap(), applied["hi"].as_u64().unwrap());
        let mut counts = [0, 0];
        for client in clients {
            for (sent, answered, good) in soon(client).await.unwrap() {
                assert!(sent <= hi || !good, "{kind}: sent {} ns after hi and answered well", sent.saturating_sub(hi));
                assert!(answered >= lo || good, "{kind}: answered {} ns before lo and affected", lo.saturating_sub(answered));
                counts[usize::from(good)] += 1;
            }
        }
        assert!(counts[0] > 10 && counts[1] > 10, "{counts:?} show nothing");
    }
}

#[tokio::test]
async fn errors_are_told_as_shopifys_server_tells_them() {
    let rig = Rig::start("tcp").await;
    let toxic = json!({"type": "latency", "attributes": {"latency": 1}});
    let taken = rig.listen.clone();
    for (method, path, body, status, word) in [
        ("GET", "/proxies/none", None, 404, "proxy not found"),
        ("DELETE", "/proxies/none", None, 404, "proxy not found"),
        ("GET", "/proxies/none/toxics", None, 404, "proxy not found"),
        ("GET", "/proxies/p/toxics/none", None, 404, "toxic not found"),
        ("DELETE", "/proxies/p/toxics/none", None, 404, "toxic not found"),
        ("POST", "/proxies", Some(json!({"upstream": "h:1"})), 400, "missing required field: name"),
        ("POST", "/proxies", Some(json!({"name": "q"})), 400, "missing required field: upstream"),
        ("POST", "/proxies", Some(json!([1])), 400, "bad request body"),
        ("POST", "/proxies", Some(json!({"name": "p", "upstream": "h:1"})), 409, "proxy already exists"),
        ("POST", "/proxies", Some(json!({"name": "q", "upstream": "h:1", "listen": taken})), 500, "bind: address already in use"),
        ("POST", "/proxies", Some(json!({"name": "q", "upstream": "h:1", "dialect": "latin"})), 400, "latin"),
        ("POST", "/proxies/p/toxics", Some(json!({"type": "gremlin"})), 400, "invalid toxic type"),
        ("POST", "/proxies/p/toxics", Some(json!({"type": "latency", "stream": "up"})), 400, "stream was invalid"),
        ("POST", "/proxies/p/toxics", Some(json!({"type": "http_stall"})), 400, "needs HTTP"),
        ("POST", "/proxies/p/toxics", Some(toxic.clone()), 200, ""),
        ("POST", "/proxies/p/toxics", Some(toxic), 409, "toxic already exists"),
    ] {
        let (got, body) = rig.call(method, path, body).await;
        assert_eq!(got, status, "{method} {path}: {body}");
        if status >= 400 {
            assert_eq!(body["status"], status);
            assert!(body["error"].as_str().unwrap().contains(word), "{body}");
        }
    }
    let url = format!("http://{}/proxies", rig.proxy.api());
    let browser = rig.http.get(&url).header("user-agent", "Mozilla/5.0").send().await.unwrap();
    assert_eq!(browser.status(), 403);
    let delete = rig.http.delete(format!("{url}/p/toxics/latency_downstream")).send().await.unwrap();
    assert_eq!(delete.status(), 204);
    assert_eq!(rig.call("DELETE", "/proxies/p", None).await.0, 204);
    assert_eq!(rig.call("GET", "/proxies", None).await.1, json!({}));
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let first = Proxy::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let error = explained(&Proxy::start(first.api()).await.unwrap_err());
    assert!(error.contains(&first.api().to_string()) && error.contains("hint:"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_closes_everything_even_what_is_held() {
    let rig = Rig::start("openai").await;
    let mut reader = Reader::open(&rig).await;
    let (mut streaming, mut held) = (rig.link().await, rig.link().await);
    held.ask("/echo").await;
    rig.inject("blackhole", json!({})).await;
    streaming.send("/echo").await;
    let (api, listen) = (rig.proxy.api(), rig.listen.clone());
    soon(rig.proxy.stop()).await;
    streaming.end().await.unwrap();
    held.end().await.unwrap();
    assert!(TcpStream::connect(api).await.is_err() && TcpStream::connect(listen).await.is_err());
    while let Ok(Some(_)) = soon(reader.response.chunk()).await {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_can_be_led_elsewhere_and_a_failed_move_leaves_it_where_it_was() {
    let rig = Rig::start("openai").await;
    let mut open = rig.link().await;
    open.ask("/echo").await;
    let taken = rig.proxy.api().to_string();
    let (status, body) = rig.call("PATCH", "/proxies/p", Some(json!({"listen": taken}))).await;
    assert!(status == 500 && body["error"].as_str().unwrap().contains(&taken), "{body}");
    assert_eq!(rig.ask("/echo").await.0, 200);
    let other = Provider::default();
    let upstream = format!("http://{}", other.start().await);
    let (status, body) = rig.call("PATCH", "/proxies/p", Some(json!({"upstream": upstream}))).await;
    assert_eq!((status, &body["upstream"], &body["enabled"]), (200, &json!(upstream), &json!(true)));
    open.end().await.unwrap();
    assert_eq!((rig.ask("/echo").await.0, other.asked()), (200, 1));
    let (_, moved) = rig.call("PATCH", "/proxies/p", Some(json!({"listen": "127.0.0.1:0", "enabled": false}))).await;
    for listen in [rig.listen.as_str(), moved["listen"].as_str().unwrap()] {
        assert_eq!(soon(TcpStream::connect(listen)).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_leads_nowhere_else_asks_nobody_for_the_way() {
    let rig = Rig::start("openai").await;
    let (listen, upstream) = (rig.listen.clone(), format!("http://{}", rig.upstream));
    // What is asked would be told that the proxy has come to lead back to itself.
    let ring = super::upstream_route::UpstreamRoute::of(&rig.proxy.registry.context.routes);
    ring.stand(rig.upstream, &upstream_address::UpstreamAddress::parse(&listen, crate::model::Dialect::Tcp).unwrap());
    for change in [
        json!({"enabled": false}),
        json!({"enabled": true}),
        json!({"hosts": ["api.example"]}),
        json!({"name": "p", "listen": listen, "upstream": upstream, "enabled": true, "dialect": "openai"}),
    ] {
        let (status, told) = rig.call("PATCH", "/proxies/p", Some(change.clone())).await;
        assert_eq!(status, 200, "{change}: {told}");
    }
    let elsewhere = json!({"upstream": format!("http://localhost:{}", rig.upstream.port())});
    let (status, told) = rig.call("PATCH", "/proxies/p", Some(elsewhere)).await;
    assert!(status == 400 && told["error"].as_str().unwrap().contains("forwards back"), "{told}");
    assert_eq!(rig.call("PATCH", "/proxies/p", Some(json!({"listen": "127.0.0.1:0"}))).await.0, 200, "the ring is open again");
}
