//! A mail server that others wrote: PyPI's aiosmtpd.

use super::{Project, python};
use serde_json::Value;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Dropping it ends it.
pub(crate) struct MailServer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u64,
}

impl MailServer {
    /// The password of its user `lifeboat`, where it asks for one.
    pub(crate) const PASSWORD: &str = "a-mailer's password/42";

    /// Takes what it is sent, in the clear and from everybody.
    pub(crate) fn plain() -> Self {
        Self::start(&["plain"])
    }

    /// `starttls` or `smtps`, with a certificate for 127.0.0.1 that it leaves in `mail.pem` of the project, and a login.
    pub(crate) fn secure(mode: &str, project: &Project) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        project.write("mail.pem", &made.cert.pem()).write("mail.key", &made.signing_key.serialize_pem());
        let [certificate, key] = ["mail.pem", "mail.key"].map(|file| project.path(file).display().to_string());
        Self::start(&[mode, &certificate, &key])
    }

    fn start(args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/server.py");
        let mut command = Command::new(python("mail", "tests/mail/requirements.txt").join("python"));
        command.arg(script).args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Self { process, lines, port: 0 };
        server.port = server.took()["port"].as_u64().unwrap();
        server
    }

    /// The next message that it took.
    pub(crate) fn took(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().expect("the mail server has ended").unwrap()).unwrap()
    }

    /// Ends it: what it took and was not asked for.
    pub(crate) fn rest(mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        std::iter::from_fn(|| self.lines.next()).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
