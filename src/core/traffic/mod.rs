//! Load that is a measuring instrument: a true open model, in which every request has a due time and none waits for another.
//!
//! The `schedule` is pure: due times from a workload and a seed. Moments are counted from when a request was *due*, so that whatever holds the
//! generator up is charged to nobody else (coordinated omission). A request that would go beyond the bound of requests in flight is not sent,
//! and an event says so. There are no retries: what users would see is what counts. The words for what went wrong are all in `word`.
//!
//! Requests run in one of two ways, and what is recorded of them is the same:
//!
//! * Over plain HTTP/1.1 by an `event_loop`: a thread that owns its sockets, paces, sends and reads by itself (`evented` has the threads).
//! * Everything else, which is TLS, HTTP/2, bytes over tcp, forward proxies and limited connections: the `pacer`, a thread of its own, wakes at
//!   each due time and hands the request to a `worker`, a thread that does nothing else. There it is a task: it asks (`client`) on a connection
//!   of the worker's `pool`, and reads the answer to its end.
//!
//! Both check answers by `answer_check`.
//!
//! What this room does not do: decide who served a request (the proxies' sight does), or judge.

mod answer_body;
mod answer_check;
mod answer_head;
mod budget;
mod client;
mod coding;
mod connector;
mod endpoint;
mod error;
mod event_loop;
mod evented;
mod first_lines;
mod http2_greeting;
mod http_connection;
mod http_exchange;
mod http_replica;
mod k6;
mod levels;
mod loop_inbox;
mod observed;
mod openings;
mod paced_schedule;
mod pacer;
mod plain_check;
mod plain_request;
mod poller;
mod pool;
mod port;
mod progress;
mod request_template;
mod request_waits;
mod run_context;
mod schedule;
mod target;
#[cfg(test)]
mod tests;
#[cfg(test)]
#[expect(clippy::duplicate_mod, reason = "the same tests, by another way of asking")]
#[path = "tests/mod.rs"]
mod tests_evented;
mod throttle;
mod wait_line;
mod word;
mod worker;

pub use budget::{Budget, Prices, Spent, WARMING};
pub use client::{BadAnswer, Client};
pub use endpoint::authorities;
pub use error::TrafficError;
pub use first_lines::FirstLines;
pub use k6::{K6Run, Script};
pub use levels::Levels;
pub use observed::Observed;
pub use pacer::{LoadProfile, Traffic};
pub use schedule::Schedule;
pub use target::{ClientSettings, Target};
pub use throttle::{PaceOrder, Throttle};
