//! Who does something now, as others are told.

use crate::host;

/// This user on this host, as others are told.
pub(super) fn me() -> String {
    host::host_name().map_or_else(host::user, |host| format!("{}@{host}", host::user()))
}

/// This moment, by this host's clock, for people.
pub(super) fn now() -> String {
    chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
