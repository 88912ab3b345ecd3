//! Faults that are limited to some requests: the others are left alone, on connections that they share with them, and that is counted.

use super::places::{framed, get, near, stand};
use super::*;
use http_body_util::BodyExt;

/// What is in a toxic's record of those that it may not touch.
fn spared(toxic: &Value) -> (u64, u64) {
    (toxic["spared"]["seen"].as_u64().unwrap(), toxic["spared"]["touched"].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marked_and_unmarked_requests_share_an_http2_connection_and_only_the_marked_are_touched() {
    let rig = stand(ProxySettings::at(near()), json!({"tls": true})).await;
    let mut events = Reader::open(&rig).await;
    let mut sender = framed(&rig).await;
    // One that is underway when the fault comes is left alone too.
    let mut before = get(&mut sender, "/stream", "red").await.unwrap();
    let first = rig.provider.stream(1).await;
    for kind in ["http_stall", "stall_midstream", "cut"] {
        let mut attributes = json!({"only": {"header": "x-team: blue*"}});
        if kind != "http_stall" {
            attributes["after"] = json!(0);
        }
        let shown = rig.inject(kind, attributes).await;
        assert_eq!(shown["attributes"]["only"], json!({"header": "x-team: blue*"}), "{shown}");
        let marked = tokio::spawn({
            let mut sender = sender.clone();
            async move {
                let answer = get(&mut sender, "/stream", "blue-1").await?;
                answer.into_body().collect().await.map(drop)
            }
        });
        let stream = rig.provider.stream(2).await;
        let _ = stream.send("data: one\n\n".into()).await;
        soon(async {
            while rig.call("GET", "/proxies/p/toxics/t", None).await.1["touched"] != 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        // The marked one is held or cut now; ten others on the same connection are answered as ever.
        for _ in 0..10 {
            let answer = get(&mut sender, "/echo", "red").await.unwrap();
            assert_eq!(answer.status(), 200);
            assert!(!soon(answer.into_body().collect()).await.unwrap().to_bytes().is_empty());
        }
        first.send("data: on\n\n".into()).await.unwrap();
        assert_eq!(soon(before.frame()).await.unwrap().unwrap().into_data().unwrap(), "data: on\n\n", "{kind}");
        if kind == "cut" {
            assert!(soon(marked).await.unwrap().is_err(), "its own stream is reset");
        } else {
            assert!(!marked.is_finished(), "{kind}: it is held");
            marked.abort();
        }
        rig.provider.streams.lock().unwrap().truncate(1);
        let healed = rig.heal().await;
        assert_eq!((spared(&healed), &healed["touched"]), ((10, 0), &json!(1)), "{kind}: {healed}");
    }
    let told = soon(async {
        loop {
            let exchange = events.exchange().await;
            if exchange["in_reach"] == false {
                break exchange;
            }
        }
    })
    .await;
    assert_eq!((&told["touched"], &told["cut"]), (&json!(false), &json!(false)), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unmarked_requests_on_a_kept_connection_are_answered_before_and_after_a_marked_one() {
    let rig = Rig::start("openai").await;
    let ask = async |wire: &mut Wire, marked: bool| {
        let mark = if marked { "x-lifeboat-drill: 1\r\n" } else { "" };
        wire.0.write_all(format!("GET /echo HTTP/1.1\r\nhost: proxy\r\n{mark}\r\n").as_bytes()).await.unwrap();
        wire.answer().await.0
    };
    rig.inject("http_status", json!({"code": 503, "only": {"header": "x-lifeboat-drill: *"}})).await;
    let mut wire = rig.link().await;
    for (marked, status) in [(false, 200), (true, 503), (false, 200), (true, 503), (false, 200)] {
        assert_eq!(ask(&mut wire, marked).await, status, "{marked}");
    }
    let healed = rig.heal().await;
    assert_eq!((spared(&healed), &healed["touched"]), ((3, 0), &json!(2)), "{healed}");
    // A share of sessions by where they come from: all of this host, or none of it.
    for (share, status, seen) in [(1.0, 503, 0), (0.0, 200, 1)] {
        rig.inject("http_status", json!({"code": 503, "only": {"sessions": share, "by": "address"}})).await;
        assert_eq!(rig.ask("/echo").await.0, status);
        assert_eq!(spared(&rig.heal().await), (seen, 0));
    }
    // One that is limited to nothing has nothing to prove.
    rig.inject("http_status", json!({"code": 503})).await;
    assert!(rig.heal().await.get("spared").is_none());
    for kind in ["latency", "blackhole"] {
        let toxic = json!({"type": kind, "attributes": {"only": {"header": "x-lifeboat-drill: *"}}});
        let (status, told) = rig.call("POST", "/proxies/p/toxics", Some(toxic)).await;
        assert!(status == 400 && told["error"].as_str().unwrap().contains("acts on whole connections"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_limited_fault_left_alone_is_known_when_its_lease_ran_out() {
    let rig = Rig::start("openai").await;
    let toxic = json!({"name": "t", "type": "http_status", "ttl_ms": 300,
        "attributes": {"code": 503, "only": {"header": "x-lifeboat-drill: *"}, "match": {"requests": "all"}}});
    assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(toxic)).await.0, 200);
    assert_eq!(rig.ask("/echo").await.0, 200);
    // Its lease runs out.
    soon(async {
        while rig.call("GET", "/proxies/p/toxics", None).await.1 != json!([]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let (status, gone) = rig.call("DELETE", "/proxies/p/toxics/t", None).await;
    assert_eq!(status, 404, "{gone}");
    assert_eq!(spared(&gone["expired"]), (1, 0), "{gone}");
}
