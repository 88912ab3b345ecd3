//! A guard that asks somebody outside: the same questions, by the same code, as those that a runbook asks while it waits.

use crate::drill::rig::Rig;
use crate::drill::site::RigSite;
use crate::history::{Event, GuardSays, Guarded, HeardFold, Live};
use crate::journal::Recorder;
use crate::model::OutsideGuard;
use crate::step::{Attendance, Before, Context, Directory, Outbox, look};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// What questions need to know, and nothing that a step could change something with.
pub(super) fn context(rig: &Rig, site: &RigSite<'_>) -> Context {
    Context {
        variables: rig.variables.clone(),
        redactor: rig.redactor.clone(),
        live: watch::channel(Arc::new(Live::default())).1,
        clock: site.recorder.clock(),
        attendance: Attendance::Unattended,
        board: None,
        interview: None,
        stand_in: None,
        directory: Directory::default().into(),
        folder: site.root.to_owned(),
        http: site.http.clone(),
        seed: site.seed,
        supervisor: None,
        before: Before::within(site.folder),
        keyring: rig.keyring.clone(),
        outbox: Outbox::of_drill(&site.folder.display().to_string(), site.seed),
        stores: site.plan.stores.clone().into(),
        lacking: Default::default(),
    }
}

/// Asks once: what it says, and what was seen, without secrets.
pub(super) async fn heard(outside: &OutsideGuard, context: &Context) -> (GuardSays, String) {
    let (says, told) = match look(&outside.asked, context).await {
        Ok((Some(true), told)) => (GuardSays::Stop, told),
        Ok((Some(false), told)) => (GuardSays::Go, told),
        Ok((None, told)) => (GuardSays::Unknown, told),
        Err(error) => (GuardSays::Unknown, format!("could not be asked: {error}")),
    };
    (says, context.presentable(&told))
}

/// Asks again and again, and records each change; ends once it has said stop for too long. Before a drill it says go, or there is none.
pub(super) async fn watch(outside: &OutsideGuard, mut fold: HeardFold, context: &Context, recorder: &Recorder) -> Guarded {
    let _ = fold.change(GuardSays::Go, "");
    let mut every = interval(outside.asked.every.std());
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let (says, told) = heard(outside, context).await;
        if let Some(change) = fold.change(says, &told) {
            recorder.record(Event::GuardSeen(change)).await;
        }
        if let Some(tripped) = fold.heard(outside, (says, &told), recorder.clock().now()) {
            return tripped;
        }
    }
}
