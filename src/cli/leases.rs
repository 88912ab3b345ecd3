//! What there is to know of the server of faults before a drill begins: a plain Toxiproxy has no leases, tells nobody who served, and cannot
//! play every fault. Only `GET /version` is asked of it, and with no token but by a drill that is about to begin: an inventory may name any
//! address and any variable, and whoever only looks gives no secret away.

use crate::control::{self, Control, ControlError};
use crate::model::{ControlBinding, DrillPlan};
use crate::project::Project;
use crate::units::explained;
use std::path::PathBuf;
use std::time::Duration;

/// How long a server may take to say whose it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a person should know of the control API that a plan uses, before the drill begins.
#[derive(Debug, Default)]
pub(super) struct ControlNotice {
    /// A line each.
    pub(super) lines: Vec<String>,
    /// Why the drill will not begin.
    pub(super) unable: Option<String>,
}

/// What there is to say of the server of faults of a drill that begins now; nothing where it is one of ours.
pub(super) async fn said(plan: &DrillPlan) -> ControlNotice {
    let token = |binding: &ControlBinding| std::env::var(binding.token_from.as_ref()?).ok();
    told(plan, plan.environment.control.as_ref().and_then(token).as_deref()).await
}

/// The same for whoever only looks.
pub(super) async fn shown(plan: &DrillPlan) -> ControlNotice {
    told(plan, None).await
}

async fn told(plan: &DrillPlan, token: Option<&str>) -> ControlNotice {
    let Some(binding) = &plan.environment.control else { return ControlNotice::default() };
    match asked(&binding.url, token).await {
        Some(Ok(control)) if control.is_lifeboat() => ControlNotice::default(),
        Some(Ok(control)) => ControlNotice {
            lines: vec![
                format!(
                    "faults do not end by themselves at {}, a plain Toxiproxy: a watchdog heals them if this process dies",
                    binding.url
                ),
                control::shows(plan),
            ],
            unable: control::unable(plan, &control.url()).map(|problem| explained(&problem)),
        },
        Some(Err(ControlError::Refused { status: 401, .. })) if token.is_none() => {
            let line = format!(
                "{} requires its token, which only a drill sends; it is not known yet whether its faults end by themselves",
                binding.url
            );
            ControlNotice { lines: vec![line], unable: None }
        }
        Some(Err(_)) | None => ControlNotice {
            lines: vec![format!("{} does not answer, so it is not known whether its faults end by themselves", binding.url)],
            unable: None,
        },
    }
}

async fn asked(url: &str, token: Option<&str>) -> Option<Result<Control, ControlError>> {
    tokio::time::timeout(PATIENCE, Control::connect_with(url, token.map(str::trim))).await.ok()
}

/// What scenarios would ask in vain of the plain Toxiproxies of a project's environments, a paragraph for each environment. Asked is only
/// who is on this host: nothing is sent to an address elsewhere because a file names it. A server that does not answer now is passed over.
pub(super) async fn in_vain(project: &Project, scenarios: &[PathBuf]) -> Vec<String> {
    let mut told = Vec::new();
    for (name, environment) in &project.inventory.environments {
        let Some(binding) = environment.control.as_ref().filter(|binding| control::is_here(&binding.url)) else { continue };
        let Some(Ok(control)) = asked(&binding.url, None).await else { continue };
        if control.is_lifeboat() {
            continue;
        }
        let plans = scenarios.iter().filter_map(|file| Some((file, project.plan(file, name).ok()?.0)));
        let plans: Vec<(&PathBuf, DrillPlan)> = plans.collect();
        let mut text = format!("environment {name}: a plain Toxiproxy answers at {}; ", control.url());
        text += &plans.first().map_or_else(|| "who served is not seen there".to_owned(), |(_, plan)| control::shows(plan));
        for (file, plan) in &plans {
            for problem in control::beyond(plan) {
                text += &format!("\n  {}: {problem}", super::run::relative(file));
            }
        }
        told.push(text);
    }
    told
}
