//! What a Lifeboat proxy reports of exchanges and faults, read from its `GET /events`.

use super::ControlError;
use super::api_client::{ApiClient, TIMEOUT, told};
use crate::journal::HostTime;
use crate::units::Fingerprint;
use reqwest::{Method, Response};
use serde::Deserialize;

/// One line of sight.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SightEvent {
    /// The first: from here on nothing is missed silently.
    Hello {
        /// The boot of the proxy's host; where it is ours, its moments are on our clock.
        boot_id: String,
        /// Its clock.
        now: HostTime,
    },
    /// An exchange with a provider ended.
    Exchange(Exchange),
    /// A connection of which only bytes were seen has ended.
    Connection(Connection),
    /// A toxic came or went.
    Fault(FaultChange),
    /// Connections waited at the proxy, because it may open no more files.
    Full {
        /// So many since it began.
        waited: u64,
    },
    /// We read too slowly.
    Gap {
        /// So many events are missing here.
        missed: u64,
    },
}

/// An exchange with a provider, seen by the proxy in front of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Exchange {
    /// The proxy's name.
    pub proxy: String,
    /// The drill in the request's mark; absent where no mark was found.
    #[serde(default)]
    pub drill: Option<u32>,
    /// The number in the request's mark.
    #[serde(default)]
    pub id: Option<u64>,
    /// When the head of the request reached the proxy.
    pub at: HostTime,
    /// Nanoseconds from `at` to the end.
    pub took: u64,
    /// HTTP status of the answer; 0 where none came.
    pub status: u16,
    /// The credential that the request carried.
    #[serde(default)]
    pub key: Option<Fingerprint>,
    /// True where it ended before every byte of the answer went out to the gateway.
    pub cut: bool,
    /// True where a fault touched it.
    pub touched: bool,
    /// True where the answer was a stream of events.
    pub stream: bool,
    /// True where it was a POST, as every request to a model is; so of older proxies, which do not say.
    #[serde(default = "yes")]
    pub posts: bool,
    /// Method and path, as `GET /v1/models`, where no mark was found.
    #[serde(default)]
    pub request: Option<String>,
}

const fn yes() -> bool {
    true
}

/// A connection of which only bytes were seen, by the proxy that carried it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Connection {
    /// The proxy's name.
    pub proxy: String,
    /// When it was accepted.
    pub at: HostTime,
    /// Nanoseconds from `at` to the end.
    pub took: u64,
    /// Bytes that reached the provider.
    pub up: u64,
    /// Bytes that reached the gateway.
    pub down: u64,
    /// True where it did not end by itself.
    pub cut: bool,
    /// True where a fault touched it.
    pub touched: bool,
}

/// A toxic came or went.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FaultChange {
    /// The proxy's name.
    pub proxy: String,
    /// The toxic's name.
    pub toxic: String,
    /// `applied`, `removed` or `expired`.
    pub change: String,
    /// Before it was published.
    pub lo: HostTime,
    /// After every open connection obeyed it.
    pub hi: HostTime,
    /// Requests touched so far.
    pub touched: u64,
}

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
    pub(super) async fn subscribe(api: &ApiClient) -> Result<(Self, SightEvent), ControlError> {
        let what = "stream its events";
        let late = |_| ControlError::Unknown { url: api.url(), what: what.into(), problem: "no first line within 5 s".into() };
        let begin = async {
            let response = api.send(api.request(Method::GET, &["events"]), what).await?;
            if !response.status().is_success() {
                let (status, error) = (response.status().as_u16(), "no events here".to_owned());
                return Err(ControlError::Refused { url: api.url(), what: what.into(), status, error });
            }
            let mut events = Self { response, url: api.url(), buffer: Vec::new(), used: 0 };
            let hello = events.next().await?;
            let not = || ControlError::NotControl { url: api.url(), problem: "its events do not begin with a hello".into() };
            let hello = hello.filter(|event| matches!(event, SightEvent::Hello { .. })).ok_or_else(not)?;
            Ok((events, hello))
        };
        tokio::time::timeout(TIMEOUT, begin).await.map_err(late)?
    }

    /// The next event; `None` after the proxy has ended. May be cancelled at any time without losing one.
    ///
    /// # Errors
    /// Where the connection is cut, or a line cannot be read.
    pub async fn next(&mut self) -> Result<Option<SightEvent>, ControlError> {
        loop {
            let unread = &self.buffer[self.used..];
            if let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let event = serde_json::from_slice(&unread[..end]);
                self.used += end + 1;
                let problem = |error| format!("an event cannot be read: {error}");
                return event.map(Some).map_err(|error| ControlError::NotControl { url: self.url.clone(), problem: problem(error) });
            }
            let unread = unread.len();
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| self.cut(&error))? {
                // Whoever sends lines without end must not fill the memory.
                Some(_) if unread > LONGEST => {
                    let problem = "an event is longer than 1 MiB".to_owned();
                    return Err(ControlError::NotControl { url: self.url.clone(), problem });
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
        ControlError::Unknown { url: self.url.clone(), what: "stream its events".into(), problem: told(error) }
    }
}
