//! Keys that would go over the network in clear text, where everybody on the way reads them: `http://` to another host than this one. A
//! warning and no error: the way may be a tunnel, or a network that nobody else is on.
//!
//! What this file does not do: look at addresses whose host is a variable, which only a drill knows.

use super::finding::Finding;
use super::opened_project::Project;
use super::runbook_file::RunbookFile;
use crate::model::{Action, Channel, HttpCall, SecretStore, origin_and_path};
use core::net::IpAddr;

const HINT: &str = "begin it with `https://`, or let it go through a tunnel that ends on this host";

/// Of one runbook.
pub(super) fn of_runbook(file: &RunbookFile) -> Vec<Finding> {
    let mut found = Vec::new();
    for (place, step) in file.runbook.steps.iter().enumerate() {
        let actions = std::iter::once((&[][..], &step.action)).chain(step.undo.iter().map(|undo| (&["undo"][..], undo)));
        for (above, action) in actions {
            let (what, url) = match action {
                Action::Http(call) if bears_key(call) => ("what this request carries", call.url.as_str()),
                Action::Notify(notify) => match &notify.channel {
                    Channel::Webhook(url) | Channel::Slack(url) => ("this address, which may be a secret itself,", url.as_str()),
                    Channel::Pagerduty { at: Some(at), .. } => ("the routing key", at.as_str()),
                    _ => continue,
                },
                _ => continue,
            };
            let keys: Vec<&str> = above.iter().copied().chain([action.word()]).collect();
            found.extend(far_in_clear(url).map(|host| file.error(place, &keys, message(what, host), HINT).warning()));
        }
    }
    found
}

/// Of an inventory.
pub(super) fn of_inventory(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut look = |path: &[&str], what: &str, url: &str| {
        found.extend(far_in_clear(url).map(|host| project.document.error(path, message(what, host), HINT).warning()));
    };
    let inventory = &project.inventory;
    for (name, contact) in &inventory.contacts {
        let webhook = contact.reach.as_deref().and_then(|reach| reach.strip_prefix("webhook:"));
        look(&["contacts", name, "reach"], "this address, which may be a secret itself,", webhook.unwrap_or_default());
    }
    for (name, store) in &inventory.stores {
        let address = match store {
            SecretStore::Vault { address, .. } | SecretStore::Kubernetes { address, .. } => Some(address),
            SecretStore::AwsSecretsManager { address, .. } => address.as_ref(),
            SecretStore::Command { .. } => None,
        };
        look(&["stores", name, "address"], "every value of this store", address.map_or("", String::as_str));
    }
    for (name, provider) in inventory.providers.iter().filter(|(_, provider)| provider.credential.is_some()) {
        look(&["providers", name, "base_url"], "the key of this provider", provider.base_url.as_deref().unwrap_or_default());
    }
    for (name, environment) in &inventory.environments {
        for (service, binding) in environment
            .services
            .iter()
            .filter(|(_, binding)| binding.key_from.is_some() || !binding.keys_from.is_empty() || !binding.headers_from.is_empty())
        {
            for url in std::iter::once(&binding.url).chain(&binding.replicas) {
                look(&["environments", name, "services", service, "url"], "the key of this service's clients", url);
            }
        }
        let control = environment.control.as_ref().filter(|control| control.token_from.is_some());
        look(&["environments", name, "control", "url"], "the token of this control API", control.map_or("", |control| &control.url));
    }
    found
}

fn message(what: &str, host: &str) -> String {
    format!("{what} goes to {host} in clear text, and everybody on the way can read it")
}

/// A header may be a key whatever it is called, except those that only say what a body is; a body may be one where it holds a variable.
fn bears_key(call: &HttpCall) -> bool {
    let tells_form = |name: &String| ["accept", "content-type", "user-agent"].contains(&name.to_lowercase().as_str());
    call.headers.keys().any(|name| !tells_form(name)) || call.body.iter().chain([&call.url]).any(|text| text.contains("${"))
}

/// The host of an `http://` address, unless it is this one or a variable.
fn far_in_clear(url: &str) -> Option<&str> {
    let scheme = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"))?;
    let authority = &origin_and_path(url).0[scheme.len()..];
    let authority = authority.split(['?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let host = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => place.split(':').next()?,
    };
    let is_here = host.eq_ignore_ascii_case("localhost")
        || host.to_lowercase().ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    (!host.is_empty() && !host.contains("${") && !is_here).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::far_in_clear;

    #[test]
    fn only_another_host_without_tls_is_far_and_in_clear() {
        for near in [
            "https://x",
            "http://127.0.0.1:80/a",
            "http://127.9.9.9",
            "http://[::1]:80",
            "http://LOCALHOST",
            "http://a.localhost",
            "http://${service.url}",
            "${url}",
            "",
            "http",
        ] {
            assert_eq!(far_in_clear(near), None, "{near}");
        }
        for (far, host) in [
            ("http://gw/v1", "gw"),
            ("HTTP://10.0.0.1:8080", "10.0.0.1"),
            ("http://u:localhost@gw.example?x", "gw.example"),
            ("http://[fd00::1]/", "fd00::1"),
            ("http://127.0.0.1.example", "127.0.0.1.example"),
        ] {
            assert_eq!(far_in_clear(far), Some(host), "{far}");
        }
    }
}
