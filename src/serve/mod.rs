//! `lifeboat serve`: the page, the HTTP API and the metrics, over one server.
//!
//! ```text
//!  app      what every answer is made from: the project, the store, the drills that run, who may call
//!  access/  who calls, and what they may do
//!  page/    what people read, as HTML
//!  api/     the same for programs, as JSON
//!  live/    a drill while it runs
//!  metrics/ what Prometheus scrapes
//!  problem  why a call is not answered
//!  traces   a trace of each drill
//!  webhooks/ what happens, told to whoever does not watch
//! ```
//!
//! What this room does not do: begin what is due (`scheduler`), or decide anything about drills.

mod access;
mod api;
mod app;
mod live;
mod metrics;
mod page;
mod problem;
mod server;
mod traces;
mod webhooks;

pub use crate::model::AccessRole;
pub use access::{Caller, CallerVia, MadeToken, PublicUrl, SiteSettings, TokenError, TokenName, make_token};
pub use api::openapi;
pub use app::App;
pub use server::{ServeError, ServeSettings, Server};
pub use webhooks::{OutgoingNotices, try_webhook};
