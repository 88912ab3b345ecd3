//! Broken set-ups, each with one thing wrong: what `lifeboat doctor` says of them, to the letter. What it says is in `tests/data/doctor/`, with the
//! ports that are not known beforehand replaced by those of the examples.

use crate::support::{Nginx, Project, Run, Standing, gateway_within, quick_provider, stop_all, wait_for};
use lifeboat::lab::{ReferenceGateway, SimulatedProvider};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

const KEY: &str = "sk-of-the-clients";

const INVENTORY: &str = "\
version: 1
credentials:
  one: {kind: api-key, from: env:FIRST_KEY}
  two: {kind: api-key, from: env:SECOND_KEY}
providers:
  first: {dialect: openai, base_url: 'http://127.0.0.1:9001/v1', credential: one}
  second: {dialect: openai, base_url: 'http://127.0.0.1:9002/v1', credential: two}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  own:
    proxies: {first: {listen: '127.0.0.1:25021'}, second: {listen: '127.0.0.1:25022'}}
    services: {chat: {url: 'http://127.0.0.1:4000/v1', key_from: env:CLIENT_KEY}}
";

/// A gateway of one's own, its two providers, and a project that is right until something of it is broken.
struct Town {
    project: Project,
    runtime: Runtime,
    providers: Vec<SimulatedProvider>,
    gateway: Option<ReferenceGateway>,
    /// The ports of the inventory as it is written here, and those that are used.
    ports: BTreeMap<u16, u16>,
    told: String,
}

/// A port at which nobody listens, and below those that are given to whoever asks for any.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let end = text.split_whitespace().next().and_then(|first| first.parse().ok()).filter(|first| *first > 12_000).unwrap_or(32_768);
    // Each process begins elsewhere.
    let begin = (std::process::id().wrapping_mul(61) % u32::from(end - 10_000)) as u16;
    let port = || 10_000 + (begin + NEXT.fetch_add(1, Ordering::SeqCst)) % (end - 10_000);
    std::iter::repeat_with(port).take(1_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// A text with each port that is in the map replaced, and no other digits.
fn ported(text: &str, ports: impl Fn(u16) -> Option<u16>) -> String {
    let mut parts = text.split(':');
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len()));
        let other = digits.parse().ok().and_then(&ports).map_or_else(|| digits.to_owned(), |port| port.to_string());
        done += &format!(":{other}{rest}");
    }
    done
}

/// A gateway that waits for its providers also where this machine is slow.
fn gateway(upstreams: &[(&str, String)]) -> ReferenceGateway {
    gateway_within(Duration::from_secs(10).into(), upstreams, KEY)
}

impl Town {
    fn new() -> Self {
        let (project, runtime) = (Project::quick(), Runtime::new().unwrap());
        let within = runtime.enter();
        let providers = vec![quick_provider("first"), quick_provider("second")];
        let port = |provider: &SimulatedProvider| provider.base_url().parse::<reqwest::Url>().unwrap().port().unwrap();
        let ports = [(9001, port(&providers[0])), (9002, port(&providers[1])), (25021, free_port()), (25022, free_port())];
        let mut ports = BTreeMap::from(ports);
        let gateway = gateway(&["first", "second"].map(|name| (name, to(&ports, if name == "first" { 25021 } else { 25022 }))));
        ports.insert(4000, gateway.base_url().parse::<reqwest::Url>().unwrap().port().unwrap());
        drop(within);
        Self { project, runtime, providers, gateway: Some(gateway), ports, told: String::new() }
    }

    /// Another gateway in the place of the usual one, that asks the providers at these ports of the inventory.
    fn gateway(&self, first: &str, second: &str) -> ReferenceGateway {
        self.gateway_of([("first", first), ("second", second)])
    }

    /// The same with the key `sk-NAME` of each name.
    fn gateway_of(&self, upstreams: [(&str, &str); 2]) -> ReferenceGateway {
        let _within = self.runtime.enter();
        gateway(&upstreams.map(|(name, written)| (name, self.used(written))))
    }

    /// The ports that are used, in place of those that are written.
    fn used(&self, written: &str) -> String {
        ported(written, |port| self.ports.get(&port).copied())
    }

    /// Looks at the inventory with these texts replaced.
    fn doctor(&mut self, what: &str, edits: &[(&str, &str)]) -> Run {
        self.doctor_with(what, edits, &[])
    }

    /// Writes the inventory with these texts replaced.
    fn inventory(&self, edits: &[(&str, &str)]) {
        let mut inventory = INVENTORY.to_owned();
        for (from, to) in edits {
            assert!(inventory.contains(from), "{from}");
            inventory = inventory.replace(from, to);
        }
        self.project.write("runbooks/inventory.yaml", &self.used(&inventory));
    }

    fn doctor_with(&mut self, what: &str, edits: &[(&str, &str)], env: &[(&str, &str)]) -> Run {
        self.inventory(edits);
        let mut command = self.project.command(&["doctor", "scenarios/quick.yaml", "--env", "own"]);
        command.envs([("CLIENT_KEY", KEY), ("FIRST_KEY", "sk-first"), ("SECOND_KEY", "sk-second")]).env("TMPDIR", self.project.path("tmp"));
        for (name, value) in env {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        std::fs::create_dir_all(self.project.path("tmp")).unwrap();
        let run = self.project.run(&mut command);
        assert_eq!(std::fs::read_dir(self.project.path("tmp")).unwrap().count(), 0, "{what}: it left something behind");
        assert!(!self.project.path("drills").exists(), "{what}: it left a drill behind");
        let mut said = run.stdout.clone() + &run.stderr;
        assert!(matches!((run.code, said.contains("wrong  ")), (Some(0), false) | (Some(3), true)), "{what}: {run:?}");
        let written = |port| self.ports.iter().find(|(_, used)| **used == port).map(|(written, _)| *written);
        said = ported(&said, written);
        said = said.replace(&self.project.path("").display().to_string(), "PROJECT/");
        // What is well is told once, in the first.
        let said: Vec<&str> = said.lines().filter(|line| self.told.is_empty() || !line.starts_with("ok ") && !line.is_empty()).collect();
        self.told += &format!("# {what}\n{}\n\n", said.join("\n"));
        run
    }

    /// Compares everything that was told.
    fn stands_in(mut self, file: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/doctor").join(file);
        let wanted = std::fs::read_to_string(&path).unwrap_or_default();
        let told = std::mem::take(&mut self.told);
        assert!(wanted.trim() == told.trim(), "{}, in which these are another:\n{}", path.display(), others(&wanted, &told));
    }
}

/// The cases that differ, as they are written (`-`) and told (`+`).
fn others(wanted: &str, told: &str) -> String {
    let cases = |text: &str| -> Vec<(String, String)> {
        let cases = format!("\n{}", text.trim());
        let cases = cases.split("\n# ").skip(1).map(|case| case.split_once('\n').unwrap_or((case, "")));
        cases.map(|(what, lines)| (what.to_owned(), lines.trim().to_owned())).collect()
    };
    let (wanted, told) = (cases(wanted), cases(told));
    let of = |cases: &[(String, String)], what: &str| cases.iter().find(|(name, _)| name == what).map(|(_, lines)| lines.clone());
    let mut names: Vec<&String> = wanted.iter().chain(&told).map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    let mut text = String::new();
    for name in names {
        let (was, is) = (of(&wanted, name), of(&told, name));
        if was != is {
            text += &format!("# {name}\n");
            was.iter().flat_map(|lines| lines.lines()).for_each(|line| text += &format!("-{line}\n"));
            is.iter().flat_map(|lines| lines.lines()).for_each(|line| text += &format!("+{line}\n"));
        }
    }
    if text.is_empty() { "none, but their order".to_owned() } else { text }
}

/// Where a port of the inventory really is.
fn to(ports: &BTreeMap<u16, u16>, written: u16) -> String {
    format!("127.0.0.1:{}", ports[&written])
}

impl Drop for Town {
    fn drop(&mut self) {
        stop_all(&self.runtime, self.gateway.take(), std::mem::take(&mut self.providers));
    }
}

/// A server that reads a request and answers with this, whatever was asked.
fn server(on: SocketAddr, answer: impl Fn(&[u8]) -> Vec<u8> + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind(on).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || {
                let (mut came, mut chunk) = (Vec::new(), [0; 65_536]);
                while let Ok(count @ 1..) = socket.read(&mut chunk) {
                    came.extend_from_slice(&chunk[..count]);
                    let text = String::from_utf8_lossy(&came).to_lowercase();
                    let body = text.find("\r\n\r\n").map(|end| came.len() - end - 4);
                    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
                    if body.is_some_and(|body| body >= length.unwrap_or(0)) || came[0] == 0x16 {
                        let _ = socket.write_all(&answer(&came));
                        return;
                    }
                }
            });
        }
    });
    port
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Asks at these ports for a list of models, without a key, as long as it is held: what gateways do by themselves.
struct HealthChecks(Arc<AtomicBool>);

impl HealthChecks {
    fn at(ports: [u16; 2]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        std::thread::spawn(move || {
            while !ends.load(Ordering::SeqCst) {
                for port in ports {
                    if let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) {
                        let _ = socket.set_read_timeout(Some(Duration::from_secs(1)));
                        let _ = socket.write_all(b"GET /v1/models HTTP/1.1\r\nhost: provider\r\nconnection: close\r\n\r\n");
                        let _ = socket.read_to_end(&mut Vec::new());
                    }
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self(over)
    }
}

impl Drop for HealthChecks {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// An answer of HTTP.
fn http(status: &str, kind: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

fn answers(status: &'static str, kind: &'static str, body: &'static str) -> u16 {
    server(loopback(), move |_| http(status, kind, body))
}

/// What stands before the gateway and changes its answers.
fn before(gateway: u16, change: impl Fn(String) -> String + Clone + Send + 'static) -> u16 {
    server(loopback(), move |asked| {
        let asked = String::from_utf8_lossy(asked).replacen(" HTTP/1.1\r\n", " HTTP/1.0\r\n", 1);
        let mut socket = TcpStream::connect(("127.0.0.1", gateway)).unwrap();
        socket.write_all(asked.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        change(answer).into_bytes()
    })
}

const URL: &str = "url: 'http://127.0.0.1:4000/v1'";
const JSON: &str = "application/json";

#[test]
fn on_this_host() {
    let mut town = Town::new();
    town.doctor("nothing is wrong", &[]);
    town.doctor_with("the key of the clients is not set", &[], &[("CLIENT_KEY", "")]);
    let taken = TcpListener::bind(to(&town.ports, 25021)).unwrap();
    town.doctor("the port of a proxy is taken", &[]);
    drop(taken);
    town.doctor("the file of the authority is missing", &[("key_from: env:CLIENT_KEY", "key_from: env:CLIENT_KEY, ca: certs/ca.pem")]);
    town.project.write("certs/ca.pem", "-----BEGIN PRIVATE KEY-----\n");
    town.doctor(
        "the file of the authority holds no certificate",
        &[("key_from: env:CLIENT_KEY", "key_from: env:CLIENT_KEY, ca: certs/ca.pem")],
    );
    let start = "start: {run: [no-such-gateway, '${port}'], ready: 'http://127.0.0.1:${port}/'}\n    services: {chat: {url: 'http://127.0.0.1:${port}/v1'";
    town.doctor("the program of the gateway is not installed", &[("services: {chat: {url: 'http://127.0.0.1:4000/v1'", start)]);
    town.project.runbook("on-detection", &["name: Switch, run: [no-such-tool, --now], timeout: 5s"]);
    town.doctor("the program of a step is not installed", &[]);
    let closed = free_port();
    town.ports.insert(4001, closed);
    town.doctor_with(
        "three things at once, and nothing that follows from them",
        &[(URL, "url: 'http://127.0.0.1:4001/v1', headers_from: {x-tenant: 'env:TENANT'}")],
        &[("TENANT", "")],
    );
    town.stands_in("host.txt");
}

#[test]
fn at_the_gateway() {
    let mut town = Town::new();
    let own = town.ports[&4000];
    let direct = town.gateway("127.0.0.1:9001", "127.0.0.1:9002");
    let at = |town: &mut Town, what: &str, port: u16| {
        town.ports.insert(4000, port);
        town.doctor(what, &[]);
    };
    let port_of = |gateway: &ReferenceGateway| gateway.base_url().parse::<reqwest::Url>().unwrap().port().unwrap();
    at(&mut town, "the gateway does not go through the proxies", port_of(&direct));
    town.doctor(
        "the same, and the proxies have other ports each time",
        &[("    proxies: {first: {listen: '127.0.0.1:25021'}, second: {listen: '127.0.0.1:25022'}}\n", "")],
    );
    let checks = HealthChecks::at([town.ports[&25021], town.ports[&25022]]);
    town.doctor("the gateway does not go through the proxies, but its health checks do", &[]);
    at(&mut town, "health checks bear no key", own);
    drop(checks);
    let swapped = town.gateway("127.0.0.1:25022", "127.0.0.1:25021");
    at(&mut town, "two proxies are swapped", port_of(&swapped));
    let deep = town.gateway("127.0.0.1:25021/openai", "127.0.0.1:25022/openai");
    at(&mut town, "the gateway's base URLs have another path", port_of(&deep));
    let keyless = town.gateway_of([("nobody", "127.0.0.1:25021"), ("second", "127.0.0.1:25022")]);
    at(&mut town, "the gateway has another key than its provider", port_of(&keyless));
    at(&mut town, "nobody listens at the gateway's address", free_port());
    let six = server(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)), |_| http("200 OK", JSON, "{}"));
    at(&mut town, "the gateway listens on IPv6 only", six);
    town.ports.insert(4000, own);
    town.doctor_with("the clients' key is another's", &[], &[("CLIENT_KEY", "sk-of-somebody-else")]);
    town.doctor("no key is sent", &[(", key_from: env:CLIENT_KEY", "")]);
    town.doctor("the path of the service is mistyped", &[("4000/v1", "4000/vi")]);
    town.doctor("TLS is expected where there is none", &[("http://127.0.0.1:4000", "https://127.0.0.1:4000")]);
    for (what, port) in [
        ("a key of another tenant", answers("403 Forbidden", JSON, r#"{"error": {"message": "tenant b may not use this model"}}"#)),
        (
            "an alias that nobody knows",
            answers("404 Not Found", JSON, r#"{"error": {"message": "The model `gpt-4o` does not exist", "code": "model_not_found"}}"#),
        ),
        (
            "an alias that is refused",
            answers("400 Bad Request", JSON, r#"{"error": {"message": "Invalid model name passed in model=gpt-4o"}}"#),
        ),
        ("the gateway reaches nobody", answers("502 Bad Gateway", "text/plain", "upstream connect error\nor disconnect")),
        ("the gateway is at its limit", answers("429 Too Many Requests", JSON, r#"{"error": {"message": "budget of team a is used up"}}"#)),
        (
            "an error is answered with status 200",
            answers("200 OK", JSON, r#"{"error": {"message": "no deployment available", "code": "oops"}}"#),
        ),
        ("a page is answered", answers("200 OK", "text/html", "<!doctype html>\n<title>Sign in</title>")),
        ("it is sent on to a login", answers("302 Found\r\nlocation: https://login.example/", "text/html", "")),
        ("it is no HTTP", server(loopback(), |_| b"220 mail.example ESMTP\r\n".to_vec())),
    ] {
        at(&mut town, what, port);
    }
    at(&mut town, "streams end without a marker", before(own, |answer| answer.replace("data: [DONE]\n\n", "")));
    at(
        &mut town,
        "the last words are missing",
        before(own, |answer| answer.split("\"finish_reason\":\"stop\"").next().unwrap().to_owned()),
    );
    let gone = free_port();
    town.ports.insert(4000, own);
    town.ports.insert(9003, gone);
    town.doctor("the standby's address is nobody's", &[("127.0.0.1:9002", "127.0.0.1:9003")]);
    town.stands_in("gateway.txt");
}

#[test]
fn behind_somebody_elses_tls() {
    let mut town = Town::new();
    let nginx = Nginx::start(&town.project, &format!("http://{}", to(&town.ports, 4000)));
    town.ports.insert(4443, nginx.port);
    let secure = "url: 'https://localhost:4443/v1'";
    town.doctor("its authority is trusted", &[(URL, "url: 'https://localhost:4443/v1', ca: nginx/authority.pem")]);
    town.doctor("its authority is not named", &[(URL, secure)]);
    town.doctor("it is called by another name", &[(URL, "url: 'https://127.0.0.1:4443/v1', ca: nginx/authority.pem")]);
    town.doctor("it is asked without TLS", &[(URL, "url: 'http://localhost:4443/v1'")]);
    town.stands_in("tls.txt");
}

#[test]
fn in_a_store() {
    let mut town = Town::new();
    // Something of the drill is given the key, so it is needed.
    let vault = |port: u16| {
        [
            ("{kind: api-key, from: env:FIRST_KEY}".to_owned(), "{kind: api-key, from: 'vault:secret/data/chat#key'}".to_owned()),
            (
                "providers:\n  first".to_owned(),
                format!(
                    "stores:\n  vault: {{kind: vault, address: 'http://127.0.0.1:{port}', login: {{token: env:VAULT_TOKEN}}}}\nproviders:\n  first"
                ),
            ),
            ("key_from: env:CLIENT_KEY".to_owned(), "key_from: env:CLIENT_KEY, headers: {x-up: '${credential.first}'}".to_owned()),
        ]
    };
    let closed = free_port();
    for (what, port, token) in [
        ("there is no login", closed, ""),
        ("it is unreachable", closed, "s.token"),
        ("it is empty", answers("404 Not Found", JSON, r#"{"errors": []}"#), "s.token"),
        ("the login is refused", answers("403 Forbidden", JSON, r#"{"errors": ["permission denied"]}"#), "s.token"),
        ("it is sealed", answers("503 Service Unavailable", JSON, r#"{"errors": ["Vault is sealed"]}"#), "s.token"),
    ] {
        town.ports.insert(8200, port);
        let edits = vault(8200);
        let edits: Vec<(&str, &str)> = edits.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        town.doctor_with(what, &edits, &[("VAULT_TOKEN", token)]);
    }
    town.stands_in("store.txt");
}

#[test]
fn at_the_control_api() {
    let mut town = Town::new();
    let control = |more: &str| format!("  own:\n    control: {{url: 'http://127.0.0.1:8474'{more}}}");
    let (plain, token) = (control(""), control(", token_from: env:PROXY_TOKEN"));
    town.ports.insert(8474, free_port());
    town.doctor("no fault proxy is there", &[("  own:", &plain)]);
    town.ports.insert(8474, answers("200 OK", "text/html", "<title>It works</title>"));
    town.doctor("something else is there", &[("  own:", &plain)]);
    town.doctor_with("its token is not set", &[("  own:", &token)], &[("PROXY_TOKEN", "")]);
    let standing = Standing::start(&["--token-from", "env:PATH"]);
    town.ports.insert(8474, standing.api.rsplit(':').next().unwrap().parse().unwrap());
    town.doctor_with("its token is another", &[("  own:", &token)], &[("PROXY_TOKEN", "not-the-token")]);
    let open = Standing::start(&[]);
    town.ports.insert(8474, open.api.rsplit(':').next().unwrap().parse().unwrap());
    open.call(
        "POST",
        "/proxies",
        &format!(r#"{{"name": "first", "listen": "{}", "upstream": "http://127.0.0.1:1", "dialect": "openai"}}"#, to(&town.ports, 25021)),
    );
    town.doctor("another drill has a proxy of that name", &[("  own:", &plain)]);
    wait_for("what it made is gone", || open.call("GET", "/proxies/second", "").1["name"].is_null().then_some(()));
    town.stands_in("control.txt");
}

/// The quick drill with a baseline of a minute, at this gateway. It must end long before that.
fn drill(town: &mut Town, gateway: u16) -> Run {
    town.ports.insert(4000, gateway);
    // However slow this machine is.
    town.inventory(&[("slo: {first_token: 250ms}, deadline: 2s", "slo: {first_token: 1900ms}, deadline: 10s")]);
    town.project.edit("scenarios/quick.yaml", "baseline: 1500ms", "baseline: 60s");
    let mut command = town.project.command(&["run", "scenarios/quick.yaml", "--env", "own", "--out", "drill"]);
    command.envs([("CLIENT_KEY", KEY), ("FIRST_KEY", "sk-first"), ("SECOND_KEY", "sk-second")]);
    let run = town.project.run(&mut command);
    let events = town.project.events("drill");
    assert!(!events.iter().any(|event| event.get("fault_requested").is_some()));
    let last = events.last().unwrap()["t"].as_u64().unwrap();
    assert!(last < 55_000_000_000, "it went on for {last} ns");
    run
}

/// The same reason on the terminal, in the verdict, in the report, and whenever it is judged again.
fn told_everywhere(town: &Town, run: &Run, because: &str, hint: &str) {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let verdict = town.project.json("drill/verdict.json");
    let again = town.project.lifeboat(&["judge", "drill", "--format", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again.stdout).unwrap(), verdict);
    let report = std::fs::read_to_string(town.project.path("drill/report.md")).unwrap().replace('\\', "");
    let (why, what) = (verdict["because"].as_str().unwrap(), verdict["hint"].as_str().unwrap());
    for (text, wanted) in [
        (why, because),
        (what, hint),
        (&line(&run.stdout), because),
        (&line(&run.stdout), hint),
        (&line(&report), because),
        (&line(&report), hint),
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
    }
}

#[test]
fn a_baseline_that_cannot_hold_any_more_ends_with_its_reason() {
    let mut town = Town::new();
    let asked = Arc::new(AtomicU32::new(0));
    let breaks = before(town.ports[&4000], move |answer| {
        let first = asked.fetch_add(1, Ordering::SeqCst) < 5;
        if first { answer } else { String::from_utf8(http("503 Service Unavailable", "text/plain", "no worker is free")).unwrap() }
    });
    let run = drill(&mut town, breaks);
    run.exits_with(3);
    let because = "no fault was injected: the traffic before the fault is not steady: only 4 of the first ";
    told_everywhere(&town, &run, because, "no fault was injected; ");
    run.says("ended with status-503, the first of them with the answer no worker is free").says("it can no longer reach 95%");
}

#[test]
fn a_baseline_that_leaves_the_proxies_ends_with_its_reason() {
    let mut town = Town::new();
    let direct = town.gateway("127.0.0.1:9001", "127.0.0.1:9002");
    let direct = direct.base_url().parse::<reqwest::Url>().unwrap().port().unwrap();
    let (own, asked) = (town.ports[&4000], AtomicU32::new(0));
    let asked = Arc::new(asked);
    let leaves = {
        let listener = TcpListener::bind(loopback()).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                // The connection of the preflight is its own.
                let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
                let server = TcpStream::connect(("127.0.0.1", if first { own } else { direct })).unwrap();
                for (from, to) in [(&caller, &server), (&server, &caller)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Write);
                    });
                }
            }
        });
        port
    };
    let _keep = town.runtime.enter();
    let run = drill(&mut town, leaves);
    run.exits_with(3);
    told_everywhere(&town, &run, "were answered, and none passed a proxy", "point the gateway at the proxies of its providers");
}

#[test]
fn a_person_who_stops_it_in_the_preflight_is_the_reason() {
    let mut town = Town::new();
    let silent = TcpListener::bind(loopback()).unwrap();
    town.ports.insert(4000, silent.local_addr().unwrap().port());
    town.inventory(&[(", deadline: 2s", ", deadline: 30s")]);
    let env = [("CLIENT_KEY", KEY), ("FIRST_KEY", "sk-first"), ("SECOND_KEY", "sk-second")];
    let mut drill = town.project.start_with(&["run", "scenarios/quick.yaml", "--env", "own", "--out", "drill"], &env);
    drill.until("preparing");
    // Its request is on its way.
    let _asked = silent.accept().unwrap();
    drill.signal(2);
    let run = drill.finish();
    run.exits_with(4);
    told_everywhere(&town, &run, "the drill ended before its traffic began: a person stopped it", "run it again");
}
