//! A drill says itself which one it is: who started it, where, why and from which files, whatever becomes of its folder.

use crate::support::Project;
use lifeboat::verdict::VerdictRecord;
use sha2::{Digest, Sha256};

const TOKEN: &str = "tok-of-the-proxy-91x";

#[test]
fn a_drill_says_which_it_is_whatever_its_folder_is_called_and_keeps_no_secret_of_the_reason() {
    let project = Project::quick();
    // Nobody answers there, so the drill ends before it sends anything.
    project.environment("absent", "control: {url: \"http://127.0.0.1:1\", token_from: \"env:PROXY_TOKEN\"}");
    let reason = format!("release 7, with {TOKEN}");
    let args = ["run", "scenarios/quick.yaml", "--env", "absent", "--seed", "7", "--out", "mine", "--reason", &reason];
    project.run(project.command(&args).env("PROXY_TOKEN", TOKEN).env("USER", "ada")).exits_with(3);
    std::fs::rename(project.path("mine"), project.path("yours")).unwrap();

    let whole = std::fs::read_to_string(project.path("yours/history.jsonl")).unwrap();
    assert!(!whole.contains(TOKEN), "the reason's secret is in the history");
    let started = project.events("yours")[0]["started"].clone();
    assert_eq!((&started["format"], &started["origin"]["user"]), (&"2.4".into(), &"ada".into()));
    assert!(started["origin"]["host"].is_string(), "{started}");
    assert!(started["origin"]["reason"].as_str().unwrap().starts_with("release 7, with ["), "{started}");
    for (index, file) in ["runbooks/inventory.yaml", "scenarios/quick.yaml"].into_iter().enumerate() {
        let text = std::fs::read(project.path(file)).unwrap();
        let sha256: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        let told = &started["origin"]["files"][index];
        assert_eq!((&told["path"], &told["sha256"]), (&file.into(), &sha256.into()));
    }

    // The name is the drill's own, and not that of a folder that many drills may have.
    let id = started["drill"].as_str().unwrap();
    assert!(id.contains("-quick-0007"), "{id}");
    let report = std::fs::read_to_string(project.path("yours/report.md")).unwrap();
    assert!(report.contains(&format!("| drill | {id} |")) && report.contains("| started by | ada on "), "{report}");
    // Nothing was sent, so there is no picture that the one in the folder could show besides.
    project.lifeboat(&["report", "yours"]).exits_with(0).says(&report);
    let verdict = VerdictRecord::read(&std::fs::read(project.path("yours/verdict.json")).unwrap()).unwrap();
    assert_eq!(
        (verdict.drill.as_deref(), verdict.scenario.as_deref(), verdict.environment.as_deref()),
        (Some(id), Some("quick"), Some("absent"))
    );
    assert_eq!(
        (verdict.seed.unwrap().to_string(), verdict.started_at.as_deref()),
        ("0000000000000007".into(), started["wall_clock"].as_str())
    );
}
