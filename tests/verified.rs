//! What a drill leaves can be checked by others: `lifeboat verify`, and Python alone, find whatever was done to a folder, and nothing where
//! nothing was.

use crate::support::Project;
use lifeboat::console::WorkProgress;
use lifeboat::evidence::{Check, CheckState, Integrity, verify};
use lifeboat::exercise::verified;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// So many random changes are tried where nobody asks for another number: those of ten thousand that fit into a pipeline's minute.
const CHANGES: u64 = 2_000;
/// So often an unchanged folder is looked at.
const UNCHANGED: u64 = 200;

/// A quick drill's folder, run once for all tests of this file.
fn drill(project: &Project) -> PathBuf {
    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--quiet"]).exits_with(0);
    project.path("drill")
}

/// How often, where `LIFEBOAT_CHANGES` says by how much more than usual: `LIFEBOAT_CHANGES=5` makes 10,000 of 2,000.
fn times(usual: u64) -> u64 {
    std::env::var("LIFEBOAT_CHANGES").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(1) * usual
}

fn states(project: &Project, folder: &str) -> BTreeMap<String, (String, String)> {
    let looked = project.lifeboat(&["verify", folder, "--format", "json"]);
    let told: Value = serde_json::from_str(&looked.stdout).unwrap();
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = told["checks"].as_array().unwrap();
    checks.iter().map(|check| (text(check, "what"), (text(check, "state"), text(check, "detail")))).collect()
}

/// Numbers that look drawn, and are the same each time.
struct Draws(u64);

impl Draws {
    /// From 0 to below this.
    fn below(&mut self, most: usize) -> usize {
        // Knuth's constants for a linear generator of 64 bits; the upper bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// A folder in memory: its files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

fn files_of(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                files.insert(entry.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), fs::read(&entry).unwrap());
            }
        }
    }
    files
}

/// Makes a folder hold exactly these files where it held those.
fn put(folder: &Path, before: &Files, now: &Files) {
    for name in before.keys().filter(|name| !now.contains_key(*name)) {
        fs::remove_file(folder.join(name)).unwrap();
    }
    for (name, bytes) in now.iter().filter(|(name, bytes)| before.get(*name) != Some(bytes)) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        // As the drill's own: each run is searched for what others could read.
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
}

/// One change of a folder, in words; nothing where the draw would change nothing.
fn changed(files: &mut Files, draws: &mut Draws) -> Option<String> {
    let names: Vec<String> = files.keys().cloned().collect();
    let (name, other) = (names[draws.below(names.len())].clone(), names[draws.below(names.len())].clone());
    let before = files.clone();
    let bytes = files.get_mut(&name).unwrap();
    let lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (line, second) = (draws.below(lines.len()), draws.below(lines.len()));
    let place = draws.below(bytes.len());
    let fresh = format!("{}{:x}", ["", "inputs/", "new/"][draws.below(3)], draws.below(1 << 30));
    let what = match draws.below(13) {
        0 => {
            bytes[place] ^= 1 << draws.below(8);
            format!("a bit of byte {place}")
        }
        1 => {
            bytes[place] = draws.below(256) as u8;
            format!("byte {place}")
        }
        2 => {
            bytes.remove(place);
            format!("byte {place} removed")
        }
        3 => {
            bytes.insert(place, draws.below(256) as u8);
            format!("a byte put in at {place}")
        }
        4 => {
            *bytes = [&lines[..line], &lines[line + 1..]].concat().concat();
            format!("line {} removed", line + 1)
        }
        5 => {
            *bytes = [&lines[..line], &lines[line..=line], &lines[line..]].concat().concat();
            format!("line {} twice", line + 1)
        }
        6 => {
            let mut swapped = lines.clone();
            swapped.swap(line, second);
            *bytes = swapped.concat();
            format!("lines {} and {} swapped", line + 1, second + 1)
        }
        7 => {
            bytes.truncate(place);
            format!("cut at {place}")
        }
        8 => {
            *bytes = lines[..line].concat();
            format!("cut at line {}", line + 1)
        }
        9 => {
            files.remove(&name);
            "removed".to_owned()
        }
        10 => {
            let bytes = [&b""[..], b"more"][draws.below(2)].to_vec();
            files.insert(fresh.clone(), bytes);
            format!("{fresh} added")
        }
        11 => {
            let bytes = files.remove(&name).unwrap();
            files.insert(fresh.clone(), bytes);
            format!("renamed to {fresh}")
        }
        _ => {
            let (one, two) = (files[&name].clone(), files[&other].clone());
            files.insert(name.clone(), two);
            files.insert(other.clone(), one);
            format!("in the place of {other}, and that in its")
        }
    };
    (*files != before).then(|| format!("{name}: {what}"))
}

/// Whether a folder's checks say of a change what they are to say: that it is no longer intact, or, of the file that people write in, that they did.
fn is_found(checks: &[Check]) -> bool {
    let is_edited = |check: &Check| check.state == CheckState::Edited && check.what == "findings.yaml";
    Integrity::of(checks) == Integrity::Broken || checks.iter().any(is_edited)
}

#[test]
fn every_random_change_of_a_drills_folder_is_found_and_an_unchanged_one_is_intact() {
    let project = Project::quick();
    let whole = files_of(&drill(&project));
    assert!(whole.contains_key("inputs/scenarios/quick.yaml") && whole.contains_key("findings.yaml"), "{:?}", whole.keys());
    let (total, lanes) = (times(CHANGES), 4);
    let lane = |lane: u64| {
        let place = tempfile::tempdir().unwrap();
        put(place.path(), &Files::new(), &whole);
        let (mut draws, mut missed, mut kinds) = (Draws(0x11fe_b0a7 + lane), Vec::new(), BTreeSet::new());
        let mut done = 0;
        while done < total / lanes {
            let mut files = whole.clone();
            let Some(what) = changed(&mut files, &mut draws) else { continue };
            put(place.path(), &whole, &files);
            let looked = verify::folder(place.path());
            // A folder without manifest and history is no drill's, and that is said as well.
            if looked.is_ok_and(|looked| !is_found(&looked.checks)) {
                missed.push(what.clone());
            }
            kinds.insert(what.split(' ').nth(1).unwrap_or_default().to_owned());
            put(place.path(), &files, &whole);
            let _ = fs::remove_dir(place.path().join("new"));
            done += 1;
        }
        for _ in 0..times(UNCHANGED) / lanes {
            let copy = tempfile::tempdir().unwrap();
            put(copy.path(), &Files::new(), &whole);
            let looked = verify::folder(copy.path()).unwrap();
            assert_eq!(Integrity::of(&looked.checks), Integrity::Intact, "{:?}", looked.checks);
            assert!(looked.checks.iter().all(|check| check.state == CheckState::Intact), "{:?}", looked.checks);
        }
        (missed, kinds)
    };
    let lane = &lane;
    let missed: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..lanes).map(|number| scope.spawn(move || lane(number))).collect();
        running.into_iter().flat_map(|running| running.join().unwrap().0).collect()
    });
    assert!(missed.is_empty(), "{} of {total} were not found: {missed:#?}", missed.len());
}

#[test]
fn each_kind_of_change_is_told_with_its_place_by_the_binary_and_found_by_python_alone() {
    let project = Project::quick();
    let folder = drill(&project);
    let whole = files_of(&folder);
    let text = include_str!("../src/evidence/README.md");
    let script = text.split_once("```python\n").unwrap().1.split_once("```").unwrap().0;
    project.write("verify.py", script);
    assert!(script.lines().count() <= 45, "forty lines, and those that say what it says");
    let python = || {
        let output = Command::new("python3").arg(project.path("verify.py")).arg(&folder).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let looked = project.lifeboat(&["verify", "drill"]);
    looked.exits_with(0);
    assert!(looked.stdout.starts_with("intact: drill\n") && looked.stdout.contains("judged again, and says the same"), "{looked:?}");
    assert!(looked.stdout.contains("unsigned  nobody has signed this"), "{looked:?}");
    assert_eq!(python().0, Some(0), "{}", python().1);
    // Times and modes are no evidence.
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder.join("report.md"), fs::Permissions::from_mode(0o400)).unwrap();
    fs::File::open(folder.join("report.md")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    project.lifeboat(&["verify", "drill"]).exits_with(0);
    fs::set_permissions(folder.join("report.md"), fs::Permissions::from_mode(0o600)).unwrap();

    let history = String::from_utf8(whole["history.jsonl"].clone()).unwrap();
    let lines: Vec<&str> = history.split_inclusive('\n').collect();
    let is_seal = |line: &&str| line.contains("\"sealed\"");
    let seal = lines.iter().position(is_seal).unwrap();
    let request = lines.iter().position(|line| line.contains(",\"request\":{") && line.contains("\"ok\"")).unwrap();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        lines.concat()
    };
    let last = lines.len();
    let cases: Vec<(&str, String, String)> = vec![
        ("history.jsonl", with(&|lines| lines[request] = lines[request].replace("\"ok\"", "\"error\"")), "a line was changed".into()),
        ("history.jsonl", with(&|lines| lines.insert(request, lines[request].clone())), format!("line {} was put in", request + 1)),
        ("history.jsonl", with(&|lines| drop(lines.remove(seal))), format!("the seal that stood before line {} was cut out", seal + 1)),
        (
            "history.jsonl",
            with(&|lines| lines[seal] = lines[seal].replace("{\"t\":", "{\"t\":1")),
            format!("the seal on line {} was changed", seal + 1),
        ),
        ("history.jsonl", with(&|lines| lines.truncate(last - 2)), "cut at its end: 2 lines fewer; it had ".into()),
        ("history.jsonl", history[..history.len() - 20].to_owned(), "cut at its end: 1 line fewer, in the middle of one; it had ".into()),
        ("history.jsonl", history.clone() + lines[request], format!("1 line added after its end, which was line {last}")),
        (
            "verdict.json",
            String::from_utf8(whole["verdict.json"].clone()).unwrap().replacen("\"verdict\":", "\"verdlct\":", 1),
            "its bytes are others".into(),
        ),
        ("report.md", "much shorter".into(), "it has 12 bytes instead of ".into()),
        ("notes.txt", "mine".into(), "added: the manifest does not list it; it is a file".into()),
        ("inputs/more.yaml", "mine".into(), "added: the manifest does not list it; it is a file".into()),
        (
            "manifest.json",
            String::from_utf8(whole["manifest.json"].clone()).unwrap().replace("\"host\": \"", "\"host\": \"x"),
            "its last line does not fit".into(),
        ),
    ];
    for (name, text, wanted) in cases {
        let mut files = whole.clone();
        files.insert(name.to_owned(), text.into_bytes());
        assert!(files != whole, "{name}: {wanted}: nothing is changed");
        put(&folder, &whole, &files);
        let looked = project.lifeboat(&["verify", "drill"]);
        looked.exits_with(1);
        let told = states(&project, "drill");
        let (state, detail) = &told[name];
        assert!(state == "changed" && looked.stdout.contains(&wanted), "{name}: {wanted}: {detail}\n{}", looked.stdout);
        assert_eq!(python().0, Some(1), "{name}: {wanted}: {}", python().1);
        put(&folder, &files, &whole);
    }
    // What a link leads to is never looked at, though it is the same.
    let elsewhere = project.path("elsewhere.md");
    fs::rename(folder.join("report.md"), &elsewhere).unwrap();
    assert_eq!(states(&project, "drill")["report.md"], ("missing".into(), "it is not there".into()));
    std::os::unix::fs::symlink(&elsewhere, folder.join("report.md")).unwrap();
    let (state, detail) = states(&project, "drill").remove("report.md").unwrap();
    assert_eq!((state.as_str(), detail.as_str()), ("changed", "it is a link (not followed) instead of a file"));
    fs::remove_file(folder.join("report.md")).unwrap();
    fs::rename(&elsewhere, folder.join("report.md")).unwrap();
    // People write there.
    let findings = String::from_utf8(whole["findings.yaml"].clone()).unwrap() + "# seen by Ada\n";
    fs::write(folder.join("findings.yaml"), findings).unwrap();
    let looked = project.lifeboat(&["verify", "drill"]);
    looked.exits_with(0);
    assert!(looked.stdout.contains("findings.yaml               edited"), "{looked:?}");
    // The page would be another now, and what the manifest lists stays.
    let mut opening = project.command(&["report", "--open", "drill"]);
    project.run(opening.env("BROWSER", "true")).exits_with(0);
    project.lifeboat(&["verify", "drill"]).exits_with(0);
}

#[test]
fn what_is_no_drills_folder_and_what_is_hostile_is_told_clearly() {
    let project = Project::quick();
    project.lifeboat(&["verify", "scenarios"]).exits_with(2).says("holds neither a manifest nor a history").says("hint: ");
    project.lifeboat(&["verify", "nowhere"]).exits_with(2).says("cannot read nowhere");
    let whole = r#"{"manifest": "MANIFEST", "lifeboat": {"version": "9.0.0", "build": null}, "drill": "d", "host": null, "user": null,
        "clock": {"source": "tsc", "synchronised": "unknown", "by": null, "set_by_ms": 0}, "plan_sha256": null, "history": null, "inputs": [],
        "files": [{"name": "NAME", "sha256": "00", "bytes": 1, "role": "record"}]}"#;
    let looked = |form: &str, name: &str| {
        project.write("d/manifest.json", &whole.replace("MANIFEST", form).replace("NAME", name));
        project.lifeboat(&["verify", "d"])
    };
    let newer = looked("2.0", "x");
    newer.exits_with(3);
    assert!(
        newer.stdout.contains("is a manifest of form 2.0, and this Lifeboat reads 1; verify it with the version of Lifeboat that made it"),
        "{newer:?}"
    );
    for name in ["../outside", "/etc/passwd", "a/../../b"] {
        let refused = looked("1.0", name);
        refused.exits_with(1);
        assert!(refused.stdout.contains(&format!("`{name}` is no path within the folder")), "{refused:?}");
    }
    // A hundred thousand files cost a bounded time, and are not told one by one.
    project.write("d/manifest.json", &whole.replace("MANIFEST", "1.0").replace("NAME", "x"));
    for number in 0..21_000 {
        fs::File::create(project.path(&format!("d/{number}"))).unwrap();
    }
    let many = project.lifeboat(&["verify", "d"]);
    many.exits_with(1);
    assert!(many.stdout.contains("it holds more than 20000 files"), "{}", &many.stdout[many.stdout.len() - 500..]);
    assert!(many.stdout.lines().count() < 70, "{}", many.stdout.lines().count());
}

#[test]
fn a_killed_drill_is_no_changed_one_and_a_series_is_as_whole_as_its_drills() {
    let project = Project::quick();
    let mut started = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "killed"]);
    started.until("fault     blackhole");
    let running = project.lifeboat(&["verify", "killed"]);
    running.exits_with(3);
    assert!(running.stdout.contains("it still runs"), "{running:?}");
    started.signal(9);
    assert_eq!(started.finish().code, None);
    let told = states(&project, "killed");
    let (state, detail) = &told["history.jsonl"];
    assert!(
        state == "unknown" && detail.contains("all of which fit") && detail.contains("the drill was killed, or its end was cut off"),
        "{told:?}"
    );
    assert_eq!(told["manifest.json"].0, "unknown", "{told:?}");
    project.lifeboat(&["verify", "killed"]).exits_with(3);
    assert!(project.path("killed/inputs/scenarios/quick.yaml").is_file(), "a drill that is killed has its inputs too");
    // A line that was changed shows all the same.
    project.edit("killed/history.jsonl", "\"outcome\":\"ok\"", "\"outcome\":\"OK\"");
    project.lifeboat(&["verify", "killed"]).exits_with(1);

    project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--repeat", "2", "--out", "series", "--quiet"]);
    let series = project.lifeboat(&["verify", "series"]);
    series.exits_with(0);
    let told = states(&project, "series");
    assert_eq!(told["trial-02/history.jsonl"].0, "intact", "{told:?}");
    assert!(series.stdout.contains("say the same together"), "{series:?}");
    let page = project.path("series/trial-01/report.html");
    let kept = fs::read(&page).unwrap();
    fs::write(&page, "x").unwrap();
    project.lifeboat(&["verify", "series"]).exits_with(1);
    fs::write(&page, kept).unwrap();
    fs::remove_dir_all(project.path("series/trial-02")).unwrap();
    let gone = project.lifeboat(&["verify", "series"]);
    gone.exits_with(1);
    assert!(gone.stdout.contains("trial-02/manifest.json"), "{gone:?}");
}

#[test]
fn a_verdict_that_its_history_does_not_say_is_told_though_every_hash_fits() {
    let project = Project::quick();
    let folder = drill(&project);
    let text = fs::read_to_string(folder.join("verdict.json")).unwrap();
    let other = text.replacen("\"verdict\": \"met\"", "\"verdict\": \"missed\"", 1);
    assert_ne!(text, other, "{text}");
    fs::write(folder.join("verdict.json"), &other).unwrap();
    // Somebody who makes a manifest that fits.
    let python = "import hashlib,sys,re\nf=sys.argv[1]\nm=open(f+'/manifest.json').read()\nv=open(f+'/verdict.json','rb').read()\n\
        i=m.index('\"verdict.json\"')\nm=m[:i]+re.sub('[0-9a-f]{64}',hashlib.sha256(v).hexdigest(),m[i:],count=1)\n\
        m=m[:i]+re.sub(r'\"bytes\": \\d+','\"bytes\": %d'%len(v),m[i:],count=1)\n\
        b=m.rpartition(',\\n  \"sealed\"')[0]\nopen(f+'/manifest.json','w').write(b+',\\n  \"sealed\": \"'+hashlib.sha256(b.encode()).hexdigest()+'\"\\n}\\n')\n";
    let done = Command::new("python3").args(["-c", python]).arg(&folder).status().unwrap();
    assert!(done.success());
    let looked = project.lifeboat(&["verify", "drill"]);
    looked.exits_with(1);
    assert!(looked.stdout.contains("`verdict.json` is not what the history says: met"), "{looked:?}");
    let mut told = String::new();
    for check in &verified(&folder, &WorkProgress::default()).unwrap().checks {
        writeln!(told, "{} {}", check.what, check.state).unwrap();
    }
    assert!(told.contains("verdict.json intact") && told.contains("verdict changed"), "{told}");
}
