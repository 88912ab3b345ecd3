//! `lifeboat init`: from each of twenty gateways' configurations a project that `check` accepts and that the lab plays at once; from a .env file and
//! from six answers as well. Nothing that is there is written over, and no key is written anywhere.

use crate::support::reports::said;
use crate::support::{Project, Run, python};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The configurations, each with the folder of its gateway before its name.
fn configurations() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/gateway-configurations");
    let mut found = Vec::new();
    for kind in ["litellm", "portkey", "envoy", "haproxy", "nginx"] {
        let files = std::fs::read_dir(root.join(kind)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(files.map(|path| (format!("{kind}/{}", path.file_name().unwrap().to_string_lossy()), path)));
    }
    found.sort();
    found
}

/// What is a key in the configurations, or looks like one.
const KEYS: [&str; 4] = ["sk-proj-", "sk-made-up", "made-up-key", "made0up"];

const SCENARIOS: [&str; 3] = ["primary-is-silent", "primary-refuses", "primary-key-revoked"];

/// Every file of a project, with its text.
fn texts(project: &Project) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["runbooks", "scenarios", ".lifeboat/schemas", "."] {
        let Ok(entries) = std::fs::read_dir(project.path(folder)) else { continue };
        let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        found.extend(files.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())));
    }
    found
}

/// A project from a configuration, and what was said of it.
fn begun(name: &str, path: &Path) -> (Project, Run) {
    let project = Project::empty();
    let file = format!("gateway/{}", name.rsplit('/').next().unwrap());
    project.write(&file, &std::fs::read_to_string(path).unwrap());
    let run = project.lifeboat(&["init", &file, "--rto", "2s"]);
    run.exits_with(0);
    (project, run)
}

#[test]
fn twenty_configurations_are_checked_without_a_finding() {
    let all = configurations();
    assert_eq!(all.len(), 20);
    for (name, path) in &all {
        let (project, run) = begun(name, path);
        let files: Vec<&str> = run.stdout.lines().collect();
        assert_eq!(files.len(), 10, "{name}: {files:?}");
        let checked = project.lifeboat(&["check"]);
        checked.exits_with(0).says("no problems found").says("3 scenarios");
        assert_eq!(checked.stdout, "", "{name}");
        // The configuration itself stays as it is; what was written holds no key of it.
        for (file, text) in texts(&project) {
            assert!(!KEYS.iter().any(|key| text.contains(key)), "{name}: {file} holds a key:\n{text}");
        }
        assert!(!KEYS.iter().any(|key| run.stderr.contains(key) || run.stdout.contains(key)), "{name}: {run:?}");
        let has_key = KEYS.iter().any(|key| std::fs::read_to_string(path).unwrap().contains(key));
        assert_eq!(has_key, run.stderr.contains("not taken over"), "{name}: {}", run.stderr);
    }
}

/// They mostly wait, so they are played at once; each configuration plays one of the three scenarios, and each scenario is played by six or seven.
#[test]
fn twenty_configurations_are_drilled_in_the_lab() {
    let drill = |place: usize, name: String, path: PathBuf| {
        let (project, _) = begun(&name, &path);
        let scenario = format!("scenarios/{}.yaml", SCENARIOS[place % SCENARIOS.len()]);
        let run = project.lifeboat(&["run", &scenario, "--seed", "7", "--out", "drill", "--yes"]);
        let verdict = project.json("drill/verdict.json")["verdict"].as_str().unwrap_or_default().to_owned();
        let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
        let alone = inventory.contains("gate") && std::fs::read_to_string(project.path(&scenario)).unwrap().contains("gate: restore");
        (name, scenario, alone, verdict, run)
    };
    let all = configurations().into_iter().enumerate();
    let playing: Vec<_> = all.map(|(place, (name, path))| std::thread::spawn(move || drill(place, name, path))).collect();
    let mut told = Vec::new();
    for playing in playing {
        let (name, scenario, alone, verdict, run) = playing.join().unwrap();
        println!("{name}: {scenario}: {verdict}");
        // Whoever has nobody to move to misses what was promised; the others' gateway in the lab keeps it.
        let wanted = if alone { "missed" } else { "met" };
        if verdict != wanted {
            told.push(format!("{name}: {scenario}: {verdict}, not {wanted}\n{}\n{}", run.stdout, run.stderr));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn editors_find_the_schemas_and_the_files_are_of_their_form() {
    let (name, path) = configurations().swap_remove(0);
    let (project, _) = begun(&name, &path);
    let runbook = "gateway-fails-over";
    let mut files: Vec<PathBuf> = SCENARIOS.iter().map(|name| project.path(&format!("scenarios/{name}.yaml"))).collect();
    files.extend(["inventory", runbook].map(|name| project.path(&format!("runbooks/{name}.yaml"))));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/modelines.py");
    let held = || said(Command::new(python("reports", "tests/clients/reports.txt").join("python")).arg(&script).args(&files));
    for told in held() {
        assert_eq!(told["wrong"], serde_json::json!([]), "{told:#}");
    }
    // A date of a contract is one, and what is not there is told.
    project.edit(
        "runbooks/inventory.yaml",
        "    simulation: *lab\n",
        "    simulation: *lab\n    contract: {ends: 2027-03-31, notice: 90d}\n",
    );
    assert_eq!(held()[3]["wrong"], serde_json::json!([]));
    project.edit("runbooks/inventory.yaml", "ends: 2027-03-31", "ends: soon");
    project.edit("scenarios/primary-refuses.yaml", "timeline:", "timelines:");
    let told = held();
    assert!(told[3]["wrong"][0].as_str().unwrap().contains("soon") && !told[1]["wrong"].as_array().unwrap().is_empty(), "{told:#?}");
    // They are those that the binary prints.
    for form in ["inventory", "scenario", "runbook", "schedule"] {
        let printed = project.lifeboat(&["schema", form]).stdout;
        assert_eq!(std::fs::read_to_string(project.path(&format!(".lifeboat/schemas/{form}.schema.json"))).unwrap(), printed, "{form}");
    }
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let project = Project::empty();
    project.write(".env", "OPENAI_API_KEY=sk-hunter2hunter2hunter2\nAZURE_OPENAI_KEY='hunter2'\n").write(".gitignore", "/mine\n");
    project.write("runbooks/inventory.yaml", "version: 1\n");
    let run = project.lifeboat(&["init", ".env"]);
    run.exits_with(2).says("there is already runbooks/inventory.yaml").says("hint: nothing was written");
    assert!(!project.path("scenarios").exists() && !project.path(".lifeboat").exists());
    std::fs::remove_file(project.path("runbooks/inventory.yaml")).unwrap();
    let run = project.lifeboat(&["init", ".env", "--service", "support-chat", "--owner", "ann@acme.example"]);
    run.exits_with(0).says("there is a .gitignore already").says("lifeboat run scenarios/primary-is-silent.yaml");
    assert_eq!(std::fs::read_to_string(project.path(".gitignore")).unwrap(), "/mine\n");
    for (file, text) in texts(&project).into_iter().filter(|(file, _)| !file.ends_with(".env")) {
        assert!(!text.contains("hunter2"), "{file}");
    }
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    for told in
        ["dotenv:.env#OPENAI_API_KEY", "dotenv:.env#AZURE_OPENAI_KEY", "providers: [openai, azure-openai]", "mailto:ann@acme.example"]
    {
        assert!(inventory.contains(told), "{told}: {inventory}");
    }
    let checked = project.lifeboat(&["check"]);
    assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), ""));
}

#[test]
fn what_cannot_be_begun_from_says_what_can() {
    let project = Project::empty();
    project.write("notes.md", "# Notes\n").write("app.env", "A=1\n").write("broken.yaml", "model_list: [\n");
    let refused = |args: &[&str], said: &str| {
        project.lifeboat(&[&["init"][..], args].concat()).exits_with(2).says(said);
        assert!(!project.path("runbooks").exists(), "{args:?}");
    };
    refused(&["notes.md"], "is no configuration of a gateway that is known here");
    refused(&["absent.yaml"], "cannot read absent.yaml");
    refused(&["app.env"], "names no provider that is known here");
    refused(&["broken.yaml"], "hint:");
    refused(&[], "there is nobody at a terminal to ask");
    refused(&["--yes", "--primary", "antropic"], "did you mean `anthropic`?");
    refused(&["--yes", "--rto", "1s"], "cannot be drilled");
    refused(&["app.env", "--primary", "openai"], "cannot be used with");
    let run = project.lifeboat(&["init", "--yes", "--dir", "a new one"]);
    run.exits_with(0).says("cd 'a new one' && lifeboat check");
    let mut check = project.command(&["check"]);
    let checked = project.run(check.current_dir(project.path("a new one")));
    assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), ""));
}

#[test]
fn six_answers_are_asked_for_at_a_terminal_and_each_is_looked_at() {
    let project = Project::empty();
    // A terminal of its own, to which Python hands what is typed.
    let on_a_terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command = project.after(&["python3", "-c", on_a_terminal], &["init"]);
    let mut child = command.env("TERM", "dumb").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    typed.write_all(b"support chat\nsupport-chat\nopenai\nopenai\n\ngw.acme.example\n10\n15s\n\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    assert!(output.status.success(), "{shown}");
    for said in ["`support chat` is not a name", "`openai` is the primary", "[azure-openai]", "`10`", "call]", "next, in the lab:"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    for told in ["  support-chat:", "providers: [openai, azure-openai]", "rto: 15s", "https://gw.acme.example/v1", "name: \"On call\""] {
        assert!(inventory.contains(told), "{told}: {inventory}");
    }
    project.lifeboat(&["check"]).exits_with(0).says("no problems found");
}
