//! Runbooks: steps with timeouts, checks, undo, contacts and escalation.
//!
//! A runbook may include others. What comes out is one list of steps: those of an included runbook and those that run at the same time
//! stand in it under the name of the step that holds them (`Fail over: Switch`), so that whoever walks it knows neither.

use super::by_hand;
use super::condition;
use super::document::SourceDocument;
use super::each;
use super::finding::Finding;
use super::flow::targets;
use super::inside::{self, NamedFile};
use super::parameter::{self, Parameter, fill};
use super::reader::TreeReader;
use super::shape::{self, FileKind};
use super::step::{StepEntry, entry};
use super::tree::Node;
use super::update::{self, MissingTemplate, Templates};
use super::variable::KnownNames;
use super::{inventory, reaction, variable};
use crate::expression::ExpressionProblem;
use crate::model::{
    Action, Canary, Channel, Condition, Confirm, Escalation, EscalationUntil, Goal, InquirySource, Inventory, NotifySeverity, OnFailure,
    OnSuccess, ProviderSelector, RoleHolder, Runbook, SecretStore, SourceFile, StartMode, Step, StoreKind, Switch, When, Within,
};
use crate::units::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The most steps of a runbook, with those of all that it includes.
const STEPS_MAX: usize = 1_000;

/// A runbook as it was read.
#[derive(Debug, Clone)]
pub(super) struct RunbookFile {
    pub(super) document: SourceDocument,
    /// With placeholders where the document has errors.
    pub(super) runbook: Runbook,
    /// The documents of the runbooks that it includes, each as often as it is included.
    included: Vec<SourceDocument>,
    /// The files of those, each as often as it is included.
    pub(super) sources: Vec<SourceFile>,
    /// Where each step stands.
    places: Vec<StepLocation>,
    /// Parameters that have no value of their own.
    pub(super) open: BTreeSet<String>,
    /// What it may be told.
    pub(super) parameters: BTreeMap<String, Parameter>,
}

/// Where a step is written: in which document, and at which path in it.
#[derive(Debug, Clone)]
struct StepLocation {
    /// 0 for the runbook's own, else one more than its place among the included.
    document: usize,
    path: Vec<String>,
}

impl RunbookFile {
    /// An error at a value of a step, in the file where the step stands.
    pub(super) fn error(&self, step: usize, keys: &[&str], message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        let (document, path) = self.at(step, keys);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        document.error(&path, message, hint)
    }

    /// On which line, from 1, a step begins, and in which of the included files; `None` for the runbook's own.
    pub(super) fn line_of(&self, step: usize) -> (Option<usize>, usize) {
        let (document, path) = self.at(step, &[]);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        (self.places[step].document.checked_sub(1), document.spot(&path).line)
    }

    /// An error at some characters of a step's value.
    pub(super) fn error_in(&self, step: usize, keys: &[&str], value: &str, problem: ExpressionProblem) -> Finding {
        let (document, path) = self.at(step, keys);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let spot = document.root.as_ref().and_then(|root| root.at(&path)).map(|node| node.spot).unwrap_or_default();
        document.source.error(document.source.within(spot, value, problem.place), problem.message, problem.hint)
    }

    /// True where a step's value is written.
    pub(super) fn has(&self, step: usize, keys: &[&str]) -> bool {
        let (document, path) = self.at(step, keys);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        document.has(&path)
    }

    fn at(&self, step: usize, keys: &[&str]) -> (&SourceDocument, Vec<String>) {
        let place = &self.places[step];
        let document = place.document.checked_sub(1).and_then(|index| self.included.get(index)).unwrap_or(&self.document);
        (document, place.path.iter().cloned().chain(keys.iter().map(|key| (*key).to_owned())).collect())
    }

    /// Steps that wait for what only a drill's traffic can show.
    pub(super) fn without_traffic(&self) -> Vec<Finding> {
        let message = "this looks at a drill's traffic, and outside a drill there is none";
        let hint = "name what counts there: `outside: {request: {to: \"${service.url}/models\"}, succeeds: 3 in a row}`";
        let blind = self.blind_outside().into_iter();
        blind.map(|(place, key)| self.error(place, &[key], message, hint)).collect()
    }

    /// Why it can be drilled and not be walked for real; `None` where it can.
    pub(super) fn only_for_drills(&self) -> Option<String> {
        let blind: Vec<&str> = self.blind_outside().into_iter().map(|(place, _)| self.runbook.steps[place].name.as_str()).collect();
        let looks = match *blind.first()? {
            only if blind.len() == 1 => format!("the step `{only}` looks at a drill's traffic"),
            first => format!("`{first}` and {} look at a drill's traffic", crate::units::counted(blind.len() as u64 - 1, "more step")),
        };
        let path = &self.document.source.path;
        Some(format!("{path} can be drilled and not be executed: {looks}; `outside: {{…}}` beside it names what counts without"))
    }

    /// Steps that see something only in a drill, each with its key.
    fn blind_outside(&self) -> Vec<(usize, &'static str)> {
        let blind = |action: &Action| match action {
            Action::WaitUntil(condition) => condition.here(false).looks_at_traffic(),
            Action::Canary(canary) => canary.outside.is_none(),
            _ => false,
        };
        let steps = self.runbook.steps.iter().enumerate();
        steps.filter(|(_, step)| blind(&step.action)).map(|(place, step)| (place, step.action.word())).collect()
    }

    /// An alert that it waits for outside a drill, where nobody listens for one: an error at the step.
    pub(super) fn unheard(&self, environment: Option<&str>, listens: bool) -> Vec<Finding> {
        if listens {
            return Vec::new();
        }
        let (whose, hint) = match environment {
            Some(name) => (
                format!("the environment `{name}` listens for none"),
                "add `alerts: {listen: \"127.0.0.1:9099\"}` to the environment, and let your monitoring post there",
            ),
            None => ("no environment was named".to_owned(), "name one that listens for alerts with `--env NAME`"),
        };
        let steps = self.runbook.steps.iter().enumerate();
        let awaited = steps.filter_map(|(place, step)| Some((place, step.action.alert_outside()?, step.action.word())));
        awaited
            .map(|(place, alert, key)| self.error(place, &[key], format!("this waits for the alert `{alert}`, and {whose}"), hint))
            .collect()
    }

    /// Parameters without a value, which only whoever includes this runbook can give.
    pub(super) fn unfilled(&self) -> Option<Finding> {
        let name = self.open.first()?;
        let message = format!("the parameter `{name}` has no value");
        Some(self.document.error(
            &["parameters", name],
            message,
            format!("write `{name}: …`, or include this runbook `with: {{{name}: …}}`"),
        ))
    }
}

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
    let early = TreeReader::new(&document.source);
    let path = document.source.path.clone();
    if let Some(root) = &mut document.root {
        fill(root, &variables(values));
        each::write_out(&early, root, inventory, &path);
    }
    let early = early.into_parts();
    document.add(early);
    let reader = TreeReader::new(&document.source);
    let whole = document.root.as_ref().and_then(|node| whole(&reader, node));
    let found = reader.into_parts();
    document.add(found);
    let Some((mut runbook, entries, templates)) = whole else { return Err(document.findings) };
    let mut found = Vec::new();
    let mut list = List {
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

/// A runbook without its steps, the entries of its list of steps, and its templates.
type WholeRunbook = (Runbook, Vec<StepEntry>, Templates);

fn whole(reader: &TreeReader<'_>, root: &Node) -> Option<WholeRunbook> {
    let fields = reader.fields(root, "a runbook")?;
    fields.version();
    if let Some((_, node)) = fields.raw("parameters") {
        parameter::read(reader, node);
    }
    let runbook = Runbook {
        name: fields.required("runbook", &|reader, node| reader.name(node)).unwrap_or_default(),
        owner: fields.optional("owner", &|reader, node| reader.name(node)),
        reviewed: fields.optional("reviewed", &date),
        start: fields
            .required("start", &|reader, node| reader.word(node, StartMode::WORDS, StartMode::from_word))
            .unwrap_or(StartMode::OnDetection),
        detect: fields.optional("detect", &condition::read).unwrap_or(Condition::of(Goal::Fails(3))),
        reaction: fields.optional("reaction", &reaction::read),
        severity: fields.optional("severity", &|reader, node| reader.word(node, NotifySeverity::WORDS, NotifySeverity::from_word)),
        roles: fields.optional("roles", &|reader, node| reader.named(node, &by_hand::role)).unwrap_or_default(),
        // Items that cannot be read keep their place, so that a place in the list is a place in the file.
        escalate: fields.optional("escalate", &|reader, node| reader.list(node, &|r, n| Some(escalation(r, n)))).unwrap_or_default(),
        updates: fields.optional("updates", &|reader, node| reader.list(node, &|r, n| Some(update::read(r, n)))).unwrap_or_default(),
        steps: Vec::new(),
    };
    let templates = fields.optional("templates", &update::templates).unwrap_or_default();
    let entries =
        fields.required("steps", &|reader, node| reader.list(node, &|reader, node| Some(entry(reader, node)))).unwrap_or_default();
    fields.finish();
    Some((runbook, entries, templates))
}

fn escalation(reader: &TreeReader<'_>, node: &Node) -> Escalation {
    let nothing = Escalation { after: Duration::ZERO, to: String::new(), until: EscalationUntil::End };
    let Some(fields) = reader.fields(node, "an escalation") else { return nothing };
    let after = fields.required("after", &|reader, node| reader.quantity::<Duration>(node)).unwrap_or(Duration::ZERO);
    let to = fields.required("to", &|reader, node| reader.name(node)).unwrap_or_default();
    let until = fields.optional("until", &|reader, node| reader.word(node, EscalationUntil::WORDS, EscalationUntil::from_word));
    fields.finish();
    Escalation { after, to, until: until.unwrap_or(nothing.until) }
}

/// The list of steps while it is put together.
struct List<'a> {
    root: &'a Path,
    inventory: Option<&'a Inventory>,
    /// Of the runbook itself, and of those that it includes where it has none of that name.
    templates: Templates,
    included: Vec<SourceDocument>,
    sources: Vec<SourceFile>,
    places: Vec<StepLocation>,
    steps: Vec<Step>,
    /// Of those that are included.
    roles: BTreeMap<String, RoleHolder>,
    findings: Vec<Finding>,
}

impl List<'_> {
    /// Adds what stands in one document. `open` are the files that are being read, outermost first.
    fn add(&mut self, entries: Vec<StepEntry>, number: usize, document: &SourceDocument, prefix: &str, open: &mut Vec<PathBuf>) {
        for (index, entry) in entries.into_iter().enumerate() {
            let path = vec!["steps".to_owned(), index.to_string()];
            if self.steps.len() > STEPS_MAX {
                let hint = "see that no runbook is included more often than it is needed";
                self.findings.push(document.error(&["steps", &path[1]], format!("this runbook has more than {STEPS_MAX} steps"), hint));
                return;
            }
            match entry {
                StepEntry::Nothing => {}
                StepEntry::One(step) => self.push(prefixed(*step, prefix), StepLocation { document: number, path }),
                StepEntry::Parallel { name, steps } => {
                    let name = format!("{prefix}{name}");
                    // Two groups that stand next to each other are not one.
                    let before = self.steps.last().and_then(|step| step.together.clone());
                    let alike =
                        before.filter(|before| *before == name || before.strip_prefix(&name).is_some_and(|rest| rest.starts_with(" (")));
                    let together = alike.map_or_else(|| name.clone(), |_| format!("{name} ({})", self.steps.len()));
                    for (inner, step) in steps.into_iter().enumerate().filter_map(|(inner, step)| Some((inner, step?))) {
                        let path = [&path[..], &["parallel".to_owned(), inner.to_string()]].concat();
                        let mut step = prefixed(step, prefix);
                        step.name = format!("{name}: {}", &step.name[prefix.len()..]);
                        step.together = Some(together.clone());
                        self.push(step, StepLocation { document: number, path });
                    }
                }
                StepEntry::Include { name, file, with } => self.include(&file, &with, document, &path, &format!("{prefix}{name}: "), open),
            }
        }
    }

    fn push(&mut self, step: Step, place: StepLocation) {
        self.steps.push(step);
        self.places.push(place);
    }

    /// Keeps what a runbook that is included says for the whole, where the outer one says nothing. Its steps.
    fn shared(&mut self, (runbook, entries, templates): WholeRunbook) -> Vec<StepEntry> {
        for (role, holder) in runbook.roles {
            self.roles.entry(role).or_insert(holder);
        }
        for (name, words) in templates {
            self.templates.entry(name).or_insert(words);
        }
        entries
    }

    fn include(
        &mut self,
        file: &str,
        with: &BTreeMap<String, String>,
        from: &SourceDocument,
        path: &[String],
        prefix: &str,
        open: &mut Vec<PathBuf>,
    ) {
        let at = [path[0].as_str(), path[1].as_str(), "include"];
        let named = inside::named(self.root, file);
        let wrong = inside::wrong(&named, "runbook", file);
        let NamedFile::File(target) = named else {
            let hint = "write the runbook's path from the project's root, for example `runbooks/tell-users.yaml`";
            let (message, hint) = wrong.unwrap_or_else(|| (format!("the runbook `{file}` does not exist"), hint));
            self.findings.push(from.error(&at, message, hint));
            return;
        };
        // By its own path: one that is included by two names is one.
        if open.contains(&target) {
            let message = format!("`{file}` includes itself, so this runbook would never end");
            self.findings.push(from.error(&at, message, "take one of the two includes away"));
            return;
        }
        let mut document = SourceDocument::open(&self.root.join(file), self.root);
        if let Some(finding) = shape::mixed_up(&document, FileKind::Runbook) {
            let hint = "name a runbook, for example `runbooks/tell-users.yaml`";
            self.findings.push(from.error(&at, format!("`{file}`: {}", finding.message), hint));
            return;
        }
        let declared = parameter::declared(&document);
        for name in with.keys().filter(|name| !declared.contains_key(*name)) {
            let message = format!("`{file}` has no parameter `{name}`");
            let hint = format!("add `parameters: {{{name}: }}` to it, or take this away");
            self.findings.push(from.error(&[path[0].as_str(), path[1].as_str(), "with", name], message, hint));
        }
        for name in declared.iter().filter(|(name, one)| one.default.is_none() && !with.contains_key(*name)).map(|(name, _)| name) {
            let message = format!("`{file}` needs the parameter `{name}`");
            self.findings.push(from.error(&at, message, format!("add `with: {{{name}: …}}` to this step")));
        }
        for (name, problem) in with.iter().filter_map(|(name, value)| Some((name, declared.get(name)?.refuses(value)?))) {
            // What a step gives is known only when it is walked.
            if !with[name].contains("${") {
                let at = [path[0].as_str(), path[1].as_str(), "with", name];
                self.findings.push(from.error(&at, format!("the value of `{name}` {problem}"), format!("see `parameters:` of `{file}`")));
            }
        }
        let values = variables(parameter::values(&declared, with));
        let early = TreeReader::new(&document.source);
        if let Some(root) = &mut document.root {
            fill(root, &values);
            each::write_out(&early, root, self.inventory, file);
        }
        let early = early.into_parts();
        document.add(early);
        let reader = TreeReader::new(&document.source);
        let whole = document.root.as_ref().and_then(|node| whole(&reader, node));
        let entries = whole.map(|whole| self.shared(whole)).unwrap_or_default();
        let found = reader.into_parts();
        document.add(found);
        self.findings.extend(document.findings.iter().cloned());
        self.included.push(document.clone());
        self.sources.push(document.source.recorded(&target, self.root));
        open.push(target);
        self.add(entries, self.included.len(), &document, prefix, open);
        open.pop();
    }
}

/// A step under the name of what holds it, with the names of steps that it speaks of.
fn prefixed(mut step: Step, prefix: &str) -> Step {
    let of = |name: &str| format!("{prefix}{name}");
    step.name = of(&step.name);
    if let OnFailure::Goto { step: target, .. } = &mut step.on_failure {
        *target = of(target);
    }
    if let Some(OnSuccess { step: target, .. }) = &mut step.on_success {
        *target = of(target);
    }
    match &mut step.when {
        Some(When::Ended { step: earlier, .. }) => *earlier = of(earlier),
        Some(When::Holds { within, .. }) => *within = format!("{prefix}{within}"),
        _ => {}
    }
    step
}

/// Parameters by the names of their variables.
fn variables(values: BTreeMap<String, String>) -> BTreeMap<String, String> {
    values.into_iter().map(|(name, value)| (format!("param.{name}"), value)).collect()
}

/// A day of the calendar, `2026-10-01`.
fn date(reader: &TreeReader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node)?;
    let good = is_date(&text);
    if !good {
        reader.error(node.spot, format!("`{text}` is not a date"), "write year, month and day, for example `2026-10-01`");
    }
    good.then_some(text)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(year), number(month), number(day));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
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

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in ["2026-10-01", "2024-02-29", "2000-02-29"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["2026-02-29", "1900-02-29", "2026-13-01", "2026-10-00", "26-10-01", "2026/10/01", "2026-1-1", "+026-10-01"] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
