//! From what an inventory says to an issuer.

use super::super::open::key;
use super::super::{SecretError, Site};
use super::{AzureKeys, BedrockKeys, GoogleKeys, Issuer, IssuerCommands, OpenAiKeys, Probe, Slot};
use crate::model::{AzureSlot, Issuer as Declared, Provider};

/// The issuer of a credential that this provider takes. Keys of administrators are read now; nothing is asked yet.
///
/// # Errors
/// Where a key is missing, or an address is none.
pub fn open_issuer(name: &str, declared: &Declared, provider: &Provider, site: Site<'_>) -> Result<Box<dyn Issuer>, SecretError> {
    let probe = || {
        let base_url = provider.base_url.as_deref().unwrap_or_default();
        Probe::of(provider.dialect, base_url, provider.chat_model(), name)
    };
    let at = |address: &Option<String>, own: &str| address.clone().unwrap_or_else(|| own.to_owned());
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
            let access_key = (key(access_key_id, site)?, key(secret_access_key, site)?);
            Box::new(BedrockKeys::new(&at(address, "https://iam.amazonaws.com"), user, access_key, probe()?)?)
        }
        Declared::Google { account, token, address } => {
            Box::new(GoogleKeys::new(&at(address, "https://iam.googleapis.com"), account, key(token, site)?)?)
        }
        Declared::Command { mint, revoke, probe } => {
            Box::new(IssuerCommands::new(name, mint.clone(), revoke.clone(), probe.clone(), site.root))
        }
    })
}
