//! Whether whoever asked still waits for the answer, once they have closed their writing side.
//!
//! A client may end its direction after the request and wait for the answer (RFC 9112, section 9.6, has servers expect it). One that gives up
//! looks the same on the wire: of both a server sees the end of what is sent, and only an answer would be met by a reset. So whoever
//! serves goes on after that end, and asks here whether somebody is still there.
//!
//! ```text
//!  Shared  a socket that is served and watched at once
//!  gone    returns when nobody waits any more: a reset came, or the client's socket has lost its process
//!  orphan  asks the kernel for the socket at the other end, which it knows where the client is on this host
//! ```
//!
//! Of a client on another host nothing is known but a reset. It is sent probes from then on, which a system that has forgotten the
//! connection answers with one: on Linux a minute after the client closed it.
//!
//! What this room does not do: speak any protocol, or end anything.

mod orphan;
mod shared;

pub use shared::Shared;

use socket2::{SockRef, TcpKeepalive};
use std::io::ErrorKind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// A process that closes a socket ends its direction first; a moment later it is seen to have let go of it.
const FIRST_LOOK: Duration = Duration::from_millis(5);
/// How often it is looked at later.
const LOOK: Duration = Duration::from_millis(250);
/// How often a connection is probed whose other end is on another host.
const PROBE: Duration = Duration::from_secs(10);

/// Returns once whoever opened this connection has gone; never while they wait, be their writing side open or closed. May be dropped and
/// asked again.
pub async fn gone(socket: &TcpStream) {
    tokio::select! {
        () = is_reset(socket) => return,
        () = is_ended(socket) => {}
    }
    // Where it cannot be set the connection has gone already, and the next look sees it.
    let _ = SockRef::from(socket).set_tcp_keepalive(&TcpKeepalive::new().with_time(PROBE).with_interval(PROBE));
    let mut look = FIRST_LOOK;
    while !is_dead(socket) && orphan::is_orphan(socket) != Some(true) {
        tokio::select! {
            () = is_reset(socket) => return,
            () = tokio::time::sleep(look) => {}
        }
        look = (look * 2).min(LOOK);
    }
}

/// True where both directions are over, although nobody here has ended one.
fn is_dead(socket: &TcpStream) -> bool {
    let looked = pin!(socket.ready(Interest::WRITABLE)).poll(&mut Context::from_waker(Waker::noop()));
    matches!(looked, Poll::Ready(Err(_))) || matches!(looked, Poll::Ready(Ok(ready)) if ready.is_write_closed() || ready.is_error())
}

async fn is_reset(socket: &TcpStream) {
    // An error means that the runtime ends.
    let _ = socket.ready(Interest::ERROR).await;
}

/// Waits for the end of what the other side sends.
async fn is_ended(socket: &TcpStream) {
    loop {
        match socket.ready(Interest::READABLE).await {
            Ok(ready) if !ready.is_read_closed() => {}
            _ => return,
        }
        // Where nothing is there to be read, this says so to the runtime, which then waits for news.
        let looked = socket.try_io(Interest::READABLE, || SockRef::from(socket).peek(&mut [std::mem::MaybeUninit::uninit()]));
        match looked {
            Ok(0) => return,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Whoever serves has not read yet what has come.
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    /// Tells a hang from a busy machine.
    const LONG: Duration = Duration::from_secs(20);
    /// Several looks.
    const WHILE: Duration = Duration::from_millis(700);

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn a_client_that_waits_is_there_and_one_that_closed_is_not() {
        let (mut client, mut served) = pair().await;
        client.write_all(b"ask").await.unwrap();
        assert!(timeout(WHILE, gone(&served)).await.is_err(), "it asks");
        client.shutdown().await.unwrap();
        assert!(timeout(WHILE, gone(&served)).await.is_err(), "it waits, and what it asked is not even read");
        served.read_exact(&mut [0; 3]).await.unwrap();
        assert!(timeout(WHILE, gone(&served)).await.is_err(), "it waits");
        served.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        drop(client);
        timeout(LONG, gone(&served)).await.expect("it has gone");
    }

    #[tokio::test]
    async fn a_client_that_closes_at_once_or_resets_has_gone() {
        let (mut client, served) = pair().await;
        client.write_all(b"ask").await.unwrap();
        drop(client);
        timeout(LONG, gone(&served)).await.expect("it has gone");
        let (client, served) = pair().await;
        client.set_zero_linger().unwrap();
        drop(client);
        timeout(LONG, gone(&served)).await.expect("it has reset the connection");
        let (mut client, served) = pair().await;
        client.shutdown().await.unwrap();
        assert!(timeout(WHILE, gone(&served)).await.is_err(), "it waits");
        client.set_zero_linger().unwrap();
        drop(client);
        timeout(LONG, gone(&served)).await.expect("it has reset the connection after its end");
    }
}
