//! Where a provider is asked, and with which key.
//!
//! What this file does not do: put what proves who asks into a request (`proof`).

use super::proof::{RequestProof, region_of_host};
use crate::model::{CredentialKind, Dialect, Inventory, Provider};
use crate::secret::issuer::google_token;
use crate::secret::{SecretContext, SecretError, held};
use crate::units::{AccessKey, Explained, Secret};
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
    /// How a request proves who sends it.
    pub proof: RequestProof,
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
    /// Requests to it are signed, and its key signs nothing.
    #[error("requests to `{name}` are signed, and its key is neither an access key of AWS nor the file of a Google account")]
    Signed {
        /// The provider.
        name: String,
    },
    /// Its key is shown to get a token, and gets none.
    #[error("the key of `{name}` gets no token: {why}")]
    NoToken {
        /// The provider.
        name: String,
        /// Why.
        why: String,
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
            Self::Signed { .. } => {
                "keep it as `{\"AccessKeyId\": …, \"SecretAccessKey\": …}`, or give it a credential of the kind `api-key`".into()
            }
            Self::NoToken { .. } => "see whether the account and its key are there, and this host's clock is right".into(),
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
        let key = match credential.as_ref().and_then(|credential| inventory.credentials.get(credential)) {
            Some(credential) => Some(held(&credential.from, site).await.map_err(|source| AskError::Key { name: name.to_owned(), source })?),
            None => None,
        };
        let asked = Self::at(name, *dialect, base_url, key, provider.chat_model());
        asked.proven(inventory.kind_of(provider), provider.region.as_deref()).await
    }

    /// Whoever answers at this address, with a key that is sent as its dialect has it.
    pub fn at(name: &str, dialect: Dialect, base_url: &str, key: Option<Secret>, model: &str) -> Self {
        let base_url = base_url.trim_end_matches('/').to_owned();
        Self { name: name.to_owned(), dialect, base_url, key, model: model.to_owned(), proof: RequestProof::Key }
    }

    /// What is a key file signs, or gets a token; what is a token already is sent as one. The key itself then goes nowhere.
    async fn proven(mut self, kind: CredentialKind, region: Option<&str>) -> Result<Self, AskError> {
        let Some(key) = self.key.clone() else { return Ok(self) };
        let name = || self.name.clone();
        if self.dialect == Dialect::Bedrock
            && let Some(access_key) = AccessKey::read(&key)
        {
            let region = region.map(str::to_owned).or_else(|| region_of_host(&self.base_url)).unwrap_or_else(|| "us-east-1".to_owned());
            (self.key, self.proof) = (None, RequestProof::Signature { key: access_key, region });
            return Ok(self);
        }
        if self.dialect == Dialect::Vertex
            && let Some(token) = google_token(&key, &format!("the key of {}", self.name)).await
        {
            let token = token.map_err(|why| AskError::NoToken { name: name(), why })?;
            (self.key, self.proof) = (None, RequestProof::Token(token));
            return Ok(self);
        }
        match kind {
            CredentialKind::SigningKey => Err(AskError::Signed { name: name() }),
            CredentialKind::OauthToken => {
                (self.key, self.proof) = (None, RequestProof::Token(key));
                Ok(self)
            }
            CredentialKind::ApiKey => Ok(self),
        }
    }
}
