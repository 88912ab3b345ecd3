//! A drill whose traffic is a real k6: the same outage, measured alike by it and by the drill's own traffic, and what a script does wrong.

use crate::support::{Project, Run, interval, k6, overlap};
use lifeboat::dialect::{AnswerReader, ClientRequest, Mark, canary};
use lifeboat::model::Dialect;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// The quick project on providers that speak OpenAI's dialect, with the shipped script.
fn project() -> Project {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "azure-openai", "openai").edit(
        "runbooks/inventory.yaml",
        "first_token: 250ms",
        "complete: 250ms",
    );
    // Two more programs measure on the same processors; a starved one makes intervals wider, and not wrong.
    project.edit("runbooks/inventory.yaml", "lag_max: 200ms", "lag_max: 1s");
    project.edit("scenarios/quick.yaml", "request: chat-stream", "request: chat").edit(
        "scenarios/quick.yaml",
        "baseline: 1500ms",
        "baseline: 3s",
    );
    project.write("traffic.js", include_str!("../scenarios/traffic/k6.js"));
    let text = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
    project.write("scenarios/driven.yaml", &text.replace("request: chat", "engine: k6, script: traffic.js"));
    project
}

/// A drill that finds k6.
fn driven(project: &Project, args: &[&str]) -> Run {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(k6().parent().map(Into::into).into_iter().chain(std::env::split_paths(&folders))).unwrap();
    project.run(project.command(&[&["run", "scenarios/driven.yaml", "--seed", "7"], args].concat()).env("PATH", path))
}

#[test]
fn one_outage_is_measured_alike_by_k6_and_by_our_own_traffic() {
    let project = project();
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "own"]).exits_with(0);
    driven(&project, &["--out", "k6"]).exits_with(0).says("met");
    let (own, theirs) = (project.json("own/verdict.json"), project.json("k6/verdict.json"));
    // Two drills are two outages, alike but for where their faults fell between two requests: a gateway's breaker counts requests, so it
    // opens as much sooner or later as they are apart.
    let apart = 1000.0 / 50.0;
    let outages = |(lo, hi): (f64, f64)| (lo - apart, hi + apart);
    for name in ["restore", "cutover"] {
        println!("{name}: own {:?}, k6 {:?} ms", interval(&own, name), interval(&theirs, name));
        assert!(overlap(outages(interval(&own, name)), outages(interval(&theirs, name))), "{own:#}\n{theirs:#}");
    }
    let requests = |drill: &str| project.events(drill).iter().filter(|event| event.get("request").is_some()).count();
    println!("requests: own {}, k6 {}", requests("own"), requests("k6"));
    // Every request is seen by the proxies as well: who served is proven, not told.
    assert_eq!(theirs["measures"]["first_standby_dispatch_ms"].is_null(), own["measures"]["first_standby_dispatch_ms"].is_null());
    assert!(theirs["measures"]["bad"].as_u64().unwrap() > 0 && theirs.get("caveats").is_none(), "{theirs:#}");
    // What k6 sent while the drill ended is told, and is little: it ends once everything before that has ended.
    let remarks: Vec<String> = project
        .events("k6")
        .iter()
        .filter(|event| event["remark"]["about"] == "traffic")
        .map(|event| event["remark"]["text"].to_string())
        .collect();
    let more = |text: &String| text.split(' ').find_map(|word| word.parse::<u64>().ok());
    println!("{remarks:?}");
    assert!(remarks.len() == 1 && more(&remarks[0]).is_some_and(|more| (1..=250).contains(&more)), "{remarks:?}");
    // The history alone gives the same verdict.
    project.lifeboat(&["judge", "k6"]).exits_with(0);
}

#[test]
fn a_script_that_tells_too_little_stops_the_drill_before_the_fault() {
    let project = project();
    let script = include_str!("../scenarios/traffic/k6.js");
    let with = |from: &str, to: &str| {
        assert!(script.contains(from), "the script does not hold {from:?}");
        project.write("traffic.js", &script.replace(from, to));
        let run = driven(&project, &[]);
        assert!(!run.stderr.contains("blackhole on first confirmed"), "{run:?}");
        run
    };
    with("served.add(why === ''", "(() => 0)(why === ''").exits_with(3).says("lifeboat_served");
    with("due: `${", "late: `${").exits_with(3).says("does not say when it was due");
    with("import exec", "import nonsense; import exec").exits_with(3).says("k6 ended before the drill did").says("script exception");
    with("duration: env.LIFEBOAT_DURATION", "duration: '2s'").exits_with(3).says("k6 ended before the drill did");
    let begin = Instant::now();
    with("const place =", "throw new Error('too soon');\n  const place =").exits_with(3).says("sends no request").says("too soon");
    // Far below the minute that a first request may take.
    assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());
    project.edit("scenarios/driven.yaml", "traffic.js", "nowhere.js");
    driven(&project, &[]).exits_with(3).says("there is no script");
}

#[test]
fn a_k6_that_is_killed_is_told_by_its_signal() {
    let project = project();
    let program = project.path("bin/k6");
    project.write("bin/k6", "#!/bin/sh\nkill -9 $$\n");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths(
        [program.parent().unwrap().to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let run = project.run(project.command(&["run", "scenarios/driven.yaml", "--seed", "7"]).env("PATH", path.unwrap()));
    run.exits_with(3).says("k6 was killed by SIGKILL");
}

#[test]
fn requests_beyond_the_timeline_count_for_what_may_be_sent() {
    let project = project();
    project.environment("few", "allow: {max_requests: 700}");
    // 11.5 seconds at 50 a second, and 10 seconds more.
    driven(&project, &["--env", "few", "--dry-run"]).exits_with(2).says("1075 requests are more than the 700");
}

/// The script's own judgement and that of the drill's own traffic, over the same answers.
#[test]
fn the_script_judges_answers_as_we_do() {
    let words = canary(Mark { drill: 1, id: 5 });
    let half = &words[..words.len() / 2];
    let of = |content: &str, reason: &str, rest: &str| {
        format!(r#"{{"choices": [{{"message": {{"content": {content}}}, "finish_reason": {reason}}}]{rest}}}"#)
    };
    let (whole, usage) = (format!("\"{words}\""), r#", "usage": {"prompt_tokens": 9, "completion_tokens": 9}"#);
    let bodies = [
        of(&whole, "\"stop\"", usage),
        of(&whole, "\"length\"", usage),
        of(&whole, "null", usage),
        of(&whole, "\"stop\"", ""),
        of(&whole, "\"stop\"", r#", "usage": null"#),
        of(&format!("\" {words}.\\n\""), "\"stop\"", usage),
        of(&format!("\"{half}\""), "\"length\"", usage),
        of(&format!("\"{half}\""), "\"stop\"", usage),
        of("\"nothing of it\"", "\"stop\"", usage),
        of("\"\"", "\"stop\"", usage),
        of("null", "\"content_filter\"", usage),
        r#"{"error": {"code": "overloaded", "message": "later"}}"#.into(),
        r#"{"error": {"type": "server_error"}}"#.into(),
        "{}".into(),
        "{\"choices\": [".into(),
        String::new(),
    ];
    let ours: Vec<String> = bodies
        .iter()
        .map(|body| {
            let mut reader = AnswerReader::new(Dialect::OpenAi, &ClientRequest::chat(Mark { drill: 1, id: 5 }, "m", false));
            reader.feed(body.as_bytes());
            let told = |flaw: lifeboat::dialect::Flaw| [Some(flaw.word()), flaw.code()].into_iter().flatten().collect::<Vec<_>>().join(" ");
            reader.finish().err().map(told).unwrap_or_default()
        })
        .collect();
    let script = include_str!("../scenarios/traffic/k6.js");
    let judge = &script[script.find("function flaw(").unwrap()..];
    let folder = tempfile::tempdir().unwrap();
    let test = format!(
        "const env = __ENV;\n{judge}\nconst bodies = {};\nexport default function () {{\n  for (const body of bodies) {{\n    \
         const answer = {{ status: 200, body, json: () => JSON.parse(body) }};\n    \
         console.log(`judged <${{flaw(answer, {})}}>`);\n  }}\n}}\n",
        serde_json::to_string(&bodies).unwrap(),
        serde_json::to_string(&words).unwrap()
    );
    std::fs::write(folder.path().join("judge.js"), test).unwrap();
    let run = Command::new(k6())
        .args(["run", "--quiet", "--no-usage-report", "--no-summary", "judge.js"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    let theirs: Vec<&str> = said.lines().filter_map(|line| line.split_once("judged <")?.1.split_once('>')).map(|(word, _)| word).collect();
    assert_eq!(theirs, ours, "{said}");
}
