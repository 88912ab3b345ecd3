//! The one channel of interrupts: everything that may end a drill before its time reports here, and whatever the conductor waits for, it waits for
//! through here too. So no step of a drill can overlook a person who stops it, a guard, or a proxy that is gone.
//!
//! ```text
//!  a person ──────┐
//!  the journal ───┤
//!  a lease ───────┤                    ┌─► work, dropped at once (waiting)
//!  the budget ────┼──► one channel ──►─┤
//!  a script ──────┤                    └─► a call, given a moment to end (inject, heal)
//!  the rig ───────┤
//!  guard, files ──┘
//! ```
//!
//! What this file does not do: decide whether something is wrong. Those who watch do; see `guard`, `faults`, `sight`.

use super::DrillStop;
use crate::history::StopReason;
use crate::journal::JournalError;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long a call that changes something may still take once the drill is to end: enough for one that is about to be answered, so that what it
/// changed is known. One that hangs is dropped: what it left is healed on the way out, or ends with its lease.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// One report that a drill cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interrupt {
    /// It must stop.
    Stop(DrillStop),
    /// It must stop while its guard is armed: what was measured on the way out trips none.
    Guard(DrillStop),
    /// A workload's k6 has failed. What it said itself is whole only when it has ended.
    Script(String),
}

/// The receiving end, with whatever reports into it for as long as the drill runs.
pub(super) struct Interrupts {
    sender: mpsc::Sender<Interrupt>,
    received: mpsc::Receiver<Interrupt>,
    watchers: JoinSet<()>,
    guard: Option<tokio::task::AbortHandle>,
    /// The first: nothing goes on after it.
    ended: Option<DrillStop>,
    script: Option<String>,
}

impl Interrupts {
    /// With those that every drill has: a person, and a history that cannot be written.
    pub(super) fn new(stop: watch::Receiver<bool>, failure: watch::Receiver<Option<JournalError>>) -> Self {
        let (sender, received) = mpsc::channel(16);
        let mut interrupts = Self { sender, received, watchers: JoinSet::new(), guard: None, ended: None, script: None };
        interrupts.follow(stop, |stop| stop.then(|| Interrupt::Stop(by_a_person())));
        interrupts.follow(failure, |failure| failure.as_ref().map(|error| Interrupt::Stop(DrillStop::of_text(StopReason::Journal, error))));
        interrupts
    }

    /// Where others report: whatever comes first ends the drill.
    pub(super) fn sender(&self) -> mpsc::Sender<Interrupt> {
        self.sender.clone()
    }

    /// Reports the first value of which `interrupt` makes one.
    pub(super) fn follow<T: Send + Sync + 'static>(
        &mut self,
        mut values: watch::Receiver<T>,
        interrupt: impl Fn(&T) -> Option<Interrupt> + Send + Sync + 'static,
    ) {
        let sender = self.sender.clone();
        self.watchers.spawn(async move {
            let mut found = None;
            let is_one = |value: &T| {
                found = interrupt(value);
                found.is_some()
            };
            if values.wait_for(is_one).await.is_ok()
                && let Some(found) = found
            {
                let _ = sender.send(found).await;
            }
        });
    }

    /// Runs something that watches until it reports, as long as the drill runs.
    pub(super) fn watch(&mut self, watching: impl Future<Output = Interrupt> + Send + 'static) -> tokio::task::AbortHandle {
        let sender = self.sender.clone();
        self.watchers.spawn(async move {
            let _ = sender.send(watching.await).await;
        })
    }

    /// The same for the guard of a scenario, until [`Self::disarm`].
    pub(super) fn arm(&mut self, guard: impl Future<Output = DrillStop> + Send + 'static) {
        self.guard = Some(self.watch(async { Interrupt::Guard(guard.await) }));
    }

    /// From now on no guard ends the drill, not even one that was just tripped.
    pub(super) fn disarm(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.abort();
        }
    }

    /// Does `work`, which is dropped as soon as something ends the drill.
    ///
    /// # Errors
    /// Why it ends.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, DrillStop> {
        tokio::select! {
            biased;
            stop = self.next() => Err(stop),
            done = work => Ok(done),
        }
    }

    /// The same for a call that changes something elsewhere: it may take a moment longer, and is dropped then.
    ///
    /// # Errors
    /// Why it ends.
    pub(super) async fn during_call<T>(&mut self, call: impl Future<Output = T>) -> Result<T, DrillStop> {
        tokio::pin!(call);
        tokio::select! {
            biased;
            stop = self.next() => {
                let _ = tokio::time::timeout(GRACE, &mut call).await;
                Err(stop)
            }
            done = &mut call => Ok(done),
        }
    }

    /// What a script's failure was, where that is what ended the drill.
    pub(super) fn failed_script(&self) -> Option<&str> {
        self.script.as_deref()
    }

    /// Why the drill ends, as soon as it does.
    async fn next(&mut self) -> DrillStop {
        while self.ended.is_none() {
            // A sender is kept here, so that there is always one.
            match self.received.recv().await {
                Some(Interrupt::Stop(stop)) => self.ended = Some(stop),
                Some(Interrupt::Guard(stop)) => self.ended = self.guard.is_some().then_some(stop),
                Some(Interrupt::Script(why)) => {
                    self.ended = Some(DrillStop::environment(&why));
                    self.script = Some(why);
                }
                None => std::future::pending().await,
            }
        }
        self.ended.clone().unwrap_or_else(by_a_person)
    }
}

/// The stop that a person asked for.
pub(super) fn by_a_person() -> DrillStop {
    DrillStop::new(StopReason::Person, "stopped by a person")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> (watch::Sender<bool>, watch::Sender<Option<JournalError>>, Interrupts) {
        let (stop, failure) = (watch::Sender::new(false), watch::Sender::new(None));
        let interrupts = Interrupts::new(stop.subscribe(), failure.subscribe());
        (stop, failure, interrupts)
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_given_a_moment_and_no_more() {
        let (stop, _failure, mut interrupts) = quiet();
        stop.send_replace(true);
        let began = tokio::time::Instant::now();
        assert_eq!(interrupts.during_call(std::future::pending::<()>()).await, Err(by_a_person()));
        assert_eq!(began.elapsed().as_secs(), GRACE.as_secs());
        // One that is about to end does: what it changed is known.
        let (stop, _failure, mut interrupts) = quiet();
        stop.send_replace(true);
        let mut changed = false;
        let call = async {
            tokio::time::sleep(GRACE / 2).await;
            changed = true;
        };
        assert_eq!(interrupts.during_call(call).await, Err(by_a_person()));
        assert!(changed);
    }

    #[tokio::test]
    async fn whatever_reports_ends_the_drill_and_it_stays_ended() {
        let (_stop, _failure, mut interrupts) = quiet();
        let stop = DrillStop::environment("the proxy is gone");
        assert_eq!(interrupts.during(async { 1 }).await, Ok(1));
        interrupts.sender().send(Interrupt::Stop(stop.clone())).await.unwrap();
        for _ in 0..2 {
            assert_eq!(interrupts.during(std::future::pending::<()>()).await, Err(stop.clone()));
        }
    }

    #[tokio::test]
    async fn a_guard_counts_only_while_it_is_armed() {
        let (_stop, _failure, mut interrupts) = quiet();
        let tripped = DrillStop::new(StopReason::Guard, "too bad");
        let waited = tokio::time::sleep(Duration::from_secs(9));
        interrupts.arm(std::future::ready(tripped.clone()));
        tokio::task::yield_now().await;
        interrupts.disarm();
        assert_eq!(interrupts.during(waited).await, Ok(()));
        interrupts.arm(std::future::ready(tripped.clone()));
        assert_eq!(interrupts.during(std::future::pending::<()>()).await, Err(tripped));
    }

    #[tokio::test]
    async fn a_script_that_failed_is_known_by_its_kind() {
        let (_stop, _failure, mut interrupts) = quiet();
        assert_eq!(interrupts.failed_script(), None);
        interrupts.sender().send(Interrupt::Script("k6 ended".into())).await.unwrap();
        let stop = interrupts.during(std::future::pending::<()>()).await.unwrap_err();
        assert_eq!((stop, interrupts.failed_script()), (DrillStop::environment("k6 ended"), Some("k6 ended")));
    }
}
