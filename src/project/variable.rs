//! Variables in texts: `${service.url}`. Which there are.
//!
//! | variable | value |
//! |---|---|
//! | `${service.url}`, `${service.name}` | the service's address as clients use it, and its name |
//! | `${env}` | the name of the environment |
//! | `${service.key}` | the key that the drill's traffic sends to the service |
//! | `${gateway.url}` | the reference gateway's address |
//! | `${replica.N.url}` | the address of the service's replica of this number, from 1 |
//! | `${port}` | the free port that was chosen for what the environment starts |
//! | `${root}` | the project's folder |
//! | `${primary}`, `${standby}` | the names of the service's first and second provider |
//! | `${proxy.NAME.url}`, `${proxy.NAME.address}` | the fault proxy in front of a provider: a base URL, or `host:port` |
//! | `${proxy.NAME.host}`, `${proxy.NAME.port}` | the two parts of that address; of IPv6 the host stands without brackets |
//! | `${proxy.authority}` | a file with the certificate of the authority that signs for fault proxies with `tls: true` |
//! | `${alerts.url}` | where a drill takes the team's own alerts, in an environment with `alerts:` |
//! | `${prometheus.url}` | the address of the environment's Prometheus, in an environment with `prometheus:` |
//! | `${credential.PROVIDER}` | the value of a provider's credential |
//! | `${secret.NAME}` | a token that the inventory names under `secrets:` |
//! | `${steps.NAME}`, `${steps.NAME.json.PATH}` | what an earlier step with `output: NAME` printed or was answered, or a value in it |
//! | `${new_key.CREDENTIAL}` | the key that an earlier step of the runbook minted or took |
//! | `${severity}` | how bad it is, as the runbook says; `error` where it says nothing |
//! | `${role.NAME}` | who has a role of the runbook: the contact's name, or what was answered at the start |
//! | `${answer_url.CONTACT}` | a link of this contact's own, by which one question is answered; made for each message |
//! | `${acknowledge_url.CONTACT}` | one by which this contact says that they have taken it on |
//! | `${since}`, `${step}` | how long ago the runbook was started, and the step that it is at |
//! | `${updates.last}` | what the runbook's last update said |
//! | `${end}` | how the runbook ended, in an update with `at_end:` |
//! | `${param.NAME}` | what a runbook is told by the one that includes it; filled in when it is read |
//!
//! How a value is put into a text: [`expand`](crate::units::expand). Values come from whoever runs the step; this file knows none.
//! `${NAME}` in a contact's `reach` is an environment variable and not one of these.

use super::document::SourceDocument;
use super::finding::Finding;
use super::source::Spot;
use super::tree::{Node, NodeKind};
use super::vocabulary::listed;
use crate::model::{Credential, CredentialSource, Provider, RoleHolder};
use crate::units::closest;
use std::collections::{BTreeMap, BTreeSet};

const PLAIN: [&str; 17] = [
    "env",
    "severity",
    "alerts.url",
    "prometheus.url",
    "service.url",
    "service.name",
    "service.key",
    "gateway.url",
    "port",
    "root",
    "primary",
    "standby",
    "proxy.authority",
    "since",
    "step",
    "updates.last",
    "end",
];

/// What is known of a fault proxy.
const PROXY: [&str; 4] = ["url", "address", "host", "port"];

/// The first variable of a text whose value is a key.
pub(super) fn key_in(text: &str) -> Option<&str> {
    let names = text.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let mut keys =
        names.filter(|name| *name == "service.key" || ["credential.", "new_key.", "secret."].iter().any(|kind| name.starts_with(kind)));
    keys.next()
}

/// The variables that a shell would fill in: `$NAME`. (`${…}` is a variable of ours.)
pub(super) fn shell_names(text: &str) -> Vec<&str> {
    let name = |rest: &'_ str| rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
    text.split('$').skip(1).map(|rest| &rest[..name(rest)]).filter(|name| is_environment_name(name)).collect()
}

/// True for the name of an environment variable.
pub(super) fn is_environment_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The names that are known where a text stands, which its variables may use.
pub(super) struct KnownNames<'a> {
    pub(super) providers: &'a BTreeMap<String, Provider>,
    /// Of steps.
    pub(super) outputs: &'a BTreeSet<String>,
    /// By name.
    pub(super) credentials: &'a BTreeMap<String, Credential>,
    /// Of the runbook.
    pub(super) roles: &'a BTreeMap<String, RoleHolder>,
    /// By name.
    pub(super) secrets: &'a BTreeMap<String, CredentialSource>,
    /// That whoever includes the runbook will fill in.
    pub(super) parameters: &'a BTreeSet<String>,
}

static NONE: BTreeSet<String> = BTreeSet::new();
static NO_ROLES: BTreeMap<String, RoleHolder> = BTreeMap::new();
static NO_SECRETS: BTreeMap<String, CredentialSource> = BTreeMap::new();
static NO_CREDENTIALS: BTreeMap<String, Credential> = BTreeMap::new();

impl<'a> KnownNames<'a> {
    /// Outside runbooks, where there are no steps and no parameters.
    pub(super) fn outside(providers: &'a BTreeMap<String, Provider>) -> Self {
        Self { providers, outputs: &NONE, parameters: &NONE, credentials: &NO_CREDENTIALS, secrets: &NO_SECRETS, roles: &NO_ROLES }
    }
}

/// Variables that do not exist, anywhere below a path of a document.
pub(super) fn unknown_in(document: &SourceDocument, path: &[&str], known: &KnownNames<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(node) = document.root.as_ref().and_then(|root| root.at(path)) {
        walk(node, &mut |text, spot| {
            found.extend(problems(text, known).into_iter().map(|(message, hint, about)| {
                let finding = document.source.error(spot, message, hint);
                about.into_iter().fold(finding, |finding, (section, name)| finding.about(section, &name))
            }));
        });
    }
    found
}

/// Secrets that a text below a path names and the inventory does not. Its other variables may be of the environment.
pub(super) fn unknown_secrets_in(document: &SourceDocument, path: &[&str], secrets: &BTreeMap<String, CredentialSource>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(node) = document.root.as_ref().and_then(|root| root.at(path)) {
        walk(node, &mut |text, spot| {
            let names = text.split("${secret.").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
            for name in names.filter(|name| !secrets.contains_key(*name)) {
                let (message, hint) = no_secret(name, secrets);
                found.push(document.source.error(spot, message, hint).about("secrets", name));
            }
        });
    }
    found
}

fn no_secret(name: &str, secrets: &BTreeMap<String, CredentialSource>) -> (String, String) {
    let hint = super::inventory::name_hint(name, "a secret", secrets.keys());
    let hint = hint.replace(&format!("secrets: {{{name}: …}}"), &format!("secrets: {{{name}: {{from: \"env:NAME\"}}}}"));
    (format!("`${{secret.{name}}}` names no secret of this inventory"), hint)
}

/// Calls `visit` with every text below a node. The tree's depth is bounded, so recursion is.
fn walk(node: &Node, visit: &mut impl FnMut(&str, Spot)) {
    match &node.kind {
        NodeKind::Text(text) => visit(text, node.spot),
        NodeKind::List(items) => items.iter().for_each(|item| walk(item, visit)),
        NodeKind::Map(entries) => entries.iter().for_each(|(_, value)| walk(value, visit)),
        NodeKind::Nothing => {}
    }
}

/// A mistake in a variable: what is wrong, what to type, and the name of the inventory that it is about.
type VariableProblem = (String, String, Option<(&'static str, String)>);

/// What is wrong with the variables of a text, with hints.
fn problems(text: &str, known: &KnownNames<'_>) -> Vec<VariableProblem> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            found.push(("a `${` is not closed".into(), "write `${name}`".into(), None));
            break;
        };
        rest = tail;
        if let Some(problem) = of_walk(name, known) {
            found.extend(problem);
            continue;
        }
        if let Some(problem) = of_people(name, known) {
            found.extend(problem);
            continue;
        }
        if let Some(problem) = of_keys(name, known) {
            found.extend(problem);
            continue;
        }
        let provider = name.strip_prefix("credential.").or_else(|| {
            let proxy = name.strip_prefix("proxy.")?;
            PROXY.iter().find_map(|part| proxy.strip_suffix(part)?.strip_suffix('.'))
        });
        match provider {
            Some(provider) if known.providers.contains_key(provider) => {}
            Some(provider) => {
                let hint = super::inventory::name_hint(provider, "a provider", known.providers.keys());
                found.push((format!("`${{{name}}}` names no provider of this inventory"), hint, Some(("providers", provider.to_owned()))));
            }
            None if PLAIN.contains(&name) || is_replica(name) => {}
            None => found.push((format!("`${{{name}}}` is not a variable"), hint(name), None)),
        }
    }
    found
}

/// What is wrong with a variable of steps and parameters; `None` where it is none of those.
fn of_walk(name: &str, known: &KnownNames<'_>) -> Option<Option<VariableProblem>> {
    if let Some(output) = name.strip_prefix("steps.").map(|rest| rest.split_once(".json.").map_or(rest, |(output, _)| output)) {
        if known.outputs.contains(output) {
            return Some(None);
        }
        let hint = match closest(output, known.outputs.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `${{steps.{meant}}}`?"),
            None => format!("add `output: {output}` to the step that it comes from"),
        };
        return Some(Some((format!("no step's output is `{output}`"), hint, None)));
    }
    let parameter = name.strip_prefix("param.")?;
    let missing = !known.parameters.contains(parameter);
    let hint = format!("add `parameters: {{{parameter}: …}}` to the runbook");
    Some(missing.then(|| (format!("`{parameter}` is not a parameter"), hint, None)))
}

/// What is wrong with a variable of roles and links; `None` where it is none of those.
fn of_people(name: &str, known: &KnownNames<'_>) -> Option<Option<VariableProblem>> {
    if let Some(role) = name.strip_prefix("role.") {
        let hint = || match closest(role, known.roles.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean `${{role.{meant}}}`?"),
            None => format!("add `roles: {{{role}: ask}}` to the runbook, or the name of a contact in place of `ask`"),
        };
        let is_known = known.roles.contains_key(role);
        return Some((!is_known).then(|| (format!("`{role}` is not a role of this runbook"), hint(), None)));
    }
    let links = ["answer_url.", "acknowledge_url."];
    links.iter().any(|link| name.strip_prefix(link).is_some_and(|contact| !contact.is_empty())).then_some(None)
}

/// A mistake in the name of a secret or of a new key, if any; `None` where a variable is neither.
fn of_keys(name: &str, known: &KnownNames<'_>) -> Option<Option<VariableProblem>> {
    if let Some(secret) = name.strip_prefix("secret.") {
        return Some((!known.secrets.contains_key(secret)).then(|| {
            let (message, hint) = no_secret(secret, known.secrets);
            (message, hint, Some(("secrets", secret.to_owned())))
        }));
    }
    let credential = name.strip_prefix("new_key.")?;
    Some((!known.credentials.contains_key(credential)).then(|| {
        let hint = super::inventory::name_hint(credential, "a credential", known.credentials.keys());
        (format!("`${{{name}}}` names no credential of this inventory"), hint, Some(("credentials", credential.to_owned())))
    }))
}

/// `replica.N.url`, counted from 1. How many there are, only a drill's environment says.
fn is_replica(name: &str) -> bool {
    let number = name.strip_prefix("replica.").and_then(|rest| rest.strip_suffix(".url"));
    number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number > 0)
}

fn hint(name: &str) -> String {
    if let Some(meant) = closest(name, PLAIN.into_iter()) {
        return format!("did you mean `${{{meant}}}`?");
    }
    if is_environment_name(name) && name == name.to_uppercase() {
        return "environment variables are not filled in here; a program sees those that stand under `pass: […]` beside its command".into();
    }
    let mut known: Vec<&str> = PLAIN.to_vec();
    known.extend([
        "proxy.NAME.url",
        "proxy.NAME.address",
        "proxy.NAME.host",
        "proxy.NAME.port",
        "replica.N.url",
        "credential.PROVIDER",
        "secret.NAME",
        "steps.NAME",
        "role.NAME",
        "answer_url.CONTACT",
        "acknowledge_url.CONTACT",
        "new_key.CREDENTIAL",
    ]);
    format!("write {} in `${{…}}`", listed(known.into_iter()))
}
