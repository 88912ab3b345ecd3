//! What a plan may start on this host: every program that its files name, with what it is given. The one list from which whoever must agree to
//! it learns of it.
//!
//! Each type that can name a program is taken apart here field by field, without `..`: who adds one decides here whether it can start anything,
//! or the crate does not compile. Programs that the code itself starts (k6, the supervisor) are none of a project's but by the script that
//! they are given.
//!
//! What this file does not do: look whether the programs are there, or run them.

use super::{
    Action, Ask, Canary, Command, Condition, CredentialSource, DrillPlan, Environment, EvidencePolicy, ExecutionPlan, Goal, Inquiry,
    InquirySource, Issuer, KeySource, ResetCommand, Runbook, SabotageCommand, SecretStore, ShipTo, StartCommand, Step, WitnessPolicy,
    WitnessSource,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A program that a plan may start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Executable {
    /// Where a file says so, in words: `step 2 of fail-over`.
    pub place: String,
    /// Program and arguments, with variables that have no value yet.
    pub argv: Vec<String>,
    /// What is written for its environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The variables of Lifeboat's own environment that it is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass: Vec<String>,
    /// Where it runs, from the project's root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

impl Executable {
    /// What a drill may start, in the order in which it would be read; each once.
    pub fn of_drill(plan: &DrillPlan, evidence: &EvidencePolicy) -> Vec<Self> {
        let mut found = Found::default();
        let place = &plan.environment;
        found.environment(&plan.environment_name, place);
        for each in &plan.workloads {
            if let Some(script) = &each.workload.script {
                found.add(
                    format!("traffic {}", each.name),
                    &["k6".to_owned(), "run".to_owned(), script.clone()],
                    &BTreeMap::new(),
                    &[],
                    None,
                );
            }
        }
        plan.runbook.iter().for_each(|runbook| found.runbook(runbook));
        // Keys of the lab's own making are read from no store, and made by no issuer.
        let real = !place.embedded || place.keys == KeySource::Stores;
        for (name, credential) in plan.credentials.iter().filter(|_| real) {
            found.source(&format!("credential {name}"), &credential.from, &plan.stores);
            credential.issuer.iter().for_each(|issuer| found.issuer(name, issuer));
        }
        for (name, source) in &plan.secrets {
            found.source(&format!("secret {name}"), source, &plan.stores);
        }
        found.evidence(evidence);
        found.once()
    }

    /// The same of what is done with a drill's record.
    pub fn of_evidence(evidence: &EvidencePolicy) -> Vec<Self> {
        let mut found = Found::default();
        found.evidence(evidence);
        found.once()
    }

    /// The same of an execution.
    pub fn of_execution(plan: &ExecutionPlan) -> Vec<Self> {
        let mut found = Found::default();
        found.runbook(&plan.runbook);
        // Of credentials those that its steps rotate; the rest is read by nobody.
        for rotate in plan.runbook.rotations() {
            if let Some(credential) = plan.credentials.get(&rotate.credential) {
                found.source(&format!("credential {}", rotate.credential), &credential.from, &plan.stores);
                credential.issuer.iter().for_each(|issuer| found.issuer(&rotate.credential, issuer));
            }
        }
        for (name, source) in &plan.secrets {
            found.source(&format!("secret {name}"), source, &plan.stores);
        }
        found.once()
    }

    /// As one would type it.
    pub fn line(&self) -> String {
        let plain = |word: &String| !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || "'\"\\".contains(letter));
        let quoted = |word: &String| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) };
        self.argv.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Default)]
struct Found(Vec<Executable>);

impl Found {
    fn add(&mut self, place: String, argv: &[String], env: &BTreeMap<String, String>, pass: &[String], folder: Option<&String>) {
        if !argv.is_empty() {
            self.0.push(Executable { place, argv: argv.to_vec(), env: env.clone(), pass: pass.to_vec(), folder: folder.cloned() });
        }
    }

    fn once(self) -> Vec<Executable> {
        let mut once: Vec<Executable> = Vec::with_capacity(self.0.len());
        for each in self.0 {
            if !once.contains(&each) {
                once.push(each);
            }
        }
        once
    }

    fn evidence(&mut self, evidence: &EvidencePolicy) {
        let EvidencePolicy { key, witness, ship, keep: _ } = evidence;
        key.iter().for_each(|key| self.source("the key that signs drills", key, &BTreeMap::new()));
        if let Some(WitnessPolicy { from: WitnessSource::Run(argv), ca: _, required: _ }) = witness {
            self.add("the witness of drills".to_owned(), argv, &BTreeMap::new(), &[], None);
        }
        for place in ship {
            if let ShipTo::Run(argv) = place {
                self.add("where bundles are kept".to_owned(), argv, &BTreeMap::new(), &[], None);
            }
        }
    }

    fn command(&mut self, place: String, command: &Command) {
        let Command { argv, env, pass, folder, exit_codes: _, leaves_running: _, grace: _ } = command;
        self.add(place, argv, env, pass, folder.as_ref());
    }

    fn environment(&mut self, name: &str, environment: &Environment) {
        if let Some(StartCommand { run, env, pass, ready: _, within: _, warm_up: _ }) = &environment.start {
            self.add(format!("start of the environment {name}"), run, env, pass, None);
        }
        for (service, binding) in &environment.services {
            if let Some(ResetCommand { run, env, pass, within: _ }) = &binding.reset {
                self.add(format!("reset of {service} in the environment {name}"), run, env, pass, None);
            }
        }
        for SabotageCommand { name: sabotage, run, undo, env, pass, within: _, expect: _ } in &environment.sabotage {
            self.add(format!("sabotage {sabotage} of the environment {name}"), run, env, pass, None);
            self.add(format!("undo of sabotage {sabotage} of the environment {name}"), undo, env, pass, None);
        }
    }

    fn runbook(&mut self, runbook: &Runbook) {
        self.condition(&format!("detection of {}", runbook.name), &runbook.detect);
        for (number, step) in (1..).zip(&runbook.steps) {
            self.step(&format!("step {number} of {}", runbook.name), step);
        }
    }

    fn step(&mut self, place: &str, step: &Step) {
        self.action(place, &step.action);
        step.undo.iter().for_each(|undo| self.action(&format!("undo of {place}"), undo));
    }

    fn action(&mut self, place: &str, action: &Action) {
        match action {
            Action::Run(command) => self.command(place.to_owned(), command),
            Action::WaitUntil(condition) => self.condition(place, condition),
            Action::Canary(canary) => self.canary(place, canary),
            Action::Ask(Ask { .. })
            | Action::Http(_)
            | Action::Confirm(_)
            | Action::Manual(_)
            | Action::Pause(_)
            | Action::Switch(_)
            | Action::SwitchBack(_)
            | Action::Notify(_)
            | Action::Rotate(_)
            | Action::StopHere(_) => {}
        }
    }

    fn canary(&mut self, place: &str, canary: &Canary) {
        self.action(place, &canary.shift);
        self.action(&format!("undo of {place}"), &canary.back);
        canary.outside.iter().for_each(|condition| self.condition(place, condition));
    }

    fn condition(&mut self, place: &str, condition: &Condition) {
        for there in [false, true] {
            if let Goal::Asked(inquiry) = &condition.here(there).goal {
                self.inquiry(place, inquiry);
            }
        }
    }

    fn inquiry(&mut self, place: &str, inquiry: &Inquiry) {
        match &inquiry.of {
            InquirySource::Run(command) => self.command(place.to_owned(), command),
            InquirySource::Http(_)
            | InquirySource::Promql { .. }
            | InquirySource::Dns(_)
            | InquirySource::Tcp(_)
            | InquirySource::Kubernetes { .. } => {}
        }
    }

    fn source(&mut self, place: &str, source: &CredentialSource, stores: &BTreeMap<String, SecretStore>) {
        let Some((name, _)) = source.store() else { return };
        match stores.get(name) {
            Some(SecretStore::Command { read, write, pass }) => {
                self.add(format!("{place}, read"), read, &BTreeMap::new(), pass, None);
                write.iter().for_each(|write| self.add(format!("{place}, written"), write, &BTreeMap::new(), pass, None));
            }
            Some(SecretStore::Vault { .. } | SecretStore::AwsSecretsManager { .. } | SecretStore::Kubernetes { .. }) | None => {}
        }
    }

    fn issuer(&mut self, name: &str, issuer: &Issuer) {
        match issuer {
            Issuer::Command { mint, revoke, probe, pass } => {
                for (what, argv) in [("mint", mint), ("revoke", revoke), ("probe", probe)] {
                    self.add(format!("issuer of {name}, {what}"), argv, &BTreeMap::new(), pass, None);
                }
            }
            Issuer::Openai { .. } | Issuer::Azure { .. } | Issuer::Bedrock { .. } | Issuer::Iam { .. } | Issuer::Google { .. } => {}
        }
    }
}
