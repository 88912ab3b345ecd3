//! AWS Secrets Manager as `moto` plays it. It checks no signature, but what is not signed at all it does not understand.

use super::python;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Dropping it ends it.
pub(crate) struct Moto {
    process: Child,
    pub(crate) address: String,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(python("secret_stores", "tests/secret_stores/requirements.txt").join("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| Some(line.unwrap().split_once("Running on ")?.1.trim().to_owned()));
        // What it says of each request must be read, or it would wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address: address.expect("it says where it answers") }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
