//! `lifeboat lab` as the binary starts it, with a provider of each dialect.

use super::{Project, wait_for};
use std::process::{Child, Stdio};

/// The inventory that it is started with.
pub(crate) const LAB: &str = "\
version: 1
providers:
  openai: {dialect: openai, models: &models {chat: 'model-v1:0'}, simulation: &quick {first_token_p50: 5ms, tail_share: 0%, tokens: 1000/s}}
  azure: {dialect: azure-openai, models: *models, simulation: *quick}
  anthropic: {dialect: anthropic, models: *models, simulation: *quick}
  bedrock: {dialect: bedrock, models: *models, simulation: *quick}
  vertex: {dialect: vertex, models: *models, simulation: *quick}
services:
  chat: {providers: [openai, anthropic]}
";

/// `lifeboat lab`, until it is dropped.
pub(crate) struct Lab {
    process: Child,
    said: String,
}

impl Lab {
    pub(crate) fn start(project: &Project) -> Self {
        let said = project.path("lab.txt");
        let mut command = project.command(&["lab"]);
        command.stdout(std::fs::File::create(&said).unwrap()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let mut lab = Self { process, said: String::new() };
        lab.said = wait_for("the lab's gateway, which is said last", || {
            std::fs::read_to_string(&said).ok().filter(|text| text.contains("/status\n"))
        });
        lab
    }

    /// A provider's base URL and its key, as its lines have them.
    pub(crate) fn provider(&self, name: &str) -> (&str, &str) {
        let (_, after) = self.said.split_once(&format!("{name} (")).unwrap();
        let (_, url) = after.split_once("answers at ").unwrap();
        let key = &url[url.find("sk-lab-").unwrap()..];
        (url.lines().next().unwrap(), key.split('\'').next().unwrap())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
