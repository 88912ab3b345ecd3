//! Where whoever attacks would like keys to go: a server that answers everybody and keeps what it was sent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// So much of one request is kept, in bytes.
const KEPT: usize = 1 << 16;

/// It listens until the test's process ends.
pub(super) struct Capture {
    /// `host:port`.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Capture {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let capture = Self { address: listener.local_addr().unwrap().to_string(), requests: Arc::default() };
        let requests = capture.requests.clone();
        std::thread::spawn(move || {
            for wire in listener.incoming().map_while(Result::ok) {
                let requests = requests.clone();
                std::thread::spawn(move || {
                    let request = request(&wire);
                    if !request.is_empty() {
                        requests.lock().unwrap().push(request);
                    }
                    let _ = (&wire).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
                });
            }
        });
        capture
    }

    /// Nobody has sent it anything.
    pub(super) fn got_nothing(&self) {
        let requests = self.requests.lock().unwrap();
        assert!(requests.is_empty(), "{} requests went to the attacker's server, the first:\n{}", requests.len(), requests[0]);
    }

    /// Nobody has sent it a key, whatever else they sent.
    pub(super) fn got_no_key(&self) {
        let requests = self.requests.lock().unwrap();
        let of_a_key = |request: &&String| {
            let request = request.to_lowercase();
            ["authorization:", "api-key:", "x-goog-api-key:", "sk-lab-"].iter().any(|word| request.contains(word))
        };
        let with_a_key: Vec<&String> = requests.iter().filter(of_a_key).collect();
        assert!(with_a_key.is_empty(), "{} requests brought the attacker a key, the first:\n{}", with_a_key.len(), with_a_key[0]);
    }
}

/// One request with its body, as far as it comes within two seconds.
pub(super) fn request(mut wire: &TcpStream) -> String {
    let _ = wire.set_read_timeout(Some(Duration::from_secs(2)));
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&bytes) && bytes.len() < KEPT {
        match wire.read(&mut chunk) {
            Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    if head.contains("transfer-encoding: chunked") { body.ends_with("0\r\n\r\n") } else { body.len() >= length }
}
