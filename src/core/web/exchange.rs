//! One bounded exchange of bytes with where a person said, as protocols have it that are older than JSON.
//!
//! What is told of a failure names the place by its host alone: an address may hold a password or a token.

use super::{Purpose, client, sends_on};
use crate::units::Problem;
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use std::time::Duration;

/// A question in bytes: what it is, and what its answer must be.
#[derive(Debug, Clone, Copy)]
pub struct ByteQuestion<'a> {
    /// Where it is posted to.
    pub address: &'a str,
    /// Its media type.
    pub kind: &'a str,
    /// The answer's media type.
    pub answer: &'a str,
    /// How long the answer may take.
    pub within: Duration,
    /// The most bytes of the answer.
    pub most: usize,
}

impl ByteQuestion<'_> {
    /// Posts these bytes; returns the answer's.
    ///
    /// # Errors
    /// Where the address is none, nobody answers in time, or what is answered is no success, of another kind, or too long.
    pub async fn ask(self, bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let url: Url = self.address.parse().map_err(|_| Problem::new("the address to ask is not a URL"))?;
        let place = url.origin().ascii_serialization();
        let failed = |error: reqwest::Error| Problem::new(format!("{place} does not answer")).caused_by(error.without_url());
        let client = client(Purpose::Reports).timeout(self.within).build().map_err(failed)?;
        let request = client.post(url.clone()).header(CONTENT_TYPE, self.kind).header(ACCEPT, self.answer).body(bytes);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        if let Some(problem) = sends_on(status.as_u16(), answer.headers(), &url) {
            return Err(Problem::new(format!("{place}: {}", problem.message)).hint("give the address that it names"));
        }
        if !status.is_success() {
            return Err(Problem::new(format!("{place} answers {status}")));
        }
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != self.answer {
            return Err(Problem::new(format!("{place} answers with `{kind}`, and `{}` is expected", self.answer)));
        }
        let mut whole = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            whole.extend_from_slice(&part);
            if whole.len() > self.most {
                return Err(Problem::new(format!("{place} answers with more than {} bytes", self.most)));
            }
        }
        Ok(whole)
    }
}
