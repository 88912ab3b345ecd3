//! A runbook that only watches: the gateway is trusted to move users by itself, and each stage is seen to happen.

use super::super::beginning::BegunProject;
use super::{DrillTimes, modeline};
use crate::units::Duration;

/// Its text.
pub(in crate::init) fn text(begun: &BegunProject) -> String {
    let times = DrillTimes::of(begun);
    let patience = times.fault.plus(Duration::from_secs(5)).typed();
    let mut text = modeline("runbook");
    text += "# Nobody does anything here: the gateway is trusted to move users by itself, and each stage is seen to happen. When that fails, a person\n\
             # needs steps: `lifeboat help runbooks` tells which there are.\n";
    text += &format!(
        "version: 1\nrunbook: gateway-fails-over\nowner: {}\nstart: on-detection\ndetect: {{fails: 3 in a row}}\nsteps:\n",
        begun.owner_id()
    );
    // At night, where there is no drill's traffic, it asks the gateway itself.
    let outside = |told: &str| {
        if begun.is_plain() {
            String::new()
        } else {
            format!(
                "\n      outside: {{request: {{to: \"${{service.url}}/models\", headers: {{authorization: \"Bearer ${{service.key}}\"}}}}, {told}}}"
            )
        }
    };
    if !begun.standbys().is_empty() {
        text += &format!(
            "  - name: See that a standby serves\n    wait_until:\n      served_by: standby over 2s       # who serves, only the drill's proxies know{}\n    \
             timeout: {patience}\n",
            outside("succeeds: 3 in a row")
        );
    }
    text += &format!(
        "  - name: See that users are served well\n    wait_until:\n      success: 95% over 5s{}\n    timeout: {patience}\n",
        outside("success: 95% over 5s")
    );
    text
}
