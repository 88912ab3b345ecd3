//! The other side of a runbook: a server of a few lines that keeps what it was asked, and an AWS with AWS's own command line.

use crate::support::{Project, python};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) head: String,
    pub(super) body: String,
}

impl Asked {
    /// To whom, without the port.
    pub(super) fn host(&self) -> String {
        let host = self.head.lines().find_map(|line| line.to_lowercase().strip_prefix("host:").map(str::to_owned));
        host.unwrap_or_default().trim().split(':').next().unwrap_or_default().to_owned()
    }
}

/// A server, for as long as the test's process lives.
#[derive(Debug, Clone)]
pub(super) struct Side {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Side {
    pub(super) fn start(answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::on(&["127.0.0.1"], answer)
    }

    /// The same on several addresses of this host, at one port.
    pub(super) fn on(hosts: &[&str], answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let first = TcpListener::bind((hosts[0], 0)).unwrap();
        let address = first.local_addr().unwrap();
        let others = hosts[1..].iter().map(|host| TcpListener::bind((*host, address.port())).unwrap());
        let side = Self { address, asked: Arc::default() };
        let answer = Arc::new(answer);
        for listener in std::iter::once(first).chain(others) {
            let (asked, answer) = (side.asked.clone(), answer.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let (asked, answer) = (asked.clone(), answer.clone());
                    std::thread::spawn(move || serve(stream, &asked, &*answer));
                }
            });
        }
        side
    }

    pub(super) fn port(&self) -> String {
        self.address.port().to_string()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything so far, as `METHOD /path`.
    pub(super) fn calls(&self) -> Vec<String> {
        self.all().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    pub(super) fn all(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The bodies that a path was sent.
    pub(super) fn sent(&self, path: &str) -> Vec<String> {
        self.all().into_iter().filter(|asked| asked.path == path).map(|asked| asked.body).collect()
    }

    /// A program in the project that sends its words there, one a line, and ends well where the answer is 200.
    pub(super) fn program(&self, project: &Project, name: &str, path: &str) {
        let script = format!(
            "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done | curl --silent --fail --data-binary @- '{}{path}'\n",
            self.url()
        );
        program(project, name, &script);
    }
}

fn program(project: &Project, name: &str, script: &str) {
    project.write(name, script);
    std::fs::set_permissions(project.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn serve(stream: TcpStream, asked: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> (u16, String)) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let mut words = head.split_whitespace();
    let [method, path] = [words.next(), words.next()].map(|word| word.unwrap_or_default().to_owned());
    // Whoever only looks whether somebody listens asks nothing.
    if method.is_empty() {
        return;
    }
    let one = Asked { method, path, body: String::from_utf8_lossy(&body).into_owned(), head };
    asked.lock().unwrap().push(one.clone());
    let (status, text) = answer(&one);
    let kind = if one.path == "/metrics" { "text/plain" } else { "application/json" };
    let head = format!("HTTP/1.1 {status} So\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    let _ = reader.get_mut().write_all((head + &text).as_bytes());
}

/// An AWS. Dropping it ends it.
pub(super) struct Cloud {
    process: Child,
    port: u16,
}

impl Cloud {
    pub(super) fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/cloud.py");
        let mut command = Command::new(python("secret_stores", "tests/secret_stores/requirements.txt").join("python"));
        command.arg(script).env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().expect("the port that it prints") }
    }

    /// AWS's command line as a program of the project, `bin/aws`.
    pub(super) fn program(&self, project: &Project) {
        let script = format!(
            "#!/bin/sh\nanswer=$(for word; do printf '%s\\0' \"$word\"; done | curl --silent --data-binary @- http://127.0.0.1:{}/)\n\
             printf '%s\\n' \"${{answer#*:}}\"\nexit \"${{answer%%:*}}\"\n",
            self.port
        );
        program(project, "bin/aws", &script);
    }

    /// A call that must succeed: what it prints.
    pub(super) fn aws(&self, line: &str) -> String {
        let words: String = line.split(' ').map(|word| format!("{word}\0")).collect();
        let said = self.send("POST", "/", &words);
        said.strip_prefix("0:").unwrap_or_else(|| panic!("aws {line}: {said}")).to_owned()
    }

    /// Lets so many calls that have this part fail.
    pub(super) fn fail(&self, part: &str, times: u32) {
        self.send("POST", "/fail", &format!("{times} {part}"));
    }

    /// The calls that change something: service, operation, and nothing else.
    pub(super) fn changes(&self) -> Vec<String> {
        let all = self.send("GET", "/calls", "");
        let operation = |line: &str| line.split(' ').nth(1).unwrap_or_default().to_owned();
        all.lines().map(operation).filter(|operation| !operation.starts_with("describe") && !operation.starts_with("list")).collect()
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{method} {path} HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
