//! Whole drills, by the binary, as a user runs them: the shipped scenarios say what they must, and the instrument agrees with the reference
//! gateway's own record.

use crate::support::{Project, Run};
use lifeboat::fault;
use lifeboat::model::{ActsOn, Fault};
use lifeboat::project;
use serde_json::Value;
use std::path::Path;

/// A moment of the history in nanoseconds since the drill's origin.
fn moment(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// What the reference gateway recorded itself: when the primary's breaker opened for the first time after the fault was in force.
fn breaker_opened_ms(events: &[Value]) -> f64 {
    let fault = events.iter().find_map(|event| event.get("fault_confirmed")).expect("a fault was confirmed");
    let (from, to) = (moment(&fault["lo"]), fault["hi"].as_f64().unwrap());
    let opened =
        events.iter().filter_map(|event| event.get("gateway")).find(|moved| moved["breaker"] == "open" && moment(&moved["at"]) > to);
    (moment(&opened.expect("the gateway gave the primary up")["at"]) - from) / 1e6
}

fn judged_the_same(project: &Project, drill: &str, code: i32) -> Run {
    let again = project.lifeboat(&["judge", drill, "--format", "json"]);
    again.exits_with(code);
    assert_eq!(
        again.stdout,
        std::fs::read_to_string(project.path(drill).join("verdict.json")).unwrap(),
        "a stored history gives the same verdict"
    );
    again
}

#[test]
fn the_shipped_outage_is_met_and_the_gateways_own_record_lies_in_the_interval() {
    let project = Project::shipped();
    project.lifeboat(&["run", "scenarios/azure-outage.yaml", "--seed", "2a", "--out", "drill"]).exits_with(0).says("met");
    let (verdict, events) = (project.json("drill/verdict.json"), project.events("drill"));
    assert_eq!(verdict["verdict"], "met");
    let cutover = &verdict["measures"]["cutover"];
    let opened = breaker_opened_ms(&events);
    let (lo, hi) = (cutover["lo_ms"].as_f64().unwrap(), cutover["hi_ms"].as_f64().unwrap());
    assert!(lo < opened && opened <= hi, "the gateway stayed on the standby from {opened} ms on, outside of ({lo}, {hi}]");
    assert!(hi - lo <= verdict["resolution_ms"].as_f64().unwrap());
    judged_the_same(&project, "drill", 0);
    let text = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    let requests = events.iter().filter(|event| event.get("request").is_some()).count();
    let per_request: usize =
        text.lines().filter(|line| line.contains("\"request\":{") || line.contains("\"served\":{")).map(|line| line.len() + 1).sum();
    assert!(per_request / requests <= 255, "{} bytes a request", per_request / requests);
    // With seals, which are one a second and not one a request, and everything else but the plan.
    let all = text.len() - text.find('\n').unwrap();
    assert!(all / requests <= 275, "{} bytes a request with everything", all / requests);
}

#[test]
fn a_breaker_too_slow_for_the_objective_is_missed() {
    let project = Project::shipped();
    let arguments = ["run", "scenarios/azure-outage.yaml", "--env", "lab-slow-breaker", "--seed", "2a", "--out", "drill"];
    project.lifeboat(&arguments).exits_with(1).says("missed");
    let verdict = project.json("drill/verdict.json");
    assert_eq!(verdict["verdict"], "missed");
    assert!(verdict["measures"]["cutover"]["lo_ms"].as_f64().unwrap() >= 10_000.0);
    judged_the_same(&project, "drill", 1);
}

#[test]
fn a_fault_on_a_provider_that_serves_nothing_is_inconclusive_and_says_why() {
    let project = Project::shipped();
    let run = project.lifeboat(&["run", "scenarios/fault-on-idle-provider.yaml", "--seed", "2a", "--out", "drill"]);
    run.exits_with(3).says("void").says("touched no request");
    let verdict = project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"void".into(), &"fault_not_effective".into()));
    judged_the_same(&project, "drill", 3);
}

/// What a fault does to users whom the reference gateway serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bite {
    /// The gateway gives the primary up, and they are served by the standby.
    CutOver,
    /// The gateway notices nothing, and every answer of the primary ends like this, for as long as it lasts and no longer.
    All(&'static str),
    /// It reaches requests, and users notice nothing.
    Unseen,
    /// It needs more than the quick project has, and is drilled [`ELSEWHERE`].
    Elsewhere,
}

/// What each fault is held to. One of which nothing is said follows what it acts on.
fn bite(fault: &Fault) -> Bite {
    match fault.word() {
        "status" | "credential-revoked" | "refused" => Bite::CutOver,
        "stall-midstream" | "slow-stream" | "keep-alive" => Bite::All("timeout"),
        "cut" | "end-early" | "empty-answer" => Bite::All("truncated"),
        "error-event" | "malformed" | "corrupt" => Bite::All("error"),
        // Nobody asked which model it was; what is above the limit is rescued.
        "wrong-model" | "rate-limit" => Bite::Unseen,
        // What answers cost shows in bills.
        "price-rise" | "billing-spike" | "quota-drained" | "spend-ceiling" => Bite::Elsewhere,
        _ if fault.kind().needs.is_some() => Bite::Elsewhere,
        _ => match fault.kind().acts_on {
            ActsOn::Connections(_) | ActsOn::Bytes | ActsOn::Heads => Bite::CutOver,
            ActsOn::Requests | ActsOn::Answers => Bite::All("error"),
            ActsOn::Issuer(_) => Bite::Elsewhere,
        },
    }
}

/// Faults as they are drilled here, where their declaration has no example, or another one than the quick project needs.
const WRITTEN: [(&str, &str); 18] = [
    ("latency", "{latency: {latency: 2s}}"),
    ("bandwidth", "{bandwidth: {rate: 200B/s}}"),
    ("status", "{status: {code: 503}}"),
    ("status", "{status: {code: 429, retry_after: 24h}}"),
    ("stall", "{stall: {}}"),
    ("stall-midstream", "{stall-midstream: {after: 2}}"),
    ("slow-stream", "{slow-stream: {rate: 1/s}}"),
    ("keep-alive", "{keep-alive: {after: 1, every: 100ms}}"),
    ("cut", "{cut: {after: 2}}"),
    ("end-early", "{end-early: {after: 2}}"),
    ("error-event", "{error-event: {after: 2}}"),
    ("malformed", "{malformed: {after: 2}}"),
    ("refused", "{refused: {error: quota}}"),
    ("tls", "{tls: {problem: expired}}"),
    // A bucket is full at first: it must be smaller than what is asked while the fault lasts.
    ("rate-limit", "{rate-limit: {requests: 15/min}}"),
    ("revoke", "{revoke: {propagation: 5s}}"),
    ("rotate", "{rotate: {propagation: 5s}}"),
    ("dns-failure", "dns-failure"),
];

/// What is drilled by another file, with the words by which one sees that it is.
const ELSEWHERE: [(&str, &str, &str); 8] = [
    ("price-rise", "billing.rs", "scenarios/price/price-rise.yaml"),
    ("billing-spike", "billing.rs", "scenarios/price/billing-spike.yaml"),
    ("quota-drained", "billing.rs", "scenarios/price/quota-drained.yaml"),
    ("spend-ceiling", "billing.rs", "scenarios/price/spend-ceiling.yaml"),
    ("tls", "handshakes.rs", "fault: {tls: {problem: expired}}"),
    ("dns-failure", "handshakes.rs", "fault: dns-failure"),
    ("revoke", "rotations.rs", "scenarios/key-revoked.yaml"),
    ("rotate", "credentials.rs", "planned-rotation"),
];

fn assert_drilled_elsewhere(word: &str) {
    let (_, file, mark) = ELSEWHERE.iter().find(|(known, ..)| *known == word).unwrap_or_else(|| panic!("no test drills {word}"));
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file)).unwrap();
    assert!(text.contains(mark), "{file} does not drill {word}");
}

/// The fault that a text stands for, by the project's own reader; `None` where the quick project has not what it needs.
fn read(project: &Project, text: &str) -> Option<Fault> {
    let file = "scenarios/one.yaml";
    let quick = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
    project.write(file, &quick.replace("fault: blackhole", &format!("fault: {text}")));
    let (opened, _) = project::Project::open(&project.path(""));
    let (plan, _) = opened.plan(&project.path(file), "lab").ok()?;
    Some(plan.scenario.timeline.faults[0].fault.clone())
}

#[test]
fn every_fault_of_the_model_can_be_drilled_and_bites() {
    let project = Project::quick();
    let texts: Vec<(&str, String)> = fault::kinds()
        .filter_map(|kind| kind.word.zip(Some(kind.main())))
        .flat_map(|(word, main)| {
            let written: Vec<String> = WRITTEN.iter().filter(|(known, _)| *known == word).map(|(_, text)| (*text).to_owned()).collect();
            let example = || main.map_or(word.to_owned(), |main| format!("{{{word}: {{{}: {}}}}}", main.name, main.example));
            if written.is_empty() { vec![example()] } else { written }.into_iter().map(move |text| (word, text))
        })
        .collect();
    let (mut alone, mut one_after_another) = (Vec::new(), Vec::new());
    for (word, text) in &texts {
        let (word, text) = (*word, text.as_str());
        let bites = read(&project, text).map_or(Bite::Elsewhere, |fault| {
            assert_eq!(fault.word(), word);
            bite(&fault)
        });
        match bites {
            Bite::CutOver => alone.push(text),
            Bite::All(_) | Bite::Unseen => one_after_another.push((text, bites)),
            // What cannot even be planned here is drilled where it can be.
            Bite::Elsewhere => assert_drilled_elsewhere(word),
        }
    }
    // What ends in the same way is played in one drill, and each of it is there for a third of its time.
    one_after_another.sort_by_key(|(_, bite)| format!("{bite:?}"));
    let several: Vec<&[(&str, Bite)]> = one_after_another.chunks(3).collect();
    assert!(alone.len() >= 9 && one_after_another.len() >= 10, "{alone:?} {one_after_another:?}");
    let drills: Vec<Box<dyn Fn() + Sync + Send>> = alone
        .into_iter()
        .map(|fault| Box::new(move || cuts_over(fault)) as Box<dyn Fn() + Sync + Send>)
        .chain(several.into_iter().map(|some| Box::new(move || bite_one_after_another(some)) as Box<dyn Fn() + Sync + Send>))
        .collect();
    // Each waits for most of its ten seconds, so some wait together; more than a few would make each other late.
    for some in drills.chunks(4) {
        std::thread::scope(|scope| some.iter().for_each(|drill| drop(scope.spawn(drill))));
    }
}

/// Half of the quick scenario's requests: several drills play at once.
fn calm() -> Project {
    let project = Project::quick();
    project.edit("scenarios/quick.yaml", "rate: 50/s", "rate: 25/s");
    project
}

fn cuts_over(fault: &str) {
    let project = calm();
    project.edit("scenarios/quick.yaml", "fault: blackhole", &format!("fault: {fault}"));
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    run.exits_with(0).says("met");
    let events = project.events("drill");
    let healed = events.iter().find_map(|event| event.get("fault_healed")).unwrap();
    assert!(moment(&healed["touched"]) > 0.0, "{fault} touched nothing");
    let verdict = project.json("drill/verdict.json");
    let (cutover, opened) = (&verdict["measures"]["cutover"], breaker_opened_ms(&events));
    let (lo, hi) = (cutover["lo_ms"].as_f64().unwrap(), cutover["hi_ms"].as_f64().unwrap());
    // A gateway that rescues every request within the service level has cut over for its users before its breaker opens.
    assert!(opened > lo || lo == 0.0, "{fault}: the breaker opened at {opened} ms, before ({lo}, {hi}]");
    // And once it is open, the next request is well served: within the service level of 250 ms.
    let latest = opened + verdict["resolution_ms"].as_f64().unwrap() + 250.0;
    assert!(hi <= latest, "{fault}: the breaker opened at {opened} ms, and users were served only in ({lo}, {hi}]");
}

fn bite_one_after_another(faults: &[(&str, Bite)]) {
    let project = calm();
    let length = 7500 / faults.len();
    let one =
        |(place, (fault, _)): (usize, &(&str, Bite))| format!("{{at: {}ms, on: first, fault: {fault}, for: {length}ms}}", place * length);
    let timeline = faults.iter().enumerate().map(one).collect::<Vec<_>>().join(", ");
    project.edit("scenarios/quick.yaml", "{at: 0s, on: first, fault: blackhole, for: 7500ms}", &timeline);
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    let missed = faults.iter().any(|(_, bite)| matches!(bite, Bite::All(_)));
    assert!(!missed || run.code == Some(1), "{faults:?}: {run:?}");
    let events = project.events("drill");
    let all = |kind: &str| events.iter().filter_map(|event| event.get(kind).cloned()).collect::<Vec<_>>();
    let (begun, healed, requests) = (all("fault_confirmed"), all("fault_healed"), all("request"));
    let ended = |from: f64, to: f64| -> Vec<&str> {
        let between = requests.iter().filter(|request| (from..to).contains(&moment(&request["due"])));
        between.map(|request| request["outcome"].as_str().unwrap()).collect()
    };
    for (place, (fault, bite)) in faults.iter().enumerate() {
        let of =
            |all: &[Value]| all.iter().find(|event| event["fault"] == place).cloned().unwrap_or_else(|| panic!("{fault} was not played"));
        let (begun, healed) = (of(&begun), of(&healed));
        assert!(moment(&healed["touched"]) > 0.0, "{fault} touched nothing");
        // What was asked so late that its time was not over when the fault was may have come to a good end.
        let patience = if *bite == Bite::All("timeout") { 2.0e9 } else { 0.3e9 };
        let ends = ended(moment(&begun["hi"]), moment(&healed["lo"]) - patience);
        let wanted = if let Bite::All(outcome) = bite { *outcome } else { "ok" };
        assert!(ends.len() >= 5 && ends.iter().all(|outcome| *outcome == wanted), "{fault}: {ends:?}");
    }
    // Once the last of them is healed, nobody notices anything.
    let after = ended(healed.iter().map(|event| moment(&event["hi"])).fold(0.0, f64::max), f64::MAX);
    assert!(after.len() >= 5 && after.iter().all(|outcome| *outcome == "ok"), "{faults:?}: {after:?}");
}
