//! The thread that owns the history file.

use super::Clock;
use super::error::JournalError;
use super::history_file::HistoryFile;
use super::queue::EventQueue;
use crate::history::{Event, Live, Sealer, Stamped};
use crate::model::HistoryForm;
use crate::units::Salt;
use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// The live view is published, and lines of text are handed to the operating system, at least this often.
const FLUSH: Duration = Duration::from_millis(50);
/// Lines are sealed, and what is compressed becomes a frame, at least this often; where something happened besides requests, with the next [`FLUSH`].
const SEAL: Duration = Duration::from_secs(1);
/// The same after so many bytes: what is between two seals is small enough to say what was done to it, and a frame fits into one block.
const SEALED: usize = 120 << 10;
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
        Self::start_as(HistoryForm::Plain, file, clock)
    }

    /// The same in this form.
    ///
    /// # Errors
    /// Where the operating system gives no thread.
    pub fn start_as(form: HistoryForm, file: impl Write + Send + 'static, clock: Clock) -> std::io::Result<Self> {
        Self::open(HistoryFile::new(form, file)?, None, Sealer::default(), clock, Live::default(), random_salt()?)
    }

    /// The same over the end of a file that holds what `live` was folded from, and `clock` goes on from, in which keys are named by `salt`. What
    /// is recorded durably is on disk.
    ///
    /// # Errors
    /// Where the operating system gives no thread or no second handle of the file, or the file cannot be read.
    pub fn durable(file: File, clock: Clock, live: Live, salt: Salt) -> std::io::Result<Self> {
        let disk = file.try_clone()?;
        let sealer = Self::sealer(&file)?;
        Self::open(HistoryFile::new(HistoryForm::Plain, file)?, Some(disk), sealer, clock, live, salt)
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
        file: HistoryFile<impl Write + Send + 'static>,
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
            file,
            disk,
            live,
            published: live_sender,
            failed: failure_sender,
            line: Vec::new(),
            sealer,
            unsealed: 0,
            sealed_at: Instant::now(),
            is_notable: false,
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
    file: HistoryFile<W>,
    /// The same file, where what is recorded durably must reach the disk.
    disk: Option<File>,
    live: Live,
    published: watch::Sender<Arc<Live>>,
    failed: watch::Sender<Option<JournalError>>,
    line: Vec<u8>,
    sealer: Sealer,
    /// Bytes since the last seal.
    unsealed: usize,
    sealed_at: Instant,
    /// Whether something besides requests and exchanges is among them.
    is_notable: bool,
}

/// What becomes of the lines that were not handed on yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HandOn {
    /// They are sealed where that is due.
    Due,
    /// All of them are sealed and in the file.
    All,
}

impl<W: Write> Writer<W> {
    /// Writes events as they come; hands lines and the live view on every [`FLUSH`] while there is something new.
    fn run(mut self, queue: &EventQueue) {
        let (mut events, mut waiters) = (Vec::new(), Vec::new());
        let mut handed_on = Instant::now();
        let mut fresh = false;
        loop {
            let until_sealed = (self.unsealed > 0).then(|| SEAL.saturating_sub(self.sealed_at.elapsed()));
            let patience = if fresh { Some(FLUSH.saturating_sub(handed_on.elapsed())) } else { until_sealed };
            if !queue.take(&mut events, &mut waiters, patience) {
                break;
            }
            fresh |= !events.is_empty();
            self.write(&mut events, queue.salt());
            let how = if waiters.is_empty() { HandOn::Due } else { HandOn::All };
            if how == HandOn::All || fresh && handed_on.elapsed() >= FLUSH {
                self.hand_on(how);
                handed_on = Instant::now();
                fresh = false;
            } else if self.unsealed > 0 && self.sealed_at.elapsed() >= SEAL {
                self.seal();
            }
            for waiter in waiters.drain(..) {
                let _ = waiter.send(self.secured());
            }
            std::thread::sleep(GATHER);
        }
        self.hand_on(HandOn::All);
        if self.failed.borrow().is_none() {
            let finished = self.file.finish();
            self.check(finished);
        }
    }

    fn write(&mut self, events: &mut Vec<Stamped>, salt: Salt) {
        for mut stamped in events.drain(..) {
            stamped.event.keys_mut().into_iter().for_each(|key| *key = salt.mask(*key));
            if self.failed.borrow().is_none() {
                self.line.clear();
                let written = serde_json::to_writer(&mut self.line, &stamped).map_err(std::io::Error::from).and_then(|()| {
                    self.line.push(b'\n');
                    self.sealer.add(stamped.t, &self.line);
                    self.unsealed += self.line.len();
                    self.file.put(&self.line)
                });
                self.check(written);
                if self.unsealed >= SEALED {
                    self.seal();
                }
            }
            self.is_notable |= stamped.event.is_notable();
            self.live.apply(&stamped);
        }
    }

    fn hand_on(&mut self, how: HandOn) {
        if how == HandOn::All || self.is_notable || self.unsealed > 0 && self.sealed_at.elapsed() >= SEAL {
            self.seal();
        } else if self.failed.borrow().is_none() {
            let flushed = self.file.flush();
            self.check(flushed);
        }
        self.published.send_replace(Arc::new(self.live.clone()));
    }

    /// Seals what has come since the last seal, and hands all of it to the operating system.
    fn seal(&mut self) {
        if self.failed.borrow().is_none() {
            let seal = self.sealer.seal().unwrap_or_default();
            let sealed = self.file.put(&seal).and_then(|()| self.file.close());
            self.check(sealed);
        }
        (self.unsealed, self.sealed_at, self.is_notable) = (0, Instant::now(), false);
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

    /// Requests that end as a drill's do, told over a while.
    fn request(id: u64) -> Event {
        let (due, lag) = (id * 20_017_003, 41_000 + id % 977);
        let (done, outcome) = (67_123_456 + id * 7_919 % 1_000_003, crate::history::Outcome::Ok);
        Event::Request(crate::history::RequestDone { id, due, lag, proof: Some(done - 5_000_000), done, outcome, why: None })
    }

    fn lines_of(file: &Shared) -> (String, bool) {
        let (bytes, mut text) = (file.0.lock().unwrap().clone(), String::new());
        let mut input = crate::run_folder::HistoryInput::new(&bytes[..]);
        std::io::Read::read_to_string(&mut input, &mut text).unwrap();
        (text, input.torn() > 0)
    }

    #[tokio::test]
    async fn a_compressed_history_has_the_same_lines_and_seals_and_can_be_read_while_it_is_written() {
        let file = Shared::default();
        let journal = Journal::start_as(HistoryForm::Compressed, file.clone(), Clock::start()).unwrap();
        let recorder = journal.recorder();
        for id in 0..5_000 {
            recorder.record(request(id)).await;
        }
        recorder.handed_on().await;
        let (text, is_torn) = lines_of(&file);
        let written = file.0.lock().unwrap().len();
        assert!(text.contains("\"id\":4999,") && !is_torn, "all of it, and nothing of a frame that is not whole");
        assert!(written * 3 < text.len(), "{written} bytes for {}", text.len());
        // A phase is in the file with the next look, and not only when the second is over.
        recorder.record(Event::Phase(PhaseEntered { name: Phase::Fault })).await;
        let begun = Instant::now();
        while !lines_of(&file).0.contains("\"fault\"") {
            assert!(begun.elapsed() < Duration::from_secs(10), "ten seconds only tell a broken journal from a busy machine");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(recorder);
        journal.close().await.unwrap();
        let (text, is_torn) = lines_of(&file);
        let (mut sealer, mut seals, mut unsealed) = (Sealer::default(), 0, 0);
        for line in text.split_inclusive('\n') {
            match crate::history::Seal::of_line(line.as_bytes()) {
                Some(seal) => {
                    assert_eq!(sealer.seal(), Some(seal.line()), "seals are over the lines as they are read");
                    (seals, unsealed) = (seals + 1, 0);
                }
                None => {
                    let stamped: Stamped = serde_json::from_str(line).unwrap();
                    sealer.add(stamped.t, line.as_bytes());
                    unsealed += line.len();
                    assert!(unsealed < SEALED + 1_000, "none is longer without a seal");
                }
            }
        }
        assert!(seals >= 3 && unsealed == 0 && !is_torn, "{seals} seals");
    }

    #[tokio::test]
    async fn lines_are_sealed_though_nothing_follows_them() {
        let file = Shared::default();
        let journal = Journal::start(file.clone(), Clock::start()).unwrap();
        journal.recorder().record(request(0)).await;
        let begun = Instant::now();
        while !lines_of(&file).0.contains("\"sealed\"") {
            assert!(begun.elapsed() < Duration::from_secs(10), "ten seconds only tell a broken journal from a busy machine");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(begun.elapsed() >= FLUSH, "a request by itself is not sealed at once");
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
