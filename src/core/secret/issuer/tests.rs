//! Issuers **against recorded shapes** of their documentation: no test can start OpenAI's, Azure's, AWS's or Google's own. The lab's issuer
//! meets a running provider in the room `lab`.

use super::super::tests::{Recorded, secret};
use super::*;
use crate::model::Dialect;
use crate::units::AccessKey;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// A provider that takes one key.
fn provider(key: &'static str, refusal: u16) -> Recorded {
    Recorded::start(move |asked| {
        let taken = asked.headers.values().any(|value| value.trim_start_matches("Bearer ") == key);
        if taken { (200, json!({"choices": []})) } else { (refusal, json!({"error": {"message": "no"}})) }
    })
}

fn probe(server: &Recorded, dialect: Dialect) -> KeyProbe {
    KeyProbe::of(dialect, &server.address, "gpt-4o", "a provider").unwrap()
}

#[tokio::test]
async fn only_a_refusal_that_came_is_one() {
    for dialect in [Dialect::OpenAi, Dialect::AzureOpenAi, Dialect::Anthropic, Dialect::Bedrock, Dialect::Vertex] {
        let (strict, broken) = (provider("sk-one", 403), provider("", 500));
        assert_eq!(probe(&strict, dialect).ask(&secret("sk-one"), "p").await, Standing::Accepted, "{dialect}");
        assert_eq!(probe(&strict, dialect).ask(&secret("sk-two"), "p").await, Standing::Refused(403), "{dialect}");
        assert!(matches!(probe(&broken, dialect).ask(&secret("sk-one"), "p").await, Standing::Unknown(_)), "{dialect}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = KeyProbe::of(Dialect::OpenAi, &format!("http://{nobody}"), "gpt-4o", "p").unwrap();
    assert!(matches!(gone.ask(&secret("sk-one"), "p").await, Standing::Unknown(_)));
}

#[tokio::test]
async fn openai_mints_and_deletes_service_accounts() {
    let server = Recorded::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        _ if asked.headers["authorization"] != "Bearer sk-admin" => {
            (401, json!({"error": {"message": "Incorrect API key provided: sk-wrong"}}))
        }
        ("POST", "/v1/organization/projects/proj_1/service_accounts") => {
            let key =
                json!({"object": "organization.project.service_account.api_key", "value": "sk-new", "name": "Secret Key", "id": "key_1"});
            (200, json!({"object": "organization.project.service_account", "id": "svc_acct_1", "role": "member", "api_key": key}))
        }
        ("DELETE", "/v1/organization/projects/proj_1/service_accounts/svc_acct_1") => {
            (200, json!({"object": "organization.project.service_account.deleted", "id": "svc_acct_1", "deleted": true}))
        }
        _ => (404, json!({"error": {"message": "not found"}})),
    });
    let api = provider("sk-new", 401);
    let issuer =
        |admin: &str| OpenAiKeys::new(&format!("{}/v1", server.address), "proj_1", secret(admin), probe(&api, Dialect::OpenAi)).unwrap();
    let minted = issuer("sk-admin").mint().await.unwrap();
    assert_eq!((minted.id.0.as_str(), &minted.value), ("svc_acct_1", &secret("sk-new")));
    assert!(!format!("{minted:?}").contains("sk-new"));
    assert_eq!(issuer("sk-admin").probe(&minted.value).await.unwrap(), Standing::Accepted);
    assert_eq!(issuer("sk-admin").probe(&secret("sk-old")).await.unwrap(), Standing::Refused(401));
    issuer("sk-admin").revoke(&minted.id).await.unwrap();
    let refused = issuer("sk-wrong").mint().await.unwrap_err().to_string();
    assert!(refused.contains("status 401, Incorrect API key provided: [secret"), "{refused}");
}

#[tokio::test]
async fn azure_makes_the_idle_key_anew() {
    let server = Recorded::start(|asked| {
        let path =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/chat/regenerateKey?api-version=2023-05-01";
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", path));
        match asked.body["keyName"].as_str() {
            Some("Key1") => (200, json!({"key1": "one-new", "key2": "two-old"})),
            Some("Key2") => (200, json!({"key1": "one-old", "key2": "two-new"})),
            _ => (400, json!({"error": {"code": "BadRequest", "message": "keyName"}})),
        }
    });
    let api = provider("two-new", 401);
    let resource = "subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/chat";
    let issuer = AzureKeys::new(&server.address, resource, secret("token"), Slot::Key2, probe(&api, Dialect::AzureOpenAi)).unwrap();
    let minted = issuer.mint().await.unwrap();
    assert_eq!((minted.id.0.as_str(), &minted.value), ("Key2", &secret("two-new")));
    issuer.revoke(&KeyId("Key1".into())).await.unwrap();
    assert!(issuer.revoke(&KeyId("Key3".into())).await.is_err());
    assert_eq!(issuer.probe(&secret("one-old")).await.unwrap(), Standing::Refused(401));
    let slots: Vec<_> = server.asked().iter().map(|asked| asked.body["keyName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(slots, ["Key2", "Key1"]);
}

#[tokio::test]
async fn google_mints_a_file() {
    let server = Recorded::start(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("POST", "/v1/projects/-/serviceAccounts/chat%40p.iam.gserviceaccount.com/keys") => {
            let file = BASE64_STANDARD.encode("{\n  \"type\": \"service_account\",\n  \"private_key\": \"one\\ntwo\"\n}\n");
            (200, json!({"name": "projects/p/serviceAccounts/chat@p.iam.gserviceaccount.com/keys/k1", "privateKeyData": file}))
        }
        ("DELETE", "/v1/projects/p/serviceAccounts/chat%40p.iam.gserviceaccount.com/keys/k1") => (200, json!({})),
        _ => (404, json!({"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}})),
    });
    let issuer = GoogleKeys::new(&server.address, "chat@p.iam.gserviceaccount.com", secret("token")).unwrap();
    let minted = issuer.mint().await.unwrap();
    assert_eq!(minted.value, secret(r#"{  "type": "service_account",  "private_key": "one\ntwo"}"#), "stores take one line");
    issuer.revoke(&minted.id).await.unwrap();
    assert!(matches!(issuer.probe(&minted.value).await.unwrap(), Standing::Unknown(_)));
}

#[tokio::test]
async fn bedrock_keys_are_credentials_of_an_iam_user() {
    // IAM answers in XML.
    let server = Recorded::text(|asked| {
        assert!(asked.headers["authorization"].contains("/us-east-1/iam/aws4_request"), "{:?}", asked.headers);
        let xml = |body: &str| format!("<R xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">{body}</R>");
        match asked.text.as_str() {
            "Action=CreateServiceSpecificCredential&Version=2010-05-08&UserName=chat&ServiceName=bedrock.amazonaws.com" => {
                let fields = "<ServiceCredentialSecret>ABSK-new</ServiceCredentialSecret><ServiceSpecificCredentialId>ACCA1</ServiceSpecificCredentialId>";
                (200, xml(&format!("<ServiceSpecificCredential>{fields}</ServiceSpecificCredential>")))
            }
            "Action=DeleteServiceSpecificCredential&Version=2010-05-08&UserName=chat&ServiceSpecificCredentialId=ACCA1" => (200, xml("")),
            _ => (404, xml("<Error><Code>NoSuchEntity</Code><Message>no such credential</Message></Error>")),
        }
    });
    let api = provider("ABSK-new", 403);
    let manager = AccessKey::lasting("AKIAEXAMPLE".into(), secret("an-example-of-a-secret-key"));
    let issuer = BedrockKeys::new(&server.address, "chat", manager, probe(&api, Dialect::Bedrock)).unwrap();
    let minted = issuer.mint().await.unwrap();
    assert_eq!((minted.id.0.as_str(), &minted.value), ("ACCA1", &secret("ABSK-new")));
    issuer.revoke(&minted.id).await.unwrap();
    let gone = issuer.revoke(&KeyId("ACCA2".into())).await.unwrap_err().to_string();
    assert!(gone.contains("NoSuchEntity: no such credential"), "{gone}");
    assert_eq!(issuer.probe(&secret("ABSK-old")).await.unwrap(), Standing::Refused(403));
}

#[tokio::test]
async fn any_issuer_is_three_commands() {
    let folder = tempfile::tempdir().unwrap();
    let shell = |script: &str| vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    let probe = "read -r key; case $key in sk-new) echo accepted;; sk-old) echo refused;; *) echo '?'; exit 3;; esac";
    let mint = r#"echo '{"id": "k1", "key": "sk-new"}'"#;
    let revoke = "printf %s \"$LIFEBOAT_KEY_ID\" > revoked";
    let issuer = IssuerCommands::new("own", [mint, revoke, probe].map(shell), Vec::new(), folder.path());
    let minted = issuer.mint().await.unwrap();
    issuer.revoke(&minted.id).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("revoked")).unwrap(), "k1");
    assert_eq!(issuer.probe(&minted.value).await.unwrap(), Standing::Accepted);
    assert_eq!(issuer.probe(&secret("sk-old")).await.unwrap(), Standing::Refused(401));
    assert!(matches!(issuer.probe(&secret("sk-other")).await.unwrap(), Standing::Unknown(_)));
}
