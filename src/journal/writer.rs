//! The thread that owns the history file.

use super::Clock;
use crate::history::{Event, Live, Stamped};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Events that may wait to be written: some seconds of the fastest traffic.
const QUEUE: usize = 65_536;
/// The live view is published, and lines are handed to the operating system, at least this often.
const FLUSH: Duration = Duration::from_millis(50);

/// Why the history could not be written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the history cannot be written: {problem}")]
pub struct JournalError {
    /// The operating system's words.
    pub problem: String,
}

/// Where events are sent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Event>,
    clock: Clock,
}

impl Recorder {
    /// Records an event; waits while the queue is full. After the journal was closed this does nothing.
    pub async fn record(&self, event: Event) {
        // A closed queue means that the drill is over: what comes after its last event is not part of it.
        let _ = self.queue.send(event).await;
    }

    /// The same from a thread outside the runtime.
    pub fn record_blocking(&self, event: Event) {
        let _ = self.queue.blocking_send(event);
    }

    /// The drill's clock.
    pub const fn clock(&self) -> Clock {
        self.clock
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
        let (queue, events) = mpsc::channel(QUEUE);
        let (live_sender, live) = watch::channel(Arc::new(Live::default()));
        let (failure_sender, failure) = watch::channel(None);
        let writer = Writer {
            file: std::io::BufWriter::with_capacity(1 << 16, file),
            clock,
            live: Live::default(),
            published: live_sender,
            failed: failure_sender,
            line: Vec::new(),
        };
        // A thread and a small runtime of its own: a slow disk must not hold up traffic, nor busy traffic the disk.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || runtime.block_on(writer.run(events)))?;
        Ok(Self { recorder: Recorder { queue, clock }, live, failure, thread })
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
    clock: Clock,
    live: Live,
    published: watch::Sender<Arc<Live>>,
    failed: watch::Sender<Option<JournalError>>,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Stamps events as they come; hands lines and the live view on every [`FLUSH`] while there is something new.
    async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        let mut tick = tokio::time::interval(FLUSH);
        let mut fresh = false;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => {
                        self.take(event);
                        fresh = true;
                    }
                    None => break,
                },
                _ = tick.tick(), if fresh => {
                    self.hand_on();
                    fresh = false;
                }
            }
        }
        self.hand_on();
    }

    fn take(&mut self, event: Event) {
        let stamped = Stamped { t: self.clock.now(), event };
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
