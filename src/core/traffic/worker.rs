//! The threads that requests run on: each with a small runtime and connections of its own, so that nothing of a request is handed from
//! thread to thread, and nothing else in this process holds one up.

use super::first_lines::FirstLines;
use super::levels::Levels;
use super::pool::PooledConnection;
use super::progress::{RequestProgress, RequestResult};
use super::{Budget, Client};
use crate::dialect::ClientRequest;
use crate::history::{Event, Overdue, RequestDone, workload_of};
use crate::journal::Recorder;
use crate::units::Duration;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread::JoinHandle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

/// More threads than this bring no more: the pacing thread cannot feed them.
const MOST: usize = 4;
/// A worker with fewer requests than this waiting for it is given more. So little traffic has one worker and one set of connections.
const BUSY: usize = 16;
/// How often idle connections are looked through.
const SWEEP: std::time::Duration = std::time::Duration::from_secs(1);

/// A request that is due, with its permit to be in flight.
pub(super) struct DueRequest {
    pub(super) request: ClientRequest,
    pub(super) due: u64,
    /// Given back when the request has ended.
    pub(super) permit: OwnedSemaphorePermit,
}

/// The context that all workers share: where they record, the limits, and when to give up.
#[derive(Clone)]
pub(super) struct WorkerContext {
    pub(super) recorder: Recorder,
    pub(super) deadline: Duration,
    pub(super) levels: Arc<Levels>,
    pub(super) budget: Arc<Budget>,
    pub(super) abandon: watch::Receiver<bool>,
    pub(super) in_flight: Arc<Semaphore>,
    pub(super) bound: u32,
    pub(super) said: Arc<FirstLines>,
}

/// The threads that send requests.
#[derive(Debug)]
pub(super) struct Workers {
    workers: Vec<Worker>,
}

/// One thread that sends requests, with a runtime and connections of its own.
#[derive(Debug)]
struct Worker {
    requests: Option<mpsc::Sender<DueRequest>>,
    /// Requests that were handed over and have not begun.
    waiting: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Workers {
    /// As many threads as there are processors, or one where connections are limited: what is divided cannot be waited for in turn.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub(super) fn start(client: &Client, context: &WorkerContext) -> std::io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if client.is_limited() { 1 } else { processors.min(MOST) };
        let workers = (0..count).map(|_| Worker::start(client.apart(), context.clone())).collect::<std::io::Result<_>>()?;
        Ok(Self { workers })
    }

    /// Hands a request to the first worker that is not busy, else to the one with the fewest waiting.
    pub(super) fn take(&self, request: DueRequest) {
        let waiting = |worker: &&Worker| worker.waiting.load(Ordering::Relaxed);
        let free = self.workers.iter().find(|worker| waiting(worker) < BUSY);
        let Some(worker) = free.or_else(|| self.workers.iter().min_by_key(waiting)) else { return };
        if let Some(requests) = &worker.requests {
            worker.waiting.fetch_add(1, Ordering::Relaxed);
            // There is room (see [`Worker::start`]), and a worker ends only after this sender is gone.
            let _ = requests.try_send(request);
        }
    }

    /// No more will come.
    pub(super) fn dismiss(&mut self) {
        for worker in &mut self.workers {
            worker.requests = None;
        }
    }

    /// Waits until all have ended; blocks.
    pub(super) fn join(self) {
        for worker in self.workers {
            let _ = worker.thread.join();
        }
    }
}

impl Worker {
    fn start(client: Client, context: WorkerContext) -> std::io::Result<Self> {
        // Each request in it holds one of `bound` permits, so it is never full.
        let (sender, requests) = mpsc::channel(context.bound as usize);
        let waiting = Arc::new(AtomicUsize::new(0));
        let state = Arc::new(WorkerState { client, context, waiting: waiting.clone() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("traffic".into()).spawn(move || runtime.block_on(work(state, requests)))?;
        Ok(Self { requests: Some(sender), waiting, thread })
    }
}

/// The state that the requests of one worker share.
struct WorkerState {
    client: Client,
    context: WorkerContext,
    waiting: Arc<AtomicUsize>,
}

async fn work(state: Arc<WorkerState>, mut requests: mpsc::Receiver<DueRequest>) {
    let mut sweep = tokio::time::interval(SWEEP);
    let mut abandon = state.context.abandon.clone();
    loop {
        tokio::select! {
            biased;
            due = requests.recv() => match due {
                Some(due) => {
                    let client = state.client.turn_of(due.request.mark.id);
                    let free = tokio::select! {
                        biased;
                        free = client.admit() => free,
                        () = abandoned(&state.context.abandon, &mut abandon) => None,
                    };
                    let state = state.clone();
                    tokio::spawn(async move { state.send(due, free).await });
                }
                None => break,
            },
            _ = sweep.tick() => state.client.sweep(),
        }
    }
    // The last requests still run here.
    let _ = state.context.in_flight.acquire_many(state.context.bound).await;
}

/// Ends once traffic is abandoned. The value is looked at whenever this is polled: `wait_for` by itself looks again only when it is told, and
/// who waits is told one after the other, so that one could leave its turn to another that was not told yet.
async fn abandoned(value: &watch::Receiver<bool>, told: &mut watch::Receiver<bool>) {
    let mut told = pin!(told.wait_for(|abandoned| *abandoned));
    poll_fn(|cx| if *value.borrow() { Poll::Ready(()) } else { told.as_mut().poll(cx).map(drop) }).await;
}

impl WorkerState {
    async fn send(&self, due: DueRequest, free: Option<PooledConnection>) {
        let DueRequest { request, due, permit } = due;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let WorkerContext { recorder, deadline, .. } = &self.context;
        let mut abandon = self.context.abandon.clone();
        let clock = recorder.clock();
        let sent = clock.now();
        let limit = due + deadline.as_nanos();
        let progress = RequestProgress::until(limit);
        let mut levels = self.context.levels.below(*deadline);
        let mut asking = pin!(self.client.turn_of(request.mark.id).ask(&request, free, clock, &progress));
        let end = loop {
            let level = levels.next();
            let until = level.map_or(limit, |after| due + after);
            let abandoned = abandoned(&self.context.abandon, &mut abandon);
            let reached = tokio::select! {
                biased;
                // First, or the turn that one leaves would let the next begin.
                () = abandoned => break Err(false),
                answer = &mut asking => break Ok(answer),
                () = tokio::time::sleep(clock.until(until)) => level,
            };
            let Some(after) = reached else { break Err(true) };
            if !progress.is_settled(self.context.levels.until_proof) {
                recorder.record(Event::Overdue(Overdue { id: request.mark.id, due, after })).await;
            }
        };
        let RequestResult { proof, done, outcome, why, spent } = match end {
            Ok(answer) => answer,
            Err(true) => progress.timed_out(clock.now()),
            Err(false) => progress.abandoned(clock.now()),
        };
        self.context.budget.end(request.mark.id, spent);
        if let (Some(why), Some(line)) = (&why, progress.said()) {
            self.context.said.note(workload_of(request.mark.id), why, line);
        }
        let from_due = |moment: u64| moment.saturating_sub(due);
        let (lag, done, proof) = (from_due(sent), from_due(done), proof.map(from_due));
        recorder.record(Event::Request(RequestDone { id: request.mark.id, due, lag, proof, done, outcome, why })).await;
        drop(permit);
    }
}
