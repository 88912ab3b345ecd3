//! A drill whose traffic is a real k6: the same outage, measured alike by it and by the drill's own traffic, and what a script does wrong.

use crate::support::{Project, Run, interval, k6, overlap};

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
    for name in ["restore", "cutover"] {
        println!("{name}: own {:?}, k6 {:?} ms", interval(&own, name), interval(&theirs, name));
        assert!(overlap(interval(&own, name), interval(&theirs, name)), "{own:#}\n{theirs:#}");
    }
    let requests = |drill: &str| project.events(drill).iter().filter(|event| event.get("request").is_some()).count();
    println!("requests: own {}, k6 {}", requests("own"), requests("k6"));
    // Every request is seen by the proxies as well: who served is proven, not told.
    assert_eq!(theirs["measures"]["first_standby_dispatch_ms"].is_null(), own["measures"]["first_standby_dispatch_ms"].is_null());
    assert!(theirs["measures"]["bad"].as_u64().unwrap() > 0 && theirs.get("caveats").is_none(), "{theirs:#}");
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
    project.edit("scenarios/driven.yaml", "traffic.js", "nowhere.js");
    driven(&project, &[]).exits_with(3).says("there is no script");
}
