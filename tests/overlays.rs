//! Series of the team's own: a drill reads them once its traffic has ended, from a Prometheus and from a CSV, and keeps them in its history.

use crate::support::{Project, Prometheus};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the guarded one asks for.
const TOKEN: &str = "series-are-for-the-team-9c41";

/// A Prometheus behind a door that takes one token: what it was asked, and what was sent with that.
fn guarded() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let mut head = vec![0; 16_384];
            let count = socket.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..count]).into_owned();
            let start: f64 = head.split("start=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok()).unwrap_or(0.0);
            let body = if head.contains(TOKEN) {
                format!(
                    r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[[{},"0.25"],[{},"7"]]}}]}}}}"#,
                    start + 1.0,
                    start + 11.0
                )
            } else {
                r#"{"status":"error","error":"no token"}"#.to_owned()
            };
            seen.lock().unwrap().push(head);
            let _ = write!(socket, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    (address, asked)
}

/// The points of the series of this name in a history.
fn series<'e>(events: &'e [Value], name: &str) -> &'e Value {
    events
        .iter()
        .filter_map(|event| event.get("overlay"))
        .find(|series| series["name"] == name)
        .unwrap_or_else(|| panic!("{name} is not there"))
}

#[test]
fn a_drill_keeps_the_teams_own_series_and_tells_of_those_that_it_could_not_read() {
    let project = Project::quick();
    let prometheus = Prometheus::start(&project);
    let (door, asked) = guarded();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let rows = (0..900).map(|half| format!("{},{}\n", (now - Duration::from_secs(60)).as_millis() + half * 500, half));
    project.write("monitoring/orders.csv", &(["when,orders\n".to_owned()].into_iter().chain(rows).collect::<String>()));
    project.environment(
        "watched",
        &format!("gateway: {{try_timeout: 300ms}}, prometheus: {{url: \"http://{door}\", token_from: \"env:SERIES_TOKEN\"}}"),
    );
    let overlay = format!(
        "overlay:\n  - {{prometheus: \"{}\", promql: 'up{{job=\"self\"}}', as: up}}\n  - {{promql: \"latency\", as: checkout p95, unit: s}}\n  \
         - {{csv: monitoring/orders.csv, time: when, value: orders, as: orders}}\n  - {{csv: monitoring/none.csv, time: a, value: b, as: lost}}\n  \
         - {{prometheus: \"http://{closed}\", promql: \"up\", as: gone}}\n  - {{prometheus: \"{}\", promql: \"up{{\", as: wrong}}\n",
        prometheus.url(),
        prometheus.url()
    );
    let scenario = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
    project.write("scenarios/quick.yaml", &(scenario + &overlay));
    let run = project.run(
        project.command(&["run", "scenarios/quick.yaml", "--seed", "7", "--env", "watched", "--out", "drill"]).env("SERIES_TOKEN", TOKEN),
    );
    assert!(matches!(run.code, Some(0 | 1 | 3)), "{run:?}");
    run.says("gone could not be read");

    let events = project.events("drill");
    assert_eq!(events.last().unwrap().get("finished").map(Value::is_object), Some(true), "a series is no end");
    let ends = events.last().unwrap()["t"].as_i64().unwrap();
    for (name, most) in [("up", 1.0), ("orders", 900.0), ("checkout p95", 7.0)] {
        let points = series(&events, name)["points"].as_array().unwrap_or_else(|| panic!("{name}: {}", series(&events, name)));
        assert!(points.len() >= 2, "{name}: {points:?}");
        assert!(points.iter().all(|point| point[0].as_i64().unwrap() <= ends && point[1].as_f64().unwrap() <= most), "{name}");
    }
    assert_eq!(series(&events, "checkout p95")["unit"], "s");
    // The wall and the drill count the same time: a row of the CSV tells both.
    let (last, first) = {
        let points = series(&events, "orders")["points"].as_array().unwrap();
        (points.last().unwrap().clone(), points[0].clone())
    };
    let (apart, rows) = (last[0].as_i64().unwrap() - first[0].as_i64().unwrap(), last[1].as_f64().unwrap() - first[1].as_f64().unwrap());
    assert!((apart as f64 / 5e8 - rows).abs() < 0.01, "{apart} ns are {rows} rows");
    for (name, says) in [("lost", "cannot be read"), ("gone", "cannot be asked"), ("wrong", "it refused the query")] {
        assert!(series(&events, name)["problem"].as_str().unwrap().contains(says), "{}", series(&events, name));
    }
    // The token went where it belongs, and nowhere else; the history does not hold it (every test's folder is searched for its secrets, too).
    assert!(asked.lock().unwrap().iter().any(|head| head.contains(&format!("authorization: Bearer {TOKEN}"))));
    assert!(!std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap().contains(TOKEN));
    let page = std::fs::read_to_string(project.path("drill/report.html")).unwrap();
    assert!(
        ["checkout p95", "orders", "up"].iter().all(|name| page.contains(name)) && page.contains("is not shown"),
        "the page shows them"
    );
    project.lifeboat(&["show", "drill"]).exits_with(0).says("The first provider stops answering: ");
}

#[test]
fn a_series_of_no_prometheus_is_told_of_before_the_drill() {
    let project = Project::quick();
    let scenario = std::fs::read_to_string(project.path("scenarios/quick.yaml")).unwrap();
    project.write("scenarios/quick.yaml", &format!("{scenario}overlay: [{{promql: up, as: up}}]\n"));
    project
        .lifeboat(&["run", "scenarios/quick.yaml", "--dry-run"])
        .says("names no Prometheus")
        .says("write `prometheus: URL` in the environment");
    project.write(
        "scenarios/quick.yaml",
        &format!("{scenario}overlay: [{{csv: ../../etc/passwd, time: a, value: b, as: x}}, {{promql: up}}]\n"),
    );
    let checked = project.lifeboat(&["check"]);
    checked.exits_with(2).says("leads out of the project").says("a series needs `as`");
}
