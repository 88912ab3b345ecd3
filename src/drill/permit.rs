//! What a drill was let begin with, while it runs: a lever that is pulled stops it, and so does a lock that another drill has taken meanwhile.

use super::DrillStop;
use super::interrupts::Interrupt;
use crate::history::StopReason;
use crate::permission::Permit;
use crate::units::Explained;

/// Ends with the interrupt, once somebody pulls a lever or a lock is lost.
pub(super) fn ended(permit: &Permit) -> impl Future<Output = Interrupt> + Send + 'static {
    let (levers, mut lost) = (permit.levers.clone(), permit.locks.lost());
    async move {
        let stop = tokio::select! {
            pulled = levers.watch() => {
                let stop = DrillStop::new(StopReason::Lever, pulled.to_string());
                DrillStop { hint: pulled.hint().map(Into::into), ..stop }
            }
            Ok(lost) = lost.wait_for(Option::is_some) => {
                let why = lost.clone().unwrap_or_default();
                DrillStop::new(StopReason::Lock, why).with_hint("see what the other drill did meanwhile, and run this one again when it has ended")
            }
        };
        Interrupt::Stop(stop)
    }
}
