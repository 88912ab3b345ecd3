//! The forward proxy: what `HTTPS_PROXY` and `HTTP_PROXY` point to, so that a gateway's own configuration need not change.
//!
//! It reads the head of the first request, finds the proxy that answers for the host asked for, and hands the connection over: from then on
//! it is one of that proxy's own. Who asks for a host that nobody answers for is led straight to it, untouched. Of plain requests a
//! connection carries one, because the next may be for another host.
//!
//! What this file does not do: authenticate anybody. It listens on loopback unless it is told to be open, and then leads nobody to this
//! machine (`route`). Its own proxy's control API it leads nobody to in any case.

use super::arrival::{AcceptedConnection, Arrival, Decline, ESTABLISHED};
use super::listener::ProxyListener;
use super::registry::Registry;
use super::seat::Seat;
use super::stop_signal::StopSignal;
use crate::listen::is_of_connection;
use bytes::{Bytes, BytesMut};
use hyper::Uri;
use hyper::http::uri::Authority;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The longest head of a request.
const LONGEST: usize = 64 << 10;
/// How long connecting to a host that nobody answers for may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Target of the first request on a connection of the forward proxy.
#[derive(Debug, PartialEq, Eq)]
struct ForwardTarget {
    kind: ForwardKind,
    host: String,
    port: u16,
}

/// How the target is asked for: as a tunnel (`CONNECT`), or as one plain request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ForwardKind {
    Tunnel,
    Request,
}

/// Serves until the proxy is told to end; then open straight tunnels may go on for the time that it gives.
pub(super) async fn serve(listener: ProxyListener, registry: Arc<Registry>, mut stopped: StopSignal) {
    let mut tasks = JoinSet::new();
    let grace = loop {
        tokio::select! {
            (socket, seat) = listener.accept() => drop(tasks.spawn(receive(socket, seat, registry.clone()))),
            Some(_) = tasks.join_next() => {}
            grace = async { stopped.wait_for(Option::is_some).await.ok().and_then(|grace| *grace) } => break grace.unwrap_or_default(),
        }
    };
    drop(listener);
    let _ = timeout(grace, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.shutdown().await;
}

async fn receive(mut socket: TcpStream, seat: Seat, registry: Arc<Registry>) {
    let _ = socket.set_nodelay(true);
    let read = match timeout(registry.context.head, read_head(&mut socket)).await {
        Ok(Ok(Some(read))) => read,
        Ok(Ok(None) | Err(_)) => return,
        Err(_) => return refuse(&mut socket, 408, "no complete request came in time").await,
    };
    let Some(end) = end_of_head(&read) else { return refuse(&mut socket, 431, "the head of a request may have at most 64 KB").await };
    let asked = match ForwardTarget::parse(&read[..end]) {
        Ok(asked) => asked,
        Err(problem) => return refuse(&mut socket, 400, problem).await,
    };
    let read = read.freeze();
    let host = asked.host.trim_matches(['[', ']']).to_owned();
    let arrival = match asked.kind {
        ForwardKind::Tunnel => Arrival::Tunnel { host: host.clone(), ahead: read.slice(end..) },
        ForwardKind::Request => Arrival::Request { ahead: read.clone() },
    };
    let Some(guest) = registry.admit(&asked.host, asked.port, AcceptedConnection { socket, arrival, seat }).await else { return };
    let AcceptedConnection { mut socket, seat: _seat, .. } = guest;
    match straight(&registry, &host, asked.port).await {
        Ok(mut upstream) => {
            let begun = match asked.kind {
                ForwardKind::Tunnel => begin(&mut socket, ESTABLISHED, &mut upstream, &read[end..]).await,
                ForwardKind::Request => begin(&mut socket, b"", &mut upstream, &to_origin(&read, end)).await,
            };
            // Errors are theirs, and both see them.
            if begun.is_ok() {
                let _ = copy_bidirectional(&mut socket, &mut upstream).await;
            }
        }
        Err(why) => {
            let _ = socket.write_all(why.answer(&asked.host).as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    }
}

/// Reads until the head is whole, too long, or the client has gone.
async fn read_head(socket: &mut TcpStream) -> io::Result<Option<BytesMut>> {
    let mut read = BytesMut::with_capacity(4096);
    while end_of_head(&read).is_none() && read.len() < LONGEST {
        if socket.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(read))
}

fn end_of_head(read: &[u8]) -> Option<usize> {
    read.windows(4).position(|four| four == b"\r\n\r\n").map(|place| place + 4)
}

impl ForwardTarget {
    /// Reads the first line of a request's head.
    fn parse(head: &[u8]) -> Result<Self, &'static str> {
        let line = head.split(|byte| *byte == b'\r').next().and_then(|line| std::str::from_utf8(line).ok());
        let mut words = line.ok_or("this is not HTTP")?.split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("this is not HTTP/1.1");
        };
        if method == "CONNECT" {
            let authority: Authority = target.parse().map_err(|_| "CONNECT takes HOST:PORT")?;
            let port = authority.port_u16().ok_or("CONNECT takes HOST:PORT")?;
            return Ok(Self { kind: ForwardKind::Tunnel, host: authority.host().to_ascii_lowercase(), port });
        }
        let uri: Uri = target.parse().map_err(|_| "the request names no URI")?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(host)) => {
                Ok(Self { kind: ForwardKind::Request, host: host.to_ascii_lowercase(), port: uri.port_u16().unwrap_or(80) })
            }
            (Some(_), _) => Err("use CONNECT for https"),
            (None, _) => Err("this is a forward proxy: set HTTPS_PROXY or HTTP_PROXY to its address"),
        }
    }
}

/// The same request as the host itself takes it: without what was meant for the proxy, and the last on its connection.
fn to_origin(read: &Bytes, end: usize) -> Vec<u8> {
    let head = String::from_utf8_lossy(&read[..end - 4]);
    let mut lines = head.split("\r\n");
    let mut origin = Vec::with_capacity(read.len());
    let first = lines.next().unwrap_or_default();
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.parse::<Uri>().ok().and_then(|uri| uri.path_and_query().map(ToString::to_string)).unwrap_or_else(|| "/".into());
    origin.extend_from_slice(format!("{method} {path} HTTP/1.1\r\n").as_bytes());
    for line in lines {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        // The body follows as it came, and so do its trailers: what tells how it is framed stays.
        if !is_of_connection(&name) || matches!(name.as_str(), "transfer-encoding" | "te") {
            origin.extend_from_slice(line.as_bytes());
            origin.extend_from_slice(b"\r\n");
        }
    }
    origin.extend_from_slice(b"connection: close\r\n\r\n");
    origin.extend_from_slice(&read[end..]);
    origin
}

/// A connection to a host that no proxy answers for.
async fn straight(registry: &Registry, host: &str, port: u16) -> Result<TcpStream, Decline> {
    let addresses = registry.context.routes.outward(host, port).await?;
    match timeout(CONNECT, TcpStream::connect(&addresses[..])).await {
        Ok(Ok(upstream)) => {
            let _ = upstream.set_nodelay(true);
            Ok(upstream)
        }
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => Err(Decline::Refused),
        Ok(Err(_)) | Err(_) => Err(Decline::Unreachable),
    }
}

async fn begin(socket: &mut TcpStream, answer: &[u8], upstream: &mut TcpStream, ahead: &[u8]) -> io::Result<()> {
    socket.write_all(answer).await?;
    upstream.write_all(ahead).await
}

async fn refuse(socket: &mut TcpStream, status: u16, problem: &str) {
    let body = format!("lifeboat proxy: {problem}\n");
    let head = format!(
        "HTTP/1.1 {status} Refused\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = socket.write_all(head.as_bytes()).await;
    let _ = socket.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<ForwardTarget, &'static str> {
        ForwardTarget::parse(format!("{line}\r\nhost: x\r\n\r\n").as_bytes())
    }

    #[test]
    fn tunnels_and_plain_requests_are_told_apart_and_nonsense_is_refused() {
        let asked = |kind, host: &str, port| Ok(ForwardTarget { kind, host: host.into(), port });
        assert_eq!(parse("CONNECT Api.Example:443 HTTP/1.1"), asked(ForwardKind::Tunnel, "api.example", 443));
        assert_eq!(parse("CONNECT [::1]:8443 HTTP/1.1"), asked(ForwardKind::Tunnel, "[::1]", 8443));
        assert_eq!(parse("POST http://api.example/v1?a=b HTTP/1.1"), asked(ForwardKind::Request, "api.example", 80));
        for line in [
            "",
            "CONNECT api.example HTTP/1.1",
            "GET / HTTP/1.1",
            "GET https://h/ HTTP/1.1",
            "CONNECT h:1 HTTP/2",
            "a b c d",
            "\u{16}\u{3}",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_host_is_asked_as_if_there_were_no_proxy() {
        let asked = Bytes::from_static(
            b"POST http://h:8080/v1?a HTTP/1.1\r\nHost: h:8080\r\nProxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\n\r\nbody",
        );
        let end = end_of_head(&asked).unwrap();
        assert_eq!(
            String::from_utf8(to_origin(&asked, end)).unwrap(),
            "POST /v1?a HTTP/1.1\r\nHost: h:8080\r\nconnection: close\r\n\r\nbody"
        );
    }
}
