//! Clients that people already use drive `lifeboat proxy`: toxiproxy-python, and the Chaos Toolkit with its Toxiproxy extension. They are
//! installed under `target/` where they are missing.

use crate::support::{Standing, echo_http, python};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the clients' programs.
fn programs() -> PathBuf {
    python("toxiproxy-clients", "tests/clients/toxiproxy.txt")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

#[test]
fn toxiproxy_python_drives_the_standing_proxy_in_both_manners() {
    for manner in [&[][..], &["--plain"]] {
        let standing = Standing::start(manner);
        let (host, port) = standing.api.rsplit_once(':').unwrap();
        run(Command::new(programs().join("python")).arg(beside("toxiproxy_python.py")).args([host, port]));
    }
}

#[test]
fn a_chaos_toolkit_experiment_runs_against_the_standing_proxy() {
    let standing = Standing::start(&[]);
    let proxies = format!(r#"[{{"name": "service", "listen": "127.0.0.1:0", "upstream": "{}"}}]"#, echo_http());
    let (status, made) = standing.call("POST", "/populate", &proxies);
    assert_eq!(status, 201, "{made}");
    let folder = tempfile::tempdir().unwrap();
    let mut chaos = Command::new(programs().join("chaos"));
    chaos.args(["--no-version-check", "--no-log-file", "run", "--journal-path", "journal.json"]).arg(beside("experiment.json"));
    chaos.env("TOXIPROXY_URL", format!("http://{}", standing.api));
    chaos.env("SERVICE_URL", format!("http://{}/", made["proxies"][0]["listen"].as_str().unwrap()));
    chaos.env("NO_PROXY", "127.0.0.1");
    let said = run(chaos.current_dir(folder.path()));
    let journal: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("journal.json")).unwrap()).unwrap();
    assert_eq!((&journal["status"], &journal["deviated"]), (&"completed".into(), &false.into()), "{said}");
    let late = journal["run"].as_array().unwrap().iter().find(|step| step["activity"]["name"] == "while-late").unwrap();
    assert!(late["duration"].as_f64().unwrap() >= 0.3 && late["output"]["status"] == 200, "{late}");
    assert!(journal["run"].as_array().unwrap().iter().all(|step| step["status"] == "succeeded"), "{said}");
    let (_, proxy) = standing.call("GET", "/proxies/service", "");
    assert!(proxy["enabled"] == true && proxy["toxics"] == serde_json::json!([]), "{proxy}");
}
