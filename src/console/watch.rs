//! The thread that shows a drill: the panel ten times a second where stderr is a terminal, else plain lines. An execution's lines have a clock
//! among them, which goes on between events.
//!
//! A thread of its own, because looking at the fold and drawing takes time, which must not be the traffic's. A picture is left out while the one
//! before it is not written yet, as on a slow or paused terminal: a drill does not fail for want of a reader.

use super::area::{self, Any, Area, Size, locked, size};
use super::clock::ExecutionClock;
use super::line::StyledLine;
use super::log::{PlainLog, folded};
use super::out;
use super::panel::{panel, standing};
use crate::history::Live;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;

/// Between two looks at the live fold.
const FRAME: Duration = Duration::from_millis(100);
/// A panel is no wider, however wide the terminal is: eyes lose the line.
const WIDEST: usize = 100;

/// How a drill is displayed on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayMode {
    /// A panel that is drawn anew in its place.
    Panel {
        /// True for colours.
        coloured: bool,
    },
    /// One line for each notable event.
    Lines,
    /// Nothing.
    Nothing,
}

/// The live display of a drill or an execution, drawn by a thread of its own.
pub struct LiveDisplay {
    live: Receiver<Arc<Live>>,
    thread: JoinHandle<()>,
    screen: Arc<Mutex<Screen>>,
}

/// Shows a drill on stderr until it is finished or its live fold is gone.
///
/// # Errors
/// Where the operating system gives no thread.
pub fn watch(live: Receiver<Arc<Live>>, shape: DisplayMode) -> std::io::Result<LiveDisplay> {
    start(live, shape, area::of_stderr())
}

fn start(live: Receiver<Arc<Live>>, shape: DisplayMode, area: Arc<Mutex<Area<Any>>>) -> std::io::Result<LiveDisplay> {
    // Counted here: before the thread looks for the first time, an execution that goes on may have recorded something.
    let past = live.borrow().notable.len();
    let screen = Arc::new(Mutex::new(Screen::new(shape, past, area)));
    let thread = std::thread::Builder::new().name("console".into()).spawn({
        let (live, screen) = (live.clone(), Arc::clone(&screen));
        move || show(live, &screen)
    })?;
    Ok(LiveDisplay { live, thread, screen })
}

impl LiveDisplay {
    /// Makes room for a question until [`LiveDisplay::show`]: everything that came before it is shown first, and instead of the panel stands where the
    /// drill and its runbook are.
    pub fn hide(&self) {
        let live = Arc::clone(&self.live.borrow());
        self.locked().hide(&live);
    }

    /// Shows the panel again.
    pub fn show(&self) {
        self.locked().hidden = false;
    }

    /// Waits until the last of it is shown. The sender of the live fold must be gone or the drill finished, or this waits for that.
    pub async fn ended(self) {
        let _ = tokio::task::spawn_blocking(move || self.thread.join()).await;
    }

    fn locked(&self) -> MutexGuard<'_, Screen> {
        locked(&self.screen)
    }
}

fn show(mut live: Receiver<Arc<Live>>, screen: &Mutex<Screen>) {
    let mut seen = (0, Instant::now());
    loop {
        // Asked before the look, so that what was published just before the sender went is still shown.
        let gone = live.has_changed().is_err();
        let now = Arc::clone(&live.borrow_and_update());
        if seen.0 != now.now {
            seen = (now.now, Instant::now());
        }
        let last = now.finished || gone;
        // Between two events time goes on, except at the end.
        let passed = if last { 0 } else { u64::try_from(seen.1.elapsed().as_nanos()).unwrap_or(0) };
        locked(screen).draw(&now, now.now + passed, last);
        if last {
            return;
        }
        std::thread::sleep(FRAME);
    }
}

/// What is shown, on the area at the end of a terminal.
struct Screen {
    hidden: bool,
    face: Face,
    area: Arc<Mutex<Area<Any>>>,
}

enum Face {
    Panel { coloured: bool },
    Lines(PlainLog, ExecutionClock),
    Nothing,
}

impl Screen {
    fn new(shape: DisplayMode, past: usize, area: Arc<Mutex<Area<Any>>>) -> Self {
        let face = match shape {
            DisplayMode::Panel { coloured } => Face::Panel { coloured },
            DisplayMode::Lines => Face::Lines(PlainLog::default(), ExecutionClock::after(past)),
            DisplayMode::Nothing => Face::Nothing,
        };
        Self { hidden: false, face, area }
    }

    fn hide(&mut self, live: &Live) {
        self.hidden = true;
        let size = size();
        match &mut self.face {
            Face::Lines(log, _) => say(&self.area, &log.lines(live)),
            Face::Panel { coloured } => {
                let standing: Vec<String> = standing(live, live.now, width(size)).into_iter().map(text(*coloured)).collect();
                locked(&self.area).clear(size.columns);
                say(&self.area, &standing);
            }
            Face::Nothing => {}
        }
    }

    /// The last picture stays on the terminal as ordinary text.
    fn draw(&mut self, live: &Live, now: u64, last: bool) {
        match &mut self.face {
            Face::Lines(log, clock) => {
                let mut lines = log.lines(live);
                lines.extend(clock.lines(live, now));
                say(&self.area, &lines);
            }
            Face::Panel { .. } if (self.hidden || out::is_behind()) && !last => {}
            Face::Panel { coloured } => {
                let size = size();
                // The cursor needs a row of its own.
                let lines = panel(live, now, width(size), size.rows.saturating_sub(1));
                let mut area = locked(&self.area);
                area.draw(&lines, *coloured, size.columns);
                if last {
                    area.settle();
                }
            }
            Face::Nothing => {}
        }
    }
}

fn say(area: &Mutex<Area<Any>>, lines: &[String]) {
    if !lines.is_empty() {
        let columns = size().columns;
        let width = if std::io::stderr().is_terminal() { columns } else { usize::MAX };
        let text: String = lines.iter().map(|line| folded(line, width) + "\n").collect();
        locked(area).above(text.as_bytes(), columns);
    }
}

/// One column is left free: some terminals wrap when the last is written.
fn width(size: Size) -> usize {
    size.columns.min(WIDEST).saturating_sub(1)
}

fn text(coloured: bool) -> impl Fn(StyledLine) -> String {
    move |line| if coloured { line.coloured() } else { line.plain() }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{SampleHistory, outage};
    use super::*;
    use crate::history::{Event, Note};
    use std::io::Write;

    /// Far beyond the few frames that it takes; it only tells a hang from a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn area(out: &Written) -> Arc<Mutex<Area<Any>>> {
        Arc::new(Mutex::new(Area::new(Box::new(out.clone()))))
    }

    /// What is written of a drill that is finished, or whose sender goes after it published this.
    async fn written(shape: DisplayMode, hidden: bool, live: Live) -> String {
        let (sender, receiver) = tokio::sync::watch::channel(Arc::new(Live::default()));
        let out = Written::default();
        let shown = start(receiver, shape, area(&out)).unwrap();
        if hidden {
            shown.hide();
        }
        sender.send_replace(Arc::new(live));
        drop(sender);
        tokio::time::timeout(PATIENCE, shown.ended()).await.expect("it ends with the drill");
        let bytes = out.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn between_two_events_the_clock_goes_on() {
        let (sender, receiver) = tokio::sync::watch::channel(Arc::new(Live::default()));
        let out = Written::default();
        let shown = start(receiver, DisplayMode::Lines, area(&out)).unwrap();
        let mut history = SampleHistory::execution(|_| {});
        history.tell(29_950, Event::Note(Note { text: "the last event".into() }));
        sender.send_replace(Arc::new(history.live));
        let end = Instant::now() + PATIENCE;
        let said = || String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        while !said().contains("s  clock     no step is running\n") {
            assert!(Instant::now() < end, "{}", said());
            std::thread::sleep(FRAME);
        }
        drop(sender);
        shown.thread.join().unwrap();
    }

    #[tokio::test]
    async fn it_ends_with_the_drill_or_with_the_sender_and_shows_the_last_of_it() {
        let whole = written(DisplayMode::Lines, false, outage(37_500).live).await;
        assert!(whole.starts_with("   0.0 s  drill") && whole.ends_with("1,796 requests were due\n"), "{whole}");
        let killed = written(DisplayMode::Lines, true, outage(12_500).live).await;
        assert!(killed.contains("the breaker of azure-swedencentral is open\n"), "{killed}");
        let plain = written(DisplayMode::Panel { coloured: false }, true, outage(37_500).live).await;
        assert!(plain.contains("ended  after 37.5 s") && plain.contains("done\u{1b}[K\n") && !plain.contains("[32m"), "{plain}");
        let coloured = written(DisplayMode::Panel { coloured: true }, false, outage(37_500).live).await;
        assert!(coloured.contains("\u{1b}[32m"), "{coloured}");
        assert_eq!(written(DisplayMode::Nothing, false, outage(37_500).live).await, "");
    }

    #[test]
    fn a_question_comes_after_everything_before_it() {
        for (shape, before) in [
            (DisplayMode::Lines, "step      1/2 done\n  11.0 s  step      2/2 "),
            (DisplayMode::Panel { coloured: false }, "runbook  2/2 Point the gateway at"),
        ] {
            // The thread has not looked at it yet when somebody is asked.
            let (_sender, live) = tokio::sync::watch::channel(Arc::new(outage(11_000).live));
            let out = Written::default();
            let mut screen = Screen::new(shape, 0, area(&out));
            screen.hide(&live.borrow());
            let said = || String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
            assert!(said().contains(before), "{}", said());
            // Nothing runs over the question while it is open.
            let asked = said();
            screen.draw(&live.borrow(), 12_000_000_000, false);
            assert_eq!(said(), asked);
        }
    }
}
