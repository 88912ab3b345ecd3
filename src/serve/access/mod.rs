//! Who calls, what they may do, and what they did.
//!
//! ```text
//!  request ─► gate: our own name? a page of ours? whole? who? too often? from a form of ours?  ─► handler ─► audit, headers
//! ```
//!
//! ```text
//!  gate      the one layer around every route
//!  site      what the gate knows of the server: where it listens, how it is called, whether anybody must say who they are
//!  caller    who calls, for handlers
//!  known     a token or a cookie → who calls
//!  cookies   the session's cookie
//!  rates     how often, and how much at once
//!  headers   what every answer carries for browsers
//!  sign_in   people sign in and out
//!  oidc      … by a provider
//!  token     tokens are made
//!  audit     what was done is kept
//!  pages     `/tokens` and `/audit`
//! ```
//!
//! Without a token and without a provider the server answers loopback alone, and everybody there is `loopback`, who may do everything. With the
//! first token, or a provider in the inventory, everybody has to say who they are, also on loopback.

mod audit;
mod caller;
mod cookies;
mod gate;
mod headers;
mod known;
mod oidc;
mod pages;
mod rates;
mod sign_in;
mod site;
mod token;

#[allow(unused_imports, reason = "pages use it")]
pub(super) use caller::csrf_field;
pub use caller::{Caller, CallerVia};
pub(super) use gate::guard;
pub(super) use site::AccessState;
pub use site::{PublicUrl, SiteSettings};
pub use token::{MadeToken, TokenError, TokenName, make_token};

use super::App;
use axum::Router;

/// `/sign-in`, `/sign-out`, `/tokens`, `/audit`.
pub(super) fn routes() -> Router<App> {
    sign_in::routes().merge(oidc::routes()).merge(pages::routes())
}
