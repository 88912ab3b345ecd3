//! Everything that one execution of a runbook needs, gathered from inventory and runbook, and checked across them.

use super::{
    Action, Condition, Contact, Credential, CredentialSource, DrillPlan, Environment, Goal, KeySource, Mail, Provider, Runbook,
    SecretStore, Service, StartMode,
};
use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A runbook that is walked for real, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionPlan {
    /// What is done.
    pub runbook: Runbook,
    /// Where, by name; `None` where no environment was named.
    pub environment_name: Option<String>,
    /// Where.
    pub environment: Environment,
    /// For which service, by name; `None` where no service names this runbook.
    pub service_name: Option<String>,
    /// The service.
    pub service: Option<Service>,
    /// Every provider of the inventory.
    pub providers: BTreeMap<String, Provider>,
    /// Their credentials, by reference.
    pub credentials: BTreeMap<String, Credential>,
    /// The stores that they are kept in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: BTreeMap<String, SecretStore>,
    /// The tokens that the runbook and its contacts name, by reference.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, CredentialSource>,
    /// Every contact of the inventory.
    pub contacts: BTreeMap<String, Contact>,
    /// The server that takes e-mail to contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// The runbook's file and those that it includes, as they were read. Empty in histories of older versions, and of a drill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceFile>,
    /// What the runbook was told, with what counts where it was told nothing: the values of its parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// A file that a plan was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// From the project's root.
    pub path: String,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

/// Such a file with what was read of it: the file itself may be another by now.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Which.
    pub file: SourceFile,
    /// Its text.
    pub text: String,
}

impl std::fmt::Debug for ReadFile {
    /// Without the text, which may hold more than anybody thought of.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.file.path, self.file.sha256)
    }
}

impl ExecutionPlan {
    /// What another process takes back of a drill that was killed. Keys of the lab are gone with it: nothing is rotated back, which only the
    /// real issuers could be asked for, and no real key stands in for one of the lab's.
    pub fn of_drill(plan: &DrillPlan) -> Self {
        let nothing = || Runbook {
            name: plan.scenario.name.clone(),
            owner: None,
            reviewed: None,
            start: StartMode::ByHand,
            detect: Condition::of(Goal::Fails(1)),
            reaction: None,
            severity: None,
            roles: std::collections::BTreeMap::new(),
            escalate: Vec::new(),
            updates: Vec::new(),
            steps: Vec::new(),
        };
        let mut execution = Self {
            runbook: plan.runbook.clone().unwrap_or_else(nothing),
            environment_name: Some(plan.environment_name.clone()),
            environment: plan.environment.clone(),
            service_name: Some(plan.workloads.leading().service_name.clone()),
            service: Some(plan.workloads.leading().service.clone()),
            providers: plan.providers.clone(),
            credentials: plan.credentials.clone(),
            stores: plan.stores.clone(),
            secrets: plan.secrets.clone(),
            contacts: plan.contacts.clone(),
            mail: plan.mail.clone(),
            sources: Vec::new(),
            parameters: BTreeMap::new(),
        };
        // Its outage is over, and nobody outside was told of it.
        execution.runbook.updates.clear();
        execution.service.iter_mut().for_each(|service| service.objectives.rto = None);
        if plan.environment.embedded {
            if plan.environment.keys != KeySource::Stores {
                execution.credentials.clear();
            }
            let rotates = |undo: &Action| matches!(undo, Action::Rotate(_));
            execution.runbook.steps.iter_mut().for_each(|step| step.undo = step.undo.take().filter(|undo| !rotates(undo)));
        }
        execution
    }

    /// Within which users should be served again, where the service declares it.
    pub fn rto(&self) -> Option<Duration> {
        self.service.as_ref()?.objectives.rto
    }
}
