//! Small servers that answer as OpenAI's chat completions do, but for one thing.

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// In what a server is unlike the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// In nothing.
    Well,
    /// It answers in one piece.
    NoStreaming,
    /// It refuses tools.
    NoTools,
    /// It does not care that JSON is wanted.
    NoJson,
    /// Its clock.
    AnHourAhead,
    /// It answers with 503.
    Unavailable,
    /// It is a page of the web, with status 200.
    Web,
    /// It is not at the path that is asked.
    NoSuchPath,
}

/// Starts a server; it ends with the test's process.
pub(super) fn server(behaviour: Behaviour) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(&stream, behaviour));
        }
    });
    address
}

/// A port at which nobody listens.
pub(super) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn answer(stream: &TcpStream, behaviour: Behaviour) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = told.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, kind, body) = answered(&asked, behaviour);
    let ahead = Duration::from_secs(if behaviour == Behaviour::AnHourAhead { 3600 } else { 0 });
    let date = chrono::DateTime::<chrono::Utc>::from(SystemTime::now() + ahead).format("%a, %d %b %Y %H:%M:%S GMT");
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ndate: {date}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let mut stream = stream;
    stream.write_all((head + &body).as_bytes()).ok()
}

fn answered(asked: &Value, behaviour: Behaviour) -> (&'static str, &'static str, String) {
    let json = "application/json";
    let error = |code: &str| json!({"error": {"message": "no", "type": "invalid_request_error", "code": code}}).to_string();
    match behaviour {
        Behaviour::Unavailable => return ("503 Service Unavailable", json, error("server_is_overloaded")),
        Behaviour::Web => return ("200 OK", "text/html", "<html><h1>Welcome</h1></html>".to_owned()),
        Behaviour::NoSuchPath => return ("404 Not Found", json, error("unknown_url")),
        Behaviour::NoTools if asked.get("tools").is_some() => return ("400 Bad Request", json, error("tools_not_supported")),
        _ => {}
    }
    let wants_json = asked.get("response_format").is_some() && behaviour != Behaviour::NoJson;
    let text = if wants_json { "{\"words\": \"ok\"}" } else { "ok" };
    let usage = json!({"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10});
    if asked["stream"] == true && behaviour != Behaviour::NoStreaming {
        let piece =
            |choice: Value, usage: &Value| json!({"id": "c", "object": "chat.completion.chunk", "choices": [choice], "usage": usage});
        let first = piece(json!({"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": null}), &Value::Null);
        let last = piece(json!({"index": 0, "delta": {}, "finish_reason": "stop"}), &usage);
        return ("200 OK", "text/event-stream", format!("data: {first}\n\ndata: {last}\n\ndata: [DONE]\n\n"));
    }
    let mut message = json!({"role": "assistant", "content": text});
    if asked.get("tools").is_some() {
        let call = json!([{"id": "1", "type": "function", "function": {"name": "report", "arguments": "{\"words\": \"ok\"}"}}]);
        message = json!({"role": "assistant", "content": null, "tool_calls": call});
    }
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    ("200 OK", json, json!({"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}).to_string())
}

/// A server with a certificate of its own for `localhost` that ends in so many days; nobody gets further than the handshake.
pub(super) fn certified(days: i64) -> u16 {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let day = |offset: i64| {
        let day = chrono::Utc::now().date_naive() + chrono::Duration::days(offset);
        let number = |format: &str| day.format(format).to_string().parse::<i32>().unwrap();
        rcgen::date_time_ymd(number("%Y"), u8::try_from(number("%m")).unwrap(), u8::try_from(number("%d")).unwrap())
    };
    (params.not_before, params.not_after) = (day(days - 400), day(days));
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 16]).await;
                }
            });
        }
    });
    port
}
