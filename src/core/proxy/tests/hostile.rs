//! Requests that mean two things, lie about their length or go on for ever: refused, or passed on so that they mean one thing.

use super::*;

/// Sends these bytes and reads to the end of the connection. The status, 0 where none came, and how often the provider was asked.
async fn sends(rig: &Rig, bytes: &[u8], is_all: bool) -> (u16, u64) {
    let before = rig.provider.asked();
    let mut wire = rig.link().await.0;
    // The proxy may have hung up before all was written.
    let _ = soon(wire.write_all(bytes)).await;
    if is_all {
        let _ = wire.shutdown().await;
    }
    let mut came = Vec::new();
    let _ = soon(wire.read_to_end(&mut came)).await;
    let status = String::from_utf8_lossy(&came).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, rig.provider.asked() - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_in_one_way_only_is_refused_before_the_provider_is_asked() {
    let rig = Rig::start("openai").await;
    for (what, head, body) in [
        ("two lengths", "content-length: 4\r\ncontent-length: 5", "abcde"),
        ("a list of lengths", "content-length: 4, 5", "abcde"),
        ("a length with a sign", "content-length: +4", "abcd"),
        ("a length that is none", "content-length: four", "abcd"),
        ("a length beyond all numbers", "content-length: 99999999999999999999", "abcd"),
        ("a coding that is not chunked", "transfer-encoding: xchunked", "4\r\nabcd\r\n0\r\n\r\n"),
        ("a coding after chunked", "transfer-encoding: chunked, identity", "4\r\nabcd\r\n0\r\n\r\n"),
        ("a folded header", "x-a: b\r\n c", ""),
        ("a space before the colon", "content-length : 4", "abcd"),
        ("a bare CR", "x-a: b\rcontent-length: 4", "abcd"),
        ("a NUL", "x-a: b\0c", ""),
        ("a chunk of no size", "transfer-encoding: chunked", "zz\r\nabcd\r\n0\r\n\r\n"),
        ("a chunk of any size", "transfer-encoding: chunked", "fffffffffffffffffff\r\nabcd"),
        ("a chunk that ends elsewhere", "transfer-encoding: chunked", "2\r\nabcd\r\n0\r\n\r\n"),
        ("a body that ends early", "content-length: 100", "abcd"),
        ("chunks that end early", "transfer-encoding: chunked", "4\r\nabcd\r\n"),
    ] {
        let request = format!("POST /echo HTTP/1.1\r\nhost: h\r\n{head}\r\n\r\n{body}");
        let (status, asked) = sends(&rig, request.as_bytes(), what.ends_with("early")).await;
        assert!(matches!(status, 0 | 400) && asked == 0, "{what}: {status}, and the provider was asked {asked} times");
    }
    assert_eq!(rig.ask("/echo").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_hides_another_is_one_request_at_the_provider() {
    let rig = Rig::start("openai").await;
    let hidden = "GET /smuggled HTTP/1.1\r\nhost: h\r\n\r\n";
    for (what, request) in [
        (
            "length and chunks",
            format!(
                "POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
                hidden.len() + 5
            ),
        ),
        (
            "chunks and length",
            format!("POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "a length that the connection header removes",
            format!(
                "POST /echo HTTP/1.1\r\nhost: h\r\nconnection: close, content-length\r\ncontent-length: {}\r\n\r\n{hidden}",
                hidden.len()
            ),
        ),
        ("bare line ends", format!("POST /echo HTTP/1.1\nhost: h\nconnection: close\ncontent-length: {}\n\n{hidden}", hidden.len())),
    ] {
        let (status, asked) = sends(&rig, request.as_bytes(), false).await;
        assert!((status, asked) == (200, 1) || (matches!(status, 0 | 400) && asked == 0), "{what}: {status}, asked {asked} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_header_lines_pass_or_are_refused_as_too_long() {
    let rig = Rig::start("openai").await;
    for (length, wanted) in [(64 << 10, 200), (8 << 20, 431)] {
        let request = format!("GET /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-long: {}\r\n\r\n", "x".repeat(length));
        let (status, asked) = sends(&rig, request.as_bytes(), false).await;
        // Refused, it may be reset before the answer was read, for there is more to come.
        assert!(status == wanted || (wanted == 431 && status == 0), "{length}: {status}");
        assert_eq!(asked, u64::from(wanted == 200));
    }
    // More lines than a map of headers holds, in fewer bytes than a head may have.
    let many = "a:\r\n".repeat(60_000);
    let (status, asked) = sends(&rig, format!("GET /echo HTTP/1.1\r\nhost: h\r\n{many}\r\n").as_bytes(), false).await;
    assert!(matches!(status, 0 | 431) && asked == 0, "{status}");
    assert_eq!(rig.ask("/echo").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_empty_lines_before_a_request_end_the_connection() {
    let rig = Rig::start("openai").await;
    let some = format!("{}GET /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n", "\r\n".repeat(500));
    assert_eq!(sends(&rig, some.as_bytes(), false).await, (200, 1));
    let mut wire = rig.link().await.0;
    let _ = soon(wire.write_all(&b"\r\n".repeat(1 << 19))).await;
    // What ends it is their number, and not the time that heads may take.
    let mut came = Vec::new();
    let _ = timeout(Duration::from_secs(5), wire.read_to_end(&mut came)).await.expect("it ends");
    assert_eq!(rig.ask("/echo").await.0, 200);
}

/// Numbered bytes by the megabyte, to a receiver that stops now and then, while toxics come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_passes_whole_and_in_order_although_faults_come_and_go_and_the_receiver_stalls() {
    let rig = Rig::empty().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    let (_, created) = rig.call("POST", "/proxies", Some(json!({"name": "p", "upstream": upstream}))).await;
    let mut gateway = soon(TcpStream::connect(created["listen"].as_str().unwrap())).await.unwrap();
    let (mut provider, _) = soon(listener.accept()).await.unwrap();
    const COUNT: u32 = 16 << 20;
    let writing = tokio::spawn(async move {
        for start in (0..COUNT).step_by(1 << 16) {
            let numbers: Vec<u8> = (start..start + (1 << 16)).flat_map(u32::to_be_bytes).collect();
            provider.write_all(&numbers).await.unwrap();
        }
    });
    let reading = tokio::spawn(async move {
        let mut came = vec![0; 1 << 20];
        let (mut next, mut have) = (0u32, 0);
        let mut random = ChaCha8Rng::seed_from_u64(5);
        loop {
            let count = soon(gateway.read(&mut came[have..])).await.unwrap();
            have += count;
            let whole = have / 4 * 4;
            for number in came[..whole].chunks_exact(4) {
                assert_eq!(u32::from_be_bytes(number.try_into().unwrap()), next);
                next += 1;
            }
            came.copy_within(whole..have, 0);
            have -= whole;
            if count == 0 {
                return next;
            }
            if random.random_bool(0.05) {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
    });
    while !reading.is_finished() {
        rig.inject("latency", json!({"latency": 5, "jitter": 5})).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        rig.heal().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    soon(writing).await.unwrap();
    assert_eq!(reading.await.unwrap(), COUNT);
}
