//! Hours, freezes and the longest time of an environment: a drill that they do not permit never begins, and says why, until when, and when it fits next.

use crate::support::{Project, Run};
use chrono::{DateTime, TimeDelta, Utc};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// A calendar with one event, from and until so many seconds from now.
fn calendar(from: i64, until: i64) -> String {
    let at = |seconds| stamp(Utc::now() + TimeDelta::seconds(seconds));
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Quarter end\r\nDTSTART:{}\r\nDTEND:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        at(from),
        at(until)
    )
}

/// A quick project whose environment `staging` allows this.
fn project(allow: &str) -> Project {
    let project = Project::quick();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("staging", &format!("{gateway}, allow: {{{allow}}}"));
    project
}

/// The quick drill in `staging`, which takes ten seconds.
fn drill(project: &Project) -> Run {
    project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "staging", "--seed", "7", "--out", "drill", "--yes"])
}

/// It was refused before anything began.
fn refused<'r>(project: &Project, run: &'r Run) -> &'r Run {
    run.exits_with(4);
    assert!(!project.path("drill").exists() && run.stdout.is_empty(), "{run:?}");
    assert!(run.stderr.starts_with("error: "), "{run:?}");
    run
}

/// Hours of two hours' length, in UTC, that begin so many hours from now.
fn hours(begin: i64) -> String {
    let at = |hours: i64| (Utc::now() + TimeDelta::hours(hours)).format("%H:00").to_string();
    format!("hours: \"daily {}-{} UTC\"", at(begin), at(begin + 2))
}

#[test]
fn a_freeze_blocks_until_its_end_and_says_when_the_drill_fits() {
    let project = project("freezes: [\"file:freezes.ics\"]");
    project.write("freezes.ics", &calendar(-3600, 3600));
    let run = drill(&project);
    refused(&project, &run).says("the environment `staging` is frozen until ").says("by `Quarter end` of freezes.ics");
    run.says("hint: the next time at which it fits is ").says(" UTC");
    // One that begins while the drill would run.
    project.write("freezes.ics", &calendar(5, 3600));
    refused(&project, &drill(&project)).says("the drill would end at ").says("and the environment `staging` is frozen from ");
    // One that is over, and one that comes later, block nothing; nor does one that was called off.
    project.write("freezes.ics", &(calendar(-3600, -1) + &calendar(3600, 7200)));
    project.write("off.ics", &calendar(-3600, 3600).replace("UID:1", "UID:1\r\nSTATUS:CANCELLED"));
    project.edit("runbooks/inventory.yaml", "[\"file:freezes.ics\"]", "[\"file:freezes.ics\", \"file:off.ics\"]");
    permitted(&project);
}

/// It may begin. (Nothing but the permission is looked at: on a busy machine a baseline may be unsteady.)
fn permitted(project: &Project) {
    let run = drill(project);
    assert!(project.path("drill").exists() && matches!(run.code, Some(0 | 1 | 3)), "{run:?}");
}

#[test]
fn outside_its_hours_an_environment_runs_no_drill() {
    let project = project(&hours(5));
    refused(&project, &drill(&project))
        .says("it is ")
        .says("and the environment `staging` allows drills only daily")
        .says("the next time at which it fits is");
    // It may begin in them and has to end in them: two minutes from now they are over.
    let now = Utc::now();
    let over = (now + TimeDelta::minutes(2)).format("%H:%M").to_string();
    let since = (now - TimeDelta::hours(2)).format("%H:%M").to_string();
    project.edit("runbooks/inventory.yaml", &hours(5), &format!("hours: [\"daily {since}-{over} UTC\"]"));
    project.edit("scenarios/quick.yaml", "watch: 1s", "watch: 2m");
    refused(&project, &drill(&project)).says("the drill would end at ").says("and the hours of the environment `staging` end at ");
}

/// A server that answers every request so.
fn server(answer: impl Fn() -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4096];
            let _ = socket.read(&mut head);
            let _ = socket.write_all(answer().as_bytes());
        }
    });
    address
}

fn answer(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{body}", body.len())
}

#[test]
fn a_calendar_that_cannot_be_read_is_no_permission() {
    let project = project("freezes: [\"file:freezes.ics\"]");
    let head = "the freezes of the environment `staging` cannot be read, and that is no permission: ";
    refused(&project, &drill(&project)).says(&format!("{head}freezes.ics: there is no such file"));
    for (text, told) in [
        ("<html>please log in</html>".to_owned(), "freezes.ics: this is a web page, and no calendar"),
        (calendar(0, 1).replace("END:VCALENDAR\r\n", ""), "freezes.ics: it ends inside `VCALENDAR`, so the rest is missing"),
        (calendar(0, 1).replace("DTSTART", "DTSTART;TZID=Nowhere"), "its time zone `Nowhere` is not known"),
        (calendar(9000, 9001).replace("UID:1", "RRULE:FREQ=NEVER"), "the event `Quarter end`: the rule `FREQ=NEVER` cannot be read"),
    ] {
        let text = if told.contains("Nowhere") { text.replace("Z\r\nDTEND", "\r\nDTEND") } else { text };
        project.write("freezes.ics", &text);
        refused(&project, &drill(&project)).says(told);
    }
    // `check` tells of it as well, and looks at nothing but the project's own files.
    project.lifeboat(&["check"]).exits_with(2).says(head);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let elsewhere = server(|| answer("302 Found", "location: http://login.example/signin?token=abc\r\n", ""));
    let gone = server(|| answer("404 Not Found", "", "no"));
    let endless = server(|| format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(11_000_000)));
    let mut written = "\"file:freezes.ics\"".to_owned();
    for (address, told) in [
        (closed, "nothing could be read from http://"),
        (elsewhere, "it redirects to http://login.example, and nothing was sent there"),
        (gone, "answers 404 Not Found"),
        (endless, "is larger than 10 MB"),
    ] {
        let url = format!("\"http://{address}/private-4d2a9c71/basic.ics\"");
        project.edit("runbooks/inventory.yaml", &written, &url);
        written = url;
        let run = drill(&project);
        refused(&project, &run).says(head).says(told);
        assert!(!run.stderr.contains("4d2a9c71") && !run.stderr.contains("token=abc"), "an address may be a secret: {run:?}");
    }
    project.edit("runbooks/inventory.yaml", &written, "\"env:FREEZES_OF_NOBODY\"");
    refused(&project, &drill(&project)).says("the environment variable FREEZES_OF_NOBODY holds no address");
}

#[test]
fn a_freeze_that_came_while_the_drill_began_stops_it_before_its_first_fault() {
    let project = project("freezes: [\"URL\"]");
    // The calendar freezes from the moment on at which the drill has its history.
    let history: PathBuf = project.path("drill/history.jsonl");
    let address = server(move || {
        let (from, until) = if history.exists() { (-3600, 3600) } else { (7200, 9000) };
        answer("200 OK", "content-type: text/calendar\r\n", &calendar(from, until))
    });
    project.edit("runbooks/inventory.yaml", "URL", &format!("http://{address}/f.ics"));
    let run = drill(&project);
    run.exits_with(4).says("the environment `staging` is frozen until ").says("by `Quarter end` of 127.0.0.1:");
    let events = project.stopped_cleanly("drill", "guard");
    assert!(events.iter().all(|event| event.get("fault_requested").is_none()), "a fault was asked for");
    assert!(events.iter().any(|event| event.get("request").is_some()), "there was no baseline");
}

#[test]
fn a_drill_that_takes_longer_than_is_allowed_is_no_plan() {
    let project = project("max_duration: 9s");
    let run = drill(&project);
    run.exits_with(2)
        .says("this drill takes 10 s, and the environment `staging` allows 9 s")
        .says("or raise `max_duration` in the inventory");
    project.edit("runbooks/inventory.yaml", "max_duration: 9s", "max_duration: 10s");
    permitted(&project);
}

#[test]
fn check_explains_mistakes_in_what_an_environment_allows() {
    for (allow, problem, hint) in [
        ("hours: \"Mon-Thu 09:00-16:00\"", "`Mon-Thu 09:00-16:00` has no time zone", "for example `Mon-Thu 09:00-16:00 Europe/Berlin`"),
        ("hours: [\"Mo 09:00-16:00 UTC\"]", "`Mo` is not a day of the week", "write `Mon`"),
        ("hours: \"Mon 09:00-16:00 Europe/Berln\"", "`Europe/Berln` is not a time zone", "did you mean `Europe/Berlin`?"),
        ("freezes: freezes.ics", "`freezes.ics` does not say where a calendar is found", "write `file:freezes.ics`"),
        ("freeze: \"file:x.ics\"", "`freeze` is not a key of what an environment allows", "did you mean `freezes`?"),
        ("max_duration: 15", "`15` has no unit", "write `15s`"),
    ] {
        let project = project(allow);
        project.lifeboat(&["check"]).exits_with(2).says(problem).says(hint);
    }
    let project = Project::quick();
    project.environment("staging", "approvals: {of: [ada]}");
    project
        .lifeboat(&["check"])
        .exits_with(2)
        .says("nobody is asked for an approval here")
        .says("`ada` is not a contact of this inventory");
}
