//! `lifeboat proxy`, `lifeboat heal` and the watchdog: how they start, what bad input gets, how they end.

use crate::support::{Project, Standing, echo, wait_for};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn wire(listen: &str) -> TcpStream {
    let wire = TcpStream::connect(listen).unwrap();
    wire.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    wire
}

/// Sends a text and reads it back.
fn echoes(mut wire: &TcpStream, text: &str) -> bool {
    let mut came = vec![0; text.len()];
    wire.write_all(text.as_bytes()).is_ok() && wire.read_exact(&mut came).is_ok() && came == text.as_bytes()
}

#[test]
fn a_configuration_of_shopifys_server_starts_it() {
    let project = Project::empty();
    let upstream = echo();
    project.write(
        "proxies.json",
        &format!(r#"[{{"name": "one", "listen": "localhost:0", "upstream": "{upstream}"}}, {{"name": "two", "listen": "[::1]:0", "upstream": "{upstream}", "enabled": false}}]"#),
    );
    let standing = Standing::start(&["--config", project.path("proxies.json").to_str().unwrap()]);
    wait_for("both proxies", || standing.call("GET", "/proxies", "").1["two"].is_object().then_some(()));
    let (_, proxies) = standing.call("GET", "/proxies", "");
    assert!(echoes(&wire(proxies["one"]["listen"].as_str().unwrap()), "hello"));
    assert_eq!(proxies["two"]["enabled"], false);
    let api = ["proxy", "--api", "127.0.0.1:0", "--config"];
    let with = |file: &str| project.lifeboat(&[&api[..], &[file]].concat());
    with("nowhere.json").exits_with(2).says("cannot read nowhere.json");
    project.write("list.json", "{}");
    with("list.json").exits_with(2).says("the proxies of the configuration could not be created");
    project.write("name.json", r#"[{"upstream": "h:1"}]"#);
    with("name.json").exits_with(2).says("missing required field: name at proxy 1");
    let taken = format!(r#"[{{"name": "x", "listen": "{}", "upstream": "h:1"}}]"#, standing.api);
    project.write("taken.json", &taken);
    with("taken.json").exits_with(2).says(&format!("listen tcp {}: bind: address already in use", standing.api)).says("hint:");
    project.lifeboat(&["proxy", "--api", &standing.api]).exits_with(3).says("cannot listen").says("hint:");
}

#[test]
fn outside_loopback_it_asks_for_a_token_and_turns_strangers_away() {
    let project = Project::empty();
    project.lifeboat(&["proxy", "--api", "0.0.0.0:0"]).exits_with(2).says("--token-from env:NAME");
    project.lifeboat(&["proxy", "--token-from", "env:LIFEBOAT_NO_SUCH"]).exits_with(2).says("LIFEBOAT_NO_SUCH");
    project.lifeboat(&["proxy", "--token-from", "secret"]).exits_with(2).says("env:NAME");
    // PATH stands in for a token: it is set everywhere.
    let standing = Standing::start(&["--token-from", "env:PATH"]);
    let token = std::env::var("PATH").unwrap();
    assert_eq!(standing.call("GET", "/proxies", "").0, 401);
    assert_eq!(standing.raw("GET", "/proxies", "", "authorization: Bearer wrong\r\n").0, 401);
    assert_eq!(standing.raw("GET", "/proxies", "", &format!("authorization: Bearer {token}\r\n")), (200, "{}".into()));
    let refused = project.lifeboat(&["heal", "--control", &standing.api]);
    refused.exits_with(3).says("token");
    project.lifeboat(&["heal", "--control", &standing.api, "--token-from", "env:PATH"]).exits_with(0).says("nothing to heal");
}

#[test]
fn what_would_be_open_to_others_asks_for_a_token() {
    let project = Project::empty();
    project.write("open.json", r#"[{"name": "p", "listen": "0.0.0.0:0", "upstream": "127.0.0.1:1"}]"#);
    let with = |more: &[&str]| project.lifeboat(&[&["proxy", "--api", "127.0.0.1:0"], more].concat());
    with(&["--config", "open.json"]).exits_with(2).says("everybody who can reach 0.0.0.0:0 could use").says("--token-from env:NAME");
    with(&["--forward", "127.0.0.1:0", "--forward-open"]).exits_with(2).says("requires no token").says("--token-from env:NAME");
    let named = Standing::start(&["--api-host", "chaos.example", "--api-host", "192.0.2.7"]);
    for host in ["chaos.example", "192.0.2.7"] {
        assert_eq!(named.raw("GET", &format!("http://{host}/proxies"), "", "").0, 200, "{host}");
    }
    let (status, told) = named.call("GET", "http://evil.example/proxies", "");
    assert!(status == 403 && told["hint"].as_str().unwrap().contains("--api-host"), "{status} {told}");
}

#[test]
fn heal_empties_it_and_says_what_it_did() {
    let project = Project::empty();
    for manner in [&[][..], &["--plain"]] {
        let standing = Standing::start(manner);
        let listen = standing.proxy("one", &echo());
        standing.proxy("two", &echo());
        let toxic = r#"{"type": "timeout", "name": "hole", "stream": "upstream"}"#;
        assert_eq!(standing.call("POST", "/proxies/one/toxics", toxic).0, 200);
        assert_eq!(standing.call("POST", "/proxies/two", r#"{"enabled": false}"#).0, 200);
        let healed = project.lifeboat(&["heal", "--control", &standing.api]);
        healed.exits_with(0).says("one: removed hole").says("two: enabled");
        assert!(echoes(&wire(&listen), "hello"));
        project.lifeboat(&["heal", "--control", &format!("http://{}", standing.api)]).exits_with(0).says("nothing to heal: 2 proxies");
    }
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    project.lifeboat(&["heal", "--control", &gone]).exits_with(3).says(&gone).says("hint:");
    project.lifeboat(&["heal"]).exits_with(2);
    let shipped = Project::shipped();
    shipped.lifeboat(&["heal", "--env", "nowhere"]).exits_with(2).says("no environment `nowhere`").says("hint:");
    shipped.lifeboat(&["heal", "--env", "lab"]).exits_with(2).says("no standing fault proxy");
}

#[test]
fn sigterm_lets_open_connections_finish() {
    let mut standing = Standing::start(&["--drain", "20s"]);
    let listen = standing.proxy("one", &echo());
    let open = wire(&listen);
    assert!(echoes(&open, "before"));
    standing.signal(15);
    let refused = || TcpStream::connect(&listen).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
    wait_for("new connections are refused", || refused().then_some(()));
    assert!(echoes(&open, "after"), "an open connection goes on");
    assert!(standing.child.try_wait().unwrap().is_none());
    drop(open);
    assert!(standing.child.wait().unwrap().success());
}

#[test]
fn bad_input_gets_a_clear_error_or_faithful_passing_on() {
    let standing = Standing::start(&[]);
    let listen = standing.proxy("one", &echo());
    for (path, body, status, words) in [
        ("/proxies/one/toxics", r#"{"type": "gremlin"}"#, 400, "invalid toxic type"),
        ("/proxies/one/toxics", r#"{"type": "latency", "attributes": {"lateness": 5}}"#, 400, "lateness"),
        ("/proxies/one/toxics", r#"{"type": "bandwidth", "attributes": {"rate": -5}}"#, 400, "write a number from 0"),
        ("/proxies/one/toxics", r#"{"type": "latency", "attributes": {"latency": 1e40}}"#, 400, "write a number from 0"),
        ("/proxies/one/toxics", r#"{"type": "latency", "toxicity": 7}"#, 400, "write a number from 0 to 1"),
        ("/proxies/one/toxics", "", 400, "bad request body"),
        ("/proxies", r#"{"name": "one", "upstream": "h:1"}"#, 409, "proxy already exists"),
        ("/proxies", r#"{"name": "x", "upstream": "h:1", "listen": "nonsense"}"#, 500, "nonsense"),
        ("/populate", r#"[{"name": "x"}]"#, 400, "missing required field: upstream at proxy 1"),
        ("/populate", "7", 400, "bad request body"),
    ] {
        let (got, told) = standing.call("POST", path, body);
        assert!(got == status && told["error"].as_str().is_some_and(|error| error.contains(words)), "{path} {body}: {got} {told}");
    }
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (name, upstream) in [("down", refused.as_str()), ("nobody", "no-such-host.invalid:1")] {
        let listen = standing.proxy(name, upstream);
        assert!(matches!(wire(&listen).read(&mut [0]), Ok(0)), "{name}: closed, as Shopify's server does");
    }
    // Half closed: what comes back still comes.
    let mut half = wire(&listen);
    half.write_all(b"to the end").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut came = String::new();
    half.read_to_string(&mut came).unwrap();
    assert_eq!(came, "to the end");
}

#[test]
fn a_client_that_stops_reading_holds_up_nobody_and_no_removal() {
    let standing = Standing::start(&[]);
    // A provider that sends for as long as it is let.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || while wire.write_all(&[7; 65536]).is_ok() {});
        }
    });
    let listen = standing.proxy("one", &upstream);
    let deaf = wire(&listen);
    for kind in ["latency", "bandwidth", "slicer", "limit_data", "reset_peer", "timeout", "slow_close"] {
        let began = Instant::now();
        let attributes = match kind {
            "limit_data" => r#"{"bytes": 1000000000}"#,
            "reset_peer" | "timeout" => r#"{"timeout": 60000}"#,
            "latency" => r#"{"latency": 60000}"#,
            _ => "{}",
        };
        let toxic = format!(r#"{{"type": "{kind}", "name": "t", "attributes": {attributes}}}"#);
        assert_eq!(standing.call("POST", "/proxies/one/toxics", &toxic).0, 200, "{kind}");
        assert_eq!(standing.call("DELETE", "/proxies/one/toxics/t", "").0, 204, "{kind}");
        assert!(began.elapsed() < Duration::from_secs(2), "{kind}: its removal waited for the client");
    }
    let mut other = wire(&listen);
    other.read_exact(&mut [0; 100_000]).unwrap();
    drop(deaf);
    assert_eq!(standing.call("DELETE", "/proxies/one", "").0, 204);
}

#[test]
fn the_watchdog_heals_only_when_its_drill_is_gone() {
    let project = Project::empty();
    let standing = Standing::start(&["--plain"]);
    let listen = standing.proxy("one", &echo());
    let toxic = r#"{"type": "timeout", "name": "hole"}"#;
    for (told, heals) in [(&b""[..], true), (b"done\n", false)] {
        let mut watchdog = project.command(&["watchdog", "--control", &standing.api, "--proxy", "one", "--proxy", "gone"]);
        let mut watchdog = watchdog.stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(standing.call("POST", "/proxies/one/toxics", toxic).0, 200);
        assert_eq!(standing.call("POST", "/proxies/one", r#"{"enabled": false}"#).0, 200);
        let mut pipe = watchdog.stdin.take().unwrap();
        pipe.write_all(told).unwrap();
        drop(pipe);
        assert!(watchdog.wait().unwrap().success());
        let (_, proxy) = standing.call("GET", "/proxies/one", "");
        assert_eq!(proxy["enabled"], heals, "{proxy}");
        assert_eq!(proxy["toxics"].as_array().unwrap().is_empty(), heals, "{proxy}");
        assert!(!heals || echoes(&wire(&listen), "hello"));
    }
}

#[test]
fn the_watchdog_heals_all_that_can_be_healed_and_one_signal_ends_it() {
    let project = Project::empty();
    let standing = Standing::start(&["--plain"]);
    let (stuck, _) = (standing.proxy("stuck", &echo()), standing.proxy("one", &echo()));
    assert_eq!(standing.call("POST", "/proxies/stuck", r#"{"enabled": false}"#).0, 200);
    // Its port is somebody else's now, so it cannot be enabled.
    let taken = TcpListener::bind(&stuck).unwrap();
    assert_eq!(standing.call("POST", "/proxies/one/toxics", r#"{"type": "timeout", "name": "hole"}"#).0, 200);
    let mut watchdog = project.command(&["watchdog", "--control", &standing.api, "--proxy", "stuck", "--proxy", "one"]);
    let mut watchdog = watchdog.stdin(Stdio::piped()).spawn().unwrap();
    drop(watchdog.stdin.take());
    let toxics = || standing.call("GET", "/proxies/one", "").1["toxics"].as_array().map_or(1, Vec::len);
    wait_for("the other proxy is healed", || (toxics() == 0).then_some(()));
    assert!(watchdog.try_wait().unwrap().is_none(), "one is not healed yet");
    let pid = rustix::process::Pid::from_child(&watchdog);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let exit = wait_for("the watchdog's end", || watchdog.try_wait().unwrap());
    assert_eq!(exit.code(), Some(3), "it ends by itself, and says that something was left");
    drop(taken);
}

const DRILL: [&str; 8] = ["run", "scenarios/quick.yaml", "--seed", "7", "--env", "plain", "--out", "drill"];

/// A project with an environment whose faults are those of a plain Toxiproxy.
fn over(standing: &Standing) -> Project {
    let project = Project::quick();
    let gateway = "gateway: {try_timeout: 300ms, breaker: {failures: 5, cooldown: 2s, probes: 1}}";
    project.environment("plain", &format!("{gateway}, control: \"http://{}\"", standing.api));
    project
}

#[test]
fn a_drill_plays_its_fault_on_a_plain_toxiproxy_and_leaves_nothing() {
    let standing = Standing::start(&["--plain"]);
    let project = over(&standing);
    let mut drill = project.start(&DRILL);
    drill.until("blackhole on first active");
    let (_, proxy) = standing.call("GET", "/proxies/first", "");
    let kinds: Vec<&str> = proxy["toxics"].as_array().unwrap().iter().map(|toxic| toxic["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["timeout", "timeout"], "one for each direction: {proxy}");
    let run = drill.finish();
    // Nobody tells who served, or counts what the fault touched: users being served is judged, and the requests prove that it bit.
    run.exits_with(0).says("gate: restore").says("effect  ");
    assert_eq!(project.json("drill/verdict.json")["verdict"], "met");
    let events = project.events("drill");
    assert!(events.iter().any(|event| event.get("fault_healed").is_some()));
    assert_eq!(standing.call("GET", "/proxies", "").1, serde_json::json!({}));
}

#[test]
fn the_fault_of_a_killed_drill_is_healed_by_its_watchdog_where_there_are_no_leases() {
    let standing = Standing::start(&["--plain"]);
    let project = over(&standing);
    let mut drill = project.start(&DRILL);
    drill.until("blackhole on first active").signal(9);
    assert_eq!(drill.finish().code, None);
    wait_for("the watchdog", || standing.call("GET", "/proxies/first", "").1["toxics"].as_array()?.is_empty().then_some(()));
}

#[test]
fn the_fault_of_a_drill_is_a_lease_of_ten_seconds_and_no_longer() {
    let standing = Standing::start(&[]);
    let project = over(&standing);
    // How fast it is does not matter here, and other tests may slow it down.
    project.edit("runbooks/inventory.yaml", "first_token: 250ms", "first_token: 1s").edit(
        "runbooks/inventory.yaml",
        "lag_max: 200ms",
        "lag_max: 1s",
    );
    let mut drill = project.start(&DRILL);
    drill.until("blackhole on first active");
    let left = || {
        let (_, proxy) = standing.call("GET", "/proxies/first", "");
        proxy["toxics"].as_array().unwrap().iter().map(|toxic| toxic["ttl_ms"].as_u64().expect("each is a lease")).collect::<Vec<_>>()
    };
    let first = left();
    assert!(!first.is_empty() && first.iter().all(|left| (1..=10_000).contains(left)), "{first:?}");
    // Renewed, it is as long again, and not longer.
    wait_for("a renewal", || {
        let now = left();
        assert!(now.iter().all(|left| *left <= 10_000), "{now:?}");
        now.iter().zip(&first).any(|(now, first)| now > first).then_some(())
    });
    drill.signal(9);
    assert_eq!(drill.finish().code, None);
}
