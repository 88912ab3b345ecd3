//! What people write beside findings goes on from drill to drill, and a file that they broke is told of and left alone.

use crate::support::Project;
use serde_json::Value;
use std::fs;

#[test]
fn an_owner_stays_from_drill_to_drill_and_a_broken_file_is_never_overwritten() {
    let project = Project::quick();
    let run = || project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7"]);
    let drills = || {
        let mut names: Vec<_> = fs::read_dir(project.path("drills")).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort_by_key(|path| fs::metadata(path.join("history.jsonl")).unwrap().modified().unwrap());
        names
    };
    run();
    let first = drills().pop().unwrap();
    let file = first.join("findings.yaml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# What this drill showed") && text.contains("environment: lab\n"), "{text}");
    // Findings of people's own are kept whatever a drill shows.
    let own = "findings:\n  - id: who-pays   # ann asked\n    says: Who pays for the standby?\n    owner: ann\n    due: 2001-02-03\n    ticket: OPS-1\n";
    let with_own = if text.contains("findings: []") { text.replace("findings: []\n", own) } else { text.replace("findings:\n", own) };
    fs::write(&file, &with_own).unwrap();
    let listed = project.lifeboat(&["findings"]);
    listed.exits_with(0);
    assert!(listed.stdout.contains("who-pays") && listed.stdout.contains("2001-02-03!"), "{listed:?}");
    let rendered = project.lifeboat(&["report", first.to_str().unwrap(), "--keep-findings"]);
    rendered.exits_with(0);
    assert!(rendered.stdout.contains("who-pays") && rendered.stdout.contains("OPS-1"), "{rendered:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), with_own, "rendering again changes nothing");

    run();
    let second = drills().pop().unwrap();
    assert_ne!(first, second);
    let kept = fs::read_to_string(second.join("findings.yaml")).unwrap();
    assert!(kept.contains("who-pays   # ann asked\n") && kept.contains(&format!("compared_with: {}", name(&first))), "{kept}");
    let listed: Vec<Value> = serde_json::from_str(&project.lifeboat(&["findings", "--format", "json"]).exits_with(0).stdout).unwrap();
    let of_people = listed.iter().find(|finding| finding["id"] == "who-pays").unwrap();
    assert_eq!((&of_people["owner"], &of_people["overdue"]), (&"ann".into(), &true.into()));
    let seen_before = listed.iter().filter(|finding| finding["since"] == name(&first).as_str()).count();
    let known_before = with_own.matches(&format!("since: {}", name(&first))).count();
    assert!(seen_before <= known_before, "{listed:?}");
    for finding in listed.iter().filter(|finding| finding["since"] == name(&first).as_str()) {
        assert_eq!(finding["state"], "still-there", "{finding}");
    }

    let broken = kept.replace("owner: ann", "ownr: ann");
    fs::write(second.join("findings.yaml"), &broken).unwrap();
    let told = project.lifeboat(&["report", second.to_str().unwrap()]);
    told.exits_with(2);
    assert!(told.stderr.contains("findings.yaml:") && told.stderr.contains("ownr") && told.stderr.contains("owner"), "{told:?}");
    assert_eq!(fs::read_to_string(second.join("findings.yaml")).unwrap(), broken);
}

fn name(folder: &std::path::Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}
