//! Which copies of the system a scenario is run on, and why others are left out: a sabotage is left out where nothing in the scenario could depend
//! on what it breaks, never because it would stay green.

use super::control::{LeftOutControl, NegativeControl, SabotageWay};
use crate::exercise::PlannedDrill;
use crate::gateway::sabotage::sabotaged;
use crate::model::{
    Action, ActsOn, BreakerSettings, DrillPlan, GatewayKind, GatewaySettings, PlannedFault, RotationPart, Runbook, Sabotage, SabotageKind,
    Step, Taken, When,
};
use crate::units::{Problem, Ratio};
use std::collections::BTreeMap;

/// Ten times as long.
const TEN: u32 = 10;

/// The controls of one scenario.
#[derive(Debug, Clone)]
pub struct ProofPlan {
    /// The drill as it is.
    pub planned: PlannedDrill,
    /// Those that apply.
    pub controls: Vec<NegativeControl>,
    /// Those that do not.
    pub left_out: Vec<LeftOutControl>,
}

/// The controls of a scenario in an environment.
///
/// # Errors
/// Where nothing may be broken on purpose there.
pub fn controls(planned: PlannedDrill) -> Result<ProofPlan, Problem> {
    let (name, place) = (&planned.plan.environment_name, &planned.plan.environment);
    if place.protected {
        let problem = Problem::new(format!("the environment `{name}` is protected, and nothing is broken on purpose there"));
        return Err(problem.hint("name the lab, or an environment that users are not on, with `--env`"));
    }
    if !place.embedded && !place.allow.sabotage {
        let problem = Problem::new(format!("the environment `{name}` does not allow that something is broken on purpose"));
        return Err(problem.hint(format!("where no user is on it, add `allow: {{sabotage: true}}` to `{name}`; the lab needs no leave")));
    }
    let (mut controls, mut left_out) = (Vec::new(), Vec::new());
    let mut take = |sabotage: Sabotage, way: Result<(DrillPlan, SabotageWay), String>| match way {
        Ok((plan, way)) => {
            let expects = if let SabotageWay::Command(command) = &way { command.expect } else { sabotage.kind.reason() };
            let plan = DrillPlan { sabotage: Some(sabotage.clone()), ..plan };
            controls.push(NegativeControl { sabotage, expects, planned: PlannedDrill { plan, ..planned.clone() }, way });
        }
        Err(why) => left_out.push(LeftOutControl { name: sabotage.name, why }),
    };
    let system = DrilledSystem { planned: &planned };
    for kind in KINDS {
        let (what, way) = system.breaks(kind);
        take(Sabotage { name: kind.word().to_owned(), kind, on: system.about(kind), what }, way);
    }
    for (number, step) in (1_usize..).zip(planned.plan.runbook.iter().flat_map(|runbook| &runbook.steps)) {
        if step.changes_nothing() {
            continue;
        }
        let kind = SabotageKind::StepSkipped;
        let (name, what) = (format!("{kind}-{number}"), format!("step {number} is left out: {}", step.name));
        take(Sabotage { name, kind, on: Some(step.name.clone()), what }, system.skips(number - 1, step));
    }
    for command in &place.sabotage {
        let (kind, what) = (SabotageKind::Command, command.run.join(" "));
        let sabotage = Sabotage { name: command.name.clone(), kind, on: None, what };
        take(sabotage, Ok((planned.plan.clone(), SabotageWay::Command(command.clone()))));
    }
    Ok(ProofPlan { controls, left_out, planned })
}

/// Those that are about the system itself, in the order in which they are run.
const KINDS: [SabotageKind; 7] = [
    SabotageKind::FallbackRemoved,
    SabotageKind::StandbyKeyWrong,
    SabotageKind::StandbyDead,
    SabotageKind::StandbySlow,
    SabotageKind::TimeoutTimesTen,
    SabotageKind::BreakerOff,
    SabotageKind::RevocationIgnored,
];

/// What a scenario drills.
struct DrilledSystem<'p> {
    planned: &'p PlannedDrill,
}

type Broken = Result<(DrillPlan, SabotageWay), String>;

impl DrilledSystem<'_> {
    const fn plan(&self) -> &DrillPlan {
        &self.planned.plan
    }

    fn standby(&self) -> Option<&String> {
        self.plan().workloads.leading().service.standbys().first()
    }

    /// Whom a sabotage is about.
    fn about(&self, kind: SabotageKind) -> Option<String> {
        if kind == SabotageKind::RevocationIgnored {
            return self
                .plan()
                .scenario
                .timeline
                .faults
                .iter()
                .find(|planned| planned.fault.is_rotation())
                .map(|planned| planned.on.clone());
        }
        let is_about = matches!(kind, SabotageKind::StandbyKeyWrong | SabotageKind::StandbyDead | SabotageKind::StandbySlow);
        self.standby().filter(|_| is_about).cloned()
    }

    /// What is broken, for people, and how.
    fn breaks(&self, kind: SabotageKind) -> (String, Broken) {
        let standby = self.standby().cloned().unwrap_or_default();
        match kind {
            SabotageKind::FallbackRemoved => {
                ("the gateway knows no standby".to_owned(), self.needed().and_then(|()| self.without_fallback()))
            }
            SabotageKind::StandbyKeyWrong => {
                (format!("the gateway has another key for {standby}"), self.needed().and_then(|()| self.wrong_key(&standby)))
            }
            SabotageKind::StandbyDead => {
                (format!("nobody answers in the place of {standby}"), self.needed().and_then(|()| self.of_the_lab()))
            }
            SabotageKind::StandbySlow => {
                (format!("{standby} answers after all clients have given up"), self.needed().and_then(|()| self.slow(&standby)))
            }
            SabotageKind::TimeoutTimesTen => ("the gateway waits ten times as long".to_owned(), self.waits().and_then(|()| self.patient())),
            SabotageKind::BreakerOff => {
                ("the gateway asks the broken provider again and again".to_owned(), self.waits().and_then(|()| self.without_breaker()))
            }
            SabotageKind::RevocationIgnored => {
                ("the provider takes a key that was revoked".to_owned(), self.revokes().and_then(|()| self.of_the_lab()))
            }
            SabotageKind::StepSkipped | SabotageKind::Command => (String::new(), Err("it is about another thing".to_owned())),
        }
    }

    /// Faults on those that serve first.
    fn faults(&self) -> impl Iterator<Item = &PlannedFault> {
        let plan = self.plan();
        let primaries = plan.workloads.leading().service.primaries();
        plan.scenario.timeline.faults.iter().filter(move |planned| primaries.contains(&planned.on))
    }

    /// Whether the runbook revokes a key that the scenario leaves alone.
    fn revokes(&self) -> Result<(), String> {
        let plan = self.plan();
        let revokes = plan.runbook.iter().flat_map(Runbook::rotations).any(|rotate| rotate.part == RotationPart::Revoke);
        if plan.only_rotates() && revokes {
            return Ok(());
        }
        Err("no step of the runbook revokes a key of a planned rotation".to_owned())
    }

    /// Whether a standby is needed at all.
    fn needed(&self) -> Result<(), String> {
        if self.standby().is_none() {
            return Err("the service has no standby".to_owned());
        }
        if self.faults().all(|planned| planned.fault.is_rotation()) {
            return Err("nothing is broken of those that serve first, so that no standby is needed".to_owned());
        }
        Ok(())
    }

    /// Whether anybody waits for a provider that is broken.
    fn waits(&self) -> Result<(), String> {
        self.needed()?;
        let at_once = |planned: &PlannedFault| {
            matches!(
                planned.fault.kind().acts_on,
                ActsOn::Connections(Taken::Refused | Taken::Closed) | ActsOn::Requests | ActsOn::Issuer(_)
            )
        };
        let counts = self.plan().workloads.leading().objectives.rescued.is_some();
        if self.faults().all(at_once) && !counts {
            return Err(
                "the broken provider refuses at once: nobody waits for it, and no objective counts how often it is asked".to_owned()
            );
        }
        Ok(())
    }

    /// True where the lab's own gateway serves.
    fn is_reference(&self) -> bool {
        let plan = self.plan();
        plan.environment.gateway_of(&plan.workloads.leading().service_name) == Some(GatewayKind::Reference)
    }

    fn by_plan(&self, change: impl FnOnce(&mut DrillPlan)) -> Broken {
        let mut plan = self.plan().clone();
        change(&mut plan);
        Ok((plan, SabotageWay::Plan))
    }

    fn of_the_lab(&self) -> Broken {
        if self.plan().environment.embedded {
            return self.by_plan(|_| {});
        }
        Err("the providers are not the lab's".to_owned())
    }

    /// By an edit of the gateway's configuration.
    fn by_configuration(&self, kind: SabotageKind) -> Broken {
        let plan = self.plan();
        let Some((gateway, path)) = configuration(plan) else {
            return Err(
                "the environment does not name the gateway's configuration (`configuration: {litellm: gateway/config.yaml}`)".to_owned()
            );
        };
        if plan.environment.start.is_none() {
            return Err("the drill does not start the gateway, so that it cannot be given a copy of its configuration".to_owned());
        }
        let text = std::fs::read_to_string(self.planned.root.join(path)).map_err(|error| format!("{path} cannot be read: {error}"))?;
        let edited = sabotaged(gateway, &text, kind).map_err(|why| format!("{path}: {why}"))?;
        Ok((plan.clone(), SabotageWay::File { path: path.to_owned(), text: edited.text }))
    }

    fn without_fallback(&self) -> Broken {
        if self.is_reference() { self.by_plan(|_| {}) } else { self.by_configuration(SabotageKind::FallbackRemoved) }
    }

    fn wrong_key(&self, standby: &str) -> Broken {
        let environment = &self.plan().environment;
        let is_given = || {
            let texts = environment.start.iter().flat_map(|start| start.run.iter().chain(start.env.values()));
            let variable = format!("${{credential.{standby}}}");
            texts.into_iter().any(|text| text.contains(&variable))
        };
        if self.is_reference() || environment.embedded && is_given() {
            return self.by_plan(|_| {});
        }
        self.by_configuration(SabotageKind::StandbyKeyWrong)
    }

    fn slow(&self, standby: &str) -> Broken {
        let (mut plan, way) = self.of_the_lab()?;
        let deadline = plan.workloads.leading().objectives.deadline;
        if let Some(provider) = plan.providers.get_mut(standby) {
            let simulation = &mut provider.simulation;
            simulation.first_token_p50 = deadline.times(2);
            simulation.first_token_p95 = deadline.times(2);
            simulation.tail_share = Ratio::new(0.0).unwrap_or(simulation.tail_share);
            simulation.models = BTreeMap::new();
        }
        Ok((plan, way))
    }

    fn patient(&self) -> Broken {
        if self.is_reference() {
            return self.by_plan(|plan| {
                let GatewaySettings { try_timeout, .. } = &mut plan.environment.gateway;
                *try_timeout = try_timeout.times(TEN);
            });
        }
        self.by_configuration(SabotageKind::TimeoutTimesTen)
    }

    fn without_breaker(&self) -> Broken {
        if self.is_reference() {
            return self.by_plan(|plan| {
                let BreakerSettings { failures, .. } = &mut plan.environment.gateway.breaker;
                *failures = u32::MAX;
            });
        }
        self.by_configuration(SabotageKind::BreakerOff)
    }

    /// A runbook without one of its steps.
    fn skips(&self, place: usize, step: &Step) -> Broken {
        match &step.action {
            Action::Notify(_) => return Err("it only tells people".to_owned()),
            Action::Rotate(rotate) if rotate.part == RotationPart::Revoke && self.is_revoked(&rotate.credential) => {
                return Err("the scenario itself revokes that key".to_owned());
            }
            _ => {}
        }
        self.by_plan(|plan| {
            let steps = plan.runbook.iter_mut().flat_map(|runbook| &mut runbook.steps);
            if let Some(step) = steps.into_iter().nth(place) {
                step.when = Some(When::Holds { text: "false".to_owned(), within: String::new() });
            }
        })
    }

    fn is_revoked(&self, credential: &str) -> bool {
        let plan = self.plan();
        plan.scenario.timeline.faults.iter().any(|planned| planned.fault.is_revocation() && plan.credential_of(&planned.on) == credential)
    }
}

/// Which gateway's configuration it is, and its path from the root.
fn configuration(plan: &DrillPlan) -> Option<(GatewayKind, &str)> {
    plan.environment.configuration.as_ref().map(|named| (named.kind, named.file.as_str()))
}
