//! What `http` and `run` steps make of what comes back, by the binary: redirects, texts that are missing, answers that are too long, and values that
//! a later step does not find.

use crate::support::Project;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// Answers each path in its own way until the test's process ends; chunks go out one by one.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(wire.try_clone().unwrap());
            let mut first = String::new();
            let _ = reader.read_line(&mut first);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            let (status, more, chunks): (_, _, Vec<String>) = match first.split(' ').nth(1).unwrap_or_default() {
                "/moved" => ("302 Found", "location: /login/q8rT5uVw2XyZ1aBcD4eF?token=abc123\r\n", vec![]),
                "/split" => ("200 OK", "", vec!["x".repeat(70_000) + "all ", "is well".into(), "y".repeat(70_000)]),
                "/far" => ("200 OK", "", vec!["x".repeat(1 << 20), "all is well".into()]),
                "/json" => ("200 OK", "", vec!["{\"filler\": \"".into(), "x".repeat(1 << 20), "\", \"status\": \"up\"}".into()]),
                _ => ("200 OK", "", vec!["{\"status\": \"up\"}".into()]),
            };
            let head = format!("HTTP/1.1 {status}\r\n{more}transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
            let _ = wire.write_all(head.as_bytes());
            for chunk in chunks {
                let _ = write!(wire, "{:x}\r\n{chunk}\r\n", chunk.len());
                let _ = wire.flush();
            }
            let _ = wire.write_all(b"0\r\n\r\n");
        }
    });
    address
}

#[test]
fn what_is_missing_is_said_first_and_why() {
    let server = serve();
    let get = |name: &str, path: &str, more: &str| {
        format!("  - {{name: {name}, http: {{get: 'http://{server}{path}', {more}}}, timeout: 20s, on_failure: continue, undo: none")
    };
    let contains = "expect: {contains: all is well}";
    let run = |name: &str, command: &str, more: &str| {
        format!("  - {{name: {name}, run: {command}, timeout: 20s, on_failure: continue, undo: none{more}")
    };
    let steps = [
        get("Moved", "/moved", "expect: {status: 302}"),
        get("Followed", "/moved", ""),
        get("Split", "/split", contains),
        get("Far", "/far", contains),
        get("Missing", "/", contains),
        get("Long", "/json", "expect: {status: 200}") + ", output: long",
        run("Of the long", "[echo, '${steps.long.json.status}']", ""),
        run("Talks", "[sh, talk.sh]", ", output: talk"),
        run("Of the talk", "[echo, '${steps.talk.json.a}']", ""),
        get("Short", "/", "expect: {status: 200}") + ", output: short",
        run("Other path", "[echo, '${steps.short.json.state}']", ""),
        run("Plain", "[echo, up]", ", output: plain"),
        run("Of plain", "[echo, '${steps.plain.json.state}']", ""),
        run("Find region", "['false']", ", output: region"),
        run("Of the region", "[echo, '${steps.region}']", ""),
        run("Left out", "[echo, up]", ", output: skipped, when: {value: '${steps.plain}', is: down}"),
        run("Of the skipped", "[echo, '${steps.skipped.json.a}']", ""),
    ];
    let project = Project::quick();
    let steps = steps.map(|step| format!("{step}}}\n")).concat();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project.write("talk.sh", "printf '{\"a\": \"'; head -c 200000 /dev/zero | tr '\\0' x; printf '\"}'\n");
    let run = project.lifeboat(&["execute", "runbooks/real.yaml", "--out", "x"]);
    let events = project.events("x");
    let ended: Vec<(&str, &str)> = events
        .iter()
        .filter_map(|event| event.get("step_finished"))
        .map(|step| (step["end"].as_str().unwrap(), step.get("output").map_or("", |text| text.as_str().unwrap())))
        .collect();
    let cut = "was cut, for it was longer than what is kept: 128 KiB of a program, 1 MiB of an answer";
    let (long, talk) =
        (format!("`${{steps.long.json.status}}` has no value: the output of long {cut}"), format!("the output of talk {cut}"));
    let moved = format!("GET http://{server}/moved answered 302\nlocation: http://{server}/login/…?…");
    for (place, end, told) in [
        (0, "done", moved.as_str()),
        (1, "failed", "it redirects to another path of"),
        (2, "done", ""),
        (3, "failed", "`all is well` is not in the body of the answer (its first 1 MiB was read, and the rest was not)\nGET"),
        (4, "failed", "`all is well` is not in the body of the answer (all of it was read: 16 bytes)\nGET"),
        (5, "done", ""),
        (6, "failed", &long),
        (7, "done", ""),
        (8, "failed", &talk),
        (10, "failed", "the output of short has nothing at `state`"),
        (12, "failed", "the output of plain is not JSON"),
        (14, "failed", "`${steps.region}` has no value: the step Find region failed"),
        (15, "skipped", ""),
        (16, "failed", "`${steps.skipped.json.a}` has no value: the step Left out was skipped"),
    ] {
        assert!(ended[place].0 == end && ended[place].1.contains(told), "{place}: {told}\n{:?}", ended[place]);
    }
    assert!(!run.stderr.contains("abc123") && !std::fs::read_to_string(project.path("x/report.md")).unwrap().contains("abc123"));
    run.says("failed: `all is well` is not in the body of the answer (all of it was read: 16 bytes)");
}
