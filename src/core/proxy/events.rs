//! `GET /events`: the event feed as a body that never ends by itself.

use super::event_feed::{full, gap};
use super::registry::Registry;
use super::seat::waited;
use super::stop_signal::StopSignal;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use hyper::body::{Body as HttpBody, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};

/// Lines are sent together up to this many bytes, so that a burst costs few system calls.
const BATCH: usize = 64 << 10;

/// A body of all events from now on. A task feeds it, which ends with the reader or with the proxy, and then frees the
/// reader's place.
pub(super) fn body(registry: &Registry, stopped: StopSignal, place: OwnedSemaphorePermit) -> Body {
    let (hello, events) = registry.feed().subscribe();
    // Room for one batch: what a slow reader leaves waits in the broadcast's ring, where a loss is counted.
    let (batches, reader) = mpsc::channel(1);
    tokio::spawn(async move {
        feed(hello, events, batches, stopped).await;
        drop(place);
    });
    Body::new(Batches(reader))
}

async fn feed(hello: Bytes, mut events: broadcast::Receiver<Bytes>, batches: mpsc::Sender<Bytes>, mut stopped: StopSignal) {
    let mut waits = waited().subscribe();
    let mut batch = hello;
    loop {
        tokio::select! {
            // A closed channel is a stop as well: the proxy was dropped.
            _ = stopped.wait_for(Option::is_some) => return,
            sent = batches.send(batch) => if sent.is_err() { return },
        }
        let first = tokio::select! {
            _ = stopped.wait_for(Option::is_some) => return,
            () = batches.closed() => return,
            // Its sender is never dropped.
            _ = waits.changed() => full(*waits.borrow_and_update()),
            event = events.recv() => match event {
                Ok(line) => line,
                Err(RecvError::Lagged(missed)) => gap(missed),
                Err(RecvError::Closed) => return,
            },
        };
        let mut more = BytesMut::from(&first[..]);
        while more.len() < BATCH {
            match events.try_recv() {
                Ok(line) => more.extend_from_slice(&line),
                Err(TryRecvError::Lagged(missed)) => more.extend_from_slice(&gap(missed)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        batch = more.freeze();
    }
}

struct Batches(mpsc::Receiver<Bytes>);

impl HttpBody for Batches {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|batch| batch.map(|batch| Ok(Frame::data(batch))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ToxicChange, ToxicChangeRecord};
    use crate::journal::HostTime;
    use crate::proxy::server_context::ServerContext;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed() {
        const SENT: u64 = 70_000;
        let registry = Registry::new(ServerContext::of_lifeboat(), None);
        let (stop, stopped) = tokio::sync::watch::channel(None);
        let place = std::sync::Arc::new(tokio::sync::Semaphore::new(1)).try_acquire_owned().unwrap();
        let mut reader = body(&registry, stopped, place);
        let now = HostTime::now().into();
        for _ in 0..SENT {
            let change = ToxicChange::Applied;
            registry.feed().toxic(ToxicChangeRecord { proxy: "p", toxic: "t", change, lo: now, hi: now, touched: 0 });
        }
        let (mut read, mut missed) = (0, 0);
        while read + missed < SENT {
            let frame = tokio::time::timeout(std::time::Duration::from_secs(20), reader.frame()).await.unwrap();
            let bytes = frame.unwrap().unwrap().into_data().unwrap();
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let event: serde_json::Value = serde_json::from_slice(line).unwrap();
                read += u64::from(event["fault"].is_object());
                missed += event["gap"]["missed"].as_u64().unwrap_or(0);
            }
        }
        assert_eq!(read + missed, SENT);
        assert!(missed > 0, "nothing was missed, so nothing was shown");
        stop.send(Some(std::time::Duration::ZERO)).unwrap();
        assert!(reader.frame().await.is_none());
    }
}
