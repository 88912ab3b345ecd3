//! Rotations: what a step does of one, who mints and revokes a credential, and steps that cannot work because an issuer or a store cannot.

use super::command::argv;
use super::document::SourceDocument;
use super::finding::Finding;
use super::reader::TreeReader;
use super::runbook_file::RunbookFile;
use super::store;
use super::tree::Node;
use crate::model::{Action, AzureSlot, Credential, CredentialSource, Inventory, Issuer, Rotate, RotationPart, Runbook, SecretStore};
use std::collections::BTreeMap;

/// `{mint: azure-key}`, `{take: anthropic-key, from: "env:SPARE"}`.
pub(super) fn rotate(reader: &TreeReader<'_>, node: &Node) -> Option<Rotate> {
    let fields = reader.fields(node, "a part of a rotation")?;
    let word = fields.exactly_one(RotationPart::WORDS);
    let credential = word.and_then(|word| fields.optional(word, &|reader, node| reader.name(node)));
    let part = word.and_then(RotationPart::from_word);
    let from = match part {
        Some(RotationPart::Take) => fields.required("from", &store::source),
        _ => None,
    };
    fields.finish();
    Some(Rotate { part: part?, credential: credential?, from })
}

/// `{kind: openai, project: …, admin: "env:NAME"}`.
pub(super) fn issuer(reader: &TreeReader<'_>, node: &Node) -> Option<Issuer> {
    let fields = reader.fields(node, "an issuer")?;
    let kind = fields.required("kind", &|reader, node| {
        reader.word(node, Issuer::WORDS, |text| Issuer::WORDS.iter().copied().find(|word| *word == text))
    })?;
    let words = |name| fields.required(name, &|reader, node| reader.words(node));
    let key = |name| fields.required(name, &store::key);
    let url = |name| fields.optional(name, &|reader, node| reader.url(node));
    let issuer = match kind {
        "openai" => {
            let (project, admin, address) = (words("project"), key("admin"), url("address"));
            project.zip(admin).map(|(project, admin)| Issuer::Openai { project, admin, address })
        }
        "azure" => {
            let (resource, token, address) = (words("resource"), key("token"), url("address"));
            let idle = fields.required("idle", &|reader, node| reader.word(node, AzureSlot::WORDS, AzureSlot::from_word));
            resource.zip(token).zip(idle).map(|((resource, token), idle)| Issuer::Azure { resource, token, idle, address })
        }
        "bedrock" | "iam" => {
            let (user, id, secret, address) = (words("user"), key("access_key_id"), key("secret_access_key"), url("address"));
            let (token_service, region) = match kind {
                "iam" => (url("token_service"), fields.optional("region", &|reader, node| reader.words(node))),
                _ => (None, None),
            };
            user.zip(id).zip(secret).map(|((user, access_key_id), secret_access_key)| match kind {
                "iam" => Issuer::Iam { user, access_key_id, secret_access_key, address, token_service, region },
                _ => Issuer::Bedrock { user, access_key_id, secret_access_key, address },
            })
        }
        "google" => {
            let (account, token, address) = (words("account"), key("token"), url("address"));
            account.zip(token).map(|(account, token)| Issuer::Google { account, token, address })
        }
        _ => {
            let command = |name| fields.required(name, &argv);
            let (mint, revoke, probe) = (command("mint"), command("revoke"), command("probe"));
            let pass = fields.optional("pass", &super::command::pass).unwrap_or_default();
            mint.zip(revoke).zip(probe).map(|((mint, revoke), probe)| Issuer::Command { mint, revoke, probe, pass })
        }
    };
    fields.finish();
    issuer
}

/// Steps that cannot work where keys are in the inventory's stores and, if `real`, made by its issuers.
pub(super) fn impossible(file: &RunbookFile, inventory: &Inventory, real: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, step) in file.runbook.steps.iter().enumerate() {
        let actions = [(&["rotate"][..], Some(&step.action)), (&["undo", "rotate"][..], step.undo.as_ref())];
        for (keys, action) in actions {
            let Some(Action::Rotate(rotate)) = action else { continue };
            let Some(credential) = inventory.credentials.get(&rotate.credential) else { continue };
            let of_issuer = if real { unissued(rotate, credential, inventory) } else { None };
            if let Some((message, hint)) = of_issuer.or_else(|| unkept(rotate.part, &credential.from, &inventory.stores)) {
                found.push(file.error(place, &[keys, &[rotate.part.word()]].concat(), message, hint));
            }
        }
    }
    found
}

/// What is missing at the issuer's side.
fn unissued(rotate: &Rotate, credential: &Credential, inventory: &Inventory) -> Option<(String, String)> {
    let name = &rotate.credential;
    if !rotate.part.needs_issuer() {
        None
    } else if credential.issuer.is_none() {
        let hint = format!(
            "add `issuer: {{kind: …}}` to it in the inventory; kinds are {}",
            super::vocabulary::listed(Issuer::WORDS.iter().copied())
        );
        Some((format!("it is not known who issues and revokes `{name}`"), hint))
    } else if !inventory.providers.values().any(|provider| provider.credential.as_ref() == Some(name)) {
        let hint = format!("add `credential: {name}` to the provider that takes it");
        Some((format!("no provider takes `{name}`, so nobody can be asked whether it lives"), hint))
    } else if rotate.part == RotationPart::Revoke
        && credential.key_id.is_none()
        && !credential.issuer.as_ref().is_some_and(Issuer::names_by_the_key)
    {
        let hint = "add `key_id: …` to the credential in the inventory".to_owned();
        Some((format!("the issuer's name for the key of `{name}` that is in use is not known"), hint))
    } else {
        None
    }
}

/// What the store cannot do.
fn unkept(part: RotationPart, from: &CredentialSource, stores: &BTreeMap<String, SecretStore>) -> Option<(String, String)> {
    let changes = matches!(part, RotationPart::Store | RotationPart::Stage | RotationPart::Commit | RotationPart::Rollback);
    let says = |what: &str, hint: &str| Some((format!("`{from}` cannot {what}"), hint.to_owned()));
    match from {
        _ if !changes => None,
        CredentialSource::Env(_) => {
            says("be changed: no program can change another's environment", "keep the key in `dotenv:PATH#NAME` or in a store")
        }
        CredentialSource::Command { store } if matches!(stores.get(store), Some(SecretStore::Command { write: None, .. })) => {
            says("be written: its store has no command for that", "add `write: […]` to the store in the inventory")
        }
        CredentialSource::AwsSecretsManager { .. } => None,
        _ if matches!(part, RotationPart::Stage | RotationPart::Commit) => {
            says("hold a key beside the current one", "let one step `store` it, or keep it in `aws-secretsmanager:NAME#FIELD`")
        }
        CredentialSource::Vault { .. } => None,
        _ if part == RotationPart::Rollback => {
            says("go back to an older key", "take the step away; an old key is in nobody's hands once it was written over")
        }
        _ => None,
    }
}

/// True where a runbook rotates credentials, and none of them is this one.
pub(super) fn rotates_others(runbook: &Runbook, credential: &str) -> bool {
    let rotated = || runbook.steps.iter().filter_map(|step| if let Action::Rotate(rotate) = &step.action { Some(rotate) } else { None });
    rotated().next().is_some() && rotated().all(|rotate| rotate.credential != credential)
}

/// An error where the slot that is in use would be the one that is made anew.
pub(super) fn one_slot(document: &SourceDocument, id: &str, credential: &Credential) -> Option<Finding> {
    let (Some(Issuer::Azure { idle, .. }), Some(used)) = (&credential.issuer, &credential.key_id) else { return None };
    let same = idle.word().eq_ignore_ascii_case(used);
    let message = format!("`{used}` is in use and idle at once: it would be replaced while it is used");
    same.then(|| document.error(&["credentials", id, "issuer", "idle"], message, "name the other slot here, or in `key_id`"))
}
