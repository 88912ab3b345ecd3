//! How a socket ends: with what was read, with FIN, or with RST.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Reads bytes and loses them; 0 at the end. Waits forever where there is no socket.
pub(super) async fn lose(socket: Option<&TcpStream>) -> io::Result<usize> {
    let Some(socket) = socket else { return pending().await };
    loop {
        socket.readable().await?;
        // Here, for what lives while it waits is paid for by every connection.
        match socket.try_read(&mut [0; 4096]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

/// Ends both sides and reads until they have ended too: closed with bytes unread, the operating system would reset the connection and
/// take back what it has not delivered yet.
pub(super) async fn close(socket: Arc<TcpStream>, upstream: Option<TcpStream>) {
    let ended = async |socket: Option<&TcpStream>| {
        let Some(socket) = socket else { return };
        let _ = socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write);
        while matches!(lose(Some(socket)).await, Ok(1..)) {}
    };
    tokio::join!(ended(Some(&socket)), ended(upstream.as_ref()));
}

/// Closes with FIN. Bytes that came and were not read would make it a reset, so they are read and lost.
pub(super) fn part(socket: Arc<TcpStream>) {
    use io::Read;
    let raw = socket2::SockRef::from(&*socket);
    while matches!((&*raw).read(&mut [0; 4096]), Ok(1..)) {}
}

/// Closes with RST instead of FIN. Nobody else may hold the socket any more.
pub(super) fn reset(socket: Arc<TcpStream>) {
    // Where the option cannot be set the socket is already gone, and then there is nobody to reset.
    let _ = socket2::SockRef::from(&*socket).set_linger(Some(Duration::ZERO));
    drop(socket);
}
