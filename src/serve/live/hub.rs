//! One computation for each live drill, however many watch it, and only while somebody does; who may watch, and whom we give up.
//!
//! Whoever watches gets the newest state, never a queue: one that reads slowly leaves frames out. One that reads nothing at all for a while loses its
//! connection. There are only so many places, so that streams keep nobody from the pages.

use super::frame::LiveFrame;
use super::sight::DrillSight;
use super::watched::WatchedDrill;
use crate::listen::Reached;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};

/// Between two looks at a drill that somebody watches.
const LOOK: Duration = Duration::from_millis(250);
/// Streams that may be open.
const PLACES: usize = 200;
/// Who has not taken for so long what was handed over reads nothing.
const PATIENCE: Duration = Duration::from_secs(20);

/// All live drills that somebody watches. Clones are the same.
#[derive(Debug, Clone)]
pub(in crate::serve) struct LiveHub(Arc<HubState>);

#[derive(Debug)]
struct HubState {
    feeds: Mutex<BTreeMap<String, Arc<watch::Sender<Arc<LiveFrame>>>>>,
    places: Arc<Semaphore>,
    closing: watch::Sender<bool>,
    pulses: Mutex<Vec<Weak<StreamPulse>>>,
    origin: Instant,
}

/// Whether a stream's client reads.
#[derive(Debug)]
pub(super) struct StreamPulse {
    /// When something was handed over that was not taken yet, in milliseconds since the hub's beginning, and one more; 0 where all was taken.
    handed: AtomicU64,
    reached: Option<Reached>,
    origin: Instant,
}

/// A place among those who watch a drill.
#[derive(Debug)]
pub(super) struct Watching {
    pub(super) frames: watch::Receiver<Arc<LiveFrame>>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) pulse: Arc<StreamPulse>,
    _place: OwnedSemaphorePermit,
}

impl Default for LiveHub {
    fn default() -> Self {
        Self(Arc::new(HubState {
            feeds: Mutex::default(),
            places: Arc::new(Semaphore::new(PLACES)),
            closing: watch::channel(false).0,
            pulses: Mutex::default(),
            origin: Instant::now(),
        }))
    }
}

impl LiveHub {
    /// Ends every stream: the server stops.
    pub(in crate::serve) fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// A place to watch a drill; `None` where all are taken. `reached` is the connection.
    pub(super) fn watch(&self, drill: &WatchedDrill, reached: Option<Reached>) -> Option<Watching> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().ok()?;
        let frames = self.subscribe(drill);
        let pulse = Arc::new(StreamPulse { handed: AtomicU64::new(0), reached, origin: self.0.origin });
        let mut pulses = self.0.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.retain(|pulse| pulse.strong_count() > 0);
        pulses.push(Arc::downgrade(&pulse));
        Some(Watching { frames, closing: self.0.closing.subscribe(), pulse, _place: place })
    }

    fn subscribe(&self, drill: &WatchedDrill) -> watch::Receiver<Arc<LiveFrame>> {
        let mut feeds = self.feeds();
        if let Some(feed) = feeds.get(drill.id()) {
            return feed.subscribe();
        }
        let first = Arc::new(LiveFrame::first(RandomState::new().build_hasher().finish(), &DrillSight::of(drill, 0)));
        let (sender, frames) = watch::channel(first);
        let sender = Arc::new(sender);
        feeds.insert(drill.id().to_owned(), Arc::clone(&sender));
        drop(feeds);
        tokio::spawn(self.clone().feed(drill.clone(), sender));
        frames
    }

    fn feeds(&self) -> MutexGuard<'_, BTreeMap<String, Arc<watch::Sender<Arc<LiveFrame>>>>> {
        self.0.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a drill again and again, until it has ended or nobody watches.
    async fn feed(self, drill: WatchedDrill, sender: Arc<watch::Sender<Arc<LiveFrame>>>) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut closing = self.0.closing.subscribe();
        let mut newest = (0, Instant::now());
        for look in 0_u64.. {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = closing.wait_for(|closing| *closing) => break,
            }
            let frame = Arc::clone(&sender.borrow());
            if frame.is_last {
                break;
            }
            {
                // Whoever comes now either has subscribed before this, or finds no feed and makes another.
                let mut feeds = self.feeds();
                if sender.receiver_count() == 0 {
                    feeds.remove(drill.id());
                    return;
                }
            }
            let seen = drill.live().now;
            if seen != newest.0 {
                newest = (seen, Instant::now());
            }
            let passed = u64::try_from(newest.1.elapsed().as_nanos()).unwrap_or(0);
            if let Some(next) = frame.next(&DrillSight::of(&drill, passed), look) {
                sender.send_replace(Arc::new(next));
            }
            self.give_up();
        }
        self.feeds().remove(drill.id());
    }

    /// Ends the connections of those who read nothing.
    fn give_up(&self) {
        let pulses = self.0.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        for pulse in pulses.iter().filter_map(Weak::upgrade).filter(|pulse| pulse.is_stuck()) {
            if let Some(reached) = &pulse.reached {
                reached.cut();
            }
        }
    }
}

impl StreamPulse {
    /// All that was handed over was taken.
    pub(super) fn taken(&self) {
        self.handed.store(0, Ordering::Relaxed);
    }

    /// Something is handed over.
    pub(super) fn hands(&self) {
        self.handed.store(self.now() + 1, Ordering::Relaxed);
    }

    fn is_stuck(&self) -> bool {
        let handed = self.handed.load(Ordering::Relaxed);
        handed > 0 && u128::from(self.now() + 1 - handed.min(self.now() + 1)) > PATIENCE.as_millis()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}
