//! Programs that Go's registry serves, by their exact module and version, installed under `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program that `go install PACKAGE@VERSION` makes. It is installed once for each version, and never left out: a suite that passes
/// without it would claim what it has not seen.
pub(crate) fn go(package: &str, version: &str) -> PathBuf {
    let name = package.rsplit('/').next().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go").join(package.replace('/', "-")).join(version);
    let program = folder.join(name);
    // Each test may be a process of its own; one of them installs, the others wait.
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    if !program.exists() {
        let mut command = Command::new("go");
        command.args(["install", &format!("{package}@{version}")]).env("GOBIN", &folder).env_remove("GOOS").env_remove("GOARCH");
        let done = command.output();
        let said = match &done {
            Ok(output) if output.status.success() => return program,
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        panic!("{command:?} failed:\n{said}\nIt takes Go 1.22 or later, and a module proxy.");
    }
    program
}
