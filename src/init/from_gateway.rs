//! From a gateway's configuration to what a project is begun with.
//!
//! What this file does not do: read the configuration (`gateway`).

use super::beginning::{BegunGateway, BegunProject, BegunProvider, key_variable, named};
use super::well_known::WellKnownProvider;
use crate::gateway::{GatewayHop, GatewaySetup, KeyReference};
use crate::model::{CredentialKind, Dialect, GatewayKind, origin_and_path};
use std::collections::BTreeSet;

/// More providers make a project that nobody reads.
const PROVIDERS_MAX: usize = 12;

/// What a project is begun with. `configuration` is the file's path from the project's root, where it lies below it; `shown` is how people call it.
pub fn from_gateway(setup: &GatewaySetup, configuration: Option<&str>, shown: &str) -> BegunProject {
    let mut warnings: Vec<String> = setup.doubts.clone();
    let mut taken = BTreeSet::new();
    let providers: Vec<BegunProvider> =
        setup.hops.iter().take(PROVIDERS_MAX).map(|hop| provider(hop, shown, &mut taken, &mut warnings)).collect();
    if setup.hops.len() > PROVIDERS_MAX {
        warnings.push(format!("it has {} providers, of which the first {PROVIDERS_MAX} were taken", setup.hops.len()));
    }
    if providers.len() == 1 {
        warnings.push("there is no standby: every outage drill will be missed until the service has a second provider".to_owned());
    }
    let key_from = match &setup.client_key {
        Some(KeyReference::Env(name)) if is_variable(name) => Some(name.clone()),
        Some(_) => {
            warnings
                .push(format!("what its clients send as their key was not taken over from {shown}: put it into the variable GATEWAY_KEY"));
            Some("GATEWAY_KEY".to_owned())
        }
        None => None,
    };
    let sharing = setup.sharing.clamp(1, providers.len().max(1));
    BegunProject {
        service: BegunProject::SERVICE.to_owned(),
        sharing,
        gateway: BegunGateway {
            kind: Some(setup.kind),
            url: reached(setup, providers.first()),
            key_from,
            // `*` is every model.
            model: setup.models.iter().find(|model| !model.contains('*')).filter(|_| !passes_through(setup.kind)).cloned(),
            configuration: configuration.map(str::to_owned),
        },
        providers,
        rto: BegunProject::RTO,
        owner: BegunProject::OWNER.to_owned(),
        from: shown.to_owned(),
        warnings,
    }
}

fn provider(hop: &GatewayHop, shown: &str, taken: &mut BTreeSet<String>, warnings: &mut Vec<String>) -> BegunProvider {
    let base = named(&hop.name, "provider");
    let mut free = (1..1000).map(|count| if count == 1 { base.clone() } else { format!("{base}-{count}") });
    let name = free.find(|name| taken.insert(name.clone())).unwrap_or_default();
    let known = WellKnownProvider::of_dialect(hop.dialect);
    let key = match &hop.key {
        // That variable holds where a file is, or half of what signs: the gateway signs by itself.
        Some(KeyReference::Env(_)) if signs(hop) => None,
        Some(KeyReference::Env(variable)) if is_variable(variable) => Some(format!("env:{variable}")),
        Some(KeyReference::File(path)) => Some(format!("file:{path}")),
        Some(KeyReference::Env(_) | KeyReference::Literal) => {
            let variable = key_variable(&name);
            let place = format!("{shown}:{}", hop.line);
            warnings.push(format!(
                "the key of `{name}` stands in {place} itself, and was not taken over: put it into the variable {variable}, and let the gateway \
                 read it there"
            ));
            Some(format!("env:{variable}"))
        }
        None => None,
    };
    BegunProvider {
        kind: if key.as_ref().is_some_and(|_| signs(hop)) { CredentialKind::SigningKey } else { CredentialKind::ApiKey },
        name,
        dialect: hop.dialect,
        region: hop.region.clone(),
        base_url: hop.base_url.as_deref().and_then(bare),
        base_url_form: known.map_or("https://HOST", |known| known.base_url_form),
        key,
        model: hop.model.clone(),
        line: Some(hop.line),
    }
}

/// True where the key signs requests and is not sent: the file of a service account, and an access key of AWS.
fn signs(hop: &GatewayHop) -> bool {
    let is_account = |variable: &str| variable.contains("APPLICATION_CREDENTIALS") || variable.contains("ACCESS_KEY");
    match (&hop.key, hop.dialect) {
        (Some(KeyReference::Env(variable)), Dialect::Vertex | Dialect::Bedrock) => is_account(variable),
        (Some(KeyReference::File(path)), Dialect::Vertex) => std::path::Path::new(path).extension().is_some_and(|end| end == "json"),
        _ => false,
    }
}

/// An address without who asks and what; `None` where part of it is a variable.
fn bare(url: &str) -> Option<String> {
    let (origin, path) = origin_and_path(url);
    let (scheme, host) = origin.split_once("://")?;
    let host = host.rsplit('@').next().unwrap_or(host);
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let whole = format!("{scheme}://{host}{path}");
    let is_plain = !whole.contains(['$', '{', '}', '"', '\\']) && !host.is_empty() && whole.chars().all(|letter| letter.is_ascii_graphic());
    (matches!(scheme, "http" | "https") && is_plain).then_some(whole)
}

/// True for the name of a variable.
fn is_variable(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && name.chars().all(is_letter)
}

/// True for a gateway that hands requests on as they are, and does not translate between dialects.
pub(super) const fn passes_through(kind: GatewayKind) -> bool {
    matches!(kind, GatewayKind::Envoy | GatewayKind::HaProxy | GatewayKind::Nginx)
}

/// Where users on this host reach it. What is asked of a gateway that passes requests on is what its providers are asked.
fn reached(setup: &GatewaySetup, first: Option<&BegunProvider>) -> String {
    let speaks = first.map_or(Dialect::OpenAi, |first| first.dialect);
    let path = if passes_through(setup.kind) && speaks != Dialect::OpenAi { "" } else { "/v1" };
    let Some((host, port)) = setup.listens.as_deref().and_then(|listens| listens.rsplit_once(':')) else {
        let port = if setup.kind == GatewayKind::Portkey { 8787 } else { 4000 };
        return format!("http://127.0.0.1:{port}{path}");
    };
    let host = if matches!(host, "" | "*" | "0.0.0.0" | "::" | "[::]") { "127.0.0.1" } else { host };
    let scheme = if matches!(port, "443" | "8443") { "https" } else { "http" };
    let usual = matches!((scheme, port), ("http", "80") | ("https", "443"));
    if usual { format!("{scheme}://{host}{path}") } else { format!("{scheme}://{host}:{port}{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(name: &str, key: Option<KeyReference>) -> GatewayHop {
        GatewayHop {
            name: name.into(),
            dialect: Dialect::OpenAi,
            base_url: Some("https://user:hunter2@api.example/v1/?key=hunter2".into()),
            model: None,
            region: None,
            key,
            line: 7,
        }
    }

    #[test]
    fn a_key_that_stands_in_the_file_becomes_a_reference_and_a_warning() {
        let mut setup = GatewaySetup::new(GatewayKind::Nginx);
        setup.hops = vec![hop("first", Some(KeyReference::Literal)), hop("first", Some(KeyReference::Env("B_KEY".into())))];
        (setup.sharing, setup.client_key, setup.listens) = (9, Some(KeyReference::Literal), Some("0.0.0.0:8443".into()));
        let begun = from_gateway(&setup, None, "nginx.conf");
        let keys: Vec<_> = begun.providers.iter().map(|provider| (provider.name.as_str(), provider.key.as_deref().unwrap())).collect();
        assert_eq!(keys, [("first", "env:FIRST_KEY"), ("first-2", "env:B_KEY")]);
        assert_eq!(
            (begun.sharing, begun.gateway.url.as_str(), begun.gateway.key_from.as_deref()),
            (2, "https://127.0.0.1:8443/v1", Some("GATEWAY_KEY"))
        );
        assert!(begun.warnings[0].contains("nginx.conf:7") && begun.warnings[0].contains("FIRST_KEY"), "{:?}", begun.warnings);
        assert_eq!(begun.providers[0].base_url.as_deref(), Some("https://api.example/v1"), "neither who asks nor what");
    }

    #[test]
    fn an_address_is_where_people_on_this_host_reach_it() {
        let at = |kind, listens: &str| {
            let setup = GatewaySetup { listens: Some(listens.to_owned()).filter(|listens| !listens.is_empty()), ..GatewaySetup::new(kind) };
            reached(&setup, None)
        };
        assert_eq!(at(GatewayKind::LiteLlm, ""), "http://127.0.0.1:4000/v1");
        assert_eq!(at(GatewayKind::Portkey, ""), "http://127.0.0.1:8787/v1");
        assert_eq!(at(GatewayKind::HaProxy, "*:80"), "http://127.0.0.1/v1");
        assert_eq!(at(GatewayKind::Envoy, "gw.example:8080"), "http://gw.example:8080/v1");
        assert_eq!(bare("https://$HOST/v1"), None);
    }
}
