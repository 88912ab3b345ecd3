//! From what an inventory says to an issuer.

use super::super::open::key;
use super::super::{SecretContext, SecretError};
use super::{AccessKeys, AzureKeys, BedrockKeys, GoogleKeys, IssuerCommands, KeyIssuer, KeyProbe, OpenAiKeys, Slot};
use crate::model::{AzureSlot, CredentialSource, Issuer as Declared, Provider};
use crate::units::AccessKey;

const IAM: &str = "https://iam.amazonaws.com";

/// The issuer of a credential that this provider takes. Keys of administrators are read now; nothing is asked yet.
///
/// # Errors
/// Where a key is missing, or an address is none.
pub fn open_issuer(
    name: &str,
    declared: &Declared,
    provider: &Provider,
    site: SecretContext<'_>,
) -> Result<Box<dyn KeyIssuer>, SecretError> {
    let probe = || {
        let base_url = provider.base_url.as_deref().unwrap_or_default();
        KeyProbe::of(provider.dialect, base_url, provider.chat_model(), name)
    };
    let at = |address: &Option<String>, own: &str| address.clone().unwrap_or_else(|| own.to_owned());
    let manager = |id: &CredentialSource, secret: &CredentialSource| {
        Ok::<_, SecretError>(AccessKey::lasting(key(id, site)?.expose().to_owned(), key(secret, site)?))
    };
    Ok(match declared {
        Declared::Openai { project, admin, address } => {
            Box::new(OpenAiKeys::new(&at(address, "https://api.openai.com/v1"), project, key(admin, site)?, probe()?)?)
        }
        Declared::Azure { resource, token, idle, address } => {
            let idle = match idle {
                AzureSlot::Key1 => Slot::Key1,
                AzureSlot::Key2 => Slot::Key2,
            };
            Box::new(AzureKeys::new(&at(address, "https://management.azure.com"), resource, key(token, site)?, idle, probe()?)?)
        }
        Declared::Bedrock { user, access_key_id, secret_access_key, address } => {
            let manager = manager(access_key_id, secret_access_key)?;
            Box::new(BedrockKeys::new(&at(address, IAM), user, manager, probe()?)?)
        }
        Declared::Iam { user, access_key_id, secret_access_key, address, token_service, region } => {
            let manager = manager(access_key_id, secret_access_key)?;
            let (iam, sts) = (at(address, IAM), at(token_service, "https://sts.amazonaws.com"));
            Box::new(AccessKeys::new(&iam, &sts, &at(region, "us-east-1"), user, manager)?)
        }
        Declared::Google { account, token, address } => {
            Box::new(GoogleKeys::new(&at(address, "https://iam.googleapis.com"), account, key(token, site)?)?)
        }
        Declared::Command { mint, revoke, probe, pass } => {
            Box::new(IssuerCommands::new(name, [mint, revoke, probe].map(Vec::clone), pass.clone(), site.root))
        }
    })
}
