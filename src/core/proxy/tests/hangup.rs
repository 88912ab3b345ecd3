//! A gateway that ends its direction and waits gets its answer; one that goes away ends the exchange. And heads as long as others take them.

use super::*;

/// Ends its direction after one request, and reads whatever comes until the end.
async fn half(listen: &str, requests: &str) -> String {
    let mut socket = soon(TcpStream::connect(listen)).await.unwrap();
    socket.write_all(requests.as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut came = Vec::new();
    soon(socket.read_to_end(&mut came)).await.unwrap();
    String::from_utf8(came).unwrap()
}

fn post(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}")
}

fn answers(came: &str) -> usize {
    came.matches("HTTP/1.1 200 OK").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_ends_its_direction_gets_its_answer() {
    for dialect in ["http", "openai", "anthropic"] {
        let rig = Rig::start(dialect).await;
        for requests in [post("/echo"), "GET /echo HTTP/1.0\r\nhost: x\r\n\r\n".to_owned(), post("/echo").repeat(3)] {
            let came = half(&rig.listen, &requests).await;
            let count = requests.matches("/echo").count();
            assert_eq!(came.matches(" 200 OK").count(), count, "{dialect}: {came}");
        }
        // After others on the same connection.
        let mut wire = rig.link().await;
        assert_eq!(wire.ask("/echo").await.0, 200);
        wire.send("/echo").await;
        wire.0.shutdown().await.unwrap();
        assert_eq!(wire.answer().await.0, 200);
        wire.end().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_gets_it_under_a_fault_too_as_late_as_everybody_else() {
    let rig = Rig::start("openai").await;
    let hold = Duration::from_millis(400);
    let latency = |stream: &str| json!({"name": "t", "type": "latency", "stream": stream, "attributes": {"latency": 400}});
    for toxic in [
        latency("downstream"),
        latency("upstream"),
        json!({"name": "t", "type": "http_stall", "attributes": {"hold_ms": 400}}),
        json!({"name": "t", "type": "slow_close", "attributes": {"delay": 400}}),
    ] {
        assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(toxic.clone())).await.0, 200);
        let began = Instant::now();
        let came = half(&rig.listen, &post("/echo")).await;
        assert!(answers(&came) == 1 && began.elapsed() >= hold, "{toxic}: {:?} {came}", began.elapsed());
        rig.heal().await;
    }
    for toxic in [
        json!({"name": "t", "type": "bandwidth", "attributes": {"rate": 1}}),
        json!({"name": "t", "type": "bandwidth", "stream": "upstream", "attributes": {"rate": 1}}),
        json!({"name": "t", "type": "slicer", "attributes": {"average_size": 20, "size_variation": 5, "delay": 1000}}),
        json!({"name": "t", "type": "http_status", "attributes": {"code": 503}}),
    ] {
        assert_eq!(rig.call("POST", "/proxies/p/toxics", Some(toxic.clone())).await.0, 200);
        let came = half(&rig.listen, &post("/echo")).await;
        assert!(came.starts_with("HTTP/1.1 ") && came.contains("\r\n\r\n{"), "{toxic}: {came}");
        rig.heal().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blackhole_does_not_answer_it_either_until_it_ends() {
    for dialect in ["tcp", "openai"] {
        let rig = Rig::start(dialect).await;
        rig.inject("blackhole", json!({})).await;
        let mut wire = rig.link().await;
        wire.send("/echo").await;
        wire.0.shutdown().await.unwrap();
        wire.is_silent().await;
        rig.heal().await;
        wire.end().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_goes_away_ends_the_exchange() {
    let rig = Rig::start("openai").await;
    let mut reader = Reader::open(&rig).await;
    for how in ["close", "end its direction, then close", "reset"] {
        let mut wire = rig.link().await;
        let asked = rig.provider.asked();
        wire.send("/never").await;
        soon(async {
            while rig.provider.asked() == asked {
                tokio::task::yield_now().await;
            }
        })
        .await;
        match how {
            "reset" => wire.0.set_zero_linger().unwrap(),
            "close" => {}
            _ => {
                wire.0.shutdown().await.unwrap();
                wire.is_silent().await;
            }
        }
        drop(wire);
        let exchange = soon(reader.exchange()).await;
        assert!(exchange["cut"] == true, "{how}: {exchange}");
    }
    // One that is answered ends as well, and so does one that a fault holds.
    rig.inject("http_stall", json!({})).await;
    let mut wire = rig.link().await;
    wire.send("/echo").await;
    wire.is_silent().await;
    drop(wire);
    assert_eq!(soon(reader.exchange()).await["cut"], true);
}

/// Answers each request with so many headers of so many bytes; tells how many it was sent.
async fn talkative(count: usize, length: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if socket.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let lines = head.windows(2).filter(|two| two == b"\r\n").count() - 2;
                let headers: String = (0..count).map(|place| format!("x-{place}: {}\r\n", "v".repeat(length))).collect();
                let body = lines.to_string();
                let answer = format!("HTTP/1.1 200 OK\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_bounded_by_their_bytes_and_by_two_thousand_lines() {
    let rig = Rig::empty().await;
    for (place, (count, length, status)) in
        [(101, 8, 200), (1_000, 100, 200), (2_000, 10, 200), (2_100, 10, 502), (300, 1_000, 200), (1_500, 1_000, 502)]
            .into_iter()
            .enumerate()
    {
        let upstream = format!("http://{}", talkative(count, length).await);
        let asked = json!({"name": format!("p{place}"), "upstream": upstream, "dialect": "http"});
        let (_, created) = rig.call("POST", "/proxies", Some(asked)).await;
        let listen = created["listen"].as_str().unwrap().to_owned();
        let mut wire = Wire(soon(TcpStream::connect(&listen)).await.unwrap());
        wire.send("/").await;
        let head = wire.until("\r\n\r\n").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{count} of {length}: {}", &head[..40]);
        let came = head.matches("\r\nx-").count();
        assert_eq!(came, if status == 200 { count } else { 0 });
    }
    let headers: String = (0..1_000).map(|place| format!("x-{place}: v\r\n")).collect();
    let (_, shown) = rig.call("GET", "/proxies/p0", None).await;
    let mut wire = Wire(soon(TcpStream::connect(shown["listen"].as_str().unwrap())).await.unwrap());
    wire.0.write_all(format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n").as_bytes()).await.unwrap();
    let (status, body) = wire.answer().await;
    assert!(status == 200 && body.parse::<usize>().unwrap() >= 1_001, "{body}");
    let mut wire = Wire(soon(TcpStream::connect(shown["listen"].as_str().unwrap())).await.unwrap());
    wire.0.write_all(format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: v\r\n".repeat(2_100)).as_bytes()).await.unwrap();
    assert!(wire.until("\r\n").await.starts_with("HTTP/1.1 431 "), "more lines than a head may have");
}
