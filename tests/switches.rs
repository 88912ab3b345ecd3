//! `switch` by the binary where a value has company: one of several documents in a file, and an object of a Kubernetes cluster. The cluster is
//! a small server of this test **with recorded shapes** of its answers: a real one is not for a test to start.

use crate::support::{Project, Run};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A quick project with a runbook of these steps, one a line.
fn project(steps: &[&str]) -> Project {
    let project = Project::quick();
    let steps: String = steps.iter().map(|step| format!("  - {{{step}}}\n")).collect();
    project.write("runbooks/real.yaml", &format!("version: 1\nrunbook: real\nstart: by-hand\nsteps:\n{steps}"));
    project
}

fn execute(project: &Project, folder: &str) -> Run {
    project.lifeboat(&["execute", "runbooks/real.yaml", "--out", folder])
}

/// What was said of each step.
fn outputs(project: &Project, folder: &str, kind: &str) -> Vec<String> {
    let events = project.events(folder);
    events
        .iter()
        .filter_map(|event| event.get(kind))
        .map(|step| step.get("output").map_or("", |text| text.as_str().unwrap()).to_owned())
        .collect()
}

#[test]
fn one_of_several_documents_is_switched_and_every_other_byte_stays() {
    let text = "# é\nkind: Service\nmetadata: {name: router}\nport: 1\n---\nkind: ConfigMap\nmetadata:\n  name: router # the one\ndata:\n  primary:   azure   # now\n---\nkind: ConfigMap\nmetadata: {name: other}\ndata: {primary: azure}\n...\n";
    let project = project(&[
        "name: Found, switch: {file: k8s.yaml, where: {kind: ConfigMap, metadata.name: router}, key: data.primary, to: bedrock}, timeout: 20s",
        "name: Third, switch: {file: k8s.yaml, document: 3, key: data.primary, to: vertex}, timeout: 20s",
        "name: Keep, run: [cp, k8s.yaml, kept.yaml], timeout: 20s, undo: none",
        "name: Unclear, switch: {file: k8s.yaml, where: {kind: ConfigMap}, key: data.primary, to: x}, timeout: 20s",
    ]);
    project.write("k8s.yaml", text);
    execute(&project, "x").exits_with(1).says("k8s.yaml (document with kind: ConfigMap): there are 2 of the document with kind: ConfigMap");
    let kept = std::fs::read_to_string(project.path("kept.yaml")).unwrap();
    assert_eq!(kept, text.replace("primary:   azure", "primary:   bedrock").replace("{primary: azure}", "{primary: vertex}"));
    assert_eq!(std::fs::read_to_string(project.path("k8s.yaml")).unwrap(), text, "what was switched is back, byte for byte");
    project.edit("runbooks/real.yaml", "where: {kind: ConfigMap}, ", "");
    execute(&project, "y").exits_with(1);
    assert!(
        outputs(&project, "y", "step_finished")[3]
            .ends_with("it has 3 documents\n\nhint: say which, with `document: 2` or `where: {kind: ConfigMap}`")
    );
}

/// A Deployment, and what became of it.
#[derive(Debug)]
struct Cluster {
    object: Value,
    patches: Vec<(String, Value)>,
    /// What others do to it right after each look.
    others: Vec<Option<fn(&mut Value)>>,
    /// What becomes of it right after a patch.
    controller: Option<fn(&mut Value)>,
}

/// Serves it until the test's process ends: its address.
fn serve(cluster: &Arc<Mutex<Cluster>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let cluster = Arc::clone(cluster);
    std::thread::spawn(move || {
        for mut wire in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&wire);
            let (mut lines, mut body) = (Vec::new(), Vec::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_lowercase());
            }
            let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            body.resize(length, 0);
            reader.read_exact(&mut body).unwrap();
            let (status, answer) = cluster.lock().unwrap().answer(&lines, serde_json::from_slice(&body).unwrap_or_default());
            let answer = answer.to_string();
            let _ = write!(wire, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
        }
    });
    address
}

const PATH: &str = "/apis/apps/v1/namespaces/chat/deployments/gateway";

impl Cluster {
    fn new(others: Vec<Option<fn(&mut Value)>>) -> Arc<Mutex<Self>> {
        let object = json!({"kind": "Deployment", "metadata": {"name": "gateway", "resourceVersion": "7", "annotations": {"a.b/c": "x"}},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "gateway", "image": "gateway:1"}, {"name": "side"}]}}},
            "status": {"readyReplicas": 2}});
        Arc::new(Mutex::new(Self { object, patches: Vec::new(), others, controller: None }))
    }

    fn answer(&mut self, lines: &[String], patch: Value) -> (u16, Value) {
        let status = |code: u16, message: &str| (code, json!({"kind": "Status", "status": "Failure", "message": message, "code": code}));
        let words: Vec<&str> = lines.first().map(|line| line.split(' ').collect()).unwrap_or_default();
        if !lines.contains(&"authorization: bearer sa-token".to_owned()) {
            return status(401, "Unauthorized");
        }
        match words[..] {
            ["get", PATH, _] => {
                let seen = self.object.clone();
                let other = if self.others.is_empty() { None } else { self.others.remove(0) };
                if let Some(change) = other {
                    change(&mut self.object);
                    self.newer();
                }
                (200, seen)
            }
            ["patch", at, _] if at.strip_prefix(PATH).is_some_and(|rest| ["", "?dryrun=all"].contains(&rest)) => {
                assert!(lines.contains(&"content-type: application/merge-patch+json".to_owned()), "{lines:?}");
                self.patches.push((at.to_owned(), patch.clone()));
                if patch["metadata"]["resourceVersion"] != self.object["metadata"]["resourceVersion"] {
                    return status(409, "the object has been modified; please apply your changes to the latest version and try again");
                }
                if patch["spec"]["replicas"] == 100 {
                    return status(403, "deployments.apps \"gateway\" is forbidden: exceeded quota");
                }
                if at == PATH {
                    merge(&mut self.object, &patch);
                    self.controller.iter().for_each(|change| change(&mut self.object));
                    self.newer();
                }
                (200, self.object.clone())
            }
            _ => status(404, "not found"),
        }
    }

    fn newer(&mut self) {
        let version: u64 = self.object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
        self.object["metadata"]["resourceVersion"] = (version + 1).to_string().into();
    }
}

/// As RFC 7386 says.
fn merge(target: &mut Value, patch: &Value) {
    match patch {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| match (value, target.as_object_mut()) {
            (Value::Null, Some(target)) => drop(target.remove(key)),
            _ => merge(&mut target[key], value),
        }),
        other => *target = other.clone(),
    }
}

/// A project whose runbook switches something of the Deployment and then fails.
fn clustered(cluster: &Arc<Mutex<Cluster>>, key: &str, to: &str) -> Project {
    let switch = format!("name: Scale, switch: {{kubernetes: chat/deployment/gateway, store: eu, key: {key}, to: '{to}'}}, timeout: 20s");
    let project = project(&[&switch, "name: Fails, run: [\"false\"], timeout: 20s, undo: none"]);
    let address = serve(cluster);
    let store = format!("stores: {{eu: {{kind: kubernetes, address: '{address}', token: 'file:token'}}}}\nservices:\n");
    project.edit("runbooks/inventory.yaml", "services:\n", &store).write("token", "sa-token\n");
    project
}

#[test]
fn an_object_is_patched_as_it_was_read_and_put_back() {
    // Its controller writes a status between the first look and the first patch.
    let cluster = Cluster::new(vec![Some(|object| object["status"]["readyReplicas"] = 1.into())]);
    let before = cluster.lock().unwrap().object["spec"].clone();
    let run = clustered(&cluster, "spec.replicas", "5");
    execute(&run, "x").exits_with(1);
    assert_eq!(outputs(&run, "x", "step_finished")[0], "`spec.replicas` of chat/deployment/gateway is `5` now");
    assert_eq!(outputs(&run, "x", "step_undone"), ["`spec.replicas` of chat/deployment/gateway is restored"]);
    let cluster = cluster.lock().unwrap();
    assert_eq!(cluster.object["spec"], before);
    let patch =
        |version: &str, replicas: u64| (PATH.to_owned(), json!({"metadata": {"resourceVersion": version}, "spec": {"replicas": replicas}}));
    assert_eq!(cluster.patches, [patch("7", 5), patch("8", 5), patch("9", 2)], "the first was refused as too late");
}

#[test]
fn a_list_and_a_key_with_points_in_it_are_patched_too() {
    for (key, to) in [("[metadata, annotations, a.b/c]", "y"), ("spec.template.spec.containers.0.image", "gateway:2")] {
        let cluster = Cluster::new(Vec::new());
        let before = cluster.lock().unwrap().object.clone();
        let project = clustered(&cluster, key, to);
        execute(&project, "x").exits_with(1);
        assert!(outputs(&project, "x", "step_finished")[0].ends_with(&format!("is `{to}` now")), "{key}");
        let cluster = cluster.lock().unwrap();
        assert_eq!(
            (&cluster.object["spec"], &cluster.object["metadata"]["annotations"]),
            (&before["spec"], &before["metadata"]["annotations"])
        );
        assert_eq!(cluster.patches.len(), 2, "{:?}", cluster.patches);
    }
}

#[test]
fn what_somebody_else_has_changed_is_left_as_it_is() {
    // Before it is switched: between the look and the patch.
    let cluster = Cluster::new(vec![Some(|object| object["spec"]["replicas"] = 9.into())]);
    execute(&clustered(&cluster, "spec.replicas", "5"), "x").exits_with(1).says("somebody else is changing `spec.replicas` right now");
    assert_eq!(cluster.lock().unwrap().patches.len(), 1, "and that was refused");
    assert_eq!(cluster.lock().unwrap().object["spec"]["replicas"], 9);
    // After it was switched: the second look is the one that reads it back.
    let cluster = Cluster::new(vec![None, Some(|object| object["spec"]["replicas"] = 9.into())]);
    let project = clustered(&cluster, "spec.replicas", "5");
    execute(&project, "x").exits_with(1);
    assert!(
        outputs(&project, "x", "step_undone")[0]
            .starts_with("somebody else has changed `spec.replicas` of chat/deployment/gateway in the meantime")
    );
    assert_eq!(cluster.lock().unwrap().object["spec"]["replicas"], 9);
    // A controller that sets it to another value at once.
    let cluster = Cluster::new(Vec::new());
    cluster.lock().unwrap().controller = Some(|object| object["spec"]["replicas"] = 3.into());
    let project = clustered(&cluster, "spec.replicas", "5");
    execute(&project, "x").exits_with(1);
    assert!(outputs(&project, "x", "step_finished")[0].contains("was set, and then something else set it to another value"));
    assert_eq!(outputs(&project, "x", "step_undone").len(), 1, "what it did may still be there, so it is taken back as far as that goes");
}

#[test]
fn a_rehearsal_asks_the_cluster_whether_it_would_take_it() {
    let cluster = Cluster::new(Vec::new());
    let rehearse = ["execute", "runbooks/real.yaml", "--rehearse"];
    clustered(&cluster, "spec.replicas", "5")
        .lifeboat(&rehearse)
        .says("skipped  step 1 Scale: it would change something; its value exists");
    assert_eq!(cluster.lock().unwrap().patches[0].0, format!("{PATH}?dryrun=all"));
    assert_eq!(cluster.lock().unwrap().object["spec"]["replicas"], 2);
    clustered(&cluster, "spec.replicas", "100")
        .lifeboat(&rehearse)
        .exits_with(1)
        .says("missing  step 1 Scale: access to chat/deployment/gateway was refused");
    clustered(&cluster, "spec.minReady", "1").lifeboat(&rehearse).exits_with(1).says("there is no value at `spec.minReady`");
    clustered(&cluster, "spec.replicas", "many").lifeboat(&rehearse).exits_with(1).says("cannot stand where");
}

#[test]
fn a_cluster_that_nobody_declared_and_a_secret_are_refused() {
    let cluster = Cluster::new(Vec::new());
    let project = clustered(&cluster, "spec.replicas", "5");
    project.edit("runbooks/real.yaml", "store: eu", "store: us");
    execute(&project, "x").exits_with(2).says("error: the store `us` is not declared").says("or name one with `store:`");
    project.edit("runbooks/real.yaml", "chat/deployment/gateway", "chat/secret/gateway");
    execute(&project, "x")
        .exits_with(2)
        .says("`chat/secret/gateway` is not an object that can be switched")
        .says("keys in Secrets are for `rotate`");
}

#[test]
fn a_file_that_is_read_in_another_way_is_left_as_it_is_or_written_in_place() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let project = project(&[
        "name: Linked, switch: {file: linked.env, key: A, to: b}, timeout: 20s, on_failure: continue",
        "name: Kept, switch: {file: kept.env, key: A, to: b}, timeout: 20s, on_failure: continue",
        "name: In place, switch: {file: linked.env, key: A, to: b, in_place: true}, timeout: 20s",
        "name: Owned, switch: {file: owned.env, key: A, to: b}, timeout: 20s",
        "name: Seen, run: [cp, other.env, seen.env], timeout: 20s, undo: none",
        "name: Fails, run: ['false'], timeout: 20s, undo: none",
    ]);
    for name in ["linked.env", "kept.env", "owned.env"] {
        project.write(name, "A=azure\n");
    }
    std::fs::hard_link(project.path("linked.env"), project.path("other.env")).unwrap();
    std::fs::set_permissions(project.path("kept.env"), std::fs::Permissions::from_mode(0o444)).unwrap();
    // Only the superuser gives files away.
    let is_given = std::os::unix::fs::chown(project.path("owned.env"), Some(1234), Some(4321)).is_ok();
    let about = |name: &str| std::fs::metadata(project.path(name)).unwrap();
    let inode = about("linked.env").ino();
    project
        .lifeboat(&["execute", "runbooks/real.yaml", "--rehearse"])
        .exits_with(1)
        .says("missing  step 1 Linked: ")
        .says("linked.env: it has 2 names (hard links), and a new file would have one: the others would keep the old text")
        .says("kept.env: it is read-only (its mode is 0444), so it was left as it is")
        .says("skipped  step 3 In place: it would change something; its value exists");
    execute(&project, "x").exits_with(1);
    let done = outputs(&project, "x", "step_finished");
    assert!(done[0].contains("it has 2 names (hard links)") && done[0].contains("hint: write `in_place: true`"), "{done:?}");
    assert!(done[1].contains("it is read-only (its mode is 0444)"), "{done:?}");
    assert!(done[2].ends_with("is `b` now\nit was written in place: what read it meanwhile may have seen a part of it"), "{done:?}");
    let text = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    assert_eq!((text("seen.env").as_str(), text("other.env").as_str(), text("kept.env").as_str()), ("A=b\n", "A=azure\n", "A=azure\n"));
    assert_eq!((about("linked.env").ino(), about("other.env").ino()), (inode, inode));
    assert!(!is_given || (about("owned.env").uid(), about("owned.env").gid()) == (1234, 4321));
    assert_eq!(text("x/before-text-3"), "A=azure\n");
    assert_eq!(about("x/before-text-3").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_mounted_by_itself_or_cannot_be_given_back_to_its_owner_is_left_as_it_is() {
    let project = project(&[
        "name: Mount point, switch: {file: mounted.env, key: A, to: b}, timeout: 20s, on_failure: continue",
        "name: What is mounted, switch: {file: source.env, key: A, to: b}, timeout: 20s, on_failure: continue",
        "name: Given, switch: {file: given.env, key: A, to: b}, timeout: 20s, on_failure: continue",
        "name: In place, switch: {file: source.env, key: A, to: b, in_place: true}, timeout: 20s",
        "name: Seen, run: [cp, mounted.env, seen.env], timeout: 20s, undo: none",
    ]);
    for name in ["source.env", "mounted.env", "given.env"] {
        project.write(name, "A=azure\n");
    }
    std::fs::set_permissions(project.path("given.env"), std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    // In a namespace of users this one is nobody's, whatever the superuser may do there.
    let is_given = std::os::unix::fs::chown(project.path("given.env"), Some(1234), Some(4321)).is_ok();
    let binary = env!("CARGO_BIN_EXE_lifeboat");
    let script = format!("mount --bind source.env mounted.env && echo mounted && {binary} execute runbooks/real.yaml --trusted --out x");
    let output = std::process::Command::new("unshare").args(["-rm", "sh", "-c", &script]).current_dir(project.path("")).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    if !said.starts_with("mounted") {
        // Where nobody may mount anything, there is nothing to see.
        return;
    }
    let done = outputs(&project, "x", "step_finished");
    for (place, file) in [(0, "mounted.env: "), (1, "source.env: ")] {
        assert!(
            done[place].contains(file) && done[place].contains("it is mounted by itself at ") && done[place].contains("/mounted.env"),
            "{done:?}"
        );
    }
    assert!(!is_given || done[2].contains("and a new file cannot be given to them") && done[2].contains("in_place: true"), "{done:?}");
    let text = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    assert_eq!((text("seen.env").as_str(), text("source.env").as_str()), ("A=b\n", "A=b\n"));
    assert!(!is_given || text("given.env") == "A=azure\n");
    let left = std::fs::read_dir(project.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("lifeboat-"));
    assert_eq!(left.count(), 0, "nothing is left beside them");
}

#[test]
fn keys_are_added_and_taken_out_and_every_byte_comes_back() {
    let files = [
        (
            "g.yaml",
            "# top\nrouter:\n  primary: azure # now\n  fallback:   # none yet\n  # end\nlog: {level: info}\n",
            "router.primary",
            "router.standby",
        ),
        ("g.json", "{\n  \"primary\": \"azure\",\n  \"n\": 1\n}\n", "primary", "standby"),
        ("g.toml", "[router]\nprimary = 'azure' # now\nn = 1\n\n# next\n[log]\n", "router.primary", "router.standby"),
        ("g.env", "# keys\nPRIMARY=azure # now\nN=1", "PRIMARY", "STANDBY"),
    ];
    let mut steps = Vec::new();
    for (file, _, old, new) in files {
        steps.push(format!("name: Add to {file}, switch: {{file: {file}, key: {new}, add: 'bed rock'}}, timeout: 20s"));
        steps.push(format!("name: Take out of {file}, switch: {{file: {file}, key: {old}, remove: true}}, timeout: 20s"));
    }
    steps.push("name: Fill, switch: {file: g.yaml, key: router.fallback, to: vertex}, timeout: 20s".into());
    steps.push("name: Keep, run: [sh, -c, 'mkdir seen; cp g.* seen'], timeout: 20s, undo: none".into());
    steps.push("name: There, switch: {file: g.env, key: N, add: x}, timeout: 20s, on_failure: continue".into());
    steps.push("name: Others, run: [sh, -c, 'sed -i s/info/debug/ g.yaml'], timeout: 20s, undo: none".into());
    steps.push("name: Fails, run: ['false'], timeout: 20s, undo: none".into());
    let project = project(&steps.iter().map(String::as_str).collect::<Vec<_>>());
    for (file, text, ..) in files {
        project.write(file, text);
    }
    execute(&project, "x").exits_with(1).says("there is a value at `N` already");
    let text = |name: &str| std::fs::read_to_string(project.path(name)).unwrap();
    assert_eq!(
        text("seen/g.yaml"),
        "# top\nrouter:\n  fallback: vertex  # none yet\n  standby: \"bed rock\"\n  # end\nlog: {level: info}\n"
    );
    assert_eq!(text("seen/g.json"), "{\n  \"n\": 1,\n  \"standby\": \"bed rock\"\n}\n");
    assert_eq!(text("seen/g.toml"), "[router]\nn = 1\nstandby = \"bed rock\"\n\n# next\n[log]\n");
    assert_eq!(text("seen/g.env"), "# keys\nN=1\nSTANDBY=\"bed rock\"");
    for (file, before, ..) in files {
        assert_eq!(text(file), before.replace("info", "debug"), "{file}: {:?}", outputs(&project, "x", "step_undone"));
    }
}

#[test]
fn a_key_of_an_object_is_added_and_taken_out_and_back() {
    for (key, change) in [("[metadata, annotations, new.key]", "add: '5'"), ("[metadata, annotations, a.b/c]", "remove: true")] {
        let cluster = Cluster::new(Vec::new());
        cluster.lock().unwrap().object["metadata"]["annotations"]["other"] = "y".into();
        let before = cluster.lock().unwrap().object["metadata"]["annotations"].clone();
        let project = clustered(&cluster, key, "5");
        project.edit("runbooks/real.yaml", "to: '5'", change);
        execute(&project, "x").exits_with(1);
        let done = &outputs(&project, "x", "step_finished")[0];
        assert!(done.ends_with("was added: `5`") || done.ends_with("was taken out"), "{done}");
        let cluster = cluster.lock().unwrap();
        assert_eq!(cluster.object["metadata"]["annotations"], before, "{:?}", cluster.patches);
        assert_eq!(cluster.patches.len(), 2, "{:?}", cluster.patches);
        let patched = &cluster.patches[0].1["metadata"]["annotations"];
        assert!(*patched == json!({"new.key": "5"}) || *patched == json!({"a.b/c": null}), "{patched}");
    }
}
