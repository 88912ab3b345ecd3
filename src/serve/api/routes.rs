//! Every route of the API but its description.

use super::route::ApiRoute;
use super::{audit, coverage, drills, findings, health, inventory, lever, questions, readiness, schedules, tokens};

/// All of them.
pub(super) fn all() -> Vec<ApiRoute> {
    let groups = [
        health::routes(),
        drills::routes(),
        questions::routes(),
        findings::routes(),
        schedules::routes(),
        coverage::routes(),
        inventory::routes(),
        readiness::routes(),
        lever::routes(),
        tokens::routes(),
        audit::routes(),
    ];
    groups.into_iter().flatten().collect()
}
