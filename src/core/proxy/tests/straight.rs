//! Exchanges that pass straight: what is kept open, what is sent again and what is not, and what becomes of bodies whose answer comes first.

use super::*;
use tokio::net::TcpListener;

/// A proxy before a provider that is written by hand.
async fn hand() -> (Rig, TcpListener) {
    let provider = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut rig = Rig::empty().await;
    let asked = json!({"name": "p", "upstream": format!("http://{}", provider.local_addr().unwrap()), "dialect": "openai"});
    let (status, created) = rig.call("POST", "/proxies", Some(asked)).await;
    assert_eq!(status, 201, "{created}");
    rig.listen = created["listen"].as_str().unwrap().to_owned();
    (rig, provider)
}

async fn accepted(provider: &TcpListener) -> Wire {
    Wire(soon(provider.accept()).await.unwrap().0)
}

impl Wire {
    async fn put(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }
}

const HEAD: &str = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nX-Own: Kept As It Is\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_share_a_kept_connection_and_one_that_the_provider_closed_is_not_used() {
    let (rig, listener) = hand().await;
    let mut gateway = rig.link().await;
    // Two at once: the second waits in the connection until the first is answered.
    gateway.put(&format!("{HEAD}content-length: 2\r\n\r\n{{}}GET /second HTTP/1.1\r\nhost: h\r\n\r\n")).await;
    let mut provider = accepted(&listener).await;
    let first = provider.until("\r\n\r\n{}").await;
    assert!(
        first.contains("\r\nX-Own: Kept As It Is\r\n") && first.contains(&format!("\r\nhost: {}\r\n", listener.local_addr().unwrap())),
        "{first}"
    );
    provider.is_silent().await;
    provider.put("HTTP/1.1 200 Quite Fine\r\nX-Theirs: b\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = gateway.until("\r\n\r\nok").await;
    assert!(answer.starts_with("HTTP/1.1 200 Quite Fine\r\nX-Theirs: b\r\n"), "{answer}");
    provider.until("GET /second HTTP/1.1\r\n").await;
    provider.put(OK).await;
    assert_eq!(gateway.answer().await.0, 200);
    // Another gateway's connection takes the same one.
    let mut other = rig.link().await;
    other.send("/third").await;
    provider.until("GET /third ").await;
    provider.put(OK).await;
    assert_eq!(other.answer().await.0, 200);
    drop(provider);
    tokio::time::sleep(SILENCE).await;
    gateway.send("/fourth").await;
    let mut provider = accepted(&listener).await;
    provider.until("GET /fourth ").await;
    provider.put("HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(gateway.answer().await.0, 200);
    provider.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_sent_is_not_sent_again() {
    let (rig, listener) = hand().await;
    let mut gateway = rig.link().await;
    gateway.send("/first").await;
    let mut provider = accepted(&listener).await;
    provider.until("\r\n\r\n").await;
    provider.put(OK).await;
    assert_eq!(gateway.answer().await.0, 200);
    gateway.send("/second").await;
    assert!(provider.until("\r\n\r\n").await.starts_with("GET /second "));
    drop(provider);
    let (status, said) = gateway.answer().await;
    assert!(status == 502 && said.contains("connection closed before message completed"), "{said}");
    assert!(timeout(SILENCE, listener.accept()).await.is_err(), "it was sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_answer_passes_and_the_rest_of_the_body_goes_where_it_is_wanted() {
    let (rig, listener) = hand().await;
    for stays in [true, false] {
        let mut gateway = rig.link().await;
        gateway.put(&format!("{HEAD}content-length: 900000\r\n\r\nfirst")).await;
        let mut provider = accepted(&listener).await;
        provider.until("first").await;
        let connection = if stays { "" } else { "connection: close\r\n" };
        provider.put(&format!("HTTP/1.1 413 Payload Too Large\r\n{connection}content-length: 3\r\n\r\nbig")).await;
        assert_eq!(gateway.answer().await, (413, "big".to_owned()));
        gateway.put(&format!("{}last", "x".repeat(900_000 - 9))).await;
        if stays {
            provider.until("last").await;
        }
        // The connection goes on.
        gateway.send("/next").await;
        let mut provider = if stays { provider } else { accepted(&listener).await };
        provider.until("GET /next ").await;
        provider.put("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        assert_eq!(gateway.answer().await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_end_where_their_heads_say_and_what_is_broken_off_is_broken_off() {
    let (rig, listener) = hand().await;
    let mut reader = Reader::open(&rig).await;
    let mut gateway = rig.link().await;
    // To the end of the provider's connection: in chunks on one that is kept.
    gateway.send("/to/the/end").await;
    let mut provider = accepted(&listener).await;
    provider.until("\r\n\r\n").await;
    provider.put("HTTP/1.0 200 OK\r\n\r\nto the ").await;
    gateway.until("transfer-encoding: chunked\r\n\r\n7\r\nto the \r\n").await;
    provider.put("end").await;
    drop(provider);
    gateway.until("3\r\nend\r\n0\r\n\r\n").await;
    assert_eq!(reader.exchange().await["cut"], false);
    for (answer, last) in [
        ("HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n", "etag: x\r\n\r\n"),
    ] {
        gateway.send("/none").await;
        let mut provider = accepted(&listener).await;
        provider.until("\r\n\r\n").await;
        provider.put(answer).await;
        gateway.until(last).await;
        assert_eq!(reader.exchange().await["cut"], false);
        drop(provider);
        tokio::time::sleep(SILENCE).await;
    }
    // Too short, or no chunks.
    for answer in ["content-length: 9\r\n\r\nshort", "transfer-encoding: chunked\r\n\r\n5\r\nshort\r\nnone"] {
        let mut gateway = rig.link().await;
        gateway.send("/short").await;
        let mut provider = accepted(&listener).await;
        provider.until("\r\n\r\n").await;
        provider.put(&format!("HTTP/1.1 200 OK\r\n{answer}")).await;
        gateway.until("short").await;
        drop(provider);
        let mut rest = String::new();
        let _ = soon(gateway.0.read_to_string(&mut rest)).await;
        assert!(!rest.contains("0\r\n\r\n"), "it has no polite end: {rest}");
        assert_eq!(reader.exchange().await["cut"], true, "{answer}");
    }
    // What is no answer at all.
    let mut gateway = rig.link().await;
    gateway.send("/nonsense").await;
    let mut provider = accepted(&listener).await;
    provider.until("\r\n\r\n").await;
    provider.put("SSH-2.0-OpenSSH\r\n").await;
    let (status, said) = gateway.answer().await;
    assert!(status == 502 && said.contains("invalid HTTP version parsed"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hyper_must_see_to_is_handed_over_with_all_that_came() {
    let (rig, listener) = hand().await;
    let mut gateway = rig.link().await;
    gateway.send("/straight").await;
    let mut provider = accepted(&listener).await;
    provider.until("GET /straight ").await;
    provider.put(OK).await;
    assert_eq!(gateway.answer().await.0, 200);
    gateway.put(&format!("{HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /after HTTP/1.1\r\nhost: h\r\n\r\n")).await;
    let mut second = accepted(&listener).await;
    second.until("5\r\nhello\r\n0\r\n\r\n").await;
    second.put(OK).await;
    assert_eq!(gateway.answer().await.0, 200);
    second.until("GET /after ").await;
    second.put(OK).await;
    assert_eq!(gateway.answer().await.0, 200);
}
