//! What is service: plain answers that are as expected, and those that are not.

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nall ok";

#[tokio::test]
async fn an_answer_as_expected_is_service_and_anything_else_is_told_in_a_word() {
    let address = answering(OK, false).await;
    let expecting = |status, contains: Option<&str>| {
        let plain = PlainRequest { status, contains: contains.map(str::to_owned), ..PlainRequest::default() };
        client(&http(address), ClientSettings { plain: Some(plain), ..ClientSettings::default() })
    };
    let answer = ask(&expecting(200, Some("ok")), 0).await;
    assert_eq!(told(&answer), (Outcome::Ok, ""));
    assert!(answer.proof.unwrap() <= answer.done);
    assert_eq!(told(&ask(&expecting(200, Some("OK")), 0).await), (Outcome::Error, "wrong-content"));
    assert_eq!(told(&ask(&expecting(204, None), 0).await), (Outcome::Error, "status-200"));
    let empty = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false).await;
    let wanted = PlainRequest { contains: Some("ok".into()), ..PlainRequest::default() };
    let wanting = client(&http(empty), ClientSettings { plain: Some(wanted), ..ClientSettings::default() });
    assert_eq!(told(&ask(&wanting, 0).await), (Outcome::Error, "empty"));
    assert_eq!(told(&ask(&client(&http(empty), plain_http()), 0).await), (Outcome::Ok, ""));
}

#[tokio::test]
async fn a_post_carries_its_body_the_mark_and_the_path_below_the_base_url() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut stream| {
        let heard = heard.clone();
        async move {
            let head = head(&mut stream).await;
            let mut body = [0; 4];
            stream.read_exact(&mut body).await.unwrap();
            heard.send((head, body)).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let plain = PlainRequest { path: "/health?deep=1".into(), send: Some("ping".into()), ..PlainRequest::default() };
    let headers = vec![("X-Tenant".to_owned(), "blue".to_owned())];
    let asking = client(&format!("http://{address}/v1/"), ClientSettings { plain: Some(plain), headers, ..ClientSettings::default() });
    assert_eq!(told(&ask(&asking, 17).await), (Outcome::Ok, ""));
    let (head, body) = hears.recv().await.unwrap();
    assert!(head.starts_with("POST /v1/health?deep=1 HTTP/1.1\r\n"), "{head}");
    for line in ["x-lifeboat-request: 00000001-17", "x-tenant: blue", &format!("host: {address}"), "content-length: 4"] {
        assert!(head.contains(&format!("{line}\r\n")), "{line} in {head}");
    }
    assert_eq!(&body, b"ping");
}

#[tokio::test]
async fn bytes_over_tcp_are_service_once_the_expected_ones_are_there() {
    let address = serve(|mut stream| async move {
        let mut came = [0; 4];
        if stream.read_exact(&mut came).await.is_ok() && &came == b"PING" {
            let _ = stream.write_all(b"+PO").await;
            let _ = stream.write_all(b"NG\r\n").await;
        }
        // Held open: the answer is whole without an end.
        let _ = stream.read_u8().await;
    })
    .await;
    for url in [format!("tcp://{address}"), http(address)] {
        let answer = ask(&client(&url, bytes("PING", "PONG")), 0).await;
        assert_eq!(told(&answer), (Outcome::Ok, ""));
        assert!(answer.proof.unwrap() <= answer.done);
    }
    let open = ClientSettings { plain: Some(PlainRequest::default()), bytes: true, ..ClientSettings::default() };
    assert_eq!(told(&ask(&client(&http(address), open), 0).await), (Outcome::Ok, ""), "an open connection is all that was asked");
    let silent = ask_within(&client(&http(address), bytes("PING", "PANG")), 0, std::time::Duration::from_millis(300)).await;
    assert_eq!(silent.outcome, Outcome::Timeout);
    let closing = serve(|mut stream| async move {
        let _ = stream.read_u8().await;
    })
    .await;
    assert!(matches!(told(&ask(&client(&http(closing), bytes("P", "PONG")), 0).await), (Outcome::Error, "empty")));
}
