//! No secret that a drill knew is found in what it left behind, and the search that says so finds what is put there for it.

use crate::support::{Leak, Leaks, Project};
use lifeboat::units::Seed;
use std::collections::BTreeMap;

const SECRET: &str = "sk-lab-/0123+\"é~zy98";

fn leaks_of(secrets: &[(&str, &str)]) -> Leaks {
    Leaks::of(&secrets.iter().map(|(whose, secret)| ((*whose).to_owned(), (*secret).to_owned())).collect())
}

fn forms(text: &str) -> Vec<&'static str> {
    leaks_of(&[("first", SECRET)]).in_bytes("text", text.as_bytes()).into_iter().map(|leak| leak.form).collect()
}

/// The keys that the lab of a drill with this seed takes.
fn keys(seed: Seed, providers: &[&str]) -> Leaks {
    let owners = providers.iter().chain(["service"].iter());
    Leaks::of(
        &owners
            .map(|whose| ((*whose).to_owned(), format!("sk-lab-{}", seed.derive(&format!("key of {whose}")))))
            .collect::<BTreeMap<_, _>>(),
    )
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
    let units: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    assert!(forms(&units).contains(&"JSON-escaped"));
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
    let leaks = keys(Seed(0x2a), &["azure-swedencentral", "openai-eu"]);
    let mut found = leaks.below(&project.path("drill"));
    found.extend(leaks.in_bytes("stdout", run.stdout.as_bytes()));
    found.extend(leaks.in_bytes("stderr", run.stderr.as_bytes()));
    for arguments in [&["judge", "drill", "--format", "json"][..], &["report", "drill"]] {
        let said = project.lifeboat(arguments);
        found.extend(leaks.in_bytes(arguments[0], (said.stdout + &said.stderr).as_bytes()));
    }
    assert!(found.is_empty(), "{}", shown(&found));
}

#[test]
fn steps_that_print_keys_leave_none_and_steps_that_disguise_them_are_caught() {
    let project = Project::quick();
    let step = |name: &str, script: &str, key: &str| {
        format!(
            "name: {name}, run: {{command: [sh, -c, '{script}'], env: {{KEY: \"${{credential.{key}}}\"}}}}, timeout: 20s, on_failure: continue"
        )
    };
    let steps = [
        step("Prints it", "echo \"key $KEY\"; echo \"$KEY\" >&2; exit 1", "first"),
        step("Disguises it", "printf %s \"$KEY\" | base64", "second"),
        step("Cuts it", "printf %s \"$KEY\" | fold -w 11", "second"),
        "name: Last, run: [\"true\"], timeout: 20s".to_owned(),
    ];
    project.runbook("with-the-fault", &steps.each_ref().map(String::as_str));
    let mut drill = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--yes"]);
    drill.until("4/4 done").signal(2);
    let run = drill.finish();
    let leaks = keys(Seed(7), &["first", "second"]);
    let mut found = leaks.below(&project.path("drill"));
    let (history, said) = (project.path("drill/history.jsonl").display().to_string(), run.stdout + &run.stderr);
    found.extend(leaks.in_bytes("what it said", said.as_bytes()));
    let in_history =
        |whose: &str| found.iter().filter(|leak| leak.whose == whose && leak.place == history).map(|leak| leak.form).collect::<Vec<_>>();
    assert!(!found.iter().any(|leak| leak.whose == "first" || leak.whose == "service"), "{}", shown(&found));
    assert!(in_history("second").contains(&"in base64"), "{}", shown(&found));
    assert!(in_history("second").contains(&"half of it"), "{}", shown(&found));
}
