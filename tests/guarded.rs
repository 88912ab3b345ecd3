//! As another user of the same host, and as somebody who only half asks: no drill's proxy is led elsewhere, and no server stops answering.

use crate::support::{Project, Standing, echo_http};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Everything that a process listens on, as anybody on the host can find it.
fn listening(process: u32) -> Vec<SocketAddr> {
    let sockets: BTreeSet<String> = std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| {
            std::fs::read_link(entry.ok()?.path()).ok()?.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned)
        })
        .collect();
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        // 0A: it listens.
        (cells[3] == "0A" && sockets.contains(cells[9])).then(|| u16::from_str_radix(cells[1].split_once(':')?.1, 16).ok())?
    });
    rows.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect()
}

/// The status that a request is answered with; 0 where nothing like that comes.
fn ask(to: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut wire = TcpStream::connect(to).unwrap();
    wire.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-type: application/json\r\n");
    let _ = wire.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes());
    let mut came = Vec::new();
    let _ = wire.read_to_end(&mut came);
    let came = String::from_utf8_lossy(&came).into_owned();
    (came.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), came)
}

#[test]
fn another_user_of_this_host_cannot_lead_a_drill_s_proxy_elsewhere() {
    // Whoever gets there has a provider's key.
    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}", thief.local_addr().unwrap());
    let robbed = Arc::new(AtomicUsize::new(0));
    std::thread::spawn({
        let robbed = robbed.clone();
        move || {
            for _ in thief.incoming() {
                robbed.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let project = Project::quick();
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    drill.until("blackhole on first active");
    let mut control = 0;
    for place in listening(drill.id()) {
        let (status, told) = ask(place, "GET", "/proxies", "");
        assert!(!told.contains("\"upstream\""), "{place}: {told}");
        control += usize::from(status == 401 && told.contains("this control API requires a token"));
        for (method, path, body) in [
            ("PATCH", "/proxies/second", format!("{{\"upstream\": \"{upstream}\"}}")),
            ("POST", "/proxies/second", format!("{{\"upstream\": \"{upstream}\"}}")),
            ("POST", "/populate", format!("[{{\"name\": \"second\", \"upstream\": \"{upstream}\", \"dialect\": \"openai\"}}]")),
            ("POST", "/reset", String::new()),
            ("DELETE", "/proxies/second", String::new()),
            ("GET", "/events", String::new()),
        ] {
            let (status, told) = ask(place, method, path, &body);
            assert!(!(200..300).contains(&status), "{place} {method} {path}: {told}");
        }
    }
    assert_eq!(control, 1, "the control API was not found, so nothing was shown");
    // What it measured says nothing here: the machine may be busy.
    drill.finish();
    assert_eq!(robbed.load(Ordering::SeqCst), 0);
    let events = project.events("drill");
    assert!(events.iter().any(|event| event.get("fault_healed").is_some()));
}

/// A plain Toxiproxy's answer for whoever asks; what they sent comes into the list.
fn recording() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, sent) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let list = sent.clone();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            wire.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && wire.read(&mut byte).is_ok_and(|count| count == 1) {
                head.push(byte[0]);
            }
            list.lock().unwrap().push(String::from_utf8_lossy(&head).to_lowercase());
            let told = "{\"version\": \"2.9.0\"}";
            let length = told.len();
            let _ = write!(
                wire,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{told}"
            );
        }
    });
    (address, sent)
}

#[test]
fn whoever_only_looks_gives_no_secret_to_an_address_of_a_file() {
    let (thief, sent) = recording();
    let project = Project::quick();
    project.environment("named", &format!("control: {{url: 'http://{thief}', token_from: 'env:SOMEBODY_S_SECRET'}}"));
    for args in [&["check"][..], &["run", "scenarios/quick.yaml", "--env", "named", "--dry-run"]] {
        let run = project.run(project.command(args).env("SOMEBODY_S_SECRET", "hunter2-of-somebody"));
        run.exits_with(0);
        let sent: Vec<String> = std::mem::take(&mut *sent.lock().unwrap());
        assert_eq!(sent, [""; 0], "{args:?}: nobody is asked anything");
    }
}

/// Connections on which half a head was sent.
fn halves(to: SocketAddr) -> Vec<TcpStream> {
    let half = |_| {
        let mut wire = TcpStream::connect(to).unwrap();
        wire.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-half: ").unwrap();
        wire.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        wire
    };
    (0..500).map(half).collect()
}

#[test]
fn half_sent_heads_leave_the_control_api_and_the_proxies_answering() {
    // Fewer files than such connections need.
    let standing = Standing::start_within(600, &["--head-within", "2s"]);
    let api: SocketAddr = standing.api.parse().unwrap();
    let made = format!(r#"{{"name": "p", "upstream": "http://{}", "dialect": "http"}}"#, echo_http());
    let (status, made) = standing.call("POST", "/proxies", &made);
    assert_eq!(status, 201, "{made}");
    let listen: SocketAddr = made["listen"].as_str().unwrap().parse().unwrap();
    let began = Instant::now();
    let (at_api, at_proxy) = (halves(api), halves(listen));
    for _ in 0..5 {
        let (asked, (status, _)) = (Instant::now(), standing.call("GET", "/version", ""));
        assert!(status == 200 && asked.elapsed() < Duration::from_secs(1), "{status} after {:?}", asked.elapsed());
    }
    // The proxy has a place for others as soon as halves have had their time, wave after wave.
    let (status, told) = ask(listen, "GET", "/", "");
    assert_eq!(status, 200, "after {:?}: {told}", began.elapsed());
    for mut wire in at_api.into_iter().chain(at_proxy) {
        let read = wire.read(&mut [0; 512]);
        assert!(!read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "one is still open: {read:?}");
    }
}
