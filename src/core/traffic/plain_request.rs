//! Plain requests as bytes over tcp: when they are service.

use super::connector::ServiceConnector;
use super::plain_check::{LONGEST, TextSearch};
use super::progress::{RequestProgress, RequestResult, within};
use super::word;
use crate::history::Outcome;
use crate::journal::Clock;
use crate::model::PlainRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Connects, sends what is to be sent, and reads until the expected bytes are there. The first of them is the proof; where nothing is
/// expected, the open connection is. It is closed after every request.
pub(super) async fn ask_over_tcp(
    connector: &ServiceConnector,
    plain: &PlainRequest,
    clock: Clock,
    progress: &RequestProgress,
) -> RequestResult {
    let limits = connector.settings.wire.timeouts;
    let mut stream = match within(limits.connect, Box::pin(connector.endpoint.open())).await {
        Some(Ok(stream)) => stream,
        Some(Err(why)) => return progress.failed(clock, Outcome::Error, why.into()),
        None => return progress.timed_out(clock.now()),
    };
    progress.is_sent();
    if let Some(bytes) = &plain.send
        && (stream.write_all(bytes.as_bytes()).await.is_err() || stream.flush().await.is_err())
    {
        return progress.cut(clock);
    }
    let Some(text) = &plain.contains else {
        progress.is_proven(clock);
        return progress.served(clock.now());
    };
    let mut search = TextSearch::new(text.as_bytes());
    let (mut read, mut piece) = (0, vec![0; 4096]);
    loop {
        let limit = if read == 0 { limits.first_byte } else { limits.idle };
        let count = match within(limit, stream.read(&mut piece)).await {
            None => return progress.timed_out(clock.now()),
            Some(Err(_)) => return progress.cut(clock),
            Some(Ok(0)) => {
                let why = if read == 0 { word::EMPTY } else { word::WRONG_CONTENT };
                return progress.failed(clock, Outcome::Error, why.into());
            }
            Some(Ok(count)) => count,
        };
        read += count;
        progress.has_head();
        let now = clock.now();
        search.feed(&piece[..count], now);
        if let Some(at) = search.found {
            progress.was_proven(at);
            return progress.served(now);
        }
        if read > LONGEST {
            return progress.failed(clock, Outcome::Error, word::TOO_LONG.into());
        }
    }
}
