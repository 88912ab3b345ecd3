//! A project's folder with one file changed: what stands beside the file and above it are links to the project, so that a gateway which is started
//! there finds everything else as it is. The project's own file is never touched.
//!
//! What this file does not do: follow paths that lead to the original by another way; a start command that names it in full is given the copy's
//! place (`${root}` leads there by itself).

use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

/// Makes such a folder in `place`, which must not exist, with another text for the file at `path` from the root.
pub(super) fn shadow(root: &Path, place: &Path, path: &str, text: &str) -> Result<()> {
    let root = std::path::absolute(root)?;
    let parts: Vec<PathBuf> = Path::new(path)
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| match part {
            Component::Normal(name) => Ok(PathBuf::from(name)),
            _ => Err(Error::new(ErrorKind::InvalidInput, format!("{path} does not lie in the project"))),
        })
        .collect::<Result<_>>()?;
    crate::host::private::folder(place)?;
    let (mut here, mut there) = (root, place.to_owned());
    for (number, part) in parts.iter().enumerate() {
        let is_last = number + 1 == parts.len();
        for entry in std::fs::read_dir(&here)? {
            let entry = entry?;
            if Path::new(&entry.file_name()) != part {
                symlink(entry.path(), there.join(entry.file_name()))?;
            }
        }
        (here, there) = (here.join(part), there.join(part));
        if is_last {
            std::fs::write(&there, text)?;
            // A file that is run stays one.
            std::fs::set_permissions(&there, here.metadata()?.permissions())?;
        } else {
            crate::host::private::folder(&there)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_file_is_the_projects_own() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir_all(root.join("gateway/more")).unwrap();
        for (name, text) in [("start.sh", "start"), ("gateway/config.yaml", "good"), ("gateway/more/keys", "keys")] {
            std::fs::write(root.join(name), text).unwrap();
        }
        let place = folder.path().join("copy");
        shadow(&root, &place, "./gateway/config.yaml", "bad").unwrap();
        let read = |root: &Path, name: &str| std::fs::read_to_string(root.join(name)).unwrap();
        assert_eq!([read(&place, "gateway/config.yaml"), read(&root, "gateway/config.yaml")], ["bad", "good"]);
        assert_eq!([read(&place, "start.sh"), read(&place, "gateway/more/keys")], ["start", "keys"]);
        assert!(shadow(&root, &folder.path().join("other"), "../elsewhere", "").is_err());
        std::fs::remove_dir_all(&place).unwrap();
        assert_eq!(read(&root, "gateway/more/keys"), "keys", "what links lead to stays");
    }
}
