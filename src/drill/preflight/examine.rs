//! Everything but the drill: what it needs is opened, tried, told and taken down again. Nothing is recorded, and nothing is left behind.

use super::{Preflight, PreflightCheck, Trouble};
use crate::drill::DrillStop;
use crate::drill::conductor::Order;
use crate::drill::guard;
use crate::drill::interrupts::by_a_person;
use crate::drill::load::budget;
use crate::drill::prepare::open;
use crate::drill::site::{RigSite, tag};
use crate::history::StopReason;
use crate::journal::{Clock, Journal, Recorder};
use crate::redact::Redactor;
use crate::step::client;
use std::sync::Arc;
use tokio::sync::watch;

/// What was tried, in its order.
#[derive(Debug)]
pub struct Examined {
    /// What was found.
    pub tried: Vec<PreflightCheck>,
    /// Why it ended before all was tried, where that is no trouble of the set-up: a person, or a limit of what may be spent.
    pub stopped: Option<DrillStop>,
}

/// Tries whatever a drill would need, as it would be run by this order. Its folder is for what is started; nothing else is written.
///
/// # Errors
/// Where the operating system gives no thread.
pub async fn examine(order: Order) -> std::io::Result<Examined> {
    let journal = Journal::start(std::io::sink(), Clock::start())?;
    let recorder = journal.recorder();
    let mut preflight = Preflight::default();
    let (ended, redactor) = all(&order, &recorder, &mut preflight).await;
    drop(recorder);
    let _ = journal.close().await;
    let stopped = ended.and_then(|stop| preflight.need::<()>(Err(stop)).err());
    let clean = |text: String| redactor.redact(&text);
    let told = |trouble: Trouble| Trouble::new(clean(trouble.problem), clean(trouble.hint));
    let tried = preflight.0.into_iter().map(|tried| tried.map(clean).map_err(told)).collect();
    Ok(Examined { tried, stopped })
}

async fn all(order: &Order, recorder: &Recorder, preflight: &mut Preflight) -> (Option<DrillStop>, Redactor) {
    let Order { plan, seed, root, supervisor, secrets, folder, id, .. } = order;
    let (http, budget, tag) = (client(), Arc::new(budget(plan)), tag(*seed, id));
    let site = RigSite { plan, seed: *seed, tag, root, supervisor, folder, stays: false, recorder, http: &http, budget: &budget, secrets };
    let mut stop = order.stop.clone();
    let (mut rig, names) = match unless_stopped(&mut stop, open(&site, preflight)).await {
        Ok(opened) => opened,
        Err(stop) => return (Some(stop), Redactor::default()),
    };
    let redactor = rig.redactor.clone();
    let connecting = async {
        rig.connect(&site, names, preflight).await?;
        guard::first_look(&rig, &site, preflight).await
    };
    let ended = unless_stopped(&mut stop, connecting).await.err();
    rig.take_down(recorder).await;
    // What is wrong is told already, each by itself.
    (ended.filter(|stop| stop.reason != StopReason::Environment || preflight.is_well()), redactor)
}

async fn unless_stopped<T>(stop: &mut watch::Receiver<bool>, work: impl Future<Output = Result<T, DrillStop>>) -> Result<T, DrillStop> {
    tokio::select! {
        biased;
        Ok(_) = stop.wait_for(|stop| *stop) => Err(by_a_person()),
        done = work => done,
    }
}
