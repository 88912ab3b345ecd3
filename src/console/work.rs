//! Work that makes people wait and is no drill: how far it is, and how long it still takes. One line, drawn in place, on a terminal alone.
//!
//! Whoever works counts in [`WorkProgress`], which costs an addition now and then; a thread looks at it ten times a second, and shows nothing before the
//! work has taken long enough to be wondered about.

use super::area::{self, locked, size};
use super::line::{StyledLine, Tone, columns};
use super::out;
use super::panel::{blocks, length, seconds};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Work that is shorter has no line.
const PATIENCE: Duration = Duration::from_millis(700);
/// Between two looks.
const FRAME: Duration = Duration::from_millis(100);
/// A line is no wider.
const WIDEST: usize = 80;

/// The progress of long work: what it is, and how much of it is done. The worker counts, a thread looks.
#[derive(Debug, Default)]
pub struct WorkProgress {
    what: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
    /// True from its beginning on until its end.
    runs: AtomicBool,
    /// How often something new was begun.
    turn: AtomicU64,
}

impl WorkProgress {
    /// Begins it, or what comes after it: what it is, as in `judging drills/x`, and how much of it there is; 0 where that is not known.
    pub fn begin(&self, what: impl Into<String>, total: u64) {
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = what.into();
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.turn.fetch_add(1, Ordering::Relaxed);
        self.runs.store(true, Ordering::Release);
    }

    /// So much more is done.
    pub fn add(&self, count: u64) {
        self.done.fetch_add(count, Ordering::Relaxed);
    }

    /// It is done: nothing is shown of it any more.
    pub fn end(&self) {
        self.runs.store(false, Ordering::Release);
    }
}

/// The thread that shows it, until this is dropped.
#[derive(Debug)]
pub struct Showing {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Showing {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Shows work on stderr, which must be a terminal, while it runs.
pub fn showing(work: Arc<WorkProgress>, coloured: bool) -> Showing {
    let over = Arc::new(AtomicBool::new(false));
    let thread = std::thread::Builder::new().name("work".into()).spawn({
        let over = Arc::clone(&over);
        move || show(&work, coloured, &over)
    });
    // Without a thread nothing is shown, and the work is done all the same.
    Showing { over, thread: thread.ok() }
}

fn show(work: &WorkProgress, coloured: bool, over: &AtomicBool) {
    let stderr = area::of_stderr();
    let (mut turn, mut since, mut drawn) = (0, Instant::now(), false);
    while !over.load(Ordering::Acquire) {
        let runs = work.runs.load(Ordering::Acquire);
        let now = work.turn.load(Ordering::Relaxed);
        if now != turn {
            (turn, since) = (now, Instant::now());
        }
        let columns = size().columns;
        if runs && (drawn || since.elapsed() >= PATIENCE) {
            let line = line(work, since.elapsed(), columns.saturating_sub(1).min(WIDEST));
            if !out::is_behind() {
                locked(&stderr).draw(&[line], coloured, columns);
            }
            drawn = true;
        } else if drawn && !runs {
            locked(&stderr).clear(columns);
            drawn = false;
        }
        std::thread::park_timeout(FRAME);
    }
    if drawn {
        locked(&stderr).clear(size().columns);
    }
}

/// `judging drills/x  ████▌─────  45%  12 s left`.
fn line(work: &WorkProgress, passed: Duration, width: usize) -> StyledLine {
    let what = work.what.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (done, total) = (work.done.load(Ordering::Relaxed), work.total.load(Ordering::Relaxed));
    told(&what, done, total, passed, width)
}

fn told(what: &str, done: u64, total: u64, passed: Duration, width: usize) -> StyledLine {
    let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
    if total == 0 {
        return StyledLine::new().with(Tone::Plain, what).with(Tone::Dim, format!("  {}", seconds(passed))).cut(width);
    }
    let share = (done as f64 / total as f64).clamp(0.0, 1.0);
    // From a few per cent nothing is foreseen.
    let left = if share < 0.02 { String::new() } else { format!("  {} left", whole((passed as f64 * (1.0 - share) / share) as u64)) };
    let end = format!("  {:>3.0}%{left:<18}", (share * 100.0).floor());
    let bar = width.saturating_sub(columns(what) + 2 + columns(&end)).min(30);
    let filled = blocks(share, bar);
    let rest = "─".repeat(bar.saturating_sub(columns(&filled)));
    StyledLine::new()
        .with(Tone::Plain, format!("{what}  "))
        .with(Tone::Good, filled)
        .with(Tone::Dim, rest)
        .with(Tone::Plain, end)
        .cut(width)
}

/// In whole seconds, at least one.
fn whole(nanoseconds: u64) -> String {
    length(nanoseconds.div_ceil(1_000_000_000).max(1) * 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_it_is_and_how_long_it_still_takes() {
        let said = |done, total, seconds| told("judging drills/x", done, total, Duration::from_secs(seconds), 70).plain();
        assert_eq!(said(0, 1_000, 1), "judging drills/x  ────────────────────────────    0%");
        assert_eq!(said(500, 1_000, 30), "judging drills/x  ██████████████──────────────   50%  30 s left");
        assert_eq!(said(250, 1_000, 30), "judging drills/x  ███████─────────────────────   25%  1 min 30 s left");
        assert_eq!(said(7, 0, 12), "judging drills/x  12.0 s", "how much there is may be unknown");
        assert_eq!(said(2_000, 1_000, 1), "judging drills/x  ████████████████████████████  100%  1 s left");
        for width in 0..90 {
            let line = told("judging drills/x", 450, 1_000, Duration::from_secs(61), width);
            assert!(line.columns() <= width, "{line:?}");
        }
    }
}
