//! A standing fault proxy, as the binary starts it, and services for it to stand before.

use super::{go, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The version of Shopify's server that ours is held against.
pub(crate) const SHOPIFYS: &str = "v2.12.0";

/// `lifeboat proxy` on a free port. Dropping it kills it.
pub(crate) struct Standing {
    pub(crate) child: Child,
    /// The control API's `host:port`.
    pub(crate) api: String,
}

impl Standing {
    pub(crate) fn start(more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        Self::spawn(command.args(["proxy", "--api", "127.0.0.1:0"]).args(more))
    }

    /// The same where no more than so many files may be open.
    pub(crate) fn start_within(files: u32, more: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_lifeboat")]);
        Self::spawn(shell.args(["proxy", "--api", "127.0.0.1:0"]).args(more))
    }

    /// Starts it as this command says.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let api = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("it said {line:?}")).1.to_owned();
        Self { child, api }
    }

    /// Shopify's own server instead, on a port that was free a moment ago.
    pub(crate) fn shopifys() -> Self {
        let program = go("github.com/Shopify/toxiproxy/v2/cmd/server", SHOPIFYS);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-host", "127.0.0.1", "-port", &port.to_string()]).env_remove("LOG_LEVEL");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let standing = Self { child, api: format!("127.0.0.1:{port}") };
        wait_for("Shopify's server", || TcpStream::connect(&standing.api).ok());
        standing
    }

    /// One call to the control API: its status and its body, `null` where that is not JSON.
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (status, text) = self.raw(method, path, body, "");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The same by somebody who knows the token.
    pub(crate) fn authorized(&self, token: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (status, text) = self.raw(method, path, body, &format!("authorization: Bearer {token}\r\n"));
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The same with more headers, each ended with CR LF, and the body as text.
    pub(crate) fn raw(&self, method: &str, path: &str, body: &str, headers: &str) -> (u16, String) {
        let mut wire = TcpStream::connect(&self.api).unwrap();
        wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = body.len();
        write!(wire, "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
            .unwrap();
        let mut text = String::new();
        wire.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A proxy before this upstream; where it listens.
    pub(crate) fn proxy(&self, name: &str, upstream: &str) -> String {
        let (status, made) = self.call("POST", "/proxies", &format!(r#"{{"name": "{name}", "upstream": "{upstream}"}}"#));
        assert_eq!(status, 201, "{made}");
        made["listen"].as_str().unwrap().to_owned()
    }

    /// Sends a signal by number.
    pub(crate) fn signal(&self, number: i32) {
        super::signal(self.child.id(), number);
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A service that answers every line with itself; where it listens.
pub(crate) fn echo() -> String {
    serve(|wire| drop(std::io::copy(&mut wire.try_clone().unwrap(), &mut &wire)))
}

/// A service that answers every HTTP request with 200.
pub(crate) fn echo_http() -> String {
    serve(|mut wire| {
        let mut came = Vec::new();
        let mut chunk = [0; 4096];
        while !came.ends_with(b"\r\n\r\n") {
            match wire.read(&mut chunk) {
                Ok(count @ 1..) => came.extend_from_slice(&chunk[..count]),
                _ => return,
            }
        }
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    })
}

fn serve(answer: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for wire in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || answer(wire));
        }
    });
    address
}
