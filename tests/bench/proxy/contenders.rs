//! Who is compared: a real nginx as the upstream, and what stands before it, each as a process of its own on ports from the system.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that is ended with this.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The polite signal first: nginx ends its workers only then.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < end, "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a program whose output nobody reads; `None` where it is not installed.
fn start(program: &str, arguments: &[&str], port: u16) -> Option<Running> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().ok()?);
    wait_for(port);
    Some(running)
}

fn nginx(folder: &Path, name: &str, server: &str, port: u16) -> Option<Running> {
    let home = folder.join(name);
    std::fs::create_dir_all(&home).unwrap();
    let config = format!(
        "daemon off; user root; worker_processes 1; worker_rlimit_nofile 8192; pid {0}/pid; error_log /dev/null;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; default_type text/plain; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; {server}\n\
         client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e; }}\n",
        home.display()
    );
    let file = home.join("nginx.conf");
    std::fs::write(&file, config).unwrap();
    start("nginx", &["-p", home.to_str().unwrap(), "-c", file.to_str().unwrap(), "-e", "/dev/null"], port)
}

/// The upstream: `/small` answers 3 bytes, `/chat` 2 KB, `/large` 10 MB.
pub(crate) fn upstream(folder: &Path) -> Option<(Running, u16)> {
    let port = free();
    let chat = "x".repeat(2048);
    std::fs::write(folder.join("large"), vec![b'x'; 10_000_000]).unwrap();
    let server = format!(
        "server {{ listen 127.0.0.1:{port} backlog=4096; location = /small {{ return 200 'abc'; }} location = /chat {{ return 200 '{chat}'; }} \
         location = /v1/chat/completions {{ return 200 '{chat}'; }} \
         location = /large {{ root {}; }} }}",
        folder.display()
    );
    Some((nginx(folder, "upstream", &server, port)?, port))
}

/// nginx with `proxy_pass` and connections that are kept.
pub(crate) fn proxy_pass(folder: &Path, upstream: u16) -> Option<(Running, u16)> {
    let port = free();
    let server = format!(
        "upstream u {{ server 127.0.0.1:{upstream}; keepalive 2048; keepalive_requests 1000000000; }} \
         server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ proxy_pass http://u; proxy_http_version 1.1; \
         proxy_set_header Connection ''; proxy_buffering off; }} }}"
    );
    Some((nginx(folder, "proxy_pass", &server, port)?, port))
}

/// HAProxy with one thread, in its mode `tcp` or `http`.
pub(crate) fn haproxy(folder: &Path, mode: &str, upstream: u16) -> Option<(Running, u16)> {
    let port = free();
    let config = format!(
        "global\n nbthread 1\n maxconn 4000\ndefaults\n mode {mode}\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
         listen l\n bind 127.0.0.1:{port} backlog 4096\n server s 127.0.0.1:{upstream}\n"
    );
    let file = folder.join(format!("haproxy-{mode}.cfg"));
    std::fs::write(&file, config).unwrap();
    Some((start("haproxy", &["-f", file.to_str().unwrap()], port)?, port))
}

/// Envoy with one worker, as a tcp proxy or as an HTTP one.
pub(crate) fn envoy(folder: &Path, mode: &str, upstream: u16) -> Option<(Running, u16)> {
    let program = envoy_program()?;
    let port = free();
    let filter = if mode == "tcp" {
        json!({"name": "envoy.filters.network.tcp_proxy", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "s", "cluster": "u"}})
    } else {
        json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "s", "codec_type": "HTTP1",
            "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "u"}}]}]},
            "http_filters": [{"name": "r", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}]}})
    };
    let address = |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let config = json!({"static_resources": {
        "listeners": [{"name": "l", "address": address(port), "filter_chains": [{"filters": [filter]}]}],
        "clusters": [{"name": "u", "type": "STATIC", "connect_timeout": "5s", "load_assignment": {"cluster_name": "u", "endpoints": [
            {"lb_endpoints": [{"endpoint": {"address": address(upstream)}}]}]}}]}});
    let file = folder.join(format!("envoy-{mode}.json"));
    std::fs::write(&file, config.to_string()).unwrap();
    let id = if mode == "tcp" { "71" } else { "72" };
    let arguments = ["-c", file.to_str().unwrap(), "--concurrency", "1", "--base-id", id, "--disable-hot-restart", "-l", "off"];
    Some((start(program.to_str().unwrap(), &arguments, port)?, port))
}

/// `$ENVOY`, or one on the path, or where the tests install it.
fn envoy_program() -> Option<PathBuf> {
    std::env::var_os("ENVOY").map(PathBuf::from).or_else(|| program("envoy", "envoy/bin"))
}

/// A program on the path, or in a folder under `target/`.
pub(crate) fn program(name: &str, under: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(under);
    std::env::split_paths(&path).chain([target]).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `lifeboat proxy`.
pub(crate) struct Lifeboat {
    pub(crate) running: Running,
    api: String,
}

impl Lifeboat {
    pub(crate) fn start() -> Self {
        let mut command = crate::lifeboat();
        command.args(["proxy", "--api", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let api = line.trim().rsplit_once("http://").unwrap().1.to_owned();
        Self { running: Running(child), api }
    }

    /// One call of its control API.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut wire = TcpStream::connect(&self.api).unwrap();
        write!(wire, "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .unwrap();
        let mut text = String::new();
        wire.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 2"), "{text}");
        text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
    }

    /// A proxy before this upstream; its port.
    pub(crate) fn proxy(&self, name: &str, dialect: &str, upstream: u16) -> u16 {
        let made = self.call(
            "POST",
            "/proxies",
            &json!({"name": name, "listen": "127.0.0.1:0", "upstream": format!("127.0.0.1:{upstream}"), "dialect": dialect}),
        );
        made["listen"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
    }
}
