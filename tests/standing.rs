//! Drills over a standing fault proxy: nothing of a drill stays there, however it ends.

use crate::support::{Project, wait_for};
use lifeboat::proxy::Proxy;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const CTRL_C: i32 = 2;
const KILL: i32 = 9;
const STOP: i32 = 19;
const GO_ON: i32 = 18;

const DRILL: [&str; 8] = ["run", "scenarios/quick.yaml", "--seed", "7", "--env", "standing", "--out", "drill"];

/// A standing fault proxy in the test's own process, and a project with an environment that uses it.
struct Standing {
    runtime: Runtime,
    proxy: Proxy,
    project: Project,
}

impl Standing {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let proxy = runtime.block_on(Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
        let project = Project::quick();
        let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
        project.environment("standing", &format!("{gateway}, control: \"http://{}\"", proxy.api()));
        Self { runtime, proxy, project }
    }

    /// The proxies that it has, by name.
    fn proxies(&self) -> Value {
        let mut socket = TcpStream::connect(self.proxy.api()).unwrap();
        write!(socket, "GET /proxies HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

#[test]
fn a_drill_that_is_stopped_under_the_fault_leaves_nothing() {
    let standing = Standing::start();
    let mut drill = standing.project.start(&DRILL);
    drill.until("blackhole on first active");
    assert_eq!(standing.proxies()["first"]["toxics"][0]["name"], "blackhole-1");
    drill.signal(CTRL_C);
    drill.finish().exits_with(4);
    assert_eq!(standing.proxies(), serde_json::json!({}));
    standing.project.stopped_cleanly("drill", "person");
}

#[test]
fn a_drill_that_is_stopped_while_it_prepares_leaves_nothing() {
    let standing = Standing::start();
    let start = "start: {run: [sleep, \"600\"], ready: \"http://127.0.0.1:${port}/\"}";
    let services = "services: {chat: {url: \"http://127.0.0.1:${port}/v1\"}}";
    standing.project.edit("runbooks/inventory.yaml", ", control:", &format!(", {start}, {services}, control:"));
    let mut drill = standing.project.start(&DRILL);
    drill.until("preparing");
    wait_for("the drill's proxies", || (standing.proxies().as_object()?.len() == 2).then_some(()));
    drill.signal(CTRL_C);
    drill.finish().exits_with(4);
    assert_eq!(standing.proxies(), serde_json::json!({}));
    standing.project.stopped_cleanly("drill", "person");
}

#[test]
fn the_fault_of_a_drill_that_was_killed_ends_with_its_lease() {
    let standing = Standing::start();
    let mut drill = standing.project.start(&DRILL);
    drill.until("blackhole on first active").signal(KILL);
    assert_eq!(drill.finish().code, None);
    // A lease is ten seconds long.
    wait_for("the end of the lease", || standing.proxies()["first"]["toxics"].as_array()?.is_empty().then_some(()));
    let again = ["run", "scenarios/quick.yaml", "--env", "standing", "--out", "again"];
    let told = standing.project.lifeboat(&again);
    told.exits_with(4)
        .says("drill: this drill was killed")
        .says("first (made by it), second (made by it)")
        .says("hint: lifeboat heal; or ");
    assert_eq!(standing.proxies().as_object().unwrap().len(), 2, "nobody agreed to anything");
    standing.project.lifeboat(&["doctor"]).exits_with(3).says("wrong  drill: this drill was killed").says("hint: lifeboat heal");
    let mut next = standing.project.start(&[&again[..], &["--heal"]].concat());
    next.until("first: removed, for the drill had made it").until("environment standing").signal(CTRL_C);
    next.finish().exits_with(4);
    assert_eq!(standing.proxies(), serde_json::json!({}));
}

#[test]
fn the_fault_of_a_drill_that_stands_still_ends_with_its_lease_and_the_drill_says_why() {
    let standing = Standing::start();
    let mut drill = standing.project.start(&DRILL);
    drill.until("blackhole on first active").signal(STOP);
    let since = Instant::now();
    wait_for("the end of the lease", || standing.proxies()["first"]["toxics"].as_array()?.is_empty().then_some(()));
    // It has to be away for longer than a lease, which began before it was stopped, at the latest a third of one.
    wait_for("a stop that is longer than a lease", || (since.elapsed() > Duration::from_secs(11)).then_some(()));
    drill.signal(GO_ON);
    drill.finish().exits_with(3).says("stopped: this process stood still for 1").says("longer than the lease of a fault (10 s)");
    assert_eq!(standing.proxies(), serde_json::json!({}));
    // Users suffered from its absence: nothing of that is judged.
    let verdict = standing.project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"inconclusive".into(), &"schedule_incomplete".into()));
}

#[test]
fn a_proxy_that_goes_away_under_the_fault_stops_the_drill() {
    let standing = Standing::start();
    let mut drill = standing.project.start(&DRILL);
    drill.until("blackhole on first active");
    let Standing { runtime, proxy, project } = standing;
    runtime.block_on(proxy.stop());
    let run = drill.finish();
    run.exits_with(4).says("stopped: the lease of the fault on first could not be renewed: ").says("cannot be reached: Connection refused");
    let events = project.events("drill");
    assert_eq!(events.iter().find_map(|event| event.get("cancelled")).unwrap()["reason"], "fault");
    // Users suffered, but from the proxy that was gone: that says nothing about the objective.
    let verdict = project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"inconclusive".into(), &"schedule_incomplete".into()));
}

/// A relay before a control API, which falls silent for good, at the latest when this is asked for: calls are taken and never answered, as where the
/// network between the two is gone.
struct HangingApi {
    address: SocketAddr,
    hangs: Arc<AtomicBool>,
}

impl HangingApi {
    fn before(api: SocketAddr, until: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, hangs) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        std::thread::spawn({
            let hangs = hangs.clone();
            move || {
                for asks in listener.incoming().map_while(Result::ok) {
                    let answers = TcpStream::connect(api).unwrap();
                    relay(asks.try_clone().unwrap(), answers.try_clone().unwrap(), hangs.clone(), until);
                    relay(answers, asks, hangs.clone(), until);
                }
            }
        });
        Self { address, hangs }
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, hangs: Arc<AtomicBool>, until: &'static str) {
    std::thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]);
            if text.lines().next().is_some_and(|line| line.contains(until)) {
                hangs.store(true, Ordering::SeqCst);
            }
            if !hangs.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // While it hangs, nobody is told that it is over either.
        if !hangs.load(Ordering::SeqCst) {
            let _ = to.shutdown(Shutdown::Both);
        }
    });
}

#[test]
fn a_control_api_that_hangs_under_an_injection_holds_up_no_ctrl_c() {
    let standing = Standing::start();
    let hanging = HangingApi::before(standing.proxy.api(), "/toxics ");
    let (own, relayed) = (standing.proxy.api().to_string(), hanging.address.to_string());
    standing.project.edit("runbooks/inventory.yaml", &own, &relayed);
    let mut drill = standing.project.start(&DRILL);
    drill.until("blackhole on first requested");
    wait_for("the call that hangs", || hanging.hangs.load(Ordering::SeqCst).then_some(()));
    let began = Instant::now();
    drill.signal(CTRL_C);
    drill.finish().exits_with(4);
    let took = began.elapsed();
    // A moment for the call, one for the requests in flight, three seconds for the proxies that are to be removed; one call may take five.
    assert!(took < Duration::from_secs(9), "{took:?}");
    let events = standing.project.events("drill");
    assert_eq!(events.iter().find_map(|event| event.get("cancelled")).unwrap()["reason"], "person");
}

#[test]
fn a_network_to_the_proxy_that_dies_under_the_fault_leaves_the_fault_to_its_lease_and_stops_the_drill() {
    let standing = Standing::start();
    let hanging = HangingApi::before(standing.proxy.api(), "nothing that anybody asks for");
    let (own, relayed) = (standing.proxy.api().to_string(), hanging.address.to_string());
    standing.project.edit("runbooks/inventory.yaml", &own, &relayed);
    // Its fault would last for longer than a lease.
    standing.project.edit("scenarios/quick.yaml", "for: ", "for: 2");
    let mut drill = standing.project.start(&DRILL);
    drill.until("blackhole on first active");
    hanging.hangs.store(true, Ordering::SeqCst);
    wait_for("the end of the lease", || standing.proxies()["first"]["toxics"].as_array()?.is_empty().then_some(()));
    let run = drill.finish();
    assert!([Some(3), Some(4)].contains(&run.code), "{}", run.stderr);
    run.says("stopped: the lease of the fault on first could not be renewed: ");
    let verdict = standing.project.json("drill/verdict.json");
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&"inconclusive".into(), &"schedule_incomplete".into()));
}
