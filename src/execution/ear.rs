//! The environment's alerts while a runbook is walked for real: the place for them is taken before anything begins, so that a runbook which waits
//! for an alert does not begin where none can come; they are answered once there is a history to record them in.

use super::folder::ExecutionError;
use crate::alert::{AlertSocket, Receiver};
use crate::history::{AlertsAwaited, Event, Remark, RemarkAbout};
use crate::journal::Recorder;
use crate::model::ExecutionPlan;
use crate::secret;
use std::collections::BTreeSet;

/// The place that alerts are posted to, or why there is none.
#[derive(Debug, Default)]
pub(super) struct Ear {
    socket: Option<AlertSocket>,
    awaited: BTreeSet<String>,
    /// Why nobody listens, where the environment says where and no step needs it.
    problem: Option<String>,
}

impl Ear {
    /// Takes the place that the environment names.
    ///
    /// # Errors
    /// Where a step waits for an alert, and nobody can listen for it.
    pub(super) async fn of(plan: &ExecutionPlan) -> Result<Self, ExecutionError> {
        let awaited: BTreeSet<String> = plan.runbook.alerts_outside().map(str::to_owned).collect();
        match taken(plan).await {
            Ok(socket) => Ok(Self { socket, awaited, problem: None }),
            Err(error) if awaited.is_empty() => Ok(Self { socket: None, awaited, problem: Some(error.to_string()) }),
            Err(error) => Err(error),
        }
    }

    /// Answers from now on, and records where.
    pub(super) async fn open(self, recorder: &Recorder) -> Option<Receiver> {
        let Self { socket, awaited, problem } = self;
        if let Some(text) = problem {
            recorder.record(Event::Remark(Remark { about: RemarkAbout::Alerts, text })).await;
        }
        let socket = socket?;
        recorder.record(Event::AlertsAwaited(AlertsAwaited { url: socket.url() })).await;
        Some(socket.serve(awaited, recorder.clone()))
    }
}

async fn taken(plan: &ExecutionPlan) -> Result<Option<AlertSocket>, ExecutionError> {
    let Some(binding) = &plan.environment.alerts else { return Ok(None) };
    let missing = |variable: &String| ExecutionError::NoAlertToken { variable: variable.clone() };
    let held = |variable: &String| secret::variable(variable).filter(|token| !token.is_empty()).ok_or_else(|| missing(variable));
    let token = binding.token_from.as_ref().map(held).transpose()?;
    Ok(Some(AlertSocket::bind(&binding.hosts, &binding.listen, token).await?))
}
