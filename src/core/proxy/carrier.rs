//! The threads that carry connections: each has a runtime of its own, and a connection stays on the thread that took it.
//!
//! Where many threads share one runtime, a task that one of them wakes is offered to the others, who must be woken for that: it costs as much
//! as a small request does. Here a connection, its connection to the provider and those that wait there for the next request are one
//! thread's, and nothing is handed over. A proxy has its home on one of them; connections beyond [`CROWD`] are shared out.
//!
//! What this file does not do: the control API, which belongs to the runtime of whoever started the proxy.

use std::cell::Cell;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{EnterGuard, Handle};
use tokio::task::JoinHandle;

/// A proxy's home carries so many more connections than the thread that carries the fewest.
const CROWD: usize = 64;
/// More threads than this are of no use to a fault proxy.
const MOST: usize = 16;

thread_local! {
    static PLACE: Cell<usize> = const { Cell::new(0) };
}

/// A thread that carries connections.
#[derive(Debug)]
pub(super) struct Carrier {
    runtime: Handle,
    /// Connections that it carries.
    carried: AtomicUsize,
}

/// The place of one connection on a carrier. Dropping it frees it.
#[derive(Debug)]
pub(super) struct CarriedConnection(&'static Carrier);

impl Drop for CarriedConnection {
    fn drop(&mut self) {
        self.0.carried.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All of this process, one a processor.
fn carriers() -> &'static [Carrier] {
    static CARRIERS: OnceLock<Vec<Carrier>> = OnceLock::new();
    CARRIERS.get_or_init(|| {
        let count = std::thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST);
        (0..count).map(Carrier::start).collect()
    })
}

impl Carrier {
    fn start(place: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let handle = runtime.handle().clone();
        let carry = move || {
            PLACE.set(place);
            runtime.block_on(std::future::pending::<()>());
        };
        std::thread::Builder::new().name(format!("carrier-{place}")).spawn(carry).expect("a thread can be started");
        Self { runtime: handle, carried: AtomicUsize::new(0) }
    }

    /// The home of the next proxy.
    pub(super) fn next_home() -> &'static Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let all = carriers();
        &all[MADE.fetch_add(1, Ordering::Relaxed) % all.len()]
    }

    /// Who carries the next connection of a proxy that has its home here.
    pub(super) fn for_next(&'static self) -> &'static Self {
        let count = |carrier: &Self| carrier.carried.load(Ordering::Relaxed);
        match carriers().iter().min_by_key(|carrier| count(carrier)) {
            Some(least) if count(least) + CROWD <= count(self) => least,
            _ => self,
        }
    }

    /// A place for one connection.
    pub(super) fn seat(&'static self) -> CarriedConnection {
        self.carried.fetch_add(1, Ordering::Relaxed);
        CarriedConnection(self)
    }

    /// Sockets that are opened while this lives belong to it.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    pub(super) fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(&self, task: F) -> JoinHandle<F::Output> {
        self.runtime.spawn(task)
    }

    /// The one at this place, which there is.
    pub(super) fn at(place: usize) -> &'static Self {
        &carriers()[place]
    }

    /// How many there are.
    pub(super) fn count() -> usize {
        carriers().len()
    }

    /// The place of the thread that this runs on; the first where it is none of them.
    pub(super) fn here() -> usize {
        PLACE.get()
    }
}
