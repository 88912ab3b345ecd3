//! The shipped runbooks for the day on which a key is in public, walked for real: against a server that answers as OpenAI's reference
//! **documents** its Admin API (project service accounts) and its chat API, and Azure's its `regenerateKey`, since no test can start theirs;
//! the shapes are those of `src/core/secret/issuer/tests.rs`. AWS is played by `moto`, which others wrote, and which asks for signatures and
//! policies here. The keys are in a `.env` file or a store, and `kubectl` is a script that only writes down what it was asked. What can be
//! rehearsed of those for Bedrock, Google and Anthropic is rehearsed.

use crate::support::{Leaks, Moto, Project, Run, python, wait_for};
use lifeboat::secret::issuer::{AccessKeys, KeyId, KeyIssuer, Standing};
use lifeboat::units::{AccessKey, Secret, explained};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

const ADMIN: &str = "sk-admin-0f3b7c21d9e84a56";
const OLD: &str = "sk-svcacct-old-71c0e5aa93d2";
const NEW: &str = "sk-svcacct-new-b84f16d0c7e3";
const CLIENT: &str = "sk-client-5d2a90be18f7";
const ACCOUNTS: &str = "/v1/organization/projects/proj_example/service_accounts";

/// OpenAI and Azure, the gateway before them, and the webhook of whoever is on call.
#[derive(Default)]
struct World {
    /// Keys that live, by their service accounts or Azure's names of its two.
    keys: BTreeMap<String, String>,
    minted: usize,
    /// What was asked, in order, in the test's own words.
    asked: Vec<String>,
    /// What is begun and never answered.
    silent: Option<&'static str>,
}

impl World {
    fn answer(&mut self, method: &str, path: &str, bearer: &str, body: &Value) -> (&'static str, u16, Value) {
        let wrong = || json!({"error": {"message": "Incorrect API key provided: sk-****. You can find your API key at the dashboard.", "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}});
        match (method, path) {
            ("POST", "/oncall") => ("told", 200, Value::Null),
            ("POST", "/gateway/v1/chat/completions") if bearer == CLIENT => ("gateway", 200, json!({"choices": []})),
            ("POST", path) if path == "/v1/chat/completions" || path.starts_with("/openai/deployments/gpt-4o/chat/completions?") => {
                match self.keys.iter().find(|(_, key)| *key == bearer) {
                    Some(_) => ("accepted", 200, json!({"object": "chat.completion", "choices": []})),
                    None => ("refused", 401, wrong()),
                }
            }
            _ if bearer != ADMIN => ("no administrator", 401, wrong()),
            ("POST", path) if path.ends_with("/accounts/acme/regenerateKey?api-version=2023-05-01") => {
                self.minted += 1;
                self.keys.insert(body["keyName"].as_str().unwrap().to_owned(), format!("{NEW}{}", self.minted));
                let what = if body["keyName"] == "Key1" { "Key1 anew" } else { "Key2 anew" };
                (what, 200, json!({"key1": self.keys["Key1"], "key2": self.keys["Key2"]}))
            }
            ("POST", ACCOUNTS) => {
                self.minted += 1;
                let (id, value) = (format!("svc_acct_new_{}", self.minted), format!("{NEW}{}", self.minted));
                self.keys.insert(id.clone(), value.clone());
                let key =
                    json!({"object": "organization.project.service_account.api_key", "value": value, "name": "Secret Key", "id": "key_1"});
                let made = json!({"object": "organization.project.service_account", "id": id, "role": "member", "api_key": key});
                ("mint", 200, made)
            }
            ("DELETE", path) => match path.strip_prefix(ACCOUNTS).map(|rest| rest.trim_start_matches('/')) {
                Some(id) if self.keys.remove(id).is_some() => {
                    let gone = json!({"object": "organization.project.service_account.deleted", "id": id, "deleted": true});
                    ("delete", 200, gone)
                }
                _ => ("delete", 404, json!({"error": {"message": "not found"}})),
            },
            _ => ("unknown", 404, json!({"error": {"message": "not found"}})),
        }
    }
}

/// The shipped project, its keys in a `.env` file, and the world that it meets.
struct Stage {
    project: Project,
    address: String,
    world: Arc<Mutex<World>>,
    /// What else stands in the environment.
    others: Vec<(&'static str, String)>,
}

impl Stage {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = World { keys: BTreeMap::from([("svc_acct_example".to_owned(), OLD.to_owned())]), ..World::default() };
        let world = Arc::new(Mutex::new(world));
        let served = world.clone();
        std::thread::spawn(move || {
            for wire in listener.incoming().map_while(Result::ok) {
                let world = served.clone();
                std::thread::spawn(move || serve(wire, &world));
            }
        });
        let project = Project::shipped();
        let inventory = "runbooks/inventory.yaml";
        project.edit(inventory, "https://eu.api.openai.com/v1", &format!("{address}/v1"));
        project.edit(inventory, "admin: \"env:OPENAI_ADMIN_KEY\"", &format!("admin: \"env:OPENAI_ADMIN_KEY\", address: \"{address}/v1\""));
        project.edit(inventory, "https://gw.staging.example/v1", &format!("{address}/gateway/v1"));
        project.edit(inventory, "https://acme.openai.azure.com", &address);
        project.edit(inventory, "      idle: key2 ", &format!("      address: {address}\n      idle: key2 "));
        project.write(".env", &format!("# keys of the gateway\nOPENAI_API_KEY={OLD}\nMODE=normal\n"));
        project.write("bin/kubectl", "#!/bin/sh\necho \"$*\" >> kubectl.asked\nif [ -e hang ]; then exec sleep 600; fi\n");
        std::fs::set_permissions(project.path("bin/kubectl"), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { project, address, world, others: Vec::new() }
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        let path = format!("{}:{}", self.project.path("bin").display(), std::env::var("PATH").unwrap());
        let webhook = format!("{}/oncall", self.address);
        let administrators = ["OPENAI_ADMIN_KEY", "AZURE_MANAGEMENT_TOKEN", "GOOGLE_ACCESS_TOKEN", "ANTHROPIC_ADMIN_KEY"];
        let administrators = administrators.into_iter().chain(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
        let others = [("PATH", path), ("ONCALL_WEBHOOK", webhook), ("SUPPORT_CHAT_KEY", CLIENT.to_owned())];
        administrators.map(|name| (name, ADMIN.to_owned())).chain(others).chain(self.others.clone()).collect()
    }

    /// Walks the runbook for OpenAI, with what else is said.
    fn execute(&self, more: &[&str]) -> Run {
        self.walk("rotate-openai", more)
    }

    fn walk(&self, runbook: &str, more: &[&str]) -> Run {
        let walk = walk(runbook);
        self.project.run(self.project.command(&[&words(&walk)[..], more].concat()).envs(self.env()))
    }

    fn resume(&self) -> Run {
        self.project.run(self.project.command(&["execute", "--resume", "x", "--yes"]).envs(self.env()))
    }

    /// Begins to walk, and is killed once something was asked, or is there.
    fn killed_when(&self, runbook: &str, what: &str, mut there: impl FnMut(&Self) -> bool) {
        let env = self.env();
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let walk = walk(runbook);
        let mut running = self.project.start_with(&[&words(&walk)[..], &["--out", "x", "--yes"]].concat(), &env);
        wait_for(what, || there(self).then_some(()));
        running.signal(9);
        running.finish();
    }

    /// What was asked, but for messages to people.
    fn asked(&self) -> Vec<String> {
        self.world.lock().unwrap().asked.iter().filter(|asked| *asked != "told").cloned().collect()
    }

    fn silent(&self, what: Option<&'static str>) {
        self.world.lock().unwrap().silent = what;
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.project.path(file)).unwrap()
    }

    /// No key stands in what was said or written down.
    fn keeps_its_secrets(&self, said: &[&Run]) {
        let keys = [("admin", ADMIN.into()), ("old", OLD.into()), ("new", format!("{NEW}1")), ("client", CLIENT.into())];
        let leaks = Leaks::of(&keys.map(|(whose, key): (_, String)| (whose.to_owned(), key)).into());
        let said = said.iter().flat_map(|run| [&run.stdout, &run.stderr]);
        let mut found: Vec<_> = said.flat_map(|text| leaks.in_bytes("what was said", text.as_bytes())).collect();
        if self.project.path("x").exists() {
            found.extend(leaks.below(&self.project.path("x")));
        }
        assert!(found.is_empty(), "{found:?}");
    }
}

/// The command that walks a runbook for a service.
fn walk(runbook: &str) -> [String; 6] {
    ["execute", &format!("runbooks/{runbook}.yaml"), "--env", "staging", "--service", "support-chat"].map(str::to_owned)
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// One request of a connection.
fn serve(mut wire: TcpStream, world: &Mutex<World>) {
    let mut input = BufReader::new(wire.try_clone().unwrap());
    let (mut first, mut bearer, mut length) = (String::new(), String::new(), 0);
    input.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "authorization" | "api-key" => bearer = value.trim_start_matches("Bearer ").to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).unwrap();
    let mut words = first.split_whitespace();
    // Whoever only looks whether somebody answers asks nothing.
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return };
    let (status, body) = {
        let mut world = world.lock().unwrap();
        let (what, status, body) = world.answer(method, path, &bearer, &serde_json::from_slice(&body).unwrap_or_default());
        let asked = match bearer.as_str() {
            OLD => format!("{what}: old"),
            key if key.starts_with(NEW) => format!("{what}: new"),
            _ if method == "DELETE" => format!("{what} {}", path.rsplit('/').next().unwrap()),
            _ => what.to_owned(),
        };
        world.asked.push(asked);
        if world.silent == Some(what) {
            drop(world);
            // Until its client is gone.
            let _ = wire.read(&mut [0]);
            return;
        }
        (status, if body.is_null() { String::new() } else { body.to_string() })
    };
    // A client that was killed takes no answer.
    let _ = write!(
        wire,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

#[test]
fn a_key_in_public_is_replaced_from_beginning_to_end() {
    let stage = Stage::new();
    let run = stage.execute(&["--out", "x", "--yes"]);
    run.exits_with(0).says("write to Security on call at security@acme.example: openai-key is in public");
    assert_eq!(stage.asked(), ["mint", "accepted: new", "gateway", "delete svc_acct_example", "refused: old"]);
    assert_eq!(stage.text(".env"), format!("# keys of the gateway\nOPENAI_API_KEY={NEW}1\nMODE=normal\n"));
    let inventory = stage.text("runbooks/inventory.yaml");
    assert!(inventory.contains("key_id: svc_acct_new_1") && !inventory.contains("svc_acct_example"), "the next rotation revokes this one");
    let asked = "--namespace chat rollout restart deployment/gateway\n--namespace chat rollout status deployment/gateway --timeout=10m\n";
    assert_eq!(stage.text("kubectl.asked"), asked);
    let events = stage.project.events("x");
    let of = |kind: &str| events.iter().filter_map(|event| event.get(kind).cloned()).collect::<Vec<_>>();
    let (minted, stored, probed) = (of("key_minted"), of("key_stored"), of("key_probed"));
    assert_eq!((&minted[0]["id"], &stored[0]["key"]), (&json!("svc_acct_new_1"), &minted[0]["key"]));
    let said: Vec<_> = probed.iter().map(|probe| (&probe["standing"], &probe["status"])).collect();
    assert_eq!(said, [(&json!("accepted"), &json!(200)), (&json!("refused"), &json!(401))]);
    let report = stage.text("x/report.md");
    assert!(report.starts_with("# rotate-openai: done\n") && !report.contains("## Findings"), "{report}");
    let key = |event: &Value| event["key"].as_str().unwrap().to_owned();
    for said in [
        format!("| a new key, {}, is created (svc\\_acct\\_new\\_1) |", key(&minted[0])),
        format!("| the provider refuses {} (401) |", key(&probed[1])),
    ] {
        assert!(report.contains(&said), "{said}\n{report}");
    }
    stage.keeps_its_secrets(&[&run]);
    // And once more: what the first wrote down is what the second revokes.
    stage.execute(&["--out", "y", "--yes"]).exits_with(0);
    assert_eq!(stage.asked()[5..], ["mint", "accepted: new", "gateway", "delete svc_acct_new_1", "refused: new"]);
}

#[test]
fn a_rehearsal_asks_nobody_to_change_anything() {
    let stage = Stage::new();
    let run = stage.execute(&["--rehearse"]);
    run.exits_with(0).says("2 done, 13 skipped, 0 missing");
    for line in [
        "skipped  step 2 Mint a new key: a rehearsal rotates nothing; the OpenAI project proj_example is declared; it was not tried",
        "skipped  step 4 Store it: a rehearsal rotates nothing; dotenv:.env#OPENAI_API_KEY can be read",
        "skipped  step 5 Restart the gateway: it would change something; its program exists",
        "done     step 7 See that users are served: POST http://127.0.0.1:",
        "skipped  step 10 Revoke the old key: a rehearsal rotates nothing",
    ] {
        run.says(line);
    }
    assert_eq!(stage.asked(), ["gateway"]);
    assert_eq!(stage.text("kubectl.asked"), "--namespace chat rollout status deployment/gateway --timeout=10m\n");
    assert!(stage.text(".env").contains(OLD) && stage.text("runbooks/inventory.yaml").contains("svc_acct_example"));
    assert!(!stage.project.path("executions").exists());
    stage.keeps_its_secrets(&[&run]);
    stage.project.edit("runbooks/inventory.yaml", "admin: \"env:OPENAI_ADMIN_KEY\"", "admin: \"env:NOT_SET_ANYWHERE\"");
    stage.execute(&["--rehearse"]).exits_with(1).says("missing  step 2 Mint a new key").says("NOT_SET_ANYWHERE");
}

#[test]
fn a_key_that_was_minted_and_not_stored_is_named_and_no_second_one_is_minted_silently() {
    let stage = Stage::new();
    stage.silent(Some("accepted"));
    stage.killed_when("rotate-openai", "the new key is tried", |stage| stage.asked().iter().any(|asked| asked == "accepted: new"));
    stage.silent(None);
    let run = stage.resume();
    run.exits_with(1).says("the new key of openai-key, `svc_acct_new_1`, is lost: the process that created it was interrupted");
    run.says("hint: revoke `svc_acct_new_1` at the issuer, then start again without `--resume`");
    let report = stage.text("x/report.md");
    assert!(
        report.contains("the store was not seen to hold the new key, ") && report.contains(", was not seen to be revoked. |"),
        "{report}"
    );
    let minted = |stage: &Stage| stage.asked().iter().filter(|asked| *asked == "mint").count();
    assert_eq!(minted(&stage), 1);
    assert!(stage.text(".env").contains(OLD));
    stage.keeps_its_secrets(&[&run]);
    // As the hint says.
    stage.execute(&["--out", "y", "--yes"]).exits_with(0);
    assert_eq!(minted(&stage), 2);
}

#[test]
fn a_mint_of_which_nobody_knows_the_end_is_asked_about() {
    let stage = Stage::new();
    stage.silent(Some("mint"));
    stage.killed_when("rotate-openai", "a key is asked for", |stage| stage.asked() == ["mint"]);
    stage.silent(None);
    let run = stage.resume();
    run.exits_with(3).says("it is not known whether `Mint a new key` was done");
    assert_eq!(stage.asked(), ["mint"]);
    stage.keeps_its_secrets(&[&run]);
}

#[test]
fn a_key_that_was_stored_is_found_again() {
    let stage = Stage::new();
    let after = "  - name: Write down the new key's name\n";
    let again = "  - name: See that it is still taken\n    rotate: {accepted: \"${param.credential}\"}\n    timeout: 20s\n";
    stage.project.edit("runbooks/rotate-openai.yaml", after, &format!("{again}{after}"));
    stage.project.write("hang", "");
    stage.killed_when("rotate-openai", "the gateway is restarted", |stage| stage.project.path("kubectl.asked").exists());
    std::fs::remove_file(stage.project.path("hang")).unwrap();
    // It goes on with the key in the store, and the old one dies; what nobody has any more cannot be shown to be refused.
    let run = stage.resume();
    run.exits_with(1).says("this process does not know the old key of openai-key").says("ask the provider with the old key by hand");
    assert_eq!(stage.asked(), ["mint", "accepted: new", "gateway", "accepted: new", "delete svc_acct_example"]);
    assert_eq!(stage.world.lock().unwrap().keys.keys().collect::<Vec<_>>(), ["svc_acct_new_1"]);
    stage.keeps_its_secrets(&[&run]);
}

#[test]
fn the_two_slots_of_azure_change_their_parts_each_time() {
    let stage = Stage::new();
    stage.project.write(".env", &format!("AZURE_OPENAI_KEY={OLD}\n"));
    stage.world.lock().unwrap().keys = BTreeMap::from([("Key1".to_owned(), OLD.to_owned()), ("Key2".to_owned(), "nobody's".to_owned())]);
    let run = stage.walk("rotate-azure", &["--out", "x", "--yes"]);
    run.exits_with(0);
    assert_eq!(stage.asked(), ["Key2 anew", "accepted: new", "gateway", "Key1 anew", "refused: old"]);
    let slots = |used: &str, idle: &str| {
        let inventory = stage.text("runbooks/inventory.yaml");
        assert!(inventory.contains(&format!("key_id: {used}\n")) && inventory.contains(&format!("idle: {idle} ")), "{inventory}");
    };
    slots("Key2", "key1");
    assert_eq!(stage.text(".env"), format!("AZURE_OPENAI_KEY={NEW}1\n"));
    stage.keeps_its_secrets(&[&run]);
    stage.walk("rotate-azure", &["--out", "y", "--yes"]).exits_with(0);
    assert_eq!(stage.asked()[5..], ["Key1 anew", "accepted: new", "gateway", "Key2 anew", "refused: new"]);
    slots("Key1", "key2");
}

/// An issuer of three commands, as `runbooks/rotate-with-commands.yaml` says what they print. Keys that live are files below `live`.
const ISSUER: &str = r#"#!/bin/sh
echo "$1" >> issuer.asked
case $1 in
mint) echo new > "live/sk-own-new-9a31c7e0"; echo '{"id": "k-2", "key": "sk-own-new-9a31c7e0"}' ;;
revoke) test "$LIFEBOAT_KEY_ID" = example && rm live/sk-own-old-4be8d215 ;;
probe) read -r key; if [ -e "live/$key" ]; then echo accepted; else echo refused; fi ;;
esac
"#;

#[test]
fn three_commands_stand_for_an_issuer() {
    let stage = Stage::new();
    let project = &stage.project;
    project.write(".env", "OWN_MODELS_KEY=sk-own-old-4be8d215\n").write("live/sk-own-old-4be8d215", "").write("issuer.sh", ISSUER);
    std::fs::set_permissions(project.path("issuer.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    stage.walk("rotate-with-commands", &["--out", "x", "--yes"]).exits_with(0);
    assert_eq!(stage.text("issuer.asked"), "mint\nprobe\nrevoke\nprobe\n");
    assert_eq!(stage.text(".env"), "OWN_MODELS_KEY=sk-own-new-9a31c7e0\n");
    assert!(stage.text("runbooks/inventory.yaml").contains("key_id: k-2\n") && !project.path("live/sk-own-old-4be8d215").exists());
}

#[test]
fn every_runbook_of_an_issuer_can_be_rehearsed() {
    let stage = Stage::new();
    let project = &stage.project;
    let names = ["AZURE_OPENAI_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "OWN_MODELS_KEY"];
    project.write(".env", &names.map(|name| format!("{name}={OLD}\n")).concat()).write("vertex-account.json", "{\"private_key\": \"\"}\n");
    project.write("aws-access-key.json", AccessKey::lasting("AKIAEXAMPLE".into(), OLD.into()).write().expose());
    for program in ["aws", "gcloud"] {
        std::fs::copy(project.path("bin/kubectl"), project.path("bin").join(program)).unwrap();
    }
    project.edit("runbooks/rotate-anthropic.yaml", "https://api.anthropic.com", &stage.address);
    let runbooks = ["azure", "openai", "anthropic", "bedrock", "iam", "google", "with-commands"];
    for runbook in runbooks.map(|name| format!("rotate-{name}")) {
        stage.walk(&runbook, &["--rehearse"]).exits_with(0).says("0 missing");
    }
    assert!(stage.asked().iter().all(|asked| asked == "gateway"), "{:?}", stage.asked());
    assert!(!stage.text("kubectl.asked").contains("restart"), "nothing was changed");
}

/// An IAM that asks everybody who they are, with a user `chat` and somebody who manages it.
async fn iam(moto: &Moto) -> (AccessKey, AccessKey) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = |(id, secret): (String, String)| AccessKey::lasting(id, Secret::new(secret));
    let (manager, old) = (key(moto.user("manager", "*").await), key(moto.user("chat", "bedrock:*").await));
    (manager, old)
}

#[tokio::test]
async fn an_access_key_of_aws_lives_until_it_is_deleted() {
    let moto = Moto::start();
    let (manager, old) = iam(&moto).await;
    moto.asks_who_they_are(true).await;
    let issuer = |manager: AccessKey| AccessKeys::new(&moto.address, &moto.address, "eu-central-1", "chat", manager).unwrap();
    let of_chat = issuer(manager.clone());
    let minted = of_chat.mint().await.unwrap();
    assert_eq!(of_chat.id_of(&minted.value), Some(minted.id.clone()));
    for key in [&minted.value, &old.write()] {
        assert_eq!(of_chat.probe(key).await.unwrap(), Standing::Accepted);
    }
    let third = explained(&of_chat.mint().await.unwrap_err());
    assert!(third.contains("LimitExceeded") && third.contains("one must be deleted before a third"), "{third}");
    // Who only knows the identifier cannot sign, which says nothing of the key.
    let forged = AccessKey { secret: "not/its+secret".into(), ..old.clone() }.write();
    let Standing::Unknown(why) = of_chat.probe(&forged).await.unwrap() else { panic!("a wrong secret proves nothing") };
    assert!(why.starts_with("status 403, SignatureDoesNotMatch"), "{why}");
    of_chat.revoke(&KeyId(old.id.clone())).await.unwrap();
    assert_eq!(of_chat.probe(&old.write()).await.unwrap(), Standing::Refused(403));
    assert_eq!(of_chat.probe(&minted.value).await.unwrap(), Standing::Accepted);
    let again = explained(&of_chat.revoke(&KeyId(old.id.clone())).await.unwrap_err());
    assert!(again.contains("NoSuchEntity"), "{again}");
    // By somebody who may not, or who is nobody any more.
    let denied = lifeboat::units::explained(&issuer(AccessKey::read(&minted.value).unwrap()).mint().await.unwrap_err());
    assert!(denied.contains("AccessDenied") && denied.contains("hint: allow `iam:CreateAccessKey`"), "{denied}");
    let stranger = explained(&issuer(old).mint().await.unwrap_err());
    assert!(stranger.contains("InvalidClientTokenId"), "{stranger}");
    assert!(matches!(of_chat.probe(&"sk-one".into()).await.unwrap(), Standing::Unknown(_)));
}

/// The shipped project with the access key of `chat` in Secrets Manager, before an AWS that asks everybody who they are.
async fn before_aws(moto: &Moto) -> (Stage, AccessKey, AccessKey) {
    let (manager, old) = iam(moto).await;
    moto.call("CreateSecret", &json!({"Name": "chat/aws", "SecretString": old.write().expose()})).await;
    moto.asks_who_they_are(true).await;
    let mut stage = Stage::new();
    let inventory = "runbooks/inventory.yaml";
    stage.project.edit(inventory, "file:aws-access-key.json", "aws-secretsmanager:chat/aws");
    let keys = "access_key_id: \"env:AWS_ACCESS_KEY_ID\", secret_access_key: \"env:AWS_SECRET_ACCESS_KEY\"";
    let (address, store) = (&moto.address, "kind: aws-secretsmanager, region: eu-central-1");
    let stores = format!("\nstores:\n  aws-secretsmanager: {{{store}, address: \"{address}\", {keys}}}\n");
    stage.project.edit(inventory, "\nstores:\n", &stores);
    let issuer = format!("issuer: {{kind: iam, address: \"{address}\", token_service: \"{address}\", ");
    stage.project.edit(inventory, "issuer: {kind: iam, ", &issuer);
    // What somebody wrote down wrongly is not what is deleted.
    stage.project.edit(inventory, "key_id: AKIAEXAMPLE", "key_id: AKIAANOTHERONE");
    let aws = python("secret_stores", "tests/secret_stores/requirements.txt").join("aws");
    std::os::unix::fs::symlink(aws, stage.project.path("bin/aws")).unwrap();
    stage.others = vec![
        ("AWS_ACCESS_KEY_ID", manager.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", manager.secret.expose().to_owned()),
        ("AWS_ENDPOINT_URL", address.clone()),
        ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
    ];
    stage.project.keeps_secrets_in(moto.secrets());
    (stage, manager, old)
}

/// The key that AWS keeps now: the only one of its user, and in nobody's files. The old one is gone.
async fn replaced(moto: &Moto, stage: &Stage, manager: &AccessKey, old: &AccessKey) {
    moto.asks_who_they_are(false).await;
    let kept = moto.call("GetSecretValue", &json!({"SecretId": "chat/aws", "VersionStage": "AWSCURRENT"})).await;
    let kept = AccessKey::read(&kept["SecretString"].as_str().unwrap().into()).unwrap();
    let left = moto.iam("ListAccessKeys", &[("UserName", "chat")]).await;
    assert!(left.contains(&kept.id) && !left.contains(&old.id), "{left}");
    assert!(stage.text("runbooks/inventory.yaml").contains(&format!("key_id: {}\n", kept.id)));
    let secrets =
        [("old", old), ("new", &kept), ("manager", manager)].map(|(whose, key)| (whose.to_owned(), key.secret.expose().to_owned()));
    assert!(Leaks::of(&secrets.into()).below(&stage.project.path("x")).is_empty());
}

#[tokio::test]
async fn the_access_key_of_an_iam_user_is_replaced_from_beginning_to_end() {
    let moto = Moto::start();
    let (stage, manager, old) = before_aws(&moto).await;
    let stage = tokio::task::spawn_blocking(move || {
        let run = stage.walk("rotate-iam", &["--out", "x", "--yes"]);
        run.exits_with(0).says("is refused by AWS; see CloudTrail");
        stage.keeps_its_secrets(&[&run]);
        stage
    });
    let stage = stage.await.unwrap();
    let events = stage.project.events("x");
    let of = |kind: &str| events.iter().filter_map(|event| event.get(kind).cloned()).collect::<Vec<_>>();
    let counted = of("step_finished").into_iter().find(|step| step["step"] == 1).unwrap();
    assert_eq!((&counted["end"], &counted["value"]), (&json!("done"), &json!("1")), "AWS's own command line counts the keys");
    let said: Vec<_> = of("key_probed").iter().map(|probe| (probe["standing"].clone(), probe["status"].clone())).collect();
    assert_eq!(said, [(json!("accepted"), json!(200)), (json!("refused"), json!(403))]);
    replaced(&moto, &stage, &manager, &old).await;
}

#[tokio::test]
async fn an_access_key_names_itself_to_who_goes_on_after_a_crash() {
    let moto = Moto::start();
    let (stage, manager, old) = before_aws(&moto).await;
    let stage = tokio::task::spawn_blocking(move || {
        stage.project.write("hang", "");
        stage.killed_when("rotate-iam", "the gateway is restarted", |stage| stage.project.path("kubectl.asked").exists());
        std::fs::remove_file(stage.project.path("hang")).unwrap();
        // The store holds the new one already. The old one is deleted by what the history knows of it, and nobody has it any more to ask with.
        stage.resume().exits_with(1).says("this process does not know the old key of aws-access-key");
        stage
    });
    let stage = stage.await.unwrap();
    let held: Vec<Value> = stage.project.events("x").iter().filter_map(|event| Some(event.get("key_held")?["id"].clone())).collect();
    assert_eq!(held, [json!(old.id)]);
    let report = stage.text("x/report.md");
    assert!(report.contains(" is revoked | the issuer's answer, ") && report.contains(", so it may still work. |"), "{report}");
    assert!(!report.contains("was not seen to be revoked"), "{report}");
    replaced(&moto, &stage, &manager, &old).await;
}

#[test]
fn what_the_runbook_for_bedrock_asks_aws_is_understood_by_its_command_line() {
    let project = Project::shipped();
    let (open, _) = lifeboat::project::Project::open(&project.path("."));
    let (plan, _) = open.execution(&project.path("runbooks/rotate-bedrock.yaml"), None, None, &BTreeMap::new()).unwrap();
    let of_aws = |step: &lifeboat::model::Step| match &step.action {
        lifeboat::model::Action::Run(run) if run.argv[0] == "aws" => Some(run.argv.clone()),
        _ => None,
    };
    let commands: Vec<Vec<String>> = plan.runbook.steps.iter().filter_map(of_aws).collect();
    assert_eq!(commands.len(), 1);
    // It says what an answer would look like, and asks nobody.
    let aws = python("secret_stores", "tests/secret_stores/requirements.txt").join("aws");
    let output = std::process::Command::new(aws).args(&commands[0][1..]).args(["--generate-cli-skeleton", "output"]).output().unwrap();
    assert!(output.status.success() && output.stdout == b"1\n", "{}", String::from_utf8_lossy(&output.stderr));
}
