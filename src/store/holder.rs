//! Which processes have a file open, so that who waits for it knows whom to look for. Linux's `/proc` says it, of those that may be looked at.

use std::path::Path;

/// Other processes that have this file open, as `lifeboat (process 4711)`, the lowest number first; empty where nobody is known.
pub(super) fn of(path: &Path) -> String {
    let Ok(path) = path.canonicalize() else { return String::new() };
    let own = std::process::id();
    let numbers = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut holders: Vec<u32> = numbers.filter(|pid| *pid != own && has_open(*pid, &path)).collect();
    holders.sort_unstable();
    holders.iter().map(|pid| format!("{} (process {pid})", name(*pid))).collect::<Vec<_>>().join(", ")
}

fn has_open(pid: u32, path: &Path) -> bool {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|open| open == path)
}

fn name(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    crate::units::printable(name.trim()).into_owned()
}
