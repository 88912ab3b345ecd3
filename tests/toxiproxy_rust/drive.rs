//! The crate `toxiproxy_rust` drives `lifeboat proxy`, whose program the environment variable `LIFEBOAT` names. A crate of its own, because
//! that client builds OpenSSL.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

/// A standing proxy, ended when it is dropped.
struct Standing {
    child: Child,
    client: Client,
}

impl Standing {
    fn start() -> Self {
        let lifeboat = std::env::var("LIFEBOAT").expect("the environment variable LIFEBOAT names the program");
        let mut child = Command::new(lifeboat).args(["proxy", "--api", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").expect(&line).1.to_owned();
        Self { child, client: Client::new(address) }
    }

    /// A proxy before a service that answers each line with itself.
    fn echo(&self, name: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for wire in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || std::io::copy(&mut wire.try_clone().unwrap(), &mut &wire));
            }
        });
        let pack = ProxyPack::new(name.into(), "127.0.0.1:0".into(), upstream);
        let mut created = self.client.populate(vec![pack]).unwrap();
        assert_eq!(created.len(), 1);
        created.remove(0)
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends `text` and reads so many bytes of the answer.
fn ask(proxy: &Proxy, text: &str) -> std::io::Result<(Duration, String)> {
    let mut wire = TcpStream::connect(&proxy.proxy_pack.listen)?;
    wire.set_read_timeout(Some(Duration::from_secs(20)))?;
    let began = Instant::now();
    wire.write_all(text.as_bytes())?;
    let mut came = vec![0; text.len()];
    wire.read_exact(&mut came)?;
    Ok((began.elapsed(), String::from_utf8(came).unwrap()))
}

#[test]
fn proxies_are_created_found_disabled_and_deleted() {
    let standing = Standing::start();
    let client = &standing.client;
    assert!(client.is_running());
    assert!(client.version().unwrap().contains("\"version\""));
    let proxy = standing.echo("one");
    assert_eq!(ask(&proxy, "hello").unwrap().1, "hello");
    assert_eq!(client.all().unwrap().keys().collect::<Vec<_>>(), ["one"]);
    proxy.with_down(|| assert_eq!(ask(&proxy, "x").unwrap_err().kind(), ErrorKind::ConnectionRefused)).unwrap();
    assert_eq!(ask(&proxy, "again").unwrap().1, "again");
    let found = client.find_proxy("one").unwrap();
    assert!(found.proxy_pack.enabled && found.proxy_pack.upstream == proxy.proxy_pack.upstream);
    assert!(client.find_proxy("two").is_err());
    found.delete().unwrap();
    assert!(client.all().unwrap().is_empty());
    assert_eq!(ask(&proxy, "x").unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn every_toxic_of_the_client_acts_and_is_removed() {
    let standing = Standing::start();
    let proxy = standing.echo("one");
    let down = || "downstream".to_owned();
    proxy
        .with_latency(down(), 150, 0, 1.0)
        .apply(|| {
            assert!(ask(&proxy, "late").unwrap().0 >= Duration::from_millis(150));
        })
        .unwrap();
    proxy
        .with_latency("upstream".into(), 150, 0, 1.0)
        .apply(|| {
            assert!(ask(&proxy, "late").unwrap().0 >= Duration::from_millis(150));
        })
        .unwrap();
    proxy
        .with_bandwidth(down(), 1, 1.0)
        .apply(|| {
            assert!(ask(&proxy, &"x".repeat(200)).unwrap().0 >= Duration::from_millis(180), "200 bytes at 1 KB/s");
        })
        .unwrap();
    proxy
        .with_slicer(down(), 10, 3, 2000, 1.0)
        .apply(|| {
            let (took, came) = ask(&proxy, &"y".repeat(300)).unwrap();
            assert!(took >= Duration::from_millis(30) && came == "y".repeat(300), "some thirty pieces, 2 ms apart: {took:?}");
        })
        .unwrap();
    proxy
        .with_limit_data(down(), 3, 1.0)
        .apply(|| {
            assert_eq!(ask(&proxy, "four").unwrap_err().kind(), ErrorKind::UnexpectedEof);
            assert_eq!(ask(&proxy, "abc").unwrap().1, "abc");
        })
        .unwrap();
    proxy
        .with_timeout(down(), 100, 1.0)
        .apply(|| {
            assert_eq!(ask(&proxy, "lost").unwrap_err().kind(), ErrorKind::UnexpectedEof);
        })
        .unwrap();
    proxy
        .with_slow_close(down(), 150, 1.0)
        .apply(|| {
            let began = Instant::now();
            let mut wire = TcpStream::connect(&proxy.proxy_pack.listen).unwrap();
            wire.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(wire.read(&mut [0]).unwrap(), 0);
            assert!(began.elapsed() >= Duration::from_millis(150));
        })
        .unwrap();
    assert!(proxy.toxics().unwrap().is_empty());
    assert!(ask(&proxy, "quick").unwrap().0 < Duration::from_millis(100), "nothing is left");
}

#[test]
fn a_toxic_that_takes_nobody_harms_nobody_and_a_reset_removes_everything() {
    let standing = Standing::start();
    let proxy = standing.echo("one");
    proxy.with_timeout("downstream".into(), 1, 0.0);
    for _ in 0..50 {
        assert_eq!(ask(&proxy, "fine").unwrap().1, "fine");
    }
    proxy.with_latency("upstream".into(), 5, 0, 1.0);
    assert_eq!(proxy.toxics().unwrap().len(), 2);
    proxy.disable().unwrap();
    standing.client.reset().unwrap();
    assert!(proxy.toxics().unwrap().is_empty());
    assert_eq!(ask(&proxy, "fine").unwrap().1, "fine");
    proxy.with_latency("downstream".into(), 5, 0, 1.0);
    let found = standing.client.find_and_reset_proxy("one").unwrap();
    assert!(found.toxics().unwrap().is_empty());
}
