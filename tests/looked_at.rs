//! The pages of `lifeboat serve`, as others see them: a validator of HTML, a checker of accessibility, a browser on wide and narrow screens, in
//! light and in dark, with and without script, and whoever follows every link.

use crate::pages::{LOOKERS, stored_history};
use crate::support::{Project, node, wait_for};
use lifeboat::exercise::{judge, keep_findings};
use lifeboat::report::{DrillContext, drill, html};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Paths that others of this server answer, and not the pages that are looked at here.
const OTHERS: [&str; 7] = ["/drills/new", "*/live", "/tokens", "/audit", "/sign-in", "/api/", "/metrics"];

/// A server that runs. Dropping it ends it.
struct PageServer {
    child: Child,
    address: String,
}

impl PageServer {
    fn of(project: &Project) -> Self {
        let mut child =
            project.command(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
        Self { child, address }
    }

    /// Status, headers and body of what is there.
    fn get(&self, path: &str) -> (u16, String, String) {
        self.ask("GET", path, "")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let form = "application/x-www-form-urlencoded";
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\naccept: text/html\r\ncontent-type: {form}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    /// A page that is there.
    fn page(&self, path: &str) -> String {
        let (status, _, body) = self.get(path);
        assert_eq!(status, 200, "{path}\n{body}");
        body
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What somebody from outside would like to see in a page.
fn hostile() -> String {
    format!("</title><script>alert(1)</script><img src=x onerror=alert(1)>\"' שלום \u{202e}drah {}", "x".repeat(5_000))
}

/// A drill's folder as a drill leaves it, of a history.
fn put(project: &Project, name: &str, history: &str) {
    project.write(&format!("drills/{name}/history.jsonl"), history);
    let folder = project.path(&format!("drills/{name}"));
    let judged = judge(&folder).unwrap();
    project.write(&format!("drills/{name}/verdict.json"), &judged.json());
    let report = drill(&judged.verdict, &judged.digest, &judged.hash, &DrillContext::default());
    project.write(&format!("drills/{name}/report.html"), &html(&report));
    keep_findings(&folder, &judged.verdict, &judged.digest).unwrap();
    project.write(&format!("drills/{name}/salt"), "a secret of this drill's");
}

/// The identifier of the drill that a history is of.
fn id_of(history: &str) -> String {
    let first: serde_json::Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    first["started"]["drill"].as_str().unwrap().to_owned()
}

/// A project of the shipped kind with drills, schedules and somebody's hostile texts; and the identifiers of its drills.
fn project() -> (Project, Vec<String>) {
    // Its files are copies of stored drills, which others may read.
    let project = Project::shipped().unsearched();
    let mut ids = Vec::new();
    for name in ["azure-outage", "slow-breaker"] {
        let history = stored_history(&format!("format-1/{name}"));
        put(&project, name, &history);
        ids.push(id_of(&history));
    }
    let told = serde_json::to_string(&hostile()).unwrap();
    let mut history = stored_history("format-2.0/azure-outage");
    for name in ["Azure OpenAI stops answering", "third quarter", "ann", "See that users are failing", "staging-1"] {
        history = history.replace(&format!("\"{name}\""), &told);
    }
    put(&project, "hostile", &history);
    ids.push(id_of(&history));
    let schedule = |name: &str, rule: &str| {
        let text =
            format!("version: 1\nschedule: {name}\nscenarios: [scenarios/azure-outage.yaml]\nenvironment: lab\n{rule}\ncadence: 100d\n");
        project.write(&format!("schedules/{name}.yaml"), &text);
    };
    schedule("quarterly", "when: second Tuesday of every quarter, 10:00 Europe/Berlin\nif_missed: ask");
    schedule("often", "cron: \"*/5 * * * *\"\nzone: America/New_York");
    project.write("runbooks/broken.yaml", "version: 1\nrunbook: [\n");
    let step = serde_json::to_string(&hostile()).unwrap();
    project.write(
        "runbooks/hostile.yaml",
        &format!("version: 1\nrunbook: hostile\nstart: by-hand\nsteps:\n  - {{name: {step}, manual: {{text: {step}, links: [\"https://status.example/\"]}}}}\n"),
    );
    (project, ids)
}

/// Every page that there is.
fn every_page(ids: &[String]) -> Vec<String> {
    let mut paths: Vec<String> = [
        "/",
        "/drills",
        "/drills?verdict=missed&since=2020-01-01&page=1",
        "/drills?service=%3Cb%3E",
        "/compare",
        "/trends",
        "/trends?scenario=azure-outage&env=lab",
        "/schedules",
        "/schedules/quarterly",
        "/schedules/quarterly?year=2027",
        "/schedules/often",
        "/coverage",
        "/ledger",
        "/inventory",
        "/ready",
        "/runbooks",
        "/runbooks/fail-over-to-standby.yaml",
        "/runbooks/rotate-azure.yaml",
        "/runbooks/examples/major-incident.yaml",
        "/runbooks/hostile.yaml",
        "/runbooks/broken.yaml",
        "/findings",
        "/findings?show=all",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.extend(ids.iter().map(|id| format!("/drills/{id}")));
    paths.push(format!("/compare?a={}&b={}", ids[0], ids[1]));
    paths
}

#[test]
fn every_page_reads_without_script_on_every_screen_and_every_link_leads_somewhere() {
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let (project, ids) = project();
    let server = PageServer::of(&project);
    let paths = every_page(&ids);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/site.js");
    let mut command = Command::new("node");
    command.arg(script).arg(format!("http://{}", server.address)).arg(chromium);
    command.arg(serde_json::to_string(&paths).unwrap()).arg(serde_json::to_string(&OTHERS).unwrap());
    let output = command.env("NODE_PATH", node("pages", &LOOKERS)).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains(&format!("pages: {}, links: ", paths.len())), "{said}");
}

#[test]
fn what_others_wrote_is_no_markup_on_any_page_and_no_secret_is_given_out() {
    let (project, ids) = project();
    let server = PageServer::of(&project);
    for path in every_page(&ids) {
        let page = server.page(&path);
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x") && !page.contains('\u{202e}'), "{path}");
        assert!(!page.contains(&"x".repeat(4_500)), "{path}: a name has no end");
        assert!(!page.contains(" style=\"") && !page.contains(" onclick"), "{path}");
    }
    let hostile = &ids[2];
    let page = server.page(&format!("/drills/{hostile}"));
    assert!(page.contains("history.jsonl") && !page.contains("salt"), "{page}");
    for name in ["salt", "..%2Fhostile%2Fhistory.jsonl", "%2Fetc%2Fpasswd", "undo.json", "notes"] {
        assert_eq!(server.get(&format!("/drills/{hostile}/files/{name}")).0, 404, "{name}");
    }
    let (status, head, body) = server.get(&format!("/drills/{hostile}/files/history.jsonl"));
    let whole = std::fs::read_to_string(project.path("drills/hostile/history.jsonl")).unwrap();
    assert!(status == 200 && head.contains("attachment") && body == whole, "{head}");
    // A report has rules of its own: no script, no part in our origin, within our pages alone.
    let (status, head, body) = server.get(&format!("/drills/{hostile}/report"));
    assert!(status == 200 && body.starts_with("<!DOCTYPE html>"), "{head}");
    assert!(head.contains("; sandbox") && head.contains("frame-ancestors 'self'") && !head.contains("script-src"), "{head}");
    // Two drills against each other, and a trend, are reports of the same kind.
    for path in [format!("/compare/report?a={}&b={}", ids[0], ids[1]), "/trends/report?scenario=azure-outage".to_owned()] {
        let (status, head, body) = server.get(&path);
        assert!(status == 200 && head.contains("; sandbox") && body.contains("<h1"), "{path} {head} {body}");
    }
}

#[test]
fn what_is_not_there_or_asked_wrongly_is_a_page_that_says_so() {
    let (project, ids) = project();
    let server = PageServer::of(&project);
    let wrong = [
        ("/nowhere", 404),
        ("/drills/nothing", 404),
        ("/drills/%3Cscript%3E", 404),
        ("/schedules/nothing", 404),
        ("/runbooks/../../etc/passwd", 404),
        ("/runbooks/inventory.yaml", 404),
        ("/drills?page=x", 400),
        ("/drills?since=yesterday", 400),
        ("/schedules/quarterly?year=9999", 400),
        ("/coverage?format=exe", 400),
        ("/ledger?year=1", 400),
    ];
    for (path, status) in wrong {
        let (found, head, page) = server.get(path);
        assert_eq!(found, status, "{path}");
        assert!(head.contains("text/html") && page.matches("<h1").count() == 1 && page.contains("To the overview"), "{path}: {page}");
        assert!(!page.contains("<script>"), "{path}");
    }
    let (status, _, page) = server.ask("POST", "/occurrences/quarterly/0", "answer=perhaps");
    assert!(matches!(status, 400 | 403) && page.contains("<h1"), "{status} {page}");
    let (status, _, page) = server.ask("POST", &format!("/findings/{}/x", ids[0]), "due=tomorrow");
    assert!(matches!(status, 400 | 403) && page.contains("<h1"), "{status} {page}");
}

#[test]
fn a_lever_is_told_on_every_page_and_a_drill_that_has_ended_appears_by_itself() {
    let (project, _) = project();
    let server = PageServer::of(&project);
    assert!(!server.page("/runbooks").contains("All drills are stopped"));
    project.lifeboat(&["stop", "--reason", "launch <day>"]).exits_with(0);
    let page = server.page("/runbooks");
    assert!(page.contains("All drills are stopped") && page.contains("launch &lt;day&gt;"), "{page}");
    project.lifeboat(&["resume"]).exits_with(0);
    assert!(!server.page("/runbooks").contains("All drills are stopped"));
    put(&project, "new", &stored_history("format-1/several-workloads"));
    let id = id_of(&stored_history("format-1/several-workloads"));
    wait_for("the new drill", || server.page("/drills").contains(&id).then_some(()));
}

#[test]
fn a_finding_is_given_to_somebody_by_a_form_and_the_drill_s_own_file_says_so() {
    let (project, ids) = project();
    let server = PageServer::of(&project);
    let page = server.page(&format!("/findings?drill={}", ids[1]));
    let (_, form) = page.split_once("action=\"/findings/").unwrap_or_else(|| panic!("{page}"));
    let path = form.split('"').next().unwrap();
    let about =
        form.split("</form>").next().unwrap().split_once("name=\"about\" value=\"").map(|(_, rest)| rest.split('"').next().unwrap());
    let csrf = form.split_once("name=\"csrf\" value=\"").map(|(_, rest)| rest.split('"').next().unwrap()).unwrap_or_default();
    let body = format!(
        "csrf={csrf}&about={}&owner=Ada+%3Cb%3E&due=2020-01-02&ticket=https%3A%2F%2Ftickets.example%2F7&notes=first+look&state=",
        about.unwrap_or_default()
    );
    let (status, head, answer) = server.ask("POST", &format!("/findings/{path}"), &body);
    assert!(status == 303 && head.contains("location: /findings?drill="), "{status} {head} {answer}");
    let page = server.page("/findings?show=overdue");
    assert!(page.contains("With <strong><bdi>Ada &lt;b&gt;</bdi></strong>, until <strong><bdi>2020-01-02"), "{page}");
    assert!(page.contains("href=\"https://tickets.example/7\"") && page.contains("first look"), "{page}");
    assert!(std::fs::read_to_string(project.path("drills/slow-breaker/findings.yaml")).unwrap().contains("Ada <b>"));
    assert!(server.page("/").contains("<strong>1 overdue</strong>"));
}

#[test]
fn an_empty_project_says_what_to_do_next() {
    let project = Project::quick();
    let server = PageServer::of(&project);
    let page = server.page("/");
    assert!(page.contains("What to do next") && page.contains("lifeboat run"), "{page}");
    assert!(server.page("/schedules").contains("schedule: chat-quarterly"));
    assert!(server.page("/findings").contains("Nothing is open"));
    assert!(server.page("/drills").contains("There is no drill yet"));
}

/// Two hundred schedules and sixty services are bounded work; the bound is that of a busy machine and a build without optimisation.
#[test]
fn many_schedules_and_services_are_shown_at_once() {
    let project = Project::shipped();
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let service = |number: usize| {
        format!("  many-{number}: {{criticality: optional, providers: [azure-swedencentral, openai-eu], objectives: {{rto: 30s}}}}\n")
    };
    let services: String = (0..60).map(service).collect();
    assert!(inventory.contains("\nservices:\n"));
    project.write("runbooks/inventory.yaml", &inventory.replace("\nservices:\n", &format!("\nservices:\n{services}")));
    for number in 0..200 {
        let text = format!(
            "version: 1\nschedule: s{number}\nscenarios: [scenarios/azure-outage.yaml]\nenvironment: lab\ncron: \"{} 3 * * *\"\ncadence: 3d\n",
            number % 60
        );
        project.write(&format!("schedules/s{number}.yaml"), &text);
    }
    let server = PageServer::of(&project);
    server.page("/");
    for path in ["/", "/schedules", "/inventory", "/coverage", "/ledger"] {
        let begun = Instant::now();
        let page = server.page(path);
        assert!(begun.elapsed() < Duration::from_secs(5), "{path} took {:?}", begun.elapsed());
        assert!(page.contains("many-3") || path == "/schedules", "{path}");
    }
    assert!(server.page("/schedules").contains("s199"));
}
