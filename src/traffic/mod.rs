//! Load that is a measuring instrument: a true open model, in which every request has a due time and none waits for another.
//!
//! The `schedule` is pure: due times from a workload and a seed. The `pacer`, a thread of its own, wakes at each of them and hands the
//! request to a `worker`, a thread that does nothing else, so that what else runs in this process holds no request up. There it is a task:
//! it asks (`client`) on a connection of the worker's `pool`, reads the answer to its end, and records one event with the moments counted
//! from when the request was *due*, so that whatever holds the generator up is charged to nobody else (coordinated omission). A request
//! that would go beyond the bound of requests in flight is not sent, and an event says so. There are no retries: what users would see is
//! what counts. The words for what went wrong are all in `word`.
//!
//! What this room does not do: decide who served a request (the proxies' sight does), or judge.

mod budget;
mod client;
mod coding;
mod connector;
mod endpoint;
mod error;
mod first_lines;
mod http2_greeting;
mod k6;
mod levels;
mod pacer;
mod plain_request;
mod pool;
mod port;
mod progress;
mod schedule;
mod target;
#[cfg(test)]
mod tests;
mod throttle;
mod word;
mod worker;

pub use budget::{Budget, Prices, Spent, WARMING};
pub use client::{BadAnswer, Client};
pub use endpoint::authorities;
pub use error::TrafficError;
pub use first_lines::FirstLines;
pub use k6::{K6Run, Script};
pub use levels::Levels;
pub use pacer::{LoadProfile, Observed, Traffic};
pub use schedule::Schedule;
pub use target::{ClientSettings, Target};
pub use throttle::{PaceOrder, Throttle};
