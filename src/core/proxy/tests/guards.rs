//! Who may drive the control API, and where those may lead proxies: no web page, nobody without the token, nothing back into the proxy.

use super::*;
use crate::model::{Dialect, ProxyBinding};
use std::collections::BTreeMap;

const TOKEN: &str = "the token of this test";

fn near() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A proxy with these settings, and nothing before or behind it. Calls bear the token where there is one.
async fn standing(settings: ProxySettings) -> Rig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = reqwest::header::HeaderMap::new();
    if settings.token.is_some() {
        headers.insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    }
    let proxy = Proxy::start_with(settings).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().default_headers(headers).build().unwrap();
    let upstream = proxy.api();
    Rig { proxy, provider: Provider::default(), upstream, listen: String::new(), http }
}

/// The status of an answer to bytes, and all that came.
async fn said(to: SocketAddr, bytes: &str) -> (u16, String) {
    let mut wire = Wire(soon(TcpStream::connect(to)).await.unwrap());
    wire.0.write_all(bytes.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    // A connection that is refused may be reset after its answer.
    let _ = soon(wire.0.read_to_end(&mut came)).await;
    let came = String::from_utf8_lossy(&came).into_owned();
    (came.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), came)
}

const ROUTES: [(&str, &str, &str); 13] = [
    ("GET", "/version", ""),
    ("GET", "/metrics", ""),
    ("GET", "/events", ""),
    ("GET", "/authority", ""),
    ("GET", "/proxies", ""),
    ("GET", "/nowhere", ""),
    ("POST", "/reset", ""),
    ("POST", "/populate", r#"[{"name": "p", "upstream": "127.0.0.1:1"}]"#),
    ("POST", "/proxies", r#"{"name": "p", "upstream": "127.0.0.1:1"}"#),
    ("PATCH", "/proxies/p", r#"{"upstream": "127.0.0.1:1"}"#),
    ("DELETE", "/proxies/p", ""),
    ("POST", "/proxies/p/toxics", r#"{"type": "timeout"}"#),
    ("DELETE", "/proxies/p/toxics/t", ""),
];

fn request((method, path, body): (&str, &str, &str), headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_web_page_reaches_any_route_whatever_its_browser_says_it_is() {
    let rig = standing(ProxySettings { api_hosts: vec!["chaos.example".into()], ..ProxySettings::at(near()) }).await;
    let api = rig.proxy.api();
    for route in ROUTES {
        for page in [
            // Rebinding, with the user agent of a program.
            format!("host: evil.example:{}\r\nuser-agent: curl/8\r\n", api.port()),
            format!("host: {api}\r\norigin: http://evil.example\r\nuser-agent: curl/8\r\n"),
            format!("host: {api}\r\norigin: null\r\n"),
            format!("host: {api}\r\nsec-fetch-site: cross-site\r\n"),
            format!("host: {api}\r\nhost: {api}\r\n"),
            format!("host: {api}\r\nuser-agent: Mozilla/5.0\r\n"),
            String::new(),
        ] {
            let (status, told) = said(api, &request(route, &page)).await;
            assert!(status == 403 || status == 400 && !page.contains("evil"), "{route:?} {page:?}: {told}");
        }
    }
    assert_eq!(rig.call("GET", "/proxies", None).await, (200, json!({})), "nothing was made");
    let (_, told) = said(api, &request(ROUTES[4], "host: evil.example\r\n")).await;
    assert!(told.contains("this server is not known as `evil.example`") && told.contains("--api-host NAME"), "{told}");
    for host in ["localhost:1", "127.0.0.1", "Chaos.Example:9", "[::1]"] {
        let (status, told) = said(api, &request(ROUTES[4], &format!("host: {host}\r\n"))).await;
        assert_eq!(status, 200, "{host}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_asks_for_the_token() {
    let rig = standing(ProxySettings { token: Some(TOKEN.into()), ..ProxySettings::at(near()) }).await;
    for route in ROUTES {
        for shown in ["", "authorization: Bearer another\r\n", "authorization: Basic eDp5\r\n", "authorization: Bearer \r\n"] {
            let (status, told) = said(rig.proxy.api(), &request(route, &format!("host: localhost\r\n{shown}"))).await;
            assert_eq!(status, 401, "{route:?} {shown}: {told}");
        }
    }
    assert_eq!(rig.call("GET", "/proxies", None).await, (200, json!({})));
    assert!(!format!("{:?}", ProxySettings { token: Some(TOKEN.into()), ..ProxySettings::at(near()) }).contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxies_lead_only_where_the_inventory_says_however_it_is_asked() {
    let place = |upstream: &str, binding: ProxyBinding| ProxyPlacement { upstream: upstream.into(), dialect: Dialect::OpenAi, binding };
    let wide = ProxyBinding { listen: Some("0.0.0.0:0".into()), tls: false, hosts: vec!["api.first.example".into()] };
    let places = BTreeMap::from([
        ("first".to_owned(), place("https://First.example", wide)),
        ("second".to_owned(), place("https://second.example", ProxyBinding::default())),
    ]);
    let settings = ProxySettings {
        token: Some(TOKEN.into()),
        places: Some(places),
        breakable: Some(["first".to_owned()].into()),
        ..ProxySettings::at(near())
    };
    let rig = standing(settings).await;
    let first = |more: Value| {
        let mut first = json!({"name": "first", "upstream": "https://first.example", "dialect": "openai"});
        first.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        first
    };
    let refused = [
        json!({"name": "third", "upstream": "https://first.example", "dialect": "openai"}),
        json!({"name": "First", "upstream": "https://first.example", "dialect": "openai"}),
        // The traffic of one that may not be broken.
        json!({"name": "mine", "upstream": "http://127.0.0.1:1", "dialect": "openai", "hosts": ["second.example"]}),
        first(json!({"hosts": ["second.example"]})),
        first(json!({"hosts": ["SECOND.example.:443"]})),
        first(json!({"hosts": ["api.first.example", "second.example"]})),
        // Somewhere else, in the clear, or looked at by nobody.
        first(json!({"upstream": "https://evil.example"})),
        first(json!({"upstream": "http://first.example"})),
        first(json!({"upstream": "first.example:443"})),
        first(json!({"upstream": "http://first.example:443"})),
        first(json!({"upstream": "https://first.example:8443"})),
        first(json!({"upstream": "first.example:443", "dialect": "tcp"})),
        first(json!({"dialect": "anthropic"})),
        first(json!({"tls": true})),
        json!({"name": "second", "upstream": "https://second.example", "dialect": "openai", "listen": "0.0.0.0:0"}),
        json!({"name": "second", "upstream": "https://second.example", "dialect": "openai", "listen": ":0"}),
    ];
    for wanted in &refused {
        for (path, body) in [("/proxies", wanted.clone()), ("/populate", json!([wanted]))] {
            let (status, told) = rig.call("POST", path, Some(body)).await;
            assert!(status == 403 && told["hint"].is_string(), "{path} {wanted}: {status} {told}");
        }
    }
    assert_eq!(rig.call("GET", "/proxies", None).await.1, json!({}));
    for wanted in [first(json!({"hosts": ["api.first.example:443"]})), first(json!({"upstream": "HTTPS://FIRST.example.:443/"}))] {
        assert_eq!(rig.call("POST", "/proxies", Some(wanted.clone())).await.0, 201, "{wanted}");
        for change in [
            json!({"upstream": "http://first.example"}),
            json!({"upstream": "https://evil.example"}),
            json!({"hosts": ["second.example"]}),
            json!({"listen": "[::]:0"}),
        ] {
            let (status, told) = rig.call("PATCH", "/proxies/first", Some(change.clone())).await;
            assert_eq!(status, 403, "{change}: {told}");
        }
        for wanted in &refused {
            let (status, told) = rig.call("POST", "/populate", Some(json!([wanted]))).await;
            assert_eq!(status, 403, "{wanted}: {told}");
        }
        let (_, shown) = rig.call("GET", "/proxies/first", None).await;
        assert_eq!(shown["upstream"], wanted["upstream"], "it is what it was");
        // As it says, and on loopback, it may move.
        for change in [json!({"listen": "127.0.0.1:0"}), json!({"listen": "0.0.0.0:0"}), json!({"hosts": ["first.example:443"]})] {
            assert_eq!(rig.call("PATCH", "/proxies/first", Some(change.clone())).await.0, 200, "{change}");
        }
        assert_eq!(rig.call("DELETE", "/proxies/first", None).await.0, 204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_nothing_listens_for_others() {
    let rig = standing(ProxySettings::at(near())).await;
    let made = |listen: &str| json!({"name": "p", "upstream": "127.0.0.1:1", "listen": listen});
    for listen in ["0.0.0.0:0", "[::]:0", ":0"] {
        for (path, body) in [("/proxies", made(listen)), ("/populate", json!([made(listen)]))] {
            let (status, told) = rig.call("POST", path, Some(body)).await;
            assert!(status == 403 && told["hint"].as_str().unwrap().contains("--token-from"), "{path} {listen}: {told}");
        }
    }
    let config = json!([made("0.0.0.0:0")]).to_string();
    let refused = explained(&rig.proxy.populate(config.as_bytes()).await.unwrap_err());
    assert!(refused.contains("hint: start the proxy with --token-from"), "{refused}");
    assert_eq!(rig.call("POST", "/proxies", Some(made("[::1]:0"))).await.0, 201);
    assert_eq!(rig.call("PATCH", "/proxies/p", Some(json!({"listen": "0.0.0.0:0"}))).await.0, 403);
    let rig = standing(ProxySettings { token: Some(TOKEN.into()), ..ProxySettings::at(near()) }).await;
    assert_eq!(rig.call("POST", "/proxies", Some(made("0.0.0.0:0"))).await.0, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_leads_back_is_refused_when_it_is_named_and_when_it_is_reached() {
    let rig = standing(ProxySettings { forward: Some(near()), ..ProxySettings::at(near()) }).await;
    let (api, forward) = (rig.proxy.api(), rig.proxy.forward().unwrap());
    let made = |name: &str, upstream: &str, dialect: &str| json!({"name": name, "upstream": upstream, "dialect": dialect});
    for own in [api.to_string(), forward.to_string(), format!("localhost:{}", api.port()), format!("0.0.0.0:{}", api.port())] {
        for (upstream, dialect) in [(own.clone(), "tcp"), (format!("http://{own}"), "http"), (format!("https://{own}"), "openai")] {
            let (status, told) = rig.call("POST", "/proxies", Some(made("p", &upstream, dialect))).await;
            assert!(status == 400 && told["error"].as_str().unwrap().contains("forwards back"), "{upstream}: {status} {told}");
        }
    }
    // Three in a ring: the last does not close it, whether it is made or moved.
    let mut listens = Vec::new();
    for (name, dialect) in [("a", "tcp"), ("b", "http")] {
        let next = listens.last().cloned().unwrap_or_else(|| "127.0.0.1:1".to_owned());
        let (status, made) = rig.call("POST", "/proxies", Some(made(name, &next, dialect))).await;
        assert_eq!(status, 201, "{made}");
        listens.push(made["listen"].as_str().unwrap().to_owned());
    }
    for own in &listens {
        let (status, told) = rig.call("PATCH", "/proxies/a", Some(json!({"upstream": own}))).await;
        assert_eq!(status, 400, "{own}: {told}");
    }
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    // An upstream where nobody listens yet, who then does: this proxy itself.
    let listen = format!("127.0.0.1:{port}");
    assert_eq!(rig.call("PATCH", "/proxies/a", Some(json!({"upstream": listen}))).await.0, 200);
    let closing = json!({"name": "c", "listen": listen, "upstream": listens[1]});
    assert_eq!(rig.call("POST", "/proxies", Some(closing)).await.0, 400);
    assert_eq!(rig.call("GET", "/proxies/c", None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forward_proxy_leads_nobody_to_the_control_api_and_where_it_is_open_to_nothing_on_this_host() {
    let refused =
        Proxy::start_with(ProxySettings { forward: Some(near()), forward_open: true, ..ProxySettings::at(near()) }).await.unwrap_err();
    assert!(matches!(refused, ProxyError::Tokenless) && explained(&refused).contains("--token-from"), "{refused}");
    let closed = standing(ProxySettings { forward: Some(near()), ..ProxySettings::at(near()) }).await;
    let settings = ProxySettings {
        forward: Some(([0, 0, 0, 0], 0).into()),
        forward_open: true,
        token: Some(TOKEN.into()),
        ..ProxySettings::at(near())
    };
    let open = standing(settings).await;
    let provider = Provider::default();
    let provider = provider.start().await;
    for (rig, is_open) in [(&closed, false), (&open, true)] {
        let (api, forward) = (rig.proxy.api().port(), SocketAddr::from(([127, 0, 0, 1], rig.proxy.forward().unwrap().port())));
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"] {
            for port in [api, forward.port()] {
                for head in [
                    format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n"),
                    format!("GET http://{host}:{port}/proxies HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n"),
                ] {
                    let (status, told) = said(forward, &head).await;
                    assert!(status == 403 && told.contains("error=destination_ip_prohibited"), "{is_open} {head}: {told}");
                }
            }
        }
        let port = provider.port();
        let (status, told) = said(forward, &format!("GET http://127.0.0.1:{port}/echo HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert_eq!(status, if is_open { 403 } else { 200 }, "{told}");
        // Whoever has a proxy is served by it, wherever that leads.
        let named = json!({"name": "p", "upstream": format!("http://127.0.0.1:{port}"), "dialect": "http", "hosts": ["api.example"]});
        assert_eq!(rig.call("POST", "/proxies", Some(named)).await.0, 201);
        let (status, told) = said(forward, "GET http://api.example./echo HTTP/1.1\r\nhost: api.example\r\n\r\n").await;
        assert_eq!(status, 200, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_half_sent_to_a_proxy_ends_and_what_a_toxic_holds_up_or_is_idle_does_not() {
    const PATIENCE: Duration = Duration::from_millis(400);
    let mut rig = standing(ProxySettings { head: PATIENCE, ..ProxySettings::at(near()) }).await;
    rig.upstream = rig.provider.start().await;
    for (name, tls) in [("p", false), ("q", true)] {
        let made = json!({"name": name, "upstream": format!("http://{}", rig.upstream), "dialect": "openai", "tls": tls});
        let (status, made) = rig.call("POST", "/proxies", Some(made)).await;
        assert_eq!(status, 201, "{made}");
        rig.listen = made["listen"].as_str().unwrap().to_owned();
        let (mut half, mut idle, mut silent) = (rig.link().await, rig.link().await, rig.link().await);
        // Half a head, or half a handshake.
        half.0.write_all(if tls { b"\x16\x03\x01\x02\x00\x01" } else { b"POST /v1 HTTP/1.1\r\nhost:" }).await.unwrap();
        if !tls {
            assert_eq!(idle.ask("/echo").await.0, 200);
        }
        let began = Instant::now();
        // Closed or reset.
        let _ = half.end().await;
        assert!(began.elapsed() >= PATIENCE * 9 / 10, "{:?}", began.elapsed());
        // What has sent nothing may be a pool's.
        silent.is_silent().await;
        if !tls {
            assert_eq!(idle.ask("/echo").await.0, 200);
            // Over HTTP/2 a gateway says more than requests.
            let (mut sender, connection) = soon(hyper::client::conn::http2::handshake::<_, _, http_body_util::Empty<Bytes>>(
                hyper_util::rt::TokioExecutor::new(),
                hyper_util::rt::TokioIo::new(rig.link().await.0),
            ))
            .await
            .unwrap();
            tokio::spawn(connection);
            let ask = || hyper::Request::get("http://h/echo").body(http_body_util::Empty::new()).unwrap();
            assert_eq!(soon(sender.send_request(ask())).await.unwrap().status(), 200);
            let late = json!({"name": "t", "type": "latency", "stream": "upstream", "attributes": {"latency": 800}});
            assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(late)).await.0, 200);
            assert_eq!(idle.ask("/echo").await.0, 200, "a head that a toxic holds up is late, and whole");
            rig.heal().await;
            assert_eq!(soon(sender.send_request(ask())).await.unwrap().status(), 200, "it was idle for longer than a head may take");
        }
    }
}
