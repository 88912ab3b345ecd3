//! A round as JUnit's XML, which continuous integration reads: a suite for each service, a case for each of its hops.
//!
//! A dead hop is a failure. One of which nobody can tell is an error, so that a build that goes on does not look like one that is ready. One that the
//! environment leaves out is skipped.

use super::reading::HopReading;
use super::round::ReadinessRound;
use crate::model::{CheckOutcome, HopReason, HopState};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

/// The whole round.
pub fn junit(round: &ReadinessRound) -> String {
    let mut document = quick_junit::Report::new(format!("readiness of {}", round.environment));
    for service in &round.services {
        let mut suite = TestSuite::new(service.service.clone());
        suite.set_timestamp(round.at);
        for hop in &service.hops {
            let Some(reading) = round.hops.iter().find(|reading| reading.hop.id() == hop.hop) else { continue };
            suite.add_test_case(case(&service.service, &format!("{} ({})", reading.hop, hop.role), reading));
        }
        suite.set_system_out(format!("{}\n{}", service.told, round.spent()));
        document.add_test_suite(suite);
    }
    document.to_string().expect("nothing is written but to memory")
}

fn case(service: &str, name: &str, reading: &HopReading) -> TestCase {
    let reason = reading.reason.map_or("", HopReason::word);
    let status = match reading.state {
        HopState::Alive | HopState::Warned => TestCaseStatus::success(),
        HopState::Dead => not(NonSuccessKind::Failure, reason, reading),
        HopState::Unknown => not(NonSuccessKind::Error, reason, reading),
        HopState::LeftOut => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(reading.told.clone());
            skipped
        }
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(service);
    let looks = reading.checks.iter().filter(|found| found.outcome != CheckOutcome::Fine);
    let lines: Vec<String> = looks.map(|found| format!("{}: {}: {}", found.check, found.outcome, found.told)).collect();
    case.set_system_out(lines.join("\n"));
    case
}

fn not(kind: NonSuccessKind, reason: &str, reading: &HopReading) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(reason).set_message(reading.told.clone());
    status
}
