//! Which processes there are, as proc(5) tells: whose they are, what they are called, and whether they have ended.

use rustix::process::Pid;
use std::collections::BTreeMap;

/// A process as it was seen a moment ago.
#[derive(Debug, Clone)]
pub(super) struct SeenProcess {
    pub(super) pid: Pid,
    /// What it is called: the program's file, without its arguments, which may hold secrets.
    pub(super) name: String,
    parent: i32,
    group: i32,
    /// It has ended, and nobody has taken note of that yet.
    is_over: bool,
}

/// Every process below this one, those that have ended among them.
pub(super) fn below(top: Pid) -> Vec<SeenProcess> {
    let mut children: BTreeMap<i32, Vec<SeenProcess>> = BTreeMap::new();
    for process in all() {
        children.entry(process.parent).or_default().push(process);
    }
    let (mut found, mut open) = (Vec::new(), vec![top.as_raw_nonzero().get()]);
    while let Some(process) = open.pop() {
        let next = children.remove(&process).unwrap_or_default();
        open.extend(next.iter().map(|process| process.pid.as_raw_nonzero().get()));
        found.extend(next);
    }
    found
}

/// Those of a group that run.
pub(super) fn running_in(group: Pid) -> Vec<SeenProcess> {
    let group = group.as_raw_nonzero().get();
    all().filter(|process| process.group == group && !process.is_over).collect()
}

/// Those below this one that run.
pub(super) fn running_below(top: Pid) -> Vec<SeenProcess> {
    let mut found = below(top);
    found.retain(|process| !process.is_over);
    found
}

pub(super) fn names(processes: &[SeenProcess]) -> Vec<String> {
    processes.iter().map(|process| process.name.clone()).collect()
}

fn all() -> impl Iterator<Item = SeenProcess> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| seen(entry.file_name().to_str()?.parse().ok()?))
}

/// proc(5), `/proc/pid/stat`: the name stands in brackets and may hold anything, brackets too.
fn seen(process: i32) -> Option<SeenProcess> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let (from, to) = (stat.iter().position(|byte| *byte == b'(')?, stat.iter().rposition(|byte| *byte == b')')?);
    let name = String::from_utf8_lossy(stat.get(from + 1..to)?).into_owned();
    let rest = String::from_utf8_lossy(&stat[to + 1..]).into_owned();
    let mut words = rest.split_whitespace();
    let is_over = matches!(words.next()?, "Z" | "X" | "x");
    let (parent, group) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(SeenProcess { pid: Pid::from_raw(process)?, name, parent, group, is_over })
}
