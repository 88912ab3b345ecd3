//! The night and the morning after by the binary: a runbook that drills prove is walked for real, unchanged; then people say how it was.

use crate::support::{Alertmanager, Project, Run};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

/// What the team's monitoring bears.
const TOKEN: &str = "alerts-may-come-in-9c41";

/// The port of a server that answers everything with 200, as long as the process runs.
fn answering() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let mut seen = Vec::new();
    let mut bytes = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        seen.extend_from_slice(&bytes[..count]);
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    }
}

fn runbook(project: &Project, steps: &[String]) {
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
}

const EXECUTE: [&str; 4] = ["execute", "runbooks/real.yaml", "--out", "x"];

fn finished(project: &Project, folder: &str) -> Vec<(String, String)> {
    let events = project.events(folder);
    let ended = events.iter().filter_map(|event| event.get("step_finished"));
    let word = |event: &Value, key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    ended.map(|event| (word(event, "end"), word(event, "output"))).collect()
}

fn read(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path(name)).unwrap()
}

#[test]
fn what_looks_at_a_drills_traffic_names_what_counts_outside_one() {
    let project = Project::quick();
    let canary =
        "shift: {run: [touch, shifted]}, back: {run: [rm, shifted]}, of: standby, hold: 200ms, worse_by: {errors: 1%, latency: 20%}";
    let blind = [
        "name: See, wait_until: {served_by: standby over 2s}, timeout: 20s".to_owned(),
        format!("name: Try, canary: {{{canary}}}, timeout: 20s"),
    ];
    runbook(&project, &blind);
    let run = project.lifeboat(&EXECUTE);
    run.exits_with(2).says("this looks at a drill's traffic, and outside a drill there is none").says("outside: {request:");
    let check = project.lifeboat(&["check"]);
    check.exits_with(0).says("runbooks/real.yaml can be drilled and not be executed: `See` and 1 more step look at a drill's traffic");
    assert!(!project.path("x").exists());

    let (good, nobody) = (answering(), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let asks = |port: u16| format!("{{request: {{to: \"http://127.0.0.1:{port}/\", every: 10ms}}, succeeds: 2 in a row}}");
    let sees = |port: u16| format!("name: See, wait_until: {{served_by: standby over 2s, outside: {}}}, timeout: 20s", asks(port));
    let tries =
        |name: &str, port: u16| format!("name: {name}, canary: {{{canary}, outside: {}}}, timeout: 20s, on_failure: continue", asks(port));
    runbook(&project, &[sees(good), tries("Try", nobody), tries("Try again", good)]);
    assert!(!project.lifeboat(&["check"]).exits_with(0).stderr.contains("can be drilled and not"));
    project.lifeboat(&EXECUTE).exits_with(0).says("3/3 done").says("no drill has walked this runbook");
    let ended = finished(&project, "x");
    assert_eq!(ended[0], ("done".to_owned(), "2 successes in a row: seen in 2 probes".to_owned()));
    let (end, output) = &ended[1];
    assert!(
        end == "failed" && output.starts_with("rolled back: ") && output.contains("was not seen within 200 ms after the hold"),
        "{output}"
    );
    assert!(ended[2].1.starts_with("went on\n2 successes in a row"), "{}", ended[2].1);
    assert!(project.path("shifted").exists(), "the second one stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runbook_that_a_drill_proved_is_walked_unchanged_and_both_hear_the_same_alertmanager() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (project, theirs) = (Project::quick(), Project::empty());
    // A port that was free a moment ago is almost surely free now. Alertmanager must know it before anybody listens.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let alerts = format!("alerts: {{listen: \"127.0.0.1:{port}\", token_from: \"env:ALERTS_TOKEN\"}}");
    project.environment("watched", &format!("gateway: {{try_timeout: 300ms}}, {alerts}"));
    let outside = format!("{{request: {{to: \"http://127.0.0.1:{}/\", every: 10ms}}, succeeds: 2 in a row}}", answering());
    project.runbook(
        "on-detection",
        &[
            "name: Be called, wait_until: {alert: ServiceSlow}, timeout: 60s",
            &format!("name: See the standby, wait_until: {{served_by: standby over 1s, outside: {outside}}}, timeout: 20s"),
        ],
    );
    project.edit("runbooks/answer.yaml", "{fails: 3 in a row}", "{alert: ServiceSlow}");
    let file = read(&project, "runbooks/answer.yaml");
    let alertmanager = Alertmanager::telling(&theirs, &format!("http://127.0.0.1:{port}/"), TOKEN);
    let token = [("ALERTS_TOKEN", TOKEN)];

    let drill = ["run", "scenarios/quick.yaml", "--seed", "7", "--env", "watched", "--out", "drills/one", "--yes"];
    let mut drill = project.start_with(&drill, &token);
    drill.until("active (confirmed within");
    let fired = chrono::Utc::now();
    alertmanager.fires("ServiceSlow", "first", fired).await;
    drill.until("2/2 ");
    let drill = drill.finish();
    drill.says("runbook   answer begins: the alert ServiceSlow: received");
    let verdict = project.json("drills/one/verdict.json")["verdict"].as_str().unwrap().to_owned();
    let heard = project.events("drills/one").into_iter().find_map(|event| event.get("alert_received").cloned()).unwrap();
    let told = chrono::DateTime::parse_from_rfc3339(heard["starts_at"].as_str().unwrap()).unwrap();
    assert!((told.timestamp_micros() - fired.timestamp_micros()).abs() < 2_000, "{told} is not {fired}");
    let report = read(&project, "drills/one/report.md");
    assert!(report.contains("| the alert ServiceSlow fires |") && report.contains("after it fired: grouping and delivery"), "{report}");

    let execute = ["execute", "runbooks/answer.yaml", "--env", "watched", "--service", "chat", "--out", "x"];
    project
        .lifeboat(&execute)
        .exits_with(2)
        .says("the environment variable ALERTS_TOKEN, which holds the token of the senders of alerts, is not set");
    project
        .lifeboat(&["execute", "runbooks/answer.yaml", "--out", "x"])
        .exits_with(2)
        .says("this waits for the alert `ServiceSlow`, and no environment was named");
    assert!(!project.path("x").exists());
    let mut walk = project.start_with(&execute, &token);
    walk.until(&format!("alerts are received at http://127.0.0.1:{port}/"));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let other =
        http.post(format!("http://127.0.0.1:{port}/")).bearer_auth(TOKEN).json(&json!({"alert": "serviceslow", "status": "firing"}));
    assert!(other.send().await.unwrap().status().is_success());
    walk.until("serviceslow fires, by json; the runbook waits for `ServiceSlow`");
    alertmanager.fires("ServiceSlow", "second", chrono::Utc::now()).await;
    let walk = walk.finish();
    walk.exits_with(0).says("1 drill walked this version of the runbook").says("2/2 done");
    assert_eq!(finished(&project, "x")[0], ("done".to_owned(), "the alert ServiceSlow: received".to_owned()));
    assert_eq!(read(&project, "runbooks/answer.yaml"), file, "the very same file");
    let report = read(&project, "x/report.md");
    let proof = format!(
        "1 drill had walked this version of the runbook; the last, on {}: {verdict}.",
        &project.json("drills/one/verdict.json")["started_at"].as_str().unwrap()[..10]
    );
    assert!(report.contains(&proof) && report.contains("| one |"), "{proof}\n{report}");
    assert!(report.contains("alerts are received") && report.contains("the alert ServiceSlow fires"), "{report}");
    // Another step makes another version of it.
    project.edit(
        "runbooks/answer.yaml",
        "name: Be called, wait_until: {alert: ServiceSlow}, timeout: 60s",
        "name: Begin, run: [\"true\"], timeout: 60s, undo: none",
    );
    let later = ["execute", "runbooks/answer.yaml", "--service", "chat", "--out", "y"];
    project.lifeboat(&later).exits_with(0).says("no drill has walked this version of the runbook; the last, on ");
    assert!(read(&project, "y/report.md").contains("walked an older one"));
}

const STORE: &str =
    "  aws-secretsmanager: {kind: aws-secretsmanager, region: eu-west-1, access_key_id: \"env:A\", secret_access_key: \"env:B\"}\n";

#[test]
fn every_shipped_runbook_can_be_executed() {
    let project = Project::shipped();
    let mut rehearsed = 0;
    for file in std::fs::read_dir(project.path("runbooks")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = format!("runbooks/{}", file.file_name().unwrap().to_str().unwrap());
        if !name.ends_with(".yaml") || name.ends_with("inventory.yaml") {
            continue;
        }
        let four_steps = name.ends_with("rotate-key-in-four-steps.yaml");
        let (dotenv, aws) = ("\"dotenv:.env#AZURE_OPENAI_KEY\"", "\"aws-secretsmanager:chat#azure\"");
        if four_steps {
            // Two keys side by side need a store that can hold them.
            project.edit("runbooks/inventory.yaml", dotenv, aws);
            project.edit("runbooks/inventory.yaml", "\nstores:\n", &format!("\nstores:\n{STORE}"));
        }
        let run = project.lifeboat(&["execute", &name, "--rehearse", "--env", "staging", "--service", "support-chat"]);
        // What is missing here is the world: keys, a cluster, a network. Every step is one that can be walked.
        assert!(run.code == Some(1) && run.stderr.contains(" missing"), "{name}: {run:?}");
        assert!(!run.stdout.contains("it needs a drill's traffic"), "{name}: {run:?}");
        rehearsed += 1;
        if four_steps {
            project.edit("runbooks/inventory.yaml", aws, dotenv);
            project.edit("runbooks/inventory.yaml", STORE, "");
        }
    }
    assert!(rehearsed >= 12, "{rehearsed}");
    let check = project.lifeboat(&["check"]);
    let told = check.stderr.lines().filter(|line| line.starts_with("runbooks/") && line.contains("can be drilled and not be executed"));
    let told: Vec<&str> = told.filter(|line| !line.starts_with("runbooks/credentials/")).collect();
    assert!(told.is_empty(), "{told:?}");
}

/// Runs the binary with these lines on stdin.
fn typing(project: &Project, args: &[&str], lines: &str) -> Run {
    let mut child = project.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Run { code: output.status.code(), stdout: String::from_utf8(output.stdout).unwrap(), stderr: String::from_utf8(output.stderr).unwrap() }
}

#[test]
fn after_the_night_people_say_how_it_was_and_the_runbook_learns_from_it() {
    let project = Project::quick();
    let steps = [
        "name: Switch, run: [sh, -c, \"echo switched\"], timeout: 20s, undo: none",
        "name: Needs a file, run: [test, -e, ready], timeout: 20s, on_failure: continue, undo: none",
        "name: Uses it, run: [sh, -c, \"cat ready; exit 3\"], timeout: 20s, on_failure: continue, undo: none",
    ];
    runbook(&project, &steps.map(str::to_owned));
    project.lifeboat(&EXECUTE).exits_with(0);
    // What others wrote is no markup.
    let plain = |name: &str| read(&project, name).replace(['`', '\\'], "");
    let report = plain("x/report.md");
    // The cause stands before what follows from it, each with its reason; and when it was by the clock on the wall.
    let (cause, consequence) = ("Needs a file: failed: test ended with exit code 1.", "Uses it: failed: sh ended with exit code 3.");
    let place = |text: &str| report.find(text).unwrap_or_else(|| panic!("{text}\n{report}"));
    assert!(place(cause) < place(consequence), "{report}");
    let began = project.events("x")[0]["execution_started"]["wall_clock"].as_str().unwrap().to_owned();
    let clock = |line: &str| line.split('|').nth(1).is_some_and(|cell| cell.trim().starts_with(&began[11..14]));
    assert!(report.lines().filter(|line| line.contains(": started |")).all(|line| line.contains("(+") && clock(line)), "{report}");
    assert!(report.contains(&format!("Times of day are those of where it was started ({}).", &began[23..])), "{began}\n{report}");

    project.lifeboat(&["review", "x", "--no-questions"]).exits_with(0).says("review.md");
    let draft = plain("x/review.md");
    assert!(draft.starts_with("# Review of real: done\n") && draft.matches("(to be written)").count() == 5 + 3, "{draft}");
    assert!(draft.contains(cause) && !project.path("x/runbook.patch").exists() && !project.path("x/review.yaml").exists());

    // Half of it, then nobody types any more: what was said is kept.
    typing(&project, &["review", "x"], "Users saw errors for 4 minutes\n\nthe gateway\nthe alert\n").exits_with(0);
    let kept = read(&project, "x/review.yaml");
    assert!(kept.ends_with("  - {topic: impact, says: \"Users saw errors for 4 minutes\"}\n  - {topic: went-well, says: \"the gateway\"}\n  - {topic: went-well, says: \"the alert\"}\n"), "{kept}");
    let by_hand = kept.replace("answers:", "# by hand: do not touch\nanswers:");
    project.write("x/review.yaml", &by_hand);
    let rest = "\nit was   Sunday\n\nanswer for ready: ann\n\nmaybe\nyes\nchanged\nwe made the file first\nno\n\n";
    let run = typing(&project, &["review", "x"], rest);
    run.exits_with(0).says("please write yes, no or changed").says("patch -p1 < ");
    assert!(!run.stderr.contains("Impact") && !run.stderr.contains("What went well?"), "{run:?}");
    assert!(read(&project, "x/review.yaml").starts_with(&by_hand), "what stands there stays as it is");
    let draft = plain("x/review.md");
    for text in [
        "- Users saw errors for 4 minutes",
        "- the alert",
        "- answer for ready: ann",
        "| 2. Needs a file | failed | changed | we made the file first |",
        "| 3. Uses it | failed | no |",
    ] {
        assert!(draft.contains(text), "{text}\n{draft}");
    }
    assert_eq!(draft.matches("(to be written)").count(), 1, "{draft}");

    let patch = project.path("x/runbook.patch");
    let before = read(&project, "runbooks/real.yaml");
    let outside = |program: &str, args: &[&str]| {
        let file = std::fs::File::open(&patch).unwrap();
        let output = std::process::Command::new(program).args(args).current_dir(project.path(".")).stdin(file).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}\n{}", std::fs::read_to_string(&patch).unwrap());
    };
    outside("git", &["apply", "--check", "-"]);
    outside("patch", &["-p1"]);
    let after = read(&project, "runbooks/real.yaml");
    let comments: Vec<&str> = after.lines().filter(|line| line.starts_with("  # review of x (")).collect();
    assert!(comments.len() == 2 && comments[0].ends_with("): this step was changed: we made the file first"), "{after}");
    assert!(
        comments[1].ends_with("): this step was not true") && after.lines().filter(|line| !comments.contains(line)).eq(before.lines()),
        "{after}"
    );
    project.lifeboat(&["check"]).exits_with(0);
    project.lifeboat(&["review", "runbooks"]).exits_with(2).says("is not the folder of an execution");
}
