//! A drill never spends more than its environment allows, and asks before it spends anything.

use crate::support::Project;
use lifeboat::units::Money;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn a_drill_stops_before_its_ceiling_with_everything_healed() {
    let project = Project::quick();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    // At list prices some 130 requests of this traffic: the fault is in force by then.
    project.environment("poor", &format!("{gateway}, allow: {{max_spend: 0.10 USD}}"));
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "poor", "--seed", "7", "--out", "drill"]);
    run.exits_with(4).says("stopped: ").says("the 0.10 USD that the environment allows");
    let events = project.stopped_cleanly("drill", "guard");
    assert!(events.iter().any(|event| event.get("fault_confirmed").is_some()), "the ceiling came before the fault");
    let plan = &events[0]["started"]["plan"];
    let price = |provider: &str| {
        let million = |way: &str| plan["prices"][provider][way].as_str().unwrap().parse::<Money>().unwrap().as_nanos();
        // As many tokens as the traffic's requests have at most.
        let (input, output) = lifeboat::dialect::request_tokens(&lifeboat::model::Expect::default());
        (million("input") * input + million("output") * output).div_ceil(1_000_000)
    };
    let billed = |provider: &str| {
        let seen = events.iter().filter(|event| event["served"]["by"] == provider);
        seen.filter(|event| event["served"]["status"].as_u64().unwrap_or(200) < 400).count() as u64
    };
    let spent: u64 = ["first", "second"].iter().map(|provider| price(provider) * billed(provider)).sum();
    // Near it, since at most what is in flight is held back for; never beyond.
    assert!((50_000_000..=100_000_000).contains(&spent), "{spent} billionths of a dollar");
    project.lifeboat(&["report", "drill"]).says("at list prices");
}

#[test]
fn money_is_only_spent_where_somebody_agreed() {
    let project = Project::quick();
    project.edit("runbooks/inventory.yaml", "dialect: azure-openai", "dialect: azure-openai\n    base_url: https://acme.example");
    project.edit("runbooks/inventory.yaml", "second: {dialect: openai,", "second: {dialect: openai, base_url: \"https://other.example\",");
    let text = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let staging = |allow: &str| {
        let place = format!("  staging: {{services: {{chat: {{url: \"http://127.0.0.1:1/v1\"}}}}{allow}}}\n");
        project.write("runbooks/inventory.yaml", &(text.clone() + &place));
    };
    staging("");
    let run = ["run", "scenarios/quick.yaml", "--env", "staging"];
    project.lifeboat(&run).exits_with(2).says("will send a bill").says("--yes");
    let doctor = ["doctor", "scenarios/quick.yaml", "--env", "staging"];
    project.lifeboat(&doctor).exits_with(2).says("will send a bill").says("agree to up to 0.").says("with second").says("--yes");
    project.lifeboat(&[&run[..], &["--dry-run"]].concat()).exits_with(0).says("spends      up to 0.").says("with second");
    project.lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"]).exits_with(0).says("spends      nothing; at list prices up to");
    staging(", allow: {max_requests: 10}");
    project.lifeboat(&run).exits_with(2).says("500 requests are more than the 10").says("max_requests");
    // What finds out how answers end is told, and is none of those that are counted.
    staging(", allow: {max_requests: 500}");
    project.lifeboat(&[&run[..], &["--dry-run"]].concat()).exits_with(0).says("before it   asks chat (chat-stream) once to 4 times");
    staging(", allow: {max_requests: 499}");
    project.lifeboat(&run).exits_with(2).says("500 requests are more than the 499");
    staging(", allow: {max_spend: 0.0001 USD}");
    project.lifeboat(&run).exits_with(2).says("and one request can cost").says("raise `max_spend`");
    staging(", allow: {max_spend: 5 EUR}");
    project.lifeboat(&run).exits_with(2).says("USD");
    staging(", allow: {max_spend: 5 USD}");
    project.edit("runbooks/inventory.yaml", "dialect: azure-openai", "dialect: azure-openai\n    models: {chat: home-made}");
    project.lifeboat(&run).exits_with(2).says("the price of `first` is not known").says("price: {input:");
    project.edit(
        "runbooks/inventory.yaml",
        "models: {chat: home-made}",
        "models: {chat: home-made}\n    price: {input: 2 USD, output: 4 USD}",
    );
    project.lifeboat(&[&run[..], &["--dry-run"]].concat()).exits_with(0).says("with first").says("stops at 5.00 USD");
}

/// A provider of others, which no proxy of a drill stands before: it answers every POST with as many tokens as it may, says nothing of them, and
/// counts what it bills, in billionths of a dollar at 2.50 and 10 USD for a million tokens.
fn billing() -> (String, Arc<AtomicU64>, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (billed, looked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counters = (billed.clone(), looked.clone());
    std::thread::spawn(move || {
        for wire in listener.incoming().map_while(Result::ok) {
            let (billed, looked) = counters.clone();
            std::thread::spawn(move || answer_each(wire, &billed, &looked));
        }
    });
    (address, billed, looked)
}

fn answer_each(mut wire: TcpStream, billed: &AtomicU64, looked: &AtomicU64) {
    let mut lines = BufReader::new(wire.try_clone().unwrap());
    loop {
        let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
        while lines.read_line(&mut line).is_ok_and(|count| count > 0) && line != "\r\n" {
            first = if first.is_empty() { line.clone() } else { first };
            if let Some(told) = line.strip_prefix("content-length: ") {
                length = told.trim().parse().unwrap();
            }
            line.clear();
        }
        if first.is_empty() {
            return;
        }
        let mut body = vec![0; length];
        lines.read_exact(&mut body).unwrap();
        if first.starts_with("POST") {
            let most = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["max_tokens"].as_u64().unwrap();
            // A token is two bytes of English at the least.
            billed.fetch_add(length as u64 / 2 * 2_500 + most * 10_000, Ordering::SeqCst);
        } else {
            looked.fetch_add(1, Ordering::SeqCst);
        }
        let said = r#"{"choices": [{"message": {"content": "something else"}, "finish_reason": "stop"}]}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", said.len());
        if wire.write_all((head + said).as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_ceiling_holds_for_requests_that_no_proxy_sees_and_for_bodies_of_ones_own() {
    let project = Project::quick();
    let service = "  direct: {criticality: recoverable, providers: [first], objectives: {rto: 2s, slo: {complete: 1s}}}\nenvironments:";
    project.edit("runbooks/inventory.yaml", "environments:", service);
    let (address, billed, looked) = billing();
    project.environment("poor", &format!("services: {{direct: {{url: \"http://{address}/v1\"}}}}, allow: {{max_spend: 0.50 USD}}"));
    let beside = "\
traffic:
  - {workload: probes, rate: 20/s, request: chat-stream}
  - {workload: health, service: direct, judged: false, rate: 100/s, request: http, path: /health}
  - {workload: crowd, service: direct, judged: false, rate: 50/s}
  - {workload: long, service: direct, judged: false, rate: 4/s, request: http, path: /chat/completions, body: '{\"max_tokens\": 4000}'}
";
    project.edit("scenarios/quick.yaml", "traffic: {rate: 50/s, request: chat-stream}\n", beside);
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--env", "poor", "--seed", "7", "--out", "drill"]);
    run.exits_with(4).says("stopped: ").says("the 0.50 USD that the environment allows");
    let billed = billed.load(Ordering::SeqCst);
    println!("{billed} billionths of a dollar were billed behind nobody's back");
    // Near it: besides these only what the probes cost is in the ceiling, and what was on its way at the end.
    assert!((200_000_000..=500_000_000).contains(&billed), "{billed}");
    assert!(looked.load(Ordering::SeqCst) > 50, "whoever only looks was stopped by what it does not cost");
    project.stopped_cleanly("drill", "guard");
}

#[test]
fn what_cannot_be_bounded_is_refused_where_there_is_a_ceiling_and_said_elsewhere() {
    let project = Project::quick();
    project.environment("poor", "allow: {max_spend: 1 USD}");
    project.environment("bound", "services: {chat: {url: \"http://127.0.0.1:1/v1\"}}, allow: {max_spend: 1 USD}");
    let scenario = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
    let dry = |traffic: &str, environment: &str| {
        project.write("scenarios/quick.yaml", &scenario.replace("request: chat-stream", traffic));
        project.lifeboat(&["run", "scenarios/quick.yaml", "--env", environment, "--dry-run"])
    };
    project.write("own.js", "export default function () {}\n");
    for traffic in ["engine: k6, script: own.js", "request: http, path: /ask, body: '{\"question\": \"why?\"}'"] {
        dry(traffic, "poor")
            .exits_with(2)
            .says("and the environment `poor` allows 1.00 USD")
            .says("max_tokens: {input: 2000, output: 4000}");
        project.lifeboat(&["check"]).exits_with(0).says("and the environment `bound` allows 1.00 USD");
        dry(traffic, "lab").exits_with(0).says("requests, which is not known");
        dry(&format!("{traffic}, max_tokens: {{input: 20, output: 40}}"), "poor").exits_with(0).says("stops at 1.00 USD");
    }
    // Of the script that is shipped it is known, and whoever only looks costs nothing.
    project.write("shipped.js", include_str!("../scenarios/traffic/k6.js"));
    dry("engine: k6, script: shipped.js", "poor").exits_with(0).says("stops at 1.00 USD").says("more before and after, until k6 has ended");
    // What k6 may have on its way at once is kept back for: a ceiling below that ends the drill with its first requests.
    project.environment("scant", "allow: {max_spend: 0.05 USD}");
    dry("engine: k6, script: shipped.js", "scant").exits_with(2).says("what k6 may have in flight at once can cost").says("max_in_flight");
    dry("engine: k6, script: shipped.js, max_in_flight: 2", "scant").exits_with(0).says("stops at 0.05 USD");
    dry("request: http, path: /health", "poor").exits_with(0).says("up to 0.00 USD with first");
    dry("request: chat, max_tokens: {input: 1, output: 1}", "lab").exits_with(2).says("how long its own chats are the traffic knows");
}
