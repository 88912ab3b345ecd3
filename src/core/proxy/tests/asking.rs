//! What is asked of the control API is done or refused by name: toxics that come with a proxy, fields that mean nothing, names that cannot be.

use super::*;

const LATNCY: &str = r#"[{"name": "wan", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", "enabled": true,
  "toxics": [{"type": "latncy", "attributes": {"latency": 4500}}, {"type": "bandwidth", "attributes": {"rate": 20}}]}]"#;

async fn plain() -> Rig {
    let rig = Rig::empty().await;
    let proxy =
        Proxy::start_with(ProxySettings { flavor: ApiFlavor::Plain, ..ProxySettings::at(([127, 0, 0, 1], 0).into()) }).await.unwrap();
    Rig { proxy, ..rig }
}

fn toxics(proxy: &Value) -> Vec<(String, String)> {
    let toxic = |toxic: &Value| (toxic["name"].as_str().unwrap().to_owned(), toxic["attributes"].to_string());
    proxy["toxics"].as_array().unwrap().iter().map(toxic).collect()
}

#[tokio::test]
async fn toxics_that_come_with_a_proxy_are_created_with_it() {
    let rig = Rig::empty().await;
    let latency = json!({"type": "latency", "attributes": {"latency": 300}});
    let proxy = json!({"name": "p", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", "toxics": [latency]});
    let (status, created) = rig.call("POST", "/proxies", Some(proxy.clone())).await;
    let wanted = [("latency_downstream".to_owned(), json!({"latency": 300, "jitter": 0}).to_string())];
    assert_eq!(status, 201, "{created}");
    assert_eq!(toxics(&created)[0].0, wanted[0].0);
    assert_eq!(created["toxics"][0]["attributes"]["latency"], 300);
    // A list does the same, for one that is there too: what is sent back changes nothing, what is new is added, what differs is changed.
    let listen = created["listen"].clone();
    let shown = rig.call("GET", "/proxies/p", None).await.1;
    for (asked, names, latency) in [
        (shown["toxics"].clone(), vec!["latency_downstream"], 300),
        (json!([{"type": "bandwidth", "attributes": {"rate": 9}}]), vec!["latency_downstream", "bandwidth_downstream"], 300),
        (json!([{"type": "latency", "attributes": {"latency": 7}}]), vec!["latency_downstream", "bandwidth_downstream"], 7),
        (json!([]), vec!["latency_downstream", "bandwidth_downstream"], 7),
    ] {
        let list = json!([{"name": "p", "listen": listen, "upstream": "127.0.0.1:9", "toxics": asked}]);
        let (status, populated) = rig.call("POST", "/populate", Some(list)).await;
        assert_eq!(status, 201, "{populated}");
        let proxy = &populated["proxies"][0];
        assert_eq!(toxics(proxy).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
        assert_eq!(proxy["toxics"][0]["attributes"]["latency"], latency);
    }
    // A change that sends back what was removed meanwhile does not bring it back, and says so.
    rig.call("DELETE", "/proxies/p/toxics/bandwidth_downstream", None).await;
    let url = format!("http://{}/proxies/p", rig.proxy.api());
    let stale = json!({"enabled": true, "toxics": [{"name": "bandwidth_downstream", "type": "bandwidth"}]});
    let answer = rig.http.post(&url).json(&stale).send().await.unwrap();
    assert!(answer.status() == 200 && answer.headers()["warning"].to_str().unwrap().contains("toxics in a change"), "{answer:?}");
    assert_eq!(toxics(&answer.json().await.unwrap()).len(), 1);
    let whole = rig.call("GET", "/proxies/p", None).await.1;
    let answer = rig.http.post(&url).json(&whole).send().await.unwrap();
    assert!(answer.status() == 200 && !answer.headers().contains_key("warning"), "what is in force may be sent back: {answer:?}");
}

#[tokio::test]
async fn a_proxy_whose_toxic_is_none_is_not_created_at_all() {
    let rig = Rig::empty().await;
    let error = explained(&rig.proxy.populate(LATNCY.as_bytes()).await.unwrap_err());
    assert!(error.contains("invalid toxic type") && error.contains("did you mean `latency`?"), "{error}");
    let (status, told) = rig.call("POST", "/populate", Some(serde_json::from_str(LATNCY).unwrap())).await;
    assert!(status == 400 && told["hint"].as_str().unwrap().contains("did you mean `latency`?"), "{told}");
    let one = serde_json::from_str::<Value>(LATNCY).unwrap()[0].clone();
    assert_eq!(rig.call("POST", "/proxies", Some(one)).await.0, 400);
    assert_eq!(rig.call("GET", "/proxies", None).await.1, json!({}));
    // Whom the environment protects is not broken by the back door either.
    let breakable = Some(std::iter::once("other".to_owned()).collect());
    let guarded = Proxy::start_with(ProxySettings { breakable, ..ProxySettings::at(([127, 0, 0, 1], 0).into()) }).await.unwrap();
    let rig = Rig { proxy: guarded, ..rig };
    let proxy = json!({"name": "p", "upstream": "127.0.0.1:9", "toxics": [{"type": "latency"}]});
    let (status, told) = rig.call("POST", "/proxies", Some(proxy)).await;
    assert!(status == 403, "{told}");
}

#[tokio::test]
async fn fields_that_mean_nothing_are_refused_with_the_place_where_they_belong() {
    let rig = Rig::start("tcp").await;
    for (path, body, field, hint) in [
        ("/proxies/p/toxics", json!({"type": "latency", "latency": 500}), "latency", "\"attributes\": {\"latency\": 500}"),
        ("/proxies/p/toxics", json!({"type": "latency", "atributes": {"latency": 5}}), "atributes", "did you mean `attributes`?"),
        ("/proxies/p/toxics", json!({"type": "latency", "colour": "red"}), "colour", "a toxic has name, type"),
        ("/proxies/p/toxics", json!({"type": "latency", "attributes": {"toxicity": 0.5}}), "toxicity", "write it beside `attributes`"),
        ("/proxies/p/toxics", json!({"type": "latency", "attributes": {"latncy": 5}}), "latncy", "no such attribute"),
        ("/proxies", json!({"name": "q", "upstream": "h:1", "upstrem": "h:2"}), "upstrem", "did you mean `upstream`?"),
        ("/proxies", json!({"name": "q", "upstream": "h:1", "toxicity": 1}), "toxicity", "it belongs to a toxic"),
        ("/proxies", json!({"name": "q", "upstream": "h:1", "toxics": [{"type": "latency", "latency": 5}]}), "latency", "attributes"),
        ("/populate", json!([{"name": "q", "upstream": "h:1", "dialekt": "http"}]), "dialekt", "did you mean `dialect`?"),
        ("/proxies/p", json!({"enable": false}), "enable", "did you mean `enabled`?"),
    ] {
        let (status, told) = rig.call("POST", path, Some(body.clone())).await;
        let words = told.to_string().replace("\\\"", "\"");
        assert!(status == 400 && words.contains(field) && words.contains(hint), "{body}: {status} {told}");
    }
    assert_eq!(rig.call("GET", "/proxies", None).await.1.as_object().unwrap().len(), 1);
    // A change names no type, and is as strict.
    rig.call("POST", "/proxies/p/toxics", Some(json!({"name": "t", "type": "latency"}))).await;
    let (status, told) = rig.call("PATCH", "/proxies/p/toxics/t", Some(json!({"latency": 5}))).await;
    assert!(status == 400 && told["hint"].as_str().unwrap().contains("attribute"), "{told}");
}

#[tokio::test]
async fn shopifys_clients_may_send_what_its_server_shows_and_are_warned_of_what_it_leaves_out() {
    let rig = plain().await;
    let url = |path: &str| format!("http://{}{path}", rig.proxy.api());
    let shown = json!({"name": "p", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", "enabled": true, "Logger": {}, "toxics": []});
    for (path, body, warning) in [
        ("/proxies", shown.clone(), None),
        ("/proxies/p", shown, None),
        ("/proxies/p/toxics", json!({"name": "t", "type": "latency", "stream": "downstream", "toxicity": 1.0, "attributes": {}}), None),
        ("/proxies/p/toxics/t", json!({"latency": 500, "attributes": {}}), Some("unknown field `latency`")),
        (
            "/proxies",
            json!({"name": "q", "upstream": "h:1", "toxics": [{"type": "latncy"}]}),
            Some("toxics of the proxy `q` were not created"),
        ),
        ("/proxies", json!({"name": "r", "upstream": "h:1", "dialect": "http"}), Some("unknown field `dialect`")),
    ] {
        let answer = rig.http.post(url(path)).json(&body).send().await.unwrap();
        let told = answer.headers().get("warning").map(|value| value.to_str().unwrap().to_owned());
        assert!(answer.status().is_success(), "{path} {body}: {answer:?}");
        assert_eq!(told.is_some(), warning.is_some(), "{path} {body}: {told:?}");
        assert!(warning.is_none_or(|warning| told.unwrap().contains(warning)), "{path} {body}");
    }
    let error = explained(&rig.proxy.populate(LATNCY.as_bytes()).await.unwrap_err());
    assert!(error.contains("the toxics of the proxy `wan` were not created"), "{error}");
}

#[tokio::test]
async fn names_are_bounded_and_fit_into_paths() {
    let rig = Rig::start("tcp").await;
    for name in ["a/b", "..", "two\nlines", "\u{1b}[31mred", "r\u{202e}l", &"x".repeat(201)] {
        let proxy = json!({"name": name, "upstream": "127.0.0.1:9"});
        let toxic = json!({"name": name, "type": "latency"});
        for (path, body) in [("/proxies", proxy.clone()), ("/populate", json!([proxy])), ("/proxies/p/toxics", toxic)] {
            let (status, told) = rig.call("POST", path, Some(body)).await;
            assert!(status == 400 && told["error"].as_str().unwrap().contains("invalid name"), "{path} {name:?}: {told}");
        }
    }
    for name in ["a b", "größer", &"x".repeat(200)] {
        assert_eq!(rig.call("POST", "/proxies", Some(json!({"name": name, "upstream": "127.0.0.1:9"}))).await.0, 201, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_cannot_be_followed_leaves_the_proxy_that_is_there() {
    let rig = Rig::start("tcp").await;
    rig.call("POST", "/proxies/p/toxics", Some(json!({"name": "t", "type": "latency", "attributes": {"latency": 1}}))).await;
    let mut wire = rig.link().await;
    wire.ask("/echo").await;
    let before = rig.call("GET", "/proxies/p", None).await.1;
    let other = |more: Value| {
        let mut other = json!({"name": "p", "listen": before["listen"], "upstream": "127.0.0.1:1"});
        other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([other])
    };
    let api = rig.proxy.api().to_string();
    let same = json!({"name": "t", "type": "noop"});
    for more in [
        json!({"dialect": "nonsense"}),
        json!({"tls": true}),
        json!({"upstream": "nowhere"}),
        json!({"upstream": api}),
        json!({"upstream": before["listen"]}),
        json!({"listen": "nonsense"}),
        json!({"dialect": "http", "upstream": "ftp://h"}),
        json!({"hosts": ["no name"]}),
        json!({"dialect": "http", "upstream": "http://h:1", "tls": true, "hosts": ["a..b"]}),
        json!({"toxics": [{"type": "latncy"}]}),
        json!({"toxics": [{"type": "latency", "attributes": {"latency": -1}}]}),
        json!({"toxics": [{"type": "http_stall"}]}),
        json!({"toxics": [{"type": "dns_failure"}]}),
        json!({"toxics": [same, same]}),
    ] {
        let (status, told) = rig.call("POST", "/populate", Some(other(more.clone()))).await;
        assert!((400..=500).contains(&status) && told["error"].is_string(), "{more}: {status} {told}");
        assert_eq!(rig.call("GET", "/proxies/p", None).await.1, before, "{more}");
        assert_eq!(wire.ask("/echo").await.0, 200, "{more}: its connections are open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_whose_successor_finds_its_port_taken_stands_again() {
    let rig = Rig::start("openai").await;
    let toxic = json!({"name": "t", "type": "http_status", "attributes": {"code": 503}, "ttl_ms": 60_000});
    rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
    let taken = rig.proxy.api().to_string();
    let list = json!([{"name": "p", "listen": taken, "upstream": "http://127.0.0.1:1", "dialect": "http"}]);
    let (status, told) = rig.call("POST", "/populate", Some(list)).await;
    assert!(status == 500 && told["error"].as_str().unwrap().contains("address already in use"), "{told}");
    let (_, shown) = rig.call("GET", "/proxies/p", None).await;
    assert!(shown["listen"] == rig.listen && shown["dialect"] == "openai" && shown["enabled"] == true, "{shown}");
    assert!(shown["toxics"][0]["ttl_ms"].as_u64().is_some_and(|left| left <= 60_000), "{shown}");
    assert_eq!(rig.ask("/echo").await.0, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_change_cannot_change_is_refused_unless_it_is_so_already() {
    let rig = Rig::start("tcp").await;
    let toxic = json!({"name": "l", "type": "latency", "attributes": {"latency": 1}});
    assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(toxic)).await.0, 200);
    let before = rig.call("GET", "/proxies/p", None).await.1;
    for (path, change, field) in [
        ("/proxies/p", json!({"name": "other"}), "name"),
        ("/proxies/p", json!({"dialect": "openai"}), "dialect"),
        ("/proxies/p", json!({"dialect": "nonsense", "enabled": false}), "dialect"),
        ("/proxies/p", json!({"tls": true}), "TLS"),
        ("/proxies/p/toxics/l", json!({"name": "other"}), "name"),
        ("/proxies/p/toxics/l", json!({"type": "timeout"}), "type"),
        ("/proxies/p/toxics/l", json!({"stream": "upstream", "attributes": {"latency": 2}}), "stream"),
        ("/proxies/p/toxics/l", json!({"type": "timeout", "stream": "upstream"}), "type"),
    ] {
        for method in ["POST", "PATCH"] {
            let (status, told) = rig.call(method, path, Some(change.clone())).await;
            let words = told["error"].as_str().unwrap_or_default();
            assert!(status == 400 && words.contains(field) && words.contains("cannot be changed"), "{path} {change}: {status} {told}");
            assert!(told["hint"].as_str().unwrap().contains("remove it"), "{told}");
        }
    }
    assert_eq!(rig.call("GET", "/proxies/p", None).await.1, before);
    let shown = before["toxics"][0].clone();
    for (path, change) in [
        ("/proxies/p", before.clone()),
        ("/proxies/p", json!({"name": "p", "dialect": "tcp", "tls": false})),
        ("/proxies/p/toxics/l", shown),
        ("/proxies/p/toxics/l", json!({"name": "l", "type": "latency", "stream": "Downstream"})),
        ("/proxies/p/toxics/l", json!({"name": "", "type": "", "stream": "", "toxicity": 0.5})),
    ] {
        let (status, told) = rig.call("POST", path, Some(change.clone())).await;
        assert_eq!(status, 200, "{path} {change}: {told}");
    }
    // A list that asks for another dialect gets it, and one that asks for the same keeps what is there.
    let as_http = |dialect: &str| json!([{"name": "p", "listen": rig.listen, "upstream": before["upstream"], "dialect": dialect}]);
    let (status, kept) = rig.call("POST", "/populate", Some(as_http("tcp"))).await;
    assert_eq!((status, &kept["proxies"][0]["toxics"][0]["name"]), (201, &json!("l")), "{kept}");
    let mut wanted = as_http("openai");
    wanted[0]["upstream"] = json!(format!("http://{}", rig.upstream));
    assert_eq!(rig.call("POST", "/populate", Some(wanted.clone())).await.0, 201);
    wanted[0]["dialect"] = json!("anthropic");
    let (status, other) = rig.call("POST", "/populate", Some(wanted)).await;
    assert_eq!((status, &other["proxies"][0]["dialect"]), (201, &json!("anthropic")), "{other}");
}

#[tokio::test]
async fn in_the_plain_manner_a_change_looks_past_what_it_cannot_change() {
    let rig = plain().await;
    let made = json!({"name": "p", "upstream": "127.0.0.1:9", "dialect": "openai", "tls": true, "hosts": ["h"]});
    let (status, made) = rig.call("POST", "/proxies", Some(made)).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(json!({"name": "l", "type": "latency"}))).await.0, 200);
    for (path, change) in [
        ("/proxies/p", json!({"name": "other", "dialect": "openai", "tls": true})),
        ("/proxies/p/toxics/l", json!({"type": "timeout", "stream": "upstream"})),
        (
            "/populate",
            json!([{"name": "p", "listen": made["listen"], "upstream": "127.0.0.1:9", "dialect": "http", "tls": true, "hosts": ["h"]}]),
        ),
    ] {
        let (status, told) = rig.call("POST", path, Some(change.clone())).await;
        assert!(matches!(status, 200 | 201), "{path} {change}: {told}");
    }
    let (_, shown) = rig.call("GET", "/proxies/p", None).await;
    assert!(shown["toxics"][0]["type"] == "latency" && shown["name"] == "p", "it is as it was: {shown}");
}
