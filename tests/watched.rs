//! A drill as people watch it: found overdue on the overview, begun on a page, its questions answered there and on a telephone, read without a
//! script, stopped, its report read and a finding given to somebody; and one of another process, looked at only. In Debian's Chromium, by its own eyes
//! and those of a checker of accessibility.

use crate::pages::LOOKERS;
use crate::support::{Project, node, signal, wait_for};
use chrono::{Datelike, Utc};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `lifeboat serve`, until it is stopped.
struct Watched {
    child: Child,
    address: String,
    /// What shows a form to be one of its own.
    csrf: String,
}

impl Watched {
    fn start(project: &Project) -> Self {
        let mut child =
            project.command(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        let mut watched = Self { child, address, csrf: String::new() };
        let page = watched.asks("GET /drills/new?scenario=scenarios%2Fasked.yaml&environment=lab", "", "");
        let (_, after) = page.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("{page}"));
        watched.csrf = after.split('"').next().unwrap().to_owned();
        watched
    }

    /// The answer to a form of its own.
    fn sends(&self, path: &str, form: &str) -> String {
        self.asks(&format!("POST {path}"), &format!("csrf={}&{form}", self.csrf), "")
    }

    /// The answer to a request, as it comes, until the connection ends or `enough` is seen.
    fn asks(&self, head: &str, body: &str, enough: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let kind = "content-type: application/x-www-form-urlencoded";
        write!(
            stream,
            "{head} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{kind}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let (mut all, mut piece) = (Vec::new(), [0; 16 << 10]);
        while enough.is_empty() || !String::from_utf8_lossy(&all).contains(enough) {
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => all.extend_from_slice(&piece[..count]),
                Err(error) => panic!("{head}: {error}; so far {}", String::from_utf8_lossy(&all)),
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Stops it politely; how it ended.
    fn ends(mut self) -> Option<i32> {
        signal(self.child.id(), 15);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A drill of the lab that waits for people, with room for a busy machine.
fn asking() -> Project {
    let project = Project::quick().unsearched();
    let inventory = "runbooks/inventory.yaml";
    project.edit(inventory, "rto: 2s, slo: {first_token: 250ms}, deadline: 2s", "rto: 5s, slo: {first_token: 2500ms}, deadline: 5s");
    project.edit(inventory, "lag_max: 200ms", "lag_max: 2s").edit(inventory, "try_timeout: 300ms", "try_timeout: 800ms");
    project.runbook(
        "with-the-fault",
        &[
            "name: Confirm the switch, confirm: Is the standby to take all of it?, timeout: 50s",
            r#"name: Tell the others, manual: {do: Tell them, checklist: ["The chat of the team", "The status page"]}, timeout: 50s"#,
        ],
    );
    project.edit("scenarios/quick.yaml", "scenario: quick", "scenario: asked").edit("scenarios/quick.yaml", "rate: 50/s", "rate: 20/s");
    project.edit("scenarios/quick.yaml", "7500ms}", "50s}").edit("scenarios/quick.yaml", "baseline: 1500ms", "baseline: 2s");
    std::fs::rename(project.path("scenarios/quick.yaml"), project.path("scenarios/asked.yaml")).unwrap();
    project
}

/// A schedule for its scenario that was known for long and never kept. None of its months is near: nothing begins by itself.
fn overdue(project: &Project) {
    let month = Utc::now().month();
    let months: Vec<String> = (1..=12).filter(|each| each % 3 == (month + 1) % 3).map(|each| each.to_string()).collect();
    let text = format!(
        "version: 1\nschedule: chat-quarterly\nscenarios: [scenarios/asked.yaml]\nenvironment: lab\ncron: \"0 10 14 {} *\"\nzone: Europe/Berlin\n\
         cadence: 100d\nif_missed: skip\n",
        months.join(",")
    );
    project.write("schedules/chat-quarterly.yaml", &text);
    let mut once = project.after(&["faketime", "-f", "@2025-01-05 08:00:00"], &["serve", "--once"]);
    project.run(once.env("TZ", "UTC").env("FAKETIME_DONT_FAKE_MONOTONIC", "1")).exits_with(0);
}

/// Where a `Location` leads.
fn location(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("location: ")).unwrap_or_else(|| panic!("{answer}"));
    line["location: ".len()..].trim().to_owned()
}

/// Has a script of `tests/watched` use these pages.
fn used(watched: &Watched, script: &str) {
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let shots = std::env::var("WATCHED_SHOTS").unwrap_or_else(|_| tempfile::tempdir().unwrap().keep().display().to_string());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watched").join(script);
    let mut command = Command::new("node");
    command
        .arg(script)
        .args([format!("http://{}", watched.address).as_str(), chromium, shots.as_str()])
        .env("NODE_PATH", node("pages", &LOOKERS));
    let output = command.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("all is well"), "{said}\nscreenshots are in {shots}");
    if std::env::var_os("WATCHED_SHOTS").is_none() {
        let _ = std::fs::remove_dir_all(shots);
    }
}

#[test]
fn what_is_overdue_is_begun_watched_answered_stopped_read_and_given_to_somebody() {
    let project = asking();
    overdue(&project);
    let watched = Watched::start(&project);
    used(&watched, "live.js");
    // Who said what is in its history.
    let drill = std::fs::read_dir(project.path("drills"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("history.jsonl").is_file());
    let drill = drill.unwrap();
    let events = project.events(&drill.display().to_string());
    let answered = events.iter().find_map(|event| event.get("answered")).unwrap();
    assert_eq!((&answered["answer"], &answered["speaker"]["by"]), (&"yes".into(), &"Ann".into()), "{answered}");
    let ticked = events.iter().find_map(|event| event.get("ticked")).unwrap();
    assert_eq!((&ticked["item"], &ticked["speaker"]["by"]), (&1.into(), &"Bob".into()), "{ticked}");
    assert!(events[0]["started"]["origin"]["reason"].as_str().unwrap().contains("third quarter (begun by Ann)"), "{}", events[0]);
    project.stopped_cleanly(&drill.display().to_string(), "person");
    assert_eq!(watched.ends(), Some(0));
}

#[test]
fn answers_that_do_not_count_are_told_and_a_stream_goes_on_where_it_was() {
    let project = asking();
    let watched = Watched::start(&project);
    let refused = watched.sends("/drills/new", "scenario=..%2Fquick.yaml&environment=lab");
    assert!(refused.starts_with("HTTP/1.1 422") && refused.contains("There is no scenario"), "{refused}");
    let begun = watched.sends("/drills/new", "scenario=scenarios%2Fasked.yaml&environment=lab&attended=yes");
    let live = location(&begun);
    let base = live.strip_suffix("/live").unwrap().to_owned();
    let asked = watched.asks(&format!("GET {base}/events"), "", "lv-q-");
    assert!(asked.contains("text/event-stream") && asked.contains("event: part\ndata: [\"headline\""), "{asked}");
    let id = asked.split("lv-q-").nth(1).unwrap().split(['\\', '"']).next().unwrap().to_owned();
    let answer = |answer: &str| watched.sends(&format!("{base}/answer"), &format!("question={id}&answer={answer}&by=Ann"));
    let perhaps = answer("perhaps");
    assert!(perhaps.starts_with("HTTP/1.1 422") && perhaps.contains("please answer with yes or no"), "{perhaps}");
    assert!(answer("yes").starts_with("HTTP/1.1 303"));
    let late = answer("no");
    assert!(late.starts_with("HTTP/1.1 409") && late.contains("yes, says Ann (not verified)"), "{late}");
    // Whoever comes back gets what is new, and not the whole.
    let number = |text: &str| text.rsplit("\nid: ").next().and_then(|rest| rest.lines().next()).unwrap().to_owned();
    // Frames are numbered anew where nobody watched for a moment, so somebody does.
    let mut watching = TcpStream::connect(&watched.address).unwrap();
    write!(watching, "GET {base}/events HTTP/1.1\r\nhost: {}\r\n\r\n", watched.address).unwrap();
    watching.read_exact(&mut [0; 64]).unwrap();
    let first = watched.asks(&format!("GET {base}/events"), "", "\ndata: more");
    let again = watched.asks(&format!("GET {base}/events?after={}", number(&first)), "", "\ndata: more");
    assert!(first.contains("[\"guards\"") && !again.contains("[\"guards\""), "{first}{again}");
    // A form that is none of its own does nothing.
    assert!(watched.asks(&format!("POST {base}/stop"), "sure=yes", "").starts_with("HTTP/1.1 403"));
    // However many streams one caller opens, a hundred are kept, and pages are still served.
    let mut streams: Vec<TcpStream> = (0..230).map(|_| TcpStream::connect(&watched.address).unwrap()).collect();
    let codes: Vec<String> = streams
        .iter_mut()
        .map(|stream| {
            write!(stream, "GET {base}/events HTTP/1.1\r\nhost: {}\r\n\r\n", watched.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let mut head = [0; 12];
            stream.read_exact(&mut head).unwrap();
            String::from_utf8_lossy(&head[9..]).into_owned()
        })
        .collect();
    let of = |code: &str| codes.iter().filter(|seen| *seen == code).count();
    assert!(of("200") <= 100 && of("200") > 50 && of("200") + of("429") == 230, "{codes:?}");
    assert!(watched.asks(&format!("GET {base}/live"), "", "").starts_with("HTTP/1.1 200"));
    drop((streams, watching));
    let unsure = watched.sends(&format!("{base}/stop"), "");
    assert!(unsure.starts_with("HTTP/1.1 422"), "{unsure}");
    assert!(watched.sends(&format!("{base}/stop"), "sure=yes").starts_with("HTTP/1.1 303"));
    let end = watched.asks(&format!("GET {base}/events"), "", "data: end");
    assert!(end.contains("Verdict: "), "{end}");
    assert_eq!(watched.ends(), Some(0));
}

#[test]
fn a_drill_of_another_process_is_watched_and_a_server_that_stops_ends_its_own() {
    let project = asking();
    let watched = Watched::start(&project);
    let mut other = project.start(&["run", "scenarios/asked.yaml", "--yes"]);
    let id = wait_for("a drill of another process", || {
        let found = std::fs::read_dir(project.path("drills")).ok()?.map(|entry| entry.unwrap().path());
        let drill = found.into_iter().find(|path| path.join("history.jsonl").is_file())?;
        Some(drill.file_name()?.to_string_lossy().into_owned())
    });
    let page = wait_for("its page", || {
        let page = watched.asks(&format!("GET /drills/{id}/live"), "", "");
        page.starts_with("HTTP/1.1 200").then_some(page)
    });
    assert!(page.contains("It runs in another process") && !page.contains("Stop it now"), "{page}");
    assert!(watched.sends(&format!("/drills/{id}/stop"), "sure=yes").starts_with("HTTP/1.1 409"));
    let seen = watched.asks(&format!("GET /drills/{id}/events"), "", "The fault is in force");
    assert!(seen.contains("The fault is in force: blackhole on first."), "{seen}");
    other.signal(2);
    let end = watched.asks(&format!("GET /drills/{id}/events"), "", "data: end");
    assert!(end.contains("Verdict: "), "{end}");
    other.finish();
    // One of its own is healed and recorded before the server ends, though somebody watches.
    let live = location(&watched.sends("/drills/new", "scenario=scenarios%2Fasked.yaml&environment=lab&attended=yes"));
    let own = live.trim_start_matches("/drills/").trim_end_matches("/live").to_owned();
    let mut watching = TcpStream::connect(&watched.address).unwrap();
    write!(watching, "GET /drills/{own}/events HTTP/1.1\r\nhost: {}\r\n\r\n", watched.address).unwrap();
    let mut first = [0; 64];
    watching.read_exact(&mut first).unwrap();
    assert_eq!(watched.ends(), Some(0));
    project.stopped_cleanly(&format!("drills/{own}"), "person");
}
