//! One request at a time by an event loop, with the connections of those before it.

use super::super::event_loop::EventLoop;
use super::super::paced_schedule::InFlight;
use super::super::progress::RequestResult;
use super::super::run_context::RunContext;
use super::super::{Budget, Spent};
use crate::dialect::ClientRequest;
use crate::history::Event;
use crate::journal::{Clock, Journal};
use crate::traffic::Client;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

thread_local! {
    /// The loops of this test, by their client and deadline.
    static LOOPS: RefCell<HashMap<(String, Duration), EventLoop>> = RefCell::default();
}

/// What becomes of a request; `None` where an event loop cannot ask it.
pub(super) async fn ask(client: &Client, request: &ClientRequest, within: Duration) -> Option<RequestResult> {
    // Its connector lives for as long as the loop does, so nothing else is ever there.
    let key = (format!("{:p}", Arc::as_ptr(client.connectors()[0])), within);
    let kept = LOOPS.with_borrow_mut(|loops| loops.remove(&key));
    let mut own = match kept {
        Some(own) => own,
        None => new_loop(client, request, within)?,
    };
    let (id, clock, drill) = (request.mark.id, Clock::start(), own.clock());
    // The server runs on this thread.
    let (own, answer) = tokio::task::spawn_blocking(move || {
        let due = drill.now();
        own.take(id, due, due);
        loop {
            own.turn(drill.now() + 1_000_000_000);
            let ended = own.records.drain(..).find(|event| matches!(event, Event::Request(_)));
            if let Some(Event::Request(done)) = ended {
                // The next request finds its connection, if that can be used again.
                while own.is_lingering() {
                    own.turn(drill.now() + 1_000_000);
                }
                break (own, done);
            }
        }
    })
    .await
    .unwrap();
    LOOPS.with_borrow_mut(|loops| loops.insert(key, own));
    assert!(answer.done <= clock.now() + 1_000_000 && answer.proof.is_none_or(|proof| proof <= answer.done));
    Some(RequestResult { proof: answer.proof, done: answer.done, outcome: answer.outcome, why: answer.why, spent: Spent::Nothing })
}

fn new_loop(client: &Client, request: &ClientRequest, within: Duration) -> Option<EventLoop> {
    let journal = Journal::start(std::io::sink(), Clock::start()).unwrap();
    let context = RunContext {
        recorder: journal.recorder(),
        deadline: within.into(),
        levels: Arc::default(),
        budget: Arc::new(Budget::new(None, None, Vec::new())),
        said: Arc::default(),
        abandon: Arc::default(),
    };
    EventLoop::new(client, request.clone(), &context, &Arc::new(InFlight::new(1000))).unwrap()
}
