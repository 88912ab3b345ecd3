//! gRPC's own client and server, unmodified, through proxies that look into HTTP, and the conformance of what the proxy speaks itself.

use crate::support::{Project, Standing, certificates, go, python};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

/// What each call comes to, whether TLS is on the way or not.
const CALLS: [&str; 4] = [
    "unary-unary b'cba' {'x-seen': 'me'}",
    "unary-stream [b'n0', b'n1', b'n2']",
    "stream-unary b'a+b'",
    "stream-stream [b'0!', b'1!', b'2!', b'3!', b'4!']",
];

#[test]
fn real_grpc_passes_in_every_kind_of_call_with_and_without_tls() {
    let project = Project::empty();
    let authority = certificates(&project);
    let standing = Standing::start(&["--upstream-ca", authority.to_str().unwrap()]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grpc/calls.py");
    let mut command = Command::new(python("grpc", "tests/grpc/requirements.txt").join("python"));
    command.arg(script).arg(format!("http://{}", standing.api)).arg(authority.parent().unwrap());
    let run = project.run(command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*"));
    let mut wanted: Vec<String> = ["h2c", "tls"].iter().flat_map(|wire| CALLS.map(|call| format!("{wire} {call}"))).collect();
    wanted.push(
        "failures ('FAILED_PRECONDITION', 'low water', {'x-reason': 'tide', 'x-raw-bin': b'\\x00\\xff'}) ('DEADLINE_EXCEEDED', '', {})"
            .to_owned(),
    );
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), wanted, "{}", run.stderr);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// Answers every request as soon as its head is whole; where it listens.
fn provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = |mut wire: TcpStream| {
        let (mut came, mut chunk) = (Vec::new(), [0; 4096]);
        while !came.windows(4).any(|four| four == b"\r\n\r\n") {
            match wire.read(&mut chunk) {
                Ok(count @ 1..) => came.extend_from_slice(&chunk[..count]),
                _ => return,
            }
        }
        let _ = wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        let _ = wire.shutdown(Shutdown::Write);
        let _ = std::io::copy(&mut wire, &mut std::io::sink());
    };
    std::thread::spawn(move || {
        for wire in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(wire));
        }
    });
    address
}

/// Every case of h2spec, those that a server should pass among them: what hyper and h2 do, and how a connection begins, which is ours.
#[test]
fn what_the_proxy_speaks_is_http2_by_every_case_of_h2spec() {
    let h2spec = go("github.com/summerwind/h2spec/cmd/h2spec", "v2.2.1+incompatible");
    let standing = Standing::start(&[]);
    for tls in [false, true] {
        let proxy =
            serde_json::json!({"name": format!("{tls}"), "upstream": format!("http://{}", provider()), "dialect": "http", "tls": tls});
        let (status, made) = standing.call("POST", "/proxies", &proxy.to_string());
        assert_eq!(status, 201, "{made}");
        let port = made["listen"].as_str().unwrap().rsplit_once(':').unwrap().1;
        let mut command = Command::new(&h2spec);
        command.args(["--strict", "--timeout", "5", "--host", "127.0.0.1", "--port", port]);
        if tls {
            command.args(["--tls", "--insecure"]);
        }
        let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let summary = told.lines().last().unwrap_or_default();
        println!("h2spec, TLS {tls}: {summary}");
        let failures = told.split_once("Failures:").map_or("", |(_, failures)| failures);
        assert_eq!(summary, "146 tests, 146 passed, 0 skipped, 0 failed", "{failures}");
    }
}
