//! What the kernel alone takes for one exchange on loopback: a client that does nothing but write a request and read an answer, on blocking
//! sockets, in one thread. Every other figure is told by how far it is from this one.
//!
//! One connection waits for each answer, so that every exchange puts two threads to sleep and wakes them. With 32 connections all are written
//! to and then all are read, so that the server always has something to do: two system calls an exchange are the least that there is
//! without `io_uring`.

use crate::processor;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How fast exchanges go, and what each costs this side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    /// Exchanges a second.
    pub(crate) rate: f64,
    /// Microseconds of processor time an exchange.
    pub(crate) cpu_us: f64,
}

/// Asks `/small` of an HTTP server on this port, on so many connections.
pub(crate) fn floor(port: u16, connections: usize, time: Duration) -> Floor {
    let request = b"GET /small HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    let connect = |_| {
        let wire = TcpStream::connect(("127.0.0.1", port)).unwrap();
        wire.set_nodelay(true).unwrap();
        wire
    };
    let mut wires: Vec<TcpStream> = (0..connections).map(connect).collect();
    let mut answer = [0; 1024];
    let (began, before, mut count) = (Instant::now(), processor::of_this_thread(), 0_u64);
    while began.elapsed() < time {
        for wire in &mut wires {
            wire.write_all(request).unwrap();
        }
        for wire in &mut wires {
            // An answer of some 150 bytes is one piece.
            let length = wire.read(&mut answer).unwrap();
            assert!(answer[..length].ends_with(b"abc"), "{:?}", String::from_utf8_lossy(&answer[..length]));
        }
        count += connections as u64;
    }
    let (seconds, used) = (began.elapsed().as_secs_f64(), processor::of_this_thread() - before);
    Floor { rate: count as f64 / seconds, cpu_us: used * 1e6 / count as f64 }
}

pub(crate) fn bench(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let Some((_nginx, port)) = crate::proxy::contenders::upstream(folder.path()) else {
        println!("kernel: nginx is not installed, so there is nobody to ask");
        return;
    };
    println!("\nkernel: 3 bytes of nginx, by nothing but `write` and `read`; {rounds} rounds");
    for connections in [1, 32] {
        let runs: Vec<Floor> = (0..rounds).map(|_| floor(port, connections, Duration::from_secs(1))).collect();
        crate::baseline::told(&format!("kernel, {connections} connections, rate"), "exchanges/s", runs.iter().map(|run| run.rate));
        crate::baseline::told(&format!("kernel, {connections} connections, CPU"), "µs an exchange", runs.iter().map(|run| run.cpu_us));
    }
}
