//! The token that a request carries.

use crate::units::Secret;
use hyper::{HeaderMap, header};

/// What stands after `Authorization: Bearer`. The name of the scheme is taken in any case (RFC 9110, 11.1).
pub fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| Secret::from(token.trim()))
}
