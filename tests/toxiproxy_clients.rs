//! Clients that people already use drive `lifeboat proxy`: toxiproxy-python, toxiproxy-node-client, Shopify's own in Go, and the Chaos Toolkit
//! with its Toxiproxy extension. They are installed under `target/` where they are missing. What their own tests expect holds of Shopify's
//! server and of ours in the plain manner alike.

use crate::support::{SHOPIFYS, Standing, echo_http, node, python};
use std::net::TcpListener;
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

/// Both servers, each with what it calls its version.
fn both() -> [(Standing, &'static str); 2] {
    [(Standing::shopifys(), "git"), (Standing::start(&["--plain"]), "2.12.0")]
}

#[test]
fn what_the_node_client_s_own_tests_expect_holds_of_both_servers() {
    let modules = node("toxiproxy", &["toxiproxy-node-client@4.1.0"]);
    for (standing, version) in both() {
        let mut client = Command::new("node");
        client.arg(beside("toxiproxy_node.js")).arg(format!("http://{}", standing.api)).env("NODE_PATH", &modules);
        let said = run(&mut client);
        assert_eq!(said.lines().filter(|line| line.starts_with("ok: ")).count(), 18, "{version}: {said}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        // What stands in the module cache may not be written; a copy's text may.
        if path.is_dir() { copy(&path, &to) } else { std::fs::write(to, std::fs::read(path).unwrap()).unwrap() }
    }
}

/// Shopify's module with its own tests, of which those of the API ask this server instead of one that they start: its address, and ports
/// that are free here, stand where theirs are fixed. The names of those tests.
fn asking(api: &str, version: &str, folder: &Path) -> Vec<String> {
    let module = format!("github.com/Shopify/toxiproxy/v2@{SHOPIFYS}");
    let shown = run(Command::new("go").args(["mod", "download", "-json", &module]).current_dir(folder));
    let shown: serde_json::Value = serde_json::from_str(&shown[shown.find('{').unwrap()..=shown.rfind('}').unwrap()]).unwrap();
    copy(Path::new(shown["Dir"].as_str().unwrap()), folder);
    let file = folder.join("api_test.go");
    let mut text = std::fs::read_to_string(&file).unwrap().replace("func WithServer(", "func withTheirServer(");
    text = text.replace("localhost:8475", api).replace("127.0.0.1:8475", api).replace(r#"\"git\""#, &format!(r#"\"{version}\""#));
    let ports = ["3310", "3311", "7070", "7171", "7373", "7474", "7575", "7676", "20001"];
    let free: Vec<TcpListener> = ports.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    for (port, free) in ports.iter().zip(&free) {
        let free = free.local_addr().unwrap().port();
        text = text.replace(&format!("localhost:{port}"), &format!("localhost:{free}"));
        text = text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{free}"));
    }
    std::fs::write(file, &text).unwrap();
    std::fs::copy(beside("toxiproxy_with_server_test.go"), folder.join("with_server_test.go")).unwrap();
    text.lines().filter_map(|line| Some(line.strip_prefix("func Test")?.split('(').next()?.to_owned())).collect()
}

#[test]
fn toxiproxy_s_own_api_tests_hold_of_both_servers() {
    for (standing, version) in both() {
        let folder = tempfile::tempdir().unwrap();
        let tests = asking(&standing.api, version, folder.path());
        let mut go = Command::new("go");
        go.args(["test", "-count=1", "-vet=off", "-v", "-run", &format!("^Test({})$", tests.join("|")), "."]);
        let said = run(go.current_dir(folder.path()).env("LIFEBOAT_API", &standing.api));
        let passed = said.lines().filter(|line| line.trim_start().starts_with("--- PASS: ")).count();
        assert!(tests.len() >= 34 && passed >= tests.len() && !said.contains("--- SKIP"), "{version}: {passed} of {}\n{said}", tests.len());
        // Those of the client ask a server of their own; they show that it is the one that drove both.
        run(Command::new("go").args(["test", "-count=1", "-vet=off", "./client"]).current_dir(folder.path()));
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
