//! A project that wants to see files which are not its own, or not for it: none is read, and nothing of one is shown.

use super::super::{Project, check};
use super::{Files, INVENTORY_PATH, RUNBOOK, RUNBOOK_PATH, SCENARIO_PATH, TODAY};
use std::os::unix::fs::symlink;

/// What stands in every file that must not be shown, in a form that no rule for keys would know.
const SECRET: &str = "hunter2-correct-horse";

/// Files with which a project could want to be shown: an environment, a cluster's secret, lists of hashes, JSON, and a table.
fn secrets() -> Vec<(&'static str, String)> {
    vec![
        (".env", format!("DATABASE={SECRET}\n{SECRET}: x\n")),
        ("secret.yaml", format!("apiVersion: v1\nkind: Secret\nstringData:\n  {SECRET}: {SECRET}\n{SECRET}: twice\n{SECRET}: twice\n")),
        ("compose.yaml", format!("version: \"3\"\nservices:\n  db: {{environment: {{{SECRET}: [{SECRET}}}}}\n")),
        ("shadow", format!("root:{SECRET}:19000:0:99999:7:::\n\tdaemon:{SECRET}\n")),
        ("key.json", format!("{{\"private\": \"{SECRET}\", \"{SECRET}\": {{\"a\": !x {SECRET}}}}}\n")),
        ("table.csv", format!("{SECRET},b\n{SECRET};{SECRET}\n\"{SECRET}")),
        ("zeros", format!("NAME={SECRET}\0OTHER={SECRET}\0")),
        ("latin", String::from_utf8_lossy(SECRET.as_bytes()).into_owned()),
    ]
}

/// Everything that a project can be asked, and that none of it shows the secret.
#[track_caller]
fn shows_nothing(files: &Files, why: &str) -> String {
    let (project, opened) = Project::open(files.root());
    let executed = project.execution(&files.root().join(RUNBOOK_PATH), None, None, &std::collections::BTreeMap::new());
    let executed = executed.map_or_else(|findings| findings, |(_, findings)| findings).to_string();
    let all = [files.check(), files.plan("lab"), opened.to_string(), executed].concat();
    assert!(!all.contains("hunter2") && !all.contains("correct-horse"), "{why}:\n{all}");
    all
}

/// Each place where a value of the project's files can name a file, which is made to name this one.
fn named_everywhere(path: &str) -> Vec<(&'static str, Files)> {
    let all = Files::new();
    all.spoil(SCENARIO_PATH, "runbook: runbooks/switch.yaml", &format!("runbook: \"{path}\""));
    let included = Files::new();
    included.spoil(RUNBOOK_PATH, "steps:\n", &format!("steps:\n  - {{name: Other, include: \"{path}\"}}\n"));
    let service = Files::new();
    service.spoil(INVENTORY_PATH, "runbook: runbooks/switch.yaml", &format!("runbook: \"{path}\""));
    let rotates = Files::new();
    rotates.spoil(INVENTORY_PATH, "from: \"env:AZURE_KEY\"}", &format!("from: \"env:AZURE_KEY\", rotates_in: \"{path}\"}}"));
    let trace = Files::new();
    trace.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}", &format!("traffic: {{trace: \"{path}\"}}"));
    let script = Files::new();
    script.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}", &format!("traffic: {{rate: 50/s, engine: k6, script: \"{path}\"}}"));
    vec![("runbook", all), ("include", included), ("service", service), ("rotates_in", rotates), ("trace", trace), ("script", script)]
}

#[test]
fn no_value_leads_out_of_the_project() {
    let outside = tempfile::tempdir().unwrap();
    for (name, text) in secrets() {
        let file = outside.path().join(name);
        std::fs::write(&file, text).unwrap();
        let climbing = format!("../{}/{name}", outside.path().file_name().unwrap().to_str().unwrap());
        for path in [file.to_str().unwrap(), "runbooks/link.yaml", &climbing] {
            for (place, files) in named_everywhere(path) {
                symlink(&file, files.root().join("runbooks/link.yaml")).unwrap();
                let told = shows_nothing(&files, &format!("{place} {path}"));
                assert!(told.contains("leads out of the project"), "{place} {path}:\n{told}");
            }
        }
    }
    for path in ["/proc/self/environ", "/etc/passwd", "/dev/zero", "../../../../../etc/passwd", "/no/such/file", "../no/such/file", "/"] {
        for (place, files) in named_everywhere(path) {
            let told = shows_nothing(&files, path);
            assert!(told.contains("leads out of the project") && !told.contains("root:"), "{place} {path}:\n{told}");
        }
    }
}

#[test]
fn no_file_that_is_not_ours_is_quoted() {
    for (name, text) in secrets() {
        for (place, files) in named_everywhere(name) {
            files.write(name, &text);
            let told = shows_nothing(&files, &format!("{place} {name}"));
            assert!(told.contains("error"), "{place} {name} is no {place}");
        }
        // In the place of the project's own files, as a file or as a link to one.
        for path in [SCENARIO_PATH, RUNBOOK_PATH, INVENTORY_PATH] {
            let files = Files::new();
            files.write(path, &text);
            shows_nothing(&files, path);
            std::fs::remove_file(files.root().join(path)).unwrap();
            files.write(name, &text);
            symlink(files.root().join(name), files.root().join(path)).unwrap();
            shows_nothing(&files, path);
        }
        let files = Files::new();
        std::fs::remove_file(files.root().join(INVENTORY_PATH)).unwrap();
        files.write("runbooks/inventory.csv", &text);
        shows_nothing(&files, "inventory.csv");
    }
}

#[test]
fn links_among_the_projects_own_files_lead_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    let other = outside.path().join("other.yaml");
    std::fs::write(&other, RUNBOOK.replace("runbook: switch", &format!("runbook: {SECRET}"))).unwrap();
    for path in [SCENARIO_PATH, RUNBOOK_PATH, INVENTORY_PATH] {
        let files = Files::new();
        std::fs::remove_file(files.root().join(path)).unwrap();
        symlink(&other, files.root().join(path)).unwrap();
        let told = shows_nothing(&files, path);
        assert!(told.contains(&format!("error: this leads out of the project\n  --> {path}\n")), "{told}");
    }
    // A link that stays in the project is one of its files; a project may itself be found through a link.
    let files = Files::new();
    std::fs::rename(files.root().join(RUNBOOK_PATH), files.root().join("runbooks/real.yaml")).unwrap();
    symlink("real.yaml", files.root().join(RUNBOOK_PATH)).unwrap();
    assert!(!files.check().contains("error"), "{}", files.check());
    let door = outside.path().join("door");
    symlink(files.root(), &door).unwrap();
    let (project, _) = Project::open(&door);
    assert!(project.plan(&door.join(SCENARIO_PATH), "lab").is_ok());
    assert!(!check(&door, &[], TODAY).findings.has_errors());
}

#[test]
fn what_is_no_file_holds_nothing_up() {
    let begun = std::time::Instant::now();
    for path in [SCENARIO_PATH, RUNBOOK_PATH, INVENTORY_PATH, "runbooks/inventory.csv", "trace.csv"] {
        let files = Files::new();
        if path.ends_with("csv") {
            files.spoil(SCENARIO_PATH, "traffic: {rate: 50/s}", "traffic: {trace: trace.csv}");
        }
        if path.ends_with("inventory.csv") {
            std::fs::remove_file(files.root().join(INVENTORY_PATH)).unwrap();
        }
        let place = files.root().join(path);
        let _ = std::fs::remove_file(&place);
        rustix::fs::mknodat(rustix::fs::CWD, &place, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(shows_nothing(&files, path).contains("not a file"), "{path} is a pipe");
        std::fs::remove_file(&place).unwrap();
        symlink(&place, &place).unwrap();
        assert!(shows_nothing(&files, path).contains("error"), "{path} leads to itself");
    }
    // A pipe that is waited for is waited for without end.
    assert!(begun.elapsed().as_secs_f64() < 20.0, "{:?}", begun.elapsed());
}

#[test]
fn an_inventory_in_a_folder_of_everybodys_is_not_found_from_below() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::new();
    let below = files.root().join("deep/down");
    std::fs::create_dir_all(&below).unwrap();
    assert_eq!(Project::find(&below).unwrap(), files.root());
    let open = |mode| std::fs::set_permissions(files.root(), std::fs::Permissions::from_mode(mode)).unwrap();
    open(0o1777);
    // This crate is a project too, and the tests run in its folder.
    assert_ne!(Project::find(&below).ok().as_deref(), Some(files.root()));
    assert_eq!(Project::find(files.root()).unwrap(), files.root(), "whoever names it means it");
    open(0o777);
    assert_eq!(Project::find(&below).unwrap(), files.root());
}
