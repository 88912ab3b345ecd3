//! The thread that wakes at every due time and hands what is due to the workers.

use super::evented::{EventedThreads, EventedTraffic};
use super::paced_schedule::PacedSchedule;
use super::run_context::RunContext;
use super::worker::{DueRequest, WorkerContext, Workers};
use super::{Budget, Client, FirstLines, Levels, Observed, PaceOrder, Schedule, Throttle, TrafficError};
use crate::dialect::{ClientRequest, Mark};
use crate::history::{Event, Paced, Shed, request_id};
use crate::journal::{Clock, Recorder};
use crate::model::{Expect, RequestKind};
use crate::units::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Semaphore, watch};

/// The longest sleep, so that a slow schedule can be stopped.
const NAP: u64 = 50_000_000;
/// The shortest sleep: what is due within it is handed on together, so that a high rate does not cost a wake-up a request.
const BREATH: u64 = 50_000;

/// Traffic that is running: its pacing thread and its workers.
#[derive(Debug)]
pub struct Traffic {
    throttle: Throttle,
    running: TrafficEngine,
}

/// The ways in which traffic runs.
#[derive(Debug)]
enum TrafficEngine {
    /// Plain HTTP/1.1, on threads that drive their sockets themselves.
    Evented(EventedTraffic),
    /// Everything else, each request a task.
    Tasks(TaskTraffic),
}

/// Traffic whose requests are tasks.
#[derive(Debug)]
struct TaskTraffic {
    stop: Arc<AtomicBool>,
    abandon: watch::Sender<bool>,
    in_flight: Arc<Semaphore>,
    bound: u32,
    thread: std::thread::JoinHandle<(Observed, Workers)>,
}

/// The load of one workload: when its requests are due, what they ask for, and their limits.
#[derive(Debug)]
pub struct LoadProfile {
    /// When each request is due.
    pub schedule: Schedule,
    /// What each request asks for.
    pub request: RequestKind,
    /// What its answer must be beyond whole.
    pub expect: Arc<Expect>,
    /// The drill that requests are marked with.
    pub drill: u32,
    /// The index of the workload among those of the drill.
    pub workload: usize,
    /// How many may be in flight.
    pub bound: u32,
    /// Counts from when a request was due.
    pub deadline: Duration,
    /// After how long a request that is still open is recorded as such.
    pub levels: Levels,
    /// Where the first line of failed answers goes.
    pub said: Arc<FirstLines>,
    /// What it may cost. Nothing is due any more once one request cannot be paid for.
    pub budget: Arc<Budget>,
}

impl Traffic {
    /// Starts traffic whose time zero is now.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn start(client: Client, profile: LoadProfile, recorder: Recorder) -> Result<Self, TrafficError> {
        let throttle = Throttle::default();
        let like = profile.like(&client);
        let context = RunContext {
            recorder: recorder.clone(),
            deadline: profile.deadline,
            levels: Arc::new(profile.levels.clone()),
            budget: profile.budget.clone(),
            said: profile.said.clone(),
            abandon: Arc::default(),
        };
        let running = match EventedThreads::new(&client, &like, profile.bound, context)? {
            Some(threads) => {
                let stop = Arc::new(AtomicBool::new(false));
                let place = (profile.workload, recorder.clock().now());
                let LoadProfile { schedule, budget, .. } = profile;
                let times = PacedSchedule::new(schedule, place, budget, throttle.clone(), stop.clone(), threads.in_flight());
                TrafficEngine::Evented(threads.start(times, stop)?)
            }
            None => TrafficEngine::Tasks(TaskTraffic::start(&client, profile, recorder, throttle.clone())?),
        };
        Ok(Self { throttle, running })
    }

    /// What changes its rate from now on.
    pub fn throttle(&self) -> Throttle {
        self.throttle.clone()
    }

    /// Sends no more; those in flight end by themselves, at the latest when `patience` ends: then they are recorded as unknown.
    pub async fn finish(self, patience: impl Future<Output = ()>) -> Observed {
        match self.running {
            TrafficEngine::Evented(traffic) => traffic.finish(patience).await,
            TrafficEngine::Tasks(traffic) => traffic.finish(patience).await,
        }
    }
}

impl LoadProfile {
    /// What all its requests ask, apart from their marks.
    fn like(&self, client: &Client) -> ClientRequest {
        ClientRequest {
            mark: Mark { drill: self.drill, id: 0 },
            model: client.model().to_owned(),
            operation: self.request.operation(),
            streamed: self.request.is_streamed(),
            expect: self.expect.clone(),
        }
    }
}

impl TaskTraffic {
    fn start(client: &Client, profile: LoadProfile, recorder: Recorder, throttle: Throttle) -> Result<Self, TrafficError> {
        let like = profile.like(client);
        let LoadProfile { schedule, workload, bound, deadline, levels, said, budget, .. } = profile;
        let stop = Arc::new(AtomicBool::new(false));
        let (abandon, abandoned) = watch::channel(false);
        let in_flight = Arc::new(Semaphore::new(bound as usize));
        let context = WorkerContext {
            recorder: recorder.clone(),
            deadline,
            levels: Arc::new(levels),
            budget: budget.clone(),
            abandon: abandoned,
            in_flight: in_flight.clone(),
            bound,
            said,
        };
        let pacer = Pacer {
            workers: Workers::start(client, &context)?,
            like,
            recorder,
            schedule,
            workload,
            budget,
            in_flight: in_flight.clone(),
            stop: stop.clone(),
            throttle,
        };
        let thread = std::thread::Builder::new().name("pacer".into()).spawn(move || pacer.run())?;
        Ok(Self { stop, abandon, in_flight, bound, thread })
    }

    /// Sends no more; those in flight end by themselves, at the latest when `patience` ends: then they are recorded as unknown.
    async fn finish(self, patience: impl Future<Output = ()>) -> Observed {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread;
        // The pacer naps for 50 ms at most, but joining blocks: not on the runtime's threads.
        let ended = tokio::task::spawn_blocking(move || thread.join()).await.ok().and_then(Result::ok);
        tokio::select! {
            _ = self.in_flight.acquire_many(self.bound) => {}
            () = patience => {
                self.abandon.send_replace(true);
                let _ = self.in_flight.acquire_many(self.bound).await;
            }
        }
        let Some((observed, workers)) = ended else { return Observed { requests: 0, until: 0 } };
        let _ = tokio::task::spawn_blocking(move || workers.join()).await;
        observed
    }
}

/// The pacing thread: sleeps until requests are due, and hands them to the workers.
struct Pacer {
    workers: Workers,
    /// What all requests ask, apart from their marks.
    like: ClientRequest,
    recorder: Recorder,
    schedule: Schedule,
    workload: usize,
    budget: Arc<Budget>,
    in_flight: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
    throttle: Throttle,
}

impl Pacer {
    fn run(mut self) -> (Observed, Workers) {
        // The kernel may wake a thread late by its timer slack, 50 µs by default. Where it cannot be set, lateness tells.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let observed = self.pace();
        self.workers.dismiss();
        (observed, self.workers)
    }

    fn pace(&mut self) -> Observed {
        let clock = self.recorder.clock();
        // Due times count from here, until the rate is changed from outside.
        let mut zero = clock.now();
        let mut number = 0;
        let mut now = zero;
        while let Some(offset) = self.schedule.next() {
            let due = zero + offset;
            if due > now {
                match sleep_until(clock, due.max(now + BREATH), &self.stop, &self.throttle) {
                    Waking::Due(woken) => now = woken,
                    Waking::Stopped => return Observed { requests: number, until: due.min(clock.now()) },
                    Waking::Paced(order) => {
                        (zero, now) = (order.at.max(now), order.at.max(now));
                        self.repace(zero, order);
                        continue;
                    }
                }
            }
            let id = request_id(self.workload, number);
            match self.in_flight.clone().try_acquire_owned() {
                Ok(_) if !self.budget.begin(id) => return Observed { requests: number, until: due },
                Ok(permit) => {
                    let request = ClientRequest { mark: Mark { id, ..self.like.mark }, ..self.like.clone() };
                    self.workers.take(DueRequest { request, due, permit });
                }
                Err(_) => self.recorder.record_blocking(Event::Shed(Shed { id, due })),
            }
            number += 1;
        }
        Observed { requests: number, until: clock.now() }
    }

    /// From this moment on requests are due at another rate.
    fn repace(&mut self, at: u64, order: PaceOrder) {
        let PaceOrder { rate, step, .. } = order;
        let place = step.map_or_else(|| "eased".to_owned(), |step| format!("step {step}"));
        self.schedule = self.schedule.at_rate(rate, &place);
        self.recorder.record_blocking(Event::Paced(Paced { at, rate, step }));
    }
}

/// Why the pacer woke.
enum Waking {
    /// It is time.
    Due(u64),
    /// Traffic was stopped.
    Stopped,
    /// The rate is another from now on; what was due next is not.
    Paced(PaceOrder),
}

/// Sleeps until a moment of the drill, or until something comes between.
fn sleep_until(clock: Clock, moment: u64, stop: &AtomicBool, throttle: &Throttle) -> Waking {
    loop {
        if stop.load(Ordering::Relaxed) {
            return Waking::Stopped;
        }
        if let Some(order) = throttle.take() {
            return Waking::Paced(order);
        }
        let now = clock.now();
        if now >= moment {
            return Waking::Due(now);
        }
        // A signal may end the sleep early; the loop looks at the clock again.
        clock.sleep_until(moment.min(now + NAP));
    }
}
