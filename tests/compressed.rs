//! Compressed histories: the same lines in less room, read by zstd while they are written, and by every command as plain ones are.

use crate::support::Project;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn sh(folder: &Path, line: &str) -> String {
    let done = Command::new("sh").args(["-ec", line]).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What `verify` says of the history in a folder, by the name of its file.
fn verified(project: &Project, folder: &str, code: i32) -> Vec<(String, String, String)> {
    let looked = project.lifeboat(&["verify", folder, "--format", "json"]);
    looked.exits_with(code);
    let told: Value = serde_json::from_str(&looked.stdout).unwrap();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = told["checks"].as_array().unwrap().iter().map(|check| (text(check, "what"), text(check, "state"), text(check, "detail")));
    checks.filter(|(what, ..)| what.starts_with("history.jsonl")).collect()
}

#[test]
fn a_compressed_drill_is_judged_verified_and_bundled_as_a_plain_one_is_packed_or_not() {
    // What the test itself unpacks and writes others may read.
    let project = Project::quick().unsearched();
    let run = project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--history", "compressed"]);
    run.exits_with(0);
    assert!(run.stdout.contains("drill/history.jsonl.zst"), "{run:?}");
    let drill = project.path("drill");
    assert!(!drill.join("history.jsonl").exists());
    let text = sh(&drill, "zstd -qt history.jsonl.zst && zstd -dcq history.jsonl.zst");
    let requests = text.lines().filter(|line| line.contains(",\"request\":{")).count() as u64;
    let first = text.find('\n').unwrap();
    let packed = fs::metadata(drill.join("history.jsonl.zst")).unwrap().len();
    // At 50 requests a second a frame holds a second of them; the plan in the first line is not theirs.
    assert!((packed - first as u64 / 4) / requests <= 75, "{packed} bytes for {requests} requests");
    assert!(text.ends_with("\"}}\n") && text.lines().all(|line| line.starts_with("{\"t\":")), "whole lines, and a seal at the end");

    let judged = || {
        let judged = project.lifeboat(&["judge", "drill", "--format", "json"]);
        judged.exits_with(0);
        assert_eq!(judged.stdout, fs::read_to_string(drill.join("verdict.json")).unwrap());
        project.lifeboat(&["report", "drill", "--format", "html"]).stdout
    };
    let page = fs::read_to_string(drill.join("report.html")).unwrap();
    assert!(judged().contains("zstd -dc history.jsonl.zst | sha256sum"));
    assert!(
        page.contains("zstd -dc history.jsonl.zst | sha256sum")
            && page.contains(&sh(&drill, "zstd -dcq history.jsonl.zst | sha256sum")[..64])
    );
    let [(name, state, detail)] = &verified(&project, "drill", 0)[..] else { panic!("one history") };
    assert!(name.ends_with(".zst") && state == "intact" && detail.contains("all of which fit"), "{name} {state} {detail}");
    let script = include_str!("../src/evidence/README.md").split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    project.write("verify.py", script);
    assert!(sh(project.path("").as_path(), "python3 verify.py drill").starts_with("intact"));
    project.lifeboat(&["bundle", "drill"]).exits_with(0);
    project.lifeboat(&["verify", "drill.lifeboat.tar.zst"]).exits_with(0);
    project.lifeboat(&["judge", "drill/history.jsonl.zst"]).exits_with(0);

    // Unpacked beside it, and in its place: no line is another.
    sh(&drill, "zstd -dq history.jsonl.zst");
    assert_eq!(verified(&project, "drill", 0).iter().map(|(_, state, _)| state.as_str()).collect::<Vec<_>>(), ["intact"; 2]);
    let whole = fs::read(drill.join("history.jsonl.zst")).unwrap();
    fs::remove_file(drill.join("history.jsonl.zst")).unwrap();
    assert!(judged().contains("Check it with <code>sha256sum history.jsonl</code>"));
    let [(name, state, detail)] = &verified(&project, "drill", 0)[..] else { panic!("one history") };
    assert!(name == "history.jsonl" && state == "intact" && detail.contains("the lines of `history.jsonl.zst`, unpacked"), "{detail}");
    project.edit("drill/history.jsonl", "\"outcome\":\"ok\"", "\"outcome\":\"OK\"");
    verified(&project, "drill", 1);
    fs::remove_file(drill.join("history.jsonl")).unwrap();

    // Damaged, cut, and repacked by somebody else.
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0xff;
    for (bytes, wanted) in [(&damaged[..], "it is not the file that the manifest lists"), (&whole[..whole.len() / 2], "cut at its end")] {
        fs::write(drill.join("history.jsonl.zst"), bytes).unwrap();
        let told = verified(&project, "drill", 1);
        assert!(told.iter().any(|(_, state, detail)| state == "changed" && detail.contains(wanted)), "{told:?}");
    }
    project.lifeboat(&["judge", "drill"]).exits_with(3);
    fs::write(drill.join("history.jsonl.zst"), &whole).unwrap();
    sh(&drill, "zstd -dcq history.jsonl.zst | zstd -q --ultra -20 > again && mv again history.jsonl.zst");
    project.lifeboat(&["judge", "drill"]).exits_with(0);
}

#[test]
fn a_compressed_drill_is_read_while_it_runs_and_after_it_was_killed() {
    // What the test itself unpacks and writes others may read.
    let project = Project::quick().unsearched();
    let mut started = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "killed", "--history", "compressed"]);
    started.until("fault     blackhole");
    let folder = project.path("killed");
    let begun = Instant::now();
    // A fault is in the file at once, and not only when the second is over; thirty seconds only tell a broken journal from a busy machine.
    while !sh(&folder, "zstd -dcq history.jsonl.zst").contains("\"fault_confirmed\"") {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    let running = project.lifeboat(&["verify", "killed"]);
    running.exits_with(3);
    assert!(running.stdout.contains("it still runs"), "{running:?}");
    started.signal(9);
    assert_eq!(started.finish().code, None);
    let [(_, state, detail)] = &verified(&project, "killed", 3)[..] else { panic!("one history") };
    assert!(state == "unknown" && detail.contains("all of which fit") && detail.contains("the drill was killed, or its end"), "{detail}");
    project.lifeboat(&["judge", "killed"]).exits_with(3);
    // What a crash of the machine leaves of a frame is told as a torn line is.
    let path = folder.join("history.jsonl.zst");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], &whole[..40]].concat()).unwrap();
    let [(_, _, detail)] = &verified(&project, "killed", 3)[..] else { panic!("one history") };
    assert!(detail.contains("its last line is torn after 40 bytes"), "{detail}");
    let judged = project.lifeboat(&["judge", "killed"]);
    judged.exits_with(3);
    let plain = project.path("plain");
    fs::create_dir(&plain).unwrap();
    fs::write(plain.join("history.jsonl"), sh(&folder, "zstd -dcq history.jsonl.zst 2>/dev/null || true") + "{\"t\":").unwrap();
    let torn = project.lifeboat(&["judge", "plain"]);
    assert_eq!((torn.code, torn.stderr.replace("plain", "killed")), (Some(3), judged.stderr), "the same words");
}
