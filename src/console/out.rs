//! What is written to stdout and stderr, and the thread that writes it.
//!
//! A terminal that is paused (Ctrl-S) or whose connection hangs, and a pager that is not read any further, block whoever writes to them. A drill
//! has a fault to heal and signals to hear: so whoever says something leaves it here and goes on. Only the end of the process waits for the
//! reader, and for a short time once somebody asked it to stop.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a reader who takes nothing is waited for by a process that was told to stop.
pub(super) const MOMENT: Duration = Duration::from_secs(2);
/// How much of stderr waits to be written; what comes then is left out. Only diagnostics that nobody reads reach it.
const MOST: usize = 16 << 20;
const LEFT_OUT: &[u8] = b"(what was said next is left out: it was not read fast enough)\n";

static OUT: LazyLock<Out> = LazyLock::new(|| Out::start(Arc::new(write)));
/// Whether somebody asked this process to stop.
static HURRY: AtomicBool = AtomicBool::new(false);

/// Where something is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Stdout,
    Stderr,
}

/// Leaves something to be written, after everything that was left before.
pub(super) fn hand(to: To, bytes: &[u8]) {
    OUT.hand(to, bytes);
}

/// Leaves data for a stdout that is a terminal, after what was said.
pub fn data(bytes: &[u8]) {
    hand(To::Stdout, bytes);
}

/// Whether something waits to be written: a picture that is drawn anew would only wait with it.
pub(super) fn is_behind() -> bool {
    LazyLock::get(&OUT).is_some_and(|out| !out.locked().is_idle())
}

/// From now on the end waits no longer than a moment for a reader who takes nothing.
pub fn hurry() {
    HURRY.store(true, Ordering::Relaxed);
}

/// Waits until everything is written.
pub fn written() {
    drained(None);
}

/// Waits until everything is written, or until the reader has taken nothing for so long.
pub(super) fn drained(patience: Option<Duration>) {
    if let Some(out) = LazyLock::get(&OUT) {
        out.drained(|| patience.or_else(|| HURRY.load(Ordering::Relaxed).then_some(MOMENT)));
    }
}

/// A stdout or stderr that is closed is nobody's loss.
fn write(to: To, bytes: &[u8]) {
    let written = |mut out: Box<dyn Write>| out.write_all(bytes).and_then(|()| out.flush());
    let _ = match to {
        To::Stdout => written(Box::new(std::io::stdout())),
        To::Stderr => written(Box::new(std::io::stderr())),
    };
}

type Sink = Arc<dyn Fn(To, &[u8]) + Send + Sync>;

/// A queue and its thread.
struct Out {
    shared: Arc<(Mutex<OutputQueue>, Condvar)>,
    /// Where there is no thread, this is written at once.
    alone: Option<Sink>,
}

/// Output that waits to be written.
struct OutputQueue {
    waiting: VecDeque<(To, Vec<u8>)>,
    /// Of stderr, those that wait.
    bytes: usize,
    left_out: bool,
    /// While something is being written.
    busy: bool,
    /// When something was last written to its end.
    moved: Instant,
}

impl OutputQueue {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.busy
    }

    fn add(&mut self, to: To, bytes: &[u8]) {
        let is_full = to == To::Stderr && self.bytes + bytes.len() > MOST;
        if is_full && std::mem::replace(&mut self.left_out, true) {
            return;
        }
        let bytes = if is_full { LEFT_OUT } else { bytes };
        if to == To::Stderr {
            self.bytes += bytes.len();
        }
        self.waiting.push_back((to, bytes.to_vec()));
    }

    fn next(&mut self) -> Option<(To, Vec<u8>)> {
        let (to, bytes) = self.waiting.pop_front()?;
        if to == To::Stderr {
            self.bytes -= bytes.len();
        }
        self.left_out &= !self.waiting.is_empty();
        self.busy = true;
        Some((to, bytes))
    }
}

impl Out {
    fn start(sink: Sink) -> Self {
        let queue = OutputQueue { waiting: VecDeque::new(), bytes: 0, left_out: false, busy: false, moved: Instant::now() };
        let shared = Arc::new((Mutex::new(queue), Condvar::new()));
        let thread = std::thread::Builder::new().name("out".into()).spawn({
            let (shared, sink) = (Arc::clone(&shared), Arc::clone(&sink));
            move || empty(&shared, &sink)
        });
        Self { shared, alone: thread.is_err().then_some(sink) }
    }

    fn hand(&self, to: To, bytes: &[u8]) {
        if let Some(sink) = &self.alone {
            return sink(to, bytes);
        }
        self.locked().add(to, bytes);
        self.shared.1.notify_all();
    }

    fn drained(&self, patience: impl Fn() -> Option<Duration>) {
        let began = Instant::now();
        let mut queue = self.locked();
        while !queue.is_idle() && patience().is_none_or(|patience| queue.moved.max(began).elapsed() < patience) {
            // Patience may change meanwhile.
            let woken = self.shared.1.wait_timeout(queue, Duration::from_millis(50));
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn locked(&self) -> MutexGuard<'_, OutputQueue> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what comes, for as long as the process lives, and holds nothing while it writes.
fn empty(shared: &(Mutex<OutputQueue>, Condvar), sink: &Sink) {
    let (queue, changed) = shared;
    let mut locked = queue.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match locked.next() {
            Some((to, bytes)) => {
                drop(locked);
                sink(to, &bytes);
                locked = queue.lock().unwrap_or_else(PoisonError::into_inner);
                (locked.busy, locked.moved) = (false, Instant::now());
                changed.notify_all();
            }
            None => locked = changed.wait(locked).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A reader who takes one piece each time it is let.
    fn slow() -> (Out, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (sender, let_on) = mpsc::channel();
        let (let_on, taken) = (Mutex::new(let_on), Arc::new(Mutex::new(Vec::new())));
        let into = Arc::clone(&taken);
        let out = Out::start(Arc::new(move |_, bytes: &[u8]| {
            let _ = let_on.lock().unwrap().recv();
            into.lock().unwrap().extend_from_slice(bytes);
        }));
        (out, sender, taken)
    }

    #[test]
    fn a_reader_who_takes_nothing_holds_up_nobody_and_gets_all_of_it_in_order_later() {
        let (out, let_on, taken) = slow();
        out.hand(To::Stderr, b"one ");
        out.hand(To::Stdout, b"two ");
        out.hand(To::Stderr, b"three");
        out.drained(|| Some(Duration::from_millis(20)));
        assert!(!out.locked().is_idle() && taken.lock().unwrap().is_empty(), "nothing could be written yet");
        (0..3).for_each(|_| let_on.send(()).unwrap());
        out.drained(|| Some(Duration::from_secs(20)));
        assert_eq!(*taken.lock().unwrap(), b"one two three");
        assert!(out.locked().is_idle());
    }

    #[test]
    fn what_nobody_reads_does_not_fill_the_memory_and_data_is_never_left_out() {
        let (out, let_on, taken) = slow();
        let piece = vec![b'x'; 1 << 20];
        (0..20).for_each(|_| out.hand(To::Stderr, &piece));
        out.hand(To::Stdout, b"data");
        drop(let_on);
        out.drained(|| Some(Duration::from_secs(20)));
        let taken = taken.lock().unwrap();
        assert!(taken.len() <= (17 << 20) + LEFT_OUT.len() + 4 && taken.ends_with(&[LEFT_OUT, b"data"].concat()));
    }
}
