//! More than a server has places for: long bodies, half requests, ten thousand connections that take nothing of their answers.

use super::token;
use crate::support::{Answered, Project, Served, wait_for};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    let project = Project::quick();
    let served = Served::start(&project, &[]);
    let json = "content-type: application/json";
    let long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(70_000));
    assert_eq!(served.ask("POST", "/api/v1/lever", &[json], &long).status, 413);
    let just = format!(r#"{{"reason": "{}"}}"#, "x".repeat(60_000));
    assert_eq!(served.ask("POST", "/api/v1/lever", &[json], &just).status, 422, "read, and too long a reason");
    // Announced, and never sent.
    let mut wire = served.connect();
    write!(wire, "POST /api/v1/lever HTTP/1.1\r\nhost: {}\r\n{json}\r\ncontent-length: 40\r\n\r\n{{", served.address).unwrap();
    let begun = Instant::now();
    let mut text = String::new();
    wire.read_to_string(&mut text).unwrap();
    assert_eq!(Answered::of(&text).status, 408, "{text}");
    assert!(begun.elapsed() < Duration::from_secs(20), "10 s, and what a busy machine adds");
    let lever = served.ask("GET", "/api/v1/lever", &[], "").json();
    assert_eq!(lever["stopped"], false, "nothing was done for half a request");
}

#[test]
fn ten_thousand_who_read_nothing_keep_nobody_out_and_are_cut_off() {
    let project = Project::quick();
    let admin = token(&project, "ada", &["admin"]);
    let slow = token(&project, "wall", &["read"]);
    let served = Served::start(&project, &[]);
    let one = format!("GET /api/v1/openapi.json HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {slow}\r\n\r\n", served.address);
    let open = |asked: &str| {
        let wire = TcpStream::connect(&served.address).ok()?;
        wire.set_nonblocking(true).unwrap();
        let _ = (&wire).write(asked.as_bytes());
        Some(wire)
    };
    // Of these the answers are more than any buffer between takes: 120 of 200 kB each.
    let many = one.repeat(120);
    let mut stuck: Vec<TcpStream> = (0..12).filter_map(|_| open(&many)).collect();
    let mut held = std::collections::VecDeque::new();
    let mut slowest = Duration::ZERO;
    for count in 1..=10_000 {
        // The oldest are let go, so that a process of a thousand files can do it.
        if held.len() >= 700 {
            held.pop_front();
        }
        held.extend(open(&one));
        if count % 1_000 == 0 {
            let begun = Instant::now();
            assert_eq!(served.call(&admin, "GET", "/api/v1/health", "").status, 200, "after {count}");
            slowest = slowest.max(begun.elapsed());
        }
    }
    assert!(slowest < Duration::from_secs(5), "others are answered meanwhile: {slowest:?}");
    // Those that hold an answer lose it after 10 s in which they took nothing.
    let stuck = stuck.pop().unwrap();
    wait_for("the slow readers to be cut off", || {
        let mut byte = [0; 1];
        // What has come stays to be read; what tells is that nothing more can be sent.
        let sent = (&stuck).write(b"x");
        let read = stuck.peek(&mut byte);
        (sent.is_err_and(|error| error.kind() != ErrorKind::WouldBlock) || matches!(read, Ok(0))).then_some(())
    });
    assert_eq!(served.call(&admin, "GET", "/api/v1/health", "").status, 200);
}
