//! Runbooks: steps with timeouts, checks, undo, contacts and escalation.
//!
//! A runbook may include others. What comes out is one list of steps: those of an included runbook and those that run at the same time
//! stand in it under the name of the step that holds them (`Fail over: Switch`), so that whoever walks it knows neither.

use super::document::SourceDocument;
use super::finding::Finding;
use super::flow::targets;
use super::parameter;
use super::runbook_document;
use super::runbook_file::RunbookFile;
use super::shape::{self, FileKind};
use super::step_list::StepList;
use super::update::{self, MissingTemplate};
use super::variable::KnownNames;
use super::{inventory, variable};
use crate::model::{
    Action, Canary, Channel, Condition, Confirm, Goal, InquirySource, Inventory, ProviderSelector, RoleHolder, Runbook, SecretStore, Step,
    StoreKind, Switch, Within,
};
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a runbook of the project at `root`, with those that it includes, and checks the names in it against the inventory, if there is one
/// to check against.
pub(super) fn read(
    mut document: SourceDocument,
    inventory: Option<&Inventory>,
    root: &Path,
    given: &BTreeMap<String, String>,
) -> Result<RunbookFile, Vec<Finding>> {
    if let Some(finding) = shape::mixed_up(&document, FileKind::Runbook) {
        return Err(vec![finding]);
    }
    let parameters = parameter::declared(&document);
    let values = parameter::values(&parameters, given);
    let open = parameters.keys().filter(|name| !values.contains_key(*name)).cloned().collect();
    let path = document.source.path.clone();
    let whole = runbook_document::filled(&mut document, values, inventory, &path);
    let Some((mut runbook, entries, templates)) = whole else { return Err(document.findings) };
    let mut found = Vec::new();
    let mut list = StepList {
        root,
        inventory,
        templates,
        included: Vec::new(),
        sources: Vec::new(),
        places: Vec::new(),
        steps: Vec::new(),
        roles: BTreeMap::new(),
        findings: Vec::new(),
    };
    let own = std::path::absolute(root.join(&document.source.path)).unwrap_or_default();
    let own = own.canonicalize().unwrap_or(own);
    list.add(entries, 0, &document, "", &mut vec![own]);
    runbook.steps = list.steps;
    for (role, holder) in list.roles {
        runbook.roles.entry(role).or_insert(holder);
    }
    let templates = list.templates;
    found.extend(list.findings);
    let mut file = RunbookFile { document, runbook, included: list.included, sources: list.sources, places: list.places, open, parameters };
    for MissingTemplate { step, keys, message, hint } in update::put_templates(&mut file.runbook, &templates) {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        found.push(match step {
            Some(step) => file.error(step, &keys, message, hint),
            None => file.document.error(&keys, message, hint),
        });
    }
    found.extend(targets(&file));
    if let Some(inventory) = inventory {
        found.extend(names(&file, inventory));
    }
    file.document.findings.extend(found);
    Ok(file)
}

/// Contacts that are not declared, and roles that the runbook does not have.
fn people(file: &RunbookFile, inventory: &Inventory) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, runbook) = (&file.document, &file.runbook);
    found.extend(told(document, runbook, inventory));
    for (place, step) in runbook.steps.iter().enumerate() {
        if let Action::Confirm(Confirm { role: Some(role), .. }) = &step.action
            && !runbook.roles.contains_key(role)
        {
            let hint = format!("add `roles: {{{role}: ask}}` to the runbook, or the name of a contact in place of `ask`");
            found.push(file.error(place, &["confirm", "role"], format!("`{role}` is not a role of this runbook"), hint));
        }
    }
    found
}

/// Names in a runbook that the inventory does not declare, and variables that do not exist.
fn names(file: &RunbookFile, inventory: &Inventory) -> Vec<Finding> {
    let mut found = people(file, inventory);
    let (document, runbook) = (&file.document, &file.runbook);
    let outputs = runbook.steps.iter().filter_map(|step| step.output.clone()).collect();
    let known = KnownNames {
        providers: &inventory.providers,
        outputs: &outputs,
        parameters: &file.open,
        credentials: &inventory.credentials,
        secrets: &inventory.secrets,
        roles: &runbook.roles,
    };
    for document in std::iter::once(document).chain(&file.included) {
        found.extend(variable::unknown_in(document, &["steps"], &known));
        found.extend(variable::unknown_in(document, &["templates"], &known));
        found.extend(variable::unknown_in(document, &["updates"], &known));
    }
    found.extend(variable::unknown_in(document, &["detect"], &known));
    let roles = ["primary".to_owned(), "standby".to_owned()];
    let known: BTreeMap<String, ()> = inventory.providers.keys().cloned().chain(roles).map(|name| (name, ())).collect();
    if let Goal::ServedBy { who: ProviderSelector::Provider(name), .. } = &runbook.detect.goal {
        found.extend(inventory::unknown(document, &["detect", "served_by"], name, "a provider", &known));
    }
    for (place, step) in runbook.steps.iter().enumerate() {
        let mut check = |keys: &[&str], name: &str, what: &str, declared: bool, hint: &dyn Fn() -> String| {
            if !declared {
                let finding = file.error(place, keys, format!("`{name}` is not {what} of this inventory"), hint());
                found.push(finding.about(inventory::section(what), name));
            }
        };
        let contact = |name: &str| inventory::name_hint(name, "a contact", inventory.contacts.keys());
        if let Some(owner) = &step.owner {
            check(&["owner"], owner, "a contact", inventory.contacts.contains_key(owner), &|| contact(owner));
        }
        match &step.action {
            Action::WaitUntil(Condition { goal: Goal::ServedBy { who: ProviderSelector::Provider(name), .. }, .. }) => {
                let hint = || inventory::name_hint(name, "a provider", known.keys());
                check(&["wait_until", "served_by"], name, "a provider", known.contains_key(name), &hint);
            }
            Action::Canary(Canary { of: ProviderSelector::Provider(name), .. }) => {
                let hint = || inventory::name_hint(name, "a provider", known.keys());
                check(&["canary", "of"], name, "a provider", known.contains_key(name), &hint);
            }
            Action::Confirm(confirm) => {
                for name in &confirm.approvers {
                    check(&["confirm", "approvers"], name, "a contact", inventory.contacts.contains_key(name), &|| contact(name));
                }
            }
            Action::Rotate(rotate) => {
                let name = &rotate.credential;
                let hint = || inventory::name_hint(name, "a credential", inventory.credentials.keys());
                check(&["rotate", rotate.part.word()], name, "a credential", inventory.credentials.contains_key(name), &hint);
            }
            _ => {}
        }
        found.extend(notified(file, place, step, inventory));
        found.extend(clustered(file, place, step, inventory));
    }
    found
}

/// Contacts of the runbook as a whole that nobody declared.
fn told(document: &SourceDocument, runbook: &Runbook, inventory: &Inventory) -> Vec<Finding> {
    let contact = |path: &[&str], name: &str| inventory::unknown(document, path, name, "a contact", &inventory.contacts);
    let mut found = Vec::new();
    found.extend(runbook.owner.as_ref().and_then(|name| contact(&["owner"], name)));
    for (index, escalation) in runbook.escalate.iter().enumerate().filter(|(_, escalation)| !escalation.to.is_empty()) {
        found.extend(contact(&["escalate", &index.to_string(), "to"], &escalation.to));
    }
    for (role, holder) in &runbook.roles {
        if let RoleHolder::Contact(name) = holder {
            found.extend(contact(&["roles", role], name));
        }
    }
    for (index, update) in runbook.updates.iter().enumerate().filter(|(_, update)| !update.to.is_empty()) {
        found.extend(contact(&["updates", &index.to_string(), "to"], &update.to));
    }
    found
}

/// A cluster that a step changes or looks at something in and that is not declared.
fn clustered(file: &RunbookFile, place: usize, step: &Step, inventory: &Inventory) -> Option<Finding> {
    let of = |switch: &Switch| if let Within::Kubernetes { store, .. } = &switch.within { Some(store.clone()) } else { None };
    let (keys, store) = match &step.action {
        Action::Switch(switch) => (&["switch"][..], of(switch)?),
        Action::Canary(Canary { shift, .. }) => match &**shift {
            Action::Switch(switch) => (&["canary", "shift", "switch"][..], of(switch)?),
            _ => return None,
        },
        Action::WaitUntil(Condition { goal: Goal::Asked(inquiry), .. }) => match &inquiry.of {
            InquirySource::Kubernetes { store, .. } => (&["wait_until"][..], store.clone()),
            _ => return None,
        },
        _ => return None,
    };
    let is_declared = inventory.stores.contains_key(&store);
    let problem = match inventory.stores.get(&store).map(SecretStore::kind) {
        None => format!("the store `{store}` is not declared"),
        Some(StoreKind::Kubernetes) => return None,
        Some(kind) => format!("the store `{store}` is of the kind `{kind}`, not `kubernetes`"),
    };
    let hint = format!("add `stores: {{{store}: {{kind: kubernetes, address: …, token: …}}}}` to the inventory, or name one with `store:`");
    let finding = file.error(place, keys, problem, hint);
    Some(if is_declared { finding } else { finding.about("stores", &store) })
}

/// Whom a step notifies, or its undo: a contact that nobody declared, or an address of e-mail without a server that takes it.
fn notified(file: &RunbookFile, place: usize, step: &Step, inventory: &Inventory) -> Vec<Finding> {
    let own = (&["notify"][..], Some(&step.action));
    let actions = [own, (&["undo", "notify"][..], step.undo.as_ref())];
    let found = actions.into_iter().filter_map(|(keys, action)| {
        let Some(Action::Notify(notify)) = action else { return None };
        let keys = [keys, &[notify.channel.word()]].concat();
        match &notify.channel {
            Channel::Contact(name) if !inventory.contacts.contains_key(name) => {
                let hint = inventory::name_hint(name, "a contact", inventory.contacts.keys());
                Some(file.error(place, &keys, format!("`{name}` is not a contact of this inventory"), hint).about("contacts", name))
            }
            Channel::Email(_) if inventory.mail.is_none() => {
                let hint = "name one under `mail:` of the inventory, with `server` and `from`";
                Some(file.error(place, &keys, "the inventory names no mail server", hint))
            }
            _ => None,
        }
    });
    found.collect()
}
