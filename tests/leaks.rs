//! No secret that a drill knew is found in what it left behind, and the search that says so finds what is put there for it.

use crate::support::{Leak, Leaks, Project, arguments, wait_for};

const SECRET: &str = "sk-lab-/0123+\"é~zy98";

fn leaks_of(secrets: &[(&str, &str)]) -> Leaks {
    Leaks::of(&secrets.iter().map(|(whose, secret)| ((*whose).to_owned(), (*secret).to_owned())).collect())
}

fn forms(text: &str) -> Vec<&'static str> {
    leaks_of(&[("first", SECRET)]).in_bytes("text", text.as_bytes()).into_iter().map(|leak| leak.form).collect()
}

fn shown(found: &[Leak]) -> String {
    found.iter().map(|leak| format!("{leak}\n")).collect()
}

#[test]
fn every_seeded_leak_is_found() {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    assert!(forms(&format!("key={SECRET}\n")).contains(&"plain"));
    for before in ["", "u", "us", "user:", "Bearer "] {
        let whole = format!("{before}{SECRET}:more");
        assert!(forms(&format!("basic {}", BASE64_STANDARD.encode(&whole))).contains(&"in base64"), "{before}");
        assert!(forms(&BASE64_URL_SAFE_NO_PAD.encode(&whole)).contains(&"in base64"), "{before}");
    }
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(forms(&hex).contains(&"in hexadecimal"));
    assert!(forms(&hex.to_uppercase()).contains(&"in hexadecimal"));
    let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    assert!(forms(&format!("?key={form}&x=1")).contains(&"percent-encoded"));
    let every: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert!(forms(&every).contains(&"percent-encoded"));
    assert!(forms(&serde_json::json!({"said": SECRET}).to_string()).contains(&"JSON-escaped"));
    for before in ["", "u", "us", "use", "user", "user:"] {
        let encoded = base32(format!("{before}{SECRET}:more").as_bytes());
        assert!(forms(&encoded).contains(&"in base32") && forms(&encoded.to_lowercase()).contains(&"in base32"), "{before}");
    }
    let units: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    assert!(forms(&units).contains(&"JSON-escaped"));
}

/// With the alphabet of RFC 4648, by the system's own program.
fn base32(bytes: &[u8]) -> String {
    use std::io::Write;
    let mut command = std::process::Command::new("base32");
    let mut encoder = command.args(["-w", "0"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    encoder.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(encoder.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn a_secret_with_something_between_its_letters_is_found() {
    let ascii = "sk-lab-0123456789abcdef";
    let found = |bytes: &[u8]| !leaks_of(&[("first", ascii)]).in_bytes("text", bytes).is_empty();
    let little: Vec<u8> = ascii.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = ascii.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(found(&little) && found(&big), "in UTF-16");
    let in_history = |text: &str| (serde_json::json!({"step_finished": {"output": text}}).to_string() + "\n").into_bytes();
    assert!(found(&in_history(&String::from_utf8(little).unwrap())), "in UTF-16 in a history");
    let between = |what: &str| ascii.chars().map(|letter| format!("{letter}{what}")).collect::<String>();
    for what in ["\n    ", "  \r\n\t", "\u{1b}[31m", "\u{1b}]0;title\u{7}", "\u{1b}]8;;x\u{1b}\\", "\u{9b}1m", "\u{8}", "\u{1b}(B"] {
        let text = between(what);
        assert!(found(text.as_bytes()), "{what:?} between its letters");
        assert!(found(&in_history(&text)), "{what:?} between its letters in a history");
    }
}

#[test]
fn a_secret_that_is_cut_at_any_place_is_found() {
    let boundaries: Vec<usize> = (1..SECRET.len()).filter(|place| SECRET.is_char_boundary(*place)).collect();
    for cut in &boundaries {
        let (first, last) = SECRET.split_at(*cut);
        for between in ["\n", "\r\n", "\n[stderr] ", "\"}\n{\"output\":\"", " (the middle is left out) "] {
            assert!(!forms(&format!("a {first}{between}{last} b")).is_empty(), "cut at {cut} by {between:?}");
        }
    }
    // Cut into single letters, a line each.
    let letters: Vec<String> = SECRET.chars().map(String::from).collect();
    assert!(forms(&letters.join("\n")).contains(&"plain"));
    let events: String = letters.iter().map(|letter| serde_json::json!({"output": letter}).to_string() + "\n").collect();
    assert!(forms(&events).contains(&"plain"));
}

#[test]
fn what_is_no_secret_is_not_found() {
    let other = SECRET.replace("0123", "3210");
    for text in ["", "sk-lab-", "0123", "[the credential of first, 0123abcd]", &other.replace("zy98", "98zy")] {
        assert_eq!(forms(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn a_shipped_drill_leaves_no_secret_behind() {
    let project = Project::shipped();
    let run = project.lifeboat(&["run", "scenarios/azure-outage.yaml", "--seed", "2a", "--out", "drill"]);
    run.exits_with(0);
    let leaks = project.leaks();
    let mut found = leaks.below(&project.path("drill"));
    found.extend(leaks.in_bytes("stdout", run.stdout.as_bytes()));
    found.extend(leaks.in_bytes("stderr", run.stderr.as_bytes()));
    for arguments in [&["judge", "drill", "--format", "json"][..], &["report", "drill"]] {
        let said = project.lifeboat(arguments);
        found.extend(leaks.in_bytes(arguments[0], (said.stdout + &said.stderr).as_bytes()));
    }
    assert!(found.is_empty(), "{}", shown(&found));
}

/// A step that runs a shell script with a provider's key in its environment.
fn step(name: &str, script: &str, key: &str) -> String {
    format!(
        "name: {name}, run: {{command: [sh, -c, '{script}'], env: {{KEY: \"${{credential.{key}}}\"}}}}, timeout: 20s, on_failure: continue"
    )
}

const LAST: &str = "name: Last, run: [\"true\"], timeout: 20s";

#[test]
fn what_steps_print_of_keys_is_redacted_in_every_disguise() {
    let project = Project::quick();
    let hex = "printf %s \"$KEY\" | od -An -v -tx1";
    let scripts = [
        "echo \"key $KEY\"; echo \"$KEY\" >&2; exit 1",
        "printf %s \"$KEY\" | base64",
        "printf %s \"user:$KEY\" | base64 | fold -w 11",
        "printf %s \"$KEY\" | fold -w 11",
        &format!("{hex} | tr -d \" \\\\n\""),
        &format!("{hex} | tr -d \"\\\\n\" | sed \"s/ /%/g\""),
        "printf %s \"$KEY\" | cut -c1-11 | tr -d \"\\\\n\"; sleep 0.1; printf %s \"$KEY\" | cut -c12-",
        // Cut where a long output is cut.
        "head -c 65530 /dev/zero | tr \"\\\\0\" x; echo \"$KEY\"; head -c 200000 /dev/zero | tr \"\\\\0\" x",
    ];
    let mut steps: Vec<String> =
        scripts.iter().enumerate().map(|(place, script)| step(&format!("Step {place}"), script, "first")).collect();
    steps.push(LAST.to_owned());
    project.runbook("with-the-fault", &steps.iter().map(String::as_str).collect::<Vec<_>>());
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--yes"]);
    drill.until("9/9 done").signal(2);
    let run = drill.finish();
    let leaks = project.leaks();
    let mut found = leaks.below(&project.path("drill"));
    found.extend(leaks.in_bytes("what it said", (run.stdout + &run.stderr).as_bytes()));
    assert!(found.is_empty(), "{}", shown(&found));
    let events = project.events("drill");
    let outputs: Vec<String> =
        events.iter().filter_map(|event| Some(event.get("step_finished")?["output"].as_str().unwrap_or_default().to_owned())).collect();
    let redacted = outputs.iter().filter(|output| output.contains("[the credential of first, ")).count();
    println!("{redacted} of {} seeded leaks were redacted on their way, {} secrets found", scripts.len(), found.len());
    // What stood in the middle of the last one was left out whole.
    assert_eq!(redacted, scripts.len() - 1, "{outputs:#?}");
}

#[test]
fn what_goes_past_the_redactor_is_caught() {
    let project = Project::quick().unsearched();
    let steps = [
        // In halves, each of them no secret yet.
        step("First half", "printf %s \"$KEY\" | cut -c1-11", "first"),
        step("Second half", "printf %s \"$KEY\" | cut -c12-", "first"),
        // Into the drill's folder.
        step("Plain", "printf %s \"$KEY\" > drill/plain", "second"),
        step("Base64", "printf %s \"user:$KEY\" | base64 > drill/base64", "second"),
        step("Percent", "printf %s \"$KEY\" | od -An -v -tx1 | tr -d \"\\\\n\" | tr a-f A-F | sed \"s/ /%/g\" > drill/percent", "second"),
        step("Name", "touch \"drill/$KEY\"", "second"),
        // Among the arguments of a program, for as long as it runs.
        "name: Argument, run: [sh, -c, \"touch runs; sleep 600\", sh, \"${credential.first}\"], timeout: 60s".to_owned(),
    ];
    project.runbook("with-the-fault", &steps.each_ref().map(String::as_str));
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--yes"]);
    wait_for("the last step", || project.path("runs").exists().then_some(()));
    let leaks = project.leaks();
    let (seen, in_arguments) = arguments_of(drill.id(), &leaks);
    drill.signal(2);
    drill.finish().exits_with(4);
    let found = leaks.below(&project.path("drill"));
    let caught = |whose: &str, form: &str, place: &str| {
        found.iter().any(|leak| leak.whose == whose && leak.form == form && leak.place.ends_with(place))
    };
    assert!(caught("first", "half of it", "history.jsonl"), "{}", shown(&found));
    assert!(caught("second", "plain", "drill/plain"), "{}", shown(&found));
    assert!(caught("second", "in base64", "drill/base64"), "{}", shown(&found));
    assert!(caught("second", "percent-encoded", "drill/percent"), "{}", shown(&found));
    assert!(caught("second", "plain", "a file's name"), "{}", shown(&found));
    assert!(in_arguments.iter().any(|leak| leak.whose == "first" && leak.form == "plain"), "{seen:#?}");
    println!("caught: {}", shown(&found) + &shown(&in_arguments));
}

/// The arguments of a process and of all below it, and what is found in them.
fn arguments_of(root: u32, leaks: &Leaks) -> (Vec<String>, Vec<Leak>) {
    let seen = arguments(root);
    let found = seen.iter().flat_map(|line| leaks.in_bytes("arguments", line.as_bytes())).collect();
    (seen, found)
}

#[test]
fn a_system_that_prints_its_keys_leaves_none_in_its_log_nor_among_arguments() {
    let project = Project::quick();
    // Prints in halves, with a pause between them, and goes on printing until it is ended.
    let script = "echo \"$KEY\"; printf %s \"$KEY\" | cut -c1-9 | tr -d \"\\\\n\"; sleep 0.2; printf %s \"$KEY\" | cut -c10-; \
                  printf %s \"$KEY\" | base64; echo said; touch said; while sleep 1; do echo more; done";
    let start = format!(
        "lab: {{embedded: true, start: {{run: [sh, -c, '{script}'], env: {{KEY: \"${{credential.first}}\"}}, \
         ready: 'http://127.0.0.1:${{port}}/', within: 60s}}, services: {{chat: {{url: 'http://127.0.0.1:${{port}}/v1'}}}},"
    );
    project.edit("runbooks/inventory.yaml", "lab: {embedded: true,", &start);
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"]);
    let log = project.path("drill/system.log");
    wait_for("what it prints", || std::fs::read_to_string(&log).ok().filter(|text| text.contains("said")));
    let leaks = project.leaks();
    let (seen, in_arguments) = arguments_of(drill.id(), &leaks);
    assert!(in_arguments.is_empty() && seen.len() >= 3, "{seen:#?}");
    println!("arguments of {} processes searched: {}", seen.len(), seen.join(" | "));
    drill.signal(2);
    drill.finish().exits_with(4);
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(text.matches("[the credential of first, ").count(), 3, "{text}");
    assert!(leaks.below(&project.path("drill")).is_empty(), "{text}");
}

#[test]
fn a_terminal_shows_no_secret() {
    let project = Project::quick();
    let steps = [step("Prints it", "echo \"key $KEY\"; exit 1", "first"), LAST.to_owned()];
    project.runbook("with-the-fault", &steps.each_ref().map(String::as_str));
    // A terminal of its own, whose whole output is what Python copies.
    let on_a_terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let mut command =
        project.after(&["python3", "-c", on_a_terminal], &["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--yes"]);
    let run = project.run(command.env("TERM", "xterm"));
    let leaks = project.leaks();
    assert!(run.stdout.contains("\u{1b}["), "this is no terminal: {run:?}");
    assert!(run.stdout.contains("2/2"), "its steps are not shown: {}", run.stdout);
    let found = leaks.in_bytes("the terminal", run.stdout.as_bytes());
    println!("{} bytes of a terminal searched", run.stdout.len());
    assert!(found.is_empty(), "{}", shown(&found));
}

#[test]
fn a_drill_that_crashes_leaves_no_core_and_says_no_secret() {
    use std::os::unix::process::ExitStatusExt;
    let project = Project::quick();
    let folder = project.path("");
    let script = "ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" \"$@\"";
    let mut drill = project
        .after(&["sh", "-c", script], &["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the drill's first requests", || {
        std::fs::read_to_string(project.path("drill/history.jsonl")).ok().filter(|text| text.contains("\"served\""))
    });
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", drill.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().to_owned();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let killed = std::process::Command::new("kill").args(["-ABRT", &drill.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = drill.wait().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("core")), "{left:?}");
    let output = drill.wait_with_output().unwrap();
    let leaks = project.leaks();
    let mut found = leaks.below(&project.path("drill"));
    found.extend(leaks.in_bytes("stderr", &output.stderr));
    assert!(found.is_empty(), "{}", shown(&found));
}

#[test]
fn a_key_has_another_fingerprint_in_every_drill() {
    let project = Project::quick();
    let seen = |drill: &str| -> std::collections::BTreeSet<String> {
        let mut running = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", drill]);
        running.until("blackhole on first active").signal(2);
        running.finish();
        let events = project.events(drill);
        events.iter().filter_map(|event| Some(event.get("served")?.get("key")?.as_str()?.to_owned())).collect()
    };
    let (one, other) = (seen("one"), seen("other"));
    assert!(!one.is_empty() && one.len() <= 3, "one for each provider that served: {one:?}");
    assert!(one.is_disjoint(&other), "{one:?} {other:?}");
    let key = project.secret("first");
    let mut command = project.command(&["fingerprint", "env:LIFEBOAT_TEST_KEY"]);
    let inner = project.run(command.env("LIFEBOAT_TEST_KEY", &key));
    inner.exits_with(0);
    // A line end that was pasted with it is no part of it.
    let mut command = project.command(&["fingerprint", "env:LIFEBOAT_TEST_KEY"]);
    assert_eq!(project.run(command.env("LIFEBOAT_TEST_KEY", format!(" {key}\n"))).stdout, inner.stdout);
    assert_eq!(inner.stdout.trim(), lifeboat::units::Fingerprint::of(&key).to_string());
    assert!(!one.contains(inner.stdout.trim()) && !other.contains(inner.stdout.trim()));
    project.lifeboat(&["fingerprint", &key]).exits_with(2).says("hint: write env:NAME");
}
