//! Where a provider is asked, and with which key.
//!
//! What this file does not do: sign requests; of what an access key signs it says that it cannot be asked so.

use crate::model::{CredentialKind, Dialect, Inventory, Provider};
use crate::secret::{SecretContext, SecretError, held};
use crate::units::{Explained, Secret};
use std::borrow::Cow;

/// A provider that can be asked: its address, its dialect, its key.
#[derive(Debug, Clone)]
pub struct AskedProvider {
    /// Its name in the inventory.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// Scheme, host and path prefix, without a slash at the end.
    pub base_url: String,
    /// Its key; none where the inventory names none. Never printed.
    pub key: Option<Secret>,
    /// The model that is asked for where nobody says another.
    pub model: String,
}

/// Why a provider cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody of that name.
    #[error("there is no provider `{name}` in the inventory")]
    Unknown {
        /// The name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// The inventory does not say where it is.
    #[error("the provider `{name}` has no `base_url`")]
    Nowhere {
        /// The provider.
        name: String,
    },
    /// It is no place that serves models.
    #[error("the provider `{name}` speaks `{dialect}`, and serves no models")]
    NoModels {
        /// The provider.
        name: String,
        /// What it speaks.
        dialect: Dialect,
    },
    /// Requests to it are signed.
    #[error("requests to `{name}` are signed by an access key, and nothing signs questions yet")]
    Signed {
        /// The provider.
        name: String,
    },
    /// Its key cannot be read.
    #[error("the key of `{name}` cannot be read: {source}")]
    Key {
        /// The provider.
        name: String,
        /// Why.
        source: SecretError,
    },
}

impl Explained for AskError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unknown { name, known } => match crate::units::closest(name, known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?").into(),
                None => format!("there are: {}", known.join(", ")).into(),
            },
            Self::Nowhere { name } => format!("say it in runbooks/inventory.yaml: `providers: {{{name}: {{base_url: …}}}}`").into(),
            Self::NoModels { .. } => "ask a provider of another dialect".into(),
            Self::Signed { .. } => "give it a credential of the kind `api-key`, for example a key of Bedrock".into(),
            Self::Key { source, .. } => return source.hint().map(|hint| hint.into_owned().into()),
        })
    }
}

impl AskedProvider {
    /// The provider of this name as the inventory has it; its key is read now.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn of(name: &str, inventory: &Inventory, site: SecretContext<'_>) -> Result<Self, AskError> {
        let provider = inventory
            .providers
            .get(name)
            .ok_or_else(|| AskError::Unknown { name: name.to_owned(), known: inventory.providers.keys().cloned().collect() })?;
        let Provider { dialect, base_url, credential, .. } = provider;
        if matches!(dialect, Dialect::Http | Dialect::Tcp) {
            return Err(AskError::NoModels { name: name.to_owned(), dialect: *dialect });
        }
        let base_url = base_url.as_ref().ok_or_else(|| AskError::Nowhere { name: name.to_owned() })?;
        if inventory.kind_of(provider) == CredentialKind::SigningKey {
            return Err(AskError::Signed { name: name.to_owned() });
        }
        let key = match credential.as_ref().and_then(|credential| inventory.credentials.get(credential)) {
            Some(credential) => Some(held(&credential.from, site).await.map_err(|source| AskError::Key { name: name.to_owned(), source })?),
            None => None,
        };
        Ok(Self {
            name: name.to_owned(),
            dialect: *dialect,
            base_url: base_url.trim_end_matches('/').to_owned(),
            key,
            model: provider.chat_model().to_owned(),
        })
    }
}
