//! What there is to know of the server of faults before a drill begins: a plain Toxiproxy has no leases, tells nobody who served, and cannot
//! play every fault. Only `GET /version` is asked of it, and only by a drill that is about to begin: an inventory may name any address and any
//! variable, and whoever only looks asks nobody.

use crate::control::{self, Control, ControlError};
use crate::model::{ControlBinding, DrillPlan};
use std::time::Duration;

/// How long a server may take to say whose it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a person should know of the control API that a plan uses, before the drill begins.
#[derive(Debug, Default)]
pub(super) struct ControlNotice {
    /// A line each.
    pub(super) lines: Vec<String>,
}

/// What there is to say of the server of faults of a drill that begins now; nothing where it is one of ours.
pub(super) async fn said(plan: &DrillPlan) -> ControlNotice {
    let token = |binding: &ControlBinding| Some(crate::secret::variable(binding.token_from.as_ref()?)?.expose().to_owned());
    told(plan, plan.environment.control.as_ref().and_then(token).as_deref()).await
}

async fn told(plan: &DrillPlan, token: Option<&str>) -> ControlNotice {
    let Some(binding) = &plan.environment.control else { return ControlNotice::default() };
    match asked(&binding.url, token).await {
        Some(Ok(control)) if control.is_lifeboat() => ControlNotice::default(),
        Some(Ok(_)) => ControlNotice {
            lines: vec![
                format!(
                    "faults do not end by themselves at {}, a plain Toxiproxy: a watchdog heals them if this process dies",
                    binding.url
                ),
                control::shows(plan),
            ],
        },
        Some(Err(ControlError::Refused { status: 401, .. })) if token.is_none() => {
            let line = format!(
                "{} requires its token, which only a drill sends; it is not known yet whether its faults end by themselves",
                binding.url
            );
            ControlNotice { lines: vec![line] }
        }
        Some(Err(_)) | None => ControlNotice {
            lines: vec![format!("{} does not answer, so it is not known whether its faults end by themselves", binding.url)],
        },
    }
}

async fn asked(url: &str, token: Option<&str>) -> Option<Result<Control, ControlError>> {
    tokio::time::timeout(PATIENCE, Control::connect_with(url, token.map(str::trim))).await.ok()
}
