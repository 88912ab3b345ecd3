//! A hop held against those that it stands in for. Pure.
//!
//! That a hop does not stream, calls no tools or knows no JSON is the end of it only where another hop of a service of its has that: then requests that
//! worked fail once it takes over. Where none has, nobody can have asked for it, and it is a warning.

use super::reading::HopReading;
use super::service::ServiceReadiness;
use crate::model::{CheckOutcome, HopCheck, HopReason};
use crate::units::grouped;

/// What one hop may have and another not.
const ABILITIES: [HopCheck; 3] = [HopCheck::Streaming, HopCheck::Tools, HopCheck::Json];

/// Weighs the hops of a round against each other.
pub(super) fn weigh(readings: &mut [HopReading], services: &[ServiceReadiness]) {
    let seen = readings.to_vec();
    let by_id = |id: &str| seen.iter().find(|reading| reading.hop.id() == id);
    for reading in readings {
        let id = reading.hop.id();
        let own = services.iter().filter(|service| service.hops.iter().any(|hop| hop.hop == id));
        let beside: Vec<&HopReading> = own.clone().flat_map(|service| &service.hops).filter_map(|hop| by_id(&hop.hop)).collect();
        for found in reading.checks.iter_mut().filter(|found| ABILITIES.contains(&found.check) && found.outcome == CheckOutcome::Failing) {
            let is_had = |other: &&HopReading| other.found(found.check).is_some_and(|other| other.outcome == CheckOutcome::Fine);
            if !beside.iter().any(is_had) {
                found.outcome = CheckOutcome::Warning;
                found.told += "; none of its services' hops does";
            }
        }
        let primaries = own.filter_map(|service| by_id(&service.hops.iter().find(|hop| hop.role.serves())?.hop));
        let longest =
            primaries.filter(|primary| primary.hop.id() != id).filter_map(|primary| Some((primary.context?, primary.hop.id()))).max();
        if let (Some((longest, whose)), Some(context)) = (longest, reading.context)
            && context < longest
            && let Some(found) = reading.checks.iter_mut().find(|found| found.check == HopCheck::Context)
        {
            found.outcome = CheckOutcome::Warning;
            found.reason = Some(HopReason::ShorterContext);
            found.told = format!("it takes prompts of {} tokens, and {whose} of {}", grouped(context), grouped(longest));
        }
        reading.summed_up();
    }
}
