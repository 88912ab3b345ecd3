//! `lifeboat serve` on a free port, and a plain client of HTTP for it.

use super::Project;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

/// `lifeboat serve`. Dropping it kills it.
pub(crate) struct Served {
    /// `None` where it is somebody else's.
    child: Option<Child>,
    /// Its `host:port`.
    pub(crate) address: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answered {
    /// Of the text of a whole connection.
    pub(crate) fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("no answer: {text:?}"));
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The values of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of one that stands once.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers(name);
        assert_eq!(found.len(), 1, "{name}: {self:?}");
        found[0]
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Served {
    /// In a project, with more options.
    pub(crate) fn start(project: &Project, more: &[&str]) -> Self {
        let mut command = project.command(&[&["serve", "--listen", "127.0.0.1:0"], more].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
        Self { child: Some(child), address }
    }

    /// A server of somebody else, for the client alone.
    pub(crate) fn elsewhere(address: &str) -> Self {
        Self { child: None, address: address.to_owned() }
    }

    /// A connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let wire = TcpStream::connect(&self.address).unwrap();
        wire.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        wire
    }

    /// One request, with these lines of headers.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answered {
        let host = if headers.iter().any(|line| line.starts_with("host:")) { String::new() } else { format!("host: {}\r\n", self.address) };
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let mut wire = self.connect();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {length}\r\n{lines}\r\n");
        // A server that refuses a body need not read it.
        let _ = wire.write_all(head.as_bytes()).and_then(|()| wire.write_all(body.as_bytes()));
        let mut text = Vec::new();
        let _ = wire.read_to_end(&mut text);
        Answered::of(&unchunked(&String::from_utf8_lossy(&text)))
    }

    /// One request with a token, and JSON.
    pub(crate) fn call(&self, token: &str, method: &str, path: &str, body: &str) -> Answered {
        let bearer = format!("authorization: Bearer {token}");
        let kind = "content-type: application/json";
        let lines: &[&str] = if body.is_empty() { &[&bearer] } else { &[&bearer, kind] };
        self.ask(method, path, lines, body)
    }
}

/// A body that was sent in parts, whole.
fn unchunked(text: &str) -> String {
    let Some((head, rest)) = text.split_once("\r\n\r\n") else { return text.to_owned() };
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return text.to_owned();
    }
    let (mut body, mut rest) = (String::new(), rest);
    while let Some((size, more)) = rest.split_once("\r\n") {
        let Some(size) = usize::from_str_radix(size, 16).ok().filter(|size| *size > 0 && more.is_char_boundary(*size)) else { break };
        body += &more[..size];
        rest = more[size..].trim_start_matches("\r\n");
    }
    format!("{head}\r\n\r\n{body}")
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
