//! Packages that npm's registry serves, by their exact versions, installed under `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of node modules with these packages (`name@version`), which is called `name` below `target/node`. They are installed once for
/// each set of versions, and never left out: a suite that passes without them would claim what it has not seen. Nothing that they bring is
/// run while they are installed.
pub(crate) fn node(name: &str, packages: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/node").join(name);
    // Each test may be a process of its own; one of them installs, the others wait.
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (installed, wanted) = (folder.join("installed.txt"), packages.join("\n"));
    let modules = folder.join("node_modules");
    if std::fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        let mut command = Command::new("npm");
        command.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--prefix"]).arg(&folder).args(packages);
        let said = match command.output() {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(said) = said {
            panic!("{command:?} failed:\n{said}\nIt takes Node 20 or later with its npm, and a package registry.");
        }
        std::fs::write(installed, wanted).unwrap();
    }
    modules
}
