//! Rotations: what a step does of one, and who mints and revokes a credential.

use super::reader::Reader;
use super::step::argv;
use super::store;
use super::tree::Node;
use crate::model::{AzureSlot, Issuer, Rotate, RotationPart};

/// `{mint: azure-key}`, `{take: anthropic-key, from: "env:SPARE"}`.
pub(super) fn rotate(reader: &Reader<'_>, node: &Node) -> Option<Rotate> {
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
pub(super) fn issuer(reader: &Reader<'_>, node: &Node) -> Option<Issuer> {
    let fields = reader.fields(node, "an issuer")?;
    let kind = fields.required("kind", &|reader, node| {
        reader.word(node, Issuer::WORDS, |text| Issuer::WORDS.iter().copied().find(|word| *word == text))
    })?;
    let words = |name| fields.required(name, &|reader, node| reader.words(node));
    let key = |name| fields.required(name, &store::key);
    let address = || fields.optional("address", &|reader, node| reader.url(node));
    let issuer = match kind {
        "openai" => {
            let (project, admin, address) = (words("project"), key("admin"), address());
            project.zip(admin).map(|(project, admin)| Issuer::Openai { project, admin, address })
        }
        "azure" => {
            let (resource, token, address) = (words("resource"), key("token"), address());
            let idle = fields.required("idle", &|reader, node| reader.word(node, AzureSlot::WORDS, AzureSlot::from_word));
            resource.zip(token).zip(idle).map(|((resource, token), idle)| Issuer::Azure { resource, token, idle, address })
        }
        "bedrock" => {
            let (user, id, secret, address) = (words("user"), key("access_key_id"), key("secret_access_key"), address());
            user.zip(id).zip(secret).map(|((user, access_key_id), secret_access_key)| Issuer::Bedrock {
                user,
                access_key_id,
                secret_access_key,
                address,
            })
        }
        "google" => {
            let (account, token, address) = (words("account"), key("token"), address());
            account.zip(token).map(|(account, token)| Issuer::Google { account, token, address })
        }
        _ => {
            let command = |name| fields.required(name, &argv);
            let (mint, revoke, probe) = (command("mint"), command("revoke"), command("probe"));
            mint.zip(revoke).zip(probe).map(|((mint, revoke), probe)| Issuer::Command { mint, revoke, probe })
        }
    };
    fields.finish();
    issuer
}
