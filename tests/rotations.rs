//! The breach drill: a key is revoked at its issuer, and a runbook mints, stores and deploys another. In the lab; with a Vault and a Secrets
//! Manager of others as the store; with a real LiteLLM as the gateway.

use crate::support::{Moto, Project, Vault};
use serde_json::{Value, json};

/// Events of a kind, in order.
fn all<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter_map(|event| event.get(kind)).collect()
}

/// The shipped project with the primary's key in a store.
fn keeping(from: &str, stores: &str) -> Project {
    let project = Project::shipped();
    project.edit("runbooks/inventory.yaml", "from: \"dotenv:.env#AZURE_OPENAI_KEY\"", &format!("from: \"{from}\""));
    project.edit("runbooks/inventory.yaml", "\nstores:\n", &format!("\nstores:\n  {stores}\n"));
    let store = stores.split(':').next().unwrap();
    project.edit("runbooks/inventory.yaml", "allow: {stores: [\"dotenv:.env\"]}", &format!("allow: {{stores: [{store}]}}"));
    project
}

/// Runs the drill and asserts what is true of it wherever the key is kept: the moments in their order, each from what saw it.
fn revoked_and_replaced(project: &Project, environment: &str) -> Vec<Value> {
    let arguments = ["run", "scenarios/key-revoked.yaml", "--env", environment, "--seed", "2a", "--out", "drill", "--yes"];
    project.write(".env", "OPENAI_API_KEY=sk-the-standbys-key\n");
    project.lifeboat(&arguments).exits_with(0).says("met");
    let events = project.events("drill");
    let of_azure = |kind: &str| all(&events, kind).into_iter().filter(|event| event["credential"] == "azure-key").collect::<Vec<_>>();
    let (held, revoked, minted, stored) = (of_azure("key_held"), of_azure("key_revoked"), of_azure("key_minted"), of_azure("key_stored"));
    assert_eq!([held.len(), revoked.len(), minted.len(), stored.len()], [1, 1, 1, 1]);
    let (old, new) = (&held[0]["key"], &minted[0]["key"]);
    assert_ne!(old, new);
    assert_eq!((&revoked[0]["key"], &stored[0]["key"]), (old, new), "what is read back from the store is what was minted");
    let served: Vec<&Value> = all(&events, "served").into_iter().filter(|served| served["by"] == "azure-swedencentral").collect();
    let moment = |served: &&&Value| served["at"].as_u64().unwrap();
    let bearing = |key: &Value| served.iter().filter(|served| served["key"] == *key).collect::<Vec<_>>();
    let refused = served.iter().find(|served| matches!(served["status"].as_u64(), Some(401 | 403))).expect("the old key is refused");
    assert_eq!(&refused["key"], old);
    let (last_old, first_new) = (bearing(old).iter().map(moment).max().unwrap(), bearing(new).iter().map(moment).min().unwrap());
    // It may be refused before the issuer has said that it is.
    // What was asked just before is refused as well, for its answer comes after.
    let answered = refused["at"].as_u64().unwrap() + refused["took"].as_u64().unwrap();
    let (t0, t1) = (revoked[0]["lo"].as_u64().unwrap(), answered);
    assert!(t0 <= t1 && last_old < first_new, "{t0} {t1} {last_old} {first_new}");
    assert!(stored[0]["hi"].as_u64().unwrap() < first_new && first_new - t0 < 10_000_000_000);
    let probes: Vec<&Value> = of_azure("key_probed").into_iter().filter(|probe| probe["last"] == true).collect();
    let said: Vec<(&Value, &str)> = probes.iter().map(|probe| (&probe["key"], probe["standing"].as_str().unwrap())).collect();
    assert_eq!(said, [(new, "accepted"), (old, "refused")]);
    assert_eq!(probes[1]["status"], 401);
    events
}

#[test]
fn a_key_is_revoked_and_replaced_within_the_rto() {
    revoked_and_replaced(&Project::shipped(), "lab");
}

#[tokio::test]
async fn a_vault_keeps_the_key_that_replaces_a_revoked_one() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let place = Project::empty();
    let vault = Vault::start(&place).await;
    vault.call("POST", "secret/chat/azure", &json!({"key": "sk-the-first-key", "user": "gateway"})).await;
    let project = keeping(
        "vault:secret/chat/azure#key",
        &format!("vault: {{kind: vault, address: \"{}\", login: {{token: \"file:vault.token\"}}}}", vault.address),
    );
    project.write("vault.token", &vault.token).keeps_secrets_in(vault.secrets());
    let events = tokio::task::spawn_blocking(move || revoked_and_replaced(&project, "lab-stores")).await.unwrap();
    let whole = vault.call("GET", "secret/chat/azure", &Value::Null).await;
    let key = whole["data"]["key"].as_str().unwrap();
    assert!(key == "sk-the-first-key" && whole["data"]["user"] == "gateway", "it is as it was, and so is the field beside it");
    assert!(!events.iter().any(|event| event.to_string().contains(key)));
    assert!(
        events
            .iter()
            .any(|event| event["remark"]["text"] == "the store vault:secret/chat/azure#key was restored to what it held before the drill")
    );
}

/// The shipped project with the primary's key in moto's Secrets Manager.
async fn kept_by(moto: &Moto) -> Project {
    let first = json!({"key": "sk-the-first-key", "user": "gateway"}).to_string();
    moto.call("CreateSecret", &json!({"Name": "chat/azure", "SecretString": first})).await;
    let project = keeping(
        "aws-secretsmanager:chat/azure#key",
        &format!(
            "aws-secretsmanager: {{kind: aws-secretsmanager, region: eu-central-1, address: \"{}\", \
             access_key_id: \"file:aws.id\", secret_access_key: \"file:aws.secret\"}}",
            moto.address
        ),
    );
    project.write("aws.id", "AKIAOFTHISSTOREALONE").write("aws.secret", "an-example-of-a-secret-key").keeps_secrets_in(moto.secrets());
    project
}

/// The labels of all versions, as AWS shows them.
async fn stages(moto: &Moto) -> String {
    moto.call("DescribeSecret", &json!({"SecretId": "chat/azure"})).await["VersionIdsToStages"].to_string()
}

#[tokio::test]
async fn a_secrets_manager_keeps_it_in_four_steps() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let moto = Moto::start();
    let project = kept_by(&moto).await;
    project.edit("scenarios/key-revoked.yaml", "runbooks/rotate-key.yaml", "runbooks/rotate-key-in-four-steps.yaml");
    let events = tokio::task::spawn_blocking(move || revoked_and_replaced(&project, "lab-stores")).await.unwrap();
    let whole = moto.call("GetSecretValue", &json!({"SecretId": "chat/azure", "VersionStage": "AWSCURRENT"})).await;
    let whole: Value = serde_json::from_str(whole["SecretString"].as_str().unwrap()).unwrap();
    assert!(whole["key"] == "sk-the-first-key" && whole["user"] == "gateway", "it is as it was, and so is the field beside it");
    let stages = stages(&moto).await;
    assert!(stages.contains("AWSPREVIOUS") && !stages.contains("AWSPENDING"), "{stages}");
    assert!(!events.iter().any(|event| event.to_string().contains(whole["key"].as_str().unwrap())));
}

#[tokio::test]
async fn a_rotation_that_dies_half_way_is_stuck_in_a_secrets_manager_too() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let moto = Moto::start();
    let project = kept_by(&moto).await;
    project.write(".env", "OPENAI_API_KEY=sk-the-standbys-key\n");
    let (verdict, events) = tokio::task::spawn_blocking(move || {
        let scenario = "scenarios/credentials/rotation-dies-half-way.yaml";
        project.lifeboat(&["run", scenario, "--env", "lab-stores", "--seed", "2a", "--out", "drill", "--yes"]).exits_with(1).says("missed");
        (project.json("drill/verdict.json"), project.events("drill"))
    })
    .await
    .unwrap();
    assert_eq!(verdict["verdict"], "missed");
    assert!(all(&events, "key_stored").is_empty() && all(&events, "key_minted").len() == 2, "two were made, and none is current");
    let told = all(&events, "step_finished").into_iter().filter(|step| step["end"] == "failed").filter_map(|step| step["output"].as_str());
    assert!(told.into_iter().any(|output| output.contains("a rotation was started and not finished")), "{events:?}");
    let stages = stages(&moto).await;
    assert!(stages.contains("AWSCURRENT") && !stages.contains("AWSPENDING"), "what the drill staged is taken back at its end: {stages}");
}
