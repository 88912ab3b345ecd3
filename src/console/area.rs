//! What is drawn in place at the end of a terminal: lines that are drawn over, taken away while something else is said, and left as ordinary
//! text at the end.
//!
//! There is one of it for stderr, because a terminal has one end: whoever writes to stderr beside it goes through [`above`], and a line that is
//! said stands above what is drawn, wherever that was. The cursor rests on a line of its own below, in the first column, so that nothing that a
//! person types stands in the middle of it; and what they type is not shown while something is drawn, since a line end would move everything.

use super::line::Line;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr};
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Erases from the cursor to the end of its line, and of the screen (ECMA-48).
const TO_LINE_END: &str = "\u{1b}[K";
const TO_SCREEN_END: &str = "\u{1b}[J";

/// The one at the end of stderr.
static STDERR: LazyLock<Arc<Mutex<Area<Any>>>> = LazyLock::new(|| Arc::new(Mutex::new(Area::new(Box::new(std::io::stderr())))));

/// What an area may be drawn on.
pub(super) type Any = Box<dyn Write + Send>;

/// The area at the end of stderr.
pub(super) fn of_stderr() -> Arc<Mutex<Area<Any>>> {
    Arc::clone(&STDERR)
}

/// Writes to stderr, above what is drawn there. A stderr that is closed is nobody's loss.
pub fn above(bytes: &[u8]) {
    locked(&STDERR).above(bytes, size().columns);
}

/// Leaves what is drawn as ordinary text, gives the keyboard back, and draws nothing more: this process ends.
pub fn leave() {
    // Whoever panics may hold it; then the shell makes the terminal right again.
    if let Ok(mut area) = STDERR.try_lock() {
        area.closed = true;
        area.settle();
    }
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
    /// Where a keyboard belongs to the terminal that is drawn on: how it was before.
    keyboard: Option<Termios>,
}

impl<W: Write> Area<W> {
    pub(super) const fn new(out: W) -> Self {
        Self { out, drawn: Vec::new(), closed: false, keyboard: None }
    }

    /// Draws these lines in place of those before.
    pub(super) fn draw(&mut self, lines: &[Line], coloured: bool, columns: usize) {
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
        self.give_back();
    }

    /// Leaves what is drawn where it is: what follows is written below.
    pub(super) fn settle(&mut self) {
        self.drawn.clear();
        self.give_back();
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

    /// Shows nothing of what is typed until the area is settled or cleared, where the keyboard is this process's to ask: to a process in the
    /// background the question itself would be a signal to stop.
    pub(super) fn take_keyboard(&mut self) {
        let stdin = std::io::stdin();
        if self.closed || self.keyboard.is_some() || tcgetpgrp(&stdin).ok() != Some(rustix::process::getpgrp()) {
            return;
        }
        let Ok(before) = tcgetattr(&stdin) else { return };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        if tcsetattr(&stdin, OptionalActions::Now, &silent).is_ok() {
            self.keyboard = Some(before);
        }
    }

    fn give_back(&mut self) {
        if let Some(before) = self.keyboard.take() {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        }
    }
}

/// Colours keep the blanks at a line's end.
fn columns_of(line: &Line, coloured: bool) -> usize {
    if coloured { line.columns() } else { super::line::columns(&line.plain()) }
}

#[cfg(test)]
mod tests {
    use super::super::line::Tone;
    use super::super::screen::Screen;
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line::new().with(Tone::Good, text)).collect()
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
}
