//! The control ledger of some quarters, put together from its rows.

use super::ledger::{Ledger, LedgerFacts, LedgerRow};
use super::ledger_index::LedgerIndex;
use super::{schedule_quarter, service_quarters};
use crate::schedule::{DeferredSubject, Quarter};
use chrono::{DateTime, Utc};

/// The ledger of these quarters.
pub fn ledger(facts: &LedgerFacts<'_>, quarters: &[Quarter], now: DateTime<Utc>) -> Ledger {
    let index = LedgerIndex::of(facts);
    let services = facts.inventory.services.iter().map(|(name, service)| LedgerRow {
        kind: DeferredSubject::Service,
        name: name.clone(),
        criticality: Some(service.criticality),
        owner: service.owner.clone(),
        cells: service_quarters::cells(&index, name, service, quarters, now),
    });
    let mut schedules: Vec<LedgerRow> = facts
        .schedules
        .iter()
        .map(|schedule| LedgerRow {
            kind: DeferredSubject::Schedule,
            name: schedule.name.clone(),
            criticality: None,
            owner: None,
            cells: schedule_quarter::cells(&index, schedule, quarters, now),
        })
        .collect();
    schedules.sort_by(|one, other| one.name.cmp(&other.name));
    Ledger { at: now, quarters: quarters.to_vec(), rows: services.chain(schedules).collect() }
}
