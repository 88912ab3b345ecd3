//! Drills over a plain Toxiproxy: Shopify's own server, and ours in its manner. Nobody tells there who served or what a fault touched; the
//! verdict says what it rests on, and what cannot be shown is refused before anything is sent.

use crate::support::{Project, Standing, quick_gateway, quick_provider, wait_for};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const DRILL: [&str; 8] = ["run", "scenarios/quick.yaml", "--seed", "7", "--env", "plain", "--out", "drill"];

/// The quick project with an environment over this server.
fn over(standing: &Standing) -> Project {
    let project = Project::quick();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("plain", &format!("{gateway}, control: \"http://{}\"", standing.api));
    project
}

/// The names of a verdict's caveats.
fn caveats(verdict: &Value) -> Vec<&str> {
    verdict["caveats"].as_array().unwrap().iter().map(|caveat| caveat["name"].as_str().unwrap()).collect()
}

#[test]
fn a_drill_over_shopify_s_own_server_says_beforehand_and_afterwards_what_it_rests_on() {
    let standing = Standing::shopifys();
    let project = over(&standing);
    let shows = "the drill is judged by when users were served by anyone (`gate: restore`), not by the cutover that was promised; write `gate: restore`";
    project.lifeboat(&[&DRILL[..6], &["--dry-run"]].concat()).exits_with(0).says("which is not asked now");
    let run = project.lifeboat(&DRILL);
    run.exits_with(0).says(shows).says("a watchdog heals").says("effect  ").says("not known");
    assert!(!run.stdout.contains("cutover  "), "{}", run.stdout);
    let verdict = project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["terms"]["gate"]), (&json!("met"), &json!("restore")), "{verdict:#}");
    assert_eq!(caveats(&verdict), ["who_served", "touched"]);
    let evidence = &verdict["evidence"];
    assert!(evidence["touched"].is_null() && evidence["effect"]["proven"] == true, "{evidence:#}");
    let report = std::fs::read_to_string(project.path("drill/report.md")).unwrap();
    for words in ["A plain Toxiproxy does not see who served", "| not counted |", "that is no coincidence: it took effect"] {
        assert!(report.contains(words), "{words}: {report}");
    }
    let events = project.events("drill");
    assert!(events.iter().any(|event| event["plain_toxiproxy"]["version"] == "git"));
    assert_eq!(standing.call("GET", "/proxies", "").1, json!({}), "nothing is left");
}

#[test]
fn what_a_plain_server_cannot_do_is_refused_before_anything_is_sent_and_named() {
    let standing = Standing::start(&["--plain"]);
    let project = over(&standing);
    project.edit("scenarios/quick.yaml", "fault: blackhole", "fault: {status: {code: 503}}");
    project.edit("runbooks/inventory.yaml", "rto: 2s,", "rto: 2s, failback: 5s,");
    let words = [
        "on first needs a proxy that reads requests",
        "it has refuse, blackhole, reset, latency and bandwidth",
        "objective `failback` of chat",
    ];
    let doctor = project.lifeboat(&["doctor", "scenarios/quick.yaml", "--env", "plain"]);
    let run = project.lifeboat(&DRILL);
    for word in words {
        doctor.exits_with(3).says(word).says("hint: ");
        run.exits_with(3).says(word).says("let `lifeboat proxy` listen there instead");
    }
    let events = project.stopped_cleanly("drill", "environment");
    assert!(!events.iter().any(|event| event.get("request").is_some() || event.get("fault_requested").is_some()));
    assert_eq!(standing.call("GET", "/proxies", "").1, json!({}), "nothing was made there");
}

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: openai, base_url: FIRST}
  second: {dialect: openai, base_url: SECOND}
services:
  chat:
    criticality: recoverable
    providers: [first, second]
    objectives: {rto: 2s, gate: restore, slo: {first_token: 250ms}, deadline: 2s, success: 95%, stable_for: 5s, lag_max: 200ms}
environments:
  plain:
    control: \"http://CONTROL\"
    services: {chat: {url: GATEWAY, key_from: env:CLIENT_KEY}}
    allow: {faults_on: [first]}
";

/// Leads to a server, until it hangs: then it takes what comes, and nothing of that ever arrives. Where it listens.
fn forwarder(to: &str, hangs: &Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, to, hangs) = (listener.local_addr().unwrap().to_string(), to.to_owned(), hangs.clone());
    std::thread::spawn(move || {
        for caller in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(&to) else { continue };
            for (from, to) in [(&caller, &server), (&server, &caller)] {
                let (mut from, mut to, hangs) = (from.try_clone().unwrap(), to.try_clone().unwrap(), hangs.clone());
                std::thread::spawn(move || {
                    let (mut chunk, mut has_hung) = ([0; 4096], false);
                    while let Ok(count @ 1..) = from.read(&mut chunk) {
                        has_hung |= hangs.load(Ordering::SeqCst);
                        if !has_hung && to.write_all(&chunk[..count]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    address
}

#[test]
fn a_server_that_hangs_around_the_heal_keeps_no_fault_where_the_proxies_stood_already() {
    let (standing, project) = (Standing::shopifys(), Project::quick());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _within = runtime.enter();
    let providers = ["first", "second"].map(|name| (name, quick_provider(name)));
    let mut inventory = INVENTORY.to_owned();
    let listening = providers.each_ref().map(|(name, provider)| {
        inventory = inventory.replace(&name.to_uppercase(), &provider.base_url());
        let address = provider.base_url().trim_start_matches("http://").split('/').next().unwrap().to_owned();
        (*name, standing.proxy(name, &address))
    });
    let gateway = quick_gateway(&listening, "sk-of-the-clients");
    let hangs = Arc::new(AtomicBool::new(false));
    let control = forwarder(&standing.api, &hangs);
    project.write("runbooks/inventory.yaml", &inventory.replace("CONTROL", &control).replace("GATEWAY", &gateway.base_url()));

    let mut drill = project.start_with(&DRILL, &[("CLIENT_KEY", "sk-of-the-clients")]);
    drill.until("blackhole on first active");
    hangs.store(true, Ordering::SeqCst);
    let run = drill.finish();
    run.exits_with(4).says("the fault on first could not be healed (the server has no leases; a watchdog keeps trying until it is healed)");
    assert!(!run.stderr.contains("when its lease runs out"), "{}", run.stderr);
    assert!(!run.stderr.contains("/reset"), "nobody is told to take away what is others': {}", run.stderr);
    let toxics = || standing.call("GET", "/proxies/first", "").1["toxics"].as_array().unwrap().len();
    assert_eq!(toxics(), 2, "the fault is there when the drill has gone");
    hangs.store(false, Ordering::SeqCst);
    wait_for("the watchdog heals it", || (toxics() == 0).then_some(()));
    assert_eq!(standing.call("GET", "/proxies", "").1.as_object().unwrap().len(), 2, "the proxies stand as they stood");
}
