//! What happens, told to whoever does not watch: to programs by webhooks, to people by their contacts.
//!
//! ```text
//!  herald           enters what happens to the drills of this process into the store's outbox
//!  schedule_watch   enters what there is to tell of schedules
//!  killed_drills    what is to be told of those that a dead process ran
//!  sender           sends what the outbox holds
//!  recipients       whom a notice goes to
//!  webhook_post     one notice to a webhook        payload    what is posted
//!                                                  signature  by which it is known to be ours
//!  contact_message  one notice to a person
//!  retry            when it is tried again
//! ```
//!
//! What this part does not do: say that something is due or was missed (`scheduler`), or keep anything (`store`).
#![doc = include_str!("README.md")]

mod contact_message;
mod herald;
mod killed_drills;
mod outgoing;
mod payload;
mod recipients;
mod retry;
mod schedule_watch;
mod sender;
mod signature;
mod webhook_post;

pub use outgoing::{OutgoingNotices, try_webhook};
