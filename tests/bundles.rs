//! Bundles: read by the programs of others, taken to where they are kept, and never over what is there.

use crate::support::{Moto, Project};
use std::path::Path;
use std::process::Command;

/// A drill that nobody had to wait for.
fn recorded(project: &Project) {
    for (name, text) in [
        ("drills/a/history.jsonl", "{\"t\":0}\n"),
        ("drills/a/verdict.json", "{}\n"),
        ("drills/a/inputs/scenarios/x.yaml", "version: 1\n"),
        ("drills/a/salt", "a key\n"),
        ("drills/a/notes.txt", "somebody's own\n"),
    ] {
        project.write(name, text);
    }
    project.write("runbooks/inventory.yaml", INVENTORY);
}

const INVENTORY: &str = "\
version: 1
providers:
  first: {dialect: openai}
services:
  chat: {providers: [first]}
";

fn sh(folder: &Path, line: &str) -> String {
    let done = Command::new("sh").args(["-ec", line]).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn a_bundle_is_read_by_zstd_and_tar_and_packed_to_the_same_bytes_again() {
    let project = Project::empty();
    recorded(&project);
    let packed = project.lifeboat(&["bundle", "drills/a"]);
    packed.exits_with(0).says("bundle        drills/a.lifeboat.tar.zst").says("files         3,");
    let sum = sh(&project.path("drills"), "sha256sum a.lifeboat.tar.zst").split(' ').next().unwrap().to_owned();
    packed.says(&sum);
    sh(&project.path("drills"), "zstd -qt a.lifeboat.tar.zst; mkdir out; zstd -dc a.lifeboat.tar.zst | tar x -C out --no-same-owner");
    let listed = sh(&project.path("drills"), "zstd -dc a.lifeboat.tar.zst | tar tv --numeric-owner --utc");
    let right = "\
-rw-r--r-- 0/0               8 1980-01-01 00:00 a/history.jsonl
-rw-r--r-- 0/0              11 1980-01-01 00:00 a/inputs/scenarios/x.yaml
-rw-r--r-- 0/0               3 1980-01-01 00:00 a/verdict.json
";
    assert_eq!(listed, right, "sorted, and nothing of whom or when, and no key");
    sh(&project.path("drills"), "cmp out/a/history.jsonl a/history.jsonl; cmp out/a/inputs/scenarios/x.yaml a/inputs/scenarios/x.yaml");
    // Elsewhere, later, by another hand.
    sh(&project.path("."), "mkdir copy; cp -r drills/a copy/a; chmod -R go-rwx copy; find copy -exec touch -d 2001-01-01 {} +");
    project.lifeboat(&["bundle", "copy/a", "--out", "again.tar.zst"]).exits_with(0).says(&sum);
    sh(&project.path("."), "cmp again.tar.zst drills/a.lifeboat.tar.zst");
    // The same again is no error; anything else is not written over.
    project.lifeboat(&["bundle", "drills/a"]).exits_with(0).says(&sum);
    project.write("drills/a/report.md", "# more\n");
    project
        .lifeboat(&["bundle", "drills/a"])
        .exits_with(2)
        .says("holds something else already")
        .says("hint: choose another name with `--out`");
    project.lifeboat(&["bundle", "runbooks"]).exits_with(2).says("holds no history of a drill");
    project.lifeboat(&["bundle", "drills/none"]).exits_with(2).says("drills/none");
    std::os::unix::fs::symlink("/etc/passwd", project.path("drills/a/report.html")).unwrap();
    project.lifeboat(&["bundle", "drills/a", "--out", "x"]).exits_with(2).says("the entry `report.html`: it is a link");
    assert!(!project.path("x").exists());
}

#[test]
fn a_bundle_is_taken_to_every_place_that_the_inventory_names() {
    let project = Project::empty();
    recorded(&project);
    project.lifeboat(&["bundle", "drills/a", "--ship"]).exits_with(2).says("the inventory names no place for bundles");
    project.write("take.sh", "#!/bin/sh\ncp \"$1\" taken.tar.zst\n");
    sh(&project.path("."), "chmod +x take.sh; mkdir kept typed");
    let ship = "evidence:\n  ship:\n    - {folder: kept}\n    - {run: [./take.sh, \"${bundle}\"]}\n";
    project.write("runbooks/inventory.yaml", &format!("{INVENTORY}{ship}"));
    let sent = project.lifeboat(&["bundle", "drills/a", "--ship", "--to", "typed"]);
    sent.exits_with(0).says("kept          typed/a.lifeboat.tar.zst").says("where `./take.sh` took it");
    for there in ["kept/a.lifeboat.tar.zst", "typed/a.lifeboat.tar.zst", "taken.tar.zst"] {
        assert_eq!(
            std::fs::read(project.path(there)).unwrap(),
            std::fs::read(project.path("drills/a.lifeboat.tar.zst")).unwrap(),
            "{there}"
        );
    }
    project
        .lifeboat(&["bundle", "drills/a", "--to", "unmounted"])
        .exits_with(3)
        .says("there is no folder unmounted")
        .says("hint: make it, or mount");
    // What the file may not say.
    for (wrong, told) in [
        ("ship: [{run: [./take.sh]}]", "no argument names the file `${bundle}`"),
        ("witness: {run: [./stamp.sh, \"${query}\"]}", "no argument names the file `${answer}`"),
        ("witness: {ca: x.pem}", "url"),
        (
            "ship: [{s3: {bucket: b, region: eu, access_key_id: \"env:A\", secret_access_key: \"env:B\", lock: {mode: forever, for: 1d}}}]",
            "forever",
        ),
        ("key: team.pem", "this does not say where the credential is found"),
        ("keys: \"env:KEY\"", "key"),
    ] {
        project.write("runbooks/inventory.yaml", &format!("{INVENTORY}evidence: {{{wrong}}}\n"));
        project.lifeboat(&["check"]).exits_with(2).says(told);
    }
}

#[tokio::test]
async fn a_bundle_in_a_bucket_is_locked_and_cannot_be_deleted() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let project = Project::empty();
    recorded(&project);
    let moto = Moto::start();
    moto.bucket("locked", true).await;
    moto.bucket("open", false).await;
    let (id, secret) = moto.user("drills", "s3:*").await;
    moto.asks_who_they_are(true).await;
    let bundle = |arguments: &[&str], secret: &str| {
        let mut command = project.command(&[&["bundle", "drills/a"], arguments].concat());
        command.env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_ENDPOINT_URL", &moto.address);
        project.run(&mut command)
    };
    let to = ["--to", "s3://locked/2026/team", "--lock", "compliance:30d"];
    let sent = bundle(&to, &secret);
    sent.exits_with(0).says("kept          s3://locked/2026/team/a.lifeboat.tar.zst (locked, COMPLIANCE until 20");
    // The same again is no error; another of the same name is not written over it.
    bundle(&to, &secret).exits_with(0);
    bundle(&to, "not-the-secret-of-this-key").exits_with(3).says("cannot store s3://locked/2026/team/a.lifeboat.tar.zst").says("hint: ");
    bundle(&["--to", "s3://nowhere/x"], &secret).exits_with(3).says("cannot store s3://nowhere/x/a.lifeboat.tar.zst");
    bundle(&["--to", "s3://open/x"], &secret).exits_with(0).says("kept          s3://open/x/a.lifeboat.tar.zst\n");
    bundle(&["--to", "s3://open/locked", "--lock", "governance:1d"], &secret).exits_with(3);
    bundle(&["--to", "kept", "--lock", "governance:1d"], &secret).exits_with(2).says("only a bucket locks what it keeps");
    bundle(&["--to", "s3://locked", "--lock", "governance"], &secret).exits_with(2).says("write MODE:TIME");
    project.write("drills/b/history.jsonl", "{\"t\":1}\n");
    let other = ["bundle", "drills/b", "--out", "other/a.lifeboat.tar.zst", "--to", "s3://locked/2026/team"];
    std::fs::create_dir(project.path("other")).unwrap();
    let mut command = project.command(&other);
    command.env("AWS_ACCESS_KEY_ID", &id).env("AWS_SECRET_ACCESS_KEY", &secret).env("AWS_ENDPOINT_URL", &moto.address);
    project.run(&mut command).exits_with(3).says("s3://locked/2026/team/a.lifeboat.tar.zst holds something else already");
    let mut command = project.command(&["bundle", "drills/a", "--to", "s3://locked/x"]);
    command.env_remove("AWS_ACCESS_KEY_ID");
    project.run(&mut command).exits_with(2).says("the variable AWS_ACCESS_KEY_ID is not set");

    moto.asks_who_they_are(false).await;
    let key = "locked/2026/team/a.lifeboat.tar.zst";
    let (status, headers, bytes) = moto.object("GET", key).await;
    assert_eq!((status, bytes), (200, std::fs::read(project.path("drills/a.lifeboat.tar.zst")).unwrap()));
    let header = |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    assert_eq!(header("x-amz-object-lock-mode").as_deref(), Some("COMPLIANCE"));
    let until = chrono::DateTime::parse_from_rfc3339(&header("x-amz-object-lock-retain-until-date").unwrap()).unwrap();
    let days = (until.to_utc() - chrono::Utc::now()).num_hours();
    assert!((30 * 24 - 2..=30 * 24).contains(&days), "30 days from when it was stored: {until}");
    let version = header("x-amz-version-id").unwrap();
    let (status, _, told) = moto.object("DELETE", &format!("{key}?versionId={version}")).await;
    assert_eq!(status, 403, "{}", String::from_utf8_lossy(&told));
}
