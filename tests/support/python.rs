//! Python with what a requirements file names, in an environment under `target/`.

use super::Project;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A script of `tests/clients`, with the clients that providers give to Python. It sees nobody's own credentials, on this host or in its
/// cloud, and goes through nobody's proxy.
pub(crate) fn client(script: &str, project: &Project) -> Command {
    let mut command = clients();
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null").env("HOME", project.path("."));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The Python that has them.
pub(crate) fn clients() -> Command {
    Command::new(python("clients", "tests/clients/requirements.txt").join("python"))
}

/// The folder of its programs. It is installed once for each set of versions, and never left out: a suite that passes without it would
/// claim what it has not seen.
pub(crate) fn python(name: &str, requirements: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (venv, wanted) = (root.join("target").join(name), std::fs::read_to_string(root.join(requirements)).unwrap());
    // Each test may be a process of its own; one of them installs, the others wait.
    std::fs::create_dir_all(root.join("target")).unwrap();
    let lock = std::fs::File::create(venv.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let installed = venv.join("installed.txt");
    if std::fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        does(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        let pip = ["install", "--quiet", "--disable-pip-version-check", "-r", requirements];
        does(Command::new(venv.join("bin/pip")).args(pip).current_dir(root));
        std::fs::write(installed, wanted).unwrap();
    }
    venv.join("bin")
}

fn does(command: &mut Command) {
    let done = command.output();
    let said = match &done {
        Ok(output) if output.status.success() => return,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    panic!("{command:?} failed:\n{said}\nIt takes Python 3.10 or later with its `venv`, and a package index.");
}
