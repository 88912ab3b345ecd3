//! What is drawn in place at the end of a terminal: lines that are drawn over, taken away while something else is said, and left as ordinary
//! text at the end.
//!
//! There is one of it for stderr, because a terminal has one end: whoever writes to stderr beside it goes through [`above`], and a line that is
//! said stands above what is drawn, wherever that was. The cursor rests on a line of its own below, in the first column, so that nothing that a
//! person types stands in the middle of it. The terminal's own settings stay as they are: a process that is stopped or killed could not put
//! them back, and a stray letter on the screen is a smaller harm than a shell that shows nothing.

use super::line::StyledLine;
use super::out::{self, MOMENT, To};
use rustix::termios::tcgetwinsize;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, TryLockError};

/// Erases from the cursor to the end of its line, and of the screen (ECMA-48).
const TO_LINE_END: &str = "\u{1b}[K";
const TO_SCREEN_END: &str = "\u{1b}[J";

/// The one at the end of stderr.
static STDERR: LazyLock<Arc<Mutex<Area<Any>>>> = LazyLock::new(|| Arc::new(Mutex::new(Area::new(Box::new(Stderr)))));

/// What an area may be drawn on.
pub(super) type Any = Box<dyn Write + Send>;

/// The area at the end of stderr.
pub(super) fn of_stderr() -> Arc<Mutex<Area<Any>>> {
    Arc::clone(&STDERR)
}

/// Stderr, without waiting for whoever reads it.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        out::hand(To::Stderr, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes to stderr, above what is drawn there. It waits for nobody.
pub fn above(bytes: &[u8]) {
    locked(&STDERR).above(bytes, size().columns);
}

/// Leaves what is drawn as ordinary text, draws nothing more, and waits until everything is written: this process ends.
pub fn leave() {
    if let Some(stderr) = LazyLock::get(&STDERR) {
        locked(stderr).close();
    }
    out::written();
}

/// What a process says that ends because of a fault of its own. Whoever failed may hold the area.
pub fn last_words(bytes: &[u8]) {
    let area = match STDERR.try_lock() {
        Ok(area) => Some(area),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
    if let Some(mut area) = area {
        area.close();
    }
    out::hand(To::Stderr, bytes);
    out::drained(Some(MOMENT));
}

/// What holds an area; one who panicked has left at worst a picture that is drawn over.
pub(super) fn locked<W>(area: &Mutex<W>) -> MutexGuard<'_, W> {
    area.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// That of stderr; 80 by 24 where it does not say.
pub(super) fn size() -> Size {
    let told = tcgetwinsize(std::io::stderr()).ok();
    let or = |told: Option<u16>, usual| told.filter(|count| *count > 0).map_or(usual, usize::from);
    Size { columns: or(told.map(|size| size.ws_col), 80), rows: or(told.map(|size| size.ws_row), 24) }
}

/// Lines at the end of a terminal.
pub(super) struct Area<W> {
    out: W,
    /// As they were written, and how wide each is.
    drawn: Vec<(String, usize)>,
    closed: bool,
}

impl<W: Write> Area<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out, drawn: Vec::new(), closed: false }
    }

    /// Draws these lines in place of those before.
    pub(super) fn draw(&mut self, lines: &[StyledLine], coloured: bool, columns: usize) {
        if self.closed {
            return;
        }
        let up = self.up(columns);
        self.drawn = lines.iter().map(|line| (if coloured { line.coloured() } else { line.plain() }, columns_of(line, coloured))).collect();
        let text: String = self.drawn.iter().map(|(text, _)| format!("{text}{TO_LINE_END}\n")).collect();
        self.write(format!("{up}{text}{TO_SCREEN_END}").as_bytes());
    }

    /// Takes away what is drawn.
    pub(super) fn clear(&mut self, columns: usize) {
        if !self.drawn.is_empty() {
            let up = self.up(columns);
            self.write(format!("{up}{TO_SCREEN_END}").as_bytes());
            self.drawn.clear();
        }
    }

    /// Leaves what is drawn where it is: what follows is written below.
    pub(super) fn settle(&mut self) {
        self.drawn.clear();
    }

    /// Leaves it, and draws nothing more.
    fn close(&mut self) {
        self.closed = true;
        self.settle();
    }

    /// Writes whole lines above what is drawn.
    pub(super) fn above(&mut self, bytes: &[u8], columns: usize) {
        if self.drawn.is_empty() {
            return self.write(bytes);
        }
        let mut all = format!("{}{TO_SCREEN_END}", self.up(columns)).into_bytes();
        all.extend_from_slice(bytes);
        self.drawn.iter().for_each(|(text, _)| all.extend_from_slice(format!("{text}\n").as_bytes()));
        self.write(&all);
    }

    /// In one piece, so that no half of a picture is ever seen.
    fn write(&mut self, bytes: &[u8]) {
        let _ = self.out.write_all(bytes).and_then(|()| self.out.flush());
    }

    /// To the first line that is drawn. A terminal that became narrower since has broken what was wider.
    fn up(&self, columns: usize) -> String {
        let rows: usize = self.drawn.iter().map(|(_, wide)| wide.div_ceil(columns.max(1)).max(1)).sum();
        if rows == 0 { String::new() } else { format!("\r\u{1b}[{rows}A") }
    }
}

/// Colours keep the blanks at a line's end.
fn columns_of(line: &StyledLine, coloured: bool) -> usize {
    if coloured { line.columns() } else { super::line::columns(&line.plain()) }
}

#[cfg(test)]
mod tests {
    use super::super::line::Tone;
    use super::super::screen::Screen;
    use super::*;

    fn lines(texts: &[&str]) -> Vec<StyledLine> {
        texts.iter().map(|text| StyledLine::new().with(Tone::Good, text)).collect()
    }

    #[test]
    fn what_is_drawn_is_drawn_over_and_what_is_said_stands_above() {
        for coloured in [false, true] {
            let mut area = Area::new(Vec::new());
            area.draw(&lines(&["first", "second, which is long", "third"]), coloured, 40);
            area.above(b"said\n", 40);
            area.draw(&lines(&["one", "two"]), coloured, 40);
            assert_eq!(Screen::of(&area.out, 40), ["said", "one", "two", ""], "{coloured}");
            area.settle();
            area.above(b"below\n", 40);
            area.draw(&lines(&["again"]), coloured, 40);
            area.clear(40);
            assert_eq!(Screen::of(&area.out, 40), ["said", "one", "two", "below", ""], "{coloured}");
        }
    }

    #[test]
    fn a_terminal_that_became_narrower_keeps_nothing_of_what_it_broke() {
        let mut area = Area::new(Vec::new());
        area.draw(&lines(&["a line of thirty columns, or so", "short"]), false, 40);
        // As a terminal of 20 columns shows it, which breaks it in two.
        let mut shown = b"before\n".to_vec();
        shown.extend(std::mem::take(&mut area.out));
        area.draw(&lines(&["narrow", "now"]), false, 20);
        shown.extend(std::mem::take(&mut area.out));
        assert_eq!(Screen::of(&shown, 20), ["before", "narrow", "now", ""]);
    }

    #[test]
    fn nothing_is_drawn_by_a_process_that_ends() {
        let mut area = Area::new(Vec::new());
        area.closed = true;
        area.draw(&lines(&["late"]), false, 40);
        area.above(b"said\n", 40);
        assert_eq!(area.out, b"said\n");
    }

    #[test]
    fn last_words_need_nothing_that_whoever_failed_may_hold() {
        let stderr = of_stderr();
        let _held = locked(&stderr);
        let (said, is_said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            last_words(b"");
            let _ = said.send(());
        });
        is_said.recv_timeout(std::time::Duration::from_secs(20)).expect("it waits for nobody");
    }
}
