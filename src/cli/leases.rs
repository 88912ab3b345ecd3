//! Whether the faults of a drill end by themselves where nobody heals them: a plain Toxiproxy has no leases, and who begins must know.

use crate::model::DrillPlan;
use crate::toxiproxy::Control;
use std::time::Duration;

/// How long a server may take to say whose it is.
const PATIENCE: Duration = Duration::from_secs(3);

/// What there is to say of a plan's server of faults; nothing where it has leases, or is this process.
pub(super) async fn said(plan: &DrillPlan) -> Option<String> {
    let binding = plan.environment.control.as_ref()?;
    let token = binding.token_from.as_ref().and_then(|variable| std::env::var(variable).ok());
    let asked = Control::connect_with(&binding.url, token.as_deref().map(str::trim));
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(control)) if control.is_lifeboat() => None,
        Ok(Ok(_)) => {
            Some(format!("faults do not end by themselves at {}, a plain Toxiproxy: a watchdog heals if this process dies", binding.url))
        }
        Ok(Err(_)) | Err(_) => Some(format!("{} cannot be asked now whether its faults end by themselves", binding.url)),
    }
}
