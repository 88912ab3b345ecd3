//! Negative controls: a scenario run again on copies of the system that are broken on purpose. Each must go red, for its own reason.
//!
//! What this room does not do: break a system that users are on.
