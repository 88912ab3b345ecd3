//! The thread that shows a drill: the panel ten times a second where stderr is a terminal, else plain lines. An execution's lines have a clock
//! among them, which goes on between events.
//!
//! A thread of its own, because a terminal that was paused blocks whoever writes to it, and that must never be the traffic. What cannot be
//! written is not written: a drill does not fail for want of a reader.

use super::clock::Clock;
use super::line::Line;
use super::log::Log;
use super::panel::panel;
use crate::history::Live;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch::Receiver;

/// Between two looks at the live fold.
const FRAME: Duration = Duration::from_millis(100);
/// A panel is no wider, however wide the terminal is: eyes lose the line.
const WIDEST: usize = 100;

/// How a drill is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A panel that is drawn anew in its place.
    Panel {
        /// True for colours.
        coloured: bool,
    },
    /// One line for each notable event.
    Lines,
}

impl Shape {
    /// What suits stderr as it is: a panel on a terminal that can move its cursor, in colours unless `NO_COLOR` is set (no-color.org).
    pub fn of_stderr() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") {
            Self::Panel { coloured: !set("NO_COLOR") }
        } else {
            Self::Lines
        }
    }
}

/// A drill that is being shown.
pub struct Watch {
    thread: JoinHandle<()>,
    screen: Arc<Mutex<Screen>>,
}

/// Shows a drill on stderr until it is finished or its live fold is gone.
///
/// # Errors
/// Where the operating system gives no thread.
pub fn watch(live: Receiver<Arc<Live>>, shape: Shape) -> std::io::Result<Watch> {
    start(live, shape, Box::new(std::io::stderr()))
}

fn start(live: Receiver<Arc<Live>>, shape: Shape, out: Box<dyn Write + Send>) -> std::io::Result<Watch> {
    // Counted here: before the thread looks for the first time, an execution that goes on may have recorded something.
    let past = live.borrow().notable.len();
    let screen = Arc::new(Mutex::new(Screen::new(shape, past, out)));
    let thread = std::thread::Builder::new().name("console".into()).spawn({
        let screen = Arc::clone(&screen);
        move || show(live, &screen)
    })?;
    Ok(Watch { thread, screen })
}

impl Watch {
    /// Takes the panel off the terminal until [`Watch::show`], for a question and its answer.
    pub fn hide(&self) {
        self.locked().hide();
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
        self.screen.lock().expect("nothing panics while it holds the screen")
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
        screen.lock().expect("nothing panics while it holds the screen").draw(&now, now.now + passed, last);
        if last {
            return;
        }
        std::thread::sleep(FRAME);
    }
}

/// What is shown. The panel draws on stderr by itself; whole lines go to `out`.
struct Screen {
    hidden: bool,
    face: Face,
    out: Box<dyn Write + Send>,
}

enum Face {
    Panel { coloured: bool, all: MultiProgress, bar: ProgressBar },
    Lines(Log, Clock),
}

impl Screen {
    fn new(shape: Shape, past: usize, out: Box<dyn Write + Send>) -> Self {
        let face = match shape {
            Shape::Panel { coloured } => {
                let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(20));
                let bar = all.add(
                    ProgressBar::new_spinner()
                        .with_style(ProgressStyle::with_template("{msg}").expect("a template without keys of its own")),
                );
                Face::Panel { coloured, all, bar }
            }
            Shape::Lines => Face::Lines(Log::default(), Clock::after(past)),
        };
        Self { hidden: false, face, out }
    }

    fn hide(&mut self) {
        self.hidden = true;
        if let Face::Panel { all, .. } = &self.face {
            let _ = all.clear();
        }
    }

    /// The last picture stays on the terminal as ordinary text.
    fn draw(&mut self, live: &Live, now: u64, last: bool) {
        let lines = match &mut self.face {
            Face::Lines(log, clock) => {
                let mut lines = log.lines(live);
                lines.extend(clock.lines(live, now));
                lines
            }
            Face::Panel { .. } if self.hidden && !last => return,
            Face::Panel { coloured, all, bar } => {
                // One column is left free: some terminals wrap when the last is written.
                let width = width().min(WIDEST).saturating_sub(1);
                let text = |line: Line| if *coloured { line.coloured() } else { line.plain() };
                let lines: Vec<String> = panel(live, now, width).into_iter().map(text).collect();
                if !last {
                    bar.set_message(lines.join("\n"));
                    bar.tick();
                    return;
                }
                bar.finish_and_clear();
                let _ = all.clear();
                lines
            }
        };
        for line in lines {
            let _ = writeln!(self.out, "{line}");
        }
    }
}

/// The terminal's width in columns; 80 where it does not say.
fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stderr()).map_or(80, |size| if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{Story, outage};
    use super::*;
    use crate::history::{Event, Note};

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

    /// What is written of a drill that is finished, or whose sender goes after it published this.
    async fn written(shape: Shape, hidden: bool, live: Live) -> String {
        let (sender, receiver) = tokio::sync::watch::channel(Arc::new(Live::default()));
        let out = Written::default();
        let shown = start(receiver, shape, Box::new(out.clone())).unwrap();
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
        let shown = start(receiver, Shape::Lines, Box::new(out.clone())).unwrap();
        let mut story = Story::execution(|_| {});
        story.tell(29_950, Event::Note(Note { text: "the last event".into() }));
        sender.send_replace(Arc::new(story.live));
        let end = Instant::now() + PATIENCE;
        let said = || String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        while !said().contains("s  clock     no step is under way\n") {
            assert!(Instant::now() < end, "{}", said());
            std::thread::sleep(FRAME);
        }
        drop(sender);
        shown.thread.join().unwrap();
    }

    #[tokio::test]
    async fn it_ends_with_the_drill_or_with_the_sender_and_shows_the_last_of_it() {
        let whole = written(Shape::Lines, false, outage(37_500).live).await;
        assert!(whole.starts_with("   0.0s  drill") && whole.ends_with("1796 requests were due\n"), "{whole}");
        let killed = written(Shape::Lines, true, outage(12_500).live).await;
        assert!(killed.contains("the breaker of azure-swedencentral is open\n"), "{killed}");
        let plain = written(Shape::Panel { coloured: false }, true, outage(37_500).live).await;
        assert!(plain.starts_with("Azure OpenAI stops answering") && plain.ends_with(" done\n") && !plain.contains('\u{1b}'), "{plain}");
        let coloured = written(Shape::Panel { coloured: true }, false, outage(37_500).live).await;
        assert!(coloured.contains("\u{1b}[32m"), "{coloured}");
    }
}
