//! Whether a client still waits for the answer, once they have closed their writing side.
//!
//! A client may end its direction after the request and wait for the answer (RFC 9112, section 9.6, has servers expect it). One that gives up
//! looks the same on the wire: of both a server sees the end of what is sent, and only an answer would be met by a reset. So anyone who
//! serves goes on after that end, and asks here whether somebody is still there.
//!
//! ```text
//!  shared_socket  a socket that is served and watched at once
//!  gone           returns when nobody waits any more: a reset came, or the client's socket has lost its process
//!  orphan         asks the kernel for the socket at the other end, which it knows where the client is on this host
//!  talk           what was said lately, for clients that the kernel does not know
//! ```
//!
//! Of a client on another host or in a container nothing is known but a reset, which only comes when something is written. So one that ends
//! its direction is taken for gone after a second and a half without an answer, after ten seconds in which an answer does not go on, and at
//! once where none will come or it never ends. A client there that ends its direction and waits for longer gets no answer.
//!
//! What this room does not do: speak any protocol, or end anything.

mod orphan;
mod shared_socket;
mod talk;

pub use shared_socket::SharedSocket;
pub use talk::Talk;

use socket2::{SockRef, TcpKeepalive};
use std::io::ErrorKind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// A process that closes a socket ends its direction first; a moment later it is seen to have let go of it.
const FIRST_LOOK: Duration = Duration::from_millis(5);
/// How often it is looked at later.
const LOOK: Duration = Duration::from_millis(250);
/// How often a connection is probed whose other end says nothing, and how many probes in a row may be lost.
const PROBE: (Duration, u32) = (Duration::from_secs(10), 3);

/// Returns once the client of this connection has gone; never while they wait, be their writing side open or closed. May be dropped and
/// asked again.
pub async fn gone(socket: &TcpStream, talk: &Talk) {
    gone_unless(socket, talk, orphan::is_orphan).await;
}

/// Sees to it that a connection ends whose other end has vanished without a word. Where it cannot be set, it has ended already.
pub fn probe(socket: &TcpStream) {
    let (every, lost) = PROBE;
    let _ = SockRef::from(socket).set_tcp_keepalive(&TcpKeepalive::new().with_time(every).with_interval(every).with_retries(lost));
}

async fn gone_unless(socket: &TcpStream, talk: &Talk, is_orphan: impl Fn(&TcpStream) -> Option<bool>) {
    tokio::select! {
        () = is_reset(socket) => return,
        () = is_ended(socket) => {}
    }
    probe(socket);
    let (ended, mut look) = (Instant::now(), FIRST_LOOK);
    while !is_dead(socket) && !is_orphan(socket).unwrap_or_else(|| !talk.may_wait(ended.elapsed())) {
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
            // The server has not read yet what has come.
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
        assert!(timeout(WHILE, gone(&served, &Talk::default())).await.is_err(), "it asks");
        client.shutdown().await.unwrap();
        assert!(timeout(WHILE, gone(&served, &Talk::default())).await.is_err(), "it waits, and what it asked is not even read");
        served.read_exact(&mut [0; 3]).await.unwrap();
        assert!(timeout(WHILE, gone(&served, &Talk::default())).await.is_err(), "it waits");
        served.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        drop(client);
        timeout(LONG, gone(&served, &Talk::default())).await.expect("it has gone");
    }

    #[tokio::test]
    async fn a_client_that_closes_at_once_or_resets_has_gone() {
        let (mut client, served) = pair().await;
        client.write_all(b"ask").await.unwrap();
        drop(client);
        timeout(LONG, gone(&served, &Talk::default())).await.expect("it has gone");
        let (client, served) = pair().await;
        client.set_zero_linger().unwrap();
        drop(client);
        timeout(LONG, gone(&served, &Talk::default())).await.expect("it has reset the connection");
        let (mut client, served) = pair().await;
        client.shutdown().await.unwrap();
        assert!(timeout(WHILE, gone(&served, &Talk::default())).await.is_err(), "it waits");
        client.set_zero_linger().unwrap();
        drop(client);
        timeout(LONG, gone(&served, &Talk::default())).await.expect("it has reset the connection after its end");
    }

    /// As of a client that is not on this host.
    async fn gone_from_afar(served: &TcpStream, talk: &Talk) {
        gone_unless(served, talk, |_| None).await;
    }

    #[tokio::test]
    async fn of_a_client_that_is_not_here_an_end_without_an_answer_is_soon_taken_for_its_leave() {
        let began = || (Instant::now(), Talk::default());
        let (mut client, mut served) = pair().await;
        let (at, talk) = began();
        assert!(timeout(WHILE, gone_from_afar(&served, &talk)).await.is_err(), "it has not ended its direction");
        client.shutdown().await.unwrap();
        talk.asked();
        timeout(LONG, gone_from_afar(&served, &talk)).await.expect("it is waited for as long as probes take");
        let took = at.elapsed() - WHILE;
        assert!((Duration::from_millis(1_450)..Duration::from_secs(8)).contains(&took), "{took:?}");
        // The answer goes on: it may be waited for, and if not, what is written is answered with a reset.
        talk.said();
        assert!(timeout(Duration::from_secs(3), gone_from_afar(&served, &talk)).await.is_err(), "an answer goes on");
        drop(client);
        served.write_all(b"more").await.unwrap();
        timeout(Duration::from_secs(5), gone_from_afar(&served, &talk)).await.expect("it has reset the connection");
    }

    #[tokio::test]
    async fn nobody_waits_for_the_end_of_what_has_none() {
        let (mut client, served) = pair().await;
        let talk = Talk::endless();
        assert!(timeout(WHILE, gone_from_afar(&served, &talk)).await.is_err(), "it is there");
        assert!(timeout(WHILE, gone(&served, &talk)).await.is_err(), "it is there");
        client.shutdown().await.unwrap();
        assert!(timeout(WHILE, gone(&served, &talk)).await.is_err(), "it waits, as the kernel knows");
        timeout(Duration::from_secs(1), gone_from_afar(&served, &talk)).await.expect("it goes at once");
    }
}
