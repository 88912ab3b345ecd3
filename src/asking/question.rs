//! A question on its way, and its answer with the moments of its pieces.

use super::provider::AskedProvider;
use crate::dialect::WireRequest;
use crate::units::Problem;
use crate::web::{Purpose, client, sends_on};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Url};
use std::time::{Duration, Instant};

/// The longest answer that is read, in bytes.
const LONGEST: usize = 4 << 20;

/// A piece of an answer's body as it came.
#[derive(Debug, Clone)]
pub struct TimedPiece {
    /// How long after the request was sent.
    pub after: Duration,
    /// The bytes.
    pub bytes: Bytes,
}

/// An answer as it came, with how long each part took from when the request was sent.
#[derive(Debug, Clone)]
pub struct AnswerPieces {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// When its head was there.
    pub head: Duration,
    /// Its body.
    pub pieces: Vec<TimedPiece>,
    /// When it was over.
    pub end: Duration,
    /// What broke it off before its end.
    pub broken: Option<String>,
}

impl AnswerPieces {
    /// The whole body.
    pub fn body(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect()
    }

    /// A header's value, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl AskedProvider {
    /// A client for many questions; its connections are kept.
    ///
    /// # Errors
    /// Where the TLS library refuses to start.
    pub fn client() -> Result<Client, Problem> {
        client(Purpose::Providers).build().map_err(|error| Problem::new("no request can be sent from here").caused_by(error))
    }

    /// Sends a request of the provider's dialect and reads its answer to the end, or for as long as it may take.
    ///
    /// # Errors
    /// Where no answer began: nobody is there, TLS fails, nothing came in time, or it redirects. The words name the host alone.
    pub async fn ask(&self, client: &Client, request: &WireRequest, within: Duration) -> Result<AnswerPieces, Problem> {
        let url: Url = format!("{}{}", self.base_url, request.path)
            .parse()
            .map_err(|_| Problem::new(format!("the `base_url` of `{}` is not a URL", self.name)).hint("write it as https://HOST/PATH"))?;
        let place = url.origin().ascii_serialization();
        let method = if request.method == "GET" { Method::GET } else { Method::POST };
        let mut asked = client.request(method, url.clone());
        for (name, value) in self.proof.headers(self.dialect, request, &url)? {
            asked = asked.header(name, value);
        }
        let sent = Instant::now();
        let silent = || Problem::new(format!("{place} does not answer"));
        let head = tokio::time::timeout(within, asked.body(request.body.clone()).send()).await;
        let mut answer = match head {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(silent().caused_by(error.without_url())),
            Err(_) => return Err(Problem::new(format!("{place} does not answer within {} s", within.as_secs_f64()))),
        };
        if let Some(elsewhere) = sends_on(answer.status().as_u16(), answer.headers(), &url) {
            return Err(Problem::new(format!("{place}: {}", elsewhere.message)).hint("write that address, if it is the right one"));
        }
        let mut pieces = AnswerPieces {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            head: sent.elapsed(),
            pieces: Vec::new(),
            end: Duration::ZERO,
            broken: None,
        };
        let mut length = 0;
        loop {
            let left = within.saturating_sub(sent.elapsed());
            match tokio::time::timeout(left, answer.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    length += bytes.len();
                    pieces.pieces.push(TimedPiece { after: sent.elapsed(), bytes });
                    if length > LONGEST {
                        pieces.broken = Some(format!("it is longer than {LONGEST} bytes"));
                        break;
                    }
                }
                Ok(Ok(None)) => break,
                Ok(Err(error)) => {
                    pieces.broken = Some(format!("it broke off: {}", error.without_url()));
                    break;
                }
                Err(_) => {
                    pieces.broken = Some(format!("it is not over within {} s", within.as_secs_f64()));
                    break;
                }
            }
        }
        pieces.end = sent.elapsed();
        Ok(pieces)
    }
}
