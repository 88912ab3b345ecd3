//! `lifeboat report --open`: a report's page, in the browser of whoever asks for it.
//!
//! It is shown from the drill's folder where it can be there, so that what is read is what is kept; else from a file of its own for temporary files,
//! which only this user can read. Where nothing here opens a page its path is enough.

use super::Exit;
use super::arguments::relative;
use super::terminal::{put_path, say};
use crate::exercise::drawn_seed;
use crate::host::{bytes_of, private};
use crate::report::{Report, ReportKind, html};
use crate::run_folder::RunFile;
use anyhow::Context as _;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that shows nothing says so by then; one that still runs is a browser.
const SETTLED: Duration = Duration::from_secs(3);

/// Shows a report's page. What sets a drill beside others is not the folder's own report, and is not kept there.
pub(super) fn page(drill: &Path, report: &Report) -> anyhow::Result<Exit> {
    let page = html(report);
    let own = matches!(report.kind, ReportKind::Drill | ReportKind::Execution).then(|| kept(drill, &page)).flatten();
    let path = std::path::absolute(own.map_or_else(|| temporary(&page), Ok)?)?;
    put_path("report", &relative(&path))?;
    if !openers(&path).into_iter().any(opens) {
        say("warning: nothing here opens a page\n\nhint: open that file in a browser, or name one, as in `BROWSER=firefox`");
    }
    Ok(Exit::Met)
}

/// The page in the drill's folder; `None` where it cannot be there, or another is evidence.
fn kept(drill: &Path, page: &str) -> Option<PathBuf> {
    let is_history = drill.file_name().and_then(|name| RunFile::of_name(name.to_str()?)).is_some_and(RunFile::is_history);
    let folder = if drill.is_dir() { Some(drill) } else { drill.parent().filter(|_| is_history) }?;
    let path = RunFile::Page.within(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let stands = bytes_of(&path, page.len()).is_ok_and(|bytes| bytes == page.as_bytes());
    // What a manifest lists stays as it is: a page that would be another today is shown from elsewhere.
    let is_listed = path.exists() && path.with_file_name(&*RunFile::Manifest.name()).exists();
    (stands || !is_listed && private::write(&path, page.as_bytes()).is_ok()).then_some(path)
}

fn temporary(page: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("lifeboat-report-{}.html", drawn_seed()));
    let written = private::create_new(&path).and_then(|mut file| file.write_all(page.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// What may show a page, the user's own choice first.
fn openers(page: &Path) -> Vec<Command> {
    let chosen = std::env::var("BROWSER").unwrap_or_default();
    let chosen = chosen.split(':').filter_map(|line| browser(line, page));
    let usual = ["xdg-open", "open"].map(|program| {
        let mut command = Command::new(program);
        command.arg(page);
        command
    });
    chosen.chain(usual).collect()
}

/// One of `BROWSER`: a program with what it is given, the page in the place of `%s` or at the end.
fn browser(line: &str, page: &Path) -> Option<Command> {
    let mut words = line.split_whitespace().filter(|word| *word != "&");
    let mut command = Command::new(words.next()?);
    let mut named = false;
    for word in words {
        named |= word == "%s";
        if word == "%s" {
            command.arg(page)
        } else {
            command.arg(word)
        };
    }
    if !named {
        command.arg(page);
    }
    Some(command)
}

/// Whether a program shows the page. One with a window goes on by itself; without a screen it can only be one for the terminal.
fn opens(mut command: Command) -> bool {
    let has_screen = cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_screen {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        return command.spawn().is_ok_and(shows);
    }
    // What it says of itself where it fails is of no use: there are others.
    command.stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn shows(mut browser: Child) -> bool {
    let began = Instant::now();
    while began.elapsed() < SETTLED {
        match browser.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Ok(Some(status)) => return status.success(),
            Err(_) => return false,
        }
    }
    true
}
