//! What was done is kept: who, from where, what, and how it ended.

use super::caller::Caller;
use crate::serve::App;
use crate::store::AuditEntry;
use chrono::Utc;

impl App {
    /// Keeps what somebody did. A call that its handler tells of so is not told again by the gate, which else tells of each that changes something.
    pub(in crate::serve) async fn audit(&self, caller: &Caller, action: &str, object: &str, outcome: &str) {
        caller.tell();
        keep(self, caller, action, object, outcome).await;
    }
}

/// The same for the gate: nothing, where the handler has told of it.
pub(super) async fn audit_call(app: &App, caller: &Caller, action: &str, object: &str, outcome: &str) {
    if !caller.tell() {
        keep(app, caller, action, object, outcome).await;
    }
}

async fn keep(app: &App, caller: &Caller, action: &str, object: &str, outcome: &str) {
    let entry = AuditEntry::new(Utc::now(), &caller.name, caller.via.word(), &caller.address).did(action, object, outcome);
    if let Err(error) = app.store().add_audit(&entry).await {
        // It is not lost: the log of the process holds it.
        let AuditEntry { who, via, address, action, object, outcome, .. } = &entry;
        tracing::error!(%who, %via, %address, %action, %object, %outcome, "the audit log cannot be written: {error}");
    }
}
