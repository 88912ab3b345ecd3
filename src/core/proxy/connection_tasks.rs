//! What HTTP runs beside a connection, within that connection's own task.
//!
//! Over HTTP/2 each exchange is a future of its own. Spawned, it would outlive a fault that takes the connection; here it ends with it, and
//! a fault set counts as obeyed only when all exchanges have seen it. After an upgrade the bytes of both sides pass here too.

use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper::rt::Executor;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A future that runs beside a connection.
type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Futures that were handed over and do not run yet.
#[derive(Default)]
struct NewTasks {
    exchanges: Vec<TaskFuture>,
    tunnel: Option<TaskFuture>,
}

/// Executor for hyper that hands futures to the task of their connection; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct ConnectionExecutor(Arc<Mutex<NewTasks>>);

impl ConnectionExecutor {
    fn waiting(&self) -> MutexGuard<'_, NewTasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What carries an upgraded connection; it may outlive HTTP on it.
    pub(super) fn tunnel(&self, tunnel: impl Future<Output = ()> + Send + 'static) {
        self.waiting().tunnel = Some(Box::pin(tunnel));
    }
}

impl std::fmt::Debug for ConnectionExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Streams")
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for ConnectionExecutor {
    fn execute(&self, exchange: F) {
        self.waiting().exchanges.push(Box::pin(exchange));
    }
}

/// Futures that run within the task of one connection, and end with it.
#[derive(Default)]
pub(super) struct ConnectionTasks {
    executor: ConnectionExecutor,
    exchanges: FuturesUnordered<WakeableTask>,
    stirs: Vec<Arc<Mutex<Option<Waker>>>>,
    tunnel: Option<TaskFuture>,
}

/// A future with its waker, so that it can be told to look again.
struct WakeableTask {
    inner: TaskFuture,
    waker: Arc<Mutex<Option<Waker>>>,
}

impl Future for WakeableTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        // It stays the same for as long as the future runs here.
        waker.get_or_insert_with(|| cx.waker().clone());
        drop(waker);
        self.inner.as_mut().poll(cx)
    }
}

impl ConnectionTasks {
    /// What HTTP hands them to.
    pub(super) fn executor(&self) -> ConnectionExecutor {
        self.executor.clone()
    }

    /// Runs all that can go on.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        loop {
            let mut waiting = self.executor.waiting();
            let (came, tunnel) = (std::mem::take(&mut waiting.exchanges), waiting.tunnel.take());
            drop(waiting);
            self.tunnel = tunnel.or(self.tunnel.take());
            let is_done = came.is_empty();
            self.stirs.retain(|waker| Arc::strong_count(waker) > 1);
            for inner in came {
                let waker = Arc::default();
                self.stirs.push(Arc::clone(&waker));
                self.exchanges.push(WakeableTask { inner, waker });
            }
            while let Poll::Ready(Some(())) = self.exchanges.poll_next_unpin(cx) {}
            // Not among the others: it moves the connection's bytes, and what wakes this task for them shall reach it.
            if let Some(tunnel) = &mut self.tunnel
                && tunnel.as_mut().poll(cx).is_ready()
            {
                self.tunnel = None;
            }
            if is_done {
                return;
            }
        }
    }

    /// All shall look again: another fault set is in force.
    pub(super) fn stir(&self) {
        for waker in &self.stirs {
            if let Some(waker) = &*waker.lock().unwrap_or_else(PoisonError::into_inner) {
                waker.wake_by_ref();
            }
        }
    }

    /// HTTP has ended: nothing but an upgraded connection goes on. True where there is none.
    pub(super) fn end_http(&mut self) -> bool {
        self.exchanges.clear();
        self.tunnel.is_none()
    }
}
