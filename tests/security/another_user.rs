//! Another local user, and the same user without the token, while a drill runs: they find its ports, try to lead the providers' traffic
//! (and with it the keys) to a server of their own, and read whatever they may.

use super::bounds::patient;
use super::capture::Capture;
use crate::support::{Project, Started, below, loose, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = include_str!("another_user.py");
/// A baseline that is long enough for all that they try.
const RUN: [&str; 6] = ["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"];

/// A drill that has begun to send requests, in folders that everybody may enter.
fn drill(project: &Project) -> Started {
    patient(project).edit("scenarios/quick.yaml", "baseline: 1500ms", "baseline: 8s");
    let scratch = project.path("scratch");
    std::fs::create_dir(&scratch).unwrap();
    for (path, mode) in [(project.path(""), 0o755), (scratch.clone(), 0o1777)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let drill = project.start_with(&RUN, &[("TMPDIR", scratch.to_str().unwrap())]);
    let history = project.path("drill/history.jsonl");
    wait_for("the drill's first answers", || std::fs::read_to_string(&history).ok().filter(|text| text.contains("\"served\"")));
    drill
}

/// The ports of loopback on which these processes listen.
fn ports(processes: &[u32]) -> BTreeSet<u16> {
    let link =
        |entry: std::io::Result<std::fs::DirEntry>| Some(std::fs::read_link(entry.ok()?.path()).ok()?.to_string_lossy().into_owned());
    let open = |pid: &u32| std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().filter_map(link).collect::<Vec<_>>();
    let sockets: BTreeSet<String> = processes.iter().flat_map(open).collect();
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let listens = |line: &str| {
        // Number, local address, remote address, state (0A listens), …; the tenth is the inode.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_theirs = fields.get(3) == Some(&"0A") && sockets.contains(&format!("socket:[{}]", fields.get(9)?));
        is_theirs.then(|| u16::from_str_radix(fields[1].rsplit_once(':')?.1, 16).ok()).flatten()
    };
    tables.iter().flat_map(|table| table.lines()).filter_map(listens).collect()
}

/// Lets somebody try everything: what they reached.
fn attack(project: &Project, drill: &Started, capture: &Capture, before: &[&str]) -> Value {
    let pids = below(drill.id());
    let ports = ports(&pids);
    assert!(ports.len() >= 5, "two proxies, two providers and a gateway listen: {ports:?}");
    // What everybody may read of a process is tried as a token.
    let lines = pids.iter().map(|pid| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default());
    let words: BTreeSet<String> = lines.flat_map(|line| line.split(['\0', '=', ' ']).map(str::to_owned).collect::<Vec<_>>()).collect();
    let words: Vec<String> = words.into_iter().filter(|word| word.len() >= 16 && !word.contains('/')).collect();
    let folders = [project.path("drill"), project.path("scratch")];
    let asked = json!({"capture": capture.address, "ports": ports, "pids": pids, "words": words, "folders": folders});
    let (program, rest) = before.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(rest).args(["-I", "-c", SCRIPT, &asked.to_string()]).current_dir("/");
    let tried = command.output().unwrap();
    assert!(tried.status.success(), "{}", String::from_utf8_lossy(&tried.stderr));
    serde_json::from_slice(&tried.stdout).unwrap()
}

/// What must hold whoever it was.
fn drove_nothing(project: &Project, reached: &Value, capture: &Capture) {
    capture.got_no_key();
    assert_eq!(reached["driven"], json!([]), "answered with success: {reached:#}");
    // What the drill itself saw: nobody but its providers served.
    let served: BTreeSet<String> =
        project.events("drill").iter().filter_map(|event| Some(event.get("served")?["by"].as_str()?.to_owned())).collect();
    assert!(served.iter().all(|by| ["first", "second", "idle"].contains(&by.as_str())), "{served:?}");
}

#[test]
fn another_local_user_drives_no_port_and_reads_no_file() {
    if !rustix::process::getuid().is_root() {
        println!("left out: only root can be another user; what the same user may do is tested beside it");
        return;
    }
    let (project, capture) = (Project::quick(), Capture::start());
    let mut drill = drill(&project);
    // One that lies in root's own folder is not for others to start.
    let python = ["/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|path| Path::new(path).exists()).unwrap_or("python3");
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python];
    let reached = attack(&project, &drill, &capture, &nobody);
    drill.signal(2);
    drill.finish();
    assert_eq!(reached["user"], 65534);
    drove_nothing(&project, &reached, &capture);
    assert_eq!((&reached["files"], &reached["processes"]), (&json!([]), &json!([])), "may be read by everybody");
}

#[test]
fn without_the_token_the_same_user_drives_no_port_either() {
    let (project, capture) = (Project::quick(), Capture::start());
    let mut drill = drill(&project);
    let reached = attack(&project, &drill, &capture, &["python3"]);
    drill.signal(2);
    drill.finish();
    drove_nothing(&project, &reached, &capture);
}

#[test]
fn what_a_drill_and_an_execution_leave_is_for_their_owner_alone() {
    let project = Project::quick();
    project.runbook("with-the-fault", &["name: Look, run: [\"true\"], timeout: 20s"]);
    project.write(
        "runbooks/real.yaml",
        "version: 1\nrunbook: real\nstart: by-hand\nsteps:\n  - {name: Look, run: [\"true\"], timeout: 20s}\n",
    );
    // Whoever has an open umask must not open a door with it.
    let open = |args: &[&str]| project.run(&mut project.after(&["sh", "-c", "umask 0; exec \"$0\" \"$@\""], args));
    open(&RUN);
    open(&["execute", "runbooks/real.yaml", "--out", "walked"]).exits_with(0);
    for folder in ["drill", "walked"] {
        let loose = loose(&project.path(folder));
        assert!(loose.is_empty(), "{folder}: {loose:#?}");
    }
}
