//! The names that stand for addresses and keys while a drill runs: where each has its value from, and what could not be read.

use super::DrillStop;
use super::preflight::Preflight;
use super::site::{RigSite, lab_key, wrong_key};
use super::system::Launch;
use crate::history::StopReason;
use crate::model::{
    DrillPlan, KeptTexts, KeySource, NotifySeverity, Provider, RoleHolder, SabotageKind, SecretSource, StartCommand, origin_and_path,
};
use crate::proxy::ProxyPlacement;
use crate::redact::Redactor;
use crate::secret::{self, SecretError, Unread};
use crate::step::Variables;
use crate::units::{Salt, Secret, sealed_prompt};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The names in a plan with their values: variables, keys, and the providers' real addresses. Made once, before anything is opened.
pub(super) struct ResolvedNames {
    pub(super) values: Variables,
    /// Of providers.
    pub(super) keys: BTreeMap<String, Secret>,
    /// Whether one is missing that something of the drill is given.
    pub(super) lacks: bool,
    /// Why there is none, where nobody can tell whether there is.
    unheld: BTreeMap<String, DrillStop>,
    pub(super) upstream: BTreeMap<String, String>,
    pub(super) redactor: Redactor,
}

impl ResolvedNames {
    /// With what is secret and could not be read.
    pub(super) async fn of(site: &RigSite<'_>, preflight: &mut Preflight) -> (Self, Vec<Unread>) {
        let (plan, leading) = (site.plan, site.plan.workloads.leading());
        let mut unread = Vec::new();
        let mut names = Self {
            values: Variables::default(),
            keys: BTreeMap::new(),
            lacks: false,
            unheld: BTreeMap::new(),
            upstream: BTreeMap::new(),
            redactor: Redactor::new(site.recorder.salt()),
        };
        names.values.set("env", plan.environment_name.clone());
        names.values.set("service.name", leading.service_name.clone());
        if let Some(runbook) = &plan.runbook {
            names.values.set("severity", runbook.severity.unwrap_or(NotifySeverity::Error).word());
            for (role, holder) in &runbook.roles {
                let holder = if let RoleHolder::Contact(name) = holder { name } else { "nobody (this is a drill)" };
                names.values.set(format!("role.{role}"), holder);
            }
        }
        names.values.set("root", site.root.display().to_string());
        names.values.set("primary", leading.service.primary().to_owned());
        if let Some(standby) = leading.service.providers.get(1) {
            names.values.set("standby", standby.clone());
        }
        names.values.set_prometheus(&plan.environment, &names.redactor);
        for (name, provider) in &plan.providers {
            let of_the_lab = plan.environment.embedded && plan.environment.keys != KeySource::Stores;
            let key = if of_the_lab {
                Some(lab_key(site.seed, name))
            } else {
                names.stored_key(site, name, provider, (preflight, &mut unread)).await
            };
            if let Some(key) = key {
                let is_sabotaged = plan.sabotaged(SabotageKind::StandbyKeyWrong) == Some(name.as_str());
                names.values.set(format!("credential.{name}"), if is_sabotaged { wrong_key(site.seed, name) } else { key.clone() });
                names.redactor.learn(name, &key);
                names.keys.insert(name.clone(), key);
            }
            if let Some(url) = &provider.base_url {
                names.upstream.insert(name.clone(), url.clone());
            }
        }
        names.read_secrets(site, preflight).await;
        let sources: BTreeSet<SecretSource> = SecretSource::of_drill(plan).union(site.secrets).cloned().collect();
        secret::learn(&sources, secret::SecretContext { stores: &plan.stores, root: site.root }, &names.redactor, &mut unread);
        (names, unread)
    }

    /// Tokens that the inventory names, by reference. The runbook needs each of them.
    async fn read_secrets(&mut self, site: &RigSite<'_>, preflight: &mut Preflight) {
        let plan = site.plan;
        for (name, from) in &plan.secrets {
            match secret::held(from, secret::SecretContext { stores: &plan.stores, root: site.root }).await {
                Ok(value) => {
                    preflight.well(format!("{from} holds the secret {name}"));
                    self.redactor.learn(name, &value);
                    self.values.set(format!("secret.{name}"), value);
                }
                Err(error) => {
                    self.lacks = true;
                    preflight.wrong(DrillStop::of(StopReason::Environment, &error).into());
                }
            }
        }
    }

    /// A provider's credential from where the inventory says, where it is there. Many a drill needs no key of a provider.
    async fn stored_key(
        &mut self,
        site: &RigSite<'_>,
        name: &str,
        provider: &Provider,
        (preflight, unread): (&mut Preflight, &mut Vec<Unread>),
    ) -> Option<Secret> {
        let plan = site.plan;
        let source = &plan.credentials.get(provider.credential.as_ref()?)?.from;
        let error = match secret::held(source, secret::SecretContext { stores: &plan.stores, root: site.root }).await {
            Ok(key) => {
                preflight.well(format!("{source} holds a key, for {name}"));
                return Some(key);
            }
            Err(error) => error,
        };
        let is_needed = !plan.environment.embedded && text_of(plan).contains(&format!("${{credential.{name}}}"));
        if is_needed {
            self.lacks = true;
            preflight.wrong(DrillStop::of(StopReason::Environment, &error).into());
        }
        if !matches!(error, SecretError::Absent { .. }) {
            self.unheld.insert(name.to_owned(), DrillStop::of(StopReason::Environment, &error));
            let new = Unread::of(plan.credential_of(name), &error);
            // Providers may share a credential.
            unread.extend(Some(new).filter(|new| !is_needed && !unread.contains(new)));
        }
        None
    }

    /// Why a store that holds a provider's key could not be read.
    pub(super) fn unheld(&self, provider: &str) -> Option<&DrillStop> {
        self.unheld.get(provider)
    }

    pub(super) fn key(&self, provider: &str) -> Secret {
        self.keys.get(provider).cloned().unwrap_or_default()
    }

    /// Where the proxies of this drill may lead, and nowhere else.
    pub(super) fn places(&self, plan: &DrillPlan) -> BTreeMap<String, ProxyPlacement> {
        let place = |(name, provider): (&String, &Provider)| {
            let upstream = origin_and_path(self.upstream.get(name)?).0.to_owned();
            let binding = plan.environment.proxies.get(name).cloned().unwrap_or_default();
            Some((name.clone(), ProxyPlacement { upstream, dialect: provider.dialect, binding }))
        };
        plan.providers.iter().filter_map(place).collect()
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Fills variables in.
    pub(super) fn expand(&self, text: &str) -> Result<String, DrillStop> {
        self.values.expand(text).map_err(|unknown| {
            DrillStop::environment(format!("`${{{}}}` has no value in this environment", unknown.name))
                .with_hint("a credential's value comes from where the inventory says (`from:`), and must be there when the drill starts")
        })
    }

    pub(super) fn launch(&self, start: &StartCommand, site: &RigSite<'_>) -> Result<Launch, DrillStop> {
        Ok(Launch {
            supervisor: site.supervisor.to_owned(),
            argv: start.run.iter().map(|argument| self.expand(argument)).collect::<Result<_, _>>()?,
            env: start
                .env
                .iter()
                .map(|(name, value)| Ok((name.clone(), self.expand(value)?.into())))
                .chain(std::iter::once(Ok(mark(site.folder))))
                .collect::<Result<_, DrillStop>>()?,
            pass: start.pass.clone(),
            ready: self.expand(&start.ready)?,
            within: start.within.std(),
            folder: site.root.to_owned(),
            log: site.folder.join("system.log"),
            redactor: self.redactor.clone(),
        })
    }
}

/// The plan as its history has it: without the team's own texts, unless they are to be kept.
pub(super) fn recorded_plan(plan: &DrillPlan, salt: Salt) -> DrillPlan {
    match plan.keep {
        Some(KeptTexts::Prompts) => plan.clone(),
        None => plan.sealed(&|text| sealed_prompt(text, &salt.name(text))),
    }
}

/// By which a system that a drill started is recognised: the drill's folder.
pub const SYSTEM_MARK: &str = "LIFEBOAT_DRILL";

fn mark(folder: &Path) -> (String, Secret) {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    (SYSTEM_MARK.to_owned(), Secret::new(folder.display().to_string()))
}

/// What is written there, with its variables.
pub(super) fn text_of(written: &impl serde::Serialize) -> String {
    serde_json::to_string(written).unwrap_or_default()
}
