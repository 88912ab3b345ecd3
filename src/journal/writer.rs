//! The thread that owns the history file.

use super::Clock;
use super::queue::Queue;
use crate::history::{Event, Live, Stamped};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The live view is published, and lines are handed to the operating system, at least this often.
const FLUSH: Duration = Duration::from_millis(50);
/// How long events gather while they come fast, so that the fastest traffic wakes the writer a thousand times a second and no oftener.
const GATHER: Duration = Duration::from_millis(1);

/// Why the history could not be written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the history cannot be written: {problem}")]
pub struct JournalError {
    /// The operating system's words.
    pub problem: String,
}

/// Where events are sent. The last to be dropped ends the journal.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
}

impl Clone for Recorder {
    fn clone(&self) -> Self {
        Self::of(&self.queue)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.queue.leave();
    }
}

impl Recorder {
    fn of(queue: &Arc<Queue>) -> Self {
        queue.enter();
        Self { queue: queue.clone() }
    }

    /// Stamps an event and records it; waits while the queue is full.
    pub async fn record(&self, event: Event) {
        self.queue.put(event).await;
    }

    /// The same from a thread outside the runtime.
    pub fn record_blocking(&self, event: Event) {
        self.queue.put_blocking(event);
    }

    /// The drill's clock.
    pub fn clock(&self) -> Clock {
        self.queue.clock()
    }
}

/// An open history. Dropping it without [`Journal::close`] still writes what was sent.
#[derive(Debug)]
pub struct Journal {
    recorder: Recorder,
    live: watch::Receiver<Arc<Live>>,
    failure: watch::Receiver<Option<JournalError>>,
    thread: std::thread::JoinHandle<()>,
}

impl Journal {
    /// Starts the writer over `file`, which must be empty. The clock's origin becomes the history's.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn start(file: impl Write + Send + 'static, clock: Clock) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(clock));
        let (live_sender, live) = watch::channel(Arc::new(Live::default()));
        let (failure_sender, failure) = watch::channel(None);
        let writer = Writer {
            file: std::io::BufWriter::with_capacity(1 << 16, file),
            live: Live::default(),
            published: live_sender,
            failed: failure_sender,
            line: Vec::new(),
        };
        let recorder = Recorder::of(&queue);
        // A thread of its own: a slow disk must not hold up traffic, nor busy traffic the disk.
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || writer.run(&queue))?;
        Ok(Self { recorder, live, failure, thread })
    }

    /// Where to send events.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// The live view, published at least every 50 ms while events come.
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.live.clone()
    }

    /// Becomes `Some` when a write fails.
    pub fn failure(&self) -> watch::Receiver<Option<JournalError>> {
        self.failure.clone()
    }

    /// Writes everything that was sent and closes the file. Recorders that still exist keep the journal open: drop them first.
    ///
    /// # Errors
    /// Where a write failed at any time.
    pub async fn close(self) -> Result<(), JournalError> {
        let Self { recorder, failure, thread, .. } = self;
        drop(recorder);
        // The thread ends by itself when the last sender is gone; joining it may block, so not on the runtime's threads.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        let failed = failure.borrow().clone();
        failed.map_or(Ok(()), Err)
    }
}

struct Writer<W: Write> {
    file: std::io::BufWriter<W>,
    live: Live,
    published: watch::Sender<Arc<Live>>,
    failed: watch::Sender<Option<JournalError>>,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes events as they come; hands lines and the live view on every [`FLUSH`] while there is something new.
    fn run(mut self, queue: &Queue) {
        let mut events = Vec::new();
        let mut handed_on = Instant::now();
        let mut fresh = false;
        while queue.take(&mut events, fresh.then(|| FLUSH.saturating_sub(handed_on.elapsed()))) {
            fresh |= !events.is_empty();
            self.write(&mut events);
            if fresh && handed_on.elapsed() >= FLUSH {
                self.hand_on();
                handed_on = Instant::now();
                fresh = false;
            }
            std::thread::sleep(GATHER);
        }
        self.hand_on();
    }

    fn write(&mut self, events: &mut Vec<Stamped>) {
        for stamped in events.drain(..) {
            if self.failed.borrow().is_none() {
                self.line.clear();
                let written = serde_json::to_writer(&mut self.line, &stamped).map_err(std::io::Error::from).and_then(|()| {
                    self.line.push(b'\n');
                    self.file.write_all(&self.line)
                });
                self.check(written);
            }
            self.live.apply(&stamped);
        }
    }

    fn hand_on(&mut self) {
        if self.failed.borrow().is_none() {
            let flushed = self.file.flush();
            self.check(flushed);
        }
        self.published.send_replace(Arc::new(self.live.clone()));
    }

    fn check(&self, result: std::io::Result<()>) {
        if let Err(error) = result {
            self.failed.send_replace(Some(JournalError { problem: error.to_string() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Phase, PhaseEntered};
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn events_are_on_disk_and_in_the_live_view_before_the_journal_is_closed() {
        let file = Shared::default();
        let journal = Journal::start(file.clone(), Clock::start()).unwrap();
        journal.recorder().record(Event::Phase(PhaseEntered { name: Phase::Baseline })).await;
        let mut live = journal.live();
        // Bounded by the flush interval; ten seconds only tell a broken journal from a busy machine.
        tokio::time::timeout(Duration::from_secs(10), live.wait_for(|live| live.traffic_since.is_some())).await.unwrap().unwrap();
        let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains(r#""phase":{"name":"baseline"}"#) && text.ends_with('\n'), "{text}");
        journal.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_said_once_and_the_live_view_goes_on() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let journal = Journal::start(full, Clock::start()).unwrap();
        let (mut live, mut failure) = (journal.live(), journal.failure());
        journal.recorder().record(Event::Phase(PhaseEntered { name: Phase::Baseline })).await;
        tokio::time::timeout(Duration::from_secs(10), failure.wait_for(Option::is_some)).await.unwrap().unwrap();
        tokio::time::timeout(Duration::from_secs(10), live.wait_for(|live| live.traffic_since.is_some())).await.unwrap().unwrap();
        assert!(journal.close().await.unwrap_err().problem.contains("space"));
    }
}
