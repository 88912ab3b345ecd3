//! Asks the kernel for the socket at the other end of a connection within this host: whether a process still has it.
//!
//! The question is one of `sock_diag(7)` over netlink, which `ss` asks too: a header (`struct nlmsghdr`), then `struct inet_diag_req_v2`
//! with the addresses of the one socket that is meant. The answer is `struct inet_diag_msg`, whose last field is the socket's inode: 0 where
//! no process has it any more, as after `close`, while the kernel still waits for the other side's end. Numbers are in the host's byte
//! order, ports and addresses in the network's.

use socket2::{Domain, Protocol, Socket, Type};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// `AF_NETLINK` and `NETLINK_SOCK_DIAG`.
const NETLINK: (i32, i32) = (16, 4);
/// `SOCK_DIAG_BY_FAMILY`, `NLM_F_REQUEST`.
const ASK: (u16, u16) = (20, 1);
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// Length of the question, header and all.
const LENGTH: u32 = 72;
/// Where the inode stands in the answer, and the error in one that says there is none.
const INODE: std::ops::Range<usize> = 84..88;
const WHY: std::ops::Range<usize> = 16..20;
/// No such socket.
const ENOENT: i32 = -2;

/// Whether the other end of a connection belongs to no process any more; `None` where the kernel does not know that end, or does not say.
pub(super) fn is_orphan(socket: &TcpStream) -> Option<bool> {
    let (own, other) = (socket.local_addr().ok()?, socket.peer_addr().ok()?);
    let [own, other] = [own, other].map(|address| SocketAddr::new(address.ip().to_canonical(), address.port()));
    // Elsewhere there may be a socket of these addresses that has nothing to do with this one.
    let is_here = other.ip().is_loopback() || other.ip() == own.ip();
    if !is_here {
        return None;
    }
    match inode(other, own)? {
        Some(inode) => Some(inode == 0),
        // A kernel that cannot be asked knows this end as little as the other one.
        None => inode(own, other)?.map(|_| true),
    }
}

/// The inode of the TCP socket that has `own` as its address and is connected to `other`: 0 without a process, and `None` within where there
/// is no such socket.
fn inode(own: SocketAddr, other: SocketAddr) -> Option<Option<u32>> {
    let answer = ask(&question(own, other)).ok()?;
    let number = |place: std::ops::Range<usize>| answer.get(place)?.try_into().ok().map(u32::from_ne_bytes);
    match u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?) {
        ERROR => (number(WHY)?.cast_signed() == ENOENT).then_some(None),
        kind if kind == ASK.0 => number(INODE).map(Some),
        _ => None,
    }
}

/// The question for that socket.
fn question(own: SocketAddr, other: SocketAddr) -> Vec<u8> {
    let (family, protocol) = (if own.is_ipv4() { 2 } else { 10 }, 6);
    let mut bytes = Vec::with_capacity(LENGTH as usize);
    bytes.extend(LENGTH.to_ne_bytes());
    bytes.extend(ASK.0.to_ne_bytes());
    bytes.extend(ASK.1.to_ne_bytes());
    // Sequence and sender.
    bytes.extend([0; 8]);
    // No extensions, one of padding.
    bytes.extend([family, protocol, 0, 0]);
    // In any state.
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(own.port().to_be_bytes());
    bytes.extend(other.port().to_be_bytes());
    for address in [own, other] {
        let mut place = [0; 16];
        match address.ip() {
            IpAddr::V4(ip) => place[..4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => place.copy_from_slice(&ip.octets()),
        }
        bytes.extend(place);
    }
    // On any interface, and without a cookie.
    bytes.extend(0u32.to_ne_bytes());
    bytes.extend([0xff; 8]);
    bytes
}

fn ask(question: &[u8]) -> std::io::Result<Vec<u8>> {
    let socket = Socket::new(Domain::from(NETLINK.0), Type::DGRAM, Some(Protocol::from(NETLINK.1)))?;
    // The kernel answers while it takes the question; nobody shall wait for one that does not.
    socket.set_nonblocking(true)?;
    (&socket).write_all(question)?;
    let mut answer = vec![0; 512];
    let length = (&socket).read(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_question_has_the_length_that_it_says() {
        let [one, other]: [SocketAddr; 2] = ["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()];
        assert_eq!([question(one, one).len(), question(other, other).len()], [LENGTH as usize; 2]);
    }

    #[tokio::test]
    async fn the_kernel_knows_who_has_the_other_end() {
        for at in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(at).await else { continue };
            let port = listener.local_addr().unwrap().port();
            let to = if at == "[::1]:0" { format!("[::1]:{port}") } else { format!("127.0.0.1:{port}") };
            let client = TcpStream::connect(&to).await.unwrap();
            let (served, _) = listener.accept().await.unwrap();
            assert_eq!(is_orphan(&served), Some(false), "{at}");
            let client = client.into_std().unwrap();
            client.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(is_orphan(&served), Some(false), "{at}: it waits for an answer");
            drop(client);
            assert_eq!(is_orphan(&served), Some(true), "{at}");
        }
    }
}
