//! What a Lifeboat proxy reports of exchanges and faults, read from its `GET /events`.

use super::ControlError;
use super::control_client::{ControlClient, told};
use super::error::TIMEOUT;
use crate::api::ProxyEvent;
use reqwest::{Method, Response};

/// A line is read up to here, in bytes.
const LONGEST: usize = 1 << 20;

/// Reader of a proxy's events, line by line.
#[derive(Debug)]
pub struct EventReader {
    response: Response,
    url: String,
    /// Bytes of lines not handed out yet; the first `used` of them are.
    buffer: Vec<u8>,
    used: usize,
}

impl EventReader {
    /// Subscribes; returns once the first line was read, which is handed out first.
    pub(super) async fn subscribe(api: &ControlClient) -> Result<(Self, ProxyEvent), ControlError> {
        let what = "stream its events";
        let late = |_| ControlError::Unknown { url: api.url(), what: what.into(), problem: "no first line within 5 s".into() };
        let begin = async {
            let response = api.send(api.request(Method::GET, &["events"]), what).await?;
            if !response.status().is_success() {
                let (status, error) = (response.status().as_u16(), "no events here".to_owned());
                return Err(ControlError::Refused { url: api.url(), what: what.into(), status, error, hint: None });
            }
            let mut events = Self { response, url: api.url(), buffer: Vec::new(), used: 0 };
            let hello = events.next().await?;
            let not = || ControlError::NotControl { url: api.url(), problem: "its events do not begin with a hello".into() };
            let hello = hello.filter(|event| matches!(event, ProxyEvent::Hello { .. })).ok_or_else(not)?;
            Ok((events, hello))
        };
        tokio::time::timeout(TIMEOUT, begin).await.map_err(late)?
    }

    /// The next event; `None` after the proxy has ended. May be cancelled at any time without losing one.
    ///
    /// # Errors
    /// Where the connection is cut, or a line cannot be read.
    pub async fn next(&mut self) -> Result<Option<ProxyEvent>, ControlError> {
        loop {
            let unread = &self.buffer[self.used..];
            if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let event = serde_json::from_slice(&unread[..end]);
                self.used += end + 1;
                let problem = |error| format!("an event cannot be read: {error}");
                return event.map(Some).map_err(|error| ControlError::NotControl { url: self.url.clone(), problem: problem(error).into() });
            }
            let unread = unread.len();
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| self.cut(&error))? {
                // Anyone who sends lines without end must not fill the memory.
                Some(_) if unread > LONGEST => {
                    let problem = "an event is longer than 1 MiB".to_owned();
                    return Err(ControlError::NotControl { url: self.url.clone(), problem: problem.into() });
                }
                Some(chunk) => {
                    self.buffer.drain(..self.used);
                    self.used = 0;
                    self.buffer.extend_from_slice(&chunk);
                }
                None => return Ok(None),
            }
        }
    }

    fn cut(&self, error: &reqwest::Error) -> ControlError {
        ControlError::Unknown { url: self.url.clone(), what: "stream its events".into(), problem: told(error).into() }
    }
}
