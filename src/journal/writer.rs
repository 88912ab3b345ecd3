//! The thread that owns the history file.

use super::Clock;
use super::error::JournalError;
use super::queue::EventQueue;
use crate::history::{Event, Live, Sealer, Stamped};
use crate::units::Salt;
use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// The live view is published, and lines are handed to the operating system, at least this often.
const FLUSH: Duration = Duration::from_millis(50);
/// How long events gather while they come fast, so that the fastest traffic wakes the writer a thousand times a second and no oftener.
const GATHER: Duration = Duration::from_millis(1);

/// A handle by which events are recorded. The journal ends when the last is dropped.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<EventQueue>,
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
    fn of(queue: &Arc<EventQueue>) -> Self {
        queue.enter();
        Self { queue: queue.clone() }
    }

    /// Stamps an event and records it; waits while the queue is full.
    pub async fn record(&self, event: Event) {
        self.queue.put(event).await;
    }

    /// Records an event and returns when it is as safe as the file can make it: in a journal of [`Journal::durable`] it is on disk, and
    /// survives a crash of the machine; in any other it is with the operating system, and survives one of this process.
    ///
    /// # Errors
    /// Where the history cannot be written; what was to follow the event must then not be done.
    pub async fn record_durably(&self, event: Event) -> Result<(), JournalError> {
        self.record(event).await;
        let (waiter, done) = oneshot::channel();
        self.queue.wait(waiter);
        done.await.unwrap_or_else(|_| Err(JournalError { problem: "its thread has ended".into() }))
    }

    /// Returns once everything that was recorded so far is in the live view, or cannot come there any more.
    pub async fn handed_on(&self) {
        let (waiter, done) = oneshot::channel();
        self.queue.wait(waiter);
        let _ = done.await;
    }

    /// Records an event from a thread outside the runtime.
    pub fn record_blocking(&self, event: Event) {
        self.queue.put_blocking(event);
    }

    /// Records events that came in together, and takes them out of the list: as many from its front as there is room for. Waits for nothing.
    pub fn record_all(&self, events: &mut Vec<Event>) {
        self.queue.put_all(events);
    }

    /// The drill's clock.
    pub fn clock(&self) -> Clock {
        self.queue.clock()
    }

    /// What keys are named by in this history. Events are recorded with the fingerprints that proxies know and go through it on their way
    /// into the file and the live view; code that names a key elsewhere must do the same.
    pub fn salt(&self) -> Salt {
        self.queue.salt()
    }
}

/// The journal of a drill: an open history and the thread that writes it. Dropping it without [`Journal::close`] still writes what was sent.
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
        Self::open(file, None, Sealer::default(), clock, Live::default(), random_salt()?)
    }

    /// The same over the end of a file that holds what `live` was folded from, and `clock` goes on from, in which keys are named by `salt`. What
    /// is recorded durably is on disk.
    ///
    /// # Errors
    /// Where the operating system gives no thread or no second handle of the file, or the file cannot be read.
    pub fn durable(file: File, clock: Clock, live: Live, salt: Salt) -> std::io::Result<Self> {
        let disk = file.try_clone()?;
        let sealer = Self::sealer(&file)?;
        Self::open(file, Some(disk), sealer, clock, live, salt)
    }

    /// What goes on sealing a file, which is left at its end.
    fn sealer(mut file: &File) -> std::io::Result<Sealer> {
        // One that was just made may be open for writing alone.
        if file.metadata()?.len() == 0 {
            return Ok(Sealer::default());
        }
        file.rewind()?;
        Sealer::after(std::io::BufReader::new(file))
    }

    fn open(
        file: impl Write + Send + 'static,
        disk: Option<File>,
        sealer: Sealer,
        clock: Clock,
        live: Live,
        salt: Salt,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(EventQueue::new(clock, salt));
        let (live_sender, published) = watch::channel(Arc::new(live.clone()));
        let (failure_sender, failure) = watch::channel(None);
        let writer = Writer {
            file: std::io::BufWriter::with_capacity(1 << 16, file),
            disk,
            live,
            published: live_sender,
            failed: failure_sender,
            line: Vec::new(),
            sealer,
        };
        let recorder = Recorder::of(&queue);
        // A thread of its own: a slow disk must not hold up traffic, nor busy traffic the disk.
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || writer.run(&queue))?;
        Ok(Self { recorder, live: published, failure, thread })
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

/// A salt for one history, which is never written.
fn random_salt() -> std::io::Result<Salt> {
    Ok(Salt::of(random()?))
}

/// Random bytes of which a salt is made.
///
/// # Errors
/// Where the operating system gives none.
pub fn random() -> std::io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes)
}

/// The writer of the history file, which also folds the live view.
struct Writer<W: Write> {
    file: std::io::BufWriter<W>,
    /// The same file, where what is recorded durably must reach the disk.
    disk: Option<File>,
    live: Live,
    published: watch::Sender<Arc<Live>>,
    failed: watch::Sender<Option<JournalError>>,
    line: Vec<u8>,
    sealer: Sealer,
}

impl<W: Write> Writer<W> {
    /// Writes events as they come; hands lines and the live view on every [`FLUSH`] while there is something new.
    fn run(mut self, queue: &EventQueue) {
        let (mut events, mut waiters) = (Vec::new(), Vec::new());
        let mut handed_on = Instant::now();
        let mut fresh = false;
        while queue.take(&mut events, &mut waiters, fresh.then(|| FLUSH.saturating_sub(handed_on.elapsed()))) {
            fresh |= !events.is_empty();
            self.write(&mut events, queue.salt());
            if !waiters.is_empty() || fresh && handed_on.elapsed() >= FLUSH {
                self.hand_on();
                handed_on = Instant::now();
                fresh = false;
            }
            for waiter in waiters.drain(..) {
                let _ = waiter.send(self.secured());
            }
            std::thread::sleep(GATHER);
        }
        self.hand_on();
    }

    fn write(&mut self, events: &mut Vec<Stamped>, salt: Salt) {
        for mut stamped in events.drain(..) {
            stamped.event.keys_mut().into_iter().for_each(|key| *key = salt.mask(*key));
            if self.failed.borrow().is_none() {
                self.line.clear();
                let written = serde_json::to_writer(&mut self.line, &stamped).map_err(std::io::Error::from).and_then(|()| {
                    self.line.push(b'\n');
                    self.sealer.add(stamped.t, &self.line);
                    self.file.write_all(&self.line)
                });
                self.check(written);
            }
            self.live.apply(&stamped);
        }
    }

    fn hand_on(&mut self) {
        if self.failed.borrow().is_none() {
            let seal = self.sealer.seal().unwrap_or_default();
            let sealed = self.file.write_all(&seal).and_then(|()| self.file.flush());
            self.check(sealed);
        }
        self.published.send_replace(Arc::new(self.live.clone()));
    }

    /// Waits for the disk, where there is one to wait for.
    fn secured(&self) -> Result<(), JournalError> {
        if self.failed.borrow().is_none()
            && let Some(disk) = &self.disk
        {
            self.check(disk.sync_data());
        }
        self.failed.borrow().clone().map_or(Ok(()), Err)
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
    async fn what_is_recorded_durably_is_in_the_file_at_once_and_a_full_disk_is_no_place_for_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let journal = Journal::durable(file.reopen().unwrap(), Clock::resume(7_000), Live::default(), Salt::of([7; 16])).unwrap();
        let event = || Event::Phase(PhaseEntered { name: Phase::Baseline });
        journal.recorder().record_durably(event()).await.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let (line, seal) = text.split_once('\n').unwrap();
        let stamped: Stamped = serde_json::from_str(line).unwrap();
        assert!(crate::history::Seal::of_line(seal.as_bytes()).is_some_and(|seal| seal.t == stamped.t), "what is safe is sealed: {text}");
        assert!(stamped.t >= 7_000, "the clock goes on from where it was: {text}");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let journal = Journal::durable(full, Clock::start(), Live::default(), Salt::of([7; 16])).unwrap();
        assert!(journal.recorder().record_durably(event()).await.unwrap_err().problem.contains("space"));
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
