//! What happens is told to webhooks and to people: signed as others verify it, tried again, each notice once, never lost.

use crate::support::{MailServer, Postgres, Project, python, wait_for};
use lifeboat::model::NoticeKind;
use lifeboat::schedule::{Notice, NoticeSubject};
use lifeboat::scheduler::{DrillStart, RunningDrills};
use lifeboat::serve::OutgoingNotices;
use lifeboat::store::{DeliveryEntry, DeliveryState, DrillStore, StoreAddress};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// One request that a receiver got.
#[derive(Debug, Clone)]
struct Posted {
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    at: Instant,
}

impl Posted {
    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Whoever is posted to. It answers as it is told, one answer a request, and then with 200; `None` never answers.
#[derive(Clone)]
struct Receiver {
    address: String,
    got: Arc<Mutex<Vec<Posted>>>,
    answers: Arc<Mutex<VecDeque<Option<String>>>>,
}

impl Receiver {
    fn start(answers: &[Option<&str>]) -> Self {
        Self::at("127.0.0.1:0", answers)
    }

    fn at(address: &str, answers: &[Option<&str>]) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let answers = answers.iter().map(|answer| answer.map(str::to_owned)).collect();
        let address = listener.local_addr().unwrap().to_string();
        let receiver = Self { address, got: Arc::default(), answers: Arc::new(Mutex::new(answers)) };
        let serves = receiver.clone();
        std::thread::spawn(move || {
            for wire in listener.incoming().map_while(Result::ok) {
                let serves = serves.clone();
                std::thread::spawn(move || serves.take(wire));
            }
        });
        receiver
    }

    fn take(&self, mut wire: TcpStream) {
        let mut reader = BufReader::new(wire.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = BTreeMap::new();
        for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap();
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        self.got.lock().unwrap().push(Posted { path, headers, body: String::from_utf8(body).unwrap(), at: Instant::now() });
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Some("200 OK\r\n".to_owned()));
        match answer {
            Some(answer) => {
                let _ = write!(wire, "HTTP/1.1 {answer}content-length: 0\r\nconnection: close\r\n\r\n");
            }
            // Until the other side gives up.
            None => drop(wire.read_to_end(&mut Vec::new())),
        }
    }

    fn got(&self) -> Vec<Posted> {
        self.got.lock().unwrap().clone()
    }
}

/// The quick project with these webhooks: their names, where they are, and what else is said of each.
fn project(webhooks: &[(&str, &str, &str)]) -> Project {
    let project = Project::quick().unsearched();
    project.write("hook.secret", SECRET).write("other.secret", OTHER);
    let each: String = webhooks
        .iter()
        .map(|(name, address, more)| {
            format!("    - {{name: {name}, url: \"http://{address}/in\", secret_from: \"file:hook.secret\"{more}}}\n")
        })
        .collect();
    project.edit("runbooks/inventory.yaml", "providers:\n", &format!("serve:\n  webhooks:\n{each}providers:\n"));
    project
}

fn notice(name: &str, contacts: &[&str]) -> Notice {
    let about = NoticeSubject { drill: Some(name.to_owned()), ..NoticeSubject::default() };
    let mut notice = Notice::of_drill(NoticeKind::Verdict, about, "", format!("{name} went well."), chrono::Utc::now());
    notice.contacts = contacts.iter().map(|contact| (*contact).to_owned()).collect();
    notice
}

fn runtime() -> Runtime {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn store(runtime: &Runtime, project: &Project) -> DrillStore {
    runtime.block_on(DrillStore::open(StoreAddress::of(None, &root(project)).unwrap())).unwrap()
}

fn root(project: &Project) -> PathBuf {
    project.path("runbooks").parent().unwrap().to_owned()
}

fn outgoing(runtime: &Runtime, project: &Project, store: &DrillStore, holder: &str) -> (RunningDrills, OutgoingNotices) {
    let running = RunningDrills::new(root(project), env!("CARGO_BIN_EXE_lifeboat").into());
    let outgoing = runtime.block_on(async { OutgoingNotices::start(store, &running, holder.to_owned()).unwrap() });
    (running, outgoing)
}

/// What became of each delivery, by its target.
fn became(runtime: &Runtime, store: &DrillStore) -> BTreeMap<String, DeliveryEntry> {
    let all = runtime.block_on(store.deliveries(None, 1_000)).unwrap();
    all.into_iter().map(|entry| (entry.target.clone(), entry)).collect()
}

/// What the library that others use says of each request.
fn verified(posted: &[(&Posted, &str)]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webhooks/verify.py");
    let mut command = Command::new(python("webhooks", "tests/webhooks/requirements.txt").join("python"));
    let mut asked = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = asked.stdin.take().unwrap();
    for (posted, secret) in posted {
        writeln!(input, "{}", json!({"secret": secret, "headers": posted.headers, "body": posted.body})).unwrap();
    }
    drop(input);
    let output = asked.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_drill_is_told_from_its_beginning_to_its_verdict_and_others_verify_it() {
    let receiver = Receiver::start(&[]);
    let only = Receiver::start(&[]);
    let collector = Receiver::start(&[]);
    let project = project(&[("all", &receiver.address, ""), ("some", &only.address, ", events: [drill.guard]")]);
    project.edit(
        "runbooks/inventory.yaml",
        "secret_from: \"file:hook.secret\"}",
        "secret_from: [\"file:hook.secret\", \"file:other.secret\"]}",
    );
    project.edit(
        "runbooks/inventory.yaml",
        "serve:\n",
        &format!("serve:\n  url: https://lifeboat.example/\n  otlp: http://{}\n", collector.address),
    );
    project.edit("scenarios/quick.yaml", "timeline:\n", "abort_when: [{success_below: 100%, for: 500ms}]\ntimeline:\n");
    let runtime = runtime();
    let store = store(&runtime, &project);
    let (running, outgoing) = outgoing(&runtime, &project, &store, "a");
    let id = runtime.block_on(async {
        let start = DrillStart { scenario: "scenarios/quick.yaml".into(), environment: "lab".to_owned(), ..DrillStart::default() };
        let drill = running.start(start).await.unwrap();
        drill.ended().await.unwrap();
        running.stop_all().await;
        outgoing.finish().await;
        drill.id.clone()
    });
    let posted = receiver.got();
    let kinds: Vec<Value> = posted.iter().map(|posted| posted.json()["type"].clone()).collect();
    assert_eq!(kinds, ["drill.started", "drill.guard", "drill.verdict"]);
    for posted in &posted {
        let json = posted.json();
        assert_eq!((&json["version"], &json["data"]["drill"]), (&1.into(), &id.as_str().into()));
        assert_eq!(json["data"]["links"]["drill"], format!("https://lifeboat.example/drills/{id}"));
        assert_eq!((&json["data"]["service"], &json["data"]["environment"]), (&"chat".into(), &"lab".into()));
    }
    let verdict = posted[2].json();
    assert_eq!(verdict["data"]["verdict"], "inconclusive", "a guard stopped it: {verdict}");
    assert_eq!(only.got().iter().map(|posted| posted.json()["type"].clone()).collect::<Vec<_>>(), ["drill.guard"]);
    assert_eq!(posted.iter().map(|posted| posted.id().to_owned()).collect::<BTreeSet<_>>().len(), 3);

    // The drill's trace went to the collector.
    let traces = collector.got();
    assert_eq!(traces.iter().map(|trace| trace.path.as_str()).collect::<Vec<_>>(), ["/v1/traces"]);
    let spans = &traces[0].json()["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!((spans[0]["name"].as_str().unwrap(), spans[0]["traceId"].as_str().unwrap().len()), ("drill quick", 32));
    assert!(spans.as_array().unwrap().iter().any(|span| span["name"].as_str().unwrap().starts_with("fault: ")), "{spans}");

    // Either secret is enough. What was changed, is signed by another or is old is refused.
    let mut changed = posted[0].clone();
    changed.body = changed.body.replace("lab", "production");
    let mut old = posted[0].clone();
    let at: i64 = old.headers["webhook-timestamp"].parse().unwrap();
    assert!((chrono::Utc::now().timestamp() - at).abs() < 120, "the moment of the try");
    old.headers.insert("webhook-timestamp".to_owned(), (at - 600).to_string());
    let mut renamed = posted[0].clone();
    renamed.headers.insert("webhook-id".to_owned(), posted[1].id().to_owned());
    let stranger = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut asked: Vec<(&Posted, &str)> = posted.iter().flat_map(|posted| [(posted, SECRET), (posted, OTHER)]).collect();
    asked.extend([(&changed, SECRET), (&old, SECRET), (&renamed, SECRET), (&posted[0], stranger)]);
    let told = verified(&asked);
    assert_eq!(told[..6], vec!["verified"; 6]);
    assert!(told[6..].iter().all(|told| told != "verified"), "{told:?}");
}

#[test]
fn receivers_that_are_down_refuse_or_send_elsewhere_hold_up_nobody_and_lose_nothing() {
    let well = Receiver::start(&[]);
    let broken = Receiver::start(&[Some("500 Broken\r\n")]);
    let gone = Receiver::start(&[Some("410 Gone\r\n")]);
    let trap = Receiver::start(&[]);
    let moved = Receiver::start(&[Some(&format!("307 Moved\r\nlocation: http://{}/token\r\n", trap.address))]);
    let busy = Receiver::start(&[Some("429 Busy\r\nretry-after: 3600\r\n")]);
    let silent = Receiver::start(&[None]);
    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let names = ["silent", "gone", "moved", "broken", "busy", "down", "well"];
    let [a, b, c, d, e, f, g] = [&silent.address, &gone.address, &moved.address, &broken.address, &busy.address, &down, &well.address];
    let webhooks: Vec<(&str, &str, &str)> =
        names.into_iter().zip([a, b, c, d, e, f, g]).map(|(name, at)| (name, at.as_str(), "")).collect();
    let project = project(&webhooks);
    let runtime = runtime();
    let store = store(&runtime, &project);
    let began = Instant::now();
    let (_, outgoing) = outgoing(&runtime, &project, &store, "a");
    for name in ["one", "two"] {
        runtime.block_on(store.enqueue(&notice(name, &[]))).unwrap();
    }
    // The first try at a target that was not taken.
    let refused = |target: &str| {
        let all = runtime.block_on(store.deliveries(None, 100)).unwrap();
        let of = |entry: &DeliveryEntry| {
            entry.target == format!("webhook:{target}") && !entry.told.is_empty() && !entry.told.contains("answered 200")
        };
        all.into_iter().find(of)
    };
    let told = wait_for("a first try", || refused("down")).told;
    assert!(told.contains("does not answer"), "{told}");
    // It is back before it is tried again, after some five seconds.
    let back = Receiver::at(&down, &[]);
    wait_for("both notices", || (well.got().len() == 2).then_some(()));
    assert!(well.got()[1].at - began < Duration::from_secs(10), "one that is silent for 15 s holds up nobody else");
    let of = |name: &str| wait_for(name, || refused(name));
    assert_eq!((of("gone").state, of("gone").tries, of("gone").next), (DeliveryState::Failed, 1, None));
    assert!(of("gone").told.contains("answered 410"), "{}", of("gone").told);
    assert!(of("busy").next.unwrap() - chrono::Utc::now() > chrono::TimeDelta::minutes(50), "it asked for an hour");
    let told = of("moved").told;
    assert!(told.contains("it redirects to") && !told.contains("token"), "{told}");
    assert!(trap.got().is_empty(), "nothing is sent to where an answer points");

    // Who was away, broken or elsewhere gets both, under the same identifiers.
    wait_for("the second tries", || (back.got().len() == 2 && broken.got().len() == 3 && moved.got().len() == 3).then_some(()));
    let ids = |receiver: &Receiver| receiver.got().iter().map(|posted| posted.id().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!((ids(&back), ids(&broken), ids(&moved)), (ids(&well), ids(&well), ids(&well)));
    let again: Vec<Posted> = broken.got().into_iter().filter(|posted| posted.id() == broken.got()[0].id()).collect();
    assert_eq!(again[0].body, again[1].body, "each try posts the same");
    let pause = again[1].at - again[0].at;
    assert!((Duration::from_millis(4_400)..Duration::from_secs(30)).contains(&pause), "5 s, a tenth less at the least: {pause:?}");
    wait_for("that it is known", || (refused("broken").is_none() && refused("down").is_none()).then_some(()));
    runtime.block_on(outgoing.finish());
}

#[test]
fn what_a_killed_serve_was_about_to_send_is_sent_by_the_next_under_the_same_identifier() {
    let receiver = Receiver::start(&[None]);
    let project = project(&[("ops", &receiver.address, "")]);
    let runtime = runtime();
    let store = store(&runtime, &project);
    runtime.block_on(store.enqueue(&notice("one", &[]))).unwrap();
    let mut first = project.start(&["serve", "--listen", "127.0.0.1:0"]);
    wait_for("the first try", || (receiver.got().len() == 1).then_some(()));
    first.signal(9);
    first.finish();
    let mut second = project.start(&["serve", "--listen", "127.0.0.1:0"]);
    // The claim of the first one lasts 20 s: whoever is dead does not say so.
    wait_for("the second try", || (receiver.got().len() == 2).then_some(()));
    wait_for("that it is known", || (became(&runtime, &store)["webhook:ops"].state == DeliveryState::Sent).then_some(()));
    let got = receiver.got();
    assert_eq!((got[0].id(), &got[0].body), (got[1].id(), &got[1].body));
    assert_eq!(verified(&[(&got[0], SECRET), (&got[1], SECRET)]), ["verified", "verified"]);
    second.signal(15);
    second.finish().exits_with(0);
}

#[test]
fn two_replicas_on_one_postgres_send_each_notice_once() {
    let postgres = Postgres::start();
    let receiver = Receiver::start(&[]);
    let project = project(&[("ops", &receiver.address, "")]);
    let runtime = runtime();
    let open = || runtime.block_on(DrillStore::open(StoreAddress::of(Some(&postgres.url()), &root(&project)).unwrap())).unwrap();
    let (one, other) = (open(), open());
    let replicas = [outgoing(&runtime, &project, &one, "a").1, outgoing(&runtime, &project, &other, "b").1];
    let new: usize = runtime.block_on(async {
        let mut new = 0;
        for number in 0..30 {
            // Both see the same.
            let notice = notice(&number.to_string(), &[]);
            let (first, second) = tokio::join!(one.enqueue(&notice), other.enqueue(&notice));
            new += usize::from(first.unwrap()) + usize::from(second.unwrap());
        }
        new
    });
    assert_eq!(new, 30);
    wait_for("all of them", || {
        (runtime.block_on(one.delivery_counts()).unwrap().iter().any(|count| count.state == DeliveryState::Sent && count.count == 30))
            .then_some(())
    });
    let ids: Vec<String> = receiver.got().iter().map(|posted| posted.id().to_owned()).collect();
    assert_eq!((ids.len(), ids.iter().collect::<BTreeSet<_>>().len()), (30, 30));
    for replica in replicas {
        runtime.block_on(replica.finish());
    }
}

#[test]
fn people_are_told_by_the_way_that_the_inventory_says() {
    let mut mail = MailServer::plain();
    let chat = Receiver::start(&[]);
    let project = project(&[]);
    project.edit("runbooks/inventory.yaml", "serve:\n  webhooks:\n", "");
    let contacts = format!(
        "contacts:\n  ann: {{name: Ann, reach: \"mailto:ann@acme.example\"}}\n  chat: {{name: the channel, reach: \"webhook:http://{}/x\"}}\n  \
         bob: {{name: Bob, reach: \"tel:+49 30 1\"}}\nmail: {{server: \"smtp://127.0.0.1:{}\", from: lifeboat@acme.example}}\n",
        chat.address, mail.port
    );
    project.edit("runbooks/inventory.yaml", "providers:\n", &format!("{contacts}providers:\n"));
    let runtime = runtime();
    let store = store(&runtime, &project);
    let (_, outgoing) = outgoing(&runtime, &project, &store, "a");
    runtime.block_on(store.enqueue(&notice("quick", &["ann", "chat", "bob", "nobody"]))).unwrap();
    let letter = mail.took();
    assert!(letter.to_string().contains("quick went well.") && letter.to_string().contains("ann@acme.example"), "{letter}");
    wait_for("all of them", || {
        let became = became(&runtime, &store);
        (became.len() == 4 && became.values().all(|entry| entry.state != DeliveryState::Waiting)).then_some(())
    });
    let became = became(&runtime, &store);
    assert_eq!((became["contact:ann"].state, became["contact:chat"].state), (DeliveryState::Sent, DeliveryState::Sent));
    let told = chat.got()[0].json();
    assert_eq!((&told["text"], &told["event"], &told["drill"]), (&"quick went well.".into(), &"drill.verdict".into(), &"quick".into()));
    assert!(became["contact:bob"].told.contains("call Bob at +49 30 1"), "{}", became["contact:bob"].told);
    assert!(became["contact:nobody"].told.contains("has no contact `nobody`"));
    runtime.block_on(outgoing.finish());
}

#[test]
fn a_webhook_can_be_tried_by_hand() {
    let receiver = Receiver::start(&[]);
    let refuses = Receiver::start(&[Some("500 Broken\r\n")]);
    let project = project(&[("ops", &receiver.address, ""), ("broken", &refuses.address, "")]);
    project.lifeboat(&["check"]).exits_with(0);
    project.lifeboat(&["notify", "ops"]).exits_with(0).says(&format!("http://{} answered 200", receiver.address));
    assert_eq!(receiver.got()[0].json()["type"], "drill.test");
    assert_eq!(verified(&[(&receiver.got()[0], SECRET)]), ["verified"]);
    project.lifeboat(&["notify", "broken"]).exits_with(2).says("answered 500");
    project.lifeboat(&["notify", "pos"]).exits_with(2).says("the inventory has no webhook `pos`").says("there are ops, broken");
    project.write("hook.secret", "hunter2");
    let wrong = project.lifeboat(&["notify", "ops"]);
    wrong.exits_with(2).says("the webhook's secret is not `whsec_` and base64").says("openssl rand -base64 32");
    assert!(!wrong.stderr.contains("hunter2"));
}

#[test]
fn what_is_wrong_with_a_webhook_is_told_by_check() {
    let project = project(&[("ops", "127.0.0.1:1", ", events: [drill.verdikt]"), ("ops", "127.0.0.1:2", "")]);
    let told = project.lifeboat(&["check"]);
    told.exits_with(2).says("`drill.verdikt` is not allowed here").says("two webhooks are called `ops`");
    let project = self::project(&[("ops", "127.0.0.1:1", "")]);
    project.edit("runbooks/inventory.yaml", "secret_from: \"file:hook.secret\"", "secret: whsec_x");
    project.lifeboat(&["check"]).exits_with(2).says("secret_from");
}
