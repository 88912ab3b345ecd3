//! Which files of a project a value may name: regular ones that lie in its folder, wherever links lead.
//!
//! A project may be anybody's, and `check` is the first that is done with it: no value in its files, and no link among them, makes Lifeboat
//! read what lies elsewhere. What this file does not do: say where an authority's certificate or a key is kept; those lie where they lie,
//! and are never shown.

use std::path::{Component, Path, PathBuf};

/// The file that a value of a project names: what its path leads to.
pub(super) enum NamedFile {
    /// A regular file in the project, by its own path.
    File(PathBuf),
    /// Nothing.
    Absent,
    /// Something that is not a regular file.
    Other,
    /// Something outside the project, there or not.
    Outside,
}

/// The file that is named by a path from the project's root.
pub(super) fn named(root: &Path, file: &str) -> NamedFile {
    let path = root.join(file);
    match real(&path).zip(real(root)) {
        Some((real, root)) if !real.starts_with(&root) => NamedFile::Outside,
        Some((real, _)) if real.is_file() => NamedFile::File(real),
        Some(_) => NamedFile::Other,
        None if climbs(&path, root) => NamedFile::Outside,
        None => NamedFile::Absent,
    }
}

/// True where a path that lies in the project by its name leads out of it. What a person names elsewhere, they mean.
pub(super) fn leads_out(path: &Path, root: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let lies_in = absolute(path).starts_with(absolute(root));
    lies_in && real(path).zip(real(root)).is_some_and(|(real, root)| !real.starts_with(root))
}

/// What is wrong with a name that leads to no file, and what to do, where that is not that it is absent.
pub(super) fn wrong(named: &NamedFile, what: &str, file: &str) -> Option<(String, &'static str)> {
    match named {
        NamedFile::Outside => Some((
            format!("the {what} `{file}` leads out of the project"),
            "copy it into the project, and write its path from the project's root",
        )),
        NamedFile::Other => {
            Some((format!("the {what} `{file}` is not a file"), "name a file of the project, by its path from the project's root"))
        }
        NamedFile::File(_) | NamedFile::Absent => None,
    }
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// True where a path that is not there would lie outside.
fn climbs(path: &Path, root: &Path) -> bool {
    let Ok(below) = path.strip_prefix(root) else { return true };
    let depth = below.components().try_fold(0_u32, |depth, component| match component {
        Component::ParentDir => depth.checked_sub(1),
        Component::Normal(_) => Some(depth + 1),
        _ => Some(depth),
    });
    depth.is_none()
}
