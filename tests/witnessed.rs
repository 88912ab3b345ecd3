//! A witness: OpenSSL's time-stamping authority behind a small server, and authorities that no drill should believe.

use crate::support::Project;
use lifeboat::evidence::CheckState;
use lifeboat::evidence::witness::{StampedPart, Witness, authorities, check};
use lifeboat::history::Seal;
use lifeboat::model::{WitnessPolicy, WitnessSource};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `tests/witnessed/authority.py`. Dropping it ends it.
struct Authority {
    process: Child,
    port: u16,
}

impl Authority {
    /// One whose certificates are in `tsa/ca.pem` of the project.
    fn start(project: &Project) -> Self {
        std::fs::create_dir(project.path("tsa")).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/witnessed/authority.py");
        let mut command = Command::new("python3");
        let process = command.arg(script).arg(project.path("tsa")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = process.spawn().expect("this test needs Python 3");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().expect("it says where it answers") }
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What OpenSSL says of a stamp of these bytes.
fn openssl(project: &Project, stamp: &str, bytes: &[u8], ca: &str) -> bool {
    std::fs::write(project.path("stamped"), bytes).unwrap();
    let mut command = Command::new("openssl");
    command.args(["ts", "-verify", "-data", "stamped", "-in", stamp, "-CAfile", ca]).current_dir(project.path("."));
    command.output().unwrap().status.success()
}

/// A history's first line, and the line of its last seal.
fn lines(history: &Path) -> (Vec<u8>, Vec<u8>) {
    let text = std::fs::read(history).unwrap();
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    (
        lines.next().unwrap().to_vec(),
        text.split_inclusive(|byte| *byte == b'\n').rfind(|line| Seal::of_line(line).is_some()).unwrap().to_vec(),
    )
}

#[test]
fn a_drill_is_stamped_before_its_fault_and_at_its_end_and_nothing_is_broken_without_its_witness() {
    let project = Project::quick();
    let authority = Authority::start(&project);
    let run = |out: &'static str| project.lifeboat(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", out]);
    let inventory = std::fs::read_to_string(project.path("runbooks/inventory.yaml")).unwrap();
    let witness = |settings: &str| {
        project.write("runbooks/inventory.yaml", &format!("{inventory}evidence:\n  witness: {{{settings}}}\n"));
    };

    // Nobody answers.
    witness("url: \"http://127.0.0.1:9/tsr\"");
    let silent = run("silent");
    silent
        .exits_with(3)
        .says("the witness has not stamped the plan: http://127.0.0.1:9 does not answer")
        .says("or write `required: false`");
    let events = project.stopped_cleanly("silent", "environment");
    assert!(events.iter().all(|event| event.get("fault_confirmed").is_none() && event.get("request").is_none()), "nothing was begun");
    // It answers, and is certified by somebody else.
    witness(&format!("url: \"{}\", ca: tsa/stranger.pem", authority.address("rsa")));
    run("strange").exits_with(3).says("its certificate is not trusted").says("hint: name the certificates of its authority");
    // Its certificates are not there: that is told before there is a drill at all.
    witness(&format!("url: \"{}\", ca: tsa/none.pem", authority.address("rsa")));
    run("none").exits_with(2).says("tsa/none.pem");
    assert!(!project.path("none").exists());

    // It may go without.
    witness("url: \"http://127.0.0.1:9/tsr\", required: false");
    let mut without = project.start(&["run", "scenarios/quick.yaml", "--seed", "7", "--out", "without"]);
    without.until("baseline").signal(2);
    let told = without.finish();
    told.exits_with(4).says("warning: the witness has not stamped the plan").says("warning: the witness has not stamped the record");

    witness(&format!("url: \"{}\", ca: tsa/ca.pem", authority.address("rsa")));
    let drill = run("drill");
    assert!(matches!(drill.code, Some(0 | 1 | 3)) && !drill.stderr.contains("stopped:"), "whatever the verdict is: {drill:?}");
    let (plan, head) = lines(&project.path("drill/history.jsonl"));
    assert!(String::from_utf8_lossy(&plan).contains("\"scenario\""), "the plan is in the first line");
    assert!(openssl(&project, "drill/plan.tsr", &plan, "tsa/ca.pem") && openssl(&project, "drill/head.tsr", &head, "tsa/ca.pem"));
    assert!(!openssl(&project, "drill/plan.tsr", &head, "tsa/ca.pem") && !openssl(&project, "drill/plan.tsr", &plan, "tsa/stranger.pem"));
    let states = |ca: Option<&str>| {
        let trusted = ca.map(|ca| authorities(&project.path(ca)).unwrap());
        check(&project.path("drill"), trusted.as_ref()).into_iter().map(|check| check.state).collect::<Vec<_>>()
    };
    assert_eq!(states(Some("tsa/ca.pem")), [CheckState::Intact; 2]);
    assert_eq!((states(Some("tsa/stranger.pem")), states(None)), (vec![CheckState::Unknown; 2], vec![CheckState::Unknown; 2]));
    let told = check(&project.path("drill"), None)[1].detail.clone();
    assert!(told.contains("give --witness-ca CA.pem, or grep '\"sealed\":{' history.jsonl | tail -n 1 | openssl ts -verify"), "{told}");
    let stamped = std::fs::metadata(project.path("drill/plan.tsr")).unwrap().modified().unwrap();
    let ended = std::fs::metadata(project.path("drill/head.tsr")).unwrap().modified().unwrap();
    assert!(ended.duration_since(stamped).unwrap().as_secs() >= 5, "the drill was in between");
    // Its producer records something else afterwards, with seals that fit.
    let history = std::fs::read(project.path("drill/history.jsonl")).unwrap();
    let other = Seal { t: 1, sha256: "0".repeat(64) }.line();
    std::fs::write(project.path("drill/history.jsonl"), [&history[..], &other].concat()).unwrap();
    assert_eq!(states(Some("tsa/ca.pem")), [CheckState::Intact, CheckState::Changed]);
    std::fs::write(project.path("drill/history.jsonl"), [b" ", &history[..]].concat()).unwrap();
    assert_eq!(states(Some("tsa/ca.pem")), [CheckState::Changed, CheckState::Intact]);
    std::fs::write(project.path("drill/history.jsonl"), &history).unwrap();
    // The stamps change places.
    std::fs::copy(project.path("drill/plan.tsr"), project.path("drill/head.tsr")).unwrap();
    assert_eq!(states(Some("tsa/ca.pem")), [CheckState::Intact, CheckState::Changed]);
}

#[tokio::test]
async fn an_answer_that_is_not_that_of_this_query_or_this_authority_is_not_kept() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let project = Project::empty();
    let authority = Authority::start(&project);
    std::fs::create_dir(project.path("drill")).unwrap();
    let seal = Seal { t: 1, sha256: "0".repeat(64) }.line();
    std::fs::write(project.path("drill/history.jsonl"), [b"{\"t\":0}\n", &seal[..]].concat()).unwrap();
    let stamped = async |from: WitnessSource, ca: Option<&str>| {
        let policy = WitnessPolicy { from, ca: ca.map(str::to_owned), required: true };
        let _ = std::fs::remove_file(project.path("drill/head.tsr"));
        let witness = Witness::new(policy, &project.path(".")).unwrap();
        witness.stamp(StampedPart::Head, &project.path("drill")).await.map_err(|error| lifeboat::units::with_causes(&error))
    };
    let over_http = async |path: &str| stamped(WitnessSource::Url(authority.address(path)), Some("tsa/ca.pem")).await;
    // Both kinds of keys, SHA-256 and SHA-384.
    for path in ["rsa", "ec"] {
        over_http(path).await.unwrap();
        let trusted = authorities(&project.path("tsa/ca.pem")).unwrap();
        assert_eq!(check(&project.path("drill"), Some(&trusted))[1].state, CheckState::Intact, "{path}");
        assert!(openssl(&project, "drill/head.tsr", &seal, "tsa/ca.pem"), "{path}");
        every_change_is_found(&project.path("drill/head.tsr"), &trusted, path);
    }
    over_http("again").await.unwrap();
    for (path, why) in [
        ("again", "it answers another query"),
        ("other", "it is a stamp of something else"),
        ("refuse", "the authority refuses: status 2"),
        ("garbage", "this is no time stamp of RFC 3161"),
        ("expired", "its certificate is not trusted"),
        ("broken", "answers 500"),
        ("text", "answers with `text/html`"),
    ] {
        let told = over_http(path).await.unwrap_err();
        assert!(told.contains(why) && told.starts_with("the witness has not stamped the record: "), "{path}: {told}");
        assert!(!project.path("drill/head.tsr").exists(), "{path}: it is not kept");
    }
    // A program asks instead.
    let argv = |words: &[&str]| WitnessSource::Run(words.iter().map(|word| (*word).to_owned()).collect());
    let words = "openssl ts -reply -config rsa.cnf -section t -queryfile ${query} -out ${answer}";
    let shell = format!("cd tsa && exec {}", words.replace("${query}", "\"$1\"").replace("${answer}", "\"$2\""));
    stamped(argv(&["sh", "-c", &shell, "sh", "${query}", "${answer}"]), Some("tsa/ca.pem")).await.unwrap();
    assert!(openssl(&project, "drill/head.tsr", &seal, "tsa/ca.pem"));
    assert!(stamped(argv(&["false", "${query}", "${answer}"]), None).await.unwrap_err().contains("`false`"));
    assert!(stamped(argv(&["true", "${query}", "${answer}"]), None).await.unwrap_err().contains("the program wrote no answer"));
}

/// What is signed of a stamp is every byte that says anything; what is not are the lists of certificates that were sent beside the right one, and
/// how the message is wrapped.
fn every_change_is_found(stamp: &Path, trusted: &lifeboat::evidence::witness::Authorities, path: &str) {
    let whole = std::fs::read(stamp).unwrap();
    let folder = stamp.parent().unwrap();
    let mut intact = 0;
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(stamp, bytes).unwrap();
        intact += usize::from(check(folder, Some(trusted))[1].state == CheckState::Intact);
    }
    std::fs::write(stamp, &whole).unwrap();
    // The authority's own certificate, which is trusted already, and versions and lists of algorithms, which nobody needs.
    assert!(intact < whole.len() / 2, "{path}: {intact} changes of {} were not found", whole.len());
    for end in 0..whole.len() {
        std::fs::write(stamp, &whole[..end]).unwrap();
        assert_eq!(check(folder, Some(trusted))[1].state, CheckState::Changed, "{path}: cut at {end}");
    }
    std::fs::write(stamp, &whole).unwrap();
}
