//! What is known of a system before it has a project: one service, who serves it, the gateway before them, what is promised, whose it is.

use super::well_known::WellKnownProvider;
use crate::model::{CredentialKind, Dialect, GatewayKind, origin_and_path};
use crate::units::Duration;

/// What a project is begun with.
#[derive(Debug, Clone, PartialEq)]
pub struct BegunProject {
    /// The service's name.
    pub service: String,
    /// Who serves, in order of preference; never empty.
    pub providers: Vec<BegunProvider>,
    /// How many of the first share the load.
    pub sharing: usize,
    /// What stands before them.
    pub gateway: BegunGateway,
    /// Within which time users must be served again.
    pub rto: Duration,
    /// Whose service it is, as people call them.
    pub owner: String,
    /// What it was read from, for people.
    pub from: String,
    /// What people should know of it, one sentence each.
    pub warnings: Vec<String>,
}

/// A provider that a project is begun with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunProvider {
    /// Its name in the inventory.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// Its region.
    pub region: Option<String>,
    /// Where it answers, where that is known.
    pub base_url: Option<String>,
    /// How that looks, for people to fill in.
    pub base_url_form: &'static str,
    /// Where its key is: a reference as `from:` has it.
    pub key: Option<String>,
    /// What that key is.
    pub kind: CredentialKind,
    /// The model that it is asked for.
    pub model: Option<String>,
    /// The line of the configuration in which it begins.
    pub line: Option<usize>,
}

/// The gateway that a project is begun with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunGateway {
    /// Which one; `None` where nobody said.
    pub kind: Option<GatewayKind>,
    /// Where its users reach it.
    pub url: String,
    /// The variable that holds what its users send as their key.
    pub key_from: Option<String>,
    /// What its users call the model.
    pub model: Option<String>,
    /// Its configuration, as a path from the project's root; `None` where it lies elsewhere.
    pub configuration: Option<String>,
}

impl BegunProvider {
    /// One that is known by its name, with its key in a variable.
    pub(super) fn of_known(known: &WellKnownProvider, key: Option<String>) -> Self {
        Self {
            name: known.name.to_owned(),
            dialect: known.dialect,
            region: None,
            base_url: known.base_url.map(str::to_owned),
            base_url_form: known.base_url_form,
            key,
            kind: CredentialKind::ApiKey,
            model: Some(known.model.to_owned()),
            line: None,
        }
    }

    /// The name of its key in the inventory: that of the variable or of the file, in the form of names.
    pub(super) fn credential(&self) -> Option<String> {
        let place = self.key.as_deref()?.split_once(':')?.1;
        let last = place.rsplit(['#', '/']).next().unwrap_or(place);
        Some(named(last, "key"))
    }

    /// True where it is asked for no model.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self.dialect, Dialect::Http | Dialect::Tcp)
    }
}

impl BegunProject {
    /// The usual service.
    pub(super) const SERVICE: &str = "chat";
    /// The usual owner.
    pub(super) const OWNER: &str = "On call";
    /// The usual promise.
    pub(super) const RTO: Duration = Duration::from_secs(10);

    /// The name of the environment in which the real gateway is drilled.
    pub const REAL: &str = "staging";

    /// The scenario to play first, from the project's root.
    pub const FIRST_SCENARIO: &str = "scenarios/primary-is-silent.yaml";

    /// The same without keys that would go to another host in clear text, where everybody on the way could read them; each with a warning.
    #[must_use]
    pub fn without_clear_text(mut self) -> Self {
        for provider in &mut self.providers {
            if provider.key.is_some() && provider.base_url.as_deref().is_some_and(is_clear) {
                provider.key = None;
                self.warnings.push(format!(
                    "the key of `{}` would go over the network in clear text, and was left out: add `credential:` once its `base_url` begins with https",
                    provider.name
                ));
            }
        }
        if self.gateway.key_from.is_some() && is_clear(&self.gateway.url) {
            self.gateway.key_from = None;
            self.warnings.push(
                "the key of the gateway's clients would go over the network in clear text, and was left out: add `key_from:` once its `url` begins \
                 with https"
                    .to_owned(),
            );
        }
        self
    }

    /// Those that serve when the first do not.
    pub(super) fn standbys(&self) -> &[BegunProvider] {
        &self.providers[self.sharing.clamp(1, self.providers.len())..]
    }

    /// The provider that is broken by the scenarios.
    pub(super) fn primary(&self) -> &BegunProvider {
        &self.providers[0]
    }

    /// True where there is somebody to move to.
    pub(super) fn has_other(&self) -> bool {
        self.providers.len() > 1
    }

    /// True where users ask for no model.
    pub(super) fn is_plain(&self) -> bool {
        self.primary().is_plain()
    }

    /// The owner's name in the inventory.
    pub(super) fn owner_id(&self) -> String {
        named(self.owner.split('@').next().unwrap_or_default(), "owner")
    }
}

/// True for an address on another host without TLS.
pub(super) fn is_clear(url: &str) -> bool {
    let (origin, _) = origin_and_path(url);
    let Some(host) = origin.strip_prefix("http://") else { return false };
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    !(host == "localhost" || host.ends_with(".localhost") || host == "::1" || host.starts_with("127."))
}

/// A text as the name of something in an inventory: small letters, digits and dashes.
pub(super) fn named(text: &str, otherwise: &str) -> String {
    let plain: String = text.to_lowercase().chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let name: String = parts.join("-").chars().take(60).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { otherwise.to_owned() } else { name.to_owned() }
}

/// The usual variable for the key of something of this name.
pub(super) fn key_variable(name: &str) -> String {
    let plain = named(name, "provider").to_uppercase().replace('-', "_");
    if plain.starts_with(|first: char| first.is_ascii_digit()) { format!("PROVIDER_{plain}_KEY") } else { format!("{plain}_KEY") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_clear_on_another_host_without_tls() {
        assert!(["http://gpu.example:8000/v1", "http://10.0.0.7"].into_iter().all(is_clear));
        assert!(!["https://gpu.example", "http://127.0.0.1:4000/v1", "http://localhost", "http://[::1]:80"].into_iter().any(is_clear));
    }

    #[test]
    fn names_and_variables_are_made_of_any_text() {
        assert_eq!(named("OPENAI_API_KEY", "x"), "openai-api-key");
        assert_eq!(named("  Ann Lee (on call) ", "x"), "ann-lee-on-call");
        assert_eq!(named("???", "owner"), "owner");
        assert_eq!(key_variable("azure-sweden.central"), "AZURE_SWEDEN_CENTRAL_KEY");
        assert_eq!(key_variable("10.0.0.7"), "PROVIDER_10_0_0_7_KEY");
    }
}
