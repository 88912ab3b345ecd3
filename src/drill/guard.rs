//! The guard of a scenario (`abort_when:`) and of this machine, while a drill runs: looked at four times a second.

use super::interrupts::Interrupt;
use super::{DrillStop, files};
use crate::history::{Live, StopReason};
use crate::journal::Clock;
use crate::model::Guard;
use std::sync::Arc;
use tokio::sync::watch;

/// How often it is looked.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// Ends with the stop, once the guard trips.
pub(super) async fn tripped(guard: Guard, live: watch::Receiver<Arc<Live>>, clock: Clock) -> DrillStop {
    until(|| {
        let words = live.borrow().tripped(guard, clock.now())?;
        let hint = "see why it went so badly; raise this limit only where it was too tight: a lower `success_below:` or a longer `for:` of `abort_when:`";
        Some(DrillStop::new(StopReason::Guard, words).with_hint(hint))
    })
    .await
}

/// Ends with the interrupt, once requests found no file.
pub(super) async fn out_of_files(live: watch::Receiver<Arc<Live>>) -> Interrupt {
    Interrupt::Stop(until(|| files::found(&live.borrow()).err()).await)
}

async fn until(look: impl Fn() -> Option<DrillStop>) -> DrillStop {
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        if let Some(stop) = look() {
            return stop;
        }
    }
}
