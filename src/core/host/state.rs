//! The folder of this user for what Lifeboat remembers between its runs, beside projects and drills.

use std::path::PathBuf;

/// Where it is: `$LIFEBOAT_STATE`, else `lifeboat` in `$XDG_STATE_HOME`, else `~/.local/state/lifeboat` (XDG Base Directory Specification);
/// `None` where this user has no home. It may not be there yet: `private::folder` makes it.
pub fn state_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    of("LIFEBOAT_STATE")
        .or_else(|| of("XDG_STATE_HOME").map(|path| path.join("lifeboat")))
        .or_else(|| of("HOME").map(|path| path.join(".local/state/lifeboat")))
}
