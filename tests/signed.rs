//! Signatures: the pair that makes them, and what people verify them with who have nothing of Lifeboat.

use crate::support::{Project, python};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A script of `tests/signed`; what it prints, or why it ended.
fn verifier(script: &str, project: &Project, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(python("verifiers", "tests/signed/requirements.txt").join("python"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signed").join(script);
    let done = output(command.arg(script).args(arguments).current_dir(project.path(".")).env("PYTHONDONTWRITEBYTECODE", "1"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
}

#[test]
fn a_pair_of_keys_is_made_once_and_read_by_openssl() {
    let project = Project::empty();
    let made = project.lifeboat(&["key", "--out", "team.pem"]);
    made.exits_with(0).says("keep team.pem to yourself; give team.pem.pub to everyone who is to verify what you sign");
    let mode = |name: &str| std::fs::metadata(project.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("team.pem"), mode("team.pem.pub")), (0o600, 0o644));
    let openssl = |arguments: &[&str]| {
        let done = output(Command::new("openssl").args(arguments).current_dir(project.path(".")));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    assert_eq!(openssl(&["pkey", "-in", "team.pem", "-pubout"]), std::fs::read(project.path("team.pem.pub")).unwrap());
    std::fs::write(project.path("team.der"), openssl(&["pkey", "-pubin", "-in", "team.pem.pub", "-outform", "DER"])).unwrap();
    let named = String::from_utf8(openssl(&["dgst", "-sha256", "-r", "team.der"])).unwrap();
    let name = named.split(' ').next().unwrap();
    made.says(&format!("name          {name}"));
    let private = std::fs::read_to_string(project.path("team.pem")).unwrap();
    for half in ["team.pem", "team.pem.pub"] {
        let shown = project.lifeboat(&["key", "--show", half]);
        shown.exits_with(0).says(name).says("-----BEGIN PUBLIC KEY-----");
        assert!(private.lines().all(|line| line.starts_with("-----") || !shown.stdout.contains(line)), "the private half is never shown");
    }
    // What is there stays, either half of it.
    project.lifeboat(&["key", "--out", "team.pem"]).exits_with(2).says("team.pem is there already, and a key is never overwritten");
    std::fs::rename(project.path("team.pem"), project.path("moved.pem")).unwrap();
    project
        .lifeboat(&["key", "--out", "team.pem"])
        .exits_with(2)
        .says("error: team.pem.pub is there already")
        .says("hint: choose another file");
    assert!(!project.path("team.pem").exists(), "never half a pair");
    project.write("other.pem", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    project
        .lifeboat(&["key", "--show", "other.pem"])
        .exits_with(2)
        .says("other.pem holds no key of Ed25519 in PEM")
        .says("hint: make a pair with");
    project.lifeboat(&["key", "--show", "none.pem"]).exits_with(2).says("cannot read none.pem");
    project.lifeboat(&["key", "--out", "no/such/team.pem"]).exits_with(2).says("cannot write no/such/team.pem");
}

#[test]
fn a_drill_is_signed_at_its_end_and_verified_by_forty_lines_of_python() {
    let project = Project::quick();
    project.lifeboat(&["key", "--out", "team.pem"]).exits_with(0);
    project.lifeboat(&["key", "--out", "stranger.pem"]).exits_with(0);
    // A key that cannot be read is told before anything is broken.
    let run = ["run", "scenarios/quick.yaml", "--seed", "7", "--out", "drill", "--sign"];
    let with = |key: &'static str| [&run[..], &[key]].concat();
    project.lifeboat(&with("none.pem")).exits_with(2).says("cannot read the key none.pem").says("hint: make a pair with `lifeboat key");
    project.lifeboat(&with("team.pem.pub")).exits_with(2).says("team.pem.pub: this is no private key of Ed25519 in PEM");
    assert!(!project.path("drill").exists());
    let run = project.lifeboat(&with("team.pem"));
    run.says("signed        drill/test-result.sigstore.json");
    assert!(matches!(run.code, Some(0 | 1 | 3)), "whatever the verdict is, it is signed: {run:?}");

    let verified = verifier("verify.py", &project, &["drill", "team.pem.pub"]).unwrap();
    assert!(verified.contains("https://in-toto.io/attestation/test-result/v0.1 ['"), "{verified}");
    assert!(
        verified.contains("https://lifeboat.dev/attestation/cutover/v1") && verified.contains(" seals hold; after the last: 0 lines"),
        "{verified}"
    );
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signed/verify.py")).unwrap();
    assert!(script.lines().count() <= 40, "it fits on a page");
    for bundle in ["drill/test-result.sigstore.json", "drill/measurement.sigstore.json"] {
        let name = project.lifeboat(&["key", "--show", "team.pem"]).stdout.lines().next().unwrap().to_owned();
        assert_eq!(verifier("others.py", &project, &[bundle, "team.pem.pub"]).unwrap().trim(), format!("accepted by {name}"));
        assert!(verifier("others.py", &project, &[bundle, "stranger.pem.pub"]).unwrap_err().contains("VerificationError"));
    }
    assert!(verifier("verify.py", &project, &["drill", "stranger.pem.pub"]).unwrap_err().contains("InvalidSignature"));

    // What is stated is what was judged, and what the drill was planned from.
    let stated = |name: &str| {
        let envelope = &project.json(name)["dsseEnvelope"];
        use base64::Engine;
        let payload = base64::engine::general_purpose::STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()["predicate"].clone()
    };
    let (result, measured, verdict) =
        (stated("drill/test-result.sigstore.json"), stated("drill/measurement.sigstore.json"), project.json("drill/verdict.json"));
    let in_other_words = |word: &str| match word {
        "met" => ("PASSED", "passedTests"),
        "missed" => ("FAILED", "failedTests"),
        _ => ("WARNED", "warnedTests"),
    };
    assert_eq!(result["result"].as_str(), Some(in_other_words(verdict["verdict"].as_str().unwrap()).0));
    for objective in verdict["objectives"].as_array().unwrap() {
        let (_, list) = in_other_words(objective["verdict"].as_str().unwrap());
        assert!(result[list].as_array().unwrap().contains(&objective["name"]), "{objective} is in another list than {list}: {result}");
    }
    let inputs: Vec<&str> = result["configuration"].as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap()).collect();
    assert_eq!(inputs, ["runbooks/inventory.yaml", "scenarios/quick.yaml", "plan"]);
    assert_eq!((&measured["measures"]["cutover"], &measured["drill"]), (&verdict["measures"]["cutover"], &verdict["drill"]));
    assert!(measured["resolution_ms"].is_number() && measured["terms"].is_object(), "{measured:#}");

    // Somebody changes one figure of what was measured.
    let history = std::fs::read_to_string(project.path("drill/history.jsonl")).unwrap();
    let lines: Vec<&str> = history.lines().collect();
    let place = lines.iter().position(|line| line.contains("\"request\"")).unwrap_or(lines.len() / 2);
    let changed = lines[place].replacen(|digit: char| ('1'..='8').contains(&digit), "9", 1);
    assert_ne!(changed, lines[place]);
    std::fs::write(project.path("drill/history.jsonl"), history.replacen(lines[place], &changed, 1)).unwrap();
    let told = verifier("verify.py", &project, &["drill", "team.pem.pub"]).unwrap_err();
    assert!(told.contains("AssertionError: history.jsonl"), "{told}");
}
