//! A PostgreSQL of its own, as Debian's `postgresql` installs it, in a temporary folder; it listens on a socket there and on no port.

use super::wait_for;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Dropping it ends it.
pub(crate) struct Postgres {
    /// `None` while it is stopped.
    process: Option<Child>,
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Postgres {
    /// With one empty database, `postgres`.
    pub(crate) fn start() -> Self {
        let programs = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
        let programs = programs.filter(|folder| folder.join("initdb").is_file()).max();
        let programs = programs.expect("this test needs PostgreSQL: apt-get install postgresql");
        let folder = tempfile::Builder::new().prefix("lifeboat-pg").tempdir_in("/tmp").unwrap();
        let mut started = Self { process: None, folder, programs };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(started.folder.path()).status();
            assert!(owned.unwrap().success());
        }
        let mut made = started.command("initdb");
        made.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]).arg(started.data());
        let output = made.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        started.begin();
        started
    }

    /// How `--store` names it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Starts it again after [`Postgres::stop`].
    pub(crate) fn begin(&mut self) {
        let mut command = self.command("postgres");
        command.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100", "-k"]).arg(self.folder.path());
        command.arg("-D").arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap());
        wait_for("PostgreSQL", || {
            let mut asked = self.command("pg_isready");
            asked.arg("-q").arg("-h").arg(self.folder.path());
            asked.status().unwrap().success().then_some(())
        });
    }

    /// Ends it at once, as a crash would: what was committed stays.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let ended = self.command("pg_ctl").args(["stop", "-m", "immediate", "-w", "-D"]).arg(self.data()).output().unwrap();
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            let _ = process.wait();
        }
    }

    /// The rows that a query answers with, their fields separated by `|`.
    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        let mut asked = self.command("psql");
        asked.args(["-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-c", sql, "-h"]).arg(self.folder.path());
        let output = asked.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of its programs; PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut other = Command::new("setpriv");
            other.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
            other
        } else {
            Command::new(path)
        };
        command.current_dir(Path::new("/"));
        command
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}
