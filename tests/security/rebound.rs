//! Rebinding, imitated: a name that led to a page a moment ago leads to the victim's own host now. A forwarder on 127.0.0.2 and on the port
//! of the server that the page aims at serves the page, and passes everything else on to that server, byte for byte.

use super::capture::request;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// The name under which the browser knows it.
const NAME: &str = "rebound.test";
const ADDRESS: &str = "127.0.0.2";
const PAGE: &str = include_str!("page.html");
/// A browser that has not tried everything by then is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the page said.
pub(super) struct Told {
    /// What it could read.
    pub(super) read: Vec<String>,
    /// How many bodies it sent.
    pub(super) sent: u64,
}

/// A browser of Debian's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Browser {
    Firefox,
    Chromium,
}

/// A page that is served under the name which then leads to `port` of this host, and what it says.
pub(super) struct Rebound {
    port: u16,
    /// Where it says it: another server, or it would take a place on the victim's connections.
    desk: u16,
    told: Receiver<Value>,
}

impl Rebound {
    /// To a server on 127.0.0.1. It ends with the test's process.
    pub(super) fn to(port: u16) -> Self {
        let (tell, told) = channel();
        listen(port, move |wire| serve(wire, port));
        let desk = listen(0, move |wire| hear(&wire, &tell));
        Self { port, desk, told }
    }

    /// Lets a browser visit the page, until it has tried everything.
    pub(super) fn visited_by(&self, browser: Browser, aim: &str, evil: &str) -> Told {
        let (port, desk) = (self.port, self.desk);
        let tell = format!("http://{NAME}:{desk}/");
        let page = format!("http://{NAME}:{port}/page?aim={aim}&direct=127.0.0.1:{port}&evil={evil}&tell={tell}");
        let _open = Open::at(browser, &page);
        let end = Instant::now() + PATIENCE;
        let mut all = Told { read: Vec::new(), sent: 0 };
        loop {
            match self.told.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(told) if told["what"] == "done" => {
                    all.sent = told["value"].as_u64().unwrap();
                    return all;
                }
                Ok(told) => all.read.push(told["value"].as_str().unwrap_or_default().to_owned()),
                Err(RecvTimeoutError::Timeout) => panic!("{browser:?} has not tried everything in {PATIENCE:?}; it read {:?}", all.read),
                Err(RecvTimeoutError::Disconnected) => unreachable!("who listens outlives the test"),
            }
        }
    }
}

/// Serves each connection to this port in a thread of its own; the port.
fn listen(port: u16, serve: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind((ADDRESS, port)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for wire in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            std::thread::spawn(move || serve(wire));
        }
    });
    port
}

/// What the page tells.
fn hear(wire: &TcpStream, tell: &Sender<Value>) {
    let request = request(wire);
    if let Some(told) = request.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()) {
        // Nobody listens any more once everything was told.
        let _ = tell.send(told);
    }
    answer(wire, "");
}

fn answer(mut wire: &TcpStream, page: &str) {
    let length = page.len();
    // No second call on this connection, which would then not go on to the server.
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = wire.write_all((head + page).as_bytes());
}

/// One connection: the page is served here, everything else goes on.
fn serve(wire: TcpStream, port: u16) {
    let mut first = [0; 16];
    match wire.peek(&mut first) {
        Ok(count) if first[..count].starts_with(b"GET /page?") => {
            request(&wire);
            answer(&wire, PAGE);
        }
        _ => pass(wire, port),
    }
}

/// Bytes both ways, unchanged, until one end closes.
fn pass(wire: TcpStream, port: u16) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (Ok(up), Ok(down)) = (wire.try_clone(), server.try_clone()) else { return };
    let upward = std::thread::spawn(move || carry(up, server));
    carry(down, wire);
    let _ = upward.join();
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut chunk = [0; 16384];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        if to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// An open browser with a profile of its own. Dropping it closes it.
struct Open {
    process: Child,
    _profile: tempfile::TempDir,
}

impl Open {
    fn at(browser: Browser, page: &str) -> Self {
        let profile = tempfile::Builder::new().prefix("profile").tempdir().unwrap();
        let mut command = match browser {
            Browser::Firefox => firefox(profile.path()),
            Browser::Chromium => chromium(profile.path()),
        };
        command.arg(page).env("HOME", profile.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.process_group(0).spawn();
        let process =
            process.unwrap_or_else(|error| panic!("this test needs {browser:?} (Debian's packages firefox-esr and chromium): {error}"));
        Self { process, _profile: profile }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.process.wait();
    }
}

fn firefox(profile: &Path) -> Command {
    let preferences = [
        ("network.dns.forceResolve", format!("\"{ADDRESS}\"")),
        ("network.proxy.type", "0".to_owned()),
        ("dom.security.https_first", "false".to_owned()),
        ("network.captive-portal-service.enabled", "false".to_owned()),
        ("network.connectivity-service.enabled", "false".to_owned()),
        ("datareporting.policy.dataSubmissionEnabled", "false".to_owned()),
        ("app.normandy.enabled", "false".to_owned()),
        ("browser.aboutwelcome.enabled", "false".to_owned()),
        ("browser.shell.checkDefaultBrowser", "false".to_owned()),
    ];
    let lines: String = preferences.iter().map(|(name, value)| format!("user_pref(\"{name}\", {value});\n")).collect();
    std::fs::write(profile.join("user.js"), lines).unwrap();
    let mut command = Command::new("firefox-esr");
    command.args(["--headless", "--no-remote", "--profile"]).arg(profile);
    command
}

fn chromium(profile: &Path) -> Command {
    let mut command = Command::new("chromium");
    // Its sandbox does not let root in.
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"]);
    command.arg(format!("--host-resolver-rules=MAP {NAME} {ADDRESS}")).arg(format!("--user-data-dir={}", profile.display()));
    command
}
