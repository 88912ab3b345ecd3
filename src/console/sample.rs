//! A drill for the tests of this room: Azure OpenAI is blackholed, the standby takes over, a runbook is walked. And an execution of that
//! runbook. Compiled for tests only.

use crate::fault::Blackhole;
use crate::history::{
    Event, ExecutionStarted, FaultConfirmed, FaultHealed, FaultRequested, Finished, Gateway, Live, Outcome, Phase, PhaseEntered,
    RequestDone, RunbookStarted, Served, Stamped, Started, StepEnd, StepFinished, StepStarted,
};
use crate::model::{
    Action, Aim, Arrivals, Condition, Criticality, DeclaredObjectives, DrillPlan, Environment, ExecutionPlan, Goal, NamedWorkload,
    Objectives, OnFailure, PlannedFault, RequestKind, Runbook, Scenario, Service, StartMode, Step, Timeline, Workload,
};
use crate::units::{Duration, Rate, Seed};

/// The providers, the primary first.
pub(super) const AZURE: &str = "azure-swedencentral";
/// The standby.
pub(super) const OPENAI: &str = "openai-eu";

/// A live fold and what is told to it.
pub(super) struct SampleHistory {
    pub(super) live: Live,
}

impl SampleHistory {
    /// A drill that has just begun.
    pub(super) fn begin() -> Self {
        Self::with(|_| {})
    }

    /// The same with a plan that is a little different.
    pub(super) fn with(change: impl Fn(&mut DrillPlan)) -> Self {
        let mut plan = plan();
        change(&mut plan);
        let mut history = Self { live: Live::default() };
        let started = Started {
            format: crate::history::FORMAT,
            origin: crate::history::RunOrigin::default(),
            lifeboat: "0.1.0".into(),
            drill: "2026-11-20-azure-outage".into(),
            seed: Seed(42),
            wall_clock: "2026-11-20T15:00:00Z".into(),
            wall_clock_error: 0,
            gaps: vec![40_000_000],
            drawn: false,
            plan,
        };
        history.tell(0, Event::Started(Box::new(started)));
        history
    }

    /// An execution of its runbook that has just begun, for its service.
    pub(super) fn execution(change: impl Fn(&mut ExecutionPlan)) -> Self {
        let DrillPlan { runbook, workloads, environment_name, environment, .. } = plan();
        let mut plan = ExecutionPlan {
            sources: Vec::new(),
            parameters: std::collections::BTreeMap::new(),
            runbook: runbook.expect("the drill has one"),
            environment_name: Some(environment_name),
            environment,
            service_name: Some("support-chat".into()),
            service: Some(workloads.leading().service.clone()),
            providers: Default::default(),
            credentials: Default::default(),
            stores: Default::default(),
            secrets: Default::default(),
            contacts: Default::default(),
            mail: None,
        };
        change(&mut plan);
        let started = ExecutionStarted {
            format: crate::history::FORMAT,
            origin: crate::history::RunOrigin::default(),
            lifeboat: "0.1.0".into(),
            execution: "2026-11-20-fail-over".into(),
            seed: Seed(42),
            wall_clock: "2026-11-20T15:00:00Z".into(),
            root: "/project".into(),
            plan,
        };
        let mut history = Self { live: Live::default() };
        history.tell(0, Event::ExecutionStarted(Box::new(started)));
        history
    }

    /// One more event, at so many milliseconds.
    pub(super) fn tell(&mut self, ms: u64, event: Event) {
        self.live.apply(&Stamped { t: ms * 1_000_000, event });
    }

    /// A request that ended at so many milliseconds, answered by this provider or by nobody.
    pub(super) fn request(&mut self, ms: u64, by: Option<&'static str>) {
        let outcome = if by.is_some() { Outcome::Ok } else { Outcome::Timeout };
        let done = RequestDone { id: 0, due: ms * 1_000_000, lag: 0, proof: None, done: 1, outcome, why: None };
        self.tell(ms, Event::Request(done));
        if let Some(by) = by {
            let served = Served {
                id: Some(0),
                by: by.into(),
                at: ms * 1_000_000,
                took: 1,
                status: 200,
                key: None,
                cut: false,
                touched: false,
                request: None,
                tenant: None,
                tokens: None,
            };
            self.tell(ms, Event::Served(served));
        }
    }

    fn phase(&mut self, ms: u64, name: Phase) {
        self.tell(ms, Event::Phase(PhaseEntered { name }));
    }
}

/// The drill as far as so many milliseconds: baseline from 1 s, fault from 9 s to 29 s, cutover at 12 s, failback at 31 s, end at 37.5 s.
pub(super) fn outage(until: u64) -> SampleHistory {
    let mut history = SampleHistory::begin();
    history.phase(10, Phase::Preparing);
    for ms in (0..=until).step_by(20) {
        for (at, event) in events() {
            if (ms.max(20) - 20..ms).contains(&at) || (at == ms && ms == until) {
                history.tell(at, event);
            }
        }
        let by = match ms {
            1_100..9_000 | 31_000..37_000 => Some(AZURE),
            9_000..12_000 => None,
            12_000..31_000 => Some(OPENAI),
            _ => continue,
        };
        history.request(ms, by);
    }
    history
}

fn events() -> Vec<(u64, Event)> {
    let phase = |name| Event::Phase(PhaseEntered { name });
    let breaker = |breaker| Event::Gateway(Gateway { at: 0, provider: AZURE.into(), breaker });
    let step = |step, name: &str, attempt| Event::StepStarted(StepStarted { step, name: name.into(), attempt });
    let done = |step, end, output: &str| Event::StepFinished(StepFinished { step, end, output: output.into(), unsure: false, value: None });
    let what = || Blackhole.into();
    vec![
        (1_000, phase(Phase::Baseline)),
        (9_000, phase(Phase::Fault)),
        (9_005, Event::FaultRequested(FaultRequested { fault: 0, on: AZURE.into(), what: what(), aim: Aim::default() })),
        (9_010, Event::FaultConfirmed(FaultConfirmed { fault: 0, on: AZURE.into(), lo: 9_006_000_000, hi: 9_006_400_000 })),
        (9_600, Event::RunbookStarted(RunbookStarted { runbook: "fail-over".into(), because: "5 failures in a row".into() })),
        (9_600, step(0, "See that the primary is down", 1)),
        (11_000, done(0, StepEnd::Done, "")),
        (11_000, step(1, "Point the gateway at the standby", 1)),
        (11_500, step(1, "Point the gateway at the standby", 2)),
        (12_000, breaker(crate::history::Breaker::Open)),
        (14_000, done(1, StepEnd::TimedOut, "\nswitch.sh: no answer\nmore")),
        (
            29_000,
            Event::FaultHealed(FaultHealed {
                fault: 0,
                on: AZURE.into(),
                lo: 28_999_000_000,
                hi: 29_006_400_000,
                touched: Some(153),
                expired: false,
            }),
        ),
        (29_010, phase(Phase::Watch)),
        (31_000, breaker(crate::history::Breaker::Closed)),
        (37_000, phase(Phase::Draining)),
        (37_500, Event::Finished(Finished { observed_until: 37_000_000_000, requests: 1_796, by_workload: Vec::new() })),
    ]
}

fn scenario() -> Scenario {
    let fault = PlannedFault {
        at: Duration::ZERO,
        on: AZURE.into(),
        fault: Blackhole.into(),
        aim: Aim::default(),
        length: Duration::from_secs(20),
    };
    Scenario {
        name: "azure-outage".into(),
        title: "Azure OpenAI stops answering".into(),
        service: "support-chat".into(),
        runbook: Some("runbooks/fail-over.yaml".into()),
        timeline: Timeline { baseline: Duration::from_secs(8), faults: vec![fault], watch: Duration::from_secs(8) },
        objectives: DeclaredObjectives::default(),
        abort_when: Vec::new(),
        overlays: Vec::new(),
    }
}

fn plan() -> DrillPlan {
    let step = |name: &str| Step {
        retries: 1,
        retry_after: Duration::ZERO,
        on_failure: OnFailure::Stop,
        ..Step::new(name, Action::Pause(Duration::from_secs(1)), Duration::from_secs(3))
    };
    DrillPlan {
        prediction: None,
        prices: std::collections::BTreeMap::new(),
        parity: Vec::new(),
        keep: None,
        sabotage: None,
        most_tokens: std::collections::BTreeMap::new(),
        scenario: scenario(),
        runbook: Some(Runbook {
            name: "fail-over".into(),
            owner: None,
            reviewed: None,
            start: StartMode::OnDetection,
            detect: Condition::of(Goal::Fails(5)),
            reaction: None,
            severity: None,
            roles: std::collections::BTreeMap::new(),
            escalate: Vec::new(),
            updates: Vec::new(),
            steps: vec![step("See that the primary is down"), step("Point the gateway at the standby")],
        }),
        environment_name: "lab".into(),
        environment: Environment::default(),
        workloads: NamedWorkload {
            name: "support-chat".into(),
            service_name: "support-chat".into(),
            service: Service {
                owner: None,
                criticality: Criticality::SinglePointOfFailure,
                providers: vec![AZURE.into(), OPENAI.into()],
                sharing: 1,
                objectives: DeclaredObjectives::default(),
                runbook: None,
                business: None,
                parity: Vec::new(),
            },
            objectives: Objectives::default(),
            residency: Vec::new(),
            judged: true,
            workload: Workload {
                arrivals: Arrivals::Constant,
                request: RequestKind::ChatStream,
                max_in_flight: 500,
                max_tokens: None,
                ..Workload::steady(Rate::per_second(50.0).expect("a positive constant"))
            },
        }
        .into(),
        providers: Default::default(),
        stores: std::collections::BTreeMap::new(),
        secrets: std::collections::BTreeMap::new(),
        credentials: Default::default(),
        contacts: Default::default(),
        mail: None,
    }
}
