//! Drills without the command line: from plain orders, as a scheduler starts them.

use crate::support::Project;
use lifeboat::exercise::{self, DrillOrders, DrillTurn, Exercise, ExerciseError, FinishedDrill, Observer, ReadScenario};
use lifeboat::model::DrillPlan;
use lifeboat::step::Attendance;
use lifeboat::units::Seed;
use std::path::PathBuf;
use tokio::sync::watch;

/// Looks on, and says nothing.
#[derive(Default)]
struct Recording {
    begun: Vec<(usize, PathBuf)>,
    finished: Vec<FinishedDrill>,
    turn: usize,
}

impl Observer for Recording {
    type Error = ExerciseError;

    fn attendance(&mut self) -> Attendance {
        Attendance::Unattended
    }

    async fn begins(&mut self, turn: DrillTurn, _: &DrillPlan) -> Result<(), ExerciseError> {
        self.turn = turn.number;
        Ok(())
    }

    fn begun(&mut self, exercise: &Exercise) -> Result<(), ExerciseError> {
        self.begun.push((self.turn, exercise.folder().to_owned()));
        Ok(())
    }

    async fn ended(&mut self, _: &DrillPlan, finished: Result<FinishedDrill, ExerciseError>) -> Result<(), ExerciseError> {
        self.finished.push(finished?);
        Ok(())
    }

    fn failed(&mut self, _: &DrillPlan, error: ExerciseError) {
        panic!("{error}");
    }

    fn left_out(&mut self, _: &DrillPlan) {}
}

#[test]
fn drills_run_from_plain_orders_one_after_the_other_and_two_at_once_in_one_process() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let project = Project::quick().unsearched();
    let (_stop, stopped) = watch::channel(false);
    let orders = |repeat, seed, out: Option<&str>| {
        let read = ReadScenario::of(&project.path("scenarios/quick.yaml"), "lab").unwrap();
        assert!(read.is_valid(), "{:?}", read.findings);
        DrillOrders {
            drills: read.planned.into_iter().collect(),
            repeat,
            until_known: false,
            seed: Seed(seed),
            reason: Some("a scheduler wants it".into()),
            out: out.map(|out| project.path(out)),
            history: None,
            sign: None,
            supervisor: env!("CARGO_BIN_EXE_lifeboat").into(),
            wait: None,
            locks: None,
            stop: stopped.clone(),
        }
    };
    let (two, one) = (orders(2, 7, Some("both")), orders(1, 9, None));
    assert_eq!((two.count(), two.agree(|_| None)), (2, Ok(())), "a drill in the lab needs nobody's consent");
    let (mut first, mut second) = (Recording::default(), Recording::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (first, second) = tokio::join!(exercise::run(&two, &mut first), exercise::run(&one, &mut second));
        first.and(second).unwrap();
    });
    assert_eq!(first.begun, [(1, project.path("both/trial-01")), (2, project.path("both/trial-02"))]);
    assert!(second.begun[0].1.starts_with(project.path("drills")), "{:?}", second.begun);
    for drill in first.finished.iter().chain(&second.finished) {
        assert!(drill.stopped.is_none() && drill.journal.is_ok(), "{drill:?}");
        assert!(drill.judged.verdict.evidence.requests > 100 && !drill.judged.torn, "{:?}", drill.judged.verdict);
        assert!(
            drill.folder.join("report.md").is_file()
                && drill.folder.join("report.html").is_file()
                && drill.folder.join("verdict.json").is_file()
        );
    }
    assert_eq!((first.finished.len(), second.finished.len()), (2, 1));
    assert!(project.path("both/repeats.json").is_file() && project.path("both/report.md").is_file());
    let told = std::fs::read_to_string(project.path("both/trial-02/history.jsonl")).unwrap();
    assert!(told.lines().next().unwrap().contains("a scheduler wants it"), "the reason is in the first event");
}
