//! Traffic over plain HTTP/1.1 on threads that drive all their requests by themselves. The first of them also paces: it waits for due times
//! and for sockets in one place, and sends what is due itself, so that as long as it keeps up nothing is handed from thread to thread. What
//! is more than it should do at once goes to the others.
//!
//! What this file does not do: requests ([`super::event_loop`] does), or due times ([`super::paced_schedule`] does).

use super::event_loop::EventLoop;
use super::loop_inbox::LoopInbox;
use super::paced_schedule::{InFlight, NextDue, PacedSchedule};
use super::run_context::RunContext;
use super::{Client, Observed};
use crate::dialect::ClientRequest;
use crate::journal::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// More threads than this bring no more: the pacing one cannot feed them.
const MOST: usize = 4;
/// What is later than this when its turn comes is sent by others, where the pacing thread has been behind for so long: it cannot keep up. After
/// a moment in which it was held up it catches up by itself, with the connections that it has.
const BEHIND: u64 = 2_000_000;
const BEHIND_FOR: u64 = 5_000_000;
/// It looks at its sockets after so many.
const AT_ONCE: u64 = 64;
/// The longest wait, so that a change of rate is seen.
const NAP: u64 = 50_000_000;
/// The shortest wait for a due time: what is due within it is sent together, so that a high rate does not cost a wake-up a request.
const BREATH: u64 = 50_000;
/// The same where even so several are due at a time. Where something is due within it, answers are read when that is sent: each would wake this
/// thread for itself.
const LONG_BREATH: u64 = 100_000;

/// The threads of a workload before they run, and what they share.
pub(super) struct EventedThreads {
    loops: Vec<EventLoop>,
    context: RunContext,
    in_flight: Arc<InFlight>,
}

/// Traffic that is running.
#[derive(Debug)]
pub(super) struct EventedTraffic {
    stop: Arc<AtomicBool>,
    abandon: Arc<AtomicBool>,
    inboxes: Vec<Arc<LoopInbox>>,
    thread: Option<JoinHandle<Observed>>,
}

impl EventedThreads {
    /// For requests like this one, of which so many may be in flight. `None` where something of the client is left to hyper.
    ///
    /// # Errors
    /// Where the operating system gives no poller.
    pub(super) fn new(client: &Client, like: &ClientRequest, bound: u32, context: RunContext) -> std::io::Result<Option<Self>> {
        let in_flight = Arc::new(InFlight::new(bound));
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
        let made = (0..count).map(|_| EventLoop::new(client, like.clone(), &context, &in_flight));
        let loops = made.collect::<std::io::Result<Option<Vec<EventLoop>>>>()?;
        Ok(loops.map(|loops| Self { loops, context, in_flight }))
    }

    pub(super) fn in_flight(&self) -> Arc<InFlight> {
        self.in_flight.clone()
    }

    /// Starts them.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub(super) fn start(self, times: PacedSchedule, stop: Arc<AtomicBool>) -> std::io::Result<EventedTraffic> {
        let Self { loops, context, .. } = self;
        let abandon = context.abandon.clone();
        let inboxes: Vec<Arc<LoopInbox>> = loops.iter().map(EventLoop::inbox).collect();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut traffic = EventedTraffic { stop, abandon, inboxes, thread: None };
        let mut loops = loops.into_iter();
        let Some(first) = loops.next() else { return Ok(traffic) };
        let mut helpers = Vec::new();
        for (place, own) in loops.enumerate() {
            let is_over = is_over.clone();
            let thread = std::thread::Builder::new().name("traffic".into()).spawn(move || help(own, &is_over))?;
            helpers.push((traffic.inboxes[place + 1].clone(), thread));
        }
        let pacing =
            PacingThread { clock: first.clock(), own: first, times, helpers, turn: 0, behind_since: u64::MAX, spilt: Vec::new(), is_over };
        traffic.thread = Some(std::thread::Builder::new().name("pacer".into()).spawn(move || pacing.run())?);
        Ok(traffic)
    }
}

impl EventedTraffic {
    fn wake(&self) {
        self.inboxes.iter().for_each(|inbox| inbox.wake());
    }

    /// Sends no more; those in flight end by themselves, at the latest when `patience` ends: then they are recorded as unknown.
    pub(super) async fn finish(mut self, patience: impl Future<Output = ()>) -> Observed {
        self.stop.store(true, Ordering::Relaxed);
        self.wake();
        let none = Observed { requests: 0, until: 0 };
        let Some(thread) = self.thread.take() else { return none };
        // Joining blocks: not on the runtime's threads.
        let mut ended = tokio::task::spawn_blocking(move || thread.join());
        tokio::select! {
            ended = &mut ended => return ended.ok().and_then(Result::ok).unwrap_or(none),
            () = patience => {}
        }
        self.abandon.store(true, Ordering::Relaxed);
        self.wake();
        ended.await.ok().and_then(Result::ok).unwrap_or(none)
    }
}

/// Nobody waits for it: its threads end soon.
impl Drop for EventedTraffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.abandon.store(true, Ordering::Relaxed);
        self.wake();
    }
}

/// A thread that is given requests.
fn help(mut own: EventLoop, is_over: &AtomicBool) {
    let clock = own.clock();
    loop {
        let is_last = is_over.load(Ordering::Acquire);
        own.hand_on();
        if is_last && own.is_idle() {
            return;
        }
        own.turn(clock.now() + NAP);
    }
}

/// The thread that paces.
struct PacingThread {
    own: EventLoop,
    clock: Clock,
    times: PacedSchedule,
    helpers: Vec<(Arc<LoopInbox>, JoinHandle<()>)>,
    /// Which of them is given requests next.
    turn: usize,
    /// Since when it has been behind; the greatest number where it is not.
    behind_since: u64,
    /// Requests that it is given.
    spilt: Vec<(u64, u64)>,
    /// No more are due.
    is_over: Arc<AtomicBool>,
}

impl PacingThread {
    fn run(mut self) -> Observed {
        // The kernel may wake a thread late by its timer slack, 50 µs by default. Where it cannot be set, lateness tells.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let mut breath = BREATH;
        let observed = loop {
            let woken = self.clock.now();
            let (next, count) = self.send_due();
            self.own.hand_on();
            match next {
                NextDue::Ended(observed) => break observed,
                NextDue::Later(due) if due < woken + LONG_BREATH => {
                    self.own.turn_at(due.max(woken + breath));
                    breath = if count > breath / (2 * BREATH) + 1 { LONG_BREATH } else { BREATH };
                }
                NextDue::Later(due) => self.own.turn(due.min(woken + NAP)),
                NextDue::Now { .. } => self.own.turn(0),
            }
        };
        self.is_over.store(true, Ordering::Release);
        self.helpers.iter().for_each(|(inbox, _)| inbox.wake());
        help(self.own, &self.is_over);
        for (_, helper) in self.helpers {
            let _ = helper.join();
        }
        observed
    }

    /// Sends what is due, or has it sent. What is next (`Now` where more may be due), and how many were sent.
    fn send_due(&mut self) -> (NextDue, u64) {
        let mut count = 0;
        loop {
            let now = self.clock.now();
            let next = self.times.next(now, &mut self.own.records);
            match next {
                NextDue::Now { id, due } if self.is_too_late(now - due, now) => self.spilt.push((id, due)),
                NextDue::Now { id, due } => self.own.take(id, due, now),
                _ => {
                    self.spill();
                    return (next, count);
                }
            }
            count += 1;
            if count >= AT_ONCE {
                self.spill();
                return (next, count);
            }
        }
    }

    /// Whether somebody else should send what is so late.
    const fn is_too_late(&mut self, late: u64, now: u64) -> bool {
        if late < BEHIND / 4 {
            self.behind_since = u64::MAX;
        } else if late >= BEHIND && self.behind_since == u64::MAX {
            self.behind_since = now;
        }
        late >= BEHIND && now.saturating_sub(self.behind_since) >= BEHIND_FOR && !self.helpers.is_empty()
    }

    fn spill(&mut self) {
        if !self.spilt.is_empty() {
            self.turn = (self.turn + 1) % self.helpers.len();
            self.helpers[self.turn].0.give(&mut self.spilt);
        }
    }
}

#[cfg(test)]
mod tests;
