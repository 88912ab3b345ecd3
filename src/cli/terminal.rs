//! The one way to the terminal for what is said in lines, and the one place that decides how: colours or none, everything or only what was
//! asked for. Stdout is for data, stderr for people, and nothing in either drives a terminal but the colours that are added here.
//! (What is drawn in place is the other way, in `console`, which cleans each span; what is said here stands above it.)

use crate::console::{self, DisplayMode, Showing, WorkProgress};
use crate::report::{Grade, LineTone, ScreenLine};
use crate::units::printable;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set or CLICOLOR is 0; elsewhere where CLICOLOR_FORCE is set
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// The options of every command on how it writes to the terminal.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct TerminalOptions {
    /// Say only what was asked for: of a drill its verdict; and errors, warnings and questions
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Colours: auto, always or never
    #[arg(long, value_enum, value_name = "WHEN", global = true, default_value_t = Colour::Auto, hide_possible_values = true)]
    color: Colour,
}

static OPTIONS: OnceLock<TerminalOptions> = OnceLock::new();

/// As the command line has it, once.
pub(super) fn decide(options: TerminalOptions) {
    let _ = OPTIONS.set(options);
}

/// Whether only what was asked for is said.
pub(super) fn is_quiet() -> bool {
    OPTIONS.get().is_some_and(|options| options.quiet)
}

/// Whether a stream that is a terminal or none has colours (no-color.org, bixense.com/clicolors).
fn is_coloured(terminal: bool) -> bool {
    coloured(OPTIONS.get().copied().unwrap_or_default().color, terminal, |name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

fn coloured(wanted: Colour, terminal: bool, set: impl Fn(&str) -> Option<String>) -> bool {
    match wanted {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if set("NO_COLOR").is_some() => false,
        Colour::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Colour::Auto => terminal && set("CLICOLOR").is_none_or(|value| value != "0") && set("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// Whether stderr is a terminal that can move its cursor.
fn draws() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// How a drill is shown: a panel on a terminal, else lines.
pub(super) fn shape() -> DisplayMode {
    match (is_quiet(), draws()) {
        (true, _) => DisplayMode::Nothing,
        (false, true) => DisplayMode::Panel { coloured: is_coloured(true) },
        (false, false) => DisplayMode::Lines,
    }
}

/// Shows how far some work is, on a terminal, while what is returned is there.
pub(super) fn show_work(work: &Arc<WorkProgress>) -> Option<Showing> {
    (!is_quiet() && draws()).then(|| console::showing(Arc::clone(work), is_coloured(true)))
}

/// Shows on a terminal that something is waited for, which ends with what is returned.
pub(super) fn show_wait(what: impl Into<String>) -> Option<Showing> {
    let work = Arc::new(WorkProgress::default());
    work.begin(what, 0);
    show_work(&work)
}

/// What people must see: errors, warnings, questions. On stderr. A stderr that is closed is nobody's loss.
pub(super) fn say(text: &str) {
    let text = printable(text);
    let text = if std::io::stderr().is_terminal() {
        fitted(&text, columns(rustix::termios::tcgetwinsize(std::io::stderr())))
    } else {
        text.into()
    };
    console::above(format!("{text}\n").as_bytes());
}

/// What is good to know, and with `--quiet` is not said.
pub(super) fn note(text: &str) {
    if !is_quiet() {
        say(text);
    }
}

/// On a terminal: what is said next stands where `^C` was shown.
pub(super) fn over_the_echo() {
    if std::io::stderr().is_terminal() {
        console::above(b"\r");
    }
}

/// Data, on stdout. A reader that has gone away (`| head`) ends the command quietly.
pub(super) fn put(text: &str) -> anyhow::Result<()> {
    written(printable(text).as_bytes())
}

/// A verdict and what is said about it: its word is coloured. With `--quiet` it is all that is said.
pub(super) fn put_verdict(summary: &str) -> anyhow::Result<()> {
    let summary = printable(summary);
    let (label, rest) = summary.split_once('\n').unwrap_or((&summary, ""));
    let code = match label.split_whitespace().nth(1) {
        Some("met") => "32",
        Some("missed") => "31",
        _ => "33",
    };
    let at = label.find("  ").map_or(0, |blank| label.len() - label[blank..].trim_start().len());
    let label = if is_coloured(std::io::stdout().is_terminal()) {
        format!("{}\u{1b}[1;{code}m{}\u{1b}[0m", &label[..at], &label[at..])
    } else {
        label.to_owned()
    };
    // A verdict that takes several lines goes on indented.
    let whole = rest.split_inclusive('\n').take_while(|line| !is_quiet() || line.starts_with(' '));
    written(format!("{label}\n{}", whole.collect::<String>()).as_bytes())
}

/// A report, line by line: on a terminal headings and verdicts have colours.
pub(super) fn put_report(lines: &[ScreenLine]) -> anyhow::Result<()> {
    let has_colours = is_coloured(std::io::stdout().is_terminal());
    let code = |tone: LineTone| match tone {
        LineTone::Plain => None,
        LineTone::Heading => Some("1;36"),
        LineTone::Strong => Some("1"),
        LineTone::Ended(Grade::Good) => Some("1;32"),
        LineTone::Ended(Grade::Bad) => Some("1;31"),
        LineTone::Ended(_) => Some("1;33"),
    };
    let line = |line: &ScreenLine| match code(line.tone).filter(|_| has_colours && !line.words.is_empty()) {
        Some(code) => format!("\u{1b}[{code}m{}\u{1b}[0m\n", printable(&line.words)),
        None => format!("{}\n", printable(&line.words)),
    };
    written(lines.iter().map(line).collect::<String>().as_bytes())
}

/// A file that was made, beside its label: a path that does not fit stands on a line of its own, whole.
pub(super) fn put_path(label: &str, path: &str) -> anyhow::Result<()> {
    let (label, path) = (printable(label), printable(path));
    let beside = format!("{label:<14}{path}");
    let fits = !std::io::stdout().is_terminal() || beside.chars().count() <= width();
    put(&if fits { format!("{beside}\n") } else { format!("{label}\n{path}\n") })
}

fn written(bytes: &[u8]) -> anyhow::Result<()> {
    if std::io::stdout().is_terminal() {
        console::data(bytes);
        return Ok(());
    }
    // Both may go to the same reader, who gets them in order. (Nobody waits here for a terminal.)
    if !std::io::stderr().is_terminal() {
        console::written();
    }
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Columns of the terminal that stdout goes to; 80 where it goes elsewhere.
pub(super) fn width() -> usize {
    columns(rustix::termios::tcgetwinsize(std::io::stdout()))
}

fn columns(told: rustix::io::Result<rustix::termios::Winsize>) -> usize {
    told.map_or(80, |size| if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
}

/// Sentences broken between words, so that a terminal breaks no path; what is indented (lines of files, commands to type) stays as it is.
fn fitted(text: &str, width: usize) -> String {
    let lines: Vec<String> =
        text.split('\n').map(|line| if line.starts_with(' ') { line.to_owned() } else { broken(line, width) }).collect();
    lines.join("\n")
}

pub(super) fn broken(line: &str, width: usize) -> String {
    let mut text = String::new();
    let mut left = width;
    for (place, word) in line.split(' ').enumerate() {
        let wide = word.chars().count();
        if place > 0 && wide + 1 > left {
            text.push('\n');
            left = width;
        } else if place > 0 {
            text.push(' ');
            left -= 1;
        }
        text.push_str(word);
        left = left.saturating_sub(wide);
    }
    text
}

/// Stderr for diagnostics, which name paths, addresses and what servers said.
pub(super) struct Cleaned;

impl Write for Cleaned {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        console::above(printable(&String::from_utf8_lossy(bytes)).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_decides_whether_there_are_colours() {
        let decided = |wanted, terminal, set: &[(&str, &str)]| {
            coloured(wanted, terminal, |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        let auto = |terminal, set: &[(&str, &str)]| decided(Colour::Auto, terminal, set);
        assert!(auto(true, &[]) && !auto(false, &[]));
        assert!(!auto(true, &[("NO_COLOR", "1")]) && !auto(true, &[("TERM", "dumb")]) && !auto(true, &[("CLICOLOR", "0")]));
        assert!(auto(false, &[("CLICOLOR_FORCE", "1")]) && !auto(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!auto(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), "who wants none gets none");
        assert!(decided(Colour::Always, false, &[("NO_COLOR", "1")]) && !decided(Colour::Never, true, &[("CLICOLOR_FORCE", "1")]));
    }

    #[test]
    fn sentences_are_broken_between_words_and_files_are_shown_as_they_are() {
        let text = "error: drills/2026-11-29T13-05-07-quick-0007/history.jsonl is broken\n  a line of a file that is longer\nhint: mend it";
        let wanted =
            "error:\ndrills/2026-11-29T13-05-07-quick-0007/history.jsonl\nis broken\n  a line of a file that is longer\nhint: mend it";
        assert_eq!(fitted(text, 30), wanted);
        assert_eq!(fitted(text, 200), text);
        assert_eq!(fitted("", 10), "");
    }
}
